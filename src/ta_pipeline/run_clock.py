"""Seconds by stage and the summed memory of the process tree, kept while a run goes on."""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from typing import Any

import psutil

GIB = 2**30


def tree_memory(process: psutil.Process) -> int:
    """Sum the memory of a process and all its children, in bytes; pages they share count once."""
    total = 0
    for member in [process, *process.children(recursive=True)]:
        try:
            total += member.memory_full_info().pss
        except (psutil.Error, AttributeError):  # gone meanwhile, or a system without PSS
            try:
                total += member.memory_info().rss
            except psutil.Error:
                continue
    return total


class RunClock:
    """Start and stop with a run; read at any time."""

    def __init__(self) -> None:
        self.reset("")

    def reset(self, run_id: str) -> None:
        """Begin a run."""
        self.run_id = run_id
        self.started = time.monotonic()
        self.seconds: dict[str, float] = defaultdict(float)
        self.versions: dict[str, dict[str, str]] = {"loaded": {}, "saved": {}}
        self.hashes: dict[str, str] = {}
        self.peak_bytes = 0
        self._stop = threading.Event()

    def watch_memory(self, every: float = 5.0) -> None:
        """Sample the process tree's memory from a thread until `stop`."""
        process, stop = psutil.Process(), self._stop

        def sample() -> None:
            while not stop.wait(every):
                self.peak_bytes = max(self.peak_bytes, tree_memory(process))

        threading.Thread(target=sample, name="memory-watch", daemon=True).start()

    def stop(self) -> None:
        """End the memory watch."""
        self._stop.set()

    def add(self, stage: str, seconds: float) -> None:
        """Count a node's time to its stage."""
        self.seconds[stage] += seconds

    def figures(self) -> dict[str, Any]:
        """Return the run's figures up to now; seconds and GiB."""
        return {
            "run_id": self.run_id,
            "seconds": round(time.monotonic() - self.started, 1),
            "peak_memory_gb": round(self.peak_bytes / GIB, 2),
            "stage_seconds": {stage: round(value, 1) for stage, value in self.seconds.items()},
            "versions": self.versions,
            "hashes": dict(self.hashes),
        }


#: The one clock of this process.
clock = RunClock()
