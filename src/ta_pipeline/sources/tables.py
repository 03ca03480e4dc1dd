"""Tables: FAQ lists and logs as CSV, TSV, Excel or Parquet, each row one dialogue; other sheets as text."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from itertools import chain
from pathlib import Path
from typing import Any

from ta_pipeline.sources.dialogues import is_dialogue, read_row
from ta_pipeline.sources.drafts import WHOLE_FILE, Draft, Fault, Found, Segment
from ta_pipeline.sources.row_files import csv_fault, rows_of

Cells = list[str]


def read_delimited(text: str, delimiter: str, role_map: Mapping[str, str]) -> Found:
    """Yield a draft or a fault for each row below the header line."""
    yield from _read_rows(_split(text, delimiter), role_map)


def read_workbook(path: Path, role_map: Mapping[str, str]) -> Found:
    """Yield a draft or a fault for each row of the FAQ sheets, and one "text" draft of all other sheets.

    `line` is the row of the sheet. Rows are read one by one and as wide as they are: the size that a
    sheet claims may be a million rows of nothing.
    """
    import openpyxl

    book = openpyxl.load_workbook(path, read_only=True, data_only=True)
    with closing(book):
        count = 0
        segments: list[Segment] = []
        for sheet in book.worksheets:
            sheet.reset_dimensions()
            rows = _Counted(_sheet_rows(sheet))
            header = next((row for row in rows if any(cell.strip() for cell in row[1])), None)
            if header and is_dialogue(header[1]):
                yield from _read_rows(chain([header], rows), role_map, start=count, sheet=sheet.title)
            elif header:
                segments += _records(header, rows, sheet.title)
            count += rows.last
    if segments:
        yield Draft("text", segments)


class _Counted:
    """Rows of a sheet; `last` is the number of the last one taken."""

    def __init__(self, rows: Iterator[tuple[int, Cells]]) -> None:
        self._rows, self.last = rows, 0

    def __iter__(self) -> Iterator[tuple[int, Cells]]:
        for line, cells in self._rows:
            self.last = line
            yield line, cells


def _sheet_rows(sheet: Any) -> Iterator[tuple[int, Cells]]:
    for line, values in enumerate(sheet.iter_rows(values_only=True), start=1):
        yield line, [_cell(value) for value in values]


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def _records(header: tuple[int, Cells], rows: Iterable[tuple[int, Cells]], sheet: str) -> Iterator[Segment]:
    """Write each row as `column: cell; …`, so that it can be read without the row of names above it.

    A sheet whose first row has a single cell, or numbers in it, has no names: its cells stand side by side.
    """
    line, names = header[0], [cell.strip() for cell in header[1]]
    spoken = [name for name in names if name]
    named = len(spoken) > 1 and not any(re.fullmatch(r"[-+0-9.,%]+", name) for name in spoken)
    if not named:
        yield Segment(" | ".join(spoken), line, sheet)
    for line, cells in rows:
        filled = [(n, " ".join(cell.split())) for n, cell in enumerate(cells) if cell.strip()]
        if filled and named:
            parts = [f"{names[n]}: {cell}" if n < len(names) and names[n] else cell for n, cell in filled]
            yield Segment("; ".join(parts), line, sheet)
        elif filled:
            yield Segment(" | ".join(cell for _, cell in filled), line, sheet)


def read_parquet(path: Path, role_map: Mapping[str, str], limit: int) -> Found:
    """Yield a draft or a fault for each row of a dialogue log; `line` is the row."""
    from pyarrow import ArrowException, parquet

    try:
        with parquet.ParquetFile(path) as file:
            names = file.schema_arrow.names
    except (ArrowException, OSError) as error:
        yield Fault(WHOLE_FILE, "bad_parquet", f"{' '.join(str(error).split())[:200]}; export it again")
        return
    if not is_dialogue(names):
        named = ", ".join(repr(name[:30]) for name in names[:8])
        yield Fault(WHOLE_FILE, "unknown_columns", f"columns {named}; name two `question` and `answer`")
        return
    for found in rows_of(path, limit):
        yield found if isinstance(found, Fault) else read_row(found.value, found.line, found.row, role_map)


def _split(text: str, delimiter: str) -> Iterator[tuple[int, Cells | Fault]]:
    """Yield first line and cells of each row.

    Strict, because a lenient reader takes everything behind a stray quote for one answer.
    """
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    while True:
        line = reader.line_num + 1
        try:
            yield line, next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield line, csv_fault(line, error)


def _read_rows(
    rows: Iterable[tuple[int, Cells | Fault]], role_map: Mapping[str, str], start: int = 0, sheet: str = ""
) -> Found:
    """Read the rows below the first that is not blank; `start` rows of earlier sheets are counted in."""
    header: Cells = []
    place = f"sheet {sheet!r}: " if sheet else ""
    for row, (line, cells) in enumerate(rows, start=start):
        if isinstance(cells, Fault):
            yield cells
        elif not any(cell.strip() for cell in cells):
            continue
        elif not header:
            header = cells
            if not is_dialogue(header):
                named = ", ".join(repr(cell.strip()[:30]) for cell in header[:8])
                yield Fault(
                    line, "unknown_columns", f"{place}columns {named}; name two `question` and `answer`"
                )
                return
        elif any(cell.strip() for cell in cells[len(header) :]):
            yield Fault(
                line,
                "bad_row",
                f"{place}{len(cells)} cells below {len(header)} columns; quote a cell that holds a comma",
            )
        else:
            yield read_row(dict(zip(header, cells, strict=False)), line, row, role_map)
