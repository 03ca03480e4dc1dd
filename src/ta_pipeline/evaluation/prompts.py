"""The prompts of the benchmark: every artefact is asked in the same words, by the one prompt function."""

from __future__ import annotations

from typing import Any, Literal

from ta_pipeline.rag.prompt import Passage, build_messages

Mode = Literal["context", "closed_book"]


def question_messages(question: dict[str, Any], mode: Mode) -> list[dict[str, str]]:
    """Lay out one benchmark question (a row of schema QUESTION), with its passages or without."""
    passages = [] if mode == "closed_book" else [_passage(p) for p in question["passages"]]
    return build_messages(question["question"], passages, question["language"])


def _passage(row: dict[str, Any]) -> Passage:
    return Passage(
        title=row["title"],
        text=row["text"],
        start=row["start"],
        end=row["end"],
        source=row["source"],
        chunk_id=row["chunk_id"],
    )


def batches_by_tokens(lengths: list[int], budget: int) -> list[list[int]]:
    """Group rows of similar length so that rows x longest stays within `budget` tokens; longest first.

    A row longer than the budget is a batch of its own.
    """
    batches: list[list[int]] = []
    for row in sorted(range(len(lengths)), key=lambda i: (-lengths[i], i)):
        if batches and (len(batches[-1]) + 1) * lengths[batches[-1][0]] <= budget:
            batches[-1].append(row)
        else:
            batches.append([row])
    return batches
