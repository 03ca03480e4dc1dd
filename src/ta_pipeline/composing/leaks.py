"""Join everything that is learned or asked in an examination into one graph of near-duplicates.

Rows are what is said: questions and answers of training, validation and test rows, of preference pairs
(chosen and rejected) and replay rows under the split they have, and of benchmark and retrieval questions
under "benchmark". A cluster of near-duplicates lies on one side; a leak names both of its rows. Lecture
text as context may be shared: it is what the examination is about.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from ta_pipeline.composing.similarity import GramTable, normalise
from ta_pipeline.records import InputError

Side = Literal["train", "validation", "test", "benchmark"]
Role = Literal["question", "answer", "context"]
#: Pairs compared at once; a hundred MB.
_CELLS = 4_000_000


@dataclass(frozen=True)
class Said:
    """One text of a row; a row with several questions and answers has several of these."""

    id: str
    side: Side
    role: Role
    text: str


@dataclass(frozen=True)
class Limits:
    """Jaccard similarity of character 3-grams from which two texts count as one.

    `question` and `reference` hold between the benchmark and what is learned, `same_question` among the
    questions that are learned.
    """

    question: float
    reference: float
    same_question: float


@dataclass(frozen=True)
class Cluster:
    """Rows that belong together, by id, and the sides they lie on; both sorted."""

    ids: tuple[str, ...]
    sides: tuple[str, ...]


@dataclass(frozen=True)
class _Edge:
    similarity: float
    first: Said
    second: Said


def clusters(rows: Sequence[Said], limits: Limits) -> list[Cluster]:
    """Group rows by near-duplicate questions and, towards the benchmark, near-duplicate answers.

    Every id is in exactly one cluster, most of them alone; clusters are sorted by their first id. Answers
    join nothing among what is learned: a refusal is worded alike in a hundred rows.
    """
    parents = {row.id: row.id for row in rows}

    def root(name: str) -> str:
        while parents[name] != name:
            parents[name] = parents[parents[name]]
            name = parents[name]
        return name

    for edge in _edges(rows, limits):
        first, second = sorted((root(edge.first.id), root(edge.second.id)))
        parents[second] = first
    members: dict[str, list[str]] = {}
    for name in sorted(parents):
        members.setdefault(root(name), []).append(name)
    sides: dict[str, set[str]] = {}
    for row in rows:
        sides.setdefault(root(row.id), set()).add(row.side)
    return [Cluster(tuple(ids), tuple(sorted(sides[name]))) for name, ids in sorted(members.items())]


def check_leaks(rows: Sequence[Said], limits: Limits) -> list[Cluster]:
    """Return the clusters; raise InputError where one lies on two sides, with both row ids."""
    sides = _sides(rows)
    if straddling := sorted(name for name in sides if len(sides[name]) > 1):
        raise InputError(
            f"row {straddling[0]} lies on two sides, {' and '.join(sorted(sides[straddling[0]]))}. "
            "Give every row of the examples, preferences and questions an id and a split of its own."
        )
    leaks = [edge for edge in _edges(rows, limits) if edge.first.side != edge.second.side]
    if leaks:
        worst = min(leaks, key=lambda e: (-e.similarity, e.first.id, e.second.id, e.first.text))
        raise InputError(
            f"{worst.first.role} of {worst.first.side} row {worst.first.id} and of {worst.second.side} row "
            f"{worst.second.id} are near-duplicates (Jaccard {worst.similarity:.2f}: "
            f"{worst.first.text[:60]!r}); {len(leaks)} such pairs in all. Take one of the two out, or raise "
            "compose.max_question_similarity or max_reference_similarity if they are not the same."
        )
    return clusters(rows, limits)


def near_pairs(texts: Sequence[str], others: Sequence[str], floor: float) -> Iterator[tuple[int, int, float]]:
    """Yield (place in `texts`, place in `others`, similarity) of all pairs that are at least `floor` alike.

    Exact; memory is bounded by comparing as many texts at once as give `_CELLS` pairs.
    """
    if not texts or not others:
        return
    table = GramTable(others)
    rows = max(1, _CELLS // len(others))
    for start in range(0, len(texts), rows):
        found = table.jaccard(texts[start : start + rows])
        for one, other in zip(*np.nonzero(found >= floor), strict=True):
            yield start + int(one), int(other), float(found[one, other])


def _edges(rows: Sequence[Said], limits: Limits) -> list[_Edge]:
    questions = [row for row in rows if row.role == "question"]
    answers = [row for row in rows if row.role == "answer"]
    learned = [row for row in questions if row.side != "benchmark"]
    return [
        *_joined(learned, limits.same_question, across=False),
        *_joined(questions, limits.question, across=True),
        *_joined(answers, limits.reference, across=True),
    ]


def _joined(rows: Sequence[Said], floor: float, across: bool) -> Iterable[_Edge]:
    """Yield near-duplicates among rows, or (`across`) of the benchmark and what is learned.

    Of rows of one side that say the same the first is compared with the others' sides for all of them.
    """
    first_of: dict[tuple[str, str], Said] = {}
    for row in rows:
        first = first_of.setdefault((row.side, normalise(row.text)), row)
        if first.id != row.id and not across:
            yield _Edge(1.0, first, row)
    different = list(first_of.values())
    left = [row for row in different if row.side == "benchmark"] if across else different
    right = [row for row in different if row.side != "benchmark"] if across else different
    for one, other, similarity in near_pairs([row.text for row in left], [row.text for row in right], floor):
        if left[one].id != right[other].id and (across or one < other):
            yield _Edge(similarity, left[one], right[other])


def _sides(rows: Sequence[Said]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for row in rows:
        found.setdefault(row.id, set()).add(row.side)
    return found
