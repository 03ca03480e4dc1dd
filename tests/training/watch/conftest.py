"""Small jobs on the two-layer model, trained in this process."""

import json

import pyarrow as pa
import pytest

from ta_pipeline.chat.packing import BLOCK
from ta_pipeline.params import SftParams
from ta_pipeline.training.job import TrainingJob

PARAMETERS = {
    "learning_rate": 1e-2, "max_steps": 6, "global_batch_size": 2, "warmup_share": 0.0, "weight_decay": 0.0,
    "max_grad_norm": 1.0, "save_every": 100, "precision": "fp32", "gradient_checkpointing": False,
    "zero_stage": 0, "num_processes": 1, "label_smoothing": 0.0, "opening_weight": 1.0,
    "lora": {"rank": 4, "alpha": 8, "dropout": 0.0, "targets": "attention+mlp"},
}  # fmt: skip


def _block(name, ids, prompt=8, split="train"):
    """A block of one row whose first `prompt` tokens are not learned."""
    labels = [-100] * prompt + ids[prompt:]
    row = {"split": split, "input_ids": ids, "labels": labels, "seq_lengths": [len(ids)]}
    return row | {"example_ids": [name], "read_tokens": len(ids)}


def _counting(count, split="train", length=24):
    """Blocks that count upwards from different numbers: something that can be learned."""
    return [
        _block(f"{split}{i}", [1, *range(300 + 7 * i, 300 + 7 * i + length), 2], split=split)
        for i in range(count)
    ]


@pytest.fixture
def make_job(tmp_path, tiny_model):
    """Write blocks and parameters as a job of its own folder."""

    def make(blocks, name="job", **changes):
        folder = tmp_path / name
        folder.mkdir(exist_ok=True)
        data = folder / "rows.arrow"
        table = pa.Table.from_pylist(blocks, BLOCK)
        with pa.OSFile(str(data), "wb") as sink, pa.ipc.new_file(sink, BLOCK) as writer:
            writer.write_table(table)
        parameters = SftParams.model_validate(PARAMETERS | changes).model_dump()
        return TrainingJob("sft", str(tiny_model), None, str(data), parameters, 7, "fp32", str(folder))

    return make


@pytest.fixture
def run_job():
    """Train a job in this process; returns its events and its report (None where it was stopped)."""

    def run(job):
        from ta_pipeline.training.worker import run

        run(job)
        return _events_of(job), json.loads((job.result.parent / "report.json").read_text())

    return run


def _events_of(job):
    """Read what a job's child has written so far."""
    return [json.loads(line) for line in job.events.read_text().splitlines()] if job.events.is_file() else []


@pytest.fixture
def block():
    """Make a block of one row."""
    return _block


@pytest.fixture
def counting():
    """Make blocks that can be learned."""
    return _counting


@pytest.fixture
def events_of():
    """Read a job's events."""
    return _events_of
