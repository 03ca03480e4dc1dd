"""Mask personal data with typed placeholders that are consistent inside a document.

Numbers, contacts and addresses are told by form and label (`personal_data`), names by lists and context
(`person_names`). All texts of a document are searched together. Values never leave this module; the
audit counts places by kind.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from ta_pipeline.text.fields import rewrite_document
from ta_pipeline.text.markup import is_fenced_code, shield, unshield
from ta_pipeline.text.person_names import NameFinder
from ta_pipeline.text.person_names.chinese import is_chinese_word
from ta_pipeline.text.personal_data.addresses import find_addresses
from ta_pipeline.text.personal_data.contacts import find_accounts, find_emails, find_ipv6
from ta_pipeline.text.personal_data.numbers import beside_numbers, find_numbers
from ta_pipeline.text.personal_data.span import Found

Row = dict[str, Any]

#: Stands for each character of what is masked already, so that places keep their offsets.
_MASKED = "\ue000"
#: Stands for each character of a formula or a block of code.
_HIDDEN = "\ue001"
#: Between the texts of a document; no rule looks across it.
_BETWEEN = "\n\ue002\n"
_PLACEHOLDER = re.compile(r"<([A-Z][A-Z_]+)_(\d+)>")
_FULL_WIDTH = re.compile("[０-９Ａ-Ｚａ-ｚ＠．]")
_FOLD = {code: chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F) if chr(code).isalnum() or chr(code) in "＠．"}
#: Beside a name on one line, a number of this form is the one of a student.
_ROSTER = re.compile(
    rf"{_MASKED}[，,、（(：:\s|\t_+-]{{1,4}}(?P<behind>[A-Za-z]{{0,3}}\d{{8,12}})(?![\dA-Za-z])"
    rf"|(?<![\dA-Za-z])(?P<before>[A-Za-z]{{0,3}}\d{{8,12}})[，,、）)：:\s|\t_+-]{{1,4}}{_MASKED}"
)
#: Kinds whose values stand for one person wherever they are repeated.
_TELLING = frozenset({"STUDENT_ID", "ID_NUMBER", "WECHAT", "QQ", "BANK_CARD", "PHONE"})


def mask_document(document: Row, names: NameFinder) -> tuple[Row, Counter[str]]:
    """Return the document with personal data masked in all its fields, and the masked places by kind.

    Public sets are published already: of the names in them only those go that are announced.
    """
    masker = Masker(names, bare_names=not document["origin"].startswith("public:"))
    masker.collect(document)
    return rewrite_document(document, masker.mask, masker.mask_person), masker.counts


def mask_line(line: str, names: NameFinder) -> str:
    """Mask one line that stands alone, such as an excerpt for a report."""
    masker = Masker(names)
    masker.search([line])
    return masker.mask(line)


def find_personal_data(text: str, names: NameFinder, bare_names: bool = True) -> list[Found]:
    """Return the places of a text that hold personal data, in order and without overlap."""
    return _find(_hide(text), names, bare_names) if text else []


class Masker:
    """Masks the texts of one document; the same value gets the same placeholder in all of them."""

    def __init__(self, names: NameFinder, bare_names: bool = True) -> None:
        """Start without any value; `bare_names` as in `NameFinder.find`."""
        self._names = names
        self._bare_names = bare_names
        self._found: dict[str, list[Found]] = {}
        self._open: dict[str, str] = {}
        self._placeholders: dict[tuple[str, str], str] = {}
        self._numbers: Counter[str] = Counter()
        #: Masked places by kind.
        self.counts: Counter[str] = Counter()

    def collect(self, document: Row) -> None:
        """Search all texts of a document; `mask` and `mask_person` then know what to mask in each."""
        texts: dict[str, None] = {}
        persons: dict[str, None] = {}
        rewrite_document(document, _kept_in(texts), _kept_in(persons))
        self.search(list(texts), list(persons))

    def search(self, texts: Sequence[str], persons: Iterable[str] = ()) -> None:
        """Find what is personal in the texts, until what was found gives nothing more away.

        A value met once is masked wherever it stands, and a masked neighbour may announce a name.
        """
        for text in [*texts, *persons]:
            self._found.setdefault(text, [])
            self._open.setdefault(text, _hide(text))
            for kind, number in _PLACEHOLDER.findall(text):
                self._numbers[kind] = max(self._numbers[kind], int(number))
        for text in persons:
            if self._names.is_full_name(text):
                start = len(text) - len(text.lstrip())
                self._add(text, [Found(start, start + len(text.strip()), "NAME")])
        changed = [text for text in self._open if text]
        while changed:
            values = self._search_once(changed)
            changed = list(dict.fromkeys([*values, *self._mask_mentions(values)]))
        self._number_values()

    def mask(self, text: str) -> str:
        """Replace what was found in a text that was searched."""
        parts: list[str] = []
        done = 0
        for start, end, kind in self._found[text]:
            parts += (text[done:start], self._placeholders[kind, self._key(kind, text[start:end])])
            self.counts[kind] += 1
            done = end
        return "".join(parts) + text[done:] if parts else text

    def mask_person(self, text: str) -> str:
        """Mask a field that names a person, such as the author of a document."""
        return self.mask(text)

    def _search_once(self, texts: Sequence[str]) -> dict[str, list[str]]:
        """Search texts that changed; return the new values that tell a person, by text."""
        joined = _BETWEEN.join(self._open[text] for text in texts)
        found = iter(_find(joined, self._names, self._bare_names))
        values: dict[str, list[str]] = {}
        place, start = next(found, None), 0
        for text in texts:
            end = start + len(text)
            own: list[Found] = []
            while place and place.start < end:
                own.append(Found(place.start - start, place.end - start, place.kind))
                place = next(found, None)
            if own:
                values[text] = [text[f.start : f.end] for f in own if _is_telling(f.kind, text[f.start : f.end])]
                self._add(text, own)
            start = end + len(_BETWEEN)
        return values

    def _mask_mentions(self, values: dict[str, list[str]]) -> Iterator[str]:
        """Mask bare repetitions of values in all texts, and yield the texts that hold one."""
        kinds = {text[f.start : f.end]: f.kind for text in values for f in self._found[text]}
        telling = sorted({v for vs in values.values() for v in vs}, key=lambda value: (-len(value), value))
        if not telling:
            return
        known = re.compile("|".join(rf"(?<![A-Za-z0-9]){re.escape(v)}(?![A-Za-z0-9])" for v in telling))
        for text, open_text in self._open.items():
            if own := [Found(*match.span(), kinds[match[0]]) for match in known.finditer(open_text)]:
                self._add(text, own)
                yield text

    def _add(self, text: str, found: list[Found]) -> None:
        self._open[text] = _blank(self._open[text], found)
        self._found[text] = sorted([*self._found[text], *found])

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
        key = _spelling(kind, value)
        if kind != "NAME" or " " in key or (kind, key) in self._placeholders:
            return key
        return next((name for k, name in self._placeholders if k == "NAME" and name.endswith(f" {key}")), key)


def _find(text: str, names: NameFinder, bare_names: bool) -> list[Found]:
    """Find everything in a text whose formulas and masked places are hidden."""
    found: list[Found] = []
    for finder in (find_emails, find_accounts, find_ipv6, find_numbers, find_addresses):
        new = _without_overlap(finder(text))
        text = _blank(text, new)
        found += new
    new = [Found(start, end, "NAME") for start, end in names.find(text, bare_names)]
    text = _blank(text, new)
    beside = [Found(*m.span(m.lastgroup or 0), "STUDENT_ID") for m in _ROSTER.finditer(text)]
    text = _blank(text, beside)
    found += new + beside
    return sorted([*found, *beside_numbers(text, found)])


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
    for start, end, _ in sorted(found):
        parts += (text[done:start], _MASKED * (end - start))
        done = end
    return "".join(parts) + text[done:]


def _hide(text: str) -> str:
    """Return the text with formulas, code and placeholders hidden, and full-width letters folded.

    Of fenced code only e-mail addresses stay to be found.
    """
    shielded, pieces = shield(text, inline_code=False)
    if pieces:
        text = unshield(shielded, [_hide_piece(piece) for piece in pieces])
    if "<" in text:
        text = _PLACEHOLDER.sub(lambda match: _MASKED * len(match[0]), text)
    return text.translate(_FOLD) if _FULL_WIDTH.search(text) else text


def _hide_piece(piece: str) -> str:
    hidden = [_HIDDEN] * len(piece)
    for start, end, _ in find_emails(piece) if is_fenced_code(piece) else ():
        hidden[start:end] = piece[start:end]
    return "".join(hidden)


def _kept_in(texts: dict[str, None]) -> Any:
    def keep(text: str) -> str:
        texts[text] = None
        return text

    return keep


def _spelling(kind: str, value: str) -> str:
    """Return what makes two spellings of a value the same."""
    if kind == "PHONE":
        return re.sub(r"^(?:00)?86(?=1[3-9]\d{9})", "", re.sub(r"\D", "", value))
    return " ".join(value.split()).casefold()


def _is_telling(kind: str, value: str) -> bool:
    """Tell whether a value standing alone can only be itself: not a family name, not a common word."""
    if kind == "NAME":
        return " " in value or (len(value) > 1 and not value.isascii() and not is_chinese_word(value))
    return kind in _TELLING and len(value) >= 6
