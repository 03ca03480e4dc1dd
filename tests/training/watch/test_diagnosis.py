"""Causes found in curves that were really seen, and silence on healthy ones.

The curves are those of runs on the schooled model (conftest.py) and of the bundled one; those of broken runs
are trained anew by test_broken_runs.py.
"""

import random

import pytest

from ta_pipeline.training.watch.diagnosis import Point, diagnose, explain, spike_steps, suspects
from ta_pipeline.training.watch.events import history

PARAMETERS = {"learning_rate": 1e-2}
LEARNS = [
    2.02,
    2.0,
    1.73,
    1.47,
    1.27,
    0.87,
    0.55,
    0.37,
    0.34,
    0.13,
    0.1,
    0.07,
    0.05,
    0.06,
    0.05,
    0.05,
    0.04,
    0.04,
]
WITH_REPLAY = [
    0.96,
    0.99,
    1.12,
    0.38,
    0.21,
    0.35,
    0.25,
    0.25,
    0.29,
    0.23,
    0.21,
    0.18,
    0.14,
    0.1,
    0.1,
    0.11,
    0.09,
]
DIVERGES = [
    2.02,
    3.81,
    6.73,
    5.48,
    5.64,
    4.83,
    4.48,
    4.56,
    4.44,
    4.43,
    4.69,
    4.35,
    4.21,
    4.36,
    4.34,
    4.27,
    4.3,
]
#: SFT and DPO of the bundled model on the bundled course, one block and four pairs a step, from their
#: histories; that DPO learns shows in its margins, its loss is mostly that of the chosen answers.
NOISY = [
    1.954, 1.427, 1.637, 0.857, 1.195, 1.761, 1.451, 1.91, 1.221, 1.63, 1.331, 0.514, 0.964, 0.917, 0.708, 1.464,
    0.425, 0.897, 0.435, 1.18, 0.765, 0.616, 0.318, 0.099, 0.882, 0.939, 1.974, 0.454, 0.418, 0.515, 1.694, 0.517,
    0.189, 0.611, 1.151, 1.841, 0.934, 0.357, 0.535, 1.202, 0.744, 1.637, 0.428, 0.988, 0.985, 1.567, 1.091, 0.952,
    0.404, 0.157, 1.363, 0.529, 0.451, 1.42, 0.518, 0.717, 0.317, 0.779, 1.002, 0.693, 0.862, 0.598,
]  # fmt: skip
PREFERENCES = [
    1.231, 1.045, 1.434, 1.644, 1.483, 1.107, 1.67, 1.245, 1.255, 1.819, 1.859, 1.319, 1.163, 1.5, 1.594, 0.807,
    0.934, 2.298, 1.222, 1.271,
]  # fmt: skip


def table(losses, **figures):
    """A history with a row of ids for every step."""
    events = [
        {"step": i, "loss": loss, "example_ids": [f"row{i}"]}
        | {name: values[i] for name, values in figures.items() if i in values}
        for i, loss in enumerate(losses, start=1)
    ]
    return history(events)


def names(*args, **kwargs):
    return [finding.name for finding in diagnose(*args, **kwargs)]


@pytest.mark.parametrize("losses", [LEARNS, WITH_REPLAY, NOISY, PREFERENCES])
def test_nothing_is_found_in_a_healthy_run(losses):
    assert names(table(losses), PARAMETERS) == []


@pytest.mark.parametrize("seed", range(20))
def test_nothing_is_found_in_a_falling_loss_with_the_scatter_of_small_batches(seed):
    draw = random.Random(seed)
    losses = [2.0 * 0.99**i * draw.gauss(1, 0.08) for i in range(100)]
    assert names(table(losses), PARAMETERS) == []


def test_nothing_is_said_of_a_few_steps():
    assert names(table([2.0, 2.0, 2.1, 2.0]), PARAMETERS) == []
    assert names(table([]), PARAMETERS) == []


def test_a_learning_rate_that_is_too_high_is_named_and_a_tenth_advised():
    [finding] = diagnose(table(DIVERGES), {"learning_rate": 1.0})
    assert (finding.name, finding.severity, finding.step) == ("diverged", "stop", 3)
    assert "rose from 3.81 to 4.3 at learning_rate 1." in finding.evidence
    assert finding.cures[0].startswith("learning_rate 0.1;")


def around(mean, scatter, count=40, seed=1):
    draw = random.Random(seed)
    return [mean + draw.gauss(0, scatter) for _ in range(count)]


def test_a_validation_loss_that_stays_where_it_was_is_named():
    [finding] = diagnose(table(around(2.0, 0.4), validation_loss={1: 2.1, 20: 2.1, 40: 2.09}), PARAMETERS)
    assert (finding.name, finding.step) == ("loss_does_not_fall", 40)
    assert names(table(around(2.0, 0.4), validation_loss={1: 2.1, 20: 1.95, 40: 2.0}), PARAMETERS) == []


def test_a_training_loss_must_be_certain_not_to_fall_unless_the_learning_rate_is_next_to_nothing():
    assert names(table(around(2.0, 0.02)), PARAMETERS) == ["loss_does_not_fall"]
    assert names(table(around(2.0, 0.4)), PARAMETERS) == []
    [finding] = diagnose(table(around(2.0, 0.4)), {"learning_rate": 1e-9})
    assert finding.name == "loss_does_not_fall"
    assert "learning_rate is 1e-09" in finding.evidence


def test_a_spike_names_the_rows_of_its_batch():
    losses = list(NOISY)
    losses[11] = 6.5
    [finding] = diagnose(table(losses), PARAMETERS)
    assert (finding.name, finding.step) == ("spike", 12)
    assert "jumped to 6.5; rows in the batch: row12." in finding.evidence


def test_the_row_that_all_spikes_share_is_the_suspect():
    assert suspects([["a", "bad", "c"], ["bad", "d"], ["e", "bad"]]) == ["bad"]
    assert suspects([["a", "b"]]) == ["a", "b"]
    assert suspects([[]]) == []


def test_a_step_down_is_no_spike_of_the_steps_before_it():
    losses = [Point(i, value) for i, value in enumerate([9.0] * 10 + [2.0] * 10)]
    assert spike_steps(losses) == []


def test_overfitting_is_a_validation_loss_that_rises_while_training_goes_on_falling():
    falls = [5.7, 3.9, 2.3, 1.6, 1.3, 0.8, 0.7, 0.5, 0.4, 0.2, 0.2, 0.1, 0.1, 0.06, 0.05]
    seen = {3: 1.88, 6: 1.57, 9: 1.86, 12: 2.11, 15: 2.17}
    [finding] = diagnose(table(falls, validation_loss=seen), PARAMETERS)
    assert (finding.name, finding.step) == ("overfitting", 6)
    assert "rose from 1.570 to 2.170" in finding.evidence
    assert (
        names(table(falls, validation_loss={3: 1.88, 6: 1.57, 9: 1.55, 12: 1.56, 15: 1.57}), PARAMETERS) == []
    )


def test_forgetting_is_a_loss_on_general_rows_that_rises():
    [finding] = diagnose(table(LEARNS, general_loss={1: 0.21, 8: 1.37, 16: 1.48}), PARAMETERS)
    assert (finding.name, finding.step) == ("forgetting", 16)
    assert "from 0.210 (step 1) to 1.480" in finding.evidence
    assert names(table(LEARNS, general_loss={1: 0.21, 8: 0.25, 16: 0.22}), PARAMETERS) == []


def test_a_loss_of_zero_and_one_that_is_no_number_are_named_alone():
    assert names(table([2.0, 0.0, 0.0, *LEARNS]), PARAMETERS) == ["nothing_to_learn"]
    [finding] = diagnose(table([2.0, 5.0, float("nan")]), PARAMETERS)
    assert (finding.name, finding.step) == ("not_a_number", 3)


def test_memory_that_is_reserved_and_never_needed_is_fragmented():
    held = table(LEARNS, memory_gb={5: 10.0}, reserved_gb={5: 18.5})
    [finding] = diagnose(held, PARAMETERS)
    assert (finding.name, finding.step) == ("memory_fragmented", 5)
    assert "holds 18.5 GiB" in finding.evidence
    assert "PYTORCH_ALLOC_CONF=expandable_segments:True" in finding.cures[0]
    assert names(table(LEARNS, memory_gb={5: 16.0}, reserved_gb={5: 18.5}), PARAMETERS) == []


#: As PyTorch words it, shortened to what is read.
OUT_OF_MEMORY = (
    "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 1.50 GiB. GPU 0 has a total capacity of "
    "23.64 GiB of which 1.20 GiB is free. Process 1 has 22.40 GiB memory in use. Of the allocated memory "
    "{used} is allocated by PyTorch, and {held} is reserved by PyTorch but unallocated."
)
NCCL = (
    "[rank1]:[E1122 10:00:00 ProcessGroupNCCL.cpp:632] [Rank 1] Watchdog caught collective operation timeout: "
    "WorkNCCL(SeqNum=42, OpType=ALLREDUCE, NumelIn=1, NumelOut=1, Timeout(ms)=600000) ran for 600029 "
    "milliseconds before timing out."
)


def test_out_of_memory_with_much_held_in_reserve_is_fragmentation_and_without_it_is_not():
    [finding] = explain(OUT_OF_MEMORY.format(used="13.10 GiB", held="8.90 GiB"))
    assert finding.name == "memory_fragmented"
    assert "holds 22.0 GiB" in finding.evidence
    assert explain(OUT_OF_MEMORY.format(used="21.90 GiB", held="112.00 MiB")) == []


def test_a_time_out_of_nccl_names_the_operation():
    [finding] = explain(NCCL)
    assert (finding.name, finding.severity) == ("nccl_timeout", "stop")
    assert "in ALLREDUCE" in finding.evidence
    assert any("NCCL_P2P_DISABLE=1" in cure for cure in finding.cures)


def test_what_stopped_a_run_explains_its_curve():
    printed = (
        "ta_pipeline.training.watch.steps.NotANumberError: step 7: the loss is nan on rows a, b, at learning "
        "rate 1. Lower learning_rate"
    )
    [finding] = diagnose(table(DIVERGES), {"learning_rate": 1.0}, printed)
    assert (finding.name, finding.step) == ("not_a_number", 7)
    assert finding.evidence == "the loss is nan on rows a, b, at learning rate 1."
    masked = "NothingToLearnError: step 1: nothing is learned from row x: every label is masked (-100)."
    [finding] = explain(masked)
    assert (finding.name, finding.step) == ("nothing_to_learn", 1)
    assert finding.evidence == "nothing is learned from row x."


def test_a_finding_in_one_line_has_its_step_and_first_cure():
    losses = list(NOISY)
    losses[11] = 6.5
    [finding] = diagnose(table(losses), PARAMETERS)
    assert finding.line().startswith("spike at step 12: the loss jumped")
    assert finding.line().endswith("Try: look at these rows with `ta preview`, and take out or mend them.")
