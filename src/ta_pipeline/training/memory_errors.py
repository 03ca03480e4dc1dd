"""Recognise a training that ran out of memory, and say what to change.

Frameworks raise it in their own words; the kernel kills without a word, so that a killed rank counts only
where the machine's memory, or that of the control group, really was nearly gone.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from ta_pipeline.training.job import TrainingJob
from ta_pipeline.training.plan.ladder import Rung, params_option, rungs, shorter_blocks
from ta_pipeline.training.quantized_base import fault_of

#: What PyTorch, CUDA, its libraries, Python and C++ say when an allocation fails. The texts are theirs.
_WORDS = re.compile(
    r"torch\.(cuda\.)?OutOfMemoryError"
    r"|CUDA out of memory"
    r"|CUDA error: out of memory"
    r"|cudaErrorMemoryAllocation"
    r"|CUBLAS_STATUS_ALLOC_FAILED"
    r"|DefaultCPUAllocator: (can't allocate|not enough) memory"
    r"|\b(_Array)?MemoryError\b"
    r"|std::bad_alloc"
    r"|Cannot allocate memory"
)
#: How launchers report a rank that was killed: accelerate's, torchrun's, a shell's.
_KILLED = re.compile(r"SIGKILL|Signal 9\b|exit ?code *:? *-9\b|exit (status|code) 137")

#: Less than this share of the memory left, seen just before the kill, and the kernel is the likely killer.
_NEARLY_GONE = 0.05

_CGROUP = Path("/sys/fs/cgroup")


@dataclass
class MemoryWatch:
    """Look at the memory of the machine and of the control group while a training runs."""

    cgroup: Path = _CGROUP
    low_water: float = 1.0
    kills_before: int = field(init=False)

    def __post_init__(self) -> None:
        self.kills_before = self._kills()

    def look(self) -> None:
        """Remember the smallest share of the memory that was left; cheap enough for twice a second."""
        machine = psutil.virtual_memory()
        self.low_water = min(self.low_water, machine.available / machine.total, self._left_in_group())

    def was_short(self) -> bool:
        """Tell whether the kernel has killed for memory since the start, or memory was nearly gone."""
        return self._kills() > self.kills_before or self.low_water < _NEARLY_GONE

    def _kills(self) -> int:
        """Read how many processes of the control group the kernel has killed for memory; 0 without one."""
        try:
            lines = (self.cgroup / "memory.events").read_text("utf-8").splitlines()
        except OSError:
            return 0
        return sum(int(line.split()[1]) for line in lines if line.startswith("oom_kill "))

    def _left_in_group(self) -> float:
        """Return the share of the control group's memory that is left; file caches can be dropped."""
        try:
            limit = float((self.cgroup / "memory.max").read_text("utf-8"))  # "max" is no number: no limit
            used = float((self.cgroup / "memory.current").read_text("utf-8"))
            stat = (self.cgroup / "memory.stat").read_text("utf-8").splitlines()
        except (OSError, ValueError):
            return 1.0
        cache = sum(float(line.split()[1]) for line in stat if line.startswith("inactive_file "))
        return 1.0 - (used - cache) / limit


def ran_out_of_memory(log: str, code: int, watch: MemoryWatch) -> str | None:
    """Return the words that say so, where a child that ended with `code` ran out of memory, else None."""
    for line in log.splitlines():
        if _WORDS.search(line):
            return line.strip()
    killed = code in {-9, 137} or any(_KILLED.search(line) for line in log.splitlines())
    if killed and watch.was_short():
        return f"killed by the kernel with {watch.low_water:.0%} of the memory left"
    return None


def next_rung(job: TrainingJob) -> Rung | None:
    """Return the ladder's next rung for a job; None at its end."""
    found = next(iter(rungs(job.parameters)), None)
    if found and "quantized_base" in found.change and fault_of(found.change["quantized_base"]):
        return None  # the last two rungs need bitsandbytes, which does not work here
    return found


def advice(job: TrainingJob, longest_block: int | None) -> str:
    """Say what to change after running out of memory, as one would type it.

    `longest_block` is the number of tokens of the longest block that is read at once, None for pairs.
    """
    rung = next_rung(job)
    shorter = shorter_blocks(longest_block) if longest_block else None
    parts = []
    if rung:
        parts.append(f"Next rung, {rung.name}: `{params_option(job.method, rung.change)}` ({rung.why}).")
        parts.append(f"`{params_option(job.method, {'auto_fit': True})}` takes rung after rung by itself.")
    else:
        parts.append(
            "This was the last rung of the ladder: take a smaller model or a machine with more memory."
        )
    if shorter:
        parts.append(f"Or shorter blocks: `{params_option('tokenize', shorter.change)}` ({shorter.why}).")
    return " ".join(parts)
