import pyarrow as pa
import pytest

from ta_pipeline.evaluation.scoring import QUESTION_SCORE, score_questions, summarise_scores
from ta_pipeline.records import PREDICTION, QUESTION, REFERENCE_LOSS, InputError

PASSAGES = [
    {"chunk_id": "c", "source": "04.srt", "title": "Lecture 4: Laws", "start": 60.0, "end": 90.0, "text": "…"}
]


def question(name, kind, reference, language="en", **more):
    row = {"id": name, "kind": kind, "language": language, "question": "?", "reference": reference}
    return row | {"held_out": False, "passages": PASSAGES} | more


def prediction(artefact, name, answer, mode="context", finish="stop"):
    row = {"artefact": artefact, "question_id": name, "mode": mode, "answer": answer}
    return row | {"finish_reason": finish, "prompt_tokens": 9, "new_tokens": 9, "engine": "torch"}


def loss(artefact, name, value, mode="context"):
    row = {"artefact": artefact, "question_id": name, "mode": mode, "loss": value, "tokens": 7}
    return row | {"engine": "torch"}


QUESTIONS = pa.Table.from_pylist(
    [
        question("q1", "fact", "It is inertia [Lecture 4 01:10]"),
        question("q2", "refusal", "The passages do not say.", passages=[]),
        question("q3", "format", "- a\n- b", format='{"type": "bullets", "count": 2}', held_out=True),
        question("q4", "explain", "因为惯性", language="zh"),
    ],
    schema=QUESTION,
)
NO_PREDICTIONS = PREDICTION.empty_table()
NO_LOSSES = REFERENCE_LOSS.empty_table()


def predictions(*rows):
    return pa.Table.from_pylist(list(rows), schema=PREDICTION)


def losses(*rows):
    return pa.Table.from_pylist(list(rows), schema=REFERENCE_LOSS)


def test_each_kind_gets_the_metrics_that_apply_to_it_and_null_elsewhere():
    table = score_questions(
        QUESTIONS,
        predictions(
            prediction("sft", "q1", "It is inertia [Lecture 4 01:10]."),
            prediction("sft", "q2", "I don't know."),
            prediction("sft", "q3", "- a\n- b", finish="length"),
        ),
        losses(loss("sft", "q1", 1.5), loss("sft", "q4", 2.5)),
    )
    assert table.schema == QUESTION_SCORE
    columns = ["question_id", "loss", "exact_match", "refused", "format_valid", "citation_valid"]
    assert [tuple(row[name] for name in columns) for row in table.to_pylist()] == [
        ("q1", 1.5, 1.0, False, None, True),
        ("q2", None, None, True, None, None),
        ("q3", None, 1.0, False, True, None),
        ("q4", 2.5, None, None, None, None),
    ]
    assert table["answer"].to_pylist() == [
        "It is inertia [Lecture 4 01:10].",
        "I don't know.",
        "- a\n- b",
        None,
    ]
    assert table["answer_engine"].to_pylist() == ["torch", "torch", "torch", None]


def test_artefacts_stay_in_order_and_context_comes_before_closed_book():
    table = score_questions(
        QUESTIONS,
        predictions(
            prediction("base", "q4", "x"),
            prediction("base", "q1", "x", mode="closed_book"),
            prediction("base", "q1", "x"),
            prediction("a-later-one", "q1", "x"),
        ),
        losses(loss("base", "q1", 1.0), loss("only-scored", "q1", 1.0)),
    )
    assert [(r["artefact"], r["mode"], r["question_id"]) for r in table.to_pylist()] == [
        ("base", "context", "q1"),
        ("base", "context", "q4"),
        ("base", "closed_book", "q1"),
        ("only-scored", "context", "q1"),
        ("a-later-one", "context", "q1"),
    ]


def test_no_citation_is_asked_for_where_no_passage_was_given():
    table = score_questions(QUESTIONS, predictions(prediction("b", "q1", "x", mode="closed_book")), NO_LOSSES)
    assert table["citation_valid"].to_pylist() == [None]


def test_a_prediction_of_another_benchmark_is_refused():
    with pytest.raises(InputError, match="'q99', which the benchmark lacks"):
        score_questions(QUESTIONS, predictions(prediction("sft", "q99", "x")), NO_LOSSES)


def test_two_answers_to_one_question_are_refused():
    with pytest.raises(ValueError, match="two rows"):
        score_questions(QUESTIONS, predictions(*[prediction("sft", "q1", "x")] * 2), NO_LOSSES)


def refusing(artefact, *answers):
    return [prediction(artefact, f"q{i}", answer) for i, answer in enumerate(answers, start=1)]


SCORES = summarise_scores(
    score_questions(
        QUESTIONS,
        predictions(
            *refusing("base", "I don't know.", "It is blue.", "a b", "因为惯性"),
            *refusing("sft", "inertia [Lecture 4 01:10]", "I don't know.", "- a\n- b", "我不知道。"),
            prediction("sft", "q1", "inertia", mode="closed_book"),
        ),
        losses(
            loss("base", "q1", 3.0), loss("base", "q2", 5.0), loss("sft", "q1", 1.0), loss("sft", "q2", 2.0)
        ),
    ),
    bootstrap_samples=200,
    seed=7,
    baseline="base",
)


def test_headline_figures_are_counted_over_the_questions_they_apply_to():
    values = {name: (f["value"], f["n"]) for name, f in SCORES["artefacts"]["sft"].items()}
    assert values["reference_loss"] == (1.5, 2)
    assert values["exact_match"] == (pytest.approx(1 / 3, abs=1e-6), 3)
    assert values["refusal_precision"] == (0.5, 2)
    assert values["refusal_recall"] == (1.0, 1)
    assert values["refusal_f1"] == (pytest.approx(2 / 3, abs=1e-6), 4)
    assert values["false_refusal_rate"] == (pytest.approx(1 / 3, abs=1e-6), 3)
    assert values["format_validity"] == (1.0, 1)
    assert values["citation_validity"] == (0.5, 2)
    assert values["stop_rate"] == (1.0, 4)


def test_an_undefined_metric_is_left_out_instead_of_being_called_zero():
    assert "refusal_precision" not in SCORES["by_language"]["base"]["zh"]
    assert set(SCORES["closed_book"]) == {"sft"}
    assert "citation_validity" not in SCORES["closed_book"]["sft"]


def test_breakdowns_hold_only_their_own_questions():
    assert SCORES["by_kind"]["sft"]["format"]["exact_match"]["n"] == 1
    assert SCORES["by_language"]["sft"]["zh"]["false_refusal_rate"]["value"] == 1.0
    assert set(SCORES["held_out"]["sft"]) == {"held_out", "trained_lectures"}


def test_paired_differences_are_a_minus_b_on_shared_questions():
    found = {(row["a"], row["b"], row["metric"]): row for row in SCORES["paired"]}
    assert {key[:2] for key in found} == {("sft", "base")}
    row = found["sft", "base", "reference_loss"]
    assert (row["diff"], row["low"], row["high"], row["n"]) == (-2.5, -3.0, -2.0, 2)
    assert found["sft", "base", "refusal_f1"]["diff"] == pytest.approx(2 / 3, abs=1e-6)
    assert found["sft", "base", "false_refusal_rate"]["diff"] == 0.0
    assert found["sft", "base", "false_refusal_rate"]["p"] == 1.0
    assert "p" not in row


def test_a_baseline_that_was_not_scored_is_refused_by_name():
    table = score_questions(QUESTIONS, NO_PREDICTIONS, losses(loss("sft", "q1", 1.0)))
    with pytest.raises(ValueError, match="baseline 'base' is none of the scored artefacts: sft"):
        summarise_scores(table, 100, 7, "base")


def test_a_third_artefact_is_compared_with_the_one_before_it_and_with_the_baseline():
    table = score_questions(
        QUESTIONS, NO_PREDICTIONS, losses(*[loss(name, "q1", 1.0) for name in ("base", "sft", "dpo")])
    )
    paired = summarise_scores(table, 100, 7, "base")["paired"]
    assert [(row["a"], row["b"]) for row in paired] == [("sft", "base"), ("dpo", "sft"), ("dpo", "base")]
