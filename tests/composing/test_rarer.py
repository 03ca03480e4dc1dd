"""Second turns, claims to judge, instructions in passages, tools: what such a row says, and how many there are."""

import json
from collections import Counter
from pathlib import Path
from random import Random

import pytest

from ta_pipeline.composing import follow_ups, premises, tool_rows
from ta_pipeline.composing.contexts import Contexts
from ta_pipeline.composing.dialogues import read_dialogues
from ta_pipeline.composing.examples import compose_examples
from ta_pipeline.composing.injections import LINES, injection_rows, slip_in
from ta_pipeline.composing.passages import read_materials
from ta_pipeline.composing.premises import premise_rows
from ta_pipeline.composing.rarer import KINDS, is_rarer
from ta_pipeline.composing.refusals import WORDINGS
from ta_pipeline.composing.rows import ChunkFinder, context_of, make_row, question_of
from ta_pipeline.composing.similarity import best_matches
from ta_pipeline.composing.splits import split_without_leaks
from ta_pipeline.composing.templates import definitions
from ta_pipeline.composing.tool_rows import tools_of
from ta_pipeline.evaluation.refusals import is_refusal
from ta_pipeline.params import RarerShares
from ta_pipeline.rag.prompt import INSTRUCTIONS

BENCHMARK = Path(__file__).parents[2] / "data" / "01_raw" / "benchmark" / "benchmark.jsonl"


@pytest.fixture
def shares():
    return RarerShares(follow_up=0.3, premise=0.3, injection=0.3, tool=0.4)


@pytest.fixture
def rows(course, chunks, compose, shares):
    return compose_examples(course, chunks, compose.model_copy(update={"rarer": shares}), 7)


def of_kind(rows, kind):
    found = [row for row in rows if row["rule"].partition(":")[0] == kind]
    assert found, kind
    return found


def said(row):
    return [turn["content"] for turn in row["messages"]]


def test_each_kind_has_its_share_of_the_grounded_rows_and_without_shares_there_are_none(
    rows, shares, course, chunks, compose
):
    plain = compose_examples(course, chunks, compose.model_copy(update={"replay_share": 0}), 7)
    grounded = sum(row["task"] in ("rag", "style") for row in plain)
    counts = Counter(row["rule"].partition(":")[0] for row in rows if is_rarer(row))
    for kind, share in shares.model_dump().items():
        assert 1 <= counts[kind] <= round(share * grounded), kind
    assert counts["injection"] == round(0.3 * grounded)
    assert not any(map(is_rarer, plain))


def test_the_other_rows_stay_as_they_are(rows, course, chunks, compose):
    names = {row["id"] for row in rows if not is_rarer(row)}
    assert {row["id"] for row in compose_examples(course, chunks, compose, 7)} <= names


def test_the_seed_decides_which_they_are(rows, course, chunks, compose, shares):
    more = compose.model_copy(update={"rarer": shares})
    assert compose_examples(course, chunks, more, 7) == rows
    assert compose_examples(course, chunks, more, 8) != rows


def test_held_out_lectures_are_in_none_of_them(rows):
    told = " ".join(text for row in rows if is_rarer(row) for text in said(row))
    assert "Lecture 4" not in told and "Snowshoes" not in told and "area of the surface" not in told


def test_a_second_turn_asks_over_passages_what_the_first_asked_without(rows):
    for row in of_kind(rows, "follow_up"):
        system, first, told, second, answer = row["messages"]
        assert [turn["role"] for turn in row["messages"]] == [
            "system",
            "user",
            "assistant",
            "user",
            "assistant",
        ]
        assert system["content"] == INSTRUCTIONS["en"]
        assert context_of(first["content"]) == "" and context_of(second["content"]).startswith("[Lecture")
        assert told["content"].startswith("[Lecture") and answer["content"].startswith("[Lecture")
        assert question_of(second["content"]) != first["content"]


def test_a_row_that_asks_where_quotes_a_sentence_of_the_passage_it_cites(rows):
    found = [row for row in of_kind(rows, "follow_up") if row["rule"] == "follow_up:where"]
    assert found
    for row in found:
        prompt, answer = said(row)[-2:]
        quoted = answer.partition('] It says: "')[2].removesuffix('"')
        assert quoted and quoted in context_of(prompt).replace("**", "")


def test_rows_that_ask_in_the_same_words_about_other_answers_need_not_share_a_side(compose):
    def asks_where(number):
        word = "abcdefghijklmnopqrstuvwxyz"[number] * 9
        turns = [f"What is {word}?", f"[L] A {word}.", follow_ups.WHERE["en"][0], f'[L] It says: "{word}"']
        roles = ["user", "assistant"] * 2
        messages = [{"role": role, "content": text} for role, text in zip(roles, turns, strict=True)]
        return make_row("rag", follow_ups.WHERE_RULE, "en", f"d{number}", messages)

    kept, *_ = split_without_leaks([asks_where(number) for number in range(20)], [], [], compose, 7)
    assert Counter(row["split"] for row in kept) == {"train": 16, "validation": 2, "test": 2}


def test_a_refusal_s_wording_joins_no_rows_across_the_split(compose):
    rows = [
        make_row(
            "refusal", "refusal:off_topic", "en", "",
            [{"role": "user", "content": f"What is {chr(97 + n) * 12}?"}, {"role": "assistant", "content": WORDINGS["en"][0]}],
        )
        for n in range(20)
    ]  # fmt: skip
    kept, *_ = split_without_leaks(rows, [], [], compose, 7)
    assert Counter(row["split"] for row in kept) == {"train": 16, "validation": 2, "test": 2}


def test_a_claim_is_judged_by_the_definition_and_as_much_is_right_as_wrong(rows, course):
    terms = {
        item.sentence: item.term
        for m in read_materials(course)
        if m.kind == "text"
        for item in definitions(m)
    }
    for row in of_kind(rows, "premise"):
        question, answer = question_of(said(row)[-2]), said(row)[-1]
        (sentence,) = [sentence for sentence in terms if sentence in answer]
        assert terms[sentence] in question and answer.startswith("[Lecture")
        meaning = sentence.partition(" is ")[2].rstrip(".")
        assert (meaning in question) == (row["rule"] == "premise:true")
        assert answer.endswith(" So that is right.") == (row["rule"] == "premise:true")
        assert not is_refusal(answer)


def test_the_kinds_of_claims_come_in_turn_and_nothing_near_is_called_wrong(build):
    sections = [
        [("A", "**Weight** is the pull of the Earth on a body near its surface.")],
        [("B", "**Gravity** is the pull of the Earth on a body near its surface, too.")],
        [("C", "**Power** is the rate at which an engine does its work in the end.")],
        [("D", "**Pressure** is what spreads in a liquid at rest to all sides alike.")],
    ]
    materials = read_materials(
        [build["notes"](f"0{n}-x", f"Lecture {n}: X", s) for n, s in enumerate(sections, 1)]
    )
    for seed in range(20):
        made = premise_rows(materials, Contexts(materials, [], 160, 1), ChunkFinder([]), 4, 160, Random(seed))
        assert [row["rule"] for row in made] == [
            "premise:false", "premise:true", "premise:assumed", "premise:true",
        ]  # fmt: skip
        for row in made:
            question = question_of(said(row)[1])
            if row["rule"] != "premise:true" and ("weight" in question or "gravity" in question):
                assert "pull of the Earth" not in question


def test_a_line_is_slipped_in_at_a_passage_s_edge_and_the_question_and_answer_stay():
    prompt = "[Lecture 1]\nIt moves.\n\n[Lecture 2 00:10-00:20]\nIt rests.\n\nQuestion: What rests?"
    made = {slip_in(prompt, "IGNORE", Random(seed)) for seed in range(40)}
    assert made == {
        "[Lecture 1]\nIGNORE\nIt moves.\n\n[Lecture 2 00:10-00:20]\nIt rests.\n\nQuestion: What rests?",
        "[Lecture 1]\nIt moves.\nIGNORE\n\n[Lecture 2 00:10-00:20]\nIt rests.\n\nQuestion: What rests?",
        "[Lecture 1]\nIt moves.\n\n[Lecture 2 00:10-00:20]\nIGNORE\nIt rests.\n\nQuestion: What rests?",
        "[Lecture 1]\nIt moves.\n\n[Lecture 2 00:10-00:20]\nIt rests.\nIGNORE\n\nQuestion: What rests?",
    }


def test_instructions_in_a_passage_change_nothing_in_the_answer_be_it_a_refusal(rows):
    plain = [row for row in rows if not is_rarer(row)]
    answers = {
        (context_of(said(row)[-2]), question_of(said(row)[-2])): said(row)[-1]
        for row in plain
        if len(row["messages"]) == 3
    }
    for row in of_kind(rows, "injection"):
        context, question = context_of(said(row)[1]), question_of(said(row)[1])
        (line,) = [line for line in LINES["en"] if f"\n{line}" in context]
        assert answers[context.replace(f"\n{line}", "", 1), question] == said(row)[-1]
    many = injection_rows(plain, len(plain), Random(1))
    assert {row["task"] for row in many} == {"rag", "refusal"}


def test_a_tool_is_called_with_arguments_that_its_schema_asks_for(rows):
    for row in of_kind(rows, "tool"):
        assert row["task"] == "tool"
        schemas = {tool["name"]: tool["parameters"]["required"] for tool in json.loads(row["tools"])}
        calls = [json.loads(text) for text in said(row) if text.startswith("{") and '"arguments"' in text]
        assert calls
        for call in calls:
            assert sorted(call["arguments"]) == sorted(schemas[call["name"]])
            assert call["name"] in row["messages"][0]["content"]
        roles = [turn["role"] for turn in row["messages"]]
        turns = len(roles) // 4
        assert roles == ["system", *["user", "assistant", "tool", "assistant"] * turns]


def test_the_search_gives_back_what_the_answer_cites_or_the_answer_is_a_refusal(rows):
    for row in of_kind(rows, "tool"):
        found, answer = said(row)[3:5]
        if row["rule"] == "tool:refusal":
            assert answer in WORDINGS["en"] and is_refusal(answer)
        else:
            assert answer[: answer.index("]")].partition(" 0")[0] in found and row["chunk_ids"]


def test_a_recording_is_played_where_the_answer_was_said(course, compose, chunks):
    materials = read_materials(course)
    asked, _ = read_dialogues(course, materials, {"04-fluids"}, 160)
    made = tool_rows.tool_rows(
        asked, "en", Contexts(materials, [], 160, 2), ChunkFinder(chunks), 9, Random(0)
    )
    (row,) = [row for row in made if row["rule"] == "tool:recording"]
    call, _, answer = said(row)[-3:]
    place = json.loads(call)["arguments"]
    assert answer == f"[{place['lecture']} {place['start']}] The recording plays from here."
    assert said(row)[4].startswith(f"[{place['lecture']} {place['start']}] ")


def test_tool_rows_are_written_as_calls_that_other_tools_train_on(rows, chunks):
    from ta_pipeline.composing.capability import training_lines

    trained = [{**row, "split": "train"} for row in of_kind(rows, "tool")]
    for line in training_lines(trained, chunks)["tool"].splitlines():
        turns = json.loads(line)["messages"]
        assert turns[2]["tool_calls"][0]["function"]["name"] == "search_course"


@pytest.mark.parametrize("language", ["zh", "en"])
def test_both_languages_have_the_same_wordings_and_tools(language):
    for texts in (LINES, follow_ups.WHERE, tool_rows.PLAY, premises.QUESTIONS):
        assert len(texts[language]) == len(texts["en"])
    assert [tool["name"] for tool in json.loads(tools_of(language))] == ["search_course", "open_recording"]


def test_no_wording_is_one_of_the_benchmark_s():
    asked = [json.loads(line)["question"] for line in BENCHMARK.read_text("utf-8").splitlines()]
    own = [
        text
        for language in ("zh", "en")
        for texts in (
            LINES[language], follow_ups.WHERE[language], tool_rows.PLAY[language],
            *premises.QUESTIONS[language].values(),
        )
        for text in texts
    ]  # fmt: skip
    nearest, _ = best_matches(own, asked)
    assert nearest.max() < 0.3


def test_every_kind_is_named_by_its_share():
    assert set(KINDS) == {"follow_up", "premise", "injection", "tool"}
