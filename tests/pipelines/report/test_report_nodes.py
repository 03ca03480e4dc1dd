"""The report of a small run, from its real functions: scores are computed, pages rendered."""

import json
import re

import pyarrow as pa
import pytest

from ta_pipeline.evaluation.report import choose_samples, verdict
from ta_pipeline.evaluation.scoring import score_questions, summarise_scores
from ta_pipeline.pipelines.report.nodes import report_full_run, report_training
from ta_pipeline.pipelines.report.pipeline import create_pipeline
from ta_pipeline.records import DROPPED, PREDICTION, QUESTION, REFERENCE_LOSS

PASSAGE = {
    "chunk_id": "c",
    "source": "04.srt",
    "title": "第4讲 牛顿定律",
    "start": 60.0,
    "end": 90.0,
    "text": "惯性",
}
KINDS = ("fact", "explain", "refusal", "format", "citation")
HOSTILE = "<script>alert('x')</script> & <b>bold</b>"


def make_questions():
    rows = []
    for i in range(20):
        kind, language = KINDS[i % 5], ("zh", "en")[i // 5 % 2]
        row = {"id": f"q{i:02d}", "kind": kind, "language": language, "question": f"问题 {i}: why?"}
        row |= {"reference": "资料没有提到。" if kind == "refusal" else "因为惯性 [第4讲 01:10]"}
        row |= {"held_out": i % 4 == 0, "format": '{"type": "max_chars", "max": 20}', "passages": [PASSAGE]}
        rows.append(row)
    return pa.Table.from_pylist(rows, schema=QUESTION)


QUESTIONS = make_questions()


def make_scores(skills, baseline, engine):
    """Answer well up to question number `skill`, badly afterwards."""
    answers, losses = [], []
    for artefact, skill in skills.items():
        for i, question in enumerate(QUESTIONS.to_pylist()):
            key = {"artefact": artefact, "question_id": question["id"], "mode": "context", "engine": engine}
            good = i < skill
            losses.append(key | {"loss": (1.0 if good else 3.0) + i / 100, "tokens": 9})
            answer = question["reference"] if good else HOSTILE
            answers.append(key | {"answer": answer, "finish_reason": "stop" if good else "length"})
    table = score_questions(
        QUESTIONS,
        pa.Table.from_pylist(answers, schema=PREDICTION),
        pa.Table.from_pylist(losses, schema=REFERENCE_LOSS),
    )
    return table, summarise_scores(table, 200, 7, baseline)


def history(steps):
    return pa.table(
        {"step": pa.array(range(1, steps + 1), pa.int32()), "loss": [3 - i / 10 for i in range(steps)]}
    )


def training_inputs():
    question_scores, scores = make_scores({"base": 0, "sft": 15, "dpo": 15}, "base", "transformers bf16")
    dropped = {"stage": "clean", "id": "d", "source": "03.md", "reason": "near_copy", "excerpt": HOSTILE}
    trained = {
        "steps": 4,
        "tokens": 4000,
        "loss_first": 3.0,
        "loss_last": 2.7,
        "tokens_per_s": 99.0,
        "mfu": 0.3,
    }
    return {
        "clock": {
            "run_id": "2026-11-21T10.00", "seconds": 61.5, "peak_memory_gb": 2.25, "hashes": {},
            "stage_seconds": {"ingest": 1.0, "sft": 40.0}, "versions": {"saved": {"scores": "v1"}},
        },
        "ingest": {
            "in": 12, "kept": 11, "quarantined": 1,
            "quarantined_rows": [
                {"source": "log.jsonl", "line": 17, "reason": "bad JSON", "detail": "col 4"},
            ],
        },
        "cleaning": {"in": 11, "kept": 10, "dropped": 1},
        "compose": {"in": 40, "kept": 38, "dropped": 1, "dropped_by_reason": {"near a question": 1}},
        "labels": {
            "in": 30, "kept": 30, "dropped": 0, "blocks": 4, "tokens": 4000, "supervised_tokens": 1000,
            "pack_efficiency": 0.95,
        },
        "preference": {"in": 8, "kept": 8, "dropped": 0},
        "sft_history": history(4), "sft": trained, "dpo_history": history(2), "dpo": trained | {"mfu": None},
        "scores": scores, "questions": QUESTIONS, "question_scores": question_scores,
        "dropped": pa.Table.from_pylist([dropped], schema=DROPPED),
        "base_model_name": "bundled:smollm2-135m-instruct", "course": "mechanics",
    }  # fmt: skip


def artefact_inputs(folder):
    question_scores, scores = make_scores({"dpo": 15, "gguf-q8_0": 14}, "dpo", "llama.cpp")
    for name in ("vllm_bundle", "ollama_bundle"):
        (folder / name).mkdir()
        (folder / name / "README.md").write_text("```bash\n./start.sh --now\n```\n", "utf-8")
    file = {
        "format": "q8_0",
        "path": "m-Q8_0.gguf",
        "bytes": 144_800_000,
        "sha256": "ab" * 32,
        "seconds": 7.0,
    }
    file |= {"tool": "llama.cpp", "tensor_types": {"Q8_0": 211}, "bits_per_weight": 8.5}
    return {
        "merge": {"float32": {"max_abs_difference": 3e-5}},
        "gguf": {"files": [file]},
        "artefact_scores": scores,
        "artefact_question_scores": question_scores,
        "gguf_files": folder / "gguf",
        "vllm_bundle": folder / "vllm_bundle",
        "ollama_bundle": folder / "ollama_bundle",
    }


@pytest.fixture(scope="module")
def full(tmp_path_factory):
    return report_full_run(**training_inputs(), **artefact_inputs(tmp_path_factory.mktemp("run")))


@pytest.mark.parametrize("with_artefacts", [False, True])
def test_the_nodes_accept_exactly_the_inputs_that_the_pipeline_wires(with_artefacts, tmp_path):
    (node,) = create_pipeline(with_artefacts).nodes
    given = training_inputs() | (artefact_inputs(tmp_path) if with_artefacts else {})
    summary, page, figure = node.func(**{name: given[name] for name in node._inputs})
    assert json.loads(json.dumps(summary))["run_id"] == "2026-11-21T10.00"
    assert page.rstrip().endswith("</html>")
    assert len(figure.axes) == 4


def test_a_missing_input_is_named():
    inputs = training_inputs()
    del inputs["dropped"]
    with pytest.raises(TypeError, match="dropped"):
        report_training(**inputs)


def test_everything_from_data_is_escaped(full):
    page = full[1]
    assert "<script" not in page
    assert "<b>bold</b>" not in page
    assert "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt; &amp; &lt;b&gt;bold" in page


def test_the_page_asks_nothing_of_the_network(full):
    page = full[1]
    assert not re.search(r"""(?:src|href|xlink:href)=["'](?!#)""", page)
    assert not re.search(r"url\((?!#)|@import|https?:", page)
    assert page.count("<svg") == 5


def test_the_page_says_plainly_what_the_bundled_model_is():
    inputs = training_inputs()
    assert "dequantized 4-bit file of 135 M parameters, mostly English" in report_training(**inputs)[1]
    inputs["base_model_name"] = "Qwen/Qwen3-8B"
    assert "dequantized 4-bit file" not in report_training(**inputs)[1]


def test_rows_that_do_not_add_up_are_called_out(full):
    page = full[1]
    assert page.count("adds up") == 4
    assert "1 rows unaccounted for" in page  # compose: 40 in, 38 kept, 1 dropped


def test_reasons_come_with_sample_rows(full):
    page = full[1]
    assert "bad JSON" in page
    assert "log.jsonl:17" in page
    assert "near_copy" in page
    assert "near a question" in page


def test_the_page_shows_artefacts_bundles_and_engines(full):
    page = full[1]
    for expected in (
        "144.8 MB",
        "m-Q8_0.gguf",
        "./start.sh --now",
        "transformers bf16",
        "llama.cpp",
        "gguf-q8_0",
    ):
        assert expected in page, expected


def test_two_renderings_of_one_run_are_identical():
    assert report_training(**training_inputs())[1] == report_training(**training_inputs())[1]


def test_the_summary_of_a_full_run_holds_every_artefact(full):
    summary = full[0]
    assert list(summary["scores"]) == ["base", "sft", "dpo", "gguf-q8_0"]
    assert [item["name"] for item in summary["artefacts"]] == ["gguf-q8_0", "vllm_bundle", "ollama_bundle"]


def test_samples_are_taken_in_turn_from_every_kind_and_language():
    chosen = choose_samples(QUESTIONS, [f"q{i:02d}" for i in range(20)], count=12)
    groups = [(row["kind"], row["language"]) for row in chosen]
    assert len(set(groups[:10])) == 10
    assert [row["id"] for row in chosen[:2]] == ["q09", "q04"]  # citation: en, then zh
    assert len(chosen) == 12


def test_only_answered_questions_are_shown():
    assert [row["id"] for row in choose_samples(QUESTIONS, ["q03", "q11"])] == ["q11", "q03"]


@pytest.mark.parametrize(
    ("metric", "diff", "low", "high", "words", "tone"),
    [
        (
            "reference_loss",
            -0.42,
            -0.47,
            -0.37,
            "SFT beats base on reference loss: −0.42 [−0.47, −0.37]",
            "good",
        ),
        ("refusal_f1", -0.2, -0.3, -0.1, "SFT falls behind base on refusal F1: −0.20 [−0.30, −0.10]", "bad"),
        ("rouge_l", 0.01, -0.02, 0.04, "No clear difference on ROUGE-L: +0.01 [−0.02, +0.04]", "even"),
        ("f1", 0.002, 0.001, 0.004, "SFT beats base on token F1: +0.002 [+0.001, +0.004]", "good"),
    ],
)
def test_a_paired_difference_is_put_in_words(metric, diff, low, high, words, tone):
    row = {"a": "sft", "b": "base", "metric": metric, "diff": diff, "low": low, "high": high}
    assert verdict(row) == (words, tone)


def test_findings_of_a_training_stand_in_its_section():
    inputs = training_inputs()
    finding = {
        "name": "overfitting", "severity": "warning", "step": 8, "causes": ["too many passes <b>"],
        "evidence": "since step 8 the validation loss rose from 1.004 to 1.687.", "cures": ["early_stopping"],
    }  # fmt: skip
    inputs["sft"] |= {"findings": [finding]}
    page = report_training(**inputs)[1]
    section = page[page.index('<section id="training">') : page.index('<section id="scores">')]
    assert "SFT: overfitting <small>step 8</small>" in section
    assert "Since step 8 the validation loss rose from 1.004 to 1.687." in section
    assert "too many passes &lt;b&gt;" in section
    assert "Nothing wrong in the curves" not in section


def test_answers_that_loop_are_a_finding_of_the_page():
    inputs = training_inputs()
    rows = inputs["question_scores"].to_pylist()
    for row in rows:
        if row["artefact"] == "dpo" and row["answer"] is not None:
            row["answer"] = "the force of " * 20
    inputs["question_scores"] = pa.Table.from_pylist(rows, inputs["question_scores"].schema)
    page = report_training(**inputs)[1]
    assert "answers: repeated output" in page
    assert re.search(r"<p>dpo: \d+ of \d+ answers repeat themselves, such as", page)
