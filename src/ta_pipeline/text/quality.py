"""Say whether a document is worth keeping, and if not, why.

Rules look at prose only: code, formulas and tables are never counted as debris. Word-length rules of
English web crawls are left out, because they drop all Chinese.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from ta_pipeline.params import CleanParams
from ta_pipeline.text.markup import prose
from ta_pipeline.text.wordlists import CHINESE_STOP_WORDS, ENGLISH_STOP_WORDS

Row = dict[str, Any]


@dataclass(frozen=True)
class Fault:
    """Why a document goes: a reason to count by, and what was seen."""

    reason: str
    detail: str


#: Shorter text gives no language away.
_TELLS_LANGUAGE = 40
#: An off-topic page is told by its words, so it must have some.
_TELLS_TOPIC = 200
_ENOUGH_PAGES = 5
#: Characters at the top of a document where a mark of secrecy stands, and its longest line.
_TOP = 200
_LONGEST_MARK = 60

_IDEOGRAPH = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]")
_WORD = re.compile(r"[^\W\d_\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]+|\d+")
#: U+FFFD, UTF-8 read as Windows-1252 or Latin-1, and what MSVC and GBK make of lost bytes.
_MOJIBAKE = re.compile(
    "\ufffd|[\xc2\xc3][\x80-\xbf]|[\xe2-\xe9\xef][\x80-\xbf\u0152-\u2122]{1,2}|[\x80-\x9f]|锟斤拷|烫烫烫|屯屯屯"
)
_PLAIN = re.compile(r"[\w\s.,;:!?'\"()\[\]%°/+=<>*#&@_~–—…·‘’“”、。，；：！？（）《》〈〉「」『』【】～-]")
#: Rules, table borders and leaders are one symbol however long they are.
_RUN = re.compile(r"([^\w\s])(?:\s?\1)+")
_TABLE_ROW = re.compile(r"^\s*\|.*$", re.MULTILINE)
_ADDRESS = re.compile(r"https?://\S+")
_SECRET = re.compile(
    r"^\W*(?:(?:密级\W{0,3})?(?:绝密|机密|秘密)(?=\W|$)|内部(?:资料|文件|使用|参考)|仅限内部|仅供内部"
    r"|严禁外传|不得外传|(?:for\s+)?internal\s+use(?:\s+only)?(?=\W|$)"
    r"|do\s+not\s+distribute|not\s+for\s+distribution"
    r"|(?:(?:strictly|company|highly|private\s+and)\s+)*confidential"
    r"(?=\W*$|\s*[-–—:,.;/|(]|\s+(?:and|document|material|information)\b))",
    re.IGNORECASE,
)


def find_faults(documents: Sequence[Row], clean: CleanParams) -> dict[int, Fault]:
    """Return the first fault of each document that must go, by its position."""
    faults: dict[int, Fault] = {}
    for position, document in enumerate(documents):
        if fault := next(_own_faults(document, clean), None):
            faults[position] = fault
    rest = {n: document for n, document in enumerate(documents) if n not in faults}
    for position, share in course_similarity(rest).items():
        if share < clean.min_course_similarity:
            detail = (
                f"shares {share:.2f} of its words with the course, {clean.min_course_similarity:g} needed"
            )
            faults[position] = Fault("off_topic", detail)
    return faults


def text_of(document: Row) -> str:
    """Join the segments of a document."""
    return "\n".join(segment["text"] for segment in document["segments"])


def count_words(text: str) -> int:
    """Count words; an ideograph is a word."""
    return len(_IDEOGRAPH.findall(text)) + len(_WORD.findall(text))


def mojibake_share(text: str) -> float:
    """Return undecodable and double-decoded characters over all characters."""
    return sum(len(match[0]) for match in _MOJIBAKE.finditer(text)) / max(1, len(text))


def symbol_share(text: str) -> float:
    """Return symbols over characters in the prose of a text, white space left out."""
    plain = _ADDRESS.sub(" ", _TABLE_ROW.sub(" ", prose(text)))
    plain = "".join(_RUN.sub(r"\1", plain).split())
    return sum(1 for character in plain if not _PLAIN.match(character)) / max(1, len(plain))


def is_confidential(document: Row) -> bool:
    """Tell whether a mark of secrecy stands at the top: a short line that begins with one."""
    top = f"{document['title']}\n{text_of(document)[:_TOP]}"
    return any(len(line) <= _LONGEST_MARK and _SECRET.search(line) for line in top.split("\n"))


def _own_faults(document: Row, clean: CleanParams) -> Iterator[Fault]:
    text = text_of(document)
    if not text.strip():
        yield Fault("empty", "no text is left")
    elif document["kind"] == "dialogue":
        speakers = {segment["speaker"] for segment in document["segments"] if segment["text"].strip()}
        if missing := {"user", "assistant"} - speakers:
            yield Fault("too_short", f"no text of the {min(missing)}")
    else:
        yield from _prose_faults(document, text, clean)
    if (share := mojibake_share(text)) > clean.max_mojibake_share:
        yield Fault("mojibake", f"{share:.3f} of the characters, {clean.max_mojibake_share:g} allowed")
    language = document["language"]
    if language and language not in clean.languages and len(text) >= _TELLS_LANGUAGE:
        yield Fault("language", f"{language}, not one of {', '.join(clean.languages)}")


def _prose_faults(document: Row, text: str, clean: CleanParams) -> Iterator[Fault]:
    if is_confidential(document):
        yield Fault("confidential", "marked as internal or secret")
    if (words := count_words(text)) < clean.min_words:
        yield Fault("too_short", f"{words} words, {clean.min_words} needed")
    # Double-decoded text is full of symbols, and its reason is the more telling one.
    broken = mojibake_share(text) > clean.max_mojibake_share
    if not broken and (share := symbol_share(text)) > clean.max_symbol_share:
        yield Fault("symbols", f"{share:.2f} of the characters, {clean.max_symbol_share:g} allowed")


def course_similarity(documents: dict[int, Row]) -> dict[int, float]:
    """Return for each page of a course the share of its words that pages of other lectures use too.

    Words are its distinct terms but stop words. Pages below 200 characters, and courses with fewer than
    five pages of the language, are left out. Only pages are witnesses: what a teacher says in class has
    a word for everything. Pages of the same lecture are none, or an off-topic page and its copy would
    vouch for each other.
    """
    groups: dict[tuple[str, str], list[int]] = defaultdict(list)
    for position, document in documents.items():
        if document["origin"] == "course" and document["kind"] == "text":
            groups[document["course"], document["language"]].append(position)
    shares: dict[int, float] = {}
    for (_, language), pages in groups.items():
        if len(pages) >= _ENOUGH_PAGES:
            terms = {n: content_terms(text_of(documents[n]), language) for n in pages}
            lectures = {n: documents[n]["lecture"] or documents[n]["source"] for n in pages}
            used_by = Counter(term for _, term in {(lectures[n], t) for n in pages for t in terms[n]})
            long = [n for n in pages if terms[n] and len(text_of(documents[n])) >= _TELLS_TOPIC]
            shares |= {n: sum(used_by[term] > 1 for term in terms[n]) / len(terms[n]) for n in long}
    return shares


def content_terms(text: str, language: str) -> frozenset[str]:
    """Return the distinct words of a text that carry its topic."""
    plain = prose(text).lower()
    if language == "zh":
        import rjieba

        words = rjieba.cut(plain)
        return frozenset(w for w in words if len(w) > 1 and _IDEOGRAPH.match(w)) - CHINESE_STOP_WORDS
    return frozenset(re.findall(r"[^\W\d_]{4,}", plain)) - ENGLISH_STOP_WORDS
