"""What is wrong with answers as texts."""

import pytest

from ta_pipeline.evaluation.answer_faults import diagnose_answers, loops

SOUND = [
    "The second law says that the acceleration of a body is proportional to the net force on it, and inversely "
    "proportional to its mass. [Lecture 3 04:12]",
    "1. Draw the forces.\n2. Choose axes.\n3. Write one equation for each axis.\n4. Solve for the unknown.",
    "牛顿第二定律说明,物体的加速度与所受合力成正比,与质量成反比。方向与合力相同。[第3讲 04:12]",
    "Yes.",
]
LOOPING = (
    "The force is the force of the force of the force of the force of the force of the force of the force of"
)
LOOPING_ZH = "所以答案是加速度,所以答案是加速度,所以答案是加速度,所以答案是加速度"


def predictions(answers, reason="stop"):
    return [{"artefact": "sft", "answer": answer, "finish_reason": reason} for answer in answers]


def test_loops_are_seen_in_both_languages_and_lists_are_none():
    assert loops([LOOPING, LOOPING_ZH]) == [True, True]
    assert loops(SOUND) == [False] * 4


def test_sound_answers_are_left_alone():
    assert diagnose_answers(predictions(SOUND * 5)) == []
    assert diagnose_answers(predictions([None])) == []


def test_answers_that_repeat_themselves_are_counted_and_one_is_quoted():
    [finding] = diagnose_answers(predictions([*SOUND, LOOPING]))
    assert finding.name == "repeated_output"
    assert finding.evidence.startswith(
        "sft: 1 of 5 answers repeat themselves, such as 'The force is the force"
    )
    assert any("repeat_penalty 1.05 to 1.1" in cure for cure in finding.cures)


@pytest.mark.parametrize(
    ("answer", "words"),
    [("", "are empty"), ("It is so.<|im_end|>", "markers of the template"), ("Es ist ��.", "undecodable")],
)
def test_empty_and_garbled_answers_point_at_the_stop_token(answer, words):
    [finding] = diagnose_answers(predictions([*SOUND, answer]))
    assert finding.name == "stop_token"
    assert words in finding.evidence


def test_answers_that_never_end_point_at_the_stop_token():
    [finding] = diagnose_answers(predictions(SOUND, reason="length"))
    assert finding.evidence == "sft: of 4 answers 4 were cut at the token limit."
