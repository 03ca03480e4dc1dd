"""Cut documents into sentences and cues, and those into chunks that fit a prompt.

A unit is the smallest piece that stays whole: a sentence of prose, a table row, a code block or a
subtitle cue. Chunks and passages are runs of units, so neither cuts a word, a formula or a program.
Where code and formulas stand is the business of `markup`; table rows and indented code are found here.
Counting tokens is the caller's: this module takes a function from texts to token counts.
"""

from __future__ import annotations

import logging
import re
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, dropwhile, groupby, takewhile
from typing import Any

from ta_pipeline.params import ChunkParams
from ta_pipeline.records import stable_id
from ta_pipeline.text.markup import protected_spans
from ta_pipeline.text.voices import ALONE, Voice, mark_between, voices_of

logger = logging.getLogger(__name__)

CountTokens = Callable[[list[str]], list[int]]

#: Blocks that a reader may have cut at their blank lines: what opens them, and what closes each.
_FENCE = re.compile(r"^\s*(`{3,}(?=[^`]*$)|~{3,})")
_INLINE_CODE = re.compile(r"`[^`]*`")
_DISPLAY = re.compile(r"(?<!\\)(?:\$\$|\\\[|\\\]|\\(?:begin|end)\{[^}]*\})")
#: Segments among which the end of such a block is looked for; one that never ends joins nothing.
_LONGEST_BLOCK = 50
#: Code by indentation, after a blank line or at the start of a segment.
_INDENTED = re.compile(
    r"(?:\A|(?<=\n))(?:[ \t]*\n|\A)(?P<code>(?: {4}|\t)[^\n]*(?:\n(?:[ \t]*\n)*(?: {4}|\t)[^\n]*)*)"
)
_TABLE_RULE = re.compile(
    r"^[ \t]*\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)+\|?[ \t]*$|^[ \t]*\|[ \t:-]+\|[ \t]*$"
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
#: The last part of the heading path of a section that answers the one before it.
_SOLUTION = re.compile(r"(?:^|> )\W*(?:解答?|解析|答案|参考答案|solutions?|answers?)\W*\d*$", re.IGNORECASE)
#: Pieces that the sentence before them leads to.
_SHOWN = re.compile(r"\s*(?:```|~~~|\$\$|\\\[|\|)")
#: A sentence that sets a task or asks; what answers it comes next.
_TASK = re.compile(
    r"\s*(?:试?求|问[，：]|(?:Find|Calculate|Determine|Estimate|Show that|How (?:long|far|fast|much|many))\b)"
)
_ASKED = (":", "：", "?", "？")
#: A sentence that says little without the one before it.
_GOES_ON = re.compile(
    r"\s*(?:[a-z]|(?:This|That|These|Those|It|They|But|However|Therefore|Thus|Hence|Otherwise)\b|Here,"
    r"|Inside the\b|As (?:a result|these|this)\b|In (?:this case|fact)\b|For example\b"
    r"|[它这那]|其中|因此|所以|但是|于是|例如)"
)
_LIST_ITEM = re.compile(r"\s*(?:[-*+]|\d{1,3}[.)])\s")
#: Seconds between two cues: from here on silence is a place to cut; so long a one parts two subjects.
_PAUSE, _JOINT = 2.0, 15.0


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
    heading_tokens: int = 0
    voice: Voice = ALONE  # who says it; only what `voice.teaches` may be quoted as the teacher's


def split_sentences(text: str) -> list[str]:
    """Cut text after sentence ends and line breaks, never inside a formula, code or a table row.

    Each piece keeps its trailing whitespace: joined again they are the text.
    """
    whole = _whole_spans(text)
    starts = [start for start, _ in whole]
    pieces: list[str] = []
    begin = 0
    for match in _SENTENCE_END.finditer(text):
        before = bisect_right(starts, match.end() - 1) - 1
        inside = before >= 0 and match.start() < whole[before][1]
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


def _whole_spans(text: str) -> list[tuple[int, int]]:
    """List where (start, end) nothing may be cut, in order and apart from each other."""
    spans = protected_spans(text)
    spans += [match.span("code") for match in _INDENTED.finditer(text)]
    merged: list[tuple[int, int]] = []
    for start, end in sorted([*spans, *_table_rows(text)]):
        if merged and start < merged[-1][1]:
            merged[-1] = merged[-1][0], max(end, merged[-1][1])
        else:
            merged.append((start, end))
    return merged


def _table_rows(text: str) -> Iterator[tuple[int, int]]:
    """Yield where each row of a table stands: lines that begin with a bar, or lie around a rule of dashes."""
    if "|" not in text:
        return
    lines = text.split("\n")
    rows = [line.lstrip().startswith("|") for line in lines]
    for rule in (number for number, line in enumerate(lines) if number and _TABLE_RULE.match(line)):
        rows[rule - 1] = rows[rule] = True
        for number in range(rule + 1, len(lines)):
            if "|" not in lines[number]:
                break
            rows[number] = True
    at = 0
    for line, is_row in zip(lines, rows, strict=True):
        if is_row:
            yield at, at + len(line)
        at += len(line) + 1


def _whole_blocks(segments: Sequence[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Join segments that share one code block or formula (a reader may cut at its blank lines)."""
    at = 0
    while at < len(segments):
        end, opened = at + 1, _left_open(segments[at]["text"] or "", "")
        while opened and end < min(len(segments), at + _LONGEST_BLOCK):
            if segments[end]["start"] is not None or segments[end]["heading"] != segments[at]["heading"]:
                break
            opened = _left_open(segments[end]["text"] or "", opened)
            end += 1
        if opened:
            end = at + 1
        text = "\n\n".join(segment["text"] or "" for segment in segments[at:end])
        yield {**segments[at], "text": text} if end > at + 1 else segments[at]
        at = end


def _left_open(text: str, opened: str) -> str:
    """Say what a text leaves open: a fence, `$$`, `\\[` or `\\begin{…}`; `opened` was open before it."""
    for line in text.split("\n"):
        fence = _FENCE.match(line)
        if opened[:3] in ("```", "~~~"):
            if fence and fence[1].startswith(opened) and not line.strip().strip(opened[0]):
                opened = ""
        elif fence and not opened:
            opened = fence[1]
        else:
            opened = _formula_left_open(line, opened)
    return opened


def _formula_left_open(line: str, opened: str) -> str:
    ends = {"$$": "$$", "\\[": "\\]"}
    for mark in _DISPLAY.findall(_INLINE_CODE.sub("", line)):
        if opened and mark == ends.get(opened, opened.replace("begin", "end")):
            opened = ""
        elif not opened and (mark in ends or mark.startswith("\\begin")):
            opened = mark
    return opened


def _trimmed(text: str) -> str:
    """Take blank lines and spaces off both ends, but not the indentation of code."""
    text = text.rstrip()
    bare = text.lstrip()
    first = text[: len(text) - len(bare)].rpartition("\n")[2]
    return first + bare if first.startswith(("    ", "\t")) else bare


def _glue(text: str, runs_on: bool) -> str:
    """Choose what parts a segment from the next: cues of one voice run on, paragraphs and voices do not."""
    if not runs_on:
        return "\n"
    return "" if text[-1:] in "。！？；，、：…”" else " "


def units_of(document: dict[str, Any]) -> list[Unit]:
    """Cut a document (a row of the schema DOCUMENT) into sentences, or into cues where it was spoken."""
    spoken = document["kind"] == "transcript"
    segments = [s for s in _whole_blocks(document["segments"] or []) if (s["text"] or "").strip()]
    voices = voices_of(segments) if spoken else [ALONE] * len(segments)
    units: list[Unit] = []
    for segment, voice, following in zip(segments, voices, [*voices[1:], ALONE], strict=True):
        text = _trimmed(segment["text"])
        timed = segment["start"] is not None
        pieces = [text] if spoken and timed else split_sentences(text)
        pieces[-1] += _glue(text, runs_on=spoken and voice.name == following.name)
        units += [
            Unit(
                text=piece,
                heading=segment["heading"] or "",
                page=segment["page"],
                start=segment["start"],
                end=segment["end"],
                ends_segment=place == len(pieces) - 1,
                voice=voice,
            )
            for place, piece in enumerate(pieces)
        ]
    return units


def join_units(units: Sequence[Unit]) -> str:
    """Put units back together as one text; where the voice changes, its name stands before what it says."""
    voices = [None, *(unit.voice for unit in units)]
    marked = [
        mark_between(before, unit.voice) + unit.text for before, unit in zip(voices, units, strict=False)
    ]
    return _trimmed("".join(marked))


def chunk_documents(
    documents: Sequence[dict[str, Any]], count_tokens: CountTokens, chunk: ChunkParams
) -> list[dict[str, Any]]:
    """Cut documents into rows of the schema CHUNK, `min_tokens` to `max_tokens` long.

    A chunk ends at a heading once it is long enough, else at the last paragraph or sentence that
    fits, rather not in a problem or its solution, nor around a program, a formula or a table, nor before
    a sentence that goes on ("This is"); speech rather at its longest pause. Whole sentences of about
    `overlap_tokens` are repeated in the next chunk of the same section, but not across a long pause.
    Where a chunk holds several sections, the name of each stands above it: an exercise is told from its
    solution by nothing else.
    Shorter than the minimum is only the last rest of a document or what stands before a piece that
    cannot be cut (a long program); longer than the maximum only such a piece.
    """
    cut = [units_of(document) for document in documents]
    titles = [document["title"] for document, units in zip(documents, cut, strict=True) for _ in units]
    counted = _counted([unit for units in cut for unit in units], titles, count_tokens)
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


def _labels(units: Sequence[Unit]) -> Iterator[str]:
    """Yield what may stand before each unit in a chunk: a student can begin one in the middle of a speech."""
    before: Voice | None = None
    for unit in units:
        yield mark_between(before, unit.voice) if unit.voice.teaches else unit.voice.label
        before = unit.voice


def _counted(units: list[Unit], titles: list[str], count_tokens: CountTokens) -> list[Unit]:
    counts = count_tokens([label + unit.text for label, unit in zip(_labels(units), units, strict=True)])
    lines = [_heading_line(unit.heading or title) for unit, title in zip(units, titles, strict=True)]
    names = sorted(set(lines))
    headings = dict(zip(names, count_tokens(names), strict=True))
    return [
        replace(unit, tokens=count, heading_tokens=headings[line])
        for unit, count, line in zip(units, counts, lines, strict=True)
    ]


def _shortened(unit: Unit, limit: int, count_tokens: CountTokens) -> list[Unit]:
    """Cut a sentence longer than a chunk at clauses and spaces, or by length where it has neither.

    A formula, program or table row in it stays whole however long it is.
    """
    if unit.tokens <= limit:
        return [unit]
    pieces = [replace(unit, text="", ends_segment=False)]
    for text, tokens in _atoms(unit.text, limit, count_tokens):
        last = pieces[-1]
        if last.text and last.tokens + tokens > limit:
            pieces.append(replace(unit, text=text, tokens=tokens, ends_segment=False))
        else:
            pieces[-1] = replace(
                last, text=last.text + text, tokens=(last.tokens if last.text else 0) + tokens
            )
        if tokens > limit:
            logger.warning("a formula, program or row of %d tokens stays whole in a chunk of its own", tokens)
    pieces[-1] = replace(pieces[-1], ends_segment=unit.ends_segment)
    return pieces


def _atoms(text: str, limit: int, count_tokens: CountTokens) -> Iterator[tuple[str, int]]:
    """Yield (piece, tokens): what stays whole, and the clauses between, each of `limit` tokens at most."""
    at = 0
    for start, end in [*_whole_spans(text), (len(text), len(text))]:
        parts = [part for part in _CLAUSE_END.split(text[at:start]) if part]
        for part, tokens in zip(parts, count_tokens(parts), strict=True):
            yield from _halved(part, tokens, limit, count_tokens)
        if end > start:
            yield text[start:end], count_tokens([text[start:end]])[0]
        at = end


def _halved(part: str, tokens: int, limit: int, count_tokens: CountTokens) -> Iterator[tuple[str, int]]:
    if tokens <= limit or len(part) < 2:
        yield part, tokens
        return
    halves = [part[: len(part) // 2], part[len(part) // 2 :]]
    for half, count in zip(halves, count_tokens(halves), strict=True):
        yield from _halved(half, count, limit, count_tokens)


def _runs(units: list[Unit], chunk: ChunkParams) -> Iterator[tuple[list[Unit], list[Unit]]]:
    """Yield (repeated units, new units) of each chunk."""
    begin, carried, tied = 0, list[Unit](), _tied(units)
    while begin < len(units):
        end = _cut(units, tied, begin, sum(unit.tokens for unit in carried), chunk)
        if carried and end == begin:  # the next piece fits only without the repetition
            carried = []
            continue
        end = max(end, begin + 1)
        yield carried, units[begin:end]
        carried = _carried(units, begin, end, chunk.overlap_tokens)
        begin = end


def _tied(units: list[Unit]) -> list[int]:
    """Tell how much each unit needs the one before: 2 in a solution, 1 in its problem."""
    sections = [(name, len(list(run))) for name, run in groupby(unit.heading for unit in units)]
    solves = [_SOLUTION.search(name) is not None for name, _ in sections]
    tied: list[int] = []
    for (_, size), solution, answered in zip(sections, solves, [*solves[1:], False], strict=True):
        tied += [2] * size if solution else [0] + [int(answered)] * (size - 1)
    return tied


def _cut(units: list[Unit], tied: list[int], begin: int, carried: int, chunk: ChunkParams) -> int:
    """Find where the chunk that starts at `begin` ends (exclusive)."""
    rest = sum(unit.tokens for unit in units[begin:])
    total, fits, choices = carried, begin, list[tuple[int, bool, int, float, int, int]]()
    names, several = 0, False  # tokens of the headings, which stand in the text where there are several
    if carried + rest + _names(units, begin) <= chunk.max_tokens and carried + rest < 2 * chunk.min_tokens:
        return len(units)
    for place in range(begin, len(units)):
        unit = units[place]
        if place == begin or unit.heading != units[place - 1].heading:
            names += unit.heading_tokens
        several = several or unit.heading != units[begin].heading
        if total + unit.tokens + (names if several else 0) > chunk.max_tokens:
            break
        total, rest, fits = total + unit.tokens, rest - unit.tokens, place + 1
        if total < chunk.min_tokens:
            continue
        last = place + 1 == len(units)
        repeated = sum(unit.tokens for unit in _carried(units, begin, place + 1, chunk.overlap_tokens))
        enough_left = last or rest + repeated >= chunk.min_tokens
        torn = 0 if last else tied[place + 1]
        leans = 0 if last else _leans(unit, units[place + 1])
        new_section = not last and units[place + 1].heading != unit.heading
        if enough_left and not torn and not leans and new_section:
            return place + 1
        silence = 0.0 if last else _pause(unit, units[place + 1])
        ends = 0 if leans else unit.ends_segment + (unit.ends_segment and not _SHOWN.match(unit.text))
        choices.append((-torn, enough_left, -leans, silence, ends, place + 1))
    return max(choices)[-1] if choices else fits


def _leans(unit: Unit, following: Unit) -> int:
    """Tell how little the next unit says without this one: 2 for what this one leads to, 1 for "This …"."""
    asks = unit.text.rstrip().endswith(_ASKED) or _TASK.match(unit.text)
    if (asks and following.heading == unit.heading) or _SHOWN.match(following.text):
        return 2
    # A heading that is left again (a callout's) parts nothing; after a long pause nobody goes on.
    near = unit.heading.startswith(following.heading) and _pause(unit, following) < _JOINT
    return int(near and _GOES_ON.match(following.text) is not None)


def _pause(unit: Unit, following: Unit) -> float:
    """Return the seconds of silence between two cues, 0 where that is no more than a breath."""
    if unit.end is None or following.start is None:
        return 0.0
    silence = following.start - unit.end
    return silence if silence >= _PAUSE else 0.0


def _names(units: list[Unit], begin: int) -> int:
    """Count the tokens of the headings from `begin` to the end, 0 where there is only one."""
    headings = [
        unit.heading_tokens
        for before, unit in zip([None, *units[begin:]], units[begin:], strict=False)
        if before is None or before.heading != unit.heading
    ]
    return sum(headings) if len(headings) > 1 else 0


def _carried(units: list[Unit], begin: int, end: int, tokens: int) -> list[Unit]:
    """Choose what the chunk after `units[begin:end]` repeats: of its last section, if that goes on there.

    A long pause of speech ends a section too.
    """
    if end >= len(units) or units[end].heading != units[end - 1].heading:
        return []
    if _pause(units[end - 1], units[end]) >= _JOINT:
        return []
    start = end - 1
    while start > begin and units[start].heading == units[end].heading:
        start -= 1
    return _overlap(units[start:end], tokens)


def _overlap(units: list[Unit], tokens: int) -> list[Unit]:
    """Take whole sentences from the end, not the first, until `tokens` are repeated, at most twice as many.

    They do not begin with a program, formula, table row or list item whose sentence is left behind, nor
    with one that goes on from it.
    """
    taken: list[Unit] = []
    total = 0
    for unit in reversed(units[1:]):
        complete = not taken or not _hangs(taken[0])
        if (total >= tokens and complete) or total + unit.tokens > 2 * tokens:
            break
        taken.insert(0, unit)
        total += unit.tokens
    return list(dropwhile(_hangs, taken))


def _hangs(unit: Unit) -> bool:
    """Tell whether a unit says little without the one before; cues may all begin in lower case."""
    goes_on = unit.start is None and _GOES_ON.match(unit.text)
    return bool(goes_on or _SHOWN.match(unit.text) or _LIST_ITEM.match(unit.text))


def _row(document: dict[str, Any], number: int, carried: list[Unit], fresh: list[Unit]) -> dict[str, Any]:
    units = [*carried, *fresh]
    heading = _common_heading([unit.heading for unit in fresh])
    text = _text_under(heading, document["title"], units)
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
        "heading": heading,
        "page": next((unit.page for unit in fresh if unit.page is not None), None),
        "start": min(starts) if starts else None,
        "end": max(ends) if ends else None,
        "text": text,
    }


def _text_under(heading: str, title: str, units: Sequence[Unit]) -> str:
    """Join units, with the rest of their heading above the first of each section below `heading`.

    Where the section of `heading` itself goes on after another one (a callout's, say), its last name
    stands there again, or the title: nothing else would end the other.
    """
    parts: list[str] = []
    for under, run in groupby(units, key=lambda unit: unit.heading):
        name = under.removeprefix(heading).removeprefix(" > ")
        if under == heading and parts:
            name = under.rpartition(" > ")[2] or title
        parts.append(_heading_line(name) + join_units(list(run)))
    return "\n".join(parts)


def _heading_line(name: str) -> str:
    return f"## {name}\n" if name else ""


def _common_heading(headings: Sequence[str]) -> str:
    """Keep the part of the heading path that all units of a chunk share."""
    shared = headings[0].split(" > ")
    for heading in headings[1:]:
        pairs = zip(shared, heading.split(" > "), strict=False)
        shared = [left for left, _ in takewhile(lambda pair: pair[0] == pair[1], pairs)]
    return " > ".join(shared)
