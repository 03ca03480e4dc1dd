"""Cut documents into sentences and cues, and those into chunks that fit a prompt.

A unit is the smallest piece that stays whole: a sentence of prose, a table row, a code block or a
subtitle cue. Chunks and passages are runs of units, so neither cuts a word, a formula or a program.
Counting tokens is the caller's: this module takes a function from texts to token counts.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, takewhile
from typing import Any

from ta_pipeline.params import ChunkParams
from ta_pipeline.records import stable_id

logger = logging.getLogger(__name__)

CountTokens = Callable[[list[str]], list[int]]

_FENCE = re.compile(r"^\s*(```|~~~)", re.MULTILINE)
_PROTECTED = re.compile(
    r"```.*?(?:```|\Z)|~~~.*?(?:~~~|\Z)|\$\$.*?\$\$|\\\[.*?\\\]|\\begin\{.*?\\end\{[^}]*\}"
    r"|\\\(.*?\\\)|\$[^$\n]+\$|`[^`\n]+`",
    re.DOTALL,
)
_SENTENCE_END = re.compile(
    r"[。！？；]+[”’」』）)\"']*\s*"  # Chinese: the mark alone ends the sentence
    r"|[!?…]+[”’」』）)\"'*]*(?:\s+|$)"
    r"|\.[”’)\"'*\]]*(?:\s+(?=[\"'“‘(\[*$`\-A-Z0-9\u4e00-\u9fff])|\s*$)"
    r"|\n\s*\n"
    r"|\n(?=\s*(?:[-*+]\s|[|>#]|\d+[.)]\s))"  # list items, table rows; other single breaks are wrapped prose
)
_ABBREVIATION = re.compile(
    r"(?:\b(?:e\.g|i\.e|cf|vs|etc|approx|Fig|Eq|No|Dr|Mr|Ms|Mrs|Prof|St)|^\s*\d+|(?<![A-Za-z])[A-Z])$",
    re.MULTILINE,
)
_CLAUSE_END = re.compile(r"(?<=[，、：,:])|(?<=\s)")
_STUDENT = ("学生：", "学生:", "Student:")


@dataclass(frozen=True)
class Unit:
    """A piece of a document that is never cut; `text` keeps the whitespace that parts it from the next."""

    text: str
    heading: str
    page: int | None
    start: float | None
    end: float | None
    ends_segment: bool
    tokens: int = 0


def split_sentences(text: str) -> list[str]:
    """Cut text after sentence ends and line breaks, never inside a formula or code.

    Each piece keeps its trailing whitespace: joined again they are the text.
    """
    spans = [match.span() for match in _PROTECTED.finditer(text)]
    pieces: list[str] = []
    begin = 0
    for match in _SENTENCE_END.finditer(text):
        inside = any(start < match.end() and match.start() < end for start, end in spans)
        abbreviated = match.group().startswith(".") and _ABBREVIATION.search(text[begin : match.start()])
        if inside or abbreviated or not text[begin : match.end()].strip():
            continue
        pieces.append(text[begin : match.end()])
        begin = match.end()
    if text[begin:].strip():
        pieces.append(text[begin:])
    elif pieces:
        pieces[-1] += text[begin:]
    return pieces


def _whole_fences(segments: Sequence[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Join segments that share one fenced code block (a reader may cut at its blank lines)."""
    pending: list[dict[str, Any]] = []
    for segment in segments:
        pending.append(segment)
        text = "\n\n".join(part["text"] or "" for part in pending)
        if len(_FENCE.findall(text)) % 2 == 0:
            yield {**pending[0], "text": text}
            pending = []
    yield from pending  # a fence that is never closed joins nothing


def _glue(text: str, following: str, spoken: bool) -> str:
    """Choose what parts a segment from the next: cues run on, paragraphs and speakers do not."""
    if not spoken or text.startswith(_STUDENT) or following.startswith(_STUDENT):
        return "\n"
    return "" if text[-1:] in "。！？；，、：…”" else " "


def units_of(document: dict[str, Any]) -> list[Unit]:
    """Cut a document (a row of the schema DOCUMENT) into sentences, or into cues where it was spoken."""
    spoken = document["kind"] == "transcript"
    segments = [s for s in _whole_fences(document["segments"] or []) if (s["text"] or "").strip()]
    units: list[Unit] = []
    for number, segment in enumerate(segments):
        text = segment["text"].strip()
        following = segments[number + 1]["text"].strip() if number + 1 < len(segments) else ""
        timed = segment["start"] is not None
        pieces = [text] if spoken and timed else split_sentences(text)
        pieces[-1] += _glue(text, following, spoken)
        units += [
            Unit(
                text=piece,
                heading=segment["heading"] or "",
                page=segment["page"],
                start=segment["start"],
                end=segment["end"],
                ends_segment=place == len(pieces) - 1,
            )
            for place, piece in enumerate(pieces)
        ]
    return units


def join_units(units: Sequence[Unit]) -> str:
    """Put units back together as one text."""
    return "".join(unit.text for unit in units).strip()


def chunk_documents(
    documents: Sequence[dict[str, Any]], count_tokens: CountTokens, chunk: ChunkParams
) -> list[dict[str, Any]]:
    """Cut documents into rows of the schema CHUNK, `min_tokens` to `max_tokens` long.

    A chunk ends at a heading once it is long enough, else at the last paragraph or sentence that
    fits; whole sentences of about `overlap_tokens` are repeated in the next chunk of the same section.
    Shorter than the minimum is only the last rest of a document or what stands before a piece that
    cannot be cut (a long program); longer than the maximum only such a piece.
    """
    cut = [units_of(document) for document in documents]
    counted = _counted([unit for units in cut for unit in units], count_tokens)
    ends = list(accumulate(len(units) for units in cut))
    rows: list[dict[str, Any]] = []
    for document, end, units in zip(documents, ends, cut, strict=True):
        whole = counted[end - len(units) : end]
        fitting = [piece for unit in whole for piece in _shortened(unit, chunk.max_tokens, count_tokens)]
        runs = enumerate(_runs(fitting, chunk))
        rows += [_row(document, number, carried, fresh) for number, (carried, fresh) in runs]
    for row, tokens in zip(rows, count_tokens([row["text"] for row in rows]), strict=True):
        row["tokens"] = tokens
    return rows


def _counted(units: list[Unit], count_tokens: CountTokens) -> list[Unit]:
    counts = count_tokens([unit.text for unit in units])
    return [replace(unit, tokens=count) for unit, count in zip(units, counts, strict=True)]


def _shortened(unit: Unit, limit: int, count_tokens: CountTokens) -> list[Unit]:
    """Cut a sentence longer than a chunk at clauses and spaces, or by length where it has neither."""
    if unit.tokens <= limit:
        return [unit]
    if _PROTECTED.search(unit.text):
        logger.warning("a formula or program of %d tokens stays whole in a chunk of its own", unit.tokens)
        return [unit]
    size = max(1, len(unit.text) * limit // (2 * unit.tokens))
    clauses = [
        part[at : at + size] for part in _CLAUSE_END.split(unit.text) for at in range(0, len(part), size)
    ]
    texts = [""]
    for clause in clauses:
        if texts[-1] and len(texts[-1]) + len(clause) > size:
            texts.append("")
        texts[-1] += clause
    pieces = [replace(unit, text=text, ends_segment=False) for text in texts if text]
    pieces[-1] = replace(pieces[-1], ends_segment=unit.ends_segment)
    return _counted(pieces, count_tokens)


def _runs(units: list[Unit], chunk: ChunkParams) -> Iterator[tuple[list[Unit], list[Unit]]]:
    """Yield (repeated units, new units) of each chunk."""
    begin, carried = 0, list[Unit]()
    while begin < len(units):
        end = _cut(units, begin, sum(unit.tokens for unit in carried), chunk)
        if carried and end == begin:  # the next piece fits only without the repetition
            carried = []
            continue
        end = max(end, begin + 1)
        yield carried, units[begin:end]
        same_section = end < len(units) and units[end].heading == units[end - 1].heading
        carried = _overlap(units[begin:end], chunk.overlap_tokens) if same_section else []
        begin = end


def _cut(units: list[Unit], begin: int, carried: int, chunk: ChunkParams) -> int:
    """Find where the chunk that starts at `begin` ends (exclusive)."""
    rest = sum(unit.tokens for unit in units[begin:])
    total, fits, choices = carried, begin, list[tuple[bool, bool, int]]()
    if carried + rest <= chunk.max_tokens and carried + rest < 2 * chunk.min_tokens:
        return len(units)
    for place in range(begin, len(units)):
        unit = units[place]
        if total + unit.tokens > chunk.max_tokens:
            break
        total, rest, fits = total + unit.tokens, rest - unit.tokens, place + 1
        if total < chunk.min_tokens:
            continue
        last = place + 1 == len(units)
        enough_left = last or rest >= chunk.min_tokens - chunk.overlap_tokens
        if enough_left and not last and units[place + 1].heading != unit.heading:
            return place + 1
        choices.append((enough_left, unit.ends_segment, place + 1))
    return max(choices)[2] if choices else fits


def _overlap(units: list[Unit], tokens: int) -> list[Unit]:
    """Take whole sentences from the end until `tokens` are repeated, at most twice as many."""
    taken: list[Unit] = []
    total = 0
    for unit in reversed(units[1:]):
        if total >= tokens or total + unit.tokens > 2 * tokens:
            break
        taken.insert(0, unit)
        total += unit.tokens
    return taken


def _row(document: dict[str, Any], number: int, carried: list[Unit], fresh: list[Unit]) -> dict[str, Any]:
    units = [*carried, *fresh]
    text = join_units(units)
    starts = [unit.start for unit in units if unit.start is not None]
    ends = [unit.end for unit in units if unit.end is not None]
    return {
        "id": stable_id("chunk", document["id"], str(number), text),
        "course": document["course"],
        "document_id": document["id"],
        "source": document["source"],
        "lecture": document["lecture"],
        "title": document["title"],
        "language": document["language"],
        "heading": _common_heading([unit.heading for unit in fresh]),
        "page": next((unit.page for unit in fresh if unit.page is not None), None),
        "start": min(starts) if starts else None,
        "end": max(ends) if ends else None,
        "text": text,
    }


def _common_heading(headings: Sequence[str]) -> str:
    """Keep the part of the heading path that all units of a chunk share."""
    shared = headings[0].split(" > ")
    for heading in headings[1:]:
        pairs = zip(shared, heading.split(" > "), strict=False)
        shared = [left for left, _ in takewhile(lambda pair: pair[0] == pair[1], pairs)]
    return " > ".join(shared)
