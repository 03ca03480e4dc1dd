"""The history of a run, from what the child reported."""

from ta_pipeline.training.watch.events import history


def test_a_step_and_its_evaluation_are_one_row():
    rows = history(
        [
            {"step": 1, "loss": 2.0},
            {"step": 2, "loss": 1.5},
            {"step": 2, "validation_loss": 1.8, "loss": None},
        ]
    ).to_pylist()
    assert [(r["step"], r["loss"], r["validation_loss"]) for r in rows] == [(1, 2.0, None), (2, 1.5, 1.8)]


def test_a_step_repeated_after_a_resume_counts_once():
    rows = history([{"step": 1, "loss": 2.0}, {"step": 2, "loss": 1.5}, {"step": 2, "loss": 1.6}]).to_pylist()
    assert [(r["step"], r["loss"]) for r in rows] == [(1, 2.0), (2, 1.6)]
