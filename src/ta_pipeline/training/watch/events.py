"""What the training child reports while it trains, one JSON object a line, and what becomes of it.

Only rank 0 writes. A line holds the figures of one optimizer step or of one evaluation; the parent reads them
as they come.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
from transformers import TrainerCallback

from ta_pipeline.training.watch.steps import Meter

#: Figures of each step, as the history of a run, MLflow and TensorBoard have them. `tokens_read` counts what
#: the model reads, over all ranks, in SFT and in preference training alike: what rows share counts once where
#: it is read once, and padding not at all. `general_loss` is the validation loss on rows of public sets.
COLUMNS = (
    "loss",
    "learning_rate",
    "grad_norm",
    "token_accuracy",
    "tokens_read",
    "tokens_learned",
    "tokens_per_second",
    "step_seconds",
    "mfu",
    "memory_gb",
    "reserved_gb",
    "cpu_share",
    "gpu_share",
    "validation_loss",
    "validation_accuracy",
    "general_loss",
    "benchmark_score",
    "reward_margin",
    "reward_accuracy",
)
_NAMES = {
    "mean_token_accuracy": "token_accuracy",
    "rewards/margins": "reward_margin",
    "rewards/accuracies": "reward_accuracy",
}
#: What loss and token accuracy of an evaluated set are called; a trainer with one set calls it "eval".
_SETS: dict[str, tuple[str | None, str | None]] = {
    "eval": ("validation_loss", "validation_accuracy"),
    "eval_validation": ("validation_loss", "validation_accuracy"),
    "eval_general": ("general_loss", None),
    "eval_benchmark": (None, "benchmark_score"),
}
_EVALUATED = ("validation_loss", "general_loss", "benchmark_score")

Event = dict[str, Any]
#: Takes a step, its figures by name, and the time in seconds since 1970.
Show = Callable[[int, dict[str, float], float], None]


def figures_of(logs: dict[str, Any]) -> dict[str, float]:
    """Take what a trainer logs of a step, or of an evaluated set, under the names of COLUMNS.

    TRL calls the accuracy `eval_mean_token_accuracy` whichever set it looks at.
    """
    named: dict[str | None, Any] = {_NAMES.get(name, name): value for name, value in logs.items()}
    for prefix, (loss, accuracy) in _SETS.items():
        if f"{prefix}_loss" in logs:
            named |= {loss: logs[f"{prefix}_loss"], accuracy: logs.get("eval_mean_token_accuracy")}
    return {name: named[name] for name in COLUMNS if named.get(name) is not None}


class EventWriter(TrainerCallback):  # type: ignore[misc]
    """Append every step's figures to a file."""

    def __init__(self, path: Path, meter: Meter) -> None:
        """`meter` is the watched trainer's own."""
        self._path, self._meter = path, meter

    def on_log(self, args: Any, state: Any, control: Any, logs: dict[str, Any], **kwargs: Any) -> None:
        """Write one line for a training step or an evaluation."""
        figures = figures_of(logs)
        trained = "loss" in figures
        if not state.is_world_process_zero or not (trained or any(name in figures for name in _EVALUATED)):
            return
        event: Event = {"step": state.global_step, "time": round(time.time(), 3)} | figures
        if trained:
            event |= self._meter.figures | {"example_ids": self._meter.ids}
        with self._path.open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(event) + "\n")


def history(events: list[Event]) -> pa.Table:
    """Turn events into a table with one row a step; a resumed step counts once, as it was last seen.

    Beside COLUMNS it has `example_ids`, the rows of the step's batches over all ranks.
    """
    by_step: dict[int, Event] = {}
    for event in events:
        row = by_step.setdefault(event["step"], {"step": event["step"]})
        row.update({name: event[name] for name in (*COLUMNS, "example_ids") if event.get(name) is not None})
    figures = [(name, pa.float64()) for name in COLUMNS]
    schema = pa.schema([("step", pa.int32()), *figures, ("example_ids", pa.list_(pa.string()))])
    return pa.Table.from_pylist([by_step[step] for step in sorted(by_step)], schema)


def once(show: Show) -> Show:
    """Hand on only what has not been shown: MLflow keeps every point that it is given.

    A run that is changed when memory runs out, and goes on, comes to some steps twice.
    """
    shown: set[tuple[int, tuple[str, ...]]] = set()

    def first(step: int, figures: dict[str, float], seconds: float) -> None:
        if (key := (step, tuple(sorted(figures)))) not in shown:
            shown.add(key)
            show(step, figures, seconds)

    return first


class Replay:
    """Hand events on to who shows them (MLflow, TensorBoard): first those of the killed run, then new ones.

    What a killed run had reported beyond its last checkpoint is computed again and must not stand twice.
    Where the run goes on is known by its first new event.
    """

    def __init__(self, earlier: list[Event], shown: list[Show]) -> None:
        """`earlier` are the events of the killed run."""
        self._earlier, self._shown = earlier, shown

    def __call__(self, event: Event) -> None:
        """Show an event, after those before it that have not been shown."""
        self._show_earlier(lambda old: _place(old) < _place(event))
        self._show(event)

    def close(self) -> None:
        """Show what the killed run had reported where nothing new has come."""
        self._show_earlier(lambda old: True)

    def _show_earlier(self, stays: Callable[[Event], bool]) -> None:
        earlier = {_place(old): old for old in self._earlier if stays(old)}
        self._earlier = []
        for key in sorted(earlier):
            self._show(earlier[key])

    def _show(self, event: Event) -> None:
        figures = {name: float(event[name]) for name in COLUMNS if event.get(name) is not None}
        for show in self._shown:
            show(event["step"], {n: v for n, v in figures.items() if math.isfinite(v)}, event["time"])


def _place(event: Event) -> tuple[int, int]:
    """Order events: by step, and after a step's training what was evaluated then, one set after another."""
    kinds = ("loss", *_EVALUATED)
    return event["step"], next(i for i, name in enumerate(kinds) if name in event)
