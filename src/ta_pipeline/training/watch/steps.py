"""Watch every optimizer step of a trainer: its rows, its figures, and whether it may count.

`WatchedSteps` is a mixin before a TRL trainer. It stops the run on every rank at once where a batch has
nothing to learn or a loss is not a number: transformers would log the mean of the steps before it instead
(`logging_nan_inf_filter`) and save the broken weights.
"""

from __future__ import annotations

import dataclasses
import math
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import torch
from accelerate.utils import gather_object

from ta_pipeline.records import InputError
from ta_pipeline.training.watch.batches import ID_COLUMNS, WORK, Work, WorkCollator
from ta_pipeline.training.watch.machine import Machine, machine_figures

#: Row ids that a message names.
_NAMED = 4


class NothingToLearnError(InputError):
    """A batch without a label: its loss would be 0, or 0/0."""


class NotANumberError(InputError):
    """A loss or gradient that is infinite or no number."""


class Meter:
    """The figures of the step that was computed last, over all ranks; filled by `WatchedSteps`."""

    def __init__(self) -> None:
        """Begin with nothing known."""
        self.ids: list[str] = []
        self.figures: dict[str, float] = {}
        #: FLOP/s that one rank could do, for MFU; None: not measured.
        self.peak_flops: float | None = None
        #: Counts the FLOP of a rank's micro-batches; None where they cannot be counted.
        self.count_flops: Callable[[Work], float] | None = None
        self._machine = Machine()
        self._started = time.monotonic()
        self._read = self._learned = 0
        self._flops = 0.0

    def begin(self) -> None:
        """Start the step's clock, before its batches are made."""
        self._started = time.monotonic()

    def hold(self, ranks: Sequence[tuple[list[Work], float]]) -> None:
        """Take over what all ranks read in this step, and the FLOP that each has counted."""
        works = [work for found, _ in ranks for work in found]
        self.ids = [name for work in works for name in work.ids]
        self._read = sum(work.tokens for work in works)
        self._learned = sum(work.supervised for work in works)
        self._flops = sum(flops for _, flops in ranks)

    def flops(self, works: Sequence[Work]) -> float:
        """Count the FLOP of this rank's share of a step; 0 where it cannot be counted."""
        return sum(map(self.count_flops, works)) if self.count_flops else 0.0

    def read_machine(self) -> list[float]:
        """Read this rank's process."""
        return self._machine.read()

    def end(self, readings: list[list[float]]) -> None:
        """Write down the figures of the step that has just been computed on `len(readings)` ranks."""
        seconds = max(time.monotonic() - self._started, 1e-9)
        self.figures = {
            "step_seconds": round(seconds, 4),
            "tokens_read": self._read,
            "tokens_learned": self._learned,
            "tokens_per_second": round(self._read / seconds, 1),
            **machine_figures(readings, torch.cuda.is_available()),
        }
        if self._flops and self.peak_flops:
            self.figures["mfu"] = round(self._flops / seconds / (self.peak_flops * len(readings)), 5)


class WatchedSteps:
    """Mixin for a trainer whose training set has one of ID_COLUMNS; put it before the trainer's class."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Build the trainer, with a meter that is read by `EventWriter`."""
        self.meter = Meter()
        self._losses: list[torch.Tensor] = []
        self._works: list[Work] = []
        super().__init__(*args, **kwargs)

    def reads_once(self) -> bool:
        """Tell whether the model reads common beginnings once."""
        from ta_pipeline.training.layers import row_attention

        return bool(self.model.config._attn_implementation == row_attention.NAME)  # type: ignore[attr-defined]

    def _set_signature_columns_if_needed(self) -> None:
        """Keep the column that names the rows, which no model reads."""
        super()._set_signature_columns_if_needed()  # type: ignore[misc]
        self._signature_columns: list[str] = [*dict.fromkeys([*self._signature_columns, *ID_COLUMNS])]

    def get_train_dataloader(self) -> Any:
        """Collate training batches with a note of what they hold; evaluation stays as it is."""
        plain: Any = self.data_collator  # type: ignore[has-type]
        self.data_collator = WorkCollator(plain, self.reads_once())
        try:
            return super().get_train_dataloader()  # type: ignore[misc]
        finally:
            self.data_collator = plain

    def get_batch_samples(
        self, epoch_iterator: Iterator[Any], num_batches: int, device: torch.device
    ) -> tuple[list[Any], Any]:
        """Collect the micro-batches of one step, and refuse one that has nothing to learn."""
        self.meter.begin()
        batches, items = super().get_batch_samples(epoch_iterator, num_batches, device)  # type: ignore[misc]
        self._losses, self._works = [], [batch.pop(WORK) for batch in batches]
        counted = [dataclasses.replace(work, rows=[]) for work in self._works]  # rows are this rank's affair
        ranks = gather_object([(counted, self.meter.flops(self._works))])
        self.meter.hold(ranks)
        refuse_unlearned(self._step(), [work for found, _ in ranks for work in found])
        return batches, items

    def training_step(self, *args: Any, **kwargs: Any) -> torch.Tensor:
        """Compute a micro-batch and keep its loss for the look before the optimizer's step."""
        loss: torch.Tensor = super().training_step(*args, **kwargs)  # type: ignore[misc]
        self._losses.append(loss.detach())
        return loss

    def _get_grad_norm(self, *args: Any, **kwargs: Any) -> Any:
        """Refuse, on all ranks, a step whose losses or gradients are no numbers.

        In fp16 infinite gradients belong to the search for a scale, and such a step is skipped.
        """
        norm = super()._get_grad_norm(*args, **kwargs)  # type: ignore[misc]
        given = [] if norm is None or self.args.fp16 else [torch.as_tensor(norm, device=self.args.device)]  # type: ignore[attr-defined]
        whole = torch.stack([torch.isfinite(value).all() for value in [*self._losses, *given]]).all()
        if not bool(self.accelerator.gather(whole.int()[None]).all()):  # type: ignore[attr-defined]
            losses = [loss.item() for loss in self._losses]
            ranks = gather_object([list(zip(losses, (work.ids for work in self._works), strict=False))])
            refuse_not_finite(self._step(), [pair for found in ranks for pair in found], self._rate())
        return norm

    def log(self, logs: dict[str, float], start_time: float | None = None) -> None:
        """Close the step's figures before they are reported; all ranks come here."""
        if "loss" in logs:
            readings = torch.tensor([self.meter.read_machine()], device=self.args.device)  # type: ignore[attr-defined]
            self.meter.end(self.accelerator.gather(readings).tolist())  # type: ignore[attr-defined]
        super().log(logs, start_time)  # type: ignore[misc]

    def _step(self) -> int:
        return int(self.state.global_step) + 1  # type: ignore[attr-defined]

    def _rate(self) -> float:
        return float(self._get_learning_rate())  # type: ignore[attr-defined]


def refuse_unlearned(step: int, works: Sequence[Work]) -> None:
    """Raise NothingToLearnError where a micro-batch of any rank has no label."""
    empty = [name for work in works if work.supervised == 0 for name in work.ids]
    if any(work.supervised == 0 for work in works):
        raise NothingToLearnError(
            f"step {step}: nothing is learned from {_rows(empty)}: every label is masked (-100). "
            "Look at them with `ta preview`, and at label_report; no adapter was saved."
        )


def refuse_not_finite(step: int, losses: Sequence[tuple[float, list[str]]], rate: float) -> None:
    """Raise NotANumberError for a step with (loss, row ids) of each micro-batch."""
    broken = [(loss, ids) for loss, ids in losses if not math.isfinite(loss)]
    what = f"the loss is {broken[0][0]}" if broken else "a gradient is not finite"
    names = [name for _, ids in broken or losses for name in ids]
    raise NotANumberError(
        f"step {step}: {what} on {_rows(names)}, at learning rate {rate:.2g}. Lower learning_rate or "
        "max_grad_norm, set precision to bf16 or fp32, look at these rows; no adapter was saved."
    )


def _rows(ids: Sequence[str]) -> str:
    shown = ", ".join(ids[:_NAMED]) or "rows without an id"
    more = f" and {len(ids) - _NAMED} more" if len(ids) > _NAMED else ""
    return f"row{'s' if len(ids) > 1 else ''} {shown}{more}" if ids else shown
