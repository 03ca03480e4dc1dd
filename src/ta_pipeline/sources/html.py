"""HTML: the main text of a page with the headings above it, without menus, banners and footers.

trafilatura tells the text from what surrounds it; its tree is written as Markdown, which is what the
other readers give: lists, tables, code fences, formulas. The line of a block is where its first words
stand in the file.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from configparser import ConfigParser
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any

from ta_pipeline.sources.decode import decode
from ta_pipeline.sources.drafts import Draft, Fault, Found, Segment
from ta_pipeline.sources.formulas import lower_text, raise_text
from ta_pipeline.sources.headings import Headings

_CHARSET = re.compile(rb"""(?:charset|encoding)\s*=\s*["']?\s*([A-Za-z0-9_.:-]+)""", re.IGNORECASE)
_TITLE = re.compile(r"<title[^<>]*>([^<]*)", re.IGNORECASE)
_DECLARATION = re.compile(r"^\s*<\?xml[^>]*\?>")
_PREFORMATTED = re.compile(r"(</?pre\b)", re.IGNORECASE)
_SPACE = re.compile(r"[ \t\n]+")
_AROUND_BREAK = re.compile(r" *\n *(?![ \n]*```|[ ]*(?:[-:|]|[0-9]+\.) )")
_BETWEEN_IDEOGRAPHS = re.compile(
    r"(?<=[\u3000-\u9fff\uff00-\uffef])[ \t]*\n\s*(?=[\u3000-\u9fff\uff00-\uffef])"
)
#: Bytes in which a browser looks for the declared encoding.
_HEAD = 1024
#: Below so many characters trafilatura takes the page for one without a main text and gives up its
#: structure; its own 250 is a page of Chinese.
_SHORTEST = 25


def read_html(path: Path) -> Found:
    """Yield one "text" draft of the main text; its title is the first H1, else the page's `<title>`."""
    text = _decode(path.read_bytes())
    if isinstance(text, Fault):
        yield text
        return
    # A zero byte ends the text for libxml2.
    text = text.replace("\0", " ")
    body = _main_text(text)
    headings, segments = Headings(), []
    places = _Places(text)
    for element in [] if body is None else _blocks(body):
        words = (_inline(element) if element.tag == "head" else _block(element)).strip()
        if not words:
            continue
        line = places.find(element)
        if element.tag == "head":
            headings.enter(_depth(element), " ".join(words.split()))
        else:
            segments.append(Segment(words, line, str(headings)))
    if segments:
        yield Draft("text", segments, headings.title or _title(text))


def _decode(raw: bytes) -> str | Fault:
    """Decode as UTF-8, else as the page says, else as its bytes look."""
    declared = _CHARSET.search(raw[:_HEAD])
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError:
        if declared:
            name = declared[1].decode().lower()
            try:
                text = raw.decode("gb18030" if name in ("gb2312", "gbk") else name)
                return text.replace("\r\n", "\n").replace("\r", "\n")
            except (LookupError, UnicodeError):
                pass
    return decode(raw)


def _title(text: str) -> str:
    from html import unescape

    found = _TITLE.search(text)
    return " ".join(unescape(found[1]).split()) if found else ""


def _main_text(text: str) -> Any:
    """Return the tree of the main text: trafilatura's, else all words where it finds none."""
    from lxml import etree
    from lxml.html import document_fromstring
    from trafilatura.baseline import baseline
    from trafilatura.core import bare_extraction
    from trafilatura.settings import Extractor

    try:
        # Parsed here: trafilatura takes a fragment for something that is no HTML.
        tree = document_fromstring(_unwrapped(_DECLARATION.sub("", text)))
    except etree.ParserError:  # nothing in it
        return None
    _frame(tree)
    options = Extractor(
        config=_config(), output_format="python", comments=False, formatting=True, images=True, tables=True
    )
    body = getattr(bare_extraction(tree, options=options), "body", None)
    return baseline(tree)[0] if body is None or not "".join(body.itertext()).strip() else body


def _unwrapped(text: str) -> str:
    """Take out line breaks between ideographs, which would become spaces; in <pre> they stay."""
    first, *parts = _PREFORMATTED.split(text)
    kept = [_BETWEEN_IDEOGRAPHS.sub("", first)]
    for tag, part in zip(parts[::2], parts[1::2], strict=True):
        kept += [tag, part if tag.lower() == "<pre" else _BETWEEN_IDEOGRAPHS.sub("", part)]
    return "".join(kept)


def _frame(tree: Any) -> None:
    """Put a page without any frame that trafilatura knows into an <article>.

    Of such a page, as converters of notes write it, trafilatura would keep paragraphs only and drop
    headings and lists.
    """
    from trafilatura.xpaths import BODY_XPATH

    body = tree.find("body")
    if body is None or any(expression(tree) for expression in BODY_XPATH):
        return
    article = body.makeelement("article")
    article.text, body.text = body.text, None
    article.extend(list(body))
    body.append(article)


@cache
def _config() -> ConfigParser:
    from trafilatura.settings import DEFAULT_CONFIG

    config = deepcopy(DEFAULT_CONFIG)
    config.set("DEFAULT", "MIN_EXTRACTED_SIZE", str(_SHORTEST))
    config.set("DEFAULT", "MAX_FILE_SIZE", str(2**40))  # `ingest.max_file_mb` is the limit
    return config


class _Places:
    """Lines of blocks: the words of a block are looked for behind those of the block before."""

    def __init__(self, text: str) -> None:
        self._text, self._at, self._line = text, 0, 1

    def find(self, element: Any) -> int:
        words = next((word.strip() for word in element.itertext() if word.strip()), "")
        found = self._text.find(words.split("\n")[0][:24], self._at) if words else -1
        if found > self._at:
            self._line += self._text.count("\n", self._at, found)
            self._at = found
        return self._line


def _blocks(body: Any) -> Iterator[Any]:
    """Yield headings and blocks; a container of blocks is opened, words between blocks are paragraphs."""
    yield from _loose(body, body.text)
    for element in body:
        if element.tag in ("div", "body", "section") or (element.tag == "quote" and len(element)):
            yield from _blocks(element)
        elif isinstance(element.tag, str):
            yield element
        yield from _loose(body, element.tail)


def _loose(body: Any, text: str | None) -> Iterator[Any]:
    if text and text.strip():
        paragraph = body.makeelement("p")
        paragraph.text = text
        yield paragraph


def _depth(element: Any) -> int:
    rend = str(element.get("rend", ""))
    return int(rend[1]) if re.fullmatch(r"h[1-6]", rend) else 2


def _block(element: Any) -> str:
    if element.tag == "list":
        return "\n".join(_items(element, ""))
    if element.tag == "table":
        return _table(element)
    if element.tag == "code":
        return f"```\n{''.join(element.itertext()).strip(chr(10))}\n```"
    if element.tag == "graphic":
        return str(element.get("alt") or "")
    return _inline(element)


def _items(element: Any, indent: str) -> Iterator[str]:
    for number, item in enumerate(element.findall("item"), start=1):
        rend = str(item.get("rend", ""))
        mark = "" if rend.startswith("dt") else ": " if rend.startswith("dd") else "- "
        mark = f"{number}. " if mark == "- " and element.get("rend") == "ol" else mark
        yield f"{indent}{mark}{_inline(item, skip=('list', 'table')).strip()}"
        for nested in item.iterchildren("list"):
            yield from _items(nested, indent + "  ")
        for table in item.iterchildren("table"):
            yield _table(table)


def _table(table: Any) -> str:
    rows = [[_cell(cell) for cell in row.iterchildren("cell")] for row in table.iter("row")]
    return markdown_table([row for row in rows if any(row)])


def _cell(cell: Any) -> str:
    return " ".join(_inline(cell).split())


def markdown_table(rows: list[list[str]]) -> str:
    """Write rows as a Markdown table whose first row is the header; a single row has no rule below."""
    if not rows:
        return ""
    lines = ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows]
    if len(rows) > 1:
        lines.insert(1, "|" + "---|" * len(rows[0]))
    return "\n".join(lines)


def _inline(element: Any, skip: tuple[str, ...] = ()) -> str:
    """Return the words of an element with indices raised and lowered; only `<br>` breaks a line."""
    words = [_flow(element.text)]
    for child in element:
        if child.tag not in skip:
            words.append(_span(child))
        words.append(_flow(child.tail))
    return _AROUND_BREAK.sub("\n", "".join(words))


def _flow(text: str | None) -> str:
    """Take the line breaks of the file out of running text."""
    return _SPACE.sub(" ", str(text or ""))


def _span(child: Any) -> str:
    match child.tag, child.get("rend"):
        case "lb", _:
            return "\n"
        case "graphic", _:
            return str(child.get("alt") or "")
        case "code", _:
            return _code_span("".join(child.itertext()))
        case (("list" | "table"), _):
            return "\n" + _block(child)
        case _, ("#sup" | "#sub") as rend:
            return (raise_text if rend == "#sup" else lower_text)(_inline(child))
    return f"{_inline(child)}\n" if child.tag == "p" else _inline(child)


def _code_span(code: str) -> str:
    return f"\n```\n{code.strip(chr(10))}\n```\n" if "\n" in code.strip() else f"`{code.strip()}`"
