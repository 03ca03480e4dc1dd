"""Measure words and repetition of texts as Gopher and FineWeb do, for many documents at once.

Rae et al. 2021 (arXiv 2112.11446), table A1: the share of a document's characters in its most frequent
2- to 4-gram, and in 5- to 10-grams that occur more than once. n-grams are compared by hashes of 64 bits
less those that number the tokens of a batch, which leaves 40 for a million tokens.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ta_pipeline.text.characters import IDEOGRAPH, KANA, LETTER, SPACE, WORD, classes_of, code_points
from ta_pipeline.text.markup import prose

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Shares = npt.NDArray[np.float64]
    Ids = npt.NDArray[np.uint64]
    Counts = npt.NDArray[np.int64]

#: Odd 64-bit constants (MMIX, SplitMix64): one rolls a hash along, one spreads small numbers.
_ROLL = 6364136223846793005
_SPREAD = 0x9E3779B97F4A7C15
#: Length of the runs that an answer may repeat, and the least tokens of one that is asked for them.
_RUN, _ENOUGH = 10, 60
_TABLE_ROW = re.compile(r"^\s*\|.*$", re.MULTILINE)


class TokenBatch:
    """Texts as one row of tokens: what white space parts, or words of an alphabet and single ideographs."""

    def __init__(self, texts: Sequence[str], by_character: bool) -> None:
        """Number the tokens, and keep how long each is and which text it belongs to."""
        import numpy as np

        tokens = _tokens(texts, by_character)
        self._texts = len(texts)
        self._text_of = np.repeat(np.arange(len(texts)), tokens.counts)
        self._ids = (tokens.ids + np.uint64(1)) * np.uint64(_SPREAD)
        self._tokens = tokens
        self._ends = np.concatenate([[0], tokens.lengths.cumsum()])
        self._totals = np.maximum(1, self._sum(tokens.lengths))
        #: Tokens of each text.
        self.counts = tokens.counts

    def mean_lengths(self) -> Shares:
        """Return for each text the characters a token."""
        import numpy as np

        return self._totals / np.maximum(1, self.counts)

    def letter_shares(self) -> Shares:
        """Return for each text the share of its tokens with a letter among those with a letter or a digit."""
        import numpy as np

        return self._sum(self._tokens.has_letter) / np.maximum(1, self._sum(self._tokens.has_word))

    def count_of(self, words: Iterable[str]) -> Shares:
        """Count for each text its tokens that are among some words."""
        import numpy as np

        return self._sum(np.isin(self._tokens.ids, np.array([_number_of(word) for word in words], np.uint64)))

    def top_shares(self, n: int) -> Shares:
        """Return for each text the largest share of its characters in one n-gram that it repeats."""
        import numpy as np

        places, is_first = self._grouped(n)
        shares = np.zeros(self._texts)
        if len(places):
            starts = np.flatnonzero(is_first)
            covered = np.add.reduceat(self._ends[places + n] - self._ends[places], starts)
            more = np.diff(starts, append=len(places)) > 1
            np.maximum.at(shares, self._text_of[places[starts[more]]], covered[more])
        return np.minimum(1, shares / self._totals)  # it may overlap itself: 哈哈哈

    def duplicate_shares(self, n: int) -> Shares:
        """Return for each text the share of its characters in n-grams that stood in it before."""
        import numpy as np

        places, is_first = self._grouped(n)
        again = places[~is_first]
        edges = np.bincount(again, minlength=len(self._ids) + 1) - np.bincount(
            again + n, minlength=len(self._ids) + 1
        )
        return self._sum(self._tokens.lengths * (edges[:-1].cumsum() > 0)) / self._totals

    def _sum(self, values: npt.NDArray[Any]) -> Shares:
        import numpy as np

        return np.bincount(self._text_of, values, self._texts).astype(np.float64)

    def _grouped(self, n: int) -> tuple[Counts, npt.NDArray[np.bool_]]:
        """Return the places of all n-grams, equal ones of one text together in order, and which is first.

        Hash and place share a number of 64 bits, so that one plain sort does it.
        """
        import numpy as np

        count = max(0, len(self._ids) - n + 1)
        hashes = self._text_of[:count].astype(np.uint64)
        for offset in range(n):
            hashes = hashes * np.uint64(_ROLL) + self._ids[offset : offset + count]
        places = np.flatnonzero(self._text_of[:count] == self._text_of[len(self._ids) - count :])
        bits = np.uint64(max(1, len(self._ids)).bit_length())
        keys = np.sort((hashes[places] << bits) | places.astype(np.uint64))
        found = (keys & ((np.uint64(1) << bits) - np.uint64(1))).astype(np.int64)
        groups = keys >> bits
        return found, np.concatenate([[True], groups[1:] != groups[:-1]])[: len(found)]


@dataclass(frozen=True)
class _Tokens:
    ids: Ids  # equal tokens have equal ones
    lengths: Counts  # characters
    has_letter: npt.NDArray[np.bool_]
    has_word: npt.NDArray[np.bool_]  # a letter or a digit
    counts: Counts  # tokens of each text


def _tokens(texts: Sequence[str], by_character: bool) -> _Tokens:
    """Cut texts at white space; by character, also between all but the letters of a word (`formula_12`).

    A sign that repeats is one token: rules and leaders of dots are as long as the page is wide. A token's
    number is a polynomial of its characters, so that no token is ever a Python string.
    """
    import numpy as np

    codes = code_points("\n".join([*texts, ""]))
    classes = classes_of(codes)
    visible = classes & SPACE == 0
    joined = (classes & (WORD | IDEOGRAPH | KANA)) == WORD if by_character else visible
    begins = visible & ~(joined & np.concatenate([[False], joined[:-1]]))
    if by_character:
        begins[1:] &= (codes[1:] != codes[:-1]) | (classes[1:] & WORD != 0)
    starts, stays = np.flatnonzero(begins), np.flatnonzero(visible)
    token_of = begins.cumsum()[stays] - 1
    place = stays - starts[token_of]
    weights = _weights(int(place.max(initial=0)) + 1)
    lengths = np.bincount(token_of, minlength=len(starts))
    first = lengths.cumsum() - lengths
    ids = _reduced(np.add, codes[stays].astype(np.uint64) * weights[place], first)
    found = _reduced(np.bitwise_or, classes[stays], first)
    ends = np.cumsum([len(text) + 1 for text in texts], dtype=np.int64)
    counts = np.diff(np.concatenate([[0], begins.cumsum()])[ends], prepend=0)
    return _Tokens(ids, lengths, found & LETTER != 0, found & WORD != 0, counts)


def _number_of(token: str) -> int:
    weights = _weights(len(token)).tolist()
    return sum(ord(character) * weight for character, weight in zip(token, weights)) % 2**64


def _weights(count: int) -> Ids:
    import numpy as np

    return np.multiply.accumulate(np.full(count, _ROLL, np.uint64))


def _reduced(function: np.ufunc, values: npt.NDArray[Any], starts: Counts) -> npt.NDArray[Any]:
    return function.reduceat(values, starts) if len(starts) else values


def duplicate_lines(text: str) -> tuple[float, float]:
    """Return the shares of lines, and of characters in lines, that stood in the text before."""
    lines = [line for line in map(str.strip, text.split("\n")) if line]
    counts = Counter(lines)
    again = len(lines) - len(counts)
    if not again:
        return 0.0, 0.0
    characters = sum(len(line) * (count - 1) for line, count in counts.items())
    return again / len(lines), characters / sum(map(len, lines))


def repeated_share(text: str) -> float:
    """Return the share of a text in runs of words and ideographs that stood in it before; 0 for a short one.

    Code, formulas and tables are left out: they repeat by nature.
    """
    batch = TokenBatch([_TABLE_ROW.sub(" ", prose(text)).lower()], by_character=True)
    return float(batch.duplicate_shares(_RUN)[0]) if batch.counts[0] >= _ENOUGH else 0.0
