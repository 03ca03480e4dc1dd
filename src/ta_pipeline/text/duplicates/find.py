"""Find copies: equal texts, then near copies by exact Jaccard similarity.

Bands only propose pairs; what decides is the exact share of character n-grams, and that numbers and
formulas agree: two drills that differ in one number are two drills. A row is dropped only against a row
that stays, so a chain A~B~C never loses C to B. Character n-grams, because word n-grams see nothing in
Chinese.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ta_pipeline.params import DedupParams
from ta_pipeline.text.duplicates.candidates import (
    Candidates,
    Rows,
    equal_rows,
    propose,
    propose_by_distance,
    suspects,
)
from ta_pipeline.text.duplicates.corpus import Corpus, LocalCorpus, TextList, compare
from ta_pipeline.text.duplicates.signatures import SIMHASH_DISTANCE, Signed, simhash_values

#: Rows of a crowd whose texts are fetched at once.
_CROWD_BATCH = 1024


@dataclass(frozen=True)
class Copy:
    """Row `index` repeats row `kept`; `similarity` is their exact Jaccard, 1 for equal texts."""

    index: int
    kept: int
    similarity: float
    exact: bool


class Verdicts(NamedTuple):
    """For each row by rank: the row that stays in its place (itself, if it stays), and how alike they are."""

    kept: NDArray[np.int64]
    similarity: NDArray[np.float64]
    exact: NDArray[np.bool_]


def find_copies(texts: Sequence[str], order: Sequence[int], dedup: DedupParams) -> list[Copy]:
    """Name the rows to drop among `texts`, earlier rows of `order` being preferred to later ones.

    Rows without a character that is no white space are never copies. The result is sorted by index.
    """
    with open_corpus(texts, order, dedup) as corpus:
        return copies_of(judge(corpus, corpus.sign(), dedup), order)


def open_corpus(texts: Sequence[str], order: Sequence[int], dedup: DedupParams) -> Corpus:
    """Give the texts to the engine that `dedup` names."""
    ranks = np.asarray(order, np.int64)
    if dedup.engine == "ray":
        from ta_pipeline.text.duplicates.daft_engine import DaftCorpus

        return DaftCorpus.of_texts([texts[place] for place in order], dedup)
    return LocalCorpus(TextList(texts), ranks, dedup)


def judge(corpus: Corpus, signed: Signed, dedup: DedupParams) -> Verdicts:
    """Decide about every row of a corpus that has just been signed."""
    first = equal_rows(signed.digests, signed.empty)
    rows = np.flatnonzero((first == np.arange(len(first))) & ~signed.empty)
    candidates = _candidates(corpus, signed, rows, dedup)
    similarities = corpus.similarities(candidates.pairs)
    alike = similarities >= dedup.threshold
    near = _choose(corpus, candidates.pairs[alike], similarities[alike], candidates.crowds, dedup)
    return verdicts_of(first, near)


def verdicts_of(first: NDArray[np.int64], near: dict[int, tuple[int, float]]) -> Verdicts:
    """Join equal rows and near copies; a row equal to a near copy is as near to what is kept."""
    kept, exact = first.copy(), first != np.arange(len(first))
    similarity = np.ones(len(first))
    if near:
        rows = np.array(sorted(near))
        target, likeness = np.arange(len(first)), np.ones(len(first))
        target[rows] = [near[row][0] for row in rows.tolist()]
        likeness[rows] = [near[row][1] for row in rows.tolist()]
        kept, similarity = target[first], likeness[first]
        exact &= kept == first
    return Verdicts(kept, similarity, exact)


def copies_of(verdicts: Verdicts, order: Sequence[int]) -> list[Copy]:
    """List the rows to drop by their own index instead of their rank, sorted."""
    found = [
        Copy(
            int(order[row]),
            int(order[verdicts.kept[row]]),
            float(verdicts.similarity[row]),
            bool(verdicts.exact[row]),
        )
        for row in np.flatnonzero(verdicts.kept != np.arange(len(verdicts.kept))).tolist()
    ]
    return sorted(found, key=lambda copy: copy.index)


def _candidates(corpus: Corpus, signed: Signed, rows: Rows, dedup: DedupParams) -> Candidates:
    doubtful = suspects(signed.keys, rows)
    numbers = corpus.numbers(doubtful)
    if dedup.method == "simhash":
        values = simhash_values(signed.signatures)
        return propose_by_distance(values, signed.keys, doubtful, numbers, SIMHASH_DISTANCE)
    return propose(signed.keys, doubtful, numbers)


def _choose(
    corpus: Corpus,
    pairs: NDArray[np.int64],
    similarities: NDArray[np.float64],
    crowds: Sequence[Rows],
    dedup: DedupParams,
) -> dict[int, tuple[int, float]]:
    """Go through the rows by rank; a row goes to the most similar kept row, the earliest among equals."""
    matches: dict[int, list[tuple[float, int]]] = {}
    for (earlier, later), similarity in zip(pairs.tolist(), similarities.tolist(), strict=True):
        matches.setdefault(later, []).append((-similarity, earlier))
    crowd = _Crowds(corpus, crowds, dedup)
    near: dict[int, tuple[int, float]] = {}
    for row in sorted({*matches, *crowd.members}):
        live = [match for match in matches.get(row, ()) if match[1] not in near]
        live += [(-similarity, kept) for kept, similarity in crowd.alike(row)]
        if live:
            similarity, kept = min(live)
            near[row] = (kept, -similarity)
        else:
            crowd.keep(row)
    return near


class _Crowds:
    """Compare the rows of large buckets with those of their rows that are kept, one after another."""

    def __init__(self, corpus: Corpus, crowds: Sequence[Rows], dedup: DedupParams) -> None:
        self._corpus, self._dedup = corpus, dedup
        self.members: dict[int, list[int]] = {}
        for number, rows in enumerate(crowds):
            for row in rows.tolist():
                self.members.setdefault(row, []).append(number)
        self._kept: list[list[int]] = [[] for _ in crowds]
        self._kept_texts: dict[int, str] = {}
        self._waiting = np.array(sorted(self.members), np.int64)
        self._fetched: dict[int, str] = {}

    def alike(self, row: int) -> Iterable[tuple[int, float]]:
        """Yield the kept rows of the row's buckets that it is a copy of, with their similarity."""
        kept = sorted({kept for number in self.members.get(row, ()) for kept in self._kept[number]})
        if not kept:
            return
        texts = [self._kept_texts[earlier] for earlier in kept]
        pairs = np.stack((np.arange(len(kept)), np.full(len(kept), len(kept))), axis=1)
        similarities = compare([*texts, self._text(row)], pairs, self._dedup.ngram)
        for earlier, similarity in zip(kept, similarities.tolist(), strict=True):
            if similarity >= self._dedup.threshold:
                yield earlier, similarity

    def keep(self, row: int) -> None:
        """Compare later rows of its buckets with this one."""
        for number in self.members.get(row, ()):
            self._kept[number].append(row)
            self._kept_texts[row] = self._text(row)

    def _text(self, row: int) -> str:
        if row not in self._fetched:
            start = int(np.searchsorted(self._waiting, row))
            rows = self._waiting[start : start + _CROWD_BATCH]
            self._fetched = dict(zip(rows.tolist(), self._corpus.texts(rows), strict=True))
        return self._fetched[row]
