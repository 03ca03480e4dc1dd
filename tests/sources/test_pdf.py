"""Text layers of PDFs: pages, headings, paragraphs; scans and what cannot be read."""

import io
from pathlib import Path

import pytest

from ta_pipeline.sources import ocr
from ta_pipeline.sources.drafts import Draft, Fault
from ta_pipeline.sources.pdf import read_pdf


def read(path: Path, data: bytes, max_ocr_pages=9, lengthen=lambda seconds: None):
    (path / "a.pdf").write_bytes(data)
    return list(read_pdf(path / "a.pdf", max_ocr_pages, lengthen))


def segments(path: Path, data: bytes) -> list[tuple[int | None, str, str]]:
    (draft,) = read(path, data)
    assert isinstance(draft, Draft) and draft.kind == "text"
    return [(s.page, s.heading, s.text) for s in draft.segments]


def column(x: float, y: float, lines: list[str], size: float = 11) -> list[tuple[float, float, float, str]]:
    return [(size, x, y - 13 * n, line) for n, line in enumerate(lines)]


def test_pages_headings_and_paragraphs_are_told_apart(tmp_path, make_pdf):
    one = [
        (24, 72, 720, "Mechanics"),
        (16, 72, 680, "1 Motion"),
        *column(
            72, 650, ["Bodies move along straight lines at a steady speed, unless", "a force acts on them."]
        ),
        *column(72, 590, ["Another paragraph stands here, below a gap that is twice as", "wide as a line."]),
    ]
    two = [
        (16, 72, 720, "2 Force"),
        *column(72, 690, ["A force is a push or a pull, and it has a direction."]),
    ]
    assert segments(tmp_path, make_pdf([one, two])) == [
        (
            1,
            "Mechanics > 1 Motion",
            "Bodies move along straight lines at a steady speed, unless a force acts on them.",
        ),
        (
            1,
            "Mechanics > 1 Motion",
            "Another paragraph stands here, below a gap that is twice as wide as a line.",
        ),
        (2, "Mechanics > 2 Force", "A force is a push or a pull, and it has a direction."),
    ]
    (draft,) = read(tmp_path, make_pdf([one]))
    assert draft.title == "Mechanics"


def test_a_bold_numbered_line_is_a_heading_and_bold_words_are_not(tmp_path, make_pdf):
    lines = [
        (-11, 72, 700, "1.2 Speed"),
        *column(72, 670, ["Speed is distance over time.", "It has no sign."]),
    ]
    lines += [
        (-11, 72, 620, "Remember this."),
        *column(72, 590, ["Plain words follow here, and many of them."]),
    ]
    assert {heading for _, heading, _ in segments(tmp_path, make_pdf([lines]))} == {"1.2 Speed"}


def test_words_broken_at_a_hyphen_are_joined_and_hyphenated_ones_keep_it(tmp_path, make_pdf):
    lines = column(
        72,
        700,
        ["A well-known law says that the accel-", "eration grows with the force, a well-", "known one."],
    )
    ((_, _, text),) = segments(tmp_path, make_pdf([lines]))
    assert text == "A well-known law says that the acceleration grows with the force, a well-known one."


def test_chinese_lines_are_joined_without_a_space(tmp_path, make_pdf):
    lines = column(72, 700, ["物体在不受外力作用时总保持静止状态或者匀速直线", "运动状态，这就是惯性定律。"])
    assert segments(tmp_path, make_pdf([lines])) == [
        (1, "", "物体在不受外力作用时总保持静止状态或者匀速直线运动状态，这就是惯性定律。")
    ]


def test_columns_stay_whole(tmp_path, make_pdf):
    left = column(
        60,
        700,
        ["The left column begins here and goes", "on for three lines in all before it", "ends with a stop."],
    )
    right = column(
        320,
        700,
        ["The right column has another text of", "its own, which is not mixed with the", "other one."],
    )
    assert [text for _, _, text in segments(tmp_path, make_pdf([left + right]))] == [
        "The left column begins here and goes on for three lines in all before it ends with a stop.",
        "The right column has another text of its own, which is not mixed with the other one.",
    ]


def test_running_heads_and_page_numbers_go_and_numbered_exercises_stay(tmp_path, make_pdf):
    def page(number: int) -> list[tuple[float, float, float, str]]:
        return [
            (9, 72, 770, f"Mechanics, chapter 2    {number + 10}"),
            (11, 72, 700, f"Exercise 7 of week {number * number}"),
            (11, 72, 660, f"Words that stand on page {number} alone, {'again ' * number}and so on."),
            (9, 300, 30, f"- {number} -"),
        ]

    texts = [text for _, _, text in segments(tmp_path, make_pdf([page(1), page(2), page(3)]))]
    assert [text for text in texts if "Mechanics" in text or text.startswith("-")] == []
    assert sum("Exercise" in text for text in texts) == 3


def raised(*parts: tuple[str, float]) -> bytes:
    """Write one line; a part with a rise is set smaller."""
    shown = b"".join(
        b"%g Ts /F1 %d Tf (%s) Tj " % (rise, 8 if rise else 12, text.encode("latin-1"))
        for text, rise in parts
    )
    return b"BT /F1 12 Tf 72 700 Td " + shown + b"ET\n"


@pytest.mark.parametrize(
    ("parts", "text"),
    [
        (
            [("E = mc", 0), ("2", 5), (" and H", 0), ("2", -2), ("O, room B2.", 0)],
            "E = mc² and H₂O, room B2.",
        ),
        ([("about 6.02 x 10", 0), ("23", 5), (" of 1023", 0)], "about 6.02 x 10²³ of 1023"),
        ([("g = 9.8 m s", 0), ("-2", 5), (" in 2-3 s", 0)], "g = 9.8 m s⁻² in 2-3 s"),
        ([("(a + b)", 0), ("2", 5), (" = 12", 0)], "(a + b)² = 12"),
    ],
)
def test_small_raised_and_lowered_digits_keep_their_sense(tmp_path, make_pdf, parts, text):
    assert segments(tmp_path, make_pdf([[raised(*parts)]])) == [(1, "", text)]


def test_cells_of_a_table_are_parted_and_its_rows_kept(tmp_path, make_pdf):
    rows = [("quantity", "symbol", "unit"), ("force", "F", "N"), ("mass", "m", "kg")]
    page = [
        (11, 72 + 120 * c, 700 - 14 * r, cell) for r, row in enumerate(rows) for c, cell in enumerate(row)
    ]
    assert segments(tmp_path, make_pdf([page])) == [
        (1, "", "quantity | symbol | unit\nforce | F | N\nmass | m | kg")
    ]


def test_a_pdf_with_a_password_is_named(tmp_path, make_pdf):
    locked = b"/ID[<00><00>]/Encrypt<</Filter/Standard/V 1/R 2/P -4/O<%s>/U<%s>>>" % (b"11" * 32, b"22" * 32)
    (fault,) = read(tmp_path, make_pdf([[(11, 72, 700, "secret")]], locked))
    assert isinstance(fault, Fault) and fault.reason == "encrypted"


def test_what_is_no_pdf_is_unreadable(tmp_path):
    (fault,) = read(tmp_path, b"%PDF-1.7 and no more")
    assert isinstance(fault, Fault) and fault.reason == "unreadable"


def scan_of(texts: list[str]) -> bytes:
    """Build a PDF whose pages are pictures of words."""
    from matplotlib import font_manager
    from PIL import Image, ImageDraw, ImageFont

    font = ImageFont.truetype(font_manager.findfont("DejaVu Sans"), 40)
    pages = []
    for text in texts:
        page = Image.new("RGB", (1000, 400), "white")
        ImageDraw.Draw(page).text((60, 150), text, fill="black", font=font)
        pages.append(page)
    stream = io.BytesIO()
    pages[0].save(stream, "PDF", save_all=True, append_images=pages[1:], resolution=150)
    return stream.getvalue()


def test_scanned_pages_are_named_with_the_line_that_installs_their_reader(tmp_path, monkeypatch):
    monkeypatch.setattr(ocr, "is_installed", lambda: False)
    (fault,) = read(tmp_path, scan_of(["one", "two", "three"]))
    assert isinstance(fault, Fault) and (fault.line, fault.reason) == (1, "scanned_page")
    assert "pages 1-3" in fault.detail and "pip install" in fault.detail and "[ocr]" in fault.detail


def test_a_blank_page_is_no_scan(tmp_path, make_pdf):
    assert len(read(tmp_path, make_pdf([[], [(11, 72, 700, "Words.")]]))) == 1


def test_text_without_meaning_counts_as_a_scan(tmp_path, make_pdf, monkeypatch):
    monkeypatch.setattr(ocr, "is_installed", lambda: False)
    private = (11, 72, 700, "\ue000\ue001\ue002\ue003")
    found = read(tmp_path, make_pdf([[private, private, private], [(11, 72, 700, "Words.")]]))
    assert [f.reason for f in found if isinstance(f, Fault)] == ["scanned_page"]


def test_only_scanned_pages_are_read_by_ocr_and_each_asks_for_its_time(tmp_path, monkeypatch):
    asked: list[float] = []
    monkeypatch.setattr(ocr, "is_installed", lambda: True)
    piece = ocr.Piece("read off", 10, 10, 90, 20)
    monkeypatch.setattr(ocr, "read_page", lambda page, number: ocr.as_lines([piece], number))
    draft, fault = read(tmp_path, scan_of(["one", "two", "three"]), 2, asked.append)
    assert [(s.page, s.text) for s in draft.segments] == [(1, "read off"), (2, "read off")]
    assert draft.meta == {"ocr_pages": [1, 2]} and len(asked) == 2
    assert fault.line == 3 and "max_ocr_pages" in fault.detail


@pytest.mark.prove
@pytest.mark.skipif(not ocr.is_installed(), reason="the extra `ocr` is not installed")
def test_a_scan_is_read(tmp_path):
    (draft,) = read(tmp_path, scan_of(["Bodies move along lines"]))
    assert "".join(draft.segments[0].text.split()) == "Bodiesmovealonglines"
