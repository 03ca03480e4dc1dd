"""What the running session knows of itself: its id, seconds by stage, peak memory, versions."""

from __future__ import annotations

from typing import Any

from kedro.io import AbstractDataset, DatasetError

from ta_pipeline.run_clock import clock


class RunClockDataset(AbstractDataset[None, dict[str, Any]]):
    """Read the clock that the project's hooks keep, so that a report node can show it."""

    def __init__(self, metadata: dict[str, Any] | None = None) -> None:
        self.metadata = metadata

    def load(self) -> dict[str, Any]:
        """Return the clock's figures up to now."""
        return clock.figures()

    def save(self, data: None) -> None:
        """Refuse: only the hooks write the clock."""
        raise DatasetError("run_clock is kept by the project's hooks.")

    def _exists(self) -> bool:
        return True

    def _describe(self) -> dict[str, Any]:
        return {}
