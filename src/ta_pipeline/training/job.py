"""A training job as a file: all a child process needs to know, and a key that changes when any of it does."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from ta_pipeline.records import InputError


def rows_per_step(method: str, parameters: dict[str, Any]) -> int:
    """Return the rows of one optimizer step over all ranks: every rank needs at least one.

    Raises InputError where the ranks cannot share `global_batch_size` evenly, `micro_batch_size` at a time.
    """
    asked, ranks = parameters["global_batch_size"], parameters["num_processes"]
    micro = parameters.get("micro_batch_size", 1)
    if asked > ranks and asked % ranks:
        raise InputError(
            f"{method}.global_batch_size={asked} cannot be shared by {ranks} processes: make it a multiple."
        )
    rows = int(max(asked, ranks))
    if rows // ranks % micro:
        raise InputError(
            f"{method}.micro_batch_size={micro} does not divide the {rows // ranks} rows that a process has "
            f"of a step: make global_batch_size ({asked}) a multiple of {ranks} x {micro}, or it smaller."
        )
    return rows


def optimizer_steps(method: str, parameters: dict[str, Any], rows: int) -> int:
    """Return how many steps a job takes over `rows` training rows: `max_steps`, or enough for `epochs`.

    The last step of a pass takes the rows that are left, so that a pass is a whole number of steps.
    """
    if parameters["max_steps"] is not None:
        return int(parameters["max_steps"])
    return math.ceil(parameters["epochs"] * math.ceil(rows / rows_per_step(method, parameters)))


@dataclass(frozen=True)
class TrainingJob:
    """What to train, on what, how, and where to put it; paths are absolute."""

    method: Literal["sft", "dpo"]
    model: str
    adapter: str | None  # what to go on from, an adapter or a whole model: DPO, and SFT that continues
    data: str  # Arrow IPC file of token blocks, or of preference tokens
    parameters: dict[str, Any]  # SftParams or DpoParams as a dictionary
    seed: int
    precision: Literal["bf16", "fp16", "fp32"]
    folder: str  # checkpoints, events and the result

    def key(self, data_hash: str, model_hash: str, code_hash: str) -> str:
        """Name the job by everything its result depends on."""
        facts = [self.method, self.parameters, self.seed, self.precision, data_hash, model_hash, code_hash]
        return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:16]

    @property
    def result(self) -> Path:
        """Folder of the finished adapter."""
        return Path(self.folder) / "adapter"

    @property
    def events(self) -> Path:
        """File with one JSON object a line: what the child reports while it trains."""
        return Path(self.folder) / "events.jsonl"

    @property
    def checkpoints(self) -> Path:
        """Folder of the checkpoints."""
        return Path(self.folder) / "checkpoints"

    def write(self) -> Path:
        """Write the job where the child reads it."""
        path = Path(self.folder) / "job.json"
        path.write_text(json.dumps(dataclasses.asdict(self), indent=1, ensure_ascii=False), "utf-8")
        return path

    @staticmethod
    def read(path: Path) -> TrainingJob:
        """Read a job written by `write`."""
        return TrainingJob(**json.loads(path.read_text("utf-8")))
