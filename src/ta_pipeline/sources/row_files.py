"""Rows of a JSON, JSON Lines, Parquet or CSV file, one at a time.

Files of public sets have gigabytes, so nothing here holds more than one batch of rows or `limit` bytes of
text. What a row means is not known here: `set_fields.py` says so.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from ta_pipeline.sources.decode import decode
from ta_pipeline.sources.drafts import WHOLE_FILE, Fault

SUFFIXES = (".json", ".jsonl", ".parquet", ".csv")
_SPACE = re.compile(r"[ \t\r\n]*")
#: Characters read at once; a longer element doubles what is read.
_CHUNK = 2**20
#: Rows of a Parquet file in memory at once; a row of Natural Questions is a whole page.
_BATCH = 128
#: `NaN`, which pandas writes for an empty cell, is nothing rather than a number.
_DECODER = json.JSONDecoder(parse_constant=lambda _: None)


@dataclass(frozen=True)
class FileRow:
    """What stands in one place of a file: `line` is its line, in Parquet its row; `row` counts from 1."""

    line: int
    row: int
    value: object


def rows_of(path: Path, limit: int, columns: list[str] | None = None) -> Iterator[FileRow | Fault]:
    """Yield the rows of a file, and a fault where one cannot be read.

    `limit`, in bytes, bounds a single row, and is the size up to which another encoding than UTF-8 is
    looked for. Of Parquet files only `columns` are read, dotted where they are nested.
    """
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        known = ", ".join(SUFFIXES)
        yield Fault(WHOLE_FILE, "unknown_format", f"{suffix or 'no suffix'}; of public sets {known} are read")
    elif not path.is_file():
        yield Fault(WHOLE_FILE, "unreadable", "not a regular file, or a link to nothing; remove it")
    elif path.stat().st_size == 0:
        yield Fault(WHOLE_FILE, "empty_file", "zero bytes; copy the file again or remove it")
    elif suffix == ".parquet":
        yield from _parquet(path, columns)
    else:
        yield from _text_rows(path, suffix, limit)


def count_lines(path: Path) -> int:
    """Count the lines of a file that are not blank."""
    with path.open("rb") as stream:
        return sum(1 for line in stream if not line.isspace())


def count_parquet(path: Path) -> int:
    """Return the number of rows that a Parquet file says it has."""
    from pyarrow import parquet

    with parquet.ParquetFile(path) as file:
        return int(file.metadata.num_rows)


def _parquet(path: Path, columns: list[str] | None) -> Iterator[FileRow | Fault]:
    from pyarrow import ArrowException, parquet

    row = 0
    try:
        with parquet.ParquetFile(path) as file:
            for batch in file.iter_batches(_BATCH, columns=columns):
                for value in batch.to_pylist():
                    row += 1
                    yield FileRow(row, row, value)
    except (ArrowException, OSError, UnicodeDecodeError) as error:
        detail = " ".join(str(error).split())[:200]
        yield Fault(row, "bad_parquet", f"{detail}; download it again, the rows from here on were not read")


def _text_rows(path: Path, suffix: str, limit: int) -> Iterator[FileRow | Fault]:
    with ExitStack() as stack:
        text = _open(path, limit)
        if isinstance(text, Fault):
            yield text
            return
        stream = stack.enter_context(text)
        try:
            if suffix == ".csv":
                yield from _csv(stream)
            elif suffix == ".jsonl":
                yield from _json_lines(stream, limit)
            else:
                yield from _json(stream, limit)
        except UnicodeDecodeError as error:
            detail = f"{error.reason} near byte {error.start} of a block; save the file as UTF-8"
            yield Fault(WHOLE_FILE, "encoding", f"{detail}, the rows from here on were not read")


def _open(path: Path, limit: int) -> TextIO | Fault:
    """Open a file as text. One of at most `limit` bytes may have any encoding that `decode` knows."""
    if path.stat().st_size > limit:
        return path.open(encoding="utf-8-sig")
    text = decode(path.read_bytes())
    return text if isinstance(text, Fault) else io.StringIO(text)


def _json_lines(stream: TextIO, limit: int) -> Iterator[FileRow | Fault]:
    for line, raw in enumerate(_lines(stream, limit), start=1):
        if raw is None:
            yield Fault(line, "too_large", f"a line of more than {limit} characters; take it out")
            continue
        if not raw.strip():
            continue
        try:
            value = _DECODER.decode(raw.strip())
        except (ValueError, RecursionError) as error:
            yield Fault(line, "bad_json", f"{_what(error)}; mend the line")
        else:
            yield FileRow(line, line, value)


def _lines(stream: TextIO, limit: int) -> Iterator[str | None]:
    """Yield the lines, None for one that is longer than `limit`: it is passed over in pieces."""
    while raw := stream.readline(limit):
        whole, ended = True, raw.endswith("\n")
        while not ended and (more := stream.readline(limit)):
            whole, ended = False, more.endswith("\n")
        yield raw if whole else None


def _csv(stream: TextIO) -> Iterator[FileRow | Fault]:
    """Yield an object for each row below the header; strict, as a stray quote would swallow the rest."""
    reader = csv.reader(stream, strict=True)
    header: list[str] = []
    row = 0
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield csv_fault(line, error)
            continue
        if not any(cell.strip() for cell in cells):
            continue
        if not header:
            header = [cell.strip() for cell in cells]
            continue
        row += 1
        if any(cell.strip() for cell in cells[len(header) :]):
            detail = f"{len(cells)} cells below {len(header)} columns; quote a cell that holds a comma"
            yield Fault(line, "bad_row", detail)
            continue
        yield FileRow(line, row, dict(zip(header, cells, strict=False)))


def csv_fault(line: int, error: csv.Error) -> Fault:
    """Say what is wrong with a row of a table, and the cure."""
    cure = "double the quotes inside a quoted cell, close it"
    if "field limit" in str(error):
        cure = "close the quote that opens it, or split the cell"
    return Fault(line, "bad_csv", f"{error}; {cure}")


def _json(stream: TextIO, limit: int) -> Iterator[FileRow | Fault]:
    """Yield the elements of an array, or the values that follow each other."""
    text = _Json(stream, limit)
    in_array = text.next() == "["
    if in_array:
        text.skip()
    row = 0
    while (character := text.next()) and not (in_array and character == "]"):
        line = text.line
        try:
            value = text.value()
        except (ValueError, RecursionError) as error:
            line = text.line + (error.lineno - 1 if isinstance(error, json.JSONDecodeError) else 0)
            yield Fault(
                line, "bad_json", f"{_what(error)}; mend the file, the rows from here on were not read"
            )
            return
        row += 1
        yield FileRow(line, row, value)
        if in_array and text.next() == ",":
            text.skip()
        elif in_array and text.next() not in ("]", ""):
            yield Fault(text.line, "bad_json", f"{text.next()!r} is in the way; mend the file")
            return
    if in_array and not character:
        yield Fault(text.line, "bad_json", "the array is not closed: the file breaks off; download it again")


class _Json:
    """A long text of JSON of which only the value in hand is in memory."""

    def __init__(self, stream: TextIO, limit: int) -> None:
        self.line = 1
        self._stream, self._limit = stream, limit
        self._text, self._position = "", 0

    def next(self) -> str:
        """Return the next character that is no white space, "" at the end."""
        while True:
            match = _SPACE.match(self._text, self._position)
            self._move(match.end() if match else self._position)
            if self._position < len(self._text) or not self._read():
                return self._text[self._position : self._position + 1]

    def skip(self) -> None:
        """Pass one character."""
        self._move(self._position + 1)

    def value(self) -> object:
        """Decode the value that begins here; raises ValueError where it is broken or too long."""
        while True:
            try:
                value, end = _DECODER.raw_decode(self._text, self._position)
            except json.JSONDecodeError as error:
                if len(self._text) - self._position > self._limit or not self._read():
                    here = self._text[self._position :]
                    raise json.JSONDecodeError(error.msg, here, error.pos - self._position) from error
                continue
            # A number near the end of what was read may go on behind it: `1`, `1e` and `1e+` are all `1` yet.
            if end + 2 < len(self._text) or not self._read():
                self._move(end)
                return value

    def _read(self) -> bool:
        """Read on, at least as much as is waiting, so that a long value is tried a few times only."""
        waiting = self._text[self._position :]
        more = self._stream.read(max(_CHUNK, len(waiting)))
        if more:
            self._text, self._position = waiting + more, 0
        return bool(more)

    def _move(self, end: int) -> None:
        self.line += self._text.count("\n", self._position, end)
        self._position = end


def _what(error: Exception) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"{error.msg} (column {error.colno})"
    return str(error)
