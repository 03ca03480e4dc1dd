"""Which rows a run learns from: all of them, those of one capability, or a few to try the way through."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pyarrow as pa

from ta_pipeline.params import SftParams
from ta_pipeline.records import InputError

#: The tasks of each capability that can be trained alone, as in the files `processed/*_sft.jsonl`: the one
#: that a row of such a file has by itself first. Who answers from passages must learn to refuse too.
TASKS: dict[str, tuple[str, ...]] = {
    "tool": ("tool",),
    "rag": ("rag", "refusal"),
    "style": ("style", "qa"),
}
CHOICES = ("all", "sample", *TASKS)

#: Of "sample": training rows of each task, and steps.
SAMPLE_ROWS, SAMPLE_STEPS = 8, 4


def select_rows(rows: pa.Table, task: str) -> pa.Table:
    """Keep the rows (columns split, task) that `task` names, in their order.

    "tool", "rag" and "style" keep the tasks of TASKS; "sample" keeps the first SAMPLE_ROWS of each task in
    each split; "all" keeps everything. Raises InputError for another name and where no training row is left.
    """
    if task not in CHOICES:
        raise InputError(
            f"task: {task!r} is none of {', '.join(CHOICES)}. Set task in conf/base/parameters.yml."
        )
    if task == "all":
        return rows
    kept = rows.take(pa.array(_few(rows) if task == "sample" else _of(rows, TASKS[task]), pa.int64()))
    if "train" not in kept.column("split").to_pylist():
        there = ", ".join(sorted(set(rows.column("task").to_pylist()))) or "none"
        raise InputError(
            f"task={task}: no training row is of the tasks {', '.join(TASKS.get(task, ('any',)))}; those of "
            f"this course are of {there}. Add such rows to the course, or set task=all."
        )
    return kept


def _of(rows: pa.Table, tasks: tuple[str, ...]) -> Iterator[int]:
    return (place for place, task in enumerate(rows.column("task").to_pylist()) if task in tasks)


def _few(rows: pa.Table) -> Iterator[int]:
    seen: dict[tuple[str, str], int] = {}
    pairs = zip(rows.column("split").to_pylist(), rows.column("task").to_pylist(), strict=True)
    for place, pair in enumerate(pairs):
        seen[pair] = seen.get(pair, 0) + 1
        if seen[pair] <= SAMPLE_ROWS:
            yield place


def account_for(report: dict[str, Any], left_out: int, task: str) -> dict[str, Any]:
    """Add the rows that `task` left out to a label report, so that its sum holds."""
    if not left_out:
        return report
    reasons = report["dropped_by_reason"] | {f"not of task={task}": left_out}
    return report | {"dropped": report["dropped"] + left_out, "dropped_by_reason": reasons}


def in_few_steps(sft: SftParams, task: str) -> SftParams:
    """Return the parameters of a training run; of "sample" it takes SAMPLE_STEPS steps, whatever they say."""
    if task != "sample":
        return sft
    return sft.model_copy(update={"max_steps": SAMPLE_STEPS, "epochs": None})
