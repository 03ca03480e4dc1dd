"""The report of `ingest`: what came in, what was kept, and that the sum is right."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from pathlib import PurePosixPath

import pyarrow as pa
import pyarrow.compute as pc

from ta_pipeline.params import SourcesParams

_SHOWN = 50


def summarise(documents: pa.Table, quarantined: pa.Table, sources: SourcesParams) -> dict[str, object]:
    """Count rows (documents and quarantined ones), files, kinds and characters.

    Raises ValueError where two rows share an id, because then a row would be counted twice or lost.
    """
    ids = [*documents["id"].to_pylist(), *quarantined["id"].to_pylist()]
    if twice := [row_id for row_id, count in Counter(ids).items() if count > 1]:
        raise ValueError(f"ingest: {len(twice)} ids name more than one row, first {twice[0]}")
    read = documents["source"].to_pylist()
    rows = quarantined.slice(0, _SHOWN).select(["source", "line", "reason", "detail"]).to_pylist()
    return {
        "in": len(ids),
        "kept": documents.num_rows,
        "quarantined": quarantined.num_rows,
        "files": len({*read, *quarantined["source"].to_pylist()}),
        "by_kind": _counts(documents["kind"].to_pylist()),
        "by_format": _counts(PurePosixPath(source).suffix.lower() for source in read),
        "by_reason": _counts(quarantined["reason"].to_pylist()),
        "characters": _characters(documents),
        "recordings": _recordings(documents),
        "public_sets": _public_sets(documents["origin"].to_pylist(), sources),
        "quarantined_rows": rows,
    }


def _counts(values: Iterable[str]) -> dict[str, int]:
    return dict(sorted(Counter(values).items()))


def _characters(documents: pa.Table) -> int:
    segments = pc.list_flatten(documents["segments"])
    return pc.sum(pc.utf8_length(pc.struct_field(segments, "text"))).as_py() or 0


def _recordings(documents: pa.Table) -> dict[str, object]:
    """Say what was heard in recordings, and which were left to a transcript of their name."""
    transcripts = documents.filter(pc.equal(documents["kind"], "transcript"))
    metas = [json.loads(meta) for meta in transcripts["meta"].to_pylist()]
    heard = [meta for meta in metas if "speech_model" in meta]
    left = {
        meta["recording"]: source
        for meta, source in zip(metas, transcripts["source"].to_pylist())
        if "recording" in meta
    }
    return {
        "transcribed": len(heard),
        "seconds": round(sum(meta["seconds"] for meta in heard), 2),
        "repeats_dropped": sum(meta["repeats_dropped"] for meta in heard),
        "unclear_dropped": sum(meta["unclear_dropped"] for meta in heard),
        "left_to_transcripts": dict(sorted(left.items())),
    }


def _public_sets(origins: list[str], sources: SourcesParams) -> dict[str, dict[str, object]]:
    """Say of each public set that was read how many rows it gave, its licence, and what it teaches."""
    rows = Counter(origins)
    return {
        name: {
            "documents": rows[f"public:{name}"],
            "licence": declared.licence,
            "card": declared.card,
            "languages": declared.languages,
            "capability": declared.capability,
        }
        for name, declared in sources.sets.items()
        if rows[f"public:{name}"]
    }
