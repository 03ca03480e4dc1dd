"""A folder of raw files, as the list of paths below it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from kedro.io import AbstractDataset, DatasetError


class SourceFolderDataset(AbstractDataset[None, Path]):
    """Give the nodes a folder to read; nothing is ever written to it."""

    def __init__(self, path: str, required: bool = True, metadata: dict[str, Any] | None = None) -> None:
        """Keep `path`; a missing folder is an error only where it is `required`."""
        self._path = Path(path)
        self._required = required
        self.metadata = metadata

    def load(self) -> Path:
        """Return the folder."""
        if self._required and not self._path.is_dir():
            raise DatasetError(
                f"{self._path}: there is no such folder of source files. Make one with "
                f"`ta new-course {self._path.name}` or name another with `--params course=NAME`."
            )
        return self._path

    def save(self, data: None) -> None:
        """Refuse: raw files are the user's."""
        raise DatasetError(f"{self._path} holds raw files and is read-only for the pipeline.")

    def _exists(self) -> bool:
        return self._path.is_dir()

    def _describe(self) -> dict[str, Any]:
        return {"path": str(self._path)}
