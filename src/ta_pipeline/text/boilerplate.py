"""Take out what is on a page but is not teaching: adverts, copyright lines, menus, footers that repeat.

Only whole lines go (whole cues in a transcript), never part of one, and each comes out as a row with
its reason. A mark of secrecy always stays, and so does what the caller names (a forbidden term): it says
that the whole document must go, which is for `quality` to do, as is what is left of a page.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from ta_pipeline.records import InputError
from ta_pipeline.text.confidential import is_mark
from ta_pipeline.text.markup import has_shield, shield, unshield
from ta_pipeline.text.sieve import Sieve

Row = dict[str, Any]
#: Says why a line goes: reason and detail, or None for a line that stays.
Verdict = tuple[str, str] | None
Judge = Callable[[str], Verdict]
#: Says that a line must be left in.
Stays = Callable[[str], bool]

#: A longer line is a paragraph, which may mention an offer and teach all the same.
_LONGEST_ADVERT = 200
#: Longest and shortest line that can be a footer; "对吧？" and "解答" are short and repeat by nature.
_LONGEST_FOOTER = 80
_SHORTEST_FOOTER = 6
#: Lines at the top and at the bottom of a page where headers and footers stand.
_EDGE = 3
_SENTENCE = re.compile(r".{12}[。.!?！？]\W*$")
#: A file that shares more of its text with others is their copy, and no witness for a footer.
_COPY_SHARE = 0.5
#: A page with more of its characters in adverts is an advert as a whole.
_ADVERT_SHARE = 0.5
#: Blanks between words that are no single space; each begins with what a search can skip to.
_OTHER_BLANK = re.compile(r"[^\S\n ]")
_TWO_BLANKS = re.compile(r"  (?<=\S  )")
_HAS_LETTER = re.compile(r"[^\W\d_]")
#: Headings, table rows, labels that announce what follows ("Solution:"), lines of a sentence that goes
#: on in the next one ("For example,").
_STRUCTURE = re.compile(r"^\s*(?:#|\|)|[:：,，、;；]\**\s*$")
_ADVERT_PAGE = ("advert", "most of the page is advertising")


class Lexicon:
    """Expressions by the reason for which a line that matches goes: advert, copyright, navigation."""

    def __init__(self, patterns: Mapping[str, Iterable[str]]) -> None:
        """Compile the expressions; their order is that of the reasons given."""
        self._rules = [(reason, _compile(pattern)) for reason, group in patterns.items() for pattern in group]
        self._sieve = Sieve([pattern for _, pattern in self._rules])

    def judge(self, text: str) -> Judge:
        """Return what judges the lines of a text, by the few expressions that can match any of them."""
        rules = [self._rules[position] for position in self._sieve.candidates(text)]
        if not rules:
            return _none

        def verdict(line: str) -> Verdict:
            if len(line) > _LONGEST_ADVERT or has_shield(line):
                return None
            hit = next(((reason, pattern) for reason, pattern in rules if pattern.search(line)), None)
            return None if hit is None else (hit[0], f"matches {hit[1].pattern}")

        return verdict


def _none(_: str) -> Verdict:
    return None


def remove_boilerplate(
    documents: list[Row], lexicon: Lexicon, min_files: int, stays: Stays = is_mark
) -> tuple[list[Row], list[tuple[Row, str, str, str]]]:
    """Return the documents without boilerplate, and (document, reason, detail, line) for each removal.

    Lines for which `stays` is true are left in, whatever they match.

    Dialogues lose adverts only where they are a course's own: a row of a public set may well be asked
    to write one. Segments that become empty disappear.
    """
    lines_of = [short_lines(document) for document in documents]
    repeated = repeated_lines(documents, lines_of, min_files)
    kept: list[Row] = []
    removed: list[tuple[Row, str, str, str]] = []
    for document, own in zip(documents, lines_of):
        if document["kind"] == "dialogue" and document["origin"] != "course":
            kept.append(document)
            continue
        found = {line: repeated[line] for line in own if line in repeated} if repeated else {}
        clean, lines = _clean(document, lexicon, found, stays)
        kept.append(clean)
        removed += [(clean, reason, detail, line) for reason, detail, line in lines]
    return kept, removed


def _clean(
    document: Row, lexicon: Lexicon, repeated: Mapping[str, int], stays: Stays
) -> tuple[Row, list[tuple[str, str, str]]]:
    by_lexicon = lexicon.judge("\n".join(segment["text"] for segment in document["segments"]))
    if by_lexicon is _none and not repeated:
        return document, []

    def verdict(line: str, otherwise: Verdict = None) -> Verdict:
        why = by_lexicon(line) or _repeated(line, document, repeated) or otherwise
        return None if why is None or stays(line) else why

    segments, lines = strip(document, verdict)
    if _is_advert_page(document, lines):
        segments, lines = strip(document, lambda line: verdict(line, _ADVERT_PAGE))
    return {**document, "segments": [s for s in segments if s["text"].strip()]}, lines


def repeated_lines(
    documents: Sequence[Row], lines_of: Sequence[frozenset[str]], min_files: int
) -> dict[str, int]:
    """Count in how many files each short line stands, and return those in at least `min_files`.

    `lines_of` holds the lines of each document, as `short_lines` gives them. Copies of a file are told by
    sharing most of their text; they count as one file together, or four versions of one lecture would
    erase each other. A whole sentence counts only where it stands at the top or the bottom of a page: in
    between it is a law that several lectures state.
    """
    wanted = _frequent(documents, lines_of, min_files)
    if not wanted:
        return {}
    footers: dict[str, list[str]] = defaultdict(list)
    edges: set[tuple[str, str]] = set()
    length_of: Counter[str] = Counter()
    for document, lines in zip(documents, lines_of):
        source = document["source"]
        length_of[source] += sum(len(segment["text"]) for segment in document["segments"])
        if not wanted.isdisjoint(lines):
            edges.update((source, line) for line in _edges(document))
            for segment in document["segments"]:
                if not wanted.isdisjoint(map(_key, _units(document, segment["text"]))):
                    footers[source] += [line for line in _candidates(document, segment) if line in wanted]
    files = _files_by_line(footers)
    often = {line for line, sources in files.items() if len(sources) >= min_files}
    copies = {
        source
        for source, found in footers.items()
        if sum(len(line) for line in found if line in often) > _COPY_SHARE * length_of[source]
    }
    counts: dict[str, int] = {}
    for line, sources in files.items():
        seen = {source for source in sources if (source, line) in edges or not _SENTENCE.search(line)}
        counts[line] = len(seen - copies) + bool(seen & copies)
    return {line: count for line, count in counts.items() if count >= min_files}


def short_lines(document: Row) -> frozenset[str]:
    """Return the lines of a page, or the cues of a transcript, that are short enough for a footer."""
    if document["kind"] == "dialogue":
        return frozenset()
    texts = [segment["text"] for segment in document["segments"]]
    page = "\n".join(texts)
    lines = texts if document["kind"] == "transcript" else page.split("\n")
    short = [line for line in lines if _SHORTEST_FOOTER <= len(line) <= _LONGEST_ADVERT]
    # Where no line has more than a space between its words, its key is the line itself.
    return frozenset(
        map(_key, short)
        if _OTHER_BLANK.search(page) or _TWO_BLANKS.search(page)
        else [line.strip() for line in short]
    )


def _frequent(documents: Sequence[Row], lines_of: Sequence[frozenset[str]], min_files: int) -> frozenset[str]:
    """Find the lines in so many files without asking yet what they are, which most never need."""
    of_source: dict[str, set[str]] = defaultdict(set)
    for document, lines in zip(documents, lines_of):
        of_source[document["source"]].update(lines)
    counts = Counter(line for lines in of_source.values() for line in lines)
    return frozenset(line for line, count in counts.items() if count >= min_files and _can_be_footer(line))


def _edges(document: Row) -> set[str]:
    """Return the first and the last lines of each page of a document, of the whole where it has none."""
    pages: dict[int | None, list[str]] = defaultdict(list)
    for segment in document["segments"]:
        pages[segment["page"]] += [line for line in segment["text"].split("\n") if line.strip()]
    return {_key(line) for lines in pages.values() for line in (*lines[:_EDGE], *lines[-_EDGE:])}


def _files_by_line(lines_of: dict[str, list[str]]) -> dict[str, set[str]]:
    files: dict[str, set[str]] = defaultdict(set)
    for source, lines in lines_of.items():
        for line in lines:
            files[line].add(source)
    return files


def _candidates(document: Row, segment: Row) -> list[str]:
    lines = _units(document, shield(segment["text"])[0])
    return [_key(line) for line in lines if _can_be_footer(line)]


def _units(document: Row, text: str) -> list[str]:
    """Split a text into what goes or stays as a whole: lines of a page, a cue of a transcript."""
    return [text] if document["kind"] == "transcript" else text.split("\n")


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


def _repeated(line: str, document: Row, repeated: Mapping[str, int]) -> Verdict:
    count = repeated.get(_key(line))
    if not count or document["kind"] == "dialogue" or not _can_be_footer(line):
        return None
    return "repeated_line", f"in {count} files"


def _is_advert_page(document: Row, lines: list[tuple[str, str, str]]) -> bool:
    adverts = sum(len(line) for reason, _, line in lines if reason == "advert")
    total = sum(len(segment["text"].strip()) for segment in document["segments"])
    return document["kind"] == "text" and adverts > _ADVERT_SHARE * total


def strip(document: Row, verdict: Judge) -> tuple[list[Row], list[tuple[str, str, str]]]:
    """Return the segments without the lines that a verdict condemns, and (reason, detail, line) for those."""
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


def _strip_lines(segment: Row, verdict: Judge) -> tuple[Row, list[tuple[str, str, str]]]:
    """Take lines out of one segment; its line number moves with its first line that stays."""
    # Most segments hold no such line, code and formulas included, and are spared the search for those.
    if not any(verdict(line) for line in segment["text"].split("\n") if line.strip()):
        return segment, []
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
            f"conf/base/parameters_clean.yml: `clean` holds {pattern!r}, which is no regular expression "
            f"({error}); mend or remove it."
        ) from error
