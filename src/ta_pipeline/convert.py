"""Rewrite a file of training rows from any known shape into another, a row at a time.

The shapes live in `formats`, the reading of files in `sources.row_files`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from ta_pipeline.formats.fields import dumps
from ta_pipeline.formats.files import without_nulls, write_rows
from ta_pipeline.formats.model import ROLES, Row, RowError
from ta_pipeline.formats.shapes import SHAPES, Shape, read_row
from ta_pipeline.params import IngestParams
from ta_pipeline.records import InputError, Role
from ta_pipeline.sources.drafts import Fault
from ta_pipeline.sources.row_files import rows_of

#: A longer row is a broken file.
_LIMIT = 64 * 2**20


def speakers(root: Path) -> Mapping[str, Role]:
    """Return what the project in `root` calls the speakers, `ingest.role_map`, beside the usual names."""
    from ta_pipeline.ask import open_last_run

    ingest = IngestParams.model_validate(open_last_run(root).parameters["ingest"])
    return {**ROLES, **{name.lower(): role for name, role in ingest.role_map.items()}}


def convert(
    source: Path,
    target: Path,
    to: str,
    report: Callable[[Fault], None],
    start: str | None = None,
    roles: Mapping[str, Role] = ROLES,
) -> int:
    """Write the rows of `source` to `target` in the shape `to`; return how many were written.

    A row that cannot be read, or that the shape cannot hold, goes to `report` and is left out. `start`
    names the shape of the rows; without it each row's columns tell. Raises InputError where no row is
    left, and then writes nothing.
    """
    if not source.is_file():
        raise InputError(f"{source}: no such file. Name a .jsonl, .json, .parquet or .csv file of rows.")
    if target.resolve() == source.resolve():
        raise InputError(f"{target}: would take the place of what is read. Name another file.")
    rows = _rows(source, SHAPES[to], SHAPES[start] if start else None, roles, report)
    first = next(rows, None)
    if first is None:
        raise InputError(f"{source}: no row of it can be written as {to}; nothing was written.")
    return write_rows(target, _chain(first, rows))


def _chain(first: Row, rest: Iterator[Row]) -> Iterator[Row]:
    yield first
    yield from rest


def _rows(
    source: Path, to: Shape, start: Shape | None, roles: Mapping[str, Role], report: Callable[[Fault], None]
) -> Iterator[Row]:
    for found in rows_of(source, _LIMIT):
        if isinstance(found, Fault):
            report(found)
            continue
        value = without_nulls(found.value) if source.suffix.lower() == ".parquet" else found.value
        try:
            row = to.write(read_row(value, roles, start))
            dumps(row)  # refuses what no file can hold, before the file is begun
        except RowError as error:
            report(Fault(found.line, error.reason, str(error)))
        else:
            yield row
