"""Word and PowerPoint: paragraphs, tables and equations below their headings, slides with their notes.

python-docx and python-pptx open the files; the words are taken from the XML, because their `.text` leaves
out equations and cannot tell x² from x2. `page` is the slide number, and in Word the page where Word
itself has noted its page breaks. Workbooks are read in `tables.py`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ta_pipeline.sources.drafts import WHOLE_FILE, Draft, Fault, Found, Segment
from ta_pipeline.sources.formulas import is_math, lower_text, math_to_latex, raise_text
from ta_pipeline.sources.headings import Headings
from ta_pipeline.sources.html import markdown_table

_WORD = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_DRAWING = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
_DIAGRAM = "http://schemas.openxmlformats.org/drawingml/2006/diagram"
_COMPATIBILITY = "{http://schemas.openxmlformats.org/markup-compatibility/2006}"
_HEADING_STYLE = re.compile(r"^(?:heading|标题)\s*([1-9])$", re.IGNORECASE)
#: Words that Word does not show: what was deleted, instructions of fields, the old form beside the new.
_HIDDEN = {f"{_WORD}del", f"{_WORD}moveFrom", f"{_WORD}instrText", f"{_COMPATIBILITY}Fallback"}
#: Stands for the style of a document's title, which is above every heading.
_TITLE_DEPTH = 99
#: The compound file of Office 97, which is also what a file with a password looks like.
_OLD_OFFICE = b"\xd0\xcf\x11\xe0"


def old_or_locked(path: Path) -> Fault | None:
    """Name a file that has a new suffix and the old container: encrypted, or saved by Office 97."""
    with path.open("rb") as file:
        if file.read(4) != _OLD_OFFICE:
            return None
    cure = "it has a password or is of Office 97; save it again without one in the present format"
    return Fault(WHOLE_FILE, "encrypted", cure)


def read_word(path: Path) -> Found:
    """Yield one "text" draft of a DOCX; the `line` of a segment is the number of its block."""
    import docx

    document = docx.Document(str(path))
    headings, segments = Headings(), []
    depths = _style_depths(document)
    breaks = document.element.body.iter(f"{_WORD}lastRenderedPageBreak")
    page = 1 if next(iter(breaks), None) is not None else None
    title = ""
    for number, block in enumerate(_word_blocks(document.element.body), start=1):
        before, inside = _page_breaks(block)
        page = page and page + before
        depth = _word_depth(block, depths)
        text = _word_table(block) if block.tag == f"{_WORD}tbl" else _word_paragraph(block)
        if depth == _TITLE_DEPTH and text:
            title = title or " ".join(text.split())
        elif depth and text:
            headings.enter(depth, " ".join(text.split()))
        elif text:
            segments.append(Segment(text, number, str(headings), page))
        page = page and page + inside
    if segments:
        yield Draft("text", segments, title or headings.title)


def _page_breaks(block: Any) -> tuple[int, int]:
    """Count the page breaks before the first words of a block, and those after."""
    counts, spoken = [0, 0], False
    for element in block.iter(f"{_WORD}lastRenderedPageBreak", f"{_WORD}t"):
        spoken = spoken or element.tag == f"{_WORD}t"
        counts[spoken] += element.tag != f"{_WORD}t"
    return counts[0], counts[1]


def _word_blocks(body: Any) -> Iterator[Any]:
    """Yield paragraphs and tables in order, those inside content controls and text boxes too."""
    for element in body:
        if element.tag in (f"{_WORD}p", f"{_WORD}tbl"):
            yield element
            if element.tag == f"{_WORD}p":
                for box in element.iter(f"{_WORD}txbxContent"):
                    if not any(a.tag == f"{_COMPATIBILITY}Fallback" for a in box.iterancestors()):
                        yield from _word_blocks(box)
        elif element.tag in (f"{_WORD}sdt", f"{_WORD}sdtContent", f"{_WORD}smartTag", f"{_WORD}ins"):
            yield from _word_blocks(element)


def _style_depths(document: Any) -> dict[str, int]:
    """Map the ids of paragraph styles to heading depths, a style's own or that of the one it rests on."""
    styles = {s.get(f"{_WORD}styleId", ""): s for s in document.styles.element.iter(f"{_WORD}style")}
    depths: dict[str, int] = {}
    for style_id in styles:
        current, seen = style_id, set()
        while current in styles and current not in seen and style_id not in depths:
            seen.add(current)
            if depth := _own_depth(styles[current]):
                depths[style_id] = depth
            based_on = styles[current].find(f"{_WORD}basedOn")
            current = "" if based_on is None else based_on.get(f"{_WORD}val", "")
    return depths


def _own_depth(style: Any) -> int:
    name = style.find(f"{_WORD}name")
    spoken = "" if name is None else str(name.get(f"{_WORD}val", "")).strip()
    if found := _HEADING_STYLE.match(spoken):
        return int(found[1])
    if spoken.lower() in ("title", "标题"):
        return _TITLE_DEPTH
    return _outline_level(style.find(f"{_WORD}pPr"))


def _outline_level(properties: Any) -> int:
    level = None if properties is None else properties.find(f"{_WORD}outlineLvl")
    value = "9" if level is None else str(level.get(f"{_WORD}val", "9"))
    return int(value) + 1 if value in "012345678" and len(value) == 1 else 0


def _word_depth(paragraph: Any, depths: dict[str, int]) -> int:
    properties = paragraph.find(f"{_WORD}pPr")
    if own := _outline_level(properties):
        return own
    style = None if properties is None else properties.find(f"{_WORD}pStyle")
    return 0 if style is None else depths.get(style.get(f"{_WORD}val", ""), 0)


def _word_paragraph(paragraph: Any) -> str:
    text = "".join(_word_words(paragraph)).strip()
    is_item = paragraph.find(f"{_WORD}pPr/{_WORD}numPr") is not None
    style = paragraph.find(f"{_WORD}pPr/{_WORD}pStyle")
    is_item = is_item or (style is not None and str(style.get(f"{_WORD}val", "")).startswith("List"))
    return f"- {text}" if text and is_item else text


def _word_words(element: Any) -> Iterator[str]:
    """Yield the words inside an element: runs, breaks, equations; not what is hidden."""
    for child in element:
        if child.tag in _HIDDEN or child.tag == f"{_WORD}txbxContent":
            continue
        if is_math(child):
            yield math_to_latex(child)
        elif child.tag == f"{_WORD}r":
            yield _word_run(child)
        elif child.tag == f"{_WORD}t":
            yield str(child.text or "")
        elif child.tag == f"{_WORD}tab":
            yield "\t"
        elif child.tag in (f"{_WORD}br", f"{_WORD}cr"):
            yield "\n"
        elif child.tag == f"{_WORD}noBreakHyphen":
            yield "-"
        elif child.tag != f"{_WORD}pPr":
            yield from _word_words(child)


def _word_run(run: Any) -> str:
    text = "".join(_word_words(run))
    shift = run.find(f"{_WORD}rPr/{_WORD}vertAlign")
    value = "" if shift is None else shift.get(f"{_WORD}val")
    if value == "superscript":
        return raise_text(text)
    return lower_text(text) if value == "subscript" else text


def _word_table(table: Any) -> str:
    """Write a table; a merged cell stands once, a table inside a cell gives its words."""
    rows = []
    for row in table.iter(f"{_WORD}tr"):
        cells = []
        for cell in row.iter(f"{_WORD}tc"):
            words = ["".join(_word_words(paragraph)).strip() for paragraph in cell.iter(f"{_WORD}p")]
            cells.append(" ".join(" ".join(filter(None, words)).split()))
        if any(cells):
            rows.append(cells)
    return markdown_table(rows)


def read_slides(path: Path) -> Found:
    """Yield one "text" draft of a PPTX; `page` is the slide and the heading its title, notes below it.

    The `line` of a segment is its number on the slide.
    """
    import pptx

    presentation = pptx.Presentation(str(path))
    segments: list[Segment] = []
    deck = ""
    for page, slide in enumerate(presentation.slides, start=1):
        title = _slide_title(slide)
        deck = deck or title
        texts = list(_slide_texts(slide, slide.shapes.title))
        segments += [Segment(text, n, title, page) for n, text in enumerate(texts, start=1)]
        if notes := _notes(slide):
            heading = f"{title} > Notes" if title else "Notes"
            segments.append(Segment(notes, len(texts) + 1, heading, page))
        if title and not texts and not notes:
            segments.append(Segment(title, 1, title, page))
    if segments:
        yield Draft("text", segments, deck)


def _slide_title(slide: Any) -> str:
    shape = slide.shapes.title
    return "" if shape is None else " ".join(_frame_text(shape.text_frame).split())


def _slide_texts(slide: Any, title: Any) -> Iterator[str]:
    """Yield the text of each shape from top to bottom, as the file has it within one height."""
    known = None if title is None else title.shape_id
    for shape in _shapes(slide.shapes):
        if shape.shape_id != known and (text := _shape_text(shape)):
            yield text
    for relation in slide.part.rels.values():
        if relation.reltype.endswith("/diagramData") and not relation.is_external:
            yield from filter(None, [_diagram_text(relation.target_part.blob)])


def _shapes(shapes: Any) -> Iterator[Any]:
    """Yield shapes, those of groups in place of the group, footers and slide numbers left out."""
    from pptx.enum.shapes import PP_PLACEHOLDER as KIND

    for shape in shapes:
        if shape.is_placeholder and shape.placeholder_format.type in (
            KIND.DATE, KIND.FOOTER, KIND.SLIDE_NUMBER
        ):  # fmt: skip
            continue
        if hasattr(shape, "shapes"):
            yield from _shapes(shape.shapes)
        else:
            yield shape


def _shape_text(shape: Any) -> str:
    if getattr(shape, "has_table", False):
        rows = [[" ".join(_frame_text(c.text_frame).split()) for c in row.cells] for row in shape.table.rows]
        return markdown_table([row for row in rows if any(row)])
    if shape.has_text_frame:
        return _frame_text(shape.text_frame)
    return ""


def _frame_text(frame: Any) -> str:
    """Return the paragraphs of a text frame; deeper ones as nested items."""
    lines = []
    for paragraph in frame._txBody.iter(f"{_DRAWING}p"):
        text = "".join(_drawing_words(paragraph)).strip()
        properties = paragraph.find(f"{_DRAWING}pPr")
        level = "0" if properties is None else properties.get("lvl", "0")
        indent = "  " * int(level) + "- " if level in "12345678" and level else ""
        if text:
            lines.append(indent + text)
    return "\n".join(lines)


def _drawing_words(element: Any) -> Iterator[str]:
    for child in element:
        if child.tag == f"{_COMPATIBILITY}Fallback":
            continue
        if is_math(child):
            yield math_to_latex(child)
        elif child.tag in (f"{_DRAWING}r", f"{_DRAWING}fld"):
            yield _drawing_run(child)
        elif child.tag == f"{_DRAWING}br":
            yield "\n"
        elif child.tag not in (f"{_DRAWING}pPr", f"{_DRAWING}endParaRPr"):
            yield from _drawing_words(child)


def _drawing_run(run: Any) -> str:
    words, properties = run.find(f"{_DRAWING}t"), run.find(f"{_DRAWING}rPr")
    text = "" if words is None else str(words.text or "")
    shift = "" if properties is None else properties.get("baseline", "")
    if shift and shift.lstrip("-").isdecimal() and int(shift):
        return raise_text(text) if int(shift) > 0 else lower_text(text)
    return text


def _notes(slide: Any) -> str:
    if not slide.has_notes_slide or slide.notes_slide.notes_text_frame is None:
        return ""
    return _frame_text(slide.notes_slide.notes_text_frame)


def _diagram_text(blob: bytes) -> str:
    """Return the words of a SmartArt drawing, which python-pptx does not know."""
    from pptx.oxml import parse_xml

    lines = []
    for text in parse_xml(blob).iter(f"{{{_DIAGRAM}}}t"):
        words = "".join(t.text or "" for t in text.iter(f"{_DRAWING}t")).strip()
        if words:
            lines.append(f"- {words}")
    return "\n".join(lines)
