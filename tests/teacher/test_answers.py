"""JSON out of what models write: mended where the meaning is clear, and a reason where there is none."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ta_pipeline.teacher.answers import read_items
from ta_pipeline.teacher.client import Reply

ONE = [{"question": "What is inertia?", "answer": "A body's resistance."}]


def items(text, **more):
    return read_items(Reply("x", text=text, **more), "questions", "question")


@pytest.mark.parametrize(
    "text",
    [
        '{"questions": [{"question": "What is inertia?", "answer": "A body\'s resistance."}]}',
        '[{"question": "What is inertia?", "answer": "A body\'s resistance."}]',
        '{"question": "What is inertia?", "answer": "A body\'s resistance."}',
        'Here\'s the JSON:\n```json\n{"questions": [{"question": "What is inertia?", "answer": "A body\'s resistance."}]}\n```\nDone!',
        '<think>{"questions": []}</think>{"questions": [{"question": "What is inertia?", "answer": "A body\'s resistance."},]}',
        "{“questions”：[{“question”：“What is inertia?”，“answer”：“A body's resistance.”}]}",
        '{"questions": [{"question": "What is inertia?", "answer": "A body\'s resistance."}, {"question": "Wh',
        "{'questions': [{'question': 'What is inertia?', 'answer': 'A body's resistance.'}]}",
    ],
)
def test_what_models_get_wrong_is_mended(text):
    assert items(text) == (ONE, None)


def test_chinese_quotes_and_line_breaks_inside_a_string_stay():
    text = '{"questions": [{"question": "“惯性”是什么？\n请说明", "answer": "他说"保持"，即不变。"}]}'
    assert items(text)[0] == [{"question": "“惯性”是什么？\n请说明", "answer": '他说"保持"，即不变。'}]


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (Reply("x", fault="http_503", detail="busy"), "http_503"),
        (Reply("x", refusal="I will not"), "refused"),
        (Reply("x", text='{"question": "a"}', finish_reason="content_filter"), "refused"),
        (Reply("x", text="I'm sorry, but I can't help with that."), "refused"),
        (Reply("x", text="抱歉，我无法根据这段资料出题。"), "refused"),
        (Reply("x", text="作为人工智能，我不能回答。"), "refused"),
        (Reply("x", text="  \n"), "empty"),
        (Reply("x", text="<think>hm"), "empty"),
        (Reply("x", text='{"questions": [{"question": "W', finish_reason="length"), "cut_off"),
        (Reply("x", text="1. What is inertia?"), "no_json"),
        (Reply("x", text='{"items": [1, 2]}'), "no_json"),
    ],
)
def test_an_answer_without_questions_has_a_reason(reply, reason):
    found, fault = read_items(reply, "questions", "question")
    assert found == [] and fault[0] == reason


_TEXT = st.text(st.characters(codec="utf-8"), max_size=40)


@given(st.lists(st.fixed_dictionaries({"question": _TEXT, "answer": _TEXT}), min_size=1, max_size=4))
def test_sound_json_is_read_as_it_is(rows):
    assert items(json.dumps({"questions": rows}, ensure_ascii=False))[0] == rows


@given(st.text(alphabet="{}[]\",:“”，：'\\ aé中\n`", max_size=60))
def test_no_text_makes_the_reader_fail(text):
    found, fault = items(text)
    assert bool(found) != bool(fault)
