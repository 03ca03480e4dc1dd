"""One file, written by a dataset of kedro-datasets, made atomic and given a manifest."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Literal

import pyarrow as pa
from kedro.io import AbstractDataset, Version
from kedro.io.core import parse_dataset_definition

from ta_pipeline.datasets.versioned import ManifestedDataset


@dataclass(frozen=True)
class _Rows:
    """Rows that the pandas datasets of kedro-datasets write, by the two methods they call of a frame.

    A frame would write its dtypes into the schema, and pandas itself cannot read back those of nested
    columns: "data type 'list<item: int32>[pyarrow]' not understood".
    """

    table: pa.Table

    def to_parquet(self, file: IO[bytes], **options: Any) -> None:
        import pyarrow.parquet as pq

        pq.write_table(self.table, file, **options)

    def to_feather(self, file: IO[bytes], **options: Any) -> None:
        from pyarrow import feather

        feather.write_feather(self.table, file, **options)


class AtomicDataset(ManifestedDataset):
    """Wrap a file dataset of kedro-datasets, given as `dataset`, without its `filepath`.

    With `rows: arrow` the nodes see a `pyarrow.Table`, and the file has its schema and nothing of pandas.
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
            data = _Rows(data.replace_schema_metadata(None))
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
