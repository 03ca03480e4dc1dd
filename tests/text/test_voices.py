"""Who speaks in each cue of a transcript, and who of them teaches."""

import pytest

from ta_pipeline.text.voices import ALONE, Voice, mark_between, voices_of


def cues(*said):
    return [{"speaker": speaker, "text": text} for speaker, text in said]


def test_a_transcript_of_one_voice_marks_nobody():
    assert voices_of(cues((None, "one"), (None, "two"))) == [ALONE, ALONE]
    assert voices_of(cues(("<NAME_1>", "one"), ("<NAME_1>", "two"))) == [ALONE, ALONE]


def test_whoever_speaks_beside_students_without_a_name_is_the_teacher():
    said = cues((None, "Double the height."), ("Student", "So it doubles?"), (None, "No."))
    teacher, student = Voice("", "Teacher: ", True), Voice("Student", "Student: ", False)
    assert voices_of(said) == [teacher, student, teacher]


def test_chinese_speech_is_marked_in_chinese():
    said = cues((None, "高度加倍。"), ("学生A", "时间也加倍？"))
    assert [voice.label for voice in voices_of(said)] == ["老师：", "学生A："]


def test_a_name_that_opens_its_cue_is_not_put_before_it_again():
    said = cues((None, "Why is it so?"), ("Student 2", ">> Student 2: because"), ("Student 2", "it falls"))
    assert [voice.label for voice in voices_of(said)] == ["Teacher: ", "", "Student 2: "]
    assert [
        voice.label
        for voice in voices_of(cues((None, "大家看一看这里有没有摩擦力"), ("<NAME_1>", "（<NAME_1>）：好")))
    ] == [
        "老师：",
        "",
    ]


def test_where_speech_is_opened_by_the_names_of_all_a_cue_without_one_goes_on():
    said = cues(
        ("Teacher", "Teacher: Look here."),
        (None, "It falls."),
        ("Student", "Student: So it is"),
        (None, "twice as fast?"),
    )
    assert [(voice.name, voice.teaches) for voice in voices_of(said)] == [
        ("Teacher", True),
        ("Teacher", True),
        ("Student", False),
        ("Student", False),
    ]


def test_a_name_that_opens_a_later_cue_does_not_take_what_the_teacher_says_next():
    said = cues((None, "Why is it so, what do you think?"), ("<NAME_1>", "<NAME_1>: a force"), (None, "No."))
    assert [(voice.name, voice.teaches) for voice in voices_of(said)] == [
        ("", True),
        ("<NAME_1>", False),
        ("", True),
    ]


def test_a_voice_without_a_name_beside_a_named_teacher_is_not_taken_for_the_teacher():
    said = cues(("Professor", "Look here, it falls."), (None, "So it doubles?"))
    assert voices_of(said) == [Voice("Professor", "Professor: ", True), Voice("", "Speaker: ", False)]


@pytest.mark.parametrize(
    ("names", "teaching"),
    [
        (["<NAME_1>", "<NAME_1>", "<NAME_2>"], [True, True, False]),
        (["<NAME_1>", None, None], [False, True, True]),
        (["Student", "Student", "<NAME_2>"], [False, False, True]),
        (["学生", "学生", "李老师"], [False, False, True]),
        (["Student 1", "Student 2", "Student 2"], [False, False, False]),
    ],
)
def test_the_teacher_is_called_so_or_is_who_says_most_and_never_a_student(names, teaching):
    assert [voice.teaches for voice in voices_of(cues(*[(name, "abc") for name in names]))] == teaching


def test_a_mark_stands_where_the_voice_changes_and_before_a_student_who_begins():
    teacher, student = Voice("", "Teacher: ", True), Voice("Student", "Student: ", False)
    assert [mark_between(None, teacher), mark_between(teacher, student), mark_between(student, student)] == [
        "",
        "Student: ",
        "",
    ]
    assert [mark_between(student, teacher), mark_between(None, student), mark_between(ALONE, ALONE)] == [
        "Teacher: ",
        "Student: ",
        "",
    ]
