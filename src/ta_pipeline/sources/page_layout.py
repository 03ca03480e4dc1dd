"""Lines of a printed page put together: paragraphs, headings, and what is only the page's frame.

A PDF knows glyphs and places, no paragraphs. The order of the lines is the one PDFium gives, which is the
order the page was written in, so that columns stay whole. A heading is larger than the body text, or bold
with a number, or named in the outline. Running heads, running feet and page numbers go.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from statistics import median

from ta_pipeline.sources.drafts import Segment
from ta_pipeline.sources.formulas import lower_text, raise_text
from ta_pipeline.sources.headings import Headings
from ta_pipeline.sources.plain_text import join_wrapped

#: PDFium's mark for a hyphen that ends a line; the line break behind it is gone already.
SOFT_HYPHEN = "\ufffe"
_ENDED = re.compile(r"[.!?:;。！？：；…][\"'”’)）\]】]*$")
_BULLET = re.compile(
    r"^(?:[•●○▪■◆►▶➢✓·–—*-]|\(?[0-9]{1,2}[.)、）]|[（(][一二三四五六七八九十0-9]+[)）])\s*\S"
)
_NUMBERED = re.compile(
    r"^(?:第[0-9一二三四五六七八九十百]+[章节讲课单元部分篇]|[一二三四五六七八九十]{1,3}、|[0-9]+(?:\.[0-9]+)*\.?\s+\S"
    r"|(?:Chapter|Section|Lecture|Part|Unit|Lesson|Appendix)\s+[0-9A-Z]+\b)",
    re.IGNORECASE,
)
_PAGE_NUMBER = re.compile(
    r"^\W*(?:第\s*)?(?:page\s*)?[0-9ivxlc]{1,4}\s*(?:页)?(?:\s*(?:/|of|共)\s*[0-9]{1,4}\s*页?)?\W*$",
    re.IGNORECASE,
)
#: The dots of a table of contents.
_LEADER = re.compile(r"(?:\s?[.·…]){4,}\s?")
#: Stands between the columns of a table.
COLUMN = " | "
_CJK_END = re.compile(r"[\u3400-\u9fff，、]$")
_CJK_START = re.compile(r"^[\u3400-\u9fff]")
_INDEX = re.compile(r"[+−-]?(?:[0-9]{1,3}|[a-z])(?:[+−-][0-9a-z])?(?![^\W\d_])")
_LONGEST_HEADING = 120


@dataclass(frozen=True)
class Line:
    """A printed line: its text, where it stands in points from the lower left corner, its type.

    A line that PDFium joined to the one below it has two baselines; `bottom` and `top` are those of its
    first character, and so is `opening`, the size of its type. A size of 0 is not known.
    """

    text: str
    page: int
    number: int
    left: float
    right: float
    bottom: float
    top: float
    baseline: float
    last_baseline: float
    size: float
    opening: float
    weight: int = 0


@dataclass(frozen=True)
class Outline:
    """Titles of the outline (bookmarks) by page, each with its depth from 1."""

    depths: dict[tuple[int, str], int]

    def depth(self, line: Line) -> int | None:
        """Return the depth at which the outline names a line of that page."""
        return self.depths.get((line.page, plain(line.text)))


def plain(text: str) -> str:
    """Reduce a title to what is equal wherever it is written."""
    return re.sub(r"\W+", "", text).casefold()


def lay_out(lines: list[Line], outline: Outline) -> tuple[str, list[Segment]]:
    """Return the title of the document and its paragraphs, each with page and heading path.

    The `line` of a segment is the number of its first line on the page.
    """
    if not lines:
        return "", []
    body = _body_size(lines)
    weight = _most(lines, lambda line: line.weight)
    lines = [line for line in _without_frame(lines, body) if line.text.strip()]
    depths = _heading_depths(lines, body, weight, outline)
    hyphens = _Hyphens(lines)
    headings, segments = Headings(), []
    rights = _right_edges(lines)
    for block, depth in _blocks(lines, depths, rights):
        text = hyphens.resolve(_text(block, rights))
        if depth:
            headings.enter(depth, " ".join(text.split()))
        else:
            segments.append(Segment(text, block[0].number, str(headings), block[0].page))
    return headings.title, segments


def _most(lines: Sequence[Line], value: Callable[[Line], float]) -> float:
    """Return the value that most characters have."""
    counts: Counter[float] = Counter()
    for line in lines:
        counts[value(line)] += len(line.text)
    return max(counts, key=lambda key: (counts[key], -key))


def _body_size(lines: Sequence[Line]) -> float:
    """Return the type size that most characters have, in half points."""
    return _most(lines, lambda line: _half_points(line.size))


def _half_points(size: float) -> float:
    return round(size * 2) / 2


def _without_frame(lines: list[Line], body: float) -> list[Line]:
    """Take out the outermost lines of pages that only count or repeat.

    A lone number goes; a line that holds a number which runs with the pages, on two pages at least; and
    one that is the same on three.
    """
    outer = [line for line in _outermost(lines) if line.size <= 1.1 * body]
    pages: defaultdict[tuple[str, int], set[int]] = defaultdict(set)
    for line in outer:
        for key in _frame_keys(line):
            pages[key].add(line.page)

    def is_frame(line: Line) -> bool:
        if _PAGE_NUMBER.match(line.text.strip()):
            return True
        return any(len(pages[key]) >= (2 if key[1] else 3) for key in _frame_keys(line))

    frame = {id(line) for line in outer if is_frame(line)}
    return [line for line in lines if id(line) not in frame]


def _outermost(lines: list[Line]) -> Iterator[Line]:
    """Yield the lines at the upper and lower end of each page."""
    pages: defaultdict[int, list[Line]] = defaultdict(list)
    for line in lines:
        pages[line.page].append(line)
    for members in pages.values():
        highest, lowest = max(m.baseline for m in members), min(m.last_baseline for m in members)
        for line in members:
            if highest - line.baseline < 0.5 * line.size or line.last_baseline - lowest < 0.5 * line.size:
                yield line


def _frame_keys(line: Line) -> Iterator[tuple[str, int]]:
    """Yield the text, and the text around its first and its last number with the number less the page."""
    text = " ".join(line.text.split())
    yield text, 0
    for found in (re.match(r"[0-9]{1,4}\b", text), re.search(r"\b[0-9]{1,4}$", text)):
        if found:
            # Never 0, which stands for a text without a number that runs.
            yield text[: found.start()] + "#" + text[found.end() :], int(found[0]) - line.page + 10_000


def _heading_depths(lines: list[Line], body: float, weight: float, outline: Outline) -> dict[int, int]:
    """Map the id of each heading line to its depth: the outline's, else by size, larger is higher."""
    sized: dict[int, float] = {}
    named: dict[int, int] = {}
    for line in lines:
        text = line.text.strip()
        if depth := outline.depth(line):
            named[id(line)] = depth
        elif len(text) > _LONGEST_HEADING or not re.search(r"[^\W\d_]", text) or _LEADER.search(text):
            continue
        elif line.size >= 1.15 * body:
            sized[id(line)] = _half_points(line.size)
        elif (
            line.weight >= 500 > weight
            and line.size >= 0.95 * body
            and _NUMBERED.match(text)
            and not _ENDED.search(text)
        ):
            sized[id(line)] = 0.0
    sizes = sorted(set(sized.values()), reverse=True)
    by_size = {size: min(depth, 6) for depth, size in enumerate(sizes, start=1)}
    if named:
        # A title above the first chapter is larger than all that the outline names.
        largest = max((line.size for line in lines if id(line) in named), default=0)
        deepest = max(named.values())
        by_size = {
            size: 1 if size > 1.1 * largest else min(deepest + depth, 6) for size, depth in by_size.items()
        }
        lift = int(1 in by_size.values() and any(size > 1.1 * largest for size in by_size))
        named = {key: min(depth + lift, 6) for key, depth in named.items()}
    return named | {key: by_size[size] for key, size in sized.items()}


def _blocks(
    lines: list[Line], depths: dict[int, int], rights: dict[int, float]
) -> Iterator[tuple[list[Line], int]]:
    """Yield headings (with their depth) and paragraphs (depth 0) in order."""
    pitch = _pitches(lines)
    block: list[Line] = []
    for line in lines:
        if block and not _same_block(block, line, depths, pitch, rights):
            yield block, depths.get(id(block[0]), 0)
            block = []
        block.append(line)
    if block:
        yield block, depths.get(id(block[0]), 0)


def _pitches(lines: list[Line]) -> dict[int, float]:
    """Return the usual distance from line to line of each page."""
    steps: defaultdict[int, list[float]] = defaultdict(list)
    for above, line in pairwise(lines):
        step = above.last_baseline - line.baseline
        if above.page == line.page and 0.5 * line.size < step < 3 * line.size:
            steps[line.page].append(step)
    return {page: median(found) for page, found in steps.items()}


def _right_edges(lines: list[Line]) -> dict[int, float]:
    """Return for each line where the lines with its left edge usually end: its column's right edge."""
    columns: defaultdict[tuple[int, int], list[Line]] = defaultdict(list)
    for line in lines:
        columns[line.page, int(line.left // 40)].append(line)
    edges: dict[int, float] = {}
    for (page, place), members in columns.items():
        near = members + columns.get((page, place - 1), []) + columns.get((page, place + 1), [])
        ends = sorted(line.right for line in near)
        edge = ends[int(0.9 * (len(ends) - 1))]
        edges.update((id(line), edge) for line in members)
    return edges


def _same_block(
    block: list[Line], line: Line, depths: dict[int, int], pitch: dict[int, float], rights: dict[int, float]
) -> bool:
    last = block[-1]
    if last.page != line.page or depths.get(id(last)) != depths.get(id(line)):
        return False
    step = last.last_baseline - line.baseline
    usual = pitch.get(line.page, 1.3 * line.size)
    if id(line) in depths:
        return (
            abs(last.size - line.size) < 0.6 and 0 < step < 2 * line.size and not _NUMBERED.match(line.text)
        )
    if step < -2 * line.size:  # the next column
        return _runs_on(last, line, rights)
    if abs(last.size - line.size) > 0.2 * line.size or step > 1.35 * max(usual, line.size):
        return False
    left = min(member.left for member in block)
    if line.left < left - (1.5 if len(block) > 1 else 4) * line.size:
        return False
    indented = line.left - left > 0.8 * line.size and len(block) > 1
    return not (indented and _ENDED.search(last.text.rstrip()) and not _BULLET.match(block[0].text))


def _runs_on(last: Line, line: Line, rights: dict[int, float]) -> bool:
    """Tell whether a sentence goes on from one line into the next."""
    text = last.text.rstrip()
    if _BULLET.match(line.text) or COLUMN in text or COLUMN in line.text or _LEADER.search(text):
        return False
    if not _ENDED.search(text):
        if line.text[:1].islower():
            return True
        if len(text) >= 12 and _CJK_END.search(text) and _CJK_START.match(line.text):
            return True
    edge = rights[id(last)]
    return last.right >= edge - 0.12 * (edge - last.left) and edge - last.left > 8 * last.size


def _text(block: list[Line], page_rights: dict[int, float]) -> str:
    """Join the lines of a block where a sentence goes on; keep the break elsewhere."""
    rights = _right_edges(block) if len(block) > 2 else page_rights
    rows: list[list[str]] = [[block[0].text]]
    for last, line in pairwise(block):
        if _runs_on(last, line, rights):
            rows[-1].append(line.text)
        else:
            rows.append([line.text])
    return "\n".join(_LEADER.sub(" … ", join_wrapped(_glue_hyphens(row))).strip() for row in rows)


def _glue_hyphens(row: list[str]) -> list[str]:
    """Take a hyphen at the end of a line for one that may go, as PDFium does inside its own lines."""
    glued = [row[0].strip()]
    for line in row[1:]:
        if re.search(r"[^\W\d_][-\u00ad\u2010]$", glued[-1]) and line[:1].islower():
            glued[-1] = glued[-1][:-1] + SOFT_HYPHEN + line.strip()
        elif glued[-1].endswith(SOFT_HYPHEN):
            glued[-1] += line.strip()
        else:
            glued.append(line.strip())
    return glued


class _Hyphens:
    """Tell a word that was broken at a hyphen from one that is written with it.

    It is written with one where the document has it so inside a line, or where a capital or a digit
    follows (UTF-8).
    """

    _AROUND = re.compile(rf"([^\W_]*){SOFT_HYPHEN}\s?([^\W_]*)")

    def __init__(self, lines: list[Line]) -> None:
        self._written = {
            word.casefold()
            for line in lines
            if "-" in line.text
            for word in re.findall(r"[^\W_]+-[^\W_]+", line.text)
        }

    def resolve(self, text: str) -> str:
        """Write each broken word as it should stand."""
        return self._AROUND.sub(self._join, text) if SOFT_HYPHEN in text else text

    def _join(self, found: re.Match[str]) -> str:
        before, after = found[1], found[2]
        keeps = f"{before}-{after}".casefold() in self._written or not after[:1].islower()
        return f"{before}-{after}" if keeps and before else before + after


def mend_line(last: Line, line: Line) -> Line | None:
    """Return the two as one where the second stands beside the first: an exponent, the next cell."""
    middle = (line.bottom + line.top) / 2
    gap = line.left - last.right
    if not (last.bottom < middle < last.top and gap >= -0.1 * last.size):
        return None
    if gap > last.size:
        level = abs(line.baseline - last.last_baseline) < 0.2 * last.size
        return replace(last, text=last.text + COLUMN + line.text, right=line.right) if level else None
    text = line.text
    is_small = line.opening < 0.85 * last.size and gap < 0.15 * last.size
    if is_small and re.search(r"[^\W\d_]$|[)\]]$", last.text) and (found := _INDEX.match(text)):
        shift = raise_text if middle > (last.bottom + last.top) / 2 else lower_text
        text = shift(found[0]) + text[found.end() :]
    glue = "" if gap < 0.15 * last.size else " "
    return replace(last, text=last.text + glue + text, right=line.right)
