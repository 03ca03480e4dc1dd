"""Figures of training steps in MLflow."""

import mlflow
import pytest

from ta_pipeline.tracking import log_step


@pytest.fixture
def tracked(tmp_path):
    before = mlflow.get_tracking_uri()
    mlflow.set_tracking_uri(f"sqlite:///{tmp_path / 'mlflow.db'}")
    mlflow.create_experiment("steps", artifact_location=str(tmp_path / "artifacts"))
    yield mlflow.MlflowClient()
    mlflow.set_tracking_uri(before)


def test_every_step_is_there_when_the_run_has_ended(tracked):
    mlflow.set_experiment("steps")
    log = log_step("sft")
    with mlflow.start_run() as run:
        for step in range(1, 41):
            log({"step": step, "loss": 1 / step, "mfu": None})
    points = tracked.get_metric_history(run.info.run_id, "sft/loss")
    assert sorted(point.step for point in points) == list(range(1, 41))
    assert max(points, key=lambda point: point.step).value == 1 / 40
    assert "sft/mfu" not in tracked.get_run(run.info.run_id).data.metrics


def test_without_a_run_nothing_is_logged():
    log_step("sft")({"step": 1, "loss": 1.0})
    assert mlflow.active_run() is None
