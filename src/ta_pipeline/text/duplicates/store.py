"""Remember signatures and verdicts from run to run, so that adding one lecture signs one lecture.

The memory is a table (`SIGNATURES`, Parquet on disk) with one row for each different text. The index that
new texts are held against is datasketch's, rebuilt from the table: nothing is pickled. What stayed before
stays as long as it is among the texts; new texts are compared with it and with each other, in their order.
Without a memory everything is new and the result is that of `find_copies`.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ta_pipeline.params import DedupParams
from ta_pipeline.text.duplicates.candidates import Rows, equal_rows
from ta_pipeline.text.duplicates.corpus import Corpus, compare
from ta_pipeline.text.duplicates.find import Copy, Verdicts, copies_of, judge, open_corpus, verdicts_of
from ta_pipeline.text.duplicates.numerals import numbers
from ta_pipeline.text.duplicates.signatures import SIMHASH_DISTANCE, VERSION, Signed, simhash_values

logger = logging.getLogger(__name__)

#: What is remembered of a text. `scheme` says how it was signed and judged; `kept_digest` is null where the
#: text itself stayed.
SIGNATURES = pa.schema(
    [
        ("digest", pa.binary()),  # 16 bytes, equal for texts that are equal but for white space
        ("signature", pa.binary()),
        ("kept_digest", pa.binary()),
        ("similarity", pa.float64()),
        ("scheme", pa.string()),
    ]
)


@dataclass(frozen=True)
class _Known:
    signature: bytes
    kept_digest: bytes | None
    similarity: float


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
        logger.info("Signed %d of %d texts, the others are known", len(new), len(rows))
        signatures = {row: signed.signatures[place] for place, row in enumerate(new.tolist())}
        for row in set(rows.tolist()) - set(new.tolist()):
            signatures[row] = np.frombuffer(known[names[row]].signature, "<u4")
        if len(new) == len(rows):
            verdicts = judge(corpus, _spread(signed, digests, new), dedup)
        else:
            verdicts = verdicts_of(first, _judge_new(corpus, rows, names, signatures, known, dedup))
    return copies_of(verdicts, order), _remembered(rows, names, signatures, verdicts, scheme)


def scheme_of(dedup: DedupParams, among: str) -> str:
    """Name what a signature and a verdict depend on."""
    shape = f"{dedup.bands}x{dedup.rows}" if dedup.method == "minhash" else f"{SIMHASH_DISTANCE} bits"
    return f"{among}, {dedup.method} v{VERSION}, {shape}, {dedup.ngram}-grams, {dedup.threshold}"


def _known(memory: pa.Table | None, scheme: str) -> dict[bytes, _Known]:
    if memory is None:
        return {}
    return {
        row["digest"]: _Known(row["signature"], row["kept_digest"], row["similarity"])
        for row in memory.to_pylist()
        if row["scheme"] == scheme
    }


def _judge_new(
    corpus: Corpus,
    rows: Rows,
    names: Sequence[bytes],
    signatures: dict[int, NDArray[np.uint32]],
    known: dict[bytes, _Known],
    dedup: DedupParams,
) -> dict[int, tuple[int, float]]:
    """Keep the old verdicts that still hold, and compare every other row with what is kept so far."""
    row_of = {names[row]: row for row in rows.tolist()}
    stays = {row for row in row_of.values() if _stayed(known.get(names[row]))}
    index = _index(dedup)
    for row in sorted(stays):
        index.add(row, signatures[row])
    near: dict[int, tuple[int, float]] = {}
    for row in (row for row in rows.tolist() if row not in stays):
        old = known.get(names[row])
        kept = row_of.get(old.kept_digest) if old and old.kept_digest else None
        if old and kept is not None and kept in stays:
            near[row] = (kept, old.similarity)
        elif match := _nearest(corpus, row, index.query(signatures[row]), dedup):
            near[row] = match
        else:
            index.add(row, signatures[row])
    return near


def _stayed(known: _Known | None) -> bool:
    return known is not None and known.kept_digest is None


def _nearest(
    corpus: Corpus, row: int, candidates: Sequence[int], dedup: DedupParams
) -> tuple[int, float] | None:
    """Return the most similar kept row that says the same numbers, the earliest among equals."""
    if not candidates:
        return None
    *others, text = corpus.texts(np.array([*candidates, row], np.int64))
    pairs = np.stack((np.arange(len(others)), np.full(len(others), len(others))), axis=1)
    similarities = compare([*others, text], pairs, dedup.ngram).tolist()
    said = numbers(text)
    found = [
        (-similarity, candidate)
        for candidate, other, similarity in zip(candidates, others, similarities, strict=True)
        if similarity >= dedup.threshold and numbers(other) == said
    ]
    return (min(found)[1], -min(found)[0]) if found else None


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


def _spread(signed: Signed, digests: NDArray[np.uint64], rows: Rows) -> Signed:
    """Give the signatures of some rows their places among all rows."""
    signatures = np.zeros((len(digests), signed.signatures.shape[1]), np.uint32)
    keys = np.zeros((len(digests), signed.keys.shape[1]), np.uint64)
    signatures[rows], keys[rows] = signed.signatures, signed.keys
    return Signed(digests, signatures, keys)


def _remembered(
    rows: Rows,
    names: Sequence[bytes],
    signatures: dict[int, NDArray[np.uint32]],
    verdicts: Verdicts,
    scheme: str,
) -> pa.Table:
    """Write down all present texts, sorted by digest."""
    memory = [
        {
            "digest": names[row],
            "signature": signatures[row].astype("<u4").tobytes(),
            "kept_digest": None if verdicts.kept[row] == row else names[verdicts.kept[row]],
            "similarity": float(verdicts.similarity[row]),
            "scheme": scheme,
        }
        for row in rows.tolist()
    ]
    return pa.Table.from_pylist(sorted(memory, key=lambda entry: entry["digest"]), schema=SIGNATURES)
