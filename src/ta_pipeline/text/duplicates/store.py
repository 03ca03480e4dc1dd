"""Remember signatures and verdicts from run to run, so that adding one lecture signs one lecture.

The memory is a table (`SIGNATURES`, Parquet on disk) with one row for each different text. The index that
texts are held against is datasketch's, rebuilt from the table: nothing is pickled. Only what may have
another answer than last time is asked again, so that the copies are those of a run without a memory,
whatever was added, taken away or moved.
"""

from __future__ import annotations

import logging
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ta_pipeline.params import DedupParams
from ta_pipeline.text.duplicates.candidates import Rows, equal_rows, suspects
from ta_pipeline.text.duplicates.corpus import compare
from ta_pipeline.text.duplicates.find import Copy, Verdicts, copies_of, judge, open_corpus, verdicts_of
from ta_pipeline.text.duplicates.numerals import numbers
from ta_pipeline.text.duplicates.signatures import (
    SIMHASH_DISTANCE,
    VERSION,
    Signed,
    band_keys,
    simhash_values,
)

logger = logging.getLogger(__name__)

#: What is remembered of a text. `scheme` says how it was signed and judged; `kept_digest` is null where the
#: text itself stayed.
SIGNATURES = pa.schema(
    [
        ("digest", pa.binary()),  # 16 bytes, equal for texts that are equal but for white space
        ("signature", pa.binary()),
        ("place", pa.int64()),  # among the texts in the order in which they were preferred
        ("kept_digest", pa.binary()),
        ("similarity", pa.float64()),
        ("scheme", pa.string()),
    ]
)
#: How alike a row is to the row that stays in its place, negative, and that row: the least is the best.
Match = tuple[float, int]


@dataclass(frozen=True)
class _Known:
    signature: bytes
    place: int
    kept_digest: bytes | None
    similarity: float


class _Present(NamedTuple):
    """The texts of this run; all but the first two are by rank."""

    texts: Sequence[str]
    order: Sequence[int]
    names: Sequence[bytes]  # digests
    signatures: NDArray[np.uint32]

    def text(self, row: int) -> str:
        return self.texts[self.order[row]]


def find_copies_again(
    texts: Sequence[str], order: Sequence[int], dedup: DedupParams, memory: pa.Table | None, among: str
) -> tuple[list[Copy], pa.Table]:
    """Name the rows to drop as `find_copies` does, with what an earlier run left; return the new memory.

    Only texts that `memory` does not hold are signed. `among` names what is compared with each other
    ("documents", "dialogues"): one table may hold the memory of several such groups, and what is of another
    group or of other parameters is not used.
    """
    scheme = scheme_of(dedup, among)
    known = _known(memory, scheme)
    with open_corpus(texts, order, dedup) as corpus:
        digests = corpus.digests()
        empty: NDArray[np.bool_] = (digests == 0).all(axis=1)
        first = equal_rows(digests, empty)
        rows = np.flatnonzero((first == np.arange(len(first))) & ~empty)
        names = [digest.tobytes() for digest in digests.astype("<u8")]
        new = np.array([row for row in rows.tolist() if names[row] not in known], np.int64)
        signed = corpus.sign(new, keep=True)
        if len(rows):
            others = f", {len(rows) - len(new)} are known" if len(new) < len(rows) else ""
            logger.info("Signed %d texts (%s)%s", len(new), among, others)
        signatures = np.zeros((len(digests), signed.signatures.shape[1]), np.uint32)
        signatures[new] = signed.signatures
        for row in np.setdiff1d(rows, new).tolist():
            signatures[row] = np.frombuffer(known[names[row]].signature, "<u4")
        keys = band_keys(signatures, dedup)
        if len(new) == len(rows):
            verdicts = judge(corpus, Signed(digests, signatures, keys), dedup)
        else:
            present = _Present(texts, order, names, signatures)
            verdicts = verdicts_of(first, _judge_changes(present, suspects(keys, rows), known, dedup))
    return copies_of(verdicts, order), _remembered(rows, names, signatures, verdicts, scheme)


def scheme_of(dedup: DedupParams, among: str) -> str:
    """Name what a signature and a verdict depend on."""
    shape = f"{dedup.bands}x{dedup.rows}" if dedup.method == "minhash" else f"{SIMHASH_DISTANCE} bits"
    return f"{among}, {dedup.method} v{VERSION}, {shape}, {dedup.ngram}-grams, {dedup.threshold}"


def _known(memory: pa.Table | None, scheme: str) -> dict[bytes, _Known]:
    if memory is None or not set(SIGNATURES.names) <= set(memory.column_names):
        return {}
    return {
        row["digest"]: _Known(row["signature"], row["place"], row["kept_digest"], row["similarity"])
        for row in memory.to_pylist()
        if row["scheme"] == scheme
    }


def _judge_changes(
    present: _Present, rows: Rows, known: dict[bytes, _Known], dedup: DedupParams
) -> dict[int, tuple[int, float]]:
    """Go through the rows by rank, as `find` does; `rows` are those that share a band with another.

    A verdict depends on the rows that are kept before. Of a row that has not moved among them it still
    holds against those that have not either, so that it is compared with what is newly kept only, unless
    what it was a copy of is gone.
    """
    unmoved = _unmoved(present, rows, known)
    row_of = {present.names[row]: row for row in unmoved}
    kept, newly_kept = _index(dedup), _index(dedup)
    near: dict[int, tuple[int, float]] = {}
    for row in rows.tolist():
        old = unmoved.get(row)
        stayed = old is not None and old.kept_digest is None
        target = row_of.get(old.kept_digest) if old and old.kept_digest else None
        holds = [(-old.similarity, target)] if old and target is not None and target not in near else []
        index = newly_kept if stayed or holds else kept
        matches = holds + _alike(present, row, index.query(present.signatures[row]), dedup)
        if matches:
            near[row] = (min(matches)[1], -min(matches)[0])
            continue
        kept.add(row, present.signatures[row])
        if not stayed:
            newly_kept.add(row, present.signatures[row])
    return near


def _unmoved(present: _Present, rows: Rows, known: dict[bytes, _Known]) -> dict[int, _Known]:
    """Return what is known of the most rows that stand in the order in which they stood."""
    old = [row for row in rows.tolist() if present.names[row] in known]
    places = [known[present.names[row]].place for row in old]
    return {old[n]: known[present.names[old[n]]] for n in _longest_rise(places)}


def _longest_rise(values: Sequence[int]) -> list[int]:
    """Return the positions of a longest rising subsequence of different values (Schensted 1961)."""
    least: list[int] = []  # by length: the least value that such a subsequence ends with
    last: list[int] = []  # its position
    before: list[int] = []
    for position, value in enumerate(values):
        length = bisect_left(least, value)
        before.append(last[length - 1] if length else -1)
        least[length : length + 1] = [value]
        last[length : length + 1] = [position]
    found: list[int] = []
    position = last[-1] if last else -1
    while position >= 0:
        found.append(position)
        position = before[position]
    return found[::-1]


def _alike(present: _Present, row: int, candidates: Sequence[int], dedup: DedupParams) -> list[Match]:
    """Return those of the candidates that say the same numbers and are alike enough."""
    if not candidates:
        return []
    text = present.text(row)
    said = numbers(text)
    others = [candidate for candidate in candidates if numbers(present.text(candidate)) == said]
    pairs = np.stack((np.arange(len(others)), np.full(len(others), len(others))), axis=1)
    found = compare([*map(present.text, others), text], pairs, dedup.ngram).tolist()
    return [(-share, other) for share, other in zip(found, others, strict=True) if share >= dedup.threshold]


class _Index(Protocol):
    def add(self, row: int, signature: NDArray[np.uint32]) -> None: ...

    def query(self, signature: NDArray[np.uint32]) -> list[int]: ...


class _MinHashIndex:
    """datasketch's LSH over signatures that are there already."""

    def __init__(self, dedup: DedupParams) -> None:
        from datasketch import MinHashLSH

        # Its own choice for a threshold of 0.9, 5 bands of 25 rows, finds 31 % of the pairs at 0.90.
        self._lsh = MinHashLSH(num_perm=dedup.bands * dedup.rows, params=(dedup.bands, dedup.rows))

    def add(self, row: int, signature: NDArray[np.uint32]) -> None:
        self._lsh.insert(row, _as_minhash(signature))

    def query(self, signature: NDArray[np.uint32]) -> list[int]:
        return sorted(self._lsh.query(_as_minhash(signature)))


class _SimHashIndex:
    """All values in one array: a comparison with a million of them takes milliseconds."""

    def __init__(self) -> None:
        self._rows: list[int] = []
        self._values = np.zeros(1024, np.uint64)

    def add(self, row: int, signature: NDArray[np.uint32]) -> None:
        if len(self._rows) == len(self._values):
            self._values = np.concatenate([self._values, np.zeros_like(self._values)])
        self._values[len(self._rows)] = simhash_values(signature[None])[0]
        self._rows.append(row)

    def query(self, signature: NDArray[np.uint32]) -> list[int]:
        values = self._values[: len(self._rows)] ^ simhash_values(signature[None])[0]
        return sorted(
            self._rows[place] for place in np.flatnonzero(np.bitwise_count(values) <= SIMHASH_DISTANCE)
        )


def _index(dedup: DedupParams) -> _Index:
    return _MinHashIndex(dedup) if dedup.method == "minhash" else _SimHashIndex()


def _as_minhash(signature: NDArray[np.uint32]) -> Any:
    """Wrap a signature of ours for datasketch; its own hash functions are never asked."""
    from datasketch import LeanMinHash

    return LeanMinHash(seed=1, hashvalues=signature, scheme="affine32")


def _remembered(
    rows: Rows,
    names: Sequence[bytes],
    signatures: NDArray[np.uint32],
    verdicts: Verdicts,
    scheme: str,
) -> pa.Table:
    """Write down all present texts, sorted by digest."""
    memory = [
        {
            "digest": names[row],
            "signature": signatures[row].astype("<u4").tobytes(),
            "place": row,
            "kept_digest": None if verdicts.kept[row] == row else names[verdicts.kept[row]],
            "similarity": float(verdicts.similarity[row]),
            "scheme": scheme,
        }
        for row in rows.tolist()
    ]
    return pa.Table.from_pylist(sorted(memory, key=lambda entry: entry["digest"]), schema=SIGNATURES)
