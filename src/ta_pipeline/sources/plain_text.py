"""Plain text: paragraphs parted by blank lines."""

from __future__ import annotations

from collections.abc import Iterator

from ta_pipeline.sources.drafts import Draft, Found, Segment


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
