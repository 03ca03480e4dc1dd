"""The exam: each question with the passage that answers it, or with none that does."""

import json

import pytest

from ta_pipeline.composing.benchmark import prepare_questions
from ta_pipeline.records import InputError

FACT = {
    "id": "q1", "course": "demo", "kind": "fact", "language": "en", "held_out": False, "format": None,
    "question": "By what does one know that an animal is quick off the mark?",
    "reference": "A cheetah reaches twenty-seven metres per second in three seconds. [Lecture 1 01:33]",
    "lecture": "01-motion",
    "source": {
        "path": "01-motion.srt", "start": 93.0, "end": 98.0,
        "quote": "A cheetah reaches twenty-seven metres per second in only three seconds.",
    },
}  # fmt: skip
JSON_ROW = {
    **FACT,
    "id": "q2",
    "kind": "format",
    "reference": '{"a": "b"}',
    "format": {"type": "json", "keys": ["a"]},
}
REFUSAL = {
    "id": "q3", "course": "demo", "kind": "refusal", "language": "en", "held_out": True, "format": None,
    "question": "Who won the chess match of 1972?", "reference": "The course is silent on this.",
    "lecture": "04-fluids", "source": None,
}  # fmt: skip


@pytest.fixture
def prepare(tmp_path, course, compose):
    def run(*rows, seed=7, name="demo"):
        lines = [row if isinstance(row, str) else json.dumps(row) for row in rows]
        (tmp_path / "exam.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
        return prepare_questions(tmp_path, course, name, compose, seed)

    return run


def test_a_question_gets_its_passage_and_distractors_of_other_lectures(prepare):
    (question,) = prepare(FACT)
    gold = [p for p in question["passages"] if "cheetah" in p["text"]]
    assert len(question["passages"]) == 3
    assert [(p["source"], p["start"]) for p in gold] == [("01-motion.srt", 80.0)]
    assert all(not p["source"].startswith("01-") for p in question["passages"] if p not in gold)
    assert (question["start"], question["end"], question["source"]) == (90.0, 98.0, "01-motion.srt")


def test_a_reference_cites_the_time_that_the_prompt_shows(prepare):
    fact, formatted = prepare(FACT, JSON_ROW)
    assert fact["reference"].startswith("[Lecture 1 01:20] A cheetah")
    assert formatted["reference"] == '{"a": "b"}'
    assert json.loads(formatted["format"]) == {"type": "json", "keys": ["a"]}


def test_a_refusal_has_as_many_passages_and_no_source(prepare):
    (question,) = prepare(REFUSAL)
    assert len(question["passages"]) == 3
    assert (question["source"], question["quote"], question["held_out"]) == (None, None, True)
    assert question["reference"] == "The course is silent on this."


def test_the_same_seed_gives_the_same_exam_and_other_courses_are_left_out(prepare):
    other = {**FACT, "id": "q9", "course": "other"}
    assert prepare(FACT, REFUSAL, other) == prepare(other, REFUSAL, FACT)
    assert [question["id"] for question in prepare(FACT, REFUSAL, other)] == ["q1", "q3"]


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("{broken", r"exam.jsonl:2: not a JSON object"),
        ("[1]", r"exam.jsonl:2: not a JSON object"),
        ({"id": "q", "course": "demo"}, r"exam.jsonl:2: kind, language, question missing"),
        ({**FACT, "id": "q", "kind": "guess"}, r"exam.jsonl:2: kind 'guess' is unknown"),
        ({**FACT, "id": "q", "language": "fr"}, r"exam.jsonl:2: language 'fr' is unknown"),
        ({**FACT, "id": "q", "source": None}, r"exam.jsonl:2: question 'q' needs `reference` and a `source`"),
        (FACT, r"exam.jsonl:1: id 'q1' stands twice"),
    ],
)
def test_a_bad_line_is_named_with_its_cure(prepare, row, message):
    with pytest.raises(InputError, match=message):
        prepare(FACT, row)


def test_a_quote_that_no_document_holds_names_the_question(prepare):
    lost = {
        **FACT,
        "source": {"path": "01-motion.srt", "quote": "Bananas were discussed at great length here."},
    }
    with pytest.raises(InputError, match=r"exam.jsonl:1: question 'q1': 01-motion.srt has no such text"):
        prepare(lost)
    gone = {**FACT, "source": {"path": "09-none.srt", "quote": "Anything."}}
    with pytest.raises(InputError, match="09-none.srt is not among the course's documents"):
        prepare(gone)


def test_a_course_without_an_exam_is_asked_about_its_held_out_lecture(prepare):
    questions = prepare(FACT, name="another")
    kinds = sorted(question["kind"] for question in questions)
    assert kinds == ["fact", "fact", "refusal"]  # two sentences there stand on their own
    facts = [question for question in questions if question["kind"] == "fact"]
    for question in facts:
        assert question["held_out"] and question["source"] == "04-fluids.md"
        assert any(
            p["source"] == "04-fluids.md" and question["quote"] in p["text"] for p in question["passages"]
        )
        assert question["reference"].startswith("[Lecture 4] ")
