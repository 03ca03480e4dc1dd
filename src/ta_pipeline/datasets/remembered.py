"""A table that the last run left, as an input of the run that writes it anew."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from kedro.io import AbstractDataset, DatasetError

from ta_pipeline.datasets.manifest import changed_since_manifest, is_complete

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
        """Return what is remembered; what is not as its manifest says is forgotten."""
        if not is_complete(self._path):
            return pa.table({})
        try:
            if not changed_since_manifest(self._path):
                return pq.ParquetFile(self._path).read()
            why = "it is not what its manifest describes"
        except (ValueError, KeyError, OSError) as error:
            why = str(error)
        logger.warning("%s cannot be used (%s): it is made anew", self._path, why)
        return pa.table({})

    def save(self, data: None) -> None:
        """Refuse: the stage that remembers has an entry of its own for that."""
        raise DatasetError(f"{self._path} is only read here")

    def _exists(self) -> bool:
        return True

    def _describe(self) -> dict[str, Any]:
        return {"filepath": str(self._path)}
