"""Write a run's figures for TensorBoard, beside MLflow: `tensorboard --logdir $LOG_DIR/tensorboard`."""

from __future__ import annotations

import shutil
from pathlib import Path
from types import TracebackType


class Board:
    """Event files of one run in a folder of their own.

    The folder is begun anew each time, because a resumed run's earlier points are shown again (`Replay`).
    """

    def __init__(self, folder: Path) -> None:
        """Empty `folder` and open it for writing."""
        from torch.utils.tensorboard import SummaryWriter

        shutil.rmtree(folder, ignore_errors=True)
        self._writer = SummaryWriter(str(folder))  # type: ignore[no-untyped-call]

    def show(self, step: int, figures: dict[str, float], seconds: float) -> None:
        """Write the figures of a step that was computed at `seconds` since 1970."""
        for name, value in figures.items():
            self._writer.add_scalar(name, value, step, walltime=seconds)  # type: ignore[no-untyped-call]

    def __enter__(self) -> Board:
        """Give the board itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Write out what is still buffered."""
        self._writer.close()  # type: ignore[no-untyped-call]
