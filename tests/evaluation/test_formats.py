import pytest

from ta_pipeline.evaluation.formats import check
from ta_pipeline.records import InputError

JSON = '{"type": "json", "keys": ["ice", "mercury"]}'
BULLETS = '{"type": "bullets", "count": 2}'
SHORT = '{"type": "max_chars", "max": 9}'


@pytest.mark.parametrize(
    ("form", "answer", "valid"),
    [
        (JSON, '{"mercury": "13600", "ice": "917"}', True),
        (JSON, '```json\n{"ice": 917, "mercury": 13600}\n``` [Lecture 14 02:00]', True),
        (JSON, '{"ice": 917}', False),
        (JSON, '{"ice": 917, "mercury": 13600, "gold": 19300}', False),
        (JSON, 'Here it is: {"ice": 917, "mercury": 13600}', False),
        (JSON, '[{"ice": 917, "mercury": 13600}]', False),
        (BULLETS, "- one\n- two [Lecture 1]", True),
        (BULLETS, "• 一\n• 二", True),
        (BULLETS, "1. one\n2. two", True),
        (BULLETS, "* one\n**bold**", False),
        (BULLETS, "- one\n- two\n- three", False),
        (BULLETS, "- one\n1.5 m is two", False),
        (SHORT, "离心力不是力。[第7讲 04:10]", True),
        (SHORT, "ten chars.", False),
        (SHORT, "", False),
    ],
)
def test_an_answer_keeps_the_form_it_was_asked_for(form, answer, valid):
    assert check(answer, form) is valid


@pytest.mark.parametrize("form", ["", "{}", '{"type": "haiku"}', '{"type": "bullets", "count": "two"}'])
def test_an_unknown_form_is_refused_with_the_three_known_ones(form):
    with pytest.raises(InputError, match="bullets"):
        check("x", form)
