"""A job's key changes with everything its result depends on, and with nothing else."""

import dataclasses

import pytest

from ta_pipeline.records import InputError
from ta_pipeline.training.job import TrainingJob, rows_per_step

JOB = TrainingJob("sft", "/m", None, "/d", {"learning_rate": 1e-4}, 7, "fp32", "/f")


def test_a_job_survives_its_file(tmp_path):
    job = dataclasses.replace(JOB, folder=str(tmp_path))
    assert TrainingJob.read(job.write()) == job


@pytest.mark.parametrize(
    "change", [{"parameters": {"learning_rate": 2e-4}}, {"seed": 8}, {"precision": "bf16"}]
)
def test_parameters_seed_and_precision_change_the_key(change):
    assert dataclasses.replace(JOB, **change).key("d", "m", "c") != JOB.key("d", "m", "c")


@pytest.mark.parametrize("hashes", [("D", "m", "c"), ("d", "M", "c"), ("d", "m", "C")])
def test_data_model_and_code_change_the_key(hashes):
    assert JOB.key(*hashes) != JOB.key("d", "m", "c")


def test_every_rank_gets_at_least_one_row_a_step():
    assert rows_per_step("sft", {"global_batch_size": 1, "num_processes": 2}) == 2
    assert rows_per_step("sft", {"global_batch_size": 8, "num_processes": 2}) == 8


def test_a_batch_that_the_ranks_cannot_share_is_refused():
    with pytest.raises(InputError, match="sft.global_batch_size=3 cannot be shared by 2 processes"):
        rows_per_step("sft", {"global_batch_size": 3, "num_processes": 2})


def test_where_the_job_runs_does_not_change_the_key():
    assert dataclasses.replace(JOB, folder="/elsewhere", data="/other").key("d", "m", "c") == JOB.key(
        "d", "m", "c"
    )
