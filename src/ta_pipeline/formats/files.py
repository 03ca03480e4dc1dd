"""Write rows as JSON, JSON lines or Parquet, a row at a time; `sources.row_files` reads them.

A file is written aside and renamed. Parquet has no free-form objects: `meta` and `tools` are JSON text
there, which every shape reads, and an empty cell is no column.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pyarrow as pa

from ta_pipeline.formats.fields import dumps
from ta_pipeline.formats.model import Row
from ta_pipeline.records import InputError

SUFFIXES = (".jsonl", ".json", ".parquet")
#: What a place that cannot be written raises; a full disk is another matter.
_UNFIT = (FileExistsError, FileNotFoundError, IsADirectoryError, NotADirectoryError, PermissionError)
#: Rows of a Parquet file written at once.
_BATCH = 1000


def without_nulls(value: Any) -> Any:
    """Take empty cells out of a row of a Parquet file, where every row has every column."""
    if isinstance(value, dict):
        return {name: without_nulls(item) for name, item in value.items() if item is not None}
    return [without_nulls(item) for item in value] if isinstance(value, list) else value


def write_rows(path: Path, rows: Iterable[Row]) -> int:
    """Write rows to a new file and return how many; nothing is left behind where that fails."""
    writers: dict[str, Callable[[Path, Iterable[Row]], int]] = {
        ".jsonl": _write_lines,
        ".json": _write_array,
        ".parquet": _write_parquet,
    }
    if path.suffix.lower() not in writers:
        raise InputError(
            f"{path}: {path.suffix or 'no suffix'} is not written. Name a {', '.join(SUFFIXES)} file."
        )
    temporary = path.with_name(f".{os.getpid()}.{path.name}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        count = writers[path.suffix.lower()](temporary, rows)
        os.replace(temporary, path)
    except (
        FileExistsError,
        FileNotFoundError,
        IsADirectoryError,
        NotADirectoryError,
        PermissionError,
    ) as error:
        raise InputError(f"{path}: cannot be written ({error.strerror}). Name another file.") from error
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
    return count


def _write_lines(path: Path, rows: Iterable[Row]) -> int:
    count = 0
    with path.open("w", encoding="utf-8", newline="\n") as stream:
        for row in rows:
            stream.write(f"{dumps(row)}\n")
            count += 1
    return count


def _write_array(path: Path, rows: Iterable[Row]) -> int:
    count = 0
    with path.open("w", encoding="utf-8", newline="\n") as stream:
        stream.write("[")
        for row in rows:
            stream.write(f"{',' if count else ''}\n{dumps(row)}")
            count += 1
        stream.write("\n]\n")
    return count


def _write_parquet(path: Path, rows: Iterable[Row]) -> int:
    """Write the rows aside as lines first: only the last one tells what columns there are."""
    import pyarrow.parquet as pq

    spool = path.with_name(f"{path.name}.lines")
    try:
        schema, count = pa.schema([]), 0
        with spool.open("w", encoding="utf-8") as stream:
            for batch in _batches(_texts(row) for row in rows):
                seen = pa.schema(list(pa.array(batch).type))
                schema = pa.unify_schemas([schema, seen], promote_options="permissive")
                stream.writelines(f"{dumps(row)}\n" for row in batch)
                count += len(batch)
        with spool.open(encoding="utf-8") as stream, pq.ParquetWriter(path, schema) as writer:
            for batch in _batches(json.loads(line) for line in stream):
                writer.write_table(pa.Table.from_pylist(batch, schema=schema))
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError) as error:
        raise InputError(
            f"{path.name}: Parquet wants one kind of value a column ({error}). Write .jsonl."
        ) from error
    finally:
        spool.unlink(missing_ok=True)
    return count


def _texts(row: Row) -> Row:
    """Write free-form objects as JSON text."""
    return {
        name: dumps(item) if name in ("meta", "tools") and not isinstance(item, str) else item
        for name, item in row.items()
    }


def _batches(rows: Iterable[Row]) -> Iterator[list[Row]]:
    batch: list[Row] = []
    for row in rows:
        batch.append(row)
        if len(batch) == _BATCH:
            yield batch
            batch = []
    if batch:
        yield batch
