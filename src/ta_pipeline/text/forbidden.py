"""Find what regulation forbids to be learned, by a lexicon that the school brings.

A file of terms, one a line, below `[category]` lines; `#` begins a comment, `re:` a regular expression.
A term counts whatever its case, one of Latin letters as a whole word only. What goes is named by the
term's category and its place: the term itself is never repeated.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from ta_pipeline.params import ForbiddenParams
from ta_pipeline.records import InputError
from ta_pipeline.text.boilerplate import strip
from ta_pipeline.text.sieve import Sieve

Row = dict[str, Any]
Entry = tuple[str, re.Pattern[str]]

_REGEX = "re:"
_LETTER_OR_DIGIT = r"[A-Za-z0-9_]"


@dataclass(frozen=True)
class Lexicon:
    """Terms with their categories, and a sieve that finds those of a text in one pass."""

    entries: tuple[Entry, ...]
    sieve: Sieve

    def category_in(self, text: str) -> str | None:
        """Return the category of a term that stands in a text, the one that comes first in the file."""
        for position in self.sieve.candidates(text):
            category, pattern = self.entries[position]
            if pattern.search(text):
                return category
        return None


def load_lexicon(forbidden: ForbiddenParams) -> Lexicon | None:
    """Read the lexicon that a parameter names, once for each state of the file.

    Raises InputError for a missing file, a term before any category, and a bad expression.
    """
    if forbidden.lexicon is None:
        return None
    path = Path(forbidden.lexicon)
    if not path.is_file():
        raise InputError(
            f"{path}: there is no such lexicon. Make the file (one term a line below [category] lines), or "
            "set `clean.forbidden.lexicon` in conf/base/parameters_clean.yml to another one or to null."
        )
    return _parse(str(path), path.read_text(encoding="utf-8-sig"))


def find_forbidden(document: Row, lexicon: Lexicon) -> str | None:
    """Return category and place of a forbidden term in a document, in any of its texts, or None."""
    segments = document["segments"]
    if lexicon.category_in("\n".join([segment["text"] for segment in segments])):
        for number, segment in enumerate(segments, start=1):
            if found := lexicon.category_in(segment["text"]):
                return f"{found}: segment {number}" + (f", line {segment['line']}" if segment["line"] else "")
    meta = document["meta"]
    meta = json.dumps(json.loads(meta), ensure_ascii=False) if "\\" in meta else meta
    rest = {document["title"], meta, *[segment["heading"] for segment in segments]} - {"", "{}"}
    category = lexicon.category_in("\n".join(sorted(rest))) if rest else None
    return f"{category}: title, heading or meta" if category else None


def remove_forbidden_lines(
    documents: list[Row], lexicon: Lexicon
) -> tuple[list[Row], list[tuple[Row, str, str, str]]]:
    """Take out the lines and cues that hold a term; a term elsewhere stays for `find_forbidden` to see.

    Returns the documents and (document, reason, detail, "") for each removal, which never shows the line.
    """

    def judge(line: str) -> tuple[str, str] | None:
        category = lexicon.category_in(line)
        return ("forbidden", category) if category else None

    kept: list[Row] = []
    removed: list[tuple[Row, str, str, str]] = []
    for document in documents:
        if not lexicon.category_in("\n".join(segment["text"] for segment in document["segments"])):
            kept.append(document)
            continue
        segments, lines = strip(document, judge)
        kept.append({**document, "segments": [s for s in segments if s["text"].strip()]})
        removed += [(document, reason, category, "") for reason, category, _ in lines]
    return kept, removed


@lru_cache(maxsize=4)
def _parse(path: str, text: str) -> Lexicon:
    entries: list[Entry] = []
    category = ""
    for number, line in enumerate(map(str.strip, text.split("\n")), start=1):
        if not line or line.startswith("#"):
            continue
        if line.startswith("[") and line.endswith("]"):
            category = line[1:-1].strip()
        elif not category:
            raise InputError(
                f"{path}:{number}: a term before any category; write a [category] line above it."
            )
        else:
            entries.append((category, _compile(line, f"{path}:{number}")))
    return Lexicon(tuple(entries), Sieve([pattern for _, pattern in entries]))


def _compile(term: str, place: str) -> re.Pattern[str]:
    if not term.startswith(_REGEX):
        before = rf"(?<!{_LETTER_OR_DIGIT})" if re.match(_LETTER_OR_DIGIT, term) else ""
        after = rf"(?!{_LETTER_OR_DIGIT})" if re.search(_LETTER_OR_DIGIT + r"\Z", term) else ""
        words = r"\s+".join(map(re.escape, term.split()))
        return re.compile(before + words + after, re.IGNORECASE)
    try:
        return re.compile(term.removeprefix(_REGEX), re.IGNORECASE)
    except re.error as error:
        raise InputError(
            f"{place}: no regular expression ({error}); mend it, or write the term without `{_REGEX}`."
        ) from error
