"""Sum up a run's steps: the figures that reports and the terminal name."""

from __future__ import annotations

import dataclasses
import logging
from typing import Any

import pyarrow as pa

from ta_pipeline.training.job import TrainingJob
from ta_pipeline.training.watch.diagnosis import diagnose
from ta_pipeline.training.watch.events import Event

logger = logging.getLogger(__name__)


def sum_up(events: list[Event], kept_step: int | None = None) -> dict[str, Any]:
    """Return tokens, first and last loss, speed, MFU and memory of a run's events.

    `tokens` counts what was read. The first step is left out of speed and MFU: it also warms up. The
    validation loss is that of `kept_step`, whose weights are the result, where early stopping has chosen one.
    """
    steps = {event["step"]: event for event in events if event.get("loss") is not None}
    seen = {event["step"]: event["validation_loss"] for event in events if "validation_loss" in event}
    trained = [steps[step] for step in sorted(steps)]
    timed = [event for event in trained[1:] if event.get("step_seconds")]
    seconds = sum(event["step_seconds"] for event in timed)
    worked = [event for event in timed if event.get("mfu") is not None]
    busy = sum(event["step_seconds"] for event in worked)
    speed = sum(event["tokens_read"] for event in timed) / seconds if seconds else None
    mfu = sum(event["mfu"] * event["step_seconds"] for event in worked) / busy if busy else None
    return {
        "steps": trained[-1]["step"] if trained else 0,
        "tokens": int(sum(event.get("tokens_read", 0) for event in trained)),
        "loss_first": trained[0]["loss"] if trained else None,
        "loss_last": trained[-1]["loss"] if trained else None,
        "validation_loss": seen.get(max(seen) if kept_step is None else kept_step) if seen else None,
        "tokens_per_s": round(speed, 1) if speed else None,
        "mfu": round(mfu, 4) if mfu else None,
        "peak_memory_gb": max((event["memory_gb"] for event in trained), default=None),
    }


def say_what_is_wrong(job: TrainingJob, history: pa.Table, printed: str = "") -> list[dict[str, Any]]:
    """Diagnose a run, log each finding in a line, and return them for its report."""
    findings = diagnose(history, job.parameters, printed)
    for finding in findings:
        logger.warning("%s: %s", job.method, finding.line())
    return [dataclasses.asdict(finding) for finding in findings]
