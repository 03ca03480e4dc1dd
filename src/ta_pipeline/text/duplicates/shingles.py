"""Cut texts into character n-grams and hash them, a block of texts at once.

Everything here is a pure function of text: numpy does the work on blocks that fit the cache, and gives
the interpreter's lock back meanwhile, so that threads share it well.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Hashes = NDArray[np.uint64]
Counts = NDArray[np.int64]

#: Odd multiplier of the polynomial (golden ratio: Knuth, TAOCP 3, 6.4) and of the mix (MurmurHash3).
_BASE = 0x9E3779B97F4A7C15
_MIX = 0xFF51AFD7ED558CCD
#: Stands between the texts of a block; n-grams that hold it are not counted.
_BETWEEN = "\0"
#: Characters hashed at once: temporaries of a few MB, however long a text is.
BLOCK_CHARACTERS = 80_000
_CODE_POINTS = 0x110000
#: Whatever is longer in lower case keeps its capital: the Turkish İ, and nothing else.
_GROWS = 0x130


class Grams(NamedTuple):
    """Hashes of the n-grams of several texts, one text after another, and how many each has."""

    hashes: Hashes
    counts: Counts


def without_space(text: str) -> str:
    """Return the text without any white space."""
    return "".join(text.split())


def comparable(text: str) -> str:
    """Return what n-grams are cut from: the text in lower case, without white space."""
    return _characters(_lower()[_codes(without_space(text))])


def gram_hashes(texts: Sequence[str], ngram: int) -> Grams:
    """Hash every character n-gram of texts that have no white space; a shorter text is one gram.

    The hashes have 64 bits: two different n-grams share one once in 1.8e19.
    """
    codes = _lower()[_codes(_BETWEEN * (ngram - 1) + (_BETWEEN * (ngram - 1)).join([*texts, ""]))]
    lengths = np.fromiter(map(len, texts), np.int64, len(texts))
    counts = np.where(lengths > 0, np.maximum(lengths - ngram + 1, 1), 0)
    if not counts.sum():
        return Grams(np.zeros(0, np.uint64), counts)
    strides = lengths + ngram - 1
    shifts = np.cumsum(strides) - strides - (np.cumsum(counts) - counts)
    places = np.arange(counts.sum()) + np.repeat(shifts, counts)
    return Grams(_mixed(_windows(codes[ngram - 1 :].astype(np.uint64), ngram))[places], counts)


def blocks(lengths: Sequence[int] | Counts, most: int = 256) -> Iterator[slice]:
    """Cut a row of texts into blocks of at most `most` texts and about `BLOCK_CHARACTERS` characters."""
    start = total = 0
    for end, length in enumerate(lengths):
        if end > start and (end - start == most or total + int(length) > BLOCK_CHARACTERS):
            yield slice(start, end)
            start, total = end, 0
        total += int(length)
    if start < len(lengths):
        yield slice(start, len(lengths))


def jaccard(first: str, second: str, ngram: int) -> float:
    """Return the share of character n-grams that two texts have in common."""
    pair = gram_hashes([without_space(first), without_space(second)], ngram)
    return float(pair_similarities(pair, np.array([[0, 1]]))[0])


def pair_similarities(grams: Grams, pairs: NDArray[np.int64]) -> NDArray[np.float64]:
    """Compute the Jaccard similarity of `pairs` (n, 2) of the texts that `grams` were cut from.

    The n-grams of all pairs are sorted together: 8 bits of a key name the pair, the last one the side,
    55 between are of the hash. Two sets of 600 n-grams seem to share one too many once in 1e11 pairs.
    """
    parts = [_compared(grams, pairs[at : at + 256]) for at in range(0, len(pairs), 256)]
    return np.concatenate([np.zeros(0), *parts])


def _compared(grams: Grams, pairs: NDArray[np.int64]) -> NDArray[np.float64]:
    starts = np.cumsum(grams.counts) - grams.counts
    owners = pairs.ravel()
    sizes = grams.counts[owners]
    begins = np.cumsum(sizes) - sizes
    places = np.arange(sizes.sum()) + np.repeat(starts[owners] - begins, sizes)
    tags = np.arange(len(owners), dtype=np.uint64)
    tags = (tags >> np.uint64(1) << np.uint64(56)) | (tags & np.uint64(1))
    keys = (grams.hashes[places] >> np.uint64(9) << np.uint64(1)) | np.repeat(tags, sizes)
    keys.sort()
    keys = keys[np.concatenate(([True], keys[1:] != keys[:-1]))] if keys.size else keys
    pair_of = (keys >> np.uint64(56)).astype(np.int64)
    shared = (keys[1:] >> np.uint64(1)) == (keys[:-1] >> np.uint64(1))
    common = np.bincount(pair_of[1:][shared], minlength=len(pairs))
    union = np.bincount(pair_of, minlength=len(pairs)) - common
    return np.divide(common, union, out=np.zeros(len(pairs)), where=union > 0)


def _windows(codes: NDArray[np.uint64], ngram: int) -> Hashes:
    """Give the polynomial hash of every window: the longest power of two is doubled, the rest appended."""
    size, hashes = 1, codes
    while size * 2 <= ngram:
        grown = hashes[:-size] * np.uint64(pow(_BASE, size, 2**64))
        grown += hashes[size:]
        hashes, size = grown, size * 2
    for end in range(size, ngram):
        hashes = hashes[:-1] * np.uint64(_BASE)
        hashes += codes[end:]
    return hashes


def _mixed(hashes: Hashes) -> Hashes:
    hashes ^= hashes >> np.uint64(33)
    hashes *= np.uint64(_MIX)
    hashes ^= hashes >> np.uint64(29)
    return hashes


def _codes(text: str) -> NDArray[np.uint32]:
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)


def _characters(codes: NDArray[np.uint32]) -> str:
    return codes.astype("<u4").tobytes().decode("utf-32-le", "surrogatepass")


@lru_cache(maxsize=1)
def _lower() -> NDArray[np.uint32]:
    """Give every code point its lower case; one look-up is faster than `str.lower` on Chinese."""
    table = np.arange(_CODE_POINTS, dtype=np.uint32)
    table[_GROWS] = 0
    table = _codes(_characters(table).lower()).copy()
    table[_GROWS] = _GROWS
    return table
