"""What the training child reports while it trains, one JSON object a line, and what becomes of it.

Only rank 0 writes. A line holds the figures of one optimizer step; the parent reads them as they come.
"""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import psutil
import pyarrow as pa
from transformers import TrainerCallback

#: Figures of each step, as the history of a run keeps them.
COLUMNS = (
    "loss",
    "learning_rate",
    "grad_norm",
    "token_accuracy",
    "tokens_per_second",
    "memory_gb",
    "validation_loss",
    "reward_margin",
    "reward_accuracy",
)
_NAMES = {
    "mean_token_accuracy": "token_accuracy",
    "eval_loss": "validation_loss",
    "rewards/margins": "reward_margin",
    "rewards/accuracies": "reward_accuracy",
}


class EventWriter(TrainerCallback):  # type: ignore[misc]
    """Append every step's figures to a file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._process = psutil.Process()
        self._tokens = 0.0
        self._step_started = time.monotonic()

    def on_step_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Start the step's clock."""
        self._step_started = time.monotonic()

    def on_log(self, args: Any, state: Any, control: Any, logs: dict[str, Any], **kwargs: Any) -> None:
        """Write one line for a training step or an evaluation."""
        if not state.is_world_process_zero or not ({"loss", "eval_loss"} & logs.keys()):
            return
        row = {_NAMES.get(name, name): value for name, value in logs.items()}
        event = {"step": state.global_step} | {name: row.get(name) for name in COLUMNS}
        if (total := row.get("num_tokens")) is not None and "loss" in logs:
            seconds = time.monotonic() - self._step_started
            event["tokens"] = total - self._tokens
            event["tokens_per_second"] = round(event["tokens"] / seconds, 1) if seconds > 0 else None
            event["step_seconds"] = round(seconds, 4)
            self._tokens = total
        event["memory_gb"] = round(self._memory() / 2**30, 3)
        with self._path.open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(event) + "\n")

    def _memory(self) -> int:
        import torch

        if torch.cuda.is_available():
            return int(torch.cuda.max_memory_allocated())
        return int(self._process.memory_info().rss)


def history(events: list[dict[str, Any]]) -> pa.Table:
    """Turn events into a table with one row a step; a resumed step counts once, as it was last seen."""
    by_step: dict[int, dict[str, Any]] = {}
    for event in events:
        row = by_step.setdefault(event["step"], {"step": event["step"]})
        row.update({name: event[name] for name in COLUMNS if event.get(name) is not None})
    schema = pa.schema([("step", pa.int32()), *((name, pa.float64()) for name in COLUMNS)])
    return pa.Table.from_pylist([by_step[step] for step in sorted(by_step)], schema)
