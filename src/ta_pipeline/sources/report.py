"""The report of `ingest`: what came in, what was kept, and that the sum is right."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import PurePosixPath

import pyarrow as pa
import pyarrow.compute as pc

from ta_pipeline.params import IngestParams

_SHOWN = 50


def summarise(documents: pa.Table, quarantined: pa.Table, ingest: IngestParams) -> dict[str, object]:
    """Count rows (documents and quarantined ones), files, kinds and characters.

    Raises ValueError where two rows share an id, because then a row would be counted twice or lost.
    """
    ids = [*documents["id"].to_pylist(), *quarantined["id"].to_pylist()]
    if twice := [row_id for row_id, count in Counter(ids).items() if count > 1]:
        raise ValueError(f"ingest: {len(twice)} ids name more than one row, first {twice[0]}")
    sources = documents["source"].to_pylist()
    rows = quarantined.slice(0, _SHOWN).select(["source", "line", "reason", "detail"]).to_pylist()
    return {
        "in": len(ids),
        "kept": documents.num_rows,
        "quarantined": quarantined.num_rows,
        "files": len({*sources, *quarantined["source"].to_pylist()}),
        "by_kind": _counts(documents["kind"].to_pylist()),
        "by_format": _counts(PurePosixPath(source).suffix.lower() for source in sources),
        "by_reason": _counts(quarantined["reason"].to_pylist()),
        "characters": _characters(documents),
        "public_sets": _public_sets(documents["origin"].to_pylist(), ingest),
        "quarantined_rows": rows,
    }


def _counts(values: Iterable[str]) -> dict[str, int]:
    return dict(sorted(Counter(values).items()))


def _characters(documents: pa.Table) -> int:
    segments = pc.list_flatten(documents["segments"])
    return pc.sum(pc.utf8_length(pc.struct_field(segments, "text"))).as_py() or 0


def _public_sets(origins: list[str], ingest: IngestParams) -> dict[str, dict[str, object]]:
    """Say of each public set that was read how many rows it gave and under which licence."""
    rows = Counter(origins)
    return {
        public_set.name: {"documents": rows[f"public:{public_set.name}"], "licence": public_set.licence}
        for public_set in ingest.public_sets
        if rows[f"public:{public_set.name}"]
    }
