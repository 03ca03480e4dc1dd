"""Propose pairs of rows that may be copies, from the keys of their bands and their numbers.

Rows are numbered in the order in which they are preferred; a pair is (earlier, later).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.int64]
Pairs = NDArray[np.int64]
Keys = NDArray[np.uint64]

#: A bucket of at most so many rows gives all its pairs; a larger one is compared with its kept rows only.
SMALL = 16
_ODD = np.uint64(0x9E3779B97F4A7C15)


class Candidates(NamedTuple):
    """Pairs (n, 2) to compare, sorted; and large buckets of rows that may all be alike, each sorted."""

    pairs: Pairs
    crowds: list[Rows]


def equal_rows(digests: Keys, empty: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Name for each row the first row with its digest; an empty row is only its own."""
    order = np.lexsort((digests[:, 1], digests[:, 0]))
    sorted_digests = digests[order]
    new = np.ones(len(order), bool)
    new[1:] = (sorted_digests[1:] != sorted_digests[:-1]).any(axis=1)
    firsts = order[np.maximum.accumulate(np.where(new, np.arange(len(order)), 0))]
    first: NDArray[np.int64] = np.empty(len(order), np.int64)
    first[order] = firsts
    first[empty] = np.flatnonzero(empty)
    return first


def suspects(keys: Keys, rows: Rows) -> Rows:
    """Return those of `rows` that share a band with another of them."""
    alike = np.zeros(len(keys), bool)
    for band in range(keys.shape[1]):
        column = keys[rows, band]
        order = np.argsort(column, kind="stable")
        equal = column[order[1:]] == column[order[:-1]]
        alike[rows[order[1:][equal]]] = True
        alike[rows[order[:-1][equal]]] = True
    return np.flatnonzero(alike)


def propose(keys: Keys, rows: Rows, numbers: Keys) -> Candidates:
    """Pair those of `rows` (ascending) that share a band and say the same numbers.

    `numbers` has one digest for each of `rows`: drills that differ in a number never become a pair,
    however many of them there are.
    """
    found: list[Pairs] = [np.zeros((0, 2), np.int64)]
    crowds: dict[bytes, Rows] = {}
    for band in range(keys.shape[1]):
        order, begins, sizes = _runs(keys[rows, band] ^ numbers * _ODD)
        for size in np.unique(sizes[sizes <= SMALL]).tolist():
            members = rows[order[begins[sizes == size][:, None] + np.arange(size)]]
            first, second = np.triu_indices(size, 1)
            found.append(np.stack((members[:, first].ravel(), members[:, second].ravel()), axis=1))
        for begin, size in zip(begins[sizes > SMALL], sizes[sizes > SMALL], strict=True):
            crowd = rows[order[begin : begin + size]]
            crowds[crowd.tobytes()] = crowd
    return Candidates(_distinct(np.concatenate(found)), [crowds[key] for key in sorted(crowds)])


def propose_by_distance(values: Keys, keys: Keys, rows: Rows, numbers: Keys, most: int) -> Candidates:
    """Pair those of `rows` whose SimHashes differ in at most `most` bits and that say the same numbers."""
    found: list[Pairs] = [np.zeros((0, 2), np.int64)]
    for band in range(keys.shape[1]):
        order, begins, sizes = _runs(keys[rows, band] ^ numbers * _ODD)
        for begin, size in zip(begins.tolist(), sizes.tolist(), strict=True):
            bucket = rows[order[begin : begin + size]]
            for place, row in enumerate(bucket[:-1]):
                later = bucket[place + 1 :]
                near = later[np.bitwise_count(values[later] ^ values[row]) <= most]
                found.append(np.stack((np.full(len(near), row), near), axis=1))
    return Candidates(_distinct(np.concatenate(found)), [])


def _runs(column: Keys) -> tuple[Rows, Rows, Rows]:
    """Sort a column; return the order, and begin and size of each run of equal values longer than one."""
    order = np.argsort(column, kind="stable")
    column = column[order]
    begins = np.flatnonzero(np.concatenate(([True], column[1:] != column[:-1])))
    sizes = np.diff(np.append(begins, len(column)))
    return order, begins[sizes > 1], sizes[sizes > 1]


def _distinct(pairs: Pairs) -> Pairs:
    packed = np.unique(pairs[:, 0] << 32 | pairs[:, 1])
    return np.stack((packed >> 32, packed & 0xFFFFFFFF), axis=1)
