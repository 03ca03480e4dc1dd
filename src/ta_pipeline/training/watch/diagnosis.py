"""Say what is wrong with a training run, from its history and from what it printed, and what to do about it.

The tables of trouble are those of the project's seed (3.1 and 3.2), with thresholds that leave healthy runs
alone. Losses are compared by medians and by the median absolute deviation (MAD), because single steps of a
small batch lie far from their neighbours. Nothing here computes anything on a model.
"""

from __future__ import annotations

import itertools
import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any, Literal, NamedTuple

import pyarrow as pa

#: Fewer steps than this say nothing about a trend.
ENOUGH_STEPS = 10
#: A loss of the same rows that is 0.1 nats higher is a perplexity that is a tenth higher.
RISE = 0.1
#: A validation loss that has not lost a hundredth has not fallen; of training losses, which come from other
#: rows each time, one must be certain (two standard errors) that they have not lost a twentieth. At less than
#: a millionth LoRA learns nothing in any run of ordinary length.
LEAST_FALL, LEAST_TRAINING_FALL, CERTAIN, LEAST_RATE = 0.01, 0.05, 2.0, 1e-6
#: A diverging loss ends a twentieth above where it began, which no healthy run does.
DIVERGED = 1.05
#: A spike lies six robust standard deviations and a quarter above its neighbours: batches of one long row
#: differ by a few deviations, but hardly by both. And by half a nat, or the last thousandths of a loss that
#: is next to 0 would count.
SPIKE, SPIKE_SHARE, SPIKE_LEAST, NEIGHBOURS = 6.0, 1.25, 0.5, 8
#: 1.4826 MAD is the standard deviation of normally distributed values.
_SIGMA = 1.4826
#: Rows of spikes that are named.
_NAMED = 5
#: Memory that PyTorch holds but cannot use, over all that it holds; under a GiB it does not matter.
FRAGMENTED, LEAST_RESERVED = 0.25, 1.0


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong; `step` is None where it belongs to no step."""

    name: str
    severity: Literal["stop", "warning", "note"]
    step: int | None
    evidence: str
    causes: list[str] = field(default_factory=list)
    cures: list[str] = field(default_factory=list)

    def line(self) -> str:
        """Say it in one line, with the first cure."""
        where = f" at step {self.step}" if self.step is not None else ""
        cure = f" Try: {self.cures[0]}" if self.cures else ""
        return f"{self.name.replace('_', ' ')}{where}: {self.evidence}{cure}"


class Point(NamedTuple):
    """One step's value of one figure."""

    step: int
    value: float


def diagnose(history: pa.Table, parameters: Mapping[str, Any], printed: str = "") -> list[Finding]:
    """Name what is wrong with a run: its history (`events.history`), its parameters, and what it printed.

    What stopped a run explains its curve, so that then nothing more is read out of it.
    """
    stopped = explain(printed)
    if stopped:
        return stopped
    losses = _points(history, "loss")
    found = _empty_loss(losses) or _diverged(losses, parameters)
    if found:
        return found
    return [
        *_not_falling(history, losses, parameters),
        *_spikes(history, losses),
        *_overfitting(history, losses),
        *_forgetting(history),
        *_fragmented(history),
    ]


def _points(history: pa.Table, column: str) -> list[Point]:
    rows = zip(history["step"].to_pylist(), history[column].to_pylist(), strict=True)
    return [Point(step, value) for step, value in rows if value is not None]


def _empty_loss(losses: Sequence[Point]) -> list[Finding]:
    """Find a loss of 0, or one that is no number and yet was logged."""
    for step, value in losses:
        if not math.isfinite(value):
            return [not_a_number(step, f"the loss is {value}")]
        if value == 0:
            return [nothing_to_learn(step, "the loss is exactly 0")]
    return []


def _noise(values: Sequence[float]) -> float:
    """Estimate by how much single steps scatter (standard deviation), whatever the trend.

    From the differences between neighbours, which have twice the variance.
    """
    differences = [abs(b - a) for a, b in itertools.pairwise(values)]
    return _SIGMA * median(differences) / math.sqrt(2) if differences else 0.0


def _ends(losses: Sequence[Point]) -> tuple[float, float, float]:
    """Return the median loss of the first and of the last fifth, and the standard error of their difference.

    A median of n normally distributed values has the standard error 1.25 s / sqrt(n).
    """
    values = [value for _, value in losses]
    width = max(3, len(values) // 5)
    error = 1.25 * _noise(values) * math.sqrt(2 / width)
    return median(values[:width]), median(values[-width:]), error


def _diverged(losses: Sequence[Point], parameters: Mapping[str, Any]) -> list[Finding]:
    if len(losses) < ENOUGH_STEPS:
        return []
    first = median(value for _, value in losses[:3])  # a fifth of the run may be after the blow-up
    _, last, error = _ends(losses)
    if last < first * DIVERGED or last - first < CERTAIN * error:
        return []
    rate = parameters["learning_rate"]
    step = next(step for step, value in losses if value > first + (last - first) / 2)
    return [
        Finding(
            "diverged",
            "stop",
            step,
            f"the loss rose from {first:.3g} to {last:.3g} at learning_rate {rate:.2g}.",
            ["the learning rate is too high", "too short a warm-up", "gradients are not clipped"],
            [
                f"learning_rate {rate / 10:.2g}; 1e-4 to 2e-4 is usual for LoRA on 7B, 1e-5 for all weights.",
                "warmup_share 0.03 to 0.05.",
                "max_grad_norm 1.0.",
            ],
        )
    ]


def _not_falling(history: pa.Table, losses: Sequence[Point], parameters: Mapping[str, Any]) -> list[Finding]:
    if len(losses) < ENOUGH_STEPS:
        return []
    first, last, error = _ends(losses)
    seen = [value for _, value in _points(history, "validation_loss")]
    if len(seen) > 1:
        stays = min(seen[1:]) > (1 - LEAST_FALL) * seen[0]
    elif parameters["learning_rate"] < LEAST_RATE:
        stays = first - last < CERTAIN * error
    else:
        stays = first - last + CERTAIN * error < LEAST_TRAINING_FALL * first
    if not stays:
        return []
    rate = parameters["learning_rate"]
    return [
        Finding(
            "loss_does_not_fall",
            "warning",
            losses[-1].step,
            f"after {len(losses)} steps the loss is {last:.4g}, it began at {first:.4g}; "
            f"learning_rate is {rate:.2g}.",
            [
                "the learning rate is too low, or so high that the loss only swings",
                "rows of one kind follow each other instead of being mixed",
                "answers that do not follow from their questions, or many empty or repeated rows",
            ],
            [
                "learning_rate 1e-4 to 2e-4 for LoRA on 7B, more for a smaller model.",
                "look at rows with `ta preview`.",
                "a higher lora.rank, targets attention+mlp.",
            ],
        )
    ]


def _spikes(history: pa.Table, losses: Sequence[Point]) -> list[Finding]:
    """Find steps whose loss stands out of its neighbours', and the rows that they have in common."""
    steps = spike_steps(losses)
    if not steps:
        return []
    rows = dict(zip(history["step"].to_pylist(), history["example_ids"].to_pylist(), strict=True))
    names = suspects([rows[step] or [] for step in steps])
    values = dict(losses)
    shown = ", ".join(names[:_NAMED]) + (f" and {len(names) - _NAMED} more" if len(names) > _NAMED else "")
    times = f" and {len(steps) - 1} more times" if len(steps) > 1 else ""
    return [
        Finding(
            "spike",
            "warning",
            steps[0],
            f"the loss jumped to {values[steps[0]]:.3g}{times}; rows in the batch: {shown or 'unknown'}.",
            ["dirty rows: very long text, stray symbols, a wrong answer", "the end of the warm-up"],
            [
                "look at these rows with `ta preview`, and take out or mend them.",
                "max_grad_norm 1.0 or lower, a longer warm-up.",
                "resume from the checkpoint before it.",
            ],
        )
    ]


def spike_steps(losses: Sequence[Point]) -> list[int]:
    """List the steps whose loss is far above that of the NEIGHBOURS steps before it, and of those after it.

    Both, because a loss that falls is above all that follows. The scatter is that of the whole run: a few
    neighbours may agree by chance.
    """
    values = [value for _, value in losses]
    if len(values) < ENOUGH_STEPS:
        return []
    found = []
    scatter = _noise(values)
    for i in range(3, len(losses)):
        step, value = losses[i]
        before, after = values[max(0, i - NEIGHBOURS) : i], values[i + 1 : i + 1 + NEIGHBOURS]
        usual = max(median(part) for part in (before, after) if part)
        if value > max(usual + SPIKE * scatter, SPIKE_SHARE * usual, usual + SPIKE_LEAST):
            found.append(step)
    return found


def suspects(batches: Sequence[Sequence[str]]) -> list[str]:
    """List the rows that most of the given batches hold: where a row comes back, it is in all of them."""
    counts = Counter(name for batch in batches for name in dict.fromkeys(batch))
    most = max(counts.values(), default=0)
    return [name for name in counts if counts[name] == most]


def _overfitting(history: pa.Table, losses: Sequence[Point]) -> list[Finding]:
    seen = [point for point in _points(history, "validation_loss") if math.isfinite(point.value)]
    if len(seen) < 3:
        return []
    best = min(seen, key=lambda point: point.value)
    after = [value for step, value in losses if step > best.step]
    before = [value for step, value in losses if step <= best.step]
    last = seen[-1]
    if last.value - best.value < RISE or not after or not before:
        return []
    if median(after[-5:]) >= median(before[-5:]):
        return []
    return [
        Finding(
            "overfitting",
            "warning",
            best.step,
            f"since step {best.step} the validation loss rose from {best.value:.3f} to {last.value:.3f}, "
            f"while the training loss went on falling to {median(after[-5:]):.3f}.",
            ["too many passes over too few rows", "the adapter is too large for them"],
            [
                "early_stopping with eval_every, or fewer epochs.",
                "weight_decay 0.1, lora.dropout 0.05 to 0.1, a lower lora.rank.",
                "more, and more varied, rows.",
            ],
        )
    ]


def _forgetting(history: pa.Table) -> list[Finding]:
    seen = [point for point in _points(history, "general_loss") if math.isfinite(point.value)]
    if len(seen) < 2 or seen[-1].value - seen[0].value < RISE:
        return []
    return [
        Finding(
            "forgetting",
            "warning",
            seen[-1].step,
            f"the loss on general rows rose from {seen[0].value:.3f} (step {seen[0].step}) "
            f"to {seen[-1].value:.3f}.",
            ["the course pushes out what the model could do before"],
            [
                "mix more rows of public sets in (replay).",
                "a lower learning_rate, fewer epochs.",
                "a lower lora.rank, targets attention.",
            ],
        )
    ]


def _fragmented(history: pa.Table) -> list[Finding]:
    rows = zip(*(history[name].to_pylist() for name in ("step", "memory_gb", "reserved_gb")), strict=True)
    held = [(reserved - used, step, used, reserved) for step, used, reserved in rows if used and reserved]
    free, step, used, reserved = max(held, default=(0.0, 0, 0.0, 0.0))
    if free < LEAST_RESERVED or free < FRAGMENTED * reserved:
        return []
    return [fragmented(step, used, reserved)]


def fragmented(step: int | None, used: float, reserved: float) -> Finding:
    """Describe GPU memory (GiB) that PyTorch has reserved and cannot use."""
    return Finding(
        "memory_fragmented",
        "warning",
        step,
        f"PyTorch holds {reserved:.1f} GiB of the GPU; its tensors never needed more than {used:.1f} GiB.",
        ["batches of very different lengths leave holes that no later tensor fits"],
        [
            "PYTORCH_ALLOC_CONF=expandable_segments:True (or max_split_size_mb:128) in the environment.",
            "packing, or batches of like length.",
        ],
    )


def not_a_number(step: int | None, evidence: str) -> Finding:
    """Describe a loss or gradient that is no number."""
    return Finding(
        "not_a_number",
        "stop",
        step,
        f"{evidence}.",
        ["the learning rate is too high", "overflow in fp16", "numbers in the rows that are none"],
        [
            "a tenth of the learning_rate, warmup_share 0.03, max_grad_norm 1.0.",
            "precision bf16 or fp32.",
            "look at the rows that the message names.",
        ],
    )


def nothing_to_learn(step: int | None, evidence: str) -> Finding:
    """Describe a batch without a label."""
    return Finding(
        "nothing_to_learn",
        "stop",
        step,
        f"{evidence}.",
        ["every label is -100: the answers were cut away, or their markers were not found"],
        ["look at label_report and at the rows with `ta preview`.", "a larger tokenize.max_seq_len."],
    )


_STOPPED = re.compile(
    r"(NotANumberError|NothingToLearnError): step (\d+): (.*?)(?:\. |: every|$)", re.MULTILINE
)
_OUT_OF_MEMORY = re.compile(
    r"CUDA out of memory.*?([\d.]+) (MiB|GiB) is allocated by PyTorch, and "
    r"([\d.]+) (MiB|GiB) is reserved by PyTorch but unallocated",
    re.DOTALL,
)
_NCCL = re.compile(
    r"Watchdog caught collective operation timeout|ncclSystemError|ncclRemoteError|"
    r"NCCL (?:communicator|operation).{0,80}time(?:d )?out|Socket Timeout.*c10d",
    re.IGNORECASE,
)
_OPERATION = re.compile(r"OpType=(\w+)")


def explain(printed: str) -> list[Finding]:
    """Name what stopped a run, from what it printed; empty where nothing is known."""
    if found := _STOPPED.search(printed):
        kind, step, what = found.groups()
        make = not_a_number if kind == "NotANumberError" else nothing_to_learn
        return [make(int(step), what)]
    if found := _OUT_OF_MEMORY.search(printed):
        used, held = (_gib(found[i], found[i + 1]) for i in (1, 3))
        return [fragmented(None, used, used + held)] if held > FRAGMENTED * (used + held) else []
    if found := _NCCL.search(printed):
        return [_nccl_timeout(found[0], _OPERATION.search(printed))]
    return []


def _gib(amount: str, unit: str) -> float:
    return float(amount) / (1024 if unit == "MiB" else 1)


def _nccl_timeout(words: str, operation: re.Match[str] | None) -> Finding:
    what = f" in {operation[1]}" if operation else ""
    return Finding(
        "nccl_timeout",
        "stop",
        None,
        f"ranks waited for each other in vain{what}: {words}.",
        [
            "a firewall, or names that do not resolve, between the machines",
            "one rank died or reads more than the others; its own error stands further up in the log",
            "InfiniBand or peer-to-peer transfers that do not work",
        ],
        [
            "set NCCL_DEBUG=INFO and read which rank is silent.",
            "NCCL_SOCKET_IFNAME=<interface>, open ports between the hosts of the hostfile.",
            "NCCL_IB_DISABLE=1 or NCCL_P2P_DISABLE=1, to see whether it is these.",
        ],
    )
