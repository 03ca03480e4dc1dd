import json

import pytest

from ta_pipeline.evaluation.summary import build_summary, list_artefacts, missing_rows, row_counts, stage_rows

CLOCK = {
    "run_id": "r1",
    "seconds": 60.0,
    "peak_memory_gb": 2.5,
    "stage_seconds": {"sft": 30.0, "ingest": 1.0, "own_stage": 2.0},
    "versions": {},
    "hashes": {},
}
ROWS = stage_rows(
    ingest={"in": 10, "kept": 9, "quarantined": 1, "files": 3},
    cleaning={"in": 9, "kept": 7, "dropped": 2},
    compose={"in": 20, "kept": 18, "dropped": 2},
    labels={"in": 15, "kept": 14, "dropped": 1},
    preference={"in": 3, "kept": 3, "dropped": 0},
)
SFT = {
    "steps": 5,
    "tokens": 100,
    "loss_first": 3.0,
    "loss_last": 2.0,
    "tokens_per_s": 9.5,
    "mfu": None,
    "x": 1,
}
SCORES = {"artefacts": {"base": {}, "dpo": {"f1": {"n": 60}}}, "paired": [{"a": "dpo", "b": "base"}]}


def test_the_summary_has_exactly_the_keys_of_the_design():
    summary = build_summary(CLOCK, ROWS, {"sft": SFT, "dpo": SFT}, SCORES)
    assert list(summary) == [
        "run_id", "seconds", "peak_memory_gb", "stages", "train", "scores", "paired", "artefacts",
    ]  # fmt: skip
    assert list(summary["train"]["sft"]) == [
        "steps", "tokens", "loss_first", "loss_last", "tokens_per_s", "mfu",
    ]  # fmt: skip
    assert json.loads(json.dumps(summary)) == summary


def test_stages_come_in_the_order_of_the_run_and_a_stage_without_rows_has_null_counts():
    stages = build_summary(CLOCK, ROWS, {}, SCORES)["stages"]
    assert list(stages) == ["ingest", "clean", "compose", "tokenize", "sft", "own_stage"]
    assert stages["ingest"] == {"seconds": 1.0, "in": 10, "kept": 9, "dropped": 0, "quarantined": 1}
    assert stages["tokenize"] == {"seconds": 0.0, "in": 18, "kept": 17, "dropped": 1, "quarantined": 0}
    assert stages["sft"] == {"seconds": 30.0, "in": None, "kept": None, "dropped": None, "quarantined": None}


def test_the_scores_of_more_questions_win_where_an_artefact_was_scored_twice():
    again = {
        "artefacts": {"dpo": {"f1": {"n": 40}}, "gguf-f16": {}},
        "paired": [{"a": "gguf-f16", "b": "dpo"}],
    }
    summary = build_summary(CLOCK, ROWS, {}, SCORES, artefact_scores=again)
    assert list(summary["scores"]) == ["base", "dpo", "gguf-f16"]
    assert summary["scores"]["dpo"]["f1"]["n"] == 60
    assert [row["a"] for row in summary["paired"]] == ["dpo", "gguf-f16"]


def test_lost_rows_are_counted():
    assert missing_rows(row_counts({"in": 10, "kept": 7, "dropped": 2})) == 1


def test_a_report_without_its_counts_is_refused():
    with pytest.raises(KeyError, match="kept"):
        row_counts({"in": 10})


def test_artefacts_are_listed_with_bytes_and_digest(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    bundle = tmp_path / "out" / "vllm_bundle"
    (bundle / "model").mkdir(parents=True)
    (bundle / "start.sh").write_bytes(b"12345")
    (bundle / "model" / "weights").write_bytes(b"123")
    (tmp_path / "out" / "vllm_bundle.manifest.json").write_text('{"sha256": "ab"}')
    report = {"files": [{"format": "f16", "path": "x-F16.gguf", "bytes": 7, "sha256": "cd"}]}
    assert list_artefacts(report, tmp_path / "gguf", {"vllm_bundle": bundle}) == [
        {"name": "gguf-f16", "path": "gguf/x-F16.gguf", "bytes": 7, "sha256": "cd"},
        {"name": "vllm_bundle", "path": "out/vllm_bundle", "bytes": 8, "sha256": "ab"},
    ]
