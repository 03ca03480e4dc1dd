"""The nodes of `compose`: tables in, tables out; the work is done in `composing` and `text.chunk`."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pyarrow as pa

import ta_pipeline.composing.examples as composing_examples
import ta_pipeline.composing.preferences as composing_preferences
from ta_pipeline.composing import benchmark, report, splits
from ta_pipeline.params import ComposeParams
from ta_pipeline.records import CHUNK, DROPPED, EXAMPLE, PREFERENCE, QUESTION
from ta_pipeline.text import chunk as chunking

logger = logging.getLogger(__name__)


def chunk_documents(clean_documents: pa.Table, base_model: Path, compose: ComposeParams) -> pa.Table:
    """Cut the course's texts and transcripts into chunks, measured by the base model's tokenizer."""
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(base_model)

    def count_tokens(texts: list[str]) -> list[int]:
        encoded = tokenizer(texts, add_special_tokens=False)["input_ids"] if texts else []
        return [len(ids) for ids in encoded]

    documents = [
        document
        for document in clean_documents.to_pylist()
        if document["origin"] == "course" and document["kind"] in ("text", "transcript")
    ]
    rows = chunking.chunk_documents(documents, count_tokens, compose.chunk)
    logger.info("%d documents cut into %d chunks", len(documents), len(rows))
    return pa.Table.from_pylist(rows, schema=CHUNK)


def prepare_questions(
    benchmark_files: Path, clean_documents: pa.Table, course: str, compose: ComposeParams, seed: int
) -> pa.Table:
    """Give the course's benchmark questions the passages they are asked with."""
    documents = clean_documents.to_pylist()
    rows = benchmark.prepare_questions(Path(benchmark_files), documents, course, compose, seed)
    return pa.Table.from_pylist(rows, schema=QUESTION)


def compose_examples(
    clean_documents: pa.Table, chunks: pa.Table, compose: ComposeParams, seed: int
) -> pa.Table:
    """Make candidate examples from all lectures but the held-out ones."""
    rows = composing_examples.compose_examples(clean_documents.to_pylist(), chunks.to_pylist(), compose, seed)
    return pa.Table.from_pylist(rows, schema=EXAMPLE)


def compose_preferences(
    candidate_examples: pa.Table, clean_documents: pa.Table, compose: ComposeParams, seed: int
) -> pa.Table:
    """Make candidate preference pairs over the prompts of the candidate examples."""
    rows = composing_preferences.compose_preferences(
        candidate_examples.to_pylist(), clean_documents.to_pylist(), compose, seed
    )
    return pa.Table.from_pylist(rows, schema=PREFERENCE)


def split_without_leaks(
    candidate_examples: pa.Table,
    candidate_preferences: pa.Table,
    questions: pa.Table,
    compose: ComposeParams,
    seed: int,
) -> tuple[pa.Table, pa.Table, pa.Table]:
    """Drop what stands in the benchmark and split the rest; near copies share a split."""
    kept, pairs, dropped = splits.split_without_leaks(
        candidate_examples.to_pylist(),
        candidate_preferences.to_pylist(),
        questions.to_pylist(),
        compose,
        seed,
    )
    logger.info("%d examples and %d preferences kept, %d dropped", len(kept), len(pairs), len(dropped))
    return (
        pa.Table.from_pylist(kept, schema=EXAMPLE),
        pa.Table.from_pylist(pairs, schema=PREFERENCE),
        pa.Table.from_pylist(dropped, schema=DROPPED),
    )


def report_composing(
    clean_documents: pa.Table,
    chunks: pa.Table,
    candidate_examples: pa.Table,
    candidate_preferences: pa.Table,
    examples: pa.Table,
    preferences: pa.Table,
    dropped_examples: pa.Table,
    questions: pa.Table,
) -> dict[str, Any]:
    """Count what came out; candidates must be kept plus dropped."""
    return report.summarise(
        documents=clean_documents.num_rows,
        chunks=chunks.to_pylist(),
        candidates=candidate_examples.num_rows + candidate_preferences.num_rows,
        examples=examples.to_pylist(),
        preferences=preferences.to_pylist(),
        dropped=dropped_examples.to_pylist(),
        questions=questions.to_pylist(),
    )
