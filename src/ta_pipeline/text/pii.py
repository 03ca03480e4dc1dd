"""Mask personal data with typed placeholders that are consistent inside a document.

Numbers, contacts and addresses are told by form and label (`personal_data`), names by lists and context
(`person_names`). The texts of many documents are searched at once, because a search costs the same for
a line and for a page; traditional Chinese is searched in simplified characters. Values never leave this
module; the audit counts places by kind.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, TypeVar

from ta_pipeline.text.fields import rewrite_document, texts_of
from ta_pipeline.text.markup import is_fenced_code, shield, unshield
from ta_pipeline.text.person_names import NameFinder
from ta_pipeline.text.person_names.chinese import is_chinese_word
from ta_pipeline.text.personal_data.chinese_addresses import find_chinese_addresses
from ta_pipeline.text.personal_data.contacts import find_accounts, find_emails, find_ipv6
from ta_pipeline.text.personal_data.english_addresses import find_english_addresses
from ta_pipeline.text.personal_data.numbers import beside_numbers, find_numbers
from ta_pipeline.text.personal_data.span import Found
from ta_pipeline.text.traditional import simplified

Row = dict[str, Any]
#: Masked places by where they stand ("title", "segment 3" with its heading and speaker, "meta") and kind.
Audit = Counter[tuple[str, str]]
_T = TypeVar("_T")

#: Stand for each character of what is masked already, so that places keep their offsets: a name, other data.
_NAME = "\ue003"
_MASKED = "\ue000"
#: Stands for each character of a formula or a block of code.
_HIDDEN = "\ue001"
#: Between texts that are searched together; no rule looks across it.
_BETWEEN = "\n\ue002\n"
_PLACEHOLDER = re.compile(r"<([A-Z][A-Z_]+)_(\d+)>")
#: Most texts have none of these: nothing to hide or to fold in them.
_MAY_HIDE = re.compile("[`~$\\\\<\U000f0000-\U0010fffd]")
_FULL_WIDTH = re.compile("[０-９Ａ-Ｚａ-ｚ＠．]")
_FOLD = {code: chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F) if _FULL_WIDTH.match(chr(code))}
_HAN = re.compile("[\u3400-\u9fff]")
_ALPHANUMERIC = re.compile(r"[A-Za-z0-9]")
#: In a roster the number beside a name is the one of a student, whatever stands between them.
_NAMES = re.compile(f"{_NAME}+")
_BEHIND_NAME = re.compile(
    rf"{_NAME}[，,、（(：:\s|_+-]{{0,4}}(?P<value>[A-Za-z]{{0,3}}\d{{8,12}})(?![\dA-Za-z])"
)
_BEFORE_NAME = re.compile(r"(?P<value>\d{8,12})[，,、）)：:\s|_+-]{0,4}\Z")
_LONGEST_BEFORE = 16
#: Kinds whose values stand for one person wherever they are repeated.
_TELLING = frozenset({"STUDENT_ID", "ID_NUMBER", "WECHAT", "QQ", "BANK_CARD", "PHONE"})
#: Each kind is hidden from the next: the digits of an e-mail address are no phone number.
_FINDERS: tuple[Callable[[str], Iterator[Found]], ...] = (
    find_emails,
    find_accounts,
    find_ipv6,
    find_numbers,
    find_chinese_addresses,
    find_english_addresses,
)
_FINDERS_WITHOUT_CHINESE = tuple(finder for finder in _FINDERS if finder is not find_chinese_addresses)
#: Characters searched at once: enough to forget the cost of starting, little enough to hold twice.
_BATCH = 1 << 19


def mask_documents(documents: Iterable[Row], names: NameFinder) -> Iterator[tuple[Row, Audit]]:
    """Yield each document with personal data masked in all its fields, and what was masked where.

    Public sets are published already: of the names in them only those go that are announced.
    """
    batch: list[tuple[Row, Masker]] = []
    size = 0
    for document in documents:
        masker = Masker(names, bare_names=not document["origin"].startswith("public:"))
        size += masker.collect(document)
        batch.append((document, masker))
        if size > _BATCH:
            yield from _masked(batch)
            batch, size = [], 0
    yield from _masked(batch)


def mask_line(line: str, names: NameFinder) -> str:
    """Mask one line that stands alone."""
    return mask_lines([line], names)[0]


def mask_lines(lines: Sequence[str], names: NameFinder) -> list[str]:
    """Mask lines each of which stands alone, such as excerpts for a report."""
    maskers = [Masker(names) for _ in lines]
    for masker, line in zip(maskers, lines):
        masker.add([line])
    search_together(maskers)
    return [masker.mask(line) for masker, line in zip(maskers, lines)]


def find_personal_data(text: str, names: NameFinder) -> list[Found]:
    """Return the places of a text that hold personal data, in order and without overlap."""
    masker = Masker(names)
    masker.add([text])
    search_together([masker])
    return masker.places(text)


def search_together(maskers: Sequence[Masker]) -> None:
    """Search the texts of many maskers in few passes, then let each follow up what it has found.

    Texts with and without Chinese go apart: the rules for Chinese need not look at the latter.
    """
    groups: dict[tuple[bool, bool], list[tuple[Masker, str]]] = {}
    for masker in maskers:
        for text in masker.texts():
            key = masker.bare_names, not text.isascii() and _HAN.search(text) is not None
            groups.setdefault(key, []).append((masker, text))
    for (bare_names, _), texts in groups.items():
        joined = _BETWEEN.join(masker.open_text(text) for masker, text in texts)
        found = _find(joined, maskers[0].names, bare_names)
        for (masker, text), own in _by_text(found, texts, lambda pair: len(pair[1])):
            masker.take(text, own)
    for masker in maskers:
        masker.follow_up()


def _masked(batch: Sequence[tuple[Row, Masker]]) -> Iterator[tuple[Row, Audit]]:
    search_together([masker for _, masker in batch])
    for document, masker in batch:
        if not masker.has_found():
            yield document, Counter()
            continue
        masked = rewrite_document(document, masker.mask, masker.mask)
        yield masked, masker.audit(document)


class Masker:
    """Masks the texts of one document; the same value gets the same placeholder in all of them."""

    def __init__(self, names: NameFinder, bare_names: bool = True) -> None:
        """Start without any text; `bare_names` as in `NameFinder.find`."""
        self.names = names
        self.bare_names = bare_names
        self._found: dict[str, list[Found]] = {}
        self._open: dict[str, str] = {}
        self._changed: dict[str, list[tuple[str, str]]] = {}
        self._placeholders: dict[tuple[str, str], str] = {}
        self._numbers: Counter[str] = Counter()
        #: Masked places by kind.
        self.counts: Counter[str] = Counter()

    def collect(self, document: Row) -> int:
        """Take in all texts of a document; return their characters."""
        self.add(*texts_of(document))
        return sum(map(len, self._open))

    def add(self, texts: Iterable[str], persons: Iterable[str] = ()) -> None:
        """Take in texts, and fields that name a person and nothing else."""
        persons = list(persons)
        for text in [*texts, *persons]:
            if text and text not in self._open:
                self._found[text] = []
                self._open[text] = _hide(text)
                for kind, number in _PLACEHOLDER.findall(text) if "<" in text else ():
                    self._numbers[kind] = max(self._numbers[kind], int(number))
        for text in persons:
            if text and self.names.is_full_name(self._open[text]):
                start = len(text) - len(text.lstrip())
                self.take(text, [Found(start, start + len(text.strip()), "NAME")])

    def texts(self) -> list[str]:
        """Return what was taken in, in the order of the document."""
        return list(self._open)

    def open_text(self, text: str) -> str:
        """Return a text with all that is masked, code or a formula hidden, at its full length."""
        return self._open[text]

    def places(self, text: str) -> list[Found]:
        """Return what was found in a text, in order."""
        return self._found.get(text, [])

    def has_found(self) -> bool:
        """Tell whether anything was found in any text."""
        return any(self._found.values())

    def take(self, text: str, found: Sequence[Found]) -> None:
        """Note what was found in a text."""
        opened = self._open[text]
        values = [(opened[p.start : p.end], p.kind) for p in found if _is_telling(p, opened)]
        self._open[text] = _blank(opened, found)
        self._found[text] = sorted([*self._found[text], *found])
        self._changed.setdefault(text, []).extend(values)

    def follow_up(self) -> None:
        """Search on until what was found gives nothing more away, then number the values.

        A value met once is masked wherever it stands, and a masked neighbour may announce a name.
        """
        while self._changed:
            values, self._changed = self._changed, {}
            self._mask_mentions(values)
            texts = list(dict.fromkeys([*values, *self._changed]))
            joined = _BETWEEN.join(self._open[text] for text in texts)
            for text, own in _by_text(_find(joined, self.names, self.bare_names), texts, len):
                self.take(text, own)
        self._number_values()

    def mask(self, text: str) -> str:
        """Replace what was found in a text."""
        parts: list[str] = []
        done = 0
        for start, end, kind in self.places(text):
            parts += (text[done:start], self._placeholders[kind, self._key(kind, text[start:end])])
            self.counts[kind] += 1
            done = end
        return "".join(parts) + text[done:] if parts else text

    def audit(self, document: Row) -> Audit:
        """Count what was masked in a document; to be asked when `mask` has gone over all of it."""
        if not self.counts:
            return Counter()
        counts: Audit = Counter(("title", place.kind) for place in self.places(document["title"]))
        headings = {document["title"]}
        for number, segment in enumerate(document["segments"], start=1):
            texts = [segment["speaker"], segment["text"]]
            if segment["heading"] not in headings:
                headings.add(segment["heading"])
                texts.append(segment["heading"])
            for text in texts:
                if places := self._found.get(text):
                    counts.update((f"segment {number}", place.kind) for place in places)
        told: Counter[str] = Counter()
        for (_, kind), count in counts.items():
            told[kind] += count
        return counts + Counter({("meta", kind): count for kind, count in (self.counts - told).items()})

    def _mask_mentions(self, values: dict[str, list[tuple[str, str]]]) -> None:
        """Mask bare repetitions of values in all texts."""
        kinds = {value: kind for pairs in values.values() for value, kind in pairs}
        telling = sorted(kinds, key=lambda value: (-len(value), value))
        if not telling:
            return
        known = re.compile("|".join(map(re.escape, telling)))
        joined = _BETWEEN.join(self._open.values())
        places = [match.span() for match in known.finditer(joined) if _stands_alone(joined, *match.span())]
        mentions = [Found(start, end, kinds[joined[start:end]]) for start, end in places]
        for text, own in _by_text(mentions, self.texts(), len):
            self.take(text, own)

    def _number_values(self) -> None:
        """Give each value its placeholder, counted in the order of the document."""
        for text, found in self._found.items():
            for start, end, kind in found:
                key = self._key(kind, text[start:end])
                if (kind, key) not in self._placeholders:
                    self._numbers[kind] += 1
                    self._placeholders[kind, key] = f"<{kind}_{self._numbers[kind]}>"

    def _key(self, kind: str, value: str) -> str:
        """Return what two spellings of a value share; "Carter" is the Emily Carter met before."""
        key = _spelling(kind, value if value.isascii() else _folded(value))
        if kind != "NAME" or " " in key or (kind, key) in self._placeholders:
            return key
        return next((name for k, name in self._placeholders if k == "NAME" and name.endswith(f" {key}")), key)


def _find(text: str, names: NameFinder, bare_names: bool) -> list[Found]:
    """Find everything in a text whose formulas and masked places are hidden."""
    found: list[Found] = []
    chinese = _HAN.search(text) is not None
    for finder in _FINDERS if chinese else _FINDERS_WITHOUT_CHINESE:
        new = _without_overlap(finder(text))
        text = _blank(text, new)
        found += new
    new = [Found(start, end, "NAME") for start, end in names.find(text, bare_names)]
    text = _blank(text, new)
    found += new
    if _NAME in text:
        new = _without_overlap(_roster_numbers(text))
        text = _blank(text, new)
        found += new
        found += beside_numbers(text, found)
    return sorted(found)


def _roster_numbers(text: str) -> Iterator[Found]:
    for name in _NAMES.finditer(text):
        start, end = name.span()
        for match in (
            _BEHIND_NAME.match(text, end - 1),
            _BEFORE_NAME.search(text, max(0, start - _LONGEST_BEFORE), start),
        ):
            if match and _stands_alone(text, *match.span("value")):
                yield Found(*match.span("value"), "STUDENT_ID")


def _by_text(
    found: Iterable[Found], texts: Sequence[_T], length: Callable[[_T], int]
) -> Iterator[tuple[_T, list[Found]]]:
    """Take places of joined texts back to the text each stands in."""
    places = iter(found)
    place, start = next(places, None), 0
    for text in texts:
        end = start + length(text)
        own: list[Found] = []
        while place and place.start < end:
            own.append(Found(place.start - start, place.end - start, place.kind))
            place = next(places, None)
        if own:
            yield text, own
        start = end + len(_BETWEEN)


def _without_overlap(found: Iterable[Found]) -> list[Found]:
    kept: list[Found] = []
    for place in sorted(found, key=lambda place: (place.start, -place.end)):
        if not kept or place.start >= kept[-1].end:
            kept.append(place)
    return kept


def _blank(text: str, found: Sequence[Found]) -> str:
    """Hide places from what is searched next, keeping every offset."""
    if not found:
        return text
    parts: list[str] = []
    done = 0
    for start, end, kind in sorted(found):
        parts += (text[done:start], (_NAME if kind == "NAME" else _MASKED) * (end - start))
        done = end
    return "".join(parts) + text[done:]


def _hide(text: str) -> str:
    """Return the text with formulas, code and placeholders hidden, and full-width letters folded.

    Of fenced code only e-mail addresses stay to be found.
    """
    if _MAY_HIDE.search(text) is None:
        return text if text.isascii() else _folded(text)
    shielded, pieces = shield(text, inline_code=False)
    if pieces:
        text = unshield(shielded, [_hide_piece(piece) for piece in pieces])
    if "<" in text:
        text = _PLACEHOLDER.sub(lambda m: (_NAME if m[1] == "NAME" else _MASKED) * len(m[0]), text)
    return text if text.isascii() else _folded(text)


def _folded(text: str) -> str:
    """Return the text in half-width letters and simplified characters, at its length."""
    if _FULL_WIDTH.search(text):
        text = text.translate(_FOLD)
    return simplified(text)


def _hide_piece(piece: str) -> str:
    hidden = [_HIDDEN] * len(piece)
    for start, end, _ in find_emails(piece) if is_fenced_code(piece) else ():
        hidden[start:end] = piece[start:end]
    return "".join(hidden)


def _stands_alone(text: str, start: int, end: int) -> bool:
    """Tell whether a place is cut out of no longer word or number."""
    before = start > 0 and _ALPHANUMERIC.match(text, start - 1) and _ALPHANUMERIC.match(text, start)
    behind = _ALPHANUMERIC.match(text, end) and _ALPHANUMERIC.match(text, end - 1)
    return not (before or behind)


def _spelling(kind: str, value: str) -> str:
    """Return what makes two spellings of a value the same."""
    if kind == "PHONE":
        return re.sub(r"^(?:00)?86(?=1[3-9]\d{9})", "", re.sub(r"\D", "", value))
    return " ".join(value.split()).casefold()


def _is_telling(place: Found, text: str) -> bool:
    """Tell whether a value standing alone can only be itself: not a family name, not a common word."""
    value = text[place.start : place.end]
    if place.kind == "NAME":
        return " " in value or (len(value) > 1 and not value.isascii() and not is_chinese_word(value))
    return place.kind in _TELLING and len(value) >= 6
