"""Scanned pages: rapidocr reads the words off the picture. An extra, with its models in the wheel.

The boxes it finds are put in reading order here, because a page of two columns read row by row is torn.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from statistics import median
from typing import Any

from ta_pipeline.sources.page_layout import COLUMN, Line

INSTALL = "pip install -c constraints.txt -e '.[ocr]'"
#: Time that one page may take, the loading of the models included; a dense A4 page took 5 s of one core.
SECONDS_A_PAGE = 60.0
#: Below 200 dots an inch small Chinese type is misread.
_DOTS_PER_INCH = 200
#: An A4 page at that resolution; a larger one is read coarser, so that a page cannot fill the memory.
_MOST_PIXELS = 4_000_000
#: Side to which a page is scaled to find its lines; they are then read at full size. With 1536 the same 414
#: characters of a page were found as unscaled, in half the time.
_LAYOUT_SIDE = 1536
#: Shorter pieces side by side are cells of a table, longer ones columns of text.
_COLUMN_CHARACTERS = 10


@dataclass(frozen=True)
class Piece:
    """Words and their box, in points from the lower left corner of the page."""

    text: str
    left: float
    bottom: float
    right: float
    top: float

    @property
    def middle(self) -> float:
        return (self.bottom + self.top) / 2


def is_installed() -> bool:
    """Tell whether scans can be read here."""
    return find_spec("rapidocr") is not None and find_spec("onnxruntime") is not None


def read_page(page: Any, number: int) -> list[Line]:
    """Return the lines read off a page of pypdfium2, as those of a text layer."""
    width, height = page.get_size()
    scale = min(_DOTS_PER_INCH / 72, (_MOST_PIXELS / max(1.0, width * height)) ** 0.5)
    result = _engine()(page.render(scale=scale).to_numpy()[:, :, :3])
    if result.boxes is None or result.txts is None:
        return []
    pieces = []
    for box, text in zip(result.boxes, result.txts):
        xs, ys = [float(x) / scale for x, _ in box], [height - float(y) / scale for _, y in box]
        pieces.append(Piece(text, min(xs), min(ys), max(xs), max(ys)))
    return as_lines(pieces, number)


def as_lines(pieces: list[Piece], page: int) -> list[Line]:
    """Put pieces in reading order, one line for each row of a column.

    The type size is one for the page: a box is as high as its letters, which tells no heading.
    """
    if not pieces:
        return []
    size = median(piece.top - piece.bottom for piece in pieces)
    lines = []
    for count, row in enumerate(_reading_order(pieces), start=1):
        first, last = row[0], row[-1]
        lines.append(
            Line(
                text=COLUMN.join(piece.text for piece in row),
                page=page,
                number=count,
                left=first.left,
                right=last.right,
                bottom=first.bottom,
                top=first.top,
                baseline=first.bottom,
                last_baseline=first.bottom,
                size=size,
                opening=size,
            )
        )
    return lines


def _reading_order(pieces: list[Piece]) -> Iterator[list[Piece]]:
    """Yield rows from top to bottom, those of columns one column after the other."""
    region: list[Piece] = []
    for band in _bands(pieces):
        if region and _gutter(region + band) is None:
            yield from _region_rows(region)
            region = []
        region += band
    if region:
        yield from _region_rows(region)


def _bands(pieces: list[Piece]) -> Iterator[list[Piece]]:
    """Cut the page across wherever no piece stands; what overlaps in height stays together."""
    band: list[Piece] = []
    floor = 0.0
    for piece in sorted(pieces, key=lambda piece: (-piece.top, piece.left)):
        if band and piece.top - 0.25 * (piece.top - piece.bottom) < floor:
            yield band
            band = []
        floor = min(floor, piece.bottom) if band else piece.bottom
        band.append(piece)
    if band:
        yield band


def _gutter(pieces: list[Piece]) -> float | None:
    """Return where a line from top to bottom meets no piece, with some on both sides."""
    reach = None
    for piece in sorted(pieces, key=lambda piece: piece.left):
        if reach is not None and piece.left > reach:
            return (reach + piece.left) / 2
        reach = piece.right if reach is None else max(reach, piece.right)
    return None


def _region_rows(region: list[Piece]) -> Iterator[list[Piece]]:
    gutter = _gutter(region)
    if gutter is not None:
        left = [piece for piece in region if piece.right <= gutter]
        right = [piece for piece in region if piece.left >= gutter]
        sides = [median(len(piece.text) for piece in side) for side in (left, right)]
        if min(sides) >= _COLUMN_CHARACTERS and len(region) > 2:
            yield from _reading_order(left)
            yield from _reading_order(right)
            return
    yield from _rows(region)


def _rows(pieces: list[Piece]) -> Iterator[list[Piece]]:
    """Put pieces of one height side by side."""
    row: list[Piece] = []
    for piece in sorted(pieces, key=lambda piece: -piece.middle):
        if row and piece.middle < row[0].bottom:
            yield sorted(row, key=lambda piece: piece.left)
            row = []
        row.append(piece)
    if row:
        yield sorted(row, key=lambda piece: piece.left)


@cache
def _engine() -> Any:
    from rapidocr import RapidOCR

    return RapidOCR(
        params={
            "Global.log_level": "error",
            "Det.limit_type": "max",
            "Det.limit_side_len": _LAYOUT_SIDE,
        }
    )
