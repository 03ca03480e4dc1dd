"""The headline figures of a run, and what is said of it in the terminal."""

import pytest

from ta_pipeline.training.job import TrainingJob
from ta_pipeline.training.watch.events import history
from ta_pipeline.training.watch.summary import say_what_is_wrong, sum_up


def step(number, loss, seconds, mfu, tokens=100):
    figures = {"step_seconds": seconds, "tokens_read": tokens, "mfu": mfu, "memory_gb": 1.0 + number / 10}
    return {"step": number, "loss": loss} | figures


EVENTS = [
    {"step": 0, "validation_loss": 3.0},
    step(1, 2.5, 9.0, 0.01),
    step(2, 2.0, 1.0, 0.2),
    {"step": 2, "validation_loss": 2.2},
    step(3, 1.5, 3.0, 0.1),
    {"step": 3, "validation_loss": 2.4},
]


def test_speed_and_mfu_leave_the_first_step_out_and_weigh_the_others_by_their_time():
    figures = sum_up(EVENTS)
    assert figures == {
        "steps": 3,
        "tokens": 300,
        "loss_first": 2.5,
        "loss_last": 1.5,
        "validation_loss": 2.4,
        "tokens_per_s": 50.0,
        "mfu": pytest.approx((0.2 * 1 + 0.1 * 3) / 4),
        "peak_memory_gb": 1.3,
    }


def test_a_step_computed_twice_counts_once():
    assert sum_up([*EVENTS, step(3, 1.4, 3.0, 0.1)]) == sum_up(EVENTS) | {"loss_last": 1.4}


def test_the_validation_loss_is_that_of_the_kept_weights():
    assert sum_up(EVENTS, kept_step=2)["validation_loss"] == 2.2
    assert sum_up(EVENTS, kept_step=0)["validation_loss"] == 3.0


def test_nothing_is_made_up_where_nothing_was_seen():
    assert set(sum_up([]).values()) == {0, None}


def test_findings_are_lines_in_the_terminal_and_rows_of_the_report(caplog):
    job = TrainingJob("sft", "", None, "", {"learning_rate": 1.0}, 7, "fp32", "")
    rising = history([{"step": i, "loss": 1.0 + 0.2 * i} for i in range(1, 21)])
    [row] = say_what_is_wrong(job, rising)
    assert row["name"] == "diverged"
    assert caplog.messages[0].startswith("sft: diverged at step")
    assert "Try: learning_rate 0.1" in caplog.messages[0]
