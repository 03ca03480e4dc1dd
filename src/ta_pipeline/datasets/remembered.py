"""A table that the last run left, as an input of the run that writes it anew."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from kedro.io import AbstractDataset, DatasetError

logger = logging.getLogger(__name__)


class RememberedDataset(AbstractDataset[None, pa.Table]):
    """Rows of a Parquet file that another entry of the catalog writes; an empty table where there is none.

    Kedro runs no node whose input is its own output, so the memory of a stage has two entries.
    """

    def __init__(self, filepath: str, metadata: dict[str, Any] | None = None) -> None:
        """Read from `filepath`."""
        self._path = Path(filepath)
        self.metadata = metadata

    def load(self) -> pa.Table:
        """Return what is remembered; what cannot be read is forgotten."""
        if not self._path.is_file():
            return pa.table({})
        try:
            return pq.ParquetFile(self._path).read()
        except (pa.ArrowInvalid, OSError) as error:
            logger.warning("%s cannot be read (%s): it is made anew", self._path, error)
            return pa.table({})

    def save(self, data: None) -> None:
        """Refuse: the stage that remembers has an entry of its own for that."""
        raise DatasetError(f"{self._path} is only read here")

    def _exists(self) -> bool:
        return True

    def _describe(self) -> dict[str, Any]:
        return {"filepath": str(self._path)}
