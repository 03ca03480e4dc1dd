"""Stop a training that no longer gets better, and keep the weights of its best evaluation.

What has been seen stands in the trainer's own state, which a checkpoint carries, so that a resumed run
decides as the uninterrupted one. transformers' EarlyStoppingCallback would need a checkpoint at every
evaluation and reads its best weights back from one of those.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple

from transformers import TrainerCallback

from ta_pipeline.training.watch.events import figures_of

#: The figure that each metric of `params.EarlyStopping` is, and whether less of it is better.
WATCHED: dict[str, tuple[str, bool]] = {
    "validation_loss": ("validation_loss", True),
    "benchmark_score": ("benchmark_score", False),
}


class Best(NamedTuple):
    """The best evaluation so far, and how many have passed since without a better one."""

    step: int
    value: float
    waited: int


def best_of(values: Sequence[tuple[int, float]], less: bool, min_change: float) -> Best | None:
    """Find the best of (step, value); one that is better by `min_change` or less does not replace another."""
    best: Best | None = None
    for step, value in values:
        gain = 0.0 if best is None else (best.value - value if less else value - best.value)
        if best is None or gain > min_change:
            best = Best(step, value, 0)
        else:
            best = best._replace(waited=best.waited + 1)
    return best


def evaluated(state: Any) -> bool:
    """Tell whether a trainer has looked at its validation rows since its last step."""
    seen = (entry["step"] for entry in reversed(state.log_history) if "validation_loss" in figures_of(entry))
    return bool(next(seen, None) == state.global_step)


class EarlyStopper(TrainerCallback):  # type: ignore[misc]
    """Keep the best weights below `folder`; end the run after `patience` evaluations without better ones.

    `save` writes the adapter as it is now into a folder; all ranks call it.
    """

    def __init__(
        self,
        folder: Path,
        metric: Literal["validation_loss", "benchmark_score"],
        patience: int,
        min_change: float,
        save: Callable[[Path], None],
    ) -> None:
        """`folder` must be of this run alone."""
        self._folder, self._patience, self._min_change, self._save = folder, patience, min_change, save
        self._figure, self._less = WATCHED[metric]

    def on_log(self, args: Any, state: Any, control: Any, logs: dict[str, Any], **kwargs: Any) -> None:
        """Look at an evaluation as soon as it is in the trainer's state."""
        if self._figure not in figures_of(logs) or "loss" in logs:
            return
        best = self.best(state)
        if best and best.step == state.global_step:
            self._save(self.weights(best.step))

    def on_evaluate(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """End the run when the best is `patience` evaluations old."""
        best = self.best(state)
        control.should_training_stop |= bool(best and best.waited >= self._patience)

    def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """End a resumed run that was killed after its patience had run out: it takes no further step."""
        self.on_evaluate(args, state, control)

    def on_save(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Drop weights that are no longer the best; before this checkpoint a resumed run could want them."""
        best = self.best(state)
        if state.is_world_process_zero and best and self._folder.is_dir():
            for old in self._folder.iterdir():
                if old != self.weights(best.step):
                    shutil.rmtree(old)

    def best(self, state: Any) -> Best | None:
        """Return the best evaluation in a trainer's state."""
        found = [(entry["step"], figures_of(entry)) for entry in state.log_history if "loss" not in entry]
        values = {step: figures[self._figure] for step, figures in found if self._figure in figures}
        return best_of(sorted(values.items()), self._less, self._min_change)

    def weights(self, step: int) -> Path:
        """Return the folder of the weights of a step."""
        return self._folder / f"step-{step}"
