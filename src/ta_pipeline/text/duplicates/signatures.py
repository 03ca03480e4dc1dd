"""Sign texts, so that likely copies are found without comparing everything with everything.

A signature is one permutation MinHash (Li, Owen and Zhang 2012), or a 64-bit SimHash (Charikar 2002).
Neither decides: what shares a band is only a candidate. Signatures are plain integers, the same on every
machine and for every number of workers.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ta_pipeline.params import DedupParams
from ta_pipeline.text.duplicates.shingles import Grams, gram_hashes

#: Raised when signatures come out differently, so that stored ones are not mixed with new ones.
VERSION = 1
#: SimHashes that differ in more of their 64 bits are no candidates. Two texts at Jaccard 0.9 differ in
#: 6.6 bits on average, at 0.97 in 3.5.
SIMHASH_DISTANCE = 6
_EMPTY = np.uint32(0xFFFFFFFF)
_ODD = 0xD6E8FEB86659FD93


class Signed(NamedTuple):
    """What is kept of n texts: 128 bits of each text, its signature, and the keys of its bands.

    `digests` are equal for texts that are equal but for white space; all are zero for an empty text.
    """

    digests: NDArray[np.uint64]  # (n, 2)
    signatures: NDArray[np.uint32]  # (n, permutations), or (n, 2) for SimHash
    keys: NDArray[np.uint64]  # (n, bands)

    @property
    def empty(self) -> NDArray[np.bool_]:
        """Tell which texts hold nothing but white space."""
        blank: NDArray[np.bool_] = (self.digests == 0).all(axis=1)
        return blank


def sign(texts: Sequence[str], dedup: DedupParams) -> Signed:
    """Sign a block of texts."""
    words = [text.split() for text in texts]
    grams = gram_hashes(["".join(parts) for parts in words], dedup.ngram)
    if dedup.method == "simhash":
        signatures = simhash(grams)
        keys = _simhash_blocks(signatures)
    else:
        signatures = minhash(grams, dedup.bands * dedup.rows)
        keys = _band_keys(signatures, dedup.bands, dedup.rows)
    return Signed(_digests([" ".join(parts) for parts in words]), signatures, keys)


def digests_of(texts: Sequence[str]) -> NDArray[np.uint64]:
    """Give each text 128 bits (n, 2), equal for texts that are equal but for white space."""
    return _digests([" ".join(text.split()) for text in texts])


def minhash(grams: Grams, permutations: int) -> NDArray[np.uint32]:
    """Return one-permutation MinHashes (n, permutations): each n-gram falls into one bin, the least stays.

    A bin that stays empty borrows from others in an order that is the same for all texts, so that bins
    keep agreeing with the probability of the Jaccard similarity (Shrivastava 2017). An empty text has
    only the largest value.
    """
    texts = len(grams.counts)
    bins = (grams.hashes >> np.uint64(32)) * np.uint64(permutations) >> np.uint64(32)
    places = np.repeat(np.arange(texts) * permutations, grams.counts) + bins.astype(np.int64)
    least = np.full(texts * permutations, _EMPTY)
    np.minimum.at(least, places, grams.hashes.astype(np.uint32))
    return _filled(least.reshape(texts, permutations))


def simhash(grams: Grams) -> NDArray[np.uint32]:
    """Return 64-bit SimHashes as (n, 2): each bit is what most n-grams of the text have there."""
    bits = np.unpackbits(grams.hashes.astype(">u8").view(np.uint8).reshape(-1, 8), axis=1)
    totals = np.zeros((len(grams.counts), 64), np.int64)
    some = grams.counts > 0
    if some.any():
        starts = (np.cumsum(grams.counts) - grams.counts)[some]
        totals[some] = np.add.reduceat(bits, starts, axis=0, dtype=np.int64)
    packed = np.packbits(totals * 2 > grams.counts[:, None], axis=1)
    return packed.view(">u4").astype(np.uint32)


def band_keys(signatures: NDArray[np.uint32], dedup: DedupParams) -> NDArray[np.uint64]:
    """Give the keys of stored signatures, the same that `sign` gives."""
    if dedup.method == "simhash":
        return _simhash_blocks(signatures)
    return _band_keys(signatures, dedup.bands, dedup.rows)


def simhash_values(signatures: NDArray[np.uint32]) -> NDArray[np.uint64]:
    """Put the two halves of SimHashes (n, 2) together."""
    halves = signatures.astype(np.uint64)
    return halves[:, 0] << np.uint64(32) | halves[:, 1]


def _filled(least: NDArray[np.uint32]) -> NDArray[np.uint32]:
    size = least.shape[1]
    filled = least.copy()
    texts, bins = np.nonzero((least == _EMPTY) & (least != _EMPTY).any(axis=1, keepdims=True))
    for attempt in range(1, 1 + size * 8):
        if not texts.size:
            return filled
        # The last rounds walk through all bins in turn, so that none can stay empty.
        lender = _lenders(bins, attempt, size) if attempt <= size * 7 else (bins + attempt) % size
        filled[texts, bins] = least[texts, lender]
        still = filled[texts, bins] == _EMPTY
        texts, bins = texts[still], bins[still]
    return filled


def _lenders(bins: NDArray[np.int64], attempt: int, size: int) -> NDArray[np.int64]:
    """Name the bin each empty one asks in its `attempt`th try."""
    mixed = (bins.astype(np.uint64) * np.uint64(size * 8) + np.uint64(attempt)) * np.uint64(_ODD)
    mixed ^= mixed >> np.uint64(29)
    mixed *= np.uint64(_ODD)
    return ((mixed >> np.uint64(32)) * np.uint64(size) >> np.uint64(32)).astype(np.int64)


def _band_keys(signatures: NDArray[np.uint32], bands: int, rows: int) -> NDArray[np.uint64]:
    """Hash the rows of each band to 64 bits (multilinear: Lemire and Kaser 2014)."""
    factors = np.array([pow(_ODD, power, 2**64) for power in range(1, rows + 1)], np.uint64)
    cells = signatures.reshape(len(signatures), bands, rows)
    keys: NDArray[np.uint64] = np.zeros((len(signatures), bands), np.uint64)
    for row in range(rows):
        keys += cells[:, :, row] * factors[row]
    keys ^= keys >> np.uint64(32)
    return keys


def _simhash_blocks(signatures: NDArray[np.uint32]) -> NDArray[np.uint64]:
    """Cut SimHashes into one block more than bits may differ, so that one block is always equal."""
    edges = np.linspace(0, 64, SIMHASH_DISTANCE + 2).astype(int)
    values = simhash_values(signatures)
    cut = [
        values >> np.uint64(start) & np.uint64(2 ** int(end - start) - 1) for start, end in pairwise(edges)
    ]
    return np.stack(cut, axis=1)


def _digests(texts: Sequence[str]) -> NDArray[np.uint64]:
    digests = [
        hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest() if text else bytes(16)
        for text in texts
    ]
    return np.frombuffer(b"".join(digests), "<u8").reshape(-1, 2)
