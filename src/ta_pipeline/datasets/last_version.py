"""The newest version of a folder that earlier runs left, as an input of the run that adds one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from kedro.io import AbstractDataset, DatasetError, Version

from ta_pipeline.datasets.folder import FolderDataset


class LastVersionDataset(AbstractDataset[None, Path | None]):
    """Path of the newest whole version of a versioned folder; None where there is none yet.

    Kedro runs no node whose input is its own output, so what goes on from the last run has two entries. The
    bytes are not held against the manifest here: most runs only pass by.
    """

    def __init__(self, filepath: str, metadata: dict[str, Any] | None = None) -> None:
        """Look below `filepath`, which another entry of the catalog writes."""
        self._folder = FolderDataset(filepath, Version(None, None))
        self.metadata = metadata

    def load(self) -> Path | None:
        """Return the newest version."""
        return Path(self._folder._get_load_path()) if self._folder.exists() else None

    def save(self, data: None) -> None:
        """Refuse: the stage that makes versions has an entry of its own for that."""
        raise DatasetError(f"{self._folder._filepath} is only read here")

    def _exists(self) -> bool:
        return True

    def _describe(self) -> dict[str, Any]:
        return {"filepath": str(self._folder._filepath)}
