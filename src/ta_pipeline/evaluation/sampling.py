"""Choose which questions are asked where asking all takes too long: stratified, fixed and nested."""

from __future__ import annotations

from collections import defaultdict

import pyarrow as pa

from ta_pipeline.records import stable_id


def stratified_sample(questions: pa.Table, limit: int | None, seed: int) -> pa.Table:
    """Take `limit` questions, every kind, language and held-out state as near to its share as can be.

    The order depends on the questions' ids and the seed alone, and a smaller limit gives a subset of a
    larger one, so that artefacts asked different numbers of questions can still be compared on the same.
    """
    if limit is None or limit >= questions.num_rows:
        return questions
    strata: dict[tuple[str, str, bool], list[tuple[str, int]]] = defaultdict(list)
    columns = ("id", "kind", "language", "held_out")
    for row, (name, kind, language, held_out) in enumerate(
        zip(*(questions.column(column).to_pylist() for column in columns), strict=True)
    ):
        strata[(kind, language, bool(held_out))].append((stable_id(str(seed), name), row))
    # A question's place is the share of its stratum that comes before it: sorting by it interleaves the
    # strata in proportion, whatever the limit.
    placed = [
        ((k + 0.5) / len(members), tag, row)
        for members in strata.values()
        for k, (tag, row) in enumerate(sorted(members))
    ]
    return questions.take(pa.array(sorted(row for _, _, row in sorted(placed)[:limit]), pa.int64()))
