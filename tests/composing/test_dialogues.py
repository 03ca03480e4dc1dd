"""What people asked, tied to the passage that answers it."""

import pytest

from ta_pipeline.composing.dialogues import homework_rows, read_dialogues, seconds_of
from ta_pipeline.composing.passages import read_materials


@pytest.mark.parametrize(
    ("value", "seconds"),
    [("05:12", 312.0), ("01:02:03", 3723.0), ("00:00:12,500", 12.5), ("05:12-05:40", 312.0), (90, 90.0),
     ("90.5", 90.5), ("", None), ("soon", None), (None, None)],
)  # fmt: skip
def test_times_are_read_as_people_write_them(value, seconds):
    assert seconds_of(value) == seconds


@pytest.fixture
def read(course):
    grounded, plain = read_dialogues(course, read_materials(course), {"04-fluids"}, 160)
    return {item.document_id: item for item in grounded}, {row["document_id"]: row for row in plain}


def test_a_faq_row_is_tied_to_the_passage_of_its_lecture(read):
    item = read[0]["id-faq.csv#1"]
    assert item.gold.material.source == "01-motion.md"
    assert "straight arrow" in item.gold.text
    assert item.rule == "faq"


def test_a_time_leads_to_the_recording(read):
    assert read[0]["id-faq.csv#2"].gold.cited == "[Lecture 1 01:20]"


def test_the_last_exchange_of_a_log_is_asked_and_the_rest_is_history(read):
    item = read[0]["id-log.jsonl#1"]
    assert (item.question, item.rule) == ("and its unit?", "question_log")
    assert [turn["content"] for turn in item.history] == [
        "what is power",
        "Power is the rate at which work is done.",
    ]
    assert "measured in watts" in item.gold.text


def test_held_out_lectures_give_no_row(read):
    assert not [name for rows in read for name in rows if name == "id-faq.csv#4"]


def test_an_answer_that_no_passage_holds_stays_plain(read):
    row = read[1]["id-log.jsonl#2"]
    assert (row["task"], row["chunk_ids"]) == ("qa", [])
    assert [turn["role"] for turn in row["messages"]] == ["user", "assistant"]


def test_without_meta_the_whole_course_is_searched(course, build):
    answer = "Friction is the force between two surfaces that opposes their sliding."
    lost = build["dialogue"]("faq.csv#9", "What is friction?", answer)
    answer = "A steel ship floats because its hull pushes aside enough water."
    hidden = build["dialogue"]("faq.csv#10", "Why do ships float?", answer)
    grounded, plain = read_dialogues([lost, hidden], read_materials(course), {"04-fluids"}, 160)
    assert [item.gold.material.source for item in grounded] == ["02-forces.md"]
    assert plain == []


def test_a_question_that_brings_its_own_passage_is_asked_without_it(course, build):
    asked = "Answer from the text\nIce has little of it.\n\nQuestion: Why do skates glide?"
    answer = "Ice has little friction, and that is why skates glide so far."
    row = build["dialogue"]("extra.jsonl#1", asked, answer, meta='{"source": "02-forces.md"}')
    grounded, _ = read_dialogues([row], read_materials(course), set(), 160)
    assert [item.question for item in grounded] == ["Why do skates glide?"]


def test_a_chat_that_does_not_alternate_is_left_out(course, build):
    row = build["document"](
        "x.jsonl", [build["segment"]("Hello", speaker="assistant")], kind="dialogue", title=""
    )
    assert read_dialogues([row], read_materials(course), set(), 160) == ([], [])


def test_problems_and_pairs_become_plain_rows(build):
    homework = build["document"](
        "01.homework.md",
        [
            build["segment"]("How long is a metre?", "Sheet > Problem 1"),
            build["segment"]("One metre.", "Sheet > Problem 1 > Solution"),
            build["segment"]("求位移。", "作业 > 题目 2"),
            build["segment"]("三米。", "作业 > 题目 2 > 解答"),
            build["segment"]("Q: Is it far?\nA: No.\nQ: Is it near?\nA: Yes, it is."),
        ],
        lecture="01",
    )
    rows = homework_rows([homework], held_out=set())
    assert [[turn["content"] for turn in row["messages"]] for row in rows] == [
        ["How long is a metre?", "One metre."],
        ["求位移。", "三米。"],
        ["Is it far?", "No."],
        ["Is it near?", "Yes, it is."],
    ]
    assert homework_rows([homework], held_out={"01"}) == []
