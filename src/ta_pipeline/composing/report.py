"""Count what `compose` made, by split, task, language, rule, origin and reason."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from ta_pipeline.composing.rows import Row
from ta_pipeline.composing.splits import check_sum


def summarise(
    *,
    documents: int,
    chunks: Sequence[Row],
    candidates: int,
    examples: Sequence[Row],
    preferences: Sequence[Row],
    dropped: Sequence[Row],
    questions: Sequence[Row],
) -> dict[str, Any]:
    """Sum up the stage; raise InputError where candidates are not kept plus dropped."""
    kept = len(examples) + len(preferences)
    check_sum(candidates, kept, len(dropped))
    tokens = [chunk["tokens"] for chunk in chunks]
    splits: dict[str, dict[str, int]] = {}
    for split in ("train", "validation", "test"):
        splits[split] = _count(row["task"] for row in examples if row["split"] == split)
    return {
        "in": candidates,
        "kept": kept,
        "dropped": len(dropped),
        "documents": documents,
        "examples": splits,
        "languages": _count(row["language"] for row in examples),
        "rules": _count(row["rule"] for row in examples),
        "origins": _count(row["origin"] for row in examples),
        "preferences": _count(row["rule"] for row in preferences),
        "chunks": {
            "count": len(chunks),
            "tokens_mean": round(sum(tokens) / len(tokens), 1) if tokens else 0.0,
            "tokens_min": min(tokens, default=0),
            "tokens_max": max(tokens, default=0),
        },
        "questions": {
            **_count(question["kind"] for question in questions),
            "held_out": sum(bool(question["held_out"]) for question in questions),
        },
        "dropped_by_reason": _count(row["reason"] for row in dropped),
    }


def _count(values: Iterable[str]) -> dict[str, int]:
    return dict(sorted(Counter(values).items()))
