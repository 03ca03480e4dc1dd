"""Questions and scores: what holds is taken, the rest has a reason, and every item is counted once."""

import json
from collections import Counter

import pytest

from ta_pipeline.params import TeacherParams
from ta_pipeline.teacher.accounts import answer_row, summarise
from ta_pipeline.teacher.client import Reply, Request
from ta_pipeline.teacher.questions import question_request, read_questions
from ta_pipeline.teacher.scores import misjudged, read_scores, score_request

CHUNK = {
    "id": "c1", "language": "en", "title": "Lecture 4", "heading": "Newton > Inertia",
    "text": "**Inertia** is the tendency of a body to keep its motion. It grows with $m$, the mass.",
}  # fmt: skip
CHINESE = CHUNK | {"language": "zh", "text": "惯性是物体保持原来运动状态的性质，质量越大，惯性越大。"}
GOOD = {
    "question": "What is inertia?",
    "answer": "To keep moving.",
    "quote": "Inertia is the tendency of a body",
}
BETTER = {
    "question": "惯性是什么？",
    "answer": "保持运动状态的性质。",
    "quote": "惯性是物体保持原来运动状态的性质",
}


def read(*items, chunk=CHUNK, count=9):
    return read_questions(chunk, Reply("x", text=json.dumps({"questions": items})), count)


def test_a_question_request_shows_where_the_chunk_stands_and_speaks_its_language():
    (turn,) = question_request(CHUNK, 3).messages
    assert turn["role"] == "user" and "Write 3 questions" in turn["content"]
    assert turn["content"].endswith(f"[Lecture 4 > Newton > Inertia]\n{CHUNK['text']}")
    assert "请写出 3 个" in question_request(CHINESE, 3).messages[0]["content"]


def test_a_question_whose_quote_stands_in_the_chunk_is_kept():
    kept, dropped = read(GOOD)
    assert dropped == [] and [(q.chunk_id, q.question, q.answer) for q in kept] == [
        ("c1", "What is inertia?", "To keep moving.")
    ]
    assert len(read(BETTER, chunk=CHINESE)[0]) == 1


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"answer": None}, "missing_field"),
        ({"quote": "  "}, "missing_field"),
        ({"question": "Why?"}, "bad_length"),
        ({"answer": "x" * 901}, "bad_length"),
        ({"question": "惯性是什么？"}, "wrong_language"),
        ({"question": "What does this passage say about inertia?"}, "leans_on_passage"),
        ({"quote": "Inertia is the force of a body"}, "quote_not_in_chunk"),
        ({"quote": "Inertia"}, "quote_not_in_chunk"),
    ],
)
def test_a_question_that_does_not_hold_is_dropped_with_its_reason(change, reason):
    kept, ((found, _),) = read(GOOD | change)
    assert kept == [] and found == reason


@pytest.mark.parametrize("question", ["What is inertia?", "这段资料讲了什么？"])
def test_a_chinese_chunk_wants_chinese_questions_that_lean_on_nothing(question):
    assert read(BETTER | {"question": question}, chunk=CHINESE)[0] == []


def test_a_question_asked_twice_and_one_too_many_are_dropped():
    others = [GOOD | {"question": f"What is inertia in case {n}?"} for n in range(3)]
    kept, dropped = read(GOOD, GOOD | {"question": "what is inertia"}, *others, count=3)
    assert len(kept) == 3 and [reason for reason, _ in dropped] == ["duplicate", "too_many"]


PAIR = {
    "id": "p1", "language": "en", "chosen": "right answer", "rejected": "wrong answer",
    "prompt": [{"role": "system", "content": "Cite."}, {"role": "user", "content": "Why?"}],
}  # fmt: skip


def test_the_judge_does_not_know_which_answer_was_chosen():
    first = Counter(
        (text := score_request(PAIR | {"id": f"p{n}"}, 7).messages[0]["content"]).index("right answer")
        < text.index("wrong answer")
        for n in range(200)
    )
    assert 70 < first[True] < 130
    assert "chosen" not in text and "system: Cite.\n\nuser: Why?" in text


def test_scores_go_to_the_answers_they_are_of_whatever_their_order():
    for n in range(20):
        pair = PAIR | {"id": f"p{n}"}
        text = score_request(pair, 7).messages[0]["content"]
        a_is_chosen = text.index("right answer") < text.index("wrong answer")
        said = {"score_a": 9 if a_is_chosen else 2, "score_b": 2 if a_is_chosen else "9", "reason": "r"}
        assert read_scores(pair, Reply("x", text=json.dumps(said)), 7) == ((9.0, 2.0), None)


@pytest.mark.parametrize("wrong", [0, 11, "good", None, True, [5]])
def test_a_score_off_the_scale_is_none(wrong):
    scores, fault = read_scores(PAIR, Reply("x", text=json.dumps({"score_a": wrong, "score_b": 3})), 7)
    assert scores is None and fault[0] == "bad_score"


def test_pairs_that_the_teacher_sees_otherwise_go_and_pairs_without_a_score_stay():
    rows = [
        {"subject_id": name, "chosen_score": chosen, "rejected_score": rejected}
        for name, chosen, rejected in (("a", 8, 3), ("b", 3, 8), ("c", 5, 5), ("d", None, None))
    ]
    assert misjudged(rows) == {
        "b": ("teacher_prefers_rejected", "chosen 3, rejected 8"),
        "c": ("teacher_sees_no_difference", "chosen 5, rejected 5"),
    }


def test_the_accounts_add_up_by_job_reason_and_price():
    teacher = TeacherParams(url="http://h/v1", model="m", prices={"prompt": 2.0, "answer": 10.0})
    request = Request("c1", ({"role": "user", "content": "q"},), {})
    reply = Reply("x", text="t", prompt_tokens=1000, new_tokens=500)
    rows = [
        answer_row("questions", request, reply, teacher, 2, [("duplicate", "d"), ("bad_length", "d")]),
        answer_row("questions", request, Reply("y", fault="timeout"), teacher, 0, [("timeout", "")]),
    ]
    assert summarise(rows)["questions"] == {
        "requests": 2, "in": 5, "used": 2, "dropped": 3,
        "by_reason": {"bad_length": 1, "duplicate": 1, "timeout": 1},
        "prompt_tokens": 1000, "new_tokens": 500, "cost": 0.007,
    }  # fmt: skip
    assert summarise(rows)["scores"]["in"] == 0
