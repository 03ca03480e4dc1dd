"""What a trainer saves and resumes; the real kills are in test_kills.py."""

import dataclasses
import hashlib
import json
import shutil
from pathlib import Path

import pyarrow as pa
import pytest

from ta_pipeline.chat.packing import BLOCK
from ta_pipeline.chat.rows import PREFERENCE_TOKENS
from ta_pipeline.training import checkpoints
from ta_pipeline.training.job import TrainingJob
from ta_pipeline.training.resume import lived

PARAMETERS = {
    "learning_rate": 1e-2, "max_steps": 5, "global_batch_size": 2, "warmup_share": 0.0, "weight_decay": 0.01,
    "max_grad_norm": 1.0, "save_every": 2, "precision": "fp32", "gradient_checkpointing": False,
    "zero_stage": 0, "num_processes": 1, "label_smoothing": 0.1, "opening_weight": 1.0,
    "lora": {"rank": 4, "alpha": 8, "dropout": 0.1, "targets": "attention"},
}  # fmt: skip


@pytest.fixture
def job(tmp_path, tiny_model):
    """Six blocks of two rows; five steps of two blocks see more than one pass."""
    rows = []
    for i in range(6):
        ids = [1, *range(100 + i, 108 + i), 2]
        row = {"split": "train", "input_ids": ids * 2, "labels": ([-100] * 5 + ids[5:]) * 2}
        row |= {"seq_lengths": [len(ids)] * 2, "example_ids": [f"{i}a", f"{i}b"]}
        rows.append(row | {"read_tokens": 2 * len(ids)})
    path = tmp_path / "rows.arrow"
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, BLOCK) as writer:
        writer.write_table(pa.Table.from_pylist(rows, BLOCK))
    folder = tmp_path / "job"
    folder.mkdir()
    return TrainingJob("sft", str(tiny_model), None, str(path), PARAMETERS, 7, "fp32", str(folder))


@pytest.fixture(autouse=True)
def _one_quick_look_at_the_machine(monkeypatch):
    """The machine's speed is of no interest here."""
    monkeypatch.setattr("ta_pipeline.training.worker.peak_flops", lambda *args: 1e9)


def elsewhere(job, folder, **parameters):
    folder.mkdir(exist_ok=True)
    return dataclasses.replace(job, folder=str(folder), parameters=job.parameters | parameters)


def train(job):
    from ta_pipeline.training import worker

    job.write()
    worker.run(job)
    return outcome(job)


def outcome(job):
    events = lived([json.loads(line) for line in job.events.read_text().splitlines()])
    weights = (job.result / "adapter_model.safetensors").read_bytes()
    return {
        "curve": [(event["step"], event["loss"], event["grad_norm"]) for event in events],
        "rates": [event["learning_rate"] for event in events],
        "hash": hashlib.sha256(weights).hexdigest(),
        "resumed": json.loads((Path(job.folder) / "report.json").read_text())["resumed_from"],
    }


def test_a_run_cut_off_in_a_save_goes_on_to_the_same_adapter(job, tmp_path, monkeypatch):
    whole = train(job)
    cut = elsewhere(job, tmp_path / "cut")
    publish = checkpoints.publish

    def die_at_the_second(written, folder, step, run):
        if step == 4:
            raise KeyboardInterrupt
        return publish(written, folder, step, run)

    with monkeypatch.context() as patch:
        patch.setattr(checkpoints, "publish", die_at_the_second)
        with pytest.raises(KeyboardInterrupt):
            train(cut)
    assert [path.name for path in cut.checkpoints.glob("checkpoint-*")] == ["checkpoint-2"]
    assert [path.name for path in cut.checkpoints.glob(".saving/*")] == ["checkpoint-4"]
    again = train(cut)
    assert again.pop("resumed") == "checkpoint-2"
    assert whole.pop("resumed") is None
    assert again == whole


def test_a_run_killed_after_its_last_step_trains_no_more(job):
    whole = train(job)
    (Path(job.folder) / "report.json").unlink()
    shutil.rmtree(job.result)
    again = train(job)
    assert again == whole | {"resumed": "checkpoint-5"}
    assert (job.checkpoints / "LATEST").read_text() == "checkpoint-5\n"
    assert sorted(path.name for path in job.checkpoints.glob("checkpoint-*")) == [
        "checkpoint-4",
        "checkpoint-5",
    ]


def test_a_fork_learns_at_its_own_rate_and_saves_at_its_own_steps(job, tmp_path):
    train(job)
    changes = {"learning_rate": 1e-3, "max_steps": 8, "save_every": 3}
    fork = elsewhere(job, tmp_path / "fork", **changes)
    shutil.copytree(job.checkpoints / "checkpoint-4", fork.checkpoints / "checkpoint-4")
    forked = train(fork)
    anew = train(elsewhere(job, tmp_path / "anew", **changes))
    assert forked["resumed"] == "checkpoint-4"
    assert [step for step, *_ in forked["curve"]] == [5, 6, 7, 8]
    assert forked["rates"] == anew["rates"][4:]
    assert sorted(path.name for path in fork.checkpoints.glob("checkpoint-*")) == [
        "checkpoint-6",
        "checkpoint-8",
    ]


def test_preference_training_goes_on_from_its_own_adapter_and_not_from_that_of_sft(
    tmp_path, tiny_model, tiny_adapter
):
    rows = [
        {"id": str(i), "split": "train", "prompt_ids": [1, 100 + i], "chosen_ids": [200 + i, 2]}
        | {"rejected_ids": [300 + i, 301, 2]}
        for i in range(6)
    ]
    path = tmp_path / "pairs.arrow"
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, PREFERENCE_TOKENS) as writer:
        writer.write_table(pa.Table.from_pylist(rows, PREFERENCE_TOKENS))
    parameters = PARAMETERS | {"max_steps": 3, "beta": 0.1, "sft_weight": 0.0}
    job = TrainingJob("dpo", str(tiny_model), str(tiny_adapter), str(path), parameters, 7, "fp32", "")
    whole = elsewhere(job, tmp_path / "whole")
    expected = train(whole)
    again = elsewhere(job, tmp_path / "again")
    shutil.copytree(whole.checkpoints / "checkpoint-2", again.checkpoints / "checkpoint-2")
    resumed = train(again)
    assert resumed["curve"] == expected["curve"][2:]
    assert resumed["hash"] == expected["hash"]


def test_every_trainer_saves_safely():
    from ta_pipeline.training.preference import OrpoTrainer, TokenizedDPOTrainer
    from ta_pipeline.training.safe_saving import SafeSaving
    from ta_pipeline.training.sft import PackedTrainer

    for trainer in (PackedTrainer, TokenizedDPOTrainer, OrpoTrainer):
        assert issubclass(trainer, SafeSaving)
