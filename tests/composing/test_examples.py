"""The candidate examples of a course: what is in, what stays out, in which proportions."""

import json
from collections import Counter

import pytest

from ta_pipeline.composing.examples import compose_examples
from ta_pipeline.composing.off_topic import OFF_TOPIC
from ta_pipeline.composing.preferences import compose_preferences
from ta_pipeline.composing.refusals import TOPIC_WORDINGS, VARIED, WORDINGS
from ta_pipeline.composing.rows import context_of, question_of
from ta_pipeline.evaluation.refusals import is_refusal
from ta_pipeline.rag.prompt import INSTRUCTIONS
from ta_pipeline.records import InputError


@pytest.fixture
def examples(course, chunks, compose):
    return compose_examples(course, chunks, compose, 7)


def prompt(row):
    return row["messages"][-2]["content"]


def test_the_same_seed_gives_the_same_rows_and_another_seed_other_ones(course, chunks, compose, examples):
    assert compose_examples(course, chunks, compose, 7) == examples
    assert compose_examples(course, chunks, compose, 8) != examples


def test_no_row_shows_or_teaches_a_held_out_lecture(examples):
    told = " ".join(turn["content"] for row in examples for turn in row["messages"])
    assert "Lecture 4" not in told and "Snowshoes" not in told and "area of the surface" not in told


def test_grounded_rows_show_the_passage_they_cite(examples):
    for row in (row for row in examples if row["rule"] in ("faq", "question_log") and row["task"] == "rag"):
        answer = row["messages"][-1]["content"]
        assert answer.startswith("[")
        cited = answer[1 : answer.index("]")]
        headers = [line for line in context_of(prompt(row)).splitlines() if line.startswith("[Lecture")]
        title, _, time = cited.partition(" 0")
        assert any(line.startswith(f"[{title}") and (not time or f" 0{time}-" in line) for line in headers)
        assert row["messages"][0] == {"role": "system", "content": INSTRUCTIONS["en"]}
        assert row["chunk_ids"]


def test_refusals_are_the_asked_share_and_three_tenths_of_them_of_the_subject(examples):
    rules = Counter(row["rule"] for row in examples if row["task"] == "refusal")
    others = sum(row["task"] in ("rag", "style") for row in examples)
    assert sum(rules.values()) == round(0.5 * others)
    assert abs(rules["refusal:other_lecture"] - 0.3 * rules.total()) <= 1


def test_a_refused_question_is_not_answered_by_its_passages(examples):
    cited = {
        question_of(prompt(row)): row["messages"][-1]["content"].partition("]")[0].lstrip("[").split(" 0")[0]
        for row in examples
        if row["rule"] in ("faq", "template:answer")
    }
    refused = [row for row in examples if row["rule"] == "refusal:other_lecture"]
    known = [row for row in refused if question_of(prompt(row)) in cited]
    assert known
    for row in known:
        assert f"[{cited[question_of(prompt(row))]}" not in context_of(prompt(row))


def test_a_refused_question_is_asked_over_the_passages_of_an_answered_one(examples):
    answered = {context_of(prompt(row)) for row in examples if row["task"] in ("rag", "style")}
    refused = [row for row in examples if row["rule"] == "refusal:off_topic"]
    assert refused
    assert [row for row in refused if context_of(prompt(row)) not in answered] == []


def test_public_rows_are_replayed_plain(examples):
    (row,) = [row for row in examples if row["rule"] == "replay"]
    assert (row["task"], row["origin"], len(row["messages"])) == ("qa", "public:alpaca", 2)


def test_tools_and_placeholders_of_public_rows(course, chunks, compose, build):
    tool = build["dialogue"](
        "tools.json#1",
        "Weather?",
        "Sunny.",
        origin="public:tools",
        meta=json.dumps({"tools": [{"name": "w"}]}),
    )
    persona = build["dialogue"]("id.json#1", "Who are you?", "I am {{name}}.", origin="public:id")
    wide = compose.model_copy(update={"replay_share": 0.5})
    rows = [r for r in compose_examples([*course, tool, persona], chunks, wide, 7) if r["rule"] == "replay"]
    assert {row["task"]: row["tools"] for row in rows} == {"qa": None, "tool": '[{"name": "w"}]'}
    assert "{{name}}" not in str(rows)


def test_a_course_with_nothing_but_its_held_out_lecture_is_refused(course, chunks, compose):
    only = [document for document in course if document["lecture"] == "04-fluids"]
    with pytest.raises(InputError, match="04-fluids"):
        compose_examples(only, chunks, compose, 7)


def test_a_course_without_dialogues_still_refuses_questions_of_its_subject(course, chunks, compose):
    texts = [document for document in course if document["kind"] != "dialogue"]
    rules = Counter(row["rule"] for row in compose_examples(texts, chunks, compose, 7))
    assert rules["refusal:other_lecture"] > 0 and rules["template:answer"] > 0


@pytest.mark.parametrize("language", ["zh", "en"])
def test_many_questions_are_refused_in_few_words_that_begin_alike(language):
    assert len(OFF_TOPIC[language]) == len(dict(OFF_TOPIC[language])) > 130
    wordings = [*WORDINGS[language], *(w.format(topic="X") for w in TOPIC_WORDINGS[language])]
    assert len(set(wordings)) == 3
    assert len({wording[:4] for wording in wordings}) == 1  # one way to begin
    assert [wording for wording in wordings if not is_refusal(wording)] == []


@pytest.mark.parametrize("language", ["zh", "en"])
def test_pairs_choose_refusals_that_begin_in_many_ways(language):
    assert len({wording[:6] for wording in VARIED[language]}) == 6
    assert [wording for wording in VARIED[language] if not is_refusal(wording)] == []


def test_pairs_share_a_prompt_of_the_examples_and_pull_both_ways(course, compose, examples):
    pairs = compose_preferences(examples, course, compose, 7)
    prompts = [row["messages"][:-1] for row in examples]
    assert all(pair["prompt"] in prompts and pair["chosen"] != pair["rejected"] for pair in pairs)
    assert len(pairs) == 12
    for pair in pairs:
        assert is_refusal(pair["chosen"]) == (pair["rule"] == "refusal_over_invention")
        assert is_refusal(pair["rejected"]) == (pair["rule"] == "answer_over_refusal")
        if pair["rule"] == "refusal_over_invention":
            own = [
                row["messages"][-1]["content"] for row in examples if row["messages"][:-1] == pair["prompt"]
            ]
            assert pair["rejected"].startswith("[") and pair["chosen"] in (*own, *VARIED[pair["language"]])


def asked_over(lecture, number, answer):
    passages = f"[{lecture}]\nThe {lecture} tells of a wheel that turns. It turns slowly at the start."
    turns = [
        ("system", "Answer."),
        ("user", f"{passages}\n\nQuestion: What is {number}?"),
        ("assistant", answer),
    ]
    refused = not answer.startswith("[")
    return {
        "id": f"{lecture}-{number}", "task": "refusal" if refused else "rag", "rule": "dialogue", "language": "en",
        "origin": "course", "document_id": lecture,
        "messages": [{"role": role, "content": content} for role, content in turns],
    }  # fmt: skip


def test_four_pairs_stand_over_one_context_one_of_them_for_refusing_and_one_against(compose):
    rows = [
        asked_over(lecture, n, f"[{lecture}] The wheel number {n} turns." if n < 3 else WORDINGS["en"][0])
        for lecture in ("Lecture 1", "Lecture 2", "Lecture 3")
        for n in range(5)
    ]
    pairs = compose_preferences(rows, [], compose.model_copy(update={"preferences": 8}), 7)
    drawn = Counter((context_of(pair["prompt"][1]["content"]), pair["rule"]) for pair in pairs)
    assert len({context for context, _ in drawn}) == 2
    assert sorted(drawn.values()) == [1, 1, 1, 1, 2, 2]
    assert {rule for (_, rule), count in drawn.items() if count == 2} == {"grounded_over_ungrounded"}


def test_public_pairs_are_a_fifth_at_most(course, compose, examples, build):
    public = [
        build["dialogue"](
            f"dpo.json#{n}", f"Question {n}?", "Good.", origin="public:dpo", meta='{"rejected": "Bad."}'
        )
        for n in range(9)
    ]
    pairs = compose_preferences(examples, [*course, *public], compose, 7)
    assert Counter(pair["origin"] for pair in pairs) == {"course": 10, "public:dpo": 2}


def test_a_reading_set_is_asked_over_its_passage_and_images_are_left_out(course, chunks, compose, build):
    reading = build["dialogue"](
        "squad.json#1", "What melts?", "Iron.", origin="public:squad",
        meta=json.dumps({"passage": "Iron melts at 1538 °C.", "passage_title": "Iron"}),
    )  # fmt: skip
    picture = build["dialogue"](
        "llava.json#1", "What is shown?", "A cat.", origin="public:llava", meta='{"image": "cat.jpg"}'
    )
    wide = compose.model_copy(update={"replay_share": 0.5})
    rows = compose_examples([*course, reading, picture], chunks, wide, 7)
    (row,) = [row for row in rows if row["origin"] == "public:squad"]
    assert row["task"] == "rag"
    assert prompt(row) == "[Iron]\nIron melts at 1538 °C.\n\nQuestion: What melts?"
    assert row["messages"][-1]["content"] == "[Iron] Iron."
    assert [row for row in rows if row["origin"] == "public:llava"] == []
