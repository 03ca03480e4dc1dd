"""Compare many texts by their character 3-grams: exact, vectorised, the same for Chinese and English.

Words would give nothing on Chinese (FACTS: word n-grams make near-identical sentences 0.0 similar), and
a loop over all pairs is what this module is there to avoid: every comparison is one sparse product.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
_BLOCK = 2048  # rows compared at once; bounds the memory of a product to a few hundred MB


def normalise(text: str) -> str:
    """Keep what is said: lower-case letters and digits of any script, no whitespace, no punctuation."""
    return "".join(character for character in text.lower() if character.isalnum())


def grams(text: str) -> NDArray[np.int64]:
    """Give the distinct 3-grams of the normalised text, each packed into one integer (21 bits a character).

    A text shorter than three characters counts as one gram, an empty one as none.
    """
    points = np.frombuffer(normalise(text).encode("utf-32-le"), dtype=np.uint32).astype(np.int64)
    if not points.size:
        return points
    points = np.pad(points, (0, max(0, 3 - points.size)))
    return np.unique(points[:-2] << 42 | points[1:-1] << 21 | points[2:])


class GramTable:
    """The 3-grams of a list of texts, ready to be compared with other texts."""

    def __init__(self, texts: Sequence[str]) -> None:
        rows = [grams(text) for text in texts]
        self._vocabulary = np.unique(np.concatenate([*rows, np.zeros(0, dtype=np.int64)]))
        self._sizes = np.array([row.size for row in rows], dtype=np.float64)
        self._matrix = self._rows(rows)

    def _rows(self, rows: Sequence[NDArray[np.int64]]) -> Any:
        """Build a 0/1 matrix of texts by known grams; grams outside the vocabulary are left out."""
        from scipy.sparse import csr_matrix

        known = [row[np.isin(row, self._vocabulary, assume_unique=True)] for row in rows]
        columns = np.searchsorted(self._vocabulary, np.concatenate([*known, np.zeros(0, dtype=np.int64)]))
        starts = np.concatenate([[0], np.cumsum([row.size for row in known])]).astype(np.int64)
        ones = np.ones(columns.size, dtype=np.float64)
        return csr_matrix((ones, columns, starts), shape=(len(rows), self._vocabulary.size))

    def _shared(self, texts: Sequence[str]) -> tuple[Floats, Floats]:
        rows = [grams(text) for text in texts]
        shared: Floats = (self._rows(rows) @ self._matrix.T).toarray()
        return shared, np.array([row.size for row in rows], dtype=np.float64)

    def jaccard(self, texts: Sequence[str]) -> Floats:
        """Compare `texts` (rows) with the table's texts (columns): shared over all grams."""
        shared, sizes = self._shared(texts)
        union = sizes[:, None] + self._sizes[None, :] - shared
        return np.divide(shared, union, out=np.zeros_like(shared), where=union > 0)

    def hits(self, text: str) -> NDArray[np.bool_]:
        """Say which of the text's grams (columns) each text of the table (rows) holds."""
        wanted = grams(text)
        places = np.searchsorted(self._vocabulary, wanted)
        known = np.isin(wanted, self._vocabulary, assume_unique=True)
        held = np.zeros((self._sizes.size, wanted.size), dtype=bool)
        held[:, known] = self._matrix[:, places[known]].toarray() > 0
        return held

    def coverage(self, texts: Sequence[str]) -> Floats:
        """Give the share of the grams of each of `texts` (rows) that each text of the table holds."""
        shared, sizes = self._shared(texts)
        return np.divide(shared, sizes[:, None], out=np.zeros_like(shared), where=sizes[:, None] > 0)


def best_matches(texts: Sequence[str], others: Sequence[str]) -> tuple[Floats, NDArray[np.int64]]:
    """Find for each of `texts` the highest Jaccard similarity to any of `others`, and whose it is."""
    if not texts or not others:
        return np.zeros(len(texts)), np.zeros(len(texts), dtype=np.int64)
    table = GramTable(others)
    blocks = [table.jaccard(texts[at : at + _BLOCK]) for at in range(0, len(texts), _BLOCK)]
    return (
        np.concatenate([block.max(axis=1) for block in blocks]),
        np.concatenate([block.argmax(axis=1) for block in blocks]),
    )


def near_pairs(texts: Sequence[str], threshold: float) -> list[tuple[int, int]]:
    """List the pairs (lower index first) of texts whose Jaccard similarity is at least `threshold`."""
    if not texts:
        return []
    table = GramTable(texts)
    pairs: list[tuple[int, int]] = []
    for at in range(0, len(texts), _BLOCK):
        rows, columns = np.nonzero(table.jaccard(texts[at : at + _BLOCK]) >= threshold)
        pairs += [(int(row) + at, int(column)) for row, column in zip(rows, columns, strict=True)]
    return [(left, right) for left, right in pairs if left < right]
