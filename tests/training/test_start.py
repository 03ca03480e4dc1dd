"""From parameters to a job: what to go on from, and what is said of it."""

import pyarrow as pa
import pytest

from ta_pipeline.chat.packing import BLOCK
from ta_pipeline.params import SftParams
from ta_pipeline.records import InputError
from ta_pipeline.training import start

PARAMETERS = {
    "learning_rate": 1e-2, "epochs": 2, "global_batch_size": 2, "warmup_share": 0.0, "weight_decay": 0.0,
    "max_grad_norm": 1.0, "save_every": 2, "precision": "fp32", "gradient_checkpointing": False,
    "zero_stage": 0, "num_processes": 1, "label_smoothing": 0.0, "opening_weight": 1.0,
    "lora": {"rank": 4, "alpha": 8, "dropout": 0.0, "targets": "attention+mlp"},
}  # fmt: skip
ROW = {"split": "train", "input_ids": [1, 50, 2], "labels": [-100, -100, 2], "seq_lengths": [3],
       "example_ids": ["a"], "read_tokens": 3}  # fmt: skip


def test_the_base_model_is_where_training_starts_unless_it_goes_on(tiny_adapter):
    assert start.starting_point(None, tiny_adapter) is None
    assert start.starting_point("last", tiny_adapter) == tiny_adapter
    assert start.starting_point(str(tiny_adapter), None) == tiny_adapter


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ("last", "no run has left an sft_adapter yet. Train once"),
        ("/no/such", "sft.continue_from=/no/such: there is no such folder"),
    ],
)
def test_what_is_not_there_cannot_be_gone_on_from(asked, message):
    with pytest.raises(InputError, match=message):
        start.starting_point(asked, None)


def test_a_folder_without_weights_cannot_either(tmp_path):
    with pytest.raises(InputError, match="neither an adapter nor a whole model"):
        start.starting_point(str(tmp_path), None)


@pytest.fixture
def started(monkeypatch, tmp_path, tiny_model):
    """Start a training up to the child process; gives the job and the report."""

    def run(adapter=None, **parameters):
        jobs = []
        monkeypatch.setenv("OUT_BASE", str(tmp_path))
        monkeypatch.setattr(start.launch, "run", lambda job, on_step: (jobs.append(job), ("r", "h", {}))[1])
        sft = SftParams.model_validate(PARAMETERS | parameters)
        rows = pa.Table.from_pylist([ROW] * 3, BLOCK)
        report = start.start_training("sft", rows, tiny_model, adapter, sft, 7, print)[2]
        return jobs[0], report

    return run


def test_a_training_that_goes_on_says_from_what(started, tiny_adapter, monkeypatch):
    job, report = started(tiny_adapter)
    assert job.adapter == str(tiny_adapter)
    assert report["continued_from"]["folder"] == str(tiny_adapter)
    assert len(report["continued_from"]["sha256"]) == 64
    assert "continued_from" not in started()[1]


def test_a_fall_back_to_plain_lora_is_in_the_job_and_in_the_report(started, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "bitsandbytes", None)
    job, report = started(qlora="auto")
    assert job.parameters["qlora"] == "never"
    assert report["plain_because"].startswith("bitsandbytes does not work here")
    assert started()[1]["plain_because"] is None
