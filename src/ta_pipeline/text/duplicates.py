"""Find copies: equal texts, then near copies by exact Jaccard similarity.

MinHash bands only propose pairs; what decides is the exact share of character n-grams, and then
whether numbers and formulas agree: two drills that differ in one number are two drills. A row is
dropped only against a row that stays, so a chain A~B~C never loses C to B. Character n-grams,
because word n-grams see nothing in Chinese.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from ta_pipeline.params import DedupParams
from ta_pipeline.progress import track
from ta_pipeline.text.markup import formulas, prose

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_SPACE = re.compile(r"\s+")
#: Odd multiplier of the polynomial hash, and Fibonacci's for the mix (Knuth, TAOCP 3, 6.4).
_BASE = 0x100000001B3
_MIX = 0x9E3779B97F4A7C15
_HAN_NUMBER = "零〇一二两三四五六七八九十百千万亿半"
#: Chinese numerals count only before a measure: "一样" and "十分" say no number.
_MEASURE = (
    "米|千米|公里|厘米|毫米|千克|公斤|克|吨|秒|分钟|小时|天|年|牛|焦|瓦|帕|赫|度|倍|圈|次|层|元|个"
    "|只|辆|块|人|月|日|号|题|讲|章|节|点|分之"
)
_WORD_NUMBER = (
    "two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen"
    "|seventeen|eighteen|nineteen|twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety|hundred"
    "|thousand|million|half|twice|double|triple|third|quarter|zero"
)
_FORMULA_SIGNS = "=+×÷*/^<>≤≥≠≈±√∝∑∫∂∞°²³¹⁰⁴⁵⁶⁷⁸⁹⁻₀₁₂₃₄₅₆₇₈₉½⅓¼¾①-⑳"
_NUMBER_OR_SIGN = re.compile(
    rf"\d+(?:[.,]\d+)*|[{_HAN_NUMBER}]+(?=(?:{_MEASURE}))|点[{_HAN_NUMBER}]+"
    rf"|(?<![A-Za-z])(?:{_WORD_NUMBER}|sin|cos|tan|log|ln|exp|sqrt)(?![A-Za-z])"
    rf"|[{_FORMULA_SIGNS}\u0370-\u03ff]|(?<![A-Za-z'’])[B-HJ-Zb-hj-z](?![A-Za-z'’])",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Copy:
    """Row `index` repeats row `kept`; `similarity` is their exact Jaccard, 1 for equal texts."""

    index: int
    kept: int
    similarity: float
    exact: bool


def find_copies(texts: Sequence[str], order: Sequence[int], dedup: DedupParams) -> list[Copy]:
    """Name the rows to drop among `texts`, earlier rows of `order` being preferred to later ones.

    Rows without a character that is no white space are never copies. The result is sorted by index.
    """
    from datasketch import MinHashLSH

    plain = [comparable(text) for text in texts]
    copies = _equal_rows([" ".join(text.split()) for text in texts], order)
    gone = {copy.index for copy in copies}
    rest = [index for index in order if plain[index] and index not in gone]
    lsh = MinHashLSH(num_perm=dedup.bands * dedup.rows, params=(dedup.bands, dedup.rows))
    judge = _Judge(texts, plain, dedup)
    signatures = _signatures([plain[index] for index in rest], dedup)
    for rank, signature in enumerate(track(signatures, "comparing documents", len(rest), "documents")):
        near = judge.nearest(rest[rank], [rest[earlier] for earlier in sorted(lsh.query(signature))])
        if near is None:
            lsh.insert(rank, signature)
        else:
            copies.append(near)
    return sorted(copies, key=lambda copy: copy.index)


def comparable(text: str) -> str:
    """Return what n-grams are cut from: the text in lower case, without white space."""
    return _SPACE.sub("", text).lower()


def jaccard(first: str, second: str, ngram: int) -> float:
    """Return the share of character n-grams that two texts have in common, exactly."""
    return _share(_ngrams(first, ngram), _ngrams(second, ngram))


def same_numbers(first: str, second: str) -> bool:
    """Tell whether two texts hold the same numbers and formulas in the same order."""
    return _numbers(first) == _numbers(second)


class _Judge:
    """Decides about proposed pairs; keeps the last few thousand sets it has made."""

    def __init__(self, texts: Sequence[str], plain: Sequence[str], dedup: DedupParams) -> None:
        self._dedup = dedup
        self._ngrams = lru_cache(maxsize=4096)(lambda index: _ngrams(plain[index], dedup.ngram))
        self._numbers = lru_cache(maxsize=4096)(lambda index: _numbers(texts[index]))

    def nearest(self, index: int, candidates: Sequence[int]) -> Copy | None:
        """Return the copy that `index` makes of the most similar candidate, the earliest among equals."""
        best: Copy | None = None
        for kept in candidates:
            similarity = _share(self._ngrams(index), self._ngrams(kept))
            if similarity < self._dedup.threshold or self._numbers(index) != self._numbers(kept):
                continue
            if best is None or similarity > best.similarity:
                best = Copy(index, kept, similarity, exact=False)
        return best


def _equal_rows(texts: Sequence[str], order: Sequence[int]) -> list[Copy]:
    first: dict[str, int] = {}
    copies = []
    for index in order:
        kept = first.setdefault(texts[index], index)
        if kept != index and texts[index]:
            copies.append(Copy(index, kept, 1.0, exact=True))
    return copies


def _ngrams(plain: str, ngram: int) -> frozenset[str]:
    if len(plain) <= ngram:
        return frozenset([plain])
    return frozenset(plain[start : start + ngram] for start in range(len(plain) - ngram + 1))


def _share(first: frozenset[str], second: frozenset[str]) -> float:
    common = len(first & second)
    return common / (len(first) + len(second) - common)


def _numbers(text: str) -> list[str]:
    """List numbers and signs of the prose, then the formulas without their spaces."""
    return _NUMBER_OR_SIGN.findall(prose(text)) + [_SPACE.sub("", formula) for formula in formulas(text)]


def _signatures(plain: Sequence[str], dedup: DedupParams) -> Iterator[Any]:
    """Yield one MinHash a text; its n-grams are hashed by numpy, a hundred times faster than by SHA-1."""
    from datasketch import MinHash

    hashes = (_hashes(text, dedup.ngram).tolist() for text in plain)
    yield from MinHash.generator(hashes, num_perm=dedup.bands * dedup.rows, hashfunc=_as_it_is)


def _as_it_is(value: int) -> int:
    return value


def _hashes(plain: str, ngram: int) -> NDArray[np.uint64]:
    """Hash each character n-gram of a text to 32 bits: a polynomial modulo 2**64, then a mix."""
    import numpy as np

    codes = np.frombuffer(plain.encode("utf-32-le"), dtype=np.uint32).astype(np.uint64)
    size = max(1, len(codes) - ngram + 1)
    total = np.zeros(size, dtype=np.uint64)
    for offset in range(min(ngram, len(codes))):
        total = total * np.uint64(_BASE) + codes[offset : offset + size]
    return np.unique((total * np.uint64(_MIX)) >> np.uint64(32))
