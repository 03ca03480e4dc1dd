"""Take out what is on a page but is not teaching: adverts, copyright lines, footers that repeat.

Only whole lines go (whole cues in a transcript), never part of one, and each comes out as a row with
its reason. Whether what is left is worth keeping is for `quality` to say.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any

from ta_pipeline.records import InputError
from ta_pipeline.text.markup import has_shield, shield, unshield

Row = dict[str, Any]
#: Says why a line goes: reason and detail, or None for a line that stays.
Verdict = tuple[str, str] | None

#: A longer line is a paragraph, which may mention an offer and teach all the same.
_LONGEST_ADVERT = 200
#: Longest and shortest line that can be a footer; "对吧？" and "解答" are short and repeat by nature.
_LONGEST_FOOTER = 80
_SHORTEST_FOOTER = 6
#: A file that shares more of its text with others is their copy, and no witness for a footer.
_COPY_SHARE = 0.5
#: A page with more of its characters in adverts is an advert as a whole.
_ADVERT_SHARE = 0.5
_HAS_LETTER = re.compile(r"[^\W\d_]")
#: Headings, table rows, labels that announce what follows ("Solution:"), lines of a sentence that goes
#: on in the next one ("For example,").
_STRUCTURE = re.compile(r"^\s*(?:#|\|)|[:：,，、;；]\**\s*$")


def remove_boilerplate(
    documents: list[Row], adverts: list[str], min_files: int
) -> tuple[list[Row], list[tuple[Row, str, str, str]]]:
    """Return the documents without boilerplate, and (document, reason, detail, line) for each removal.

    Dialogues lose adverts only where they are a course's own: a row of a public set may well be asked
    to write one. Segments that become empty disappear.
    """
    patterns = [_compile(pattern) for pattern in adverts]
    repeated = repeated_lines(documents, min_files)
    kept: list[Row] = []
    removed: list[tuple[Row, str, str, str]] = []
    for document in documents:

        def verdict(line: str, document: Row = document) -> Verdict:
            return _advert(line, patterns) or _repeated(line, document, repeated)

        if document["kind"] == "dialogue" and document["origin"] != "course":
            kept.append(document)
            continue
        segments, lines = _strip(document, verdict)
        if _is_advert_page(document, lines):
            segments, lines = _strip(document, lambda line: _advert(line, patterns) or _ADVERT_PAGE)
        kept.append({**document, "segments": [s for s in segments if s["text"].strip()]})
        removed += [(document, reason, detail, line) for reason, detail, line in lines]
    return kept, removed


def repeated_lines(documents: Iterable[Row], min_files: int) -> dict[str, int]:
    """Count in how many files each short line stands, and return those in at least `min_files`.

    Copies of a file are told by sharing most of their text; they count as one file together, or four
    versions of one lecture would erase each other.
    """
    lines_of: dict[str, list[str]] = defaultdict(list)
    length_of: dict[str, int] = defaultdict(int)
    for document in documents:
        if document["kind"] != "dialogue":
            for segment in document["segments"]:
                lines_of[document["source"]] += _candidates(document, segment)
                length_of[document["source"]] += len(segment["text"])
    files = _files_by_line(lines_of)
    often = {line for line, sources in files.items() if len(sources) >= min_files}
    copies = {
        source
        for source, lines in lines_of.items()
        if sum(len(line) for line in lines if line in often) > _COPY_SHARE * length_of[source]
    }
    counts = {line: len(sources - copies) + bool(sources & copies) for line, sources in files.items()}
    return {line: count for line, count in counts.items() if count >= min_files}


def _files_by_line(lines_of: dict[str, list[str]]) -> dict[str, set[str]]:
    files: dict[str, set[str]] = defaultdict(set)
    for source, lines in lines_of.items():
        for line in lines:
            files[line].add(source)
    return files


def _candidates(document: Row, segment: Row) -> list[str]:
    lines = [segment["text"]] if document["kind"] == "transcript" else shield(segment["text"])[0].split("\n")
    return [_key(line) for line in lines if _can_be_footer(line)]


def _can_be_footer(line: str) -> bool:
    bare = _key(line)
    return (
        _SHORTEST_FOOTER <= len(bare) <= _LONGEST_FOOTER
        and _HAS_LETTER.search(bare) is not None
        and not has_shield(bare)
        and not _STRUCTURE.search(line)
    )


def _key(line: str) -> str:
    return " ".join(line.split())


def _repeated(line: str, document: Row, repeated: dict[str, int]) -> Verdict:
    if document["kind"] == "dialogue" or not _can_be_footer(line):
        return None
    count = repeated.get(_key(line))
    return ("repeated_line", f"in {count} files") if count else None


_ADVERT_PAGE: tuple[str, str] = ("advert", "most of the page is advertising")


def _advert(line: str, patterns: list[re.Pattern[str]]) -> Verdict:
    if len(line) > _LONGEST_ADVERT or has_shield(line):
        return None
    hit = next((pattern for pattern in patterns if pattern.search(line)), None)
    return ("advert", f"matches {hit.pattern}") if hit else None


def _is_advert_page(document: Row, lines: list[tuple[str, str, str]]) -> bool:
    adverts = sum(len(line) for reason, _, line in lines if reason == "advert")
    total = sum(len(segment["text"].strip()) for segment in document["segments"])
    return document["kind"] == "text" and adverts > _ADVERT_SHARE * total


def _strip(document: Row, verdict: Callable[[str], Verdict]) -> tuple[list[Row], list[tuple[str, str, str]]]:
    segments: list[Row] = []
    removed: list[tuple[str, str, str]] = []
    for segment in document["segments"]:
        if document["kind"] == "transcript":
            why = verdict(segment["text"])
            removed += [(*why, segment["text"])] if why else []
            segments += [] if why else [segment]
        else:
            left, gone = _strip_lines(segment, verdict)
            segments.append(left)
            removed += gone
    return segments, removed


def _strip_lines(segment: Row, verdict: Callable[[str], Verdict]) -> tuple[Row, list[tuple[str, str, str]]]:
    """Take lines out of one segment; its line number moves with its first line that stays."""
    shielded, pieces = shield(segment["text"])
    lines = shielded.split("\n")
    whys = [verdict(line) if line.strip() else None for line in lines]
    if not any(whys):
        return segment, []
    stays = [number for number, why in enumerate(whys) if why is None and lines[number].strip()]
    first = stays[0] if stays else 0
    text = "\n".join(line for line, why in zip(lines[first:], whys[first:]) if why is None)
    number = segment["line"] + first if segment["line"] is not None else None
    gone = [(*why, unshield(line, pieces)) for line, why in zip(lines, whys) if why]
    return {**segment, "text": unshield(text, pieces).rstrip(), "line": number}, gone


def _compile(pattern: str) -> re.Pattern[str]:
    try:
        return re.compile(pattern)
    except re.error as error:
        raise InputError(
            f"conf/base/parameters_clean.yml: `clean.adverts` holds {pattern!r}, which is no regular "
            f"expression ({error}); mend or remove it."
        ) from error
