"""A job is a file, and every rank gets rows."""

import dataclasses

import pytest

from ta_pipeline.records import InputError
from ta_pipeline.training.job import TrainingJob, rows_per_step

JOB = TrainingJob("sft", "/m", None, "/d", {"learning_rate": 1e-4}, 7, "fp32", "/f")


def test_a_job_survives_its_file(tmp_path):
    job = dataclasses.replace(JOB, folder=str(tmp_path))
    assert TrainingJob.read(job.write()) == job


def test_every_rank_gets_at_least_one_row_a_step():
    assert rows_per_step("sft", {"global_batch_size": 1, "num_processes": 2}) == 2
    assert rows_per_step("sft", {"global_batch_size": 8, "num_processes": 2}) == 8


def test_a_batch_that_the_ranks_cannot_share_is_refused():
    with pytest.raises(InputError, match="sft.global_batch_size=3 cannot be shared by 2 processes"):
        rows_per_step("sft", {"global_batch_size": 3, "num_processes": 2})
