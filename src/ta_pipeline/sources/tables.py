"""Tables: FAQ lists as CSV, TSV or Excel sheets; each row is one dialogue."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from ta_pipeline.sources.dialogues import is_dialogue, read_row
from ta_pipeline.sources.drafts import Fault, Found

Cells = list[str]


def read_delimited(text: str, delimiter: str, role_map: Mapping[str, str]) -> Found:
    """Yield a draft or a fault for each row below the header line."""
    yield from _read_rows(_split(text, delimiter), role_map)


def read_workbook(path: Path, role_map: Mapping[str, str]) -> Found:
    """Yield a draft or a fault for each row of each sheet; `line` is the row of the sheet."""
    import pandas as pd

    sheets = pd.read_excel(
        path, sheet_name=None, header=None, dtype=str, keep_default_na=False, engine="openpyxl"
    )
    count = 0
    for name, sheet in sheets.items():
        rows = ((line, [str(cell) for cell in cells]) for line, cells in enumerate(sheet.to_numpy(), start=1))
        yield from _read_rows(rows, role_map, start=count, sheet=str(name))
        count += len(sheet)


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
            yield line, Fault(line, "bad_csv", f"{error}; double the quotes inside a quoted cell, close it")


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
