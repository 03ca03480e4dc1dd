import pytest

from ta_pipeline.evaluation.citations import check, find_citations, strip_citations

SPOKEN = {"title": "Lecture 4: Newton's laws", "start": 300.0, "end": 340.5, "text": ""}
NOTES = {"title": "第3讲 抛体运动", "start": None, "end": None, "text": ""}


@pytest.mark.parametrize(
    ("answer", "valid"),
    [
        ("Because of inertia [Lecture 4 05:12].", True),
        ("Because of inertia [lecture 4, 05:12].", True),
        ("It is said there [Lecture 4 04:58].", True),  # two seconds early
        ("It is said there [Lecture 4 04:57].", False),
        ("It is said there [Lecture 4 05:42].", True),
        ("It is said there [Lecture 4 05:43].", False),
        ("Because of inertia [Lecture 4].", False),  # spoken, so the minute is due
        ("Because of inertia [Lecture 5 05:12].", False),
        ("Because of inertia, Lecture 4 05:12.", False),  # no brackets
        ("水平方向匀速[第3讲]", True),
        ("水平方向匀速【第 3 讲】", True),
        ("水平方向匀速[第3讲 05:12]", False),  # notes have no minutes
        ("[Lecture 9 00:01] and [Lecture 4 05:00-05:20]", True),
        ("", False),
    ],
)
def test_a_citation_must_name_a_passage_of_the_prompt_and_a_time_in_its_span(answer, valid):
    assert check(answer, [NOTES, SPOKEN]) is valid


def test_without_passages_nothing_can_be_cited():
    assert not check("So it is [Lecture 4 05:12]", [])


def test_arrays_and_plain_numbers_in_brackets_are_no_citations():
    assert find_citations('["a", "b"] on [0, 5] see [Lecture 2]') == ["Lecture 2"]
    assert strip_citations("v on [0, 5] is 3 m/s [Lecture 2 03:10].") == "v on [0, 5] is 3 m/s."
