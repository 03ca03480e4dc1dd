"""PDF: the text of each page with its page number, in paragraphs below their headings.

pypdfium2 (PDFium) reads the text layer; `page_layout.py` makes paragraphs of its lines. A page that has
pictures or drawings but no text is a scan: `ocr.py` reads it where that extra is installed, else the
pages are named in a fault.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from ta_pipeline.sources import ocr
from ta_pipeline.sources.drafts import WHOLE_FILE, Draft, Fault, Found
from ta_pipeline.sources.formulas import lower_text, raise_text
from ta_pipeline.sources.page_layout import COLUMN, SOFT_HYPHEN, Line, Outline, lay_out, mend_line, plain

#: Digits behind a letter or a bracket: x2 may be x².
#: What may be set smaller than the character before it: an index, the end of a number (10²³). Also the
#: space between two words, which may be the gap between two columns.
_MARKED_UP = re.compile(
    r"(?<=[^\W_])[−-][0-9]{1,3}|(?<=[^\W\d_])[0-9]{1,3}|(?<=[)\]])[−-]?[0-9]{1,3}|[0-9]{2,}|(?<=\S) +(?=\S)"
)
_BASE = re.compile(r"[^\W_]|[)\]]")
#: In type sizes; the spaces of justified text stay below.
_WIDEST_SPACE = 1.5
#: Typographic ligatures and the radicals that some Chinese fonts map to in place of the character.
_COMPATIBLE = re.compile(r"[\ufb00-\ufb06\u2f00-\u2fd5]")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_UNMAPPED = re.compile(r"[\ufffd\ue000-\uf8ff\x00-\x08]")
#: A page on which a larger share of the characters has no meaning counts as a scan.
_MOST_UNMAPPED = 0.3
_DRAWN = 2


def read_pdf(path: Path, max_ocr_pages: int, lengthen: Callable[[float], None]) -> Found:
    """Yield one "text" draft; `lengthen` is asked for the time that each scanned page takes.

    A fault names the pages that are scans and were not read.
    """
    import pypdfium2

    try:
        document = pypdfium2.PdfDocument(path)
    except pypdfium2.PdfiumError as error:
        yield _refusal(str(error))
        return
    with closing(document):
        lines: list[Line] = []
        scans: list[int] = []
        for number in range(1, len(document) + 1):
            with closing(document[number - 1]) as page:
                found = list(_lines(page, number))
                if not found and _is_drawn(page):
                    scans.append(number)
            lines += found
        unread = scans
        if scans and ocr.is_installed():
            unread = scans[max_ocr_pages:]
            for number in scans[:max_ocr_pages]:
                lengthen(ocr.SECONDS_A_PAGE)
                with closing(document[number - 1]) as page:
                    lines += ocr.read_page(page, number)
            lines.sort(key=lambda line: line.page)
        title, segments = lay_out(lines, _outline(document))
    if segments:
        read = [number for number in scans if number not in unread]
        yield Draft("text", segments, title, {"ocr_pages": read} if read else {})
    if unread:
        yield Fault(unread[0], "scanned_page", f"{_ranges(unread)} without a text layer; {_cure()}")


def _refusal(why: str) -> Fault:
    if "password" in why.lower():
        return Fault(WHOLE_FILE, "encrypted", "the PDF asks for a password; save it without one")
    return Fault(WHOLE_FILE, "unreadable", f"{why}; export the PDF again")


def _cure() -> str:
    if ocr.is_installed():
        return "raise `ingest.max_ocr_pages`"
    return f"to read scans: {ocr.INSTALL}"


def _ranges(pages: list[int]) -> str:
    """Write page numbers as `pages 1-3, 7`."""
    runs: list[list[int]] = []
    for page in pages:
        if runs and page == runs[-1][-1] + 1:
            runs[-1].append(page)
        else:
            runs.append([page])
    shown = [f"{run[0]}-{run[-1]}" if len(run) > 1 else str(run[0]) for run in runs[:10]]
    return ("page " if len(pages) == 1 else "pages ") + ", ".join(shown) + (", …" if len(runs) > 10 else "")


def _is_drawn(page: Any) -> bool:
    """Tell whether a page without text shows something: a picture, or drawings in some number."""
    import pypdfium2.raw as pdfium

    drawings = 0
    for thing in page.get_objects(max_depth=2):
        if thing.type == pdfium.FPDF_PAGEOBJ_IMAGE:
            return True
        drawings += thing.type in (pdfium.FPDF_PAGEOBJ_PATH, pdfium.FPDF_PAGEOBJ_TEXT)
        if drawings > _DRAWN:
            return True
    return False


def _lines(page: Any, number: int) -> Iterator[Line]:
    """Yield the lines of a page's text layer, none where it is missing or has no meaning."""
    with closing(page.get_textpage()) as text_page:
        text = text_page.get_text_range()
        if len(_UNMAPPED.findall(text)) > _MOST_UNMAPPED * len(text.strip()):
            return
        last: Line | None = None
        start = 0
        for count, raw in enumerate(text.split("\r\n"), start=1):
            line = _line(text_page, raw, start, number, count)
            start += _units(raw) + 2
            if line is None:
                continue
            mended = last and mend_line(last, line)
            if last and not mended:
                yield last
            last = mended or line
        if last:
            yield last


def _units(text: str) -> int:
    """Count UTF-16 code units, which PDFium's indices go by."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def _line(text_page: Any, raw: str, start: int, page: int, number: int) -> Line | None:
    shown = [n for n, character in enumerate(raw) if not character.isspace() and character.isprintable()]
    if not shown:
        return None
    places = (shown[0], shown[len(shown) // 2], shown[-1])
    first, middle, last = glyphs = [_Glyph(text_page, start + _units(raw[:n])) for n in places]
    return Line(
        text=_clean(_mark_up(text_page, raw, start, middle.size)).strip(),
        page=page,
        number=number,
        left=first.left,
        right=last.right,
        bottom=first.bottom,
        top=first.top,
        baseline=first.baseline,
        last_baseline=last.baseline,
        size=sorted(glyph.size for glyph in glyphs)[1],
        opening=first.size,
        weight=middle.weight,
    )


class _Glyph:
    """Box, baseline, size and weight of one character of a page."""

    def __init__(self, text_page: Any, text_index: int) -> None:
        from ctypes import c_double

        import pypdfium2.raw as pdfium

        index = max(0, pdfium.FPDFText_GetCharIndexFromTextIndex(text_page, text_index))
        matrix, x, y = pdfium.FS_MATRIX(), c_double(), c_double()
        scaled = pdfium.FPDFText_GetMatrix(text_page, index, matrix)
        scale = (matrix.c**2 + matrix.d**2) ** 0.5 if scaled else 1.0
        pdfium.FPDFText_GetCharOrigin(text_page, index, x, y)
        self.size = pdfium.FPDFText_GetFontSize(text_page, index) * scale
        self.weight = max(
            0, pdfium.FPDFText_GetFontWeight(text_page, index), 700 * _is_bold(text_page, index)
        )
        self.left, self.bottom, self.right, self.top = text_page.get_charbox(index, loose=True)
        self.baseline = y.value


def _is_bold(text_page: Any, index: int) -> bool:
    """Tell from its name that a font is bold; a font that is not embedded has no weight."""
    import ctypes

    import pypdfium2.raw as pdfium

    name = ctypes.create_string_buffer(128)
    pdfium.FPDFText_GetFontInfo(text_page, index, name, 128, ctypes.c_int())
    return b"bold" in name.value.lower()


def _mark_up(text_page: Any, raw: str, start: int, size: float) -> str:
    """Raise or lower digits that are set smaller than the letter before, and part the cells of a table.

    Between two cells there is a wide gap for which PDFium gives a single space.
    """

    def glyph(position: int) -> _Glyph:
        return _Glyph(text_page, start + _units(raw[:position]))

    def index(found: re.Match[str]) -> str:
        first, last = found.span()[0], found.span()[1] - 1
        # A number of its own begins with its base, any other match stands behind it.
        base_at = (
            first if first == 0 or (found[0].isdecimal() and not _BASE.match(raw[first - 1])) else first - 1
        )
        base, end = glyph(base_at), glyph(last)
        if not end.size < 0.85 * base.size:
            return found[0]
        small = next(n for n in range(base_at + 1, last + 1) if glyph(n).size < 0.85 * base.size)
        above = end.bottom + end.top > base.bottom + base.top
        return raw[first:small] + (raise_text if above else lower_text)(raw[small : last + 1])

    def gap(found: re.Match[str]) -> str:
        before, after = glyph(found.start() - 1), glyph(found.end())
        return COLUMN if after.left - before.right > _WIDEST_SPACE * size else found[0]

    return _MARKED_UP.sub(lambda found: gap(found) if found[0].isspace() else index(found), raw)


def _clean(text: str) -> str:
    text = _COMPATIBLE.sub(lambda found: unicodedata.normalize("NFKC", found[0]), text)
    return _CONTROL.sub("", text.replace("\x02", SOFT_HYPHEN).replace("\u00a0", " ").replace("\t", " "))


def _outline(document: Any) -> Outline:
    depths: dict[tuple[int, str], int] = {}
    for mark in document.get_toc(max_depth=6):
        destination = mark.get_dest()
        page = destination.get_index() if destination else None
        if page is not None and (name := plain(mark.get_title())):
            depths.setdefault((page + 1, name), mark.level + 1)
    return Outline(depths)
