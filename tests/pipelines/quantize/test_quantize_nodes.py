"""The whole of `quantize` on the tiny model: merged, exported, asked over HTTP, scored beside the adapter."""

import pyarrow as pa
import pytest

from ta_pipeline.params import EvaluateParams, QuantizeParams
from ta_pipeline.pipelines.quantize import nodes
from ta_pipeline.records import PREDICTION, QUESTION, REFERENCE_LOSS

EVALUATE = EvaluateParams(
    limit=4,
    closed_book_limit=1,
    max_new_tokens=6,
    batch_tokens=512,
    loss_limit=None,
    bootstrap_samples=100,
    precision="fp32",
)
QUANTIZE = QuantizeParams(formats=["f16", "q8_0"], limit=3, loss_limit=4, parallel=2)


def _question(n):
    kind = ("fact", "refusal")[n % 2]
    row = dict.fromkeys(QUESTION.names)
    row |= {"id": f"q{n}", "kind": kind, "language": "en", "held_out": False}
    row |= {"question": f"What is force number {n}?", "reference": "F = ma [Lecture 4]", "passages": []}
    return row


QUESTIONS = pa.Table.from_pylist([_question(n) for n in range(6)], schema=QUESTION)


@pytest.fixture(scope="module")
def work(tmp_path_factory):
    """The folder that the nodes of this module work in."""
    with pytest.MonkeyPatch.context() as patch:
        out = tmp_path_factory.mktemp("out")
        patch.setenv("OUT_BASE", str(out))
        patch.delenv("LOG_DIR", raising=False)
        yield out


@pytest.fixture(scope="module")
def answered(work, tiny_gguf, tiny_merged):
    """Answers and losses of both files and of the merged model."""
    return nodes.answer_with_gguf(QUESTIONS, tiny_gguf[0], tiny_merged, QUANTIZE, EVALUATE, 7)


def _dpo(ids):
    """Answers and losses of the adapter, as `evaluate` leaves them: closed-book rows among them."""
    answer = {
        "artefact": "dpo",
        "answer": "F = ma",
        "finish_reason": "stop",
        "prompt_tokens": 9,
        "new_tokens": 3,
    }
    modes = [(i, "context") for i in ids] + [(ids[0], "closed_book")]
    answers = [answer | {"question_id": i, "mode": m, "engine": "transformers"} for i, m in modes]
    loss = {"artefact": "dpo", "mode": "context", "loss": 2.0, "tokens": 5, "engine": "transformers"}
    return (
        pa.Table.from_pylist(answers, schema=PREDICTION),
        pa.Table.from_pylist([loss | {"question_id": f"q{n}"} for n in range(6)], schema=REFERENCE_LOSS),
    )


def test_merge_and_export_fill_the_work_folder_and_report(work, tiny_model, tiny_adapter):
    merged, merge_report = nodes.merge_adapter(tiny_model, tiny_adapter)
    files, gguf_report = nodes.export_gguf_files(merged, QUANTIZE.model_copy(update={"formats": ["f16"]}))
    assert {p.parent for p in (merged, files)} == {work / "tmp"}
    assert merge_report["float32"]["max_abs_difference"] < 1e-3
    assert [f["path"] for f in gguf_report["files"]] == [p.name for p in files.iterdir()]
    assert (work / "logs" / "gguf-f16.log").is_file()


def test_every_artefact_answers_the_same_questions(answered):
    answers = answered[0]
    assert answers.schema == PREDICTION
    asked = {a: [] for a in answers.column("artefact").to_pylist()}
    for row in answers.to_pylist():
        asked[row["artefact"]].append(row["question_id"])
    assert list(asked) == ["gguf-f16", "gguf-q8_0"]
    assert asked["gguf-f16"] == asked["gguf-q8_0"] and len(asked["gguf-f16"]) == 3


def test_losses_are_of_the_dequantized_weights_and_of_the_merged_model(answered):
    losses = answered[1]
    assert losses.schema == REFERENCE_LOSS
    mean = {}
    for row in losses.to_pylist():
        mean.setdefault(row["artefact"], []).append(row["loss"])
        assert ("dequantized from GGUF" in row["engine"]) == (row["artefact"] != "merged")
    assert list(mean) == ["merged", "gguf-f16", "gguf-q8_0"]
    assert all(len(values) == 4 for values in mean.values())
    # f16 holds bfloat16 weights of this size all but exactly; Q8_0 rounds.
    assert mean["gguf-f16"] == pytest.approx(mean["merged"], abs=1e-3)
    assert mean["gguf-q8_0"] == pytest.approx(mean["merged"], abs=0.1)
    assert mean["gguf-q8_0"] != mean["merged"]


def test_scores_compare_on_shared_questions_only(answered, tiny_gguf):
    answers, losses = answered
    shared = sorted(set(answers.column("question_id").to_pylist()))[:2]
    dpo_answers, dpo_losses = _dpo(shared)
    rows, scores, figure = nodes.score_artefacts(
        QUESTIONS, answers, losses, dpo_answers, dpo_losses, tiny_gguf[1], EVALUATE, 7
    )
    assert set(rows.column("mode").to_pylist()) == {"context"}
    assert set(scores["artefacts"]) == {"dpo", "merged", "gguf-f16", "gguf-q8_0"}
    compared = {r["question_id"] for r in rows.to_pylist() if r["answer"] is not None}
    assert compared == set(shared)
    assert {m["n"] for a in scores["artefacts"].values() for k, m in a.items() if k == "reference_loss"} == {
        4
    }
    assert {(p["a"], p["b"]) for p in scores["paired"]} >= {("gguf-q8_0", "dpo"), ("merged", "dpo")}
    assert figure.axes
