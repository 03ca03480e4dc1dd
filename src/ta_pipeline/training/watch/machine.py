"""What a process takes of its machine, read between two steps."""

from __future__ import annotations

import importlib.util
import os
import time
from typing import Any

import psutil
import torch

#: What is read of each rank; the GPU's figures are 0 where there is none.
READINGS = ("cpu_cores", "resident_gb", "allocated_gb", "reserved_gb", "gpu_share")


class Machine:
    """Reads one process: CPU time since the last reading, memory, and its GPU's."""

    def __init__(self) -> None:
        """Start the clock of the first reading."""
        self._process = psutil.Process()
        self._seconds, self._used = time.monotonic(), self._cpu_seconds()

    def read(self) -> list[float]:
        """Return READINGS: cores kept busy, GiB in memory, and of the GPU the peak GiB of tensors, the GiB
        that PyTorch has reserved for them, and the share of the time in which it computed."""
        now, used = time.monotonic(), self._cpu_seconds()
        cores = (used - self._used) / max(now - self._seconds, 1e-9)
        self._seconds, self._used = now, used
        gpu = gpu_reading(torch.cuda) if torch.cuda.is_available() else [0.0, 0.0, 0.0]
        return [cores, self._process.memory_info().rss / 2**30, *gpu]

    def _cpu_seconds(self) -> float:
        times = self._process.cpu_times()
        return float(times.user + times.system)


def gpu_reading(cuda: Any) -> list[float]:
    """Read `torch.cuda`: peak GiB allocated, GiB reserved, share of the last sample in which it was busy.

    The share comes from NVML and is 0 where nvidia-ml-py is not installed.
    """
    busy = cuda.utilization() / 100 if importlib.util.find_spec("pynvml") else 0.0
    return [cuda.max_memory_allocated() / 2**30, cuda.max_memory_reserved() / 2**30, busy]


def machine_figures(ranks: list[list[float]], has_gpu: bool) -> dict[str, float]:
    """Sum up what all ranks read (each READINGS) as figures of the step.

    CPU use is the share of this machine's cores that all ranks together keep busy; memory is the largest
    rank's, on its GPU where it has one.
    """
    columns = dict(zip(READINGS, zip(*ranks, strict=True), strict=True))
    figures = {"cpu_share": round(sum(columns["cpu_cores"]) / (os.cpu_count() or 1), 4)}
    if not has_gpu:
        return figures | {"memory_gb": round(max(columns["resident_gb"]), 3)}
    return figures | {
        "memory_gb": round(max(columns["allocated_gb"]), 3),
        "reserved_gb": round(max(columns["reserved_gb"]), 3),
        "gpu_share": round(sum(columns["gpu_share"]) / len(ranks), 4),
    }
