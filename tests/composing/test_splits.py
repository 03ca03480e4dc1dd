"""No leak from the exam, no near copy on two sides."""

from collections import Counter
from hashlib import sha256

import pytest

from ta_pipeline.composing.report import summarise
from ta_pipeline.composing.rows import make_row, question_of
from ta_pipeline.composing.splits import asked, learned, split_without_leaks
from ta_pipeline.records import InputError


def example(question, answer, document="d", task="rag", passage=""):
    content = f"{passage}\n\nQuestion: {question}" if passage else question
    turns = [{"role": "user", "content": content}, {"role": "assistant", "content": answer}]
    return make_row(task, "faq", "en", document, turns)


def preference(question, chosen, rejected="No."):
    return {
        "id": f"p-{question}-{rejected}", "split": "", "language": "en", "origin": "course", "rule": "r",
        "prompt": [{"role": "user", "content": question}], "chosen": chosen, "rejected": rejected,
        "chunk_ids": [],
    }  # fmt: skip


def question(text, reference="Nothing like it.", name="q1"):
    return {"id": name, "question": text, "reference": reference, "kind": "fact", "held_out": True}


def test_the_question_is_what_stands_below_the_passages():
    assert question_of("[A]\nText\n\n问题：什么是力？") == "什么是力？"
    assert question_of("[A]\nWhy?\n\nQuestion: What is a force?") == "What is a force?"


def test_a_row_that_asks_an_exam_question_is_dropped_with_its_preference(compose):
    rows = [
        example("What is the speed of sound in air?", "About 340 m/s.", passage="[Lecture 1]\nSome text"),
        example("What is friction?", "A force.", document="e"),
    ]
    pairs = [preference("What is the speed of sound in the air?", "About 340 m/s.")]
    kept, kept_pairs, dropped = split_without_leaks(
        rows, pairs, [question("what is the speed of sound in air")], compose, 7
    )
    assert [asked(row) for row in kept] == [["What is friction?"]]
    assert kept_pairs == []
    assert Counter(row["reason"] for row in dropped) == {"benchmark_question": 2}
    assert all(row["detail"].endswith(" to q1") and row["stage"] == "compose" for row in dropped)


def test_the_lecture_text_an_exam_question_rests_on_may_be_shown(compose):
    row = example("What is friction?", "A force.", passage="[Lecture 1]\nWhat is the speed of sound in air?")
    kept, _, dropped = split_without_leaks(
        [row], [], [question("What is the speed of sound in air?")], compose, 7
    )
    assert len(kept) == 1 and dropped == []


def test_a_learned_answer_near_a_reference_is_dropped_with_or_without_its_citation(compose):
    told = "Sound travels at about 340 metres per second in air."
    rows = [
        example("How fast is it?", f"{told} [Lecture 1 00:10]"),
        example("And light?", "Faster.", document="e"),
    ]
    _, _, dropped = split_without_leaks(
        rows, [], [question("Unlike any.", f"{told} [Lecture 9]", "q7")], compose, 7
    )
    assert [(row["reason"], row["detail"]) for row in dropped] == [("benchmark_reference", "1.00 to q7")]


def test_earlier_turns_are_questions_and_answers_too():
    turns = [
        ("user", "One?"),
        ("assistant", "First. [Lecture 1]"),
        ("user", "Two?"),
        ("assistant", "Second."),
    ]
    row = make_row("qa", "log", "en", "d", [{"role": role, "content": text} for role, text in turns])
    assert asked(row) == ["One?", "Two?"]
    assert learned(row) == ["First. [Lecture 1]", "First.", "Second.", "Second."]


def test_near_copies_and_rows_of_one_document_share_a_side(compose):
    rows = [
        example(f"Completely separate question {n:03d}{n * 7919}?", "Yes.", document=f"d{n}")
        for n in range(60)
    ]
    rows += [example("How heavy is the red ball on the left?", "Two kilos.", document="d900")]
    rows += [example("How heavy is the red ball on the left side?", "Two kilos!", document="d901")]
    rows += [example("Whatever else is asked there?", "Three.", document="d901")]
    pairs = [preference("How heavy is the red ball on the left?", "Two kilos.")]
    for seed in range(12):
        kept, kept_pairs, _ = split_without_leaks(rows, pairs, [], compose, seed)
        sides = {row["split"] for row in kept if row["document_id"] in ("d900", "d901")}
        assert sides == {kept_pairs[0]["split"]}


def test_shares_are_met_and_the_split_is_the_seed_s(compose):
    rows = [
        example(f"Topic {n * 7919} {'abcdefghij'[n % 10] * 9}?", "Yes.", document=f"d{n}") for n in range(100)
    ]
    kept, _, _ = split_without_leaks(rows, [], [], compose, 7)
    counts = Counter(row["split"] for row in kept)
    assert counts["validation"] == counts["test"] == 10
    assert kept == split_without_leaks(rows, [], [], compose, 7)[0]
    assert kept != split_without_leaks(rows, [], [], compose, 8)[0]


def test_the_same_demand_over_other_passages_is_no_copy(compose):
    demand = "Write 2 questions for students on this passage, one a line."
    answers = [f"- What is {sha256(bytes([n])).hexdigest()}?" for n in range(10)]
    rows = [example(demand, answer, answer, task="style", passage=answer) for answer in answers]
    kept, _, _ = split_without_leaks(rows, [], [], compose, 7)
    assert {row["split"] for row in kept} == {"train", "validation", "test"}


def test_a_demand_that_is_an_exam_question_together_with_its_answer_is_dropped(compose):
    row = example("Write one question.", "- What is the speed of sound in air?", task="style")
    _, _, dropped = split_without_leaks(
        [row, example("What is friction?", "A force.", document="e")],
        [],
        [question("Write one question. What is the speed of sound in air?")],
        compose,
        7,
    )
    assert [item["id"] for item in dropped] == [row["id"]]


def test_a_lost_row_stops_the_run(compose):
    row = {**example("What is friction?", "A force."), "split": "train"}
    figures = {
        "documents": 1, "chunks": [{"tokens": 30}, {"tokens": 50}], "examples": [row], "preferences": [],
        "dropped": [], "questions": [question("x")],
    }  # fmt: skip
    report = summarise(candidates=1, **figures)
    assert report["examples"]["train"] == {"rag": 1}
    assert report["chunks"] == {"count": 2, "tokens_mean": 40.0, "tokens_min": 30, "tokens_max": 50}
    assert report["questions"] == {"fact": 1, "held_out": 1}
    with pytest.raises(InputError, match="2 candidates but 1 kept and 0 dropped"):
        summarise(candidates=2, **figures)
