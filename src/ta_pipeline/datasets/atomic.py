"""One file, written by a dataset of kedro-datasets, made atomic and given a manifest."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import pyarrow as pa
from kedro.io import AbstractDataset, Version
from kedro.io.core import parse_dataset_definition

from ta_pipeline.datasets.versioned import ManifestedDataset


class AtomicDataset(ManifestedDataset):
    """Wrap a file dataset of kedro-datasets, given as `dataset`, without its `filepath`.

    With `rows: arrow` the nodes see a `pyarrow.Table`, and pandas only carries it to the file.
    """

    def __init__(
        self,
        filepath: str,
        dataset: dict[str, Any],
        rows: Literal["arrow"] | None = None,
        version: Version | None = None,
        keep_versions: int | None = None,
        metadata: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(filepath, version, keep_versions, metadata)
        self._dataset_config = dataset
        self._rows = rows
        if hasattr(parse_dataset_definition({**dataset, "filepath": filepath})[0], "preview"):
            self.preview = self._preview_of_inner

    def _inner(self, path: Path) -> AbstractDataset[Any, Any]:
        return AbstractDataset.from_config(path.name, {**self._dataset_config, "filepath": str(path)})

    def _write(self, data: Any, path: Path) -> dict[str, Any]:
        facts: dict[str, Any] = {}
        if self._rows == "arrow":
            facts = {"rows": data.num_rows, "schema": {f.name: str(f.type) for f in data.schema}}
            import pandas as pd

            data = data.to_pandas(types_mapper=pd.ArrowDtype)
        self._inner(path).save(data)
        return facts

    def _read(self, path: Path) -> Any:
        data = self._inner(path).load()
        if self._rows == "arrow":
            data = pa.Table.from_pandas(data, preserve_index=False).replace_schema_metadata(None)
        return data

    def _preview_of_inner(self, **arguments: Any) -> Any:
        inner: Any = self._inner(Path(self._get_load_path()))
        return inner.preview(**arguments)
