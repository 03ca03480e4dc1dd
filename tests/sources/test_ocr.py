"""Reading order of what OCR finds on a page."""

from ta_pipeline.sources.ocr import Piece, as_lines


def texts(pieces: list[Piece]) -> list[str]:
    return [line.text for line in as_lines(pieces, 1)]


def row(y: float, *cells: tuple[float, float, str]) -> list[Piece]:
    return [Piece(text, left, y, right, y + 10) for left, right, text in cells]


def test_two_columns_are_read_one_after_the_other_even_where_their_lines_are_not_level():
    pieces = [
        *row(700, (50, 550, "A heading across both of the columns")),
        *row(680, (50, 290, "left one, a line of words")),
        *row(676, (310, 550, "right one, a line of words")),
        *row(665, (50, 290, "left two, a line of words")),
        *row(661, (310, 550, "right two, a line of words")),
        *row(630, (50, 550, "And again a line across both of them")),
    ]
    assert texts(pieces[::-1]) == [
        "A heading across both of the columns",
        "left one, a line of words",
        "left two, a line of words",
        "right one, a line of words",
        "right two, a line of words",
        "And again a line across both of them",
    ]


def test_cells_of_a_table_stay_in_their_row():
    pieces = [
        *row(700, (50, 90, "量"), (150, 190, "符号"), (250, 290, "单位")),
        *row(680, (50, 90, "力"), (150, 190, "F"), (250, 290, "N")),
    ]
    assert texts(pieces) == ["量 | 符号 | 单位", "力 | F | N"]


def test_an_empty_page_has_no_lines():
    assert as_lines([], 1) == []
