"""Repair text that was read in the wrong encoding, and never touch text that was read in the right one.

Three faults, each undone by going back the way it came: UTF-8 read as Latin-1, Windows-1252 and their
like (ftfy decides; its other repairs are off), UTF-8 read as GBK, and GBK read as Latin-1. A repair is
taken only where every byte fits and the result is common Chinese or punctuation that the source was not.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

#: Pieces that mojibake cannot span; split here by hand, because `splitlines` also cuts at U+0085,
#: which is a byte of many Chinese characters read as Latin-1. U+FFFD is kept from ftfy, which takes it
#: for a control character: the byte is lost, and a reader of the text must be able to see that.
_PIECES = re.compile("([\n\ufffd\U000f0000-\U000ffffd])")
#: Without one of these a text holds nothing that ftfy calls bad: it needs more than punctuation.
_SINGLE_BYTE = (
    "\x80-\x9f\xa1-\xb6\xb8-\u052f\u1e00-\u1eff\u2020-\u2022\u2030\u201a\u201e\u2044\u20a0-\u20cf"
    "\u2100-\u22ff\u2310\u2500-\u259f\u25ca\ufb01\ufb02"
)


def _read_as_gbk(first: range, second: range) -> str:
    codes = (bytes((a, b)) for a in first for b in second)
    return "".join(code.decode("gbk", "ignore") for code in codes)


#: What GBK makes of the first two bytes of Chinese characters and punctuation in UTF-8 (E2–E9 or EF, and
#: 80–BF). Every second character of such mojibake is one of them; of Chinese as it should be, hardly any.
_GBK = _read_as_gbk(range(0xE2, 0xEA), range(0x80, 0xC0)) + _read_as_gbk(range(0xEF, 0xF0), range(0xBC, 0xBE))
#: The inside of a character class; what matches none of it needs no repair.
SIGNS = _SINGLE_BYTE + _GBK

_SINGLE_BYTE_SIGN = re.compile(f"[{_SINGLE_BYTE}]")
GBK_SIGN = re.compile(f"[{_GBK}]")
#: A line that can be GBK read as Latin-1: beyond ASCII it has pairs of such letters only.
_LATIN_LINE = re.compile("(?:[\x00-\x7f]|[\xa1-\xf7][\xa1-\xfe])*")
_WIDE = re.compile("[^\x00-\x7f]{2,}")
_HAN = re.compile("[\u4e00-\u9fff]")
#: The 3,755 characters of GB 2312 level 1, which make up all but a few per mille of Chinese prose.
_COMMON = frozenset(_read_as_gbk(range(0xB0, 0xD8), range(0xA1, 0xFF)))
#: What else stands in right text: CJK and general punctuation, Greek, signs of arithmetic, exponents.
_FITTING = re.compile("[\u3001-\u301f\uff01-\uff5e\u2010-\u2026\u2032\u2033\u03b1-\u03c9°±×÷²³·µ≈≠≤≥√∞°-]")
_PUNCTUATION = re.compile("[\u2010-\u2026\u3001-\u301f\uff01-\uff5e]")
#: Phonetic letters, Hebrew, Arabic and what follows them: ftfy makes ×“ a Hebrew letter.
_FOREIGN = re.compile("[\u0180-\u02c5\u0530-\u1dff]")
_COMMON_SHARE = 0.5
#: Share of the characters in words of two and more; random characters have next to none.
_WORD_SHARE = 0.2


def repair_mojibake(text: str) -> str:
    """Undo wrong decoding, line by line; what cannot be undone without loss stays as it is."""
    pieces = _PIECES.split(text)
    if _SINGLE_BYTE_SIGN.search(text):
        pieces = [_utf8_of_single_bytes(_gbk_of_latin(piece)) for piece in pieces]
    if GBK_SIGN.search(text):
        pieces = [_utf8_of_line(piece) for piece in pieces]
    return "".join(pieces)


def _utf8_of_single_bytes(line: str) -> str:
    from ftfy import fix_encoding
    from ftfy.badness import is_bad

    if not is_bad(line):
        return line
    fixed = fix_encoding(line, _repair_only())
    return line if _FOREIGN.search(fixed) and not _FOREIGN.search(line) else fixed


def _gbk_of_latin(line: str) -> str:
    """Read pairs of Latin-1 letters as GBK where that makes words: ËÙ¶È is 速度."""
    if line.isascii() or not _LATIN_LINE.fullmatch(line):
        return line
    try:
        fixed = line.encode("latin-1").decode("gb2312")
    except UnicodeError:
        return line
    return fixed if _fits(fixed) and _is_chinese(fixed) else line


def _utf8_of_line(line: str) -> str:
    """Repair a whole line, or else those of its pieces beyond ASCII that can be."""
    if not GBK_SIGN.search(line):
        return line
    return _utf8_of_gbk(line) or _WIDE.sub(lambda match: _utf8_of_gbk(match[0]) or match[0], line)


def _utf8_of_gbk(text: str) -> str | None:
    """Read characters of GBK as UTF-8 where that turns rare ones into common ones: 閫熷害 is 速度."""
    try:
        fixed = text.encode("gbk").decode("utf-8")
    except UnicodeError:
        return None
    rare = common_share(text) < _COMMON_SHARE < common_share(fixed)
    enough = len(_HAN.findall(fixed)) > 1 or _PUNCTUATION.search(fixed)
    return fixed if rare and enough and _fits(fixed) else None


def common_share(text: str) -> float:
    """Return common characters over Chinese characters; 1 where there is none."""
    han = _HAN.findall(text)
    return sum(character in _COMMON for character in han) / len(han) if han else 1.0


def _fits(text: str) -> bool:
    return all(c.isascii() or _HAN.match(c) or _FITTING.match(c) for c in text)


def _is_chinese(text: str) -> bool:
    """Tell whether half of the characters stand in words of two and more."""
    import rjieba

    in_words = sum(len(word) for word in rjieba.cut(text, False) if len(word) > 1 and _HAN.match(word))
    return in_words >= max(2, _WORD_SHARE * len(_HAN.findall(text)))


@lru_cache(maxsize=1)
def _repair_only() -> Any:
    from ftfy import TextFixerConfig

    return TextFixerConfig(
        unescape_html=False,
        remove_terminal_escapes=False,
        replace_lossy_sequences=False,
        fix_c1_controls=False,
        fix_latin_ligatures=False,
        fix_character_width=False,
        uncurl_quotes=False,
        fix_line_breaks=False,
        fix_surrogates=False,
        remove_control_chars=False,
        normalization=None,
    )
