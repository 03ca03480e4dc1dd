"""The history of a run, from what the child reported, and what is shown of it."""

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from ta_pipeline.training.watch.board import Board
from ta_pipeline.training.watch.events import Replay, figures_of, history


def step(number, loss, **figures):
    return {"step": number, "time": 1000.0 + number, "loss": loss} | figures


def test_a_step_and_its_evaluation_are_one_row():
    rows = history(
        [
            {"step": 1, "loss": 2.0},
            {"step": 2, "loss": 1.5, "example_ids": ["a", "b"]},
            {"step": 2, "validation_loss": 1.8},
        ]
    ).to_pylist()
    assert [(r["step"], r["loss"], r["validation_loss"]) for r in rows] == [(1, 2.0, None), (2, 1.5, 1.8)]
    assert [r["example_ids"] for r in rows] == [None, ["a", "b"]]


def test_a_step_repeated_after_a_resume_counts_once():
    rows = history([{"step": 1, "loss": 2.0}, {"step": 2, "loss": 1.5}, {"step": 2, "loss": 1.6}]).to_pylist()
    assert [(r["step"], r["loss"]) for r in rows] == [(1, 2.0), (2, 1.6)]


def test_each_evaluated_set_has_figures_of_its_own():
    assert figures_of({"eval_loss": 1.0, "eval_mean_token_accuracy": 0.5}) == {
        "validation_loss": 1.0,
        "validation_accuracy": 0.5,
    }
    assert figures_of({"eval_validation_loss": 1.0, "eval_mean_token_accuracy": 0.5}) == {
        "validation_loss": 1.0,
        "validation_accuracy": 0.5,
    }
    assert figures_of({"eval_general_loss": 2.0, "eval_mean_token_accuracy": 0.4}) == {"general_loss": 2.0}
    assert figures_of({"eval_benchmark_loss": 2.0, "eval_mean_token_accuracy": 0.4}) == {
        "benchmark_score": 0.4
    }
    assert figures_of({"loss": 3.0, "mean_token_accuracy": 0.1, "rewards/margins": 0.2, "epoch": 1.0}) == {
        "loss": 3.0,
        "token_accuracy": 0.1,
        "reward_margin": 0.2,
    }


def test_what_a_killed_run_reported_beyond_its_checkpoint_is_not_shown_twice():
    seen = []
    show = Replay(
        [
            step(1, 3.0),
            step(2, 2.5),
            {"step": 2, "validation_loss": 2.6, "time": 0.0},
            step(3, 2.2),
            step(4, 2.1),
        ],
        [lambda number, figures, seconds: seen.append((number, figures))],
    )
    show(step(3, 2.2, grad_norm=0.5))
    show(step(4, 2.0))
    assert seen == [
        (1, {"loss": 3.0}),
        (2, {"loss": 2.5}),
        (2, {"validation_loss": 2.6}),
        (3, {"loss": 2.2, "grad_norm": 0.5}),
        (4, {"loss": 2.0}),
    ]


def test_an_evaluation_alone_keeps_the_step_that_it_looks_at():
    seen = []
    show = Replay(
        [step(2, 2.5), {"step": 2, "validation_loss": 2.6, "time": 0.0}],
        [lambda number, figures, seconds: seen.append(figures)],
    )
    show({"step": 2, "validation_loss": 2.6, "time": 9.0})
    assert seen == [{"loss": 2.5}, {"validation_loss": 2.6}]


def test_where_nothing_new_comes_the_old_is_shown():
    seen = []
    show = Replay([step(1, 3.0)], [lambda number, figures, seconds: seen.append(number)])
    show.close()
    show.close()
    assert seen == [1]


def test_a_number_that_is_none_is_not_shown():
    seen = []
    Replay([], [lambda number, figures, seconds: seen.append(figures)])(step(1, float("nan"), grad_norm=1.0))
    assert seen == [{"grad_norm": 1.0}]


def points(folder, name):
    accumulator = EventAccumulator(str(folder))
    accumulator.Reload()
    return [(event.step, round(event.value, 4)) for event in accumulator.Scalars(name)]


def test_tensorboard_reads_back_every_step_once_also_of_a_resumed_run(tmp_path):
    folder = tmp_path / "tensorboard" / "sft-abc"
    first = [step(1, 3.0, mfu=0.25), step(2, 2.5, mfu=0.3), step(3, 2.2)]
    with Board(folder) as board:
        show = Replay([], [board.show])
        for event in first:
            show(event)
    assert points(folder, "loss") == [(1, 3.0), (2, 2.5), (3, 2.2)]
    assert points(folder, "mfu") == [(1, 0.25), (2, 0.3)]

    with Board(folder) as board:  # killed after step 3, its checkpoint was that of step 2
        show = Replay(first, [board.show])
        for event in (step(3, 2.2), step(4, 2.1)):
            show(event)
    assert points(folder, "loss") == [(1, 3.0), (2, 2.5), (3, 2.2), (4, 2.1)]
    assert points(folder, "mfu") == [(1, 0.25), (2, 0.3)]
