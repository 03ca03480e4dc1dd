"""Say whether a document is worth keeping, and if not, why, with the value that decided.

Rules look at prose only: code, formulas and tables are never counted as debris, and rules that ask
whether something reads like prose (repetition, words, sentences) leave the turns of a dialogue alone.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from ta_pipeline.params import CleanParams
from ta_pipeline.text.characters import PLAIN, SPACE, WORD, classes_of, code_points
from ta_pipeline.text.confidential import find_mark
from ta_pipeline.text.forbidden import Lexicon, find_forbidden, load_lexicon
from ta_pipeline.text.markup import prose
from ta_pipeline.text.mojibake import GBK_SIGN, common_share
from ta_pipeline.text.prose_rules import find_prose_faults
from ta_pipeline.text.wordlists import CHINESE_STOP_WORDS, ENGLISH_STOP_WORDS

Row = dict[str, Any]


@dataclass(frozen=True)
class Fault:
    """Why a document goes: a reason to count by, and what was seen."""

    reason: str
    detail: str


#: Reasons whose documents are shown to nobody, not even as an excerpt.
SECRET_REASONS = ("confidential", "forbidden")
#: Shorter text gives no language away.
_TELLS_LANGUAGE = 40
#: An off-topic page is told by its words, so it must have some.
_TELLS_TOPIC = 200
_ENOUGH_PAGES = 5

_IDEOGRAPH = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]")
_WORD = re.compile(r"[^\W\d_\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]+|\d+")
_ANY_WORD = re.compile(rf"{_IDEOGRAPH.pattern}|{_WORD.pattern}")
#: A line of Chinese with fewer of the 3,755 commonest characters was UTF-8 and read as GBK: seen there
#: 0.30 at most, in traditional Chinese 0.41 at least.
_LEAST_COMMON_SHARE = 0.35
_ENOUGH_SIGNS = 3
#: U+FFFD, UTF-8 read as Windows-1252 or Latin-1, and what MSVC and GBK make of lost bytes.
_MOJIBAKE = re.compile(
    "\ufffd|[\xc2\xc3][\x80-\xbf]|[\xe2-\xe9\xef][\x80-\xbf\u0152-\u2122]{1,2}|[\x80-\x9f]|锟斤拷|烫烫烫|屯屯屯"
)
_MAY_BE_MOJIBAKE = re.compile(f"[\ufffd\x80-\x9f\xc2\xc3\xe2-\xe9\xef锟烫屯{GBK_SIGN.pattern[1:-1]}]")
_ADDRESS = re.compile(r"https?://\S+")
#: Letters with a digit or a bar among them, which scanners make of "velocity" and "will"; p(x|y) is none.
_BROKEN_WORD = re.compile(r"[0-9|](?:(?<=[a-z].)(?=[a-z]{2})|(?<=[a-z]{2}.)(?=[a-z]))")


def find_faults(documents: Sequence[Row], clean: CleanParams) -> dict[int, Fault]:
    """Return the first fault of each document that must go, by its position.

    Raises InputError where the lexicon of forbidden terms cannot be read.
    """
    lexicon = load_lexicon(clean.forbidden)
    faults: dict[int, Fault] = {}
    pages: dict[int, str] = {}
    for position, document in enumerate(documents):
        text = text_of(document)
        plain = prose(text) if document["kind"] != "dialogue" else ""
        if fault := next(_own_faults(document, text, plain, clean, lexicon), None):
            faults[position] = fault
        elif document["kind"] != "dialogue":
            pages[position] = plain
    kinds, languages = ({n: documents[n][field] for n in pages} for field in ("kind", "language"))
    faults |= {n: Fault(*why) for n, why in find_prose_faults(pages, kinds, languages, clean.prose).items()}
    rest = {n: document for n, document in enumerate(documents) if n not in faults}
    for position, share in course_similarity(rest, pages).items():
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
    return sum(1 for _ in _ANY_WORD.finditer(text))


def mojibake_share(text: str) -> float:
    """Return undecodable and double-decoded characters over all characters."""
    if not _MAY_BE_MOJIBAKE.search(text):
        return 0.0
    lost = sum(len(match[0]) for match in _MOJIBAKE.finditer(text))
    lines = text.split("\n") if GBK_SIGN.search(text) else []
    return min(1.0, (lost + sum(len(line) for line in lines if _is_utf8_read_as_gbk(line))) / len(text))


def _is_utf8_read_as_gbk(line: str) -> bool:
    signs = len(GBK_SIGN.findall(line))
    return signs >= _ENOUGH_SIGNS and common_share(line) < _LEAST_COMMON_SHARE


def symbol_share(text: str) -> float:
    """Return symbols over characters in the prose of a text, white space left out."""
    return _symbol_share(prose(text))


def _symbol_share(plain: str) -> float:
    import numpy as np

    if "|" in plain:
        plain = "\n".join(line for line in plain.split("\n") if not line.lstrip().startswith("|"))
    codes = code_points(_ADDRESS.sub(" ", plain) if "://" in plain else plain)
    classes = classes_of(codes)
    seen = classes & SPACE == 0
    codes, classes = codes[seen], classes[seen]
    # Rules, table borders and leaders are one symbol however long they are.
    run = np.concatenate([[False], codes[1:] == codes[:-1]])[: len(codes)] & (classes & WORD == 0)
    symbols = (classes & PLAIN == 0) & ~run
    return int(symbols.sum()) / max(1, len(codes) - int(run.sum()))


def broken_word_share(plain: str) -> float:
    """Return words with a digit or a bar among their small letters over the words of a text."""
    broken = len(_BROKEN_WORD.findall(plain))
    return broken / count_words(plain) if broken else 0.0


def _own_faults(
    document: Row, text: str, plain: str, clean: CleanParams, lexicon: Lexicon | None
) -> Iterator[Fault]:
    """Yield what is wrong with a document by itself; `plain` is its prose, "" for a dialogue."""
    if lexicon and (found := find_forbidden(document, lexicon)):
        yield Fault("forbidden", found)
    if not text.strip():
        yield Fault("empty", "no text is left")
    elif document["kind"] == "dialogue":
        speakers = {segment["speaker"] for segment in document["segments"] if segment["text"].strip()}
        if missing := {"user", "assistant"} - speakers:
            yield Fault("too_short", f"no text of the {min(missing)}")
    elif mark := find_mark(document):
        yield Fault("confidential", mark)
    elif clean.min_words and not any(islice(_ANY_WORD.finditer(text), clean.min_words - 1, None)):
        yield Fault("too_short", f"{count_words(text)} words, {clean.min_words} needed")
    if (share := mojibake_share(text)) > clean.max_mojibake_share:
        yield Fault("mojibake", f"{share:.3f} of the characters, {clean.max_mojibake_share:g} allowed")
    # After mojibake, which is full of symbols and is the more telling reason.
    if plain and (share := _symbol_share(plain)) > clean.max_symbol_share:
        yield Fault("symbols", f"{share:.2f} of the characters, {clean.max_symbol_share:g} allowed")
    if (share := broken_word_share(plain)) > clean.max_broken_word_share:
        yield Fault("ocr", f"{share:.2f} of the words are broken, {clean.max_broken_word_share:g} allowed")
    language = document["language"]
    if language and language not in clean.languages and len(text) >= _TELLS_LANGUAGE:
        yield Fault("language", f"{language}, not one of {', '.join(clean.languages)}")


def course_similarity(documents: Mapping[int, Row], prose_of: Mapping[int, str]) -> dict[int, float]:
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
            terms = {n: content_terms(prose_of[n], language) for n in pages}
            lectures = {n: documents[n]["lecture"] or documents[n]["source"] for n in pages}
            used_by = Counter(term for _, term in {(lectures[n], t) for n in pages for t in terms[n]})
            long = [n for n in pages if terms[n] and len(text_of(documents[n])) >= _TELLS_TOPIC]
            shares |= {n: sum(used_by[term] > 1 for term in terms[n]) / len(terms[n]) for n in long}
    return shares


def content_terms(prose: str, language: str) -> frozenset[str]:
    """Return the distinct words of prose that carry its topic."""
    plain = prose.lower()
    if language == "zh":
        import rjieba

        words = rjieba.cut(plain)
        return frozenset(w for w in words if len(w) > 1 and _IDEOGRAPH.match(w)) - CHINESE_STOP_WORDS
    return frozenset(re.findall(r"[^\W\d_]{4,}", plain)) - ENGLISH_STOP_WORDS
