"""Who speaks in a cue."""

import pytest

from ta_pipeline.sources.speakers import named_speakers, voices


def test_voice_tags_name_who_speaks_and_what_stands_before_has_nobody():
    body = "Well\n<v Ada>Hello <b>all</b></v>\n<v.loud Bob Ray>Hi\n<v Cy></v>"
    assert list(voices(body)) == [(None, "Well"), ("Ada", "Hello <b>all</b>"), ("Bob Ray", "Hi")]
    assert list(voices("no tag")) == [(None, "no tag")]


@pytest.mark.parametrize(
    ("text", "speaker"),
    [
        ("Teacher: look", "Teacher"),
        ("[SPEAKER_01]: look", "SPEAKER_01"),
        (">> Student 2: why?", "Student 2"),
        ("老师：看", "老师"),
        ("李老师：看", "李老师"),
        ("- 学生A：看", "学生A"),
        ("（主持人）：看", "主持人"),
        ("the teacher: a friend", None),
        ("例如：看", None),
        ("Note: look", None),
        ("Ada: look", None),
        ("王芳：看", None),
    ],
)
def test_a_word_for_a_person_is_a_speaker_at_once_and_a_name_is_not(text, speaker):
    assert named_speakers([text]) == [speaker]


def test_names_that_take_turns_are_speakers():
    texts = [
        "Ada: why?",
        "Because it falls.",
        "Dr. Bob: no",
        "Ada: oh",
        "Dr. Bob: yes",
        "王芳：好",
        "王芳：对",
    ]
    assert named_speakers(texts) == ["Ada", None, "Dr. Bob", "Ada", "Dr. Bob", "王芳", "王芳"]


def test_a_name_beside_a_role_is_a_speaker():
    assert named_speakers(["老师：问", "小明：答", "老师：问", "小明：答"]) == [
        "老师",
        "小明",
        "老师",
        "小明",
    ]


@pytest.mark.parametrize(
    "texts",
    [
        ["Newton: F = ma", "Newton: again", "and so on"],
        ["Step 1: push", "Step 1: pull", "Example: a", "Example: b"],
        ["Question: a", "Answer: b", "Question: c", "Answer: d"],
        ["注意：一", "注意：二", "例如：三", "例如：四"],
        ["程度：一", "程度：二", "小结：三", "小结：四"],
        ["速度：一", "速度：二", "方法：三", "方法：四"],
        ["Http://a", "Http://b", "Www://c", "Www://d"],
    ],
)
def test_what_a_lecture_puts_before_a_colon_is_nobody(texts):
    assert named_speakers(texts) == [None] * len(texts)
