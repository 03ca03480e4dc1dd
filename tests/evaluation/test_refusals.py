import json
from pathlib import Path

import pytest

from ta_pipeline.evaluation.refusals import is_refusal

SENTENCES = [
    json.loads(line)
    for line in Path(__file__).with_name("refusal_sentences.jsonl").read_text("utf-8").splitlines()
]
BENCHMARK = Path(__file__).parents[2] / "data/01_raw/benchmark/benchmark.jsonl"


@pytest.mark.parametrize("language", ["en", "zh"])
def test_refusals_are_told_from_answers_with_precision_and_recall_of_at_least_97_percent(language):
    rows = [row for row in SENTENCES if row["language"] == language]
    assert len(rows) >= 150
    said = [(is_refusal(row["text"]), row["refusal"]) for row in rows]
    hits = sum(found and true for found, true in said)
    assert hits / sum(found for found, _ in said) >= 0.97
    assert hits / sum(true for _, true in said) >= 0.97


@pytest.mark.skipif(not BENCHMARK.exists(), reason="no bundled benchmark in this checkout")
def test_exactly_the_refusal_references_of_the_benchmark_are_refusals():
    rows = [json.loads(line) for line in BENCHMARK.read_text("utf-8").splitlines()]
    assert [row["id"] for row in rows if is_refusal(row["reference"])] == [
        row["id"] for row in rows if row["kind"] == "refusal"
    ]


@pytest.mark.parametrize(
    ("text", "refused"),
    [
        (
            "我是课程助教，只根据下面的资料回答，并用方括号注明讲次和时间。资料里没有答案时，请说不知道。",
            False,
        ),
        ("资料里没有答案时，请说不知道", False),
        ("If they do not hold the answer, say that you do not know.", False),
        ("资料里没有答案，我不知道。", True),
        ("资料里没有答案时，请说不知道。资料里没有答案。", True),
    ],
)
def test_repeating_the_instructions_is_no_refusal(text, refused):
    assert is_refusal(text) == refused


@pytest.mark.parametrize(
    "answer",
    [
        "friction does not depend on area",
        "合力为零时物体不会加速",
        "the ball cannot leave the track",
        "I cannot push the wall without it pushing me back",
        "没有摩擦时，物块匀速滑下去",
    ],
)
def test_a_negation_inside_the_subject_matter_is_an_answer(answer):
    assert not is_refusal(answer)


def test_a_caveat_followed_by_a_cited_statement_is_an_answer():
    assert not is_refusal("The notes do not derive it, but state v=at [Lecture 2 03:10]")
    assert is_refusal("The notes do not derive it")


def test_a_caveat_after_the_answer_leaves_it_an_answer():
    assert not is_refusal("The block speeds up at 2 m/s². The passages do not give its mass.")


def test_a_refusal_that_cites_what_the_passages_are_about_stays_a_refusal():
    assert is_refusal("The passages discuss torque [Lecture 11 02:10] but do not give the price.")
    assert is_refusal("资料[第3讲 02:10]只讲了平抛，没有提到火箭的价格。")


def test_an_invention_after_a_refusal_does_not_undo_it():
    assert is_refusal("The passages do not mention the price. It is 40 euros.")


def test_an_empty_answer_is_no_refusal():
    assert not is_refusal("")
