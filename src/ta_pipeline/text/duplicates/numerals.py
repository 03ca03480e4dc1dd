"""Say which numbers and formulas a text holds: two drills that differ in one number are two drills."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from functools import lru_cache
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from ta_pipeline.text.markup import formulas, prose, shield

_HAN_NUMBER = "零〇一二两三四五六七八九十百千万亿半"
#: Chinese numerals count only before a measure: "一样" and "十分" say no number.
_MEASURE = (
    "米|千米|公里|厘米|毫米|千克|公斤|克|吨|秒|分钟|小时|天|年|牛|焦|瓦|帕|赫|度|倍|圈|次|层|元|个"
    "|只|辆|块|人|月|日|号|题|讲|章|节|点|分之"
)
_WORD_NUMBERS = frozenset(
    """
    two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen
    eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety hundred thousand million
    half twice double triple third quarter zero sin cos tan log ln exp sqrt
    """.split()  # noqa: SIM905  (a list of words reads worse)
)
_SIGNS = "=+×÷*/^<>≤≥≠≈±√∝∑∫∂∞°²³¹⁰⁴⁵⁶⁷⁸⁹⁻₀₁₂₃₄₅₆₇₈₉½⅓¼¾①-⑳\u0370-\u03ff\u00b5\u2126"
#: The first character is one big set, which `re` skips to fast; then what may follow each kind of it.
#: A run of letters is taken whole and judged afterwards.
_TOKEN = re.compile(
    rf"[\d{_HAN_NUMBER}点A-Za-z{_SIGNS}]"
    rf"(?:(?<=[A-Za-z])[A-Za-z]*|(?<=\d)\d*(?:[.,]\d+)*|(?<=[{_SIGNS}])"
    rf"|(?<=[{_HAN_NUMBER}])[{_HAN_NUMBER}]*(?=(?:{_MEASURE}))|(?<=点)[{_HAN_NUMBER}]+)"
)
_SPACE = re.compile(r"\s+")


def numbers(text: str) -> list[str]:
    """List numbers and signs of the prose in order, then the formulas without their spaces."""
    if not shield(text)[1]:
        return _numbers_of_prose(text)
    return _numbers_of_prose(prose(text)) + [_SPACE.sub("", formula) for formula in formulas(text)]


def same_numbers(first: str, second: str) -> bool:
    """Tell whether two texts hold the same numbers and formulas in the same order."""
    return numbers(first) == numbers(second)


def number_digests(texts: Iterable[str]) -> NDArray[np.uint64]:
    """Give each text 64 bits that are equal for equal numbers and formulas."""
    digests = [
        hashlib.blake2b("\x1f".join(numbers(text)).encode("utf-8", "surrogatepass"), digest_size=8).digest()
        for text in texts
    ]
    return np.frombuffer(b"".join(digests), dtype="<u8")


def _numbers_of_prose(text: str) -> list[str]:
    """Scan a text, word by word where it is ASCII: nothing that counts holds a space, and words recur."""
    if text.isascii():
        return list(chain.from_iterable(map(_numbers_of_word, text.split())))
    return _scan(text)


@lru_cache(maxsize=2**15)
def _numbers_of_word(word: str) -> list[str]:
    return _scan(word)


def _scan(text: str) -> list[str]:
    return [match[0] for match in _TOKEN.finditer(text) if _counts(match[0], text, match.start())]


def _counts(token: str, text: str, place: int) -> bool:
    """Tell whether a token says a number: of the runs of letters, only number words and single symbols do."""
    if not (token.isascii() and token.isalpha()):
        return True
    if len(token) > 1:
        return token.lower() in _WORD_NUMBERS
    around = text[max(0, place - 1) : place] + text[place + 1 : place + 2]
    return token not in "AaIi" and not any(mark in around for mark in "'’")  # not of "don't"
