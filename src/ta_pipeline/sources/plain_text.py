"""Plain text: paragraphs parted by blank lines."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from ta_pipeline.sources.drafts import Draft, Found, Segment

_CJK = re.compile(r"[\u2e80-\u2fdf\u3000-\u30ff\u3400-\u9fff\uf900-\ufaff\uff00-\uffef]")


def read_plain_text(text: str) -> Found:
    """Yield one "text" draft whose segments are the paragraphs."""
    segments = [Segment(block, line) for line, block in paragraphs(text.split("\n"))]
    if segments:
        yield Draft("text", segments)


def paragraphs(lines: list[str], first_line: int = 1) -> Iterator[tuple[int, str]]:
    """Yield line number and text of each run of lines that are not blank."""
    block: list[str] = []
    for number, line in enumerate([*lines, ""], start=first_line):
        if line.strip():
            block.append(line.rstrip())
        elif block:
            yield number - len(block), "\n".join(block).strip()
            block = []


def join_wrapped(lines: Iterable[str]) -> str:
    """Undo the wrapping of lines: a space between words, nothing beside an ideograph."""
    joined: list[str] = []
    for line in filter(None, (line.strip() for line in lines)):
        if joined and not _CJK.match(joined[-1][-1]) and not _CJK.match(line[0]):
            joined.append(" ")
        joined.append(line)
    return "".join(joined)
