"""A job's key changes with everything its result depends on, and with nothing else."""

import dataclasses

import pytest

from ta_pipeline.training.job import TrainingJob

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


def test_where_the_job_runs_does_not_change_the_key():
    assert dataclasses.replace(JOB, folder="/elsewhere", data="/other").key("d", "m", "c") == JOB.key(
        "d", "m", "c"
    )
