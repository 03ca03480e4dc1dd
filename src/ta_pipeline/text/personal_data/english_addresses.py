"""Find addresses in the forms of English-speaking and European countries."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import TYPE_CHECKING

from ta_pipeline.text.personal_data.span import Found
from ta_pipeline.text.wordlists import word_set

if TYPE_CHECKING:
    from ahocorasick_rs import AhoCorasick

_CAP = r"[A-ZÀ-Þ][a-zà-ÿ'’]+"
_STREET = (
    r"(?:Street|St|Road|Rd|Avenue|Ave|Lane|Ln|Boulevard|Blvd|Crescent|Cres|Terrace|Drive|Dr|Close|Court|"
    r"Ct|Way|Place|Pl|Square|Sq|Row|Gardens|Grove|Mews|Hill|Parade|Walk|Circle|Parkway|Pkwy|Highway|Hwy|"
    r"Quay|Rise|View|Green|Alley|Wharf|Esplanade|Trail|Park|Gate|Vale|Circus|Embankment)\.?"
)
_FLAT = (
    r"(?:Apt|Apartment|Suite|Ste|Flat|Unit|Room|Rm|Floor|Block|Building|Bldg|Tower|Dorm(?:itory)?|Studio|"
    r"PO Box|Villa|House|Level)\.?\s*#?\s*(?:No\.?\s*)?[A-Z]?\d*[A-Z]?"
)
_CODE = (
    r"(?:[A-Z]{2}\s+\d{5}(?:-\d{4})?|[A-Z]{1,2}\d[A-Z\d]?\s*\d[A-Z]{2}|(?:[A-Z]{2,3}\s+)?\d{4,6}|"
    r"[A-Z]\d[A-Z]\s?\d[A-Z]\d|[A-Z]{2})"
)
_PLACE = rf"(?:{_CAP}(?:[ -](?:(?:upon|on|under|of|the|de|la)[ -])?{_CAP}){{0,3}})"
_TAIL = re.compile(
    rf"(?:,\s*{_FLAT}(?![a-z])"
    rf"|,\s*(?:\d{{4,6}}\s+)?{_PLACE}(?:\s+\d{{1,2}}(?=,))?(?:\s+{_CODE}(?![A-Za-z0-9]))?"
    rf"|,?\s+{_CODE}(?![A-Za-z0-9])|,\s*(?:USA|UK|U\.S\.A\.|U\.K\.|UAE)(?![A-Za-z]))"
)
_STREET_LINE = re.compile(
    rf"\d(?<![\d.,A-Za-z-]\d)\d{{0,4}}[A-Za-z]?(?:[-–/]\d{{1,4}}[A-Z]?)?,?\s+(?:[NSEW]\.?\s|(?:North|South"
    rf"|East|West|Old|New|Upper|Lower|St\.?|Mount|Great|The)\s)?(?!Hard\b|Flash\b|Disk\b|Wall\b"
    rf"|Points?\b)(?:{_CAP}\s+|\d{{1,3}}(?:st|nd|rd|th)\s+){{1,3}}{_STREET}(?![A-Za-z])(?:\s(?:North|South"
    rf"|East|West|NW|NE|SW|SE|N|S|E|W)(?![A-Za-z]))?"
)
_ROMANCE = re.compile(
    rf"\d(?<![\d.,A-Za-z-]\d)\d{{0,4}},?\s+(?:Broadway|(?:[Rr]ue|[Aa]venue|[Bb]oulevard|[Vv]ia|[Cc]alle"
    rf"|[Rr]ua|[Pp]lace|[Qq]uai|[Cc]hemin)\s+(?:(?:de|du|des|la|del|della|dei|le"
    rf"|l')\s*)*{_CAP}(?:[ -]{_CAP})*)"
)
_CONTINENTAL = re.compile(
    r"[A-ZÄÖÜ][a-zäöüß]{0,24}(?:[ -][A-ZÄÖÜ][a-zäöüß]{0,24})?(?:(?<=traße|rasse|..weg|platz|gasse"
    r"|allee|.damm|.ufer|traat|.laan|racht|plein|gatan|vägen|.gata|veien)|(?<=.str)\.)\s+\d{1,4}[a-z]?(?![\dA-Za-z])"
)
_FLAT_BEFORE = re.compile(
    rf"(?:(?:{_FLAT}|{_CAP}(?:\s{_CAP}){{0,2}}\s(?:House|Hall|Court|Building|Tower|Mansions?|Cottage"
    rf"|Residence|Apartments|Heights|Lodge|Dormitory|Villas)),?\s+){{1,3}}$"
)
_PO_BOX = re.compile(
    r"(?:P\.?\s?O\.?\s?Box|Post\s+(?:Office\s+)?Box|Locked Bag|GPO Box|PMB|Private Bag|Campus Box"
    r"|Mailbox)\s*(?:No\.?\s*)?#?\d{1,6}"
)
_HOME_ROOM = re.compile(
    rf"\b(?:Room|Rm\.?|Flat|Apt\.?|Unit|Bed|Suite)\s*#?[A-Z]?-?\d{{1,4}}[A-Z]?,\s*(?:(?:Block|Building"
    rf"|Tower|Floor|Wing|House|Dorm(?:itory)?)\s+\w+,?\s*)*(?:{_CAP}\s){{1,3}}(?:Hall|House|Dorm(?:itory)?"
    rf"|Residence|Court|College|Apartments|Lodge|Village|Towers?)\b"
    rf"|\b(?:{_CAP}\s){{0,3}}(?:Hall|House|Dorm(?:itory)?|Residence|Residences|Dorms|Apartments|Lodge"
    rf"|Village|Quad|Towers?)(?:\s+(?:Block\s+)?[A-Z\d]{{1,3}})?,?\s*(?:(?:[Bb]lock|[Bb]uilding|[Tt]ower"
    rf"|[Ff]loor|[Ww]ing)\s+\w+,?\s*)?(?:[Rr]oom|[Rr]m\.?|[Ff]lat|[Aa]pt\.?|[Uu]nit|[Bb]ed"
    rf"|#)\s*#?[A-Z]?-?\d{{1,4}}[A-Z]?\b"
)
_LIVES = re.compile(
    r"\b(?:liv(?:e|es|ed|ing)|dorm\w*|resid\w+|mov(?:e|ed|ing)|deliver\w*|ship\w*|mail\w*|send|sent|parcel"
    r"|package|address|home|stay\w*|room-?mates?|flat-?mates?|hostel)\b",
    re.IGNORECASE,
)
_NOT_HOMES = re.compile(
    r"\b(?:Lecture|Science|Physics|Chemistry|Engineering|Exam|Sports|Main|Great|Town|City|Concert|Opera"
    r"|White|Full)\s+(?:Hall|House)\b"
)
#: Words that tell where to look closely; one automaton finds all of them in one pass.
_STREET_WORD = re.compile(rf"(?:{_STREET})(?![A-Za-z])")
_ROMANCE_STREET = "Broadway|Rue|Calle|Rua|Via|Quai|Avenue|Boulevard|Place"
_ROMANCE_WORD = re.compile(rf"(?:{_ROMANCE_STREET})\s")
_HOMES = word_set("Hall House Dorm Residence Court College Apartments Lodge Village Tower Quad")
_BOXES = word_set("Box Bag PMB Mailbox")
_CONTINENTAL_ENDS = word_set(
    "traße rasse str. weg platz gasse allee damm ufer traat laan racht plein gatan vägen gata veien"
)
_BOX_NUMBER = re.compile(r"\s*(?:No\.?\s*)?#?\d{1,6}")
_HOUSE_NUMBER = re.compile(r"\s+\d{1,4}[a-z]?")
#: How far to each side of such a word the rest of its line may stand.
_NEAR = 60


def find_english_addresses(text: str) -> Iterator[Found]:
    """Yield addresses, possibly overlapping: from flat and street to postcode and country."""
    automaton, words = _word_finder()
    for number, start, end in automaton.find_matches_as_indexes(text, overlapping=True):
        word = words[number]
        if word in _HOMES:
            yield from _homes(text, start, end)
        elif word in _CONTINENTAL_ENDS:
            yield from _numbered(text, _CONTINENTAL, _HOUSE_NUMBER, end)
        elif word in _BOXES:
            yield from _numbered(text, _PO_BOX, _BOX_NUMBER, end)
        if street := _STREET_WORD.match(text, start):
            yield from _around(text, _STREET_LINE, street)
        if street := _ROMANCE_WORD.match(text, start):
            yield from _around(text, _ROMANCE, street)
    if " rue d" in text:
        yield from (_whole(text, match) for match in _ROMANCE.finditer(text))


@lru_cache(maxsize=1)
def _word_finder() -> tuple[AhoCorasick, list[str]]:
    from ahocorasick_rs import AhoCorasick, Implementation

    streets = re.findall("[A-Z][a-z]+", f"{_STREET} {_ROMANCE_STREET}")
    words = sorted({*streets, *_HOMES, *_BOXES, *_CONTINENTAL_ENDS})
    return AhoCorasick(words, implementation=Implementation.DFA), words


def _homes(text: str, start: int, end: int) -> Iterator[Found]:
    for match in _HOME_ROOM.finditer(text, max(0, start - _NEAR), end + _NEAR):
        if _is_a_home(text, match):
            yield _whole(text, match)


def _numbered(text: str, pattern: re.Pattern[str], number: re.Pattern[str], end: int) -> Iterator[Found]:
    """Yield what has its number behind a word that ends at `end`."""
    if behind := number.match(text, end):
        for match in pattern.finditer(text, max(0, end - _NEAR), behind.end() + 1):
            if match.start() < end < match.end():
                yield _whole(text, match)


def _around(text: str, pattern: re.Pattern[str], word: re.Match[str]) -> Iterator[Found]:
    for line in pattern.finditer(text, max(0, word.start() - _NEAR), word.end() + _NEAR):
        if line.start() < word.start() and line.end() >= word.end():
            yield _whole(text, line)


def _whole(text: str, match: re.Match[str]) -> Found:
    """Add the flat before a street, and the town, the postcode and the country behind it."""
    start, end = match.span()
    if before := _FLAT_BEFORE.search(text[max(0, start - _NEAR) : start]):
        start -= len(before[0])
    while tail := _TAIL.match(text, end):
        end = tail.end()
    return Found(start, end, "ADDRESS")


def _is_a_home(text: str, match: re.Match[str]) -> bool:
    """Tell a room where somebody lives from a room for an exam."""
    around = text[max(0, match.start() - _NEAR) : match.end() + 20]
    return not _NOT_HOMES.search(match[0]) and _LIVES.search(around) is not None
