"""The nodes of `compose`: tables in, tables out; the work is done in `composing` and `text.chunk`."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pyarrow as pa

import ta_pipeline.composing.examples as composing_examples
import ta_pipeline.composing.preferences as composing_preferences
from ta_pipeline.chat.families import trusts_remote_code
from ta_pipeline.composing import benchmark, capability, card, rarer, report, splits, taught
from ta_pipeline.params import CleanParams, ComposeParams, IngestParams
from ta_pipeline.paths import teacher_cache
from ta_pipeline.records import CHUNK, DROPPED, EXAMPLE, PREFERENCE, QUESTION, TEACHER_ANSWER
from ta_pipeline.teacher import accounts
from ta_pipeline.text import chunk as chunking

logger = logging.getLogger(__name__)


def chunk_documents(clean_documents: pa.Table, base_model: Path, compose: ComposeParams) -> pa.Table:
    """Cut the course's texts and transcripts into chunks, measured by the base model's tokenizer."""
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(base_model, trust_remote_code=trusts_remote_code(base_model))

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
    course_files: Path,
    public_files: Path,
    benchmark_files: Path,
    clean_documents: pa.Table,
    course: str,
    compose: ComposeParams,
    seed: int,
) -> pa.Table:
    """Give the course's benchmark questions the passages they are asked with."""
    folder = capability.exam_folder(course_files, public_files, benchmark_files, course)
    _, documents = capability.part(clean_documents.to_pylist())
    rows = benchmark.prepare_questions(folder, documents, course, compose, seed)
    return pa.Table.from_pylist(rows, schema=QUESTION)


def ask_teacher_for_questions(
    clean_documents: pa.Table, chunks: pa.Table, compose: ComposeParams, seed: int
) -> tuple[pa.Table, pa.Table]:
    """Have the teacher write questions on the chunks; no rows where `compose.teacher` is null."""
    rows, answers = taught.taught_examples(
        clean_documents.to_pylist(), chunks.to_pylist(), compose, seed, teacher_cache()
    )
    return pa.Table.from_pylist(rows, schema=EXAMPLE), pa.Table.from_pylist(answers, schema=TEACHER_ANSWER)


def compose_examples(
    clean_documents: pa.Table,
    chunks: pa.Table,
    compose: ComposeParams,
    seed: int,
    teacher_examples: pa.Table,
) -> pa.Table:
    """Make candidate examples from all lectures but the held-out ones; add a teacher's and the user's own."""
    own, documents = capability.part(clean_documents.to_pylist())
    rows = composing_examples.compose_examples(documents, chunks.to_pylist(), compose, seed)
    given = capability.example_rows(own, documents, chunks.to_pylist(), compose)
    logger.info("%d of %d rows of capability files are taken", len(given), len(own))
    known = {row["id"]: row for row in [*given, *rows]}
    rows = sorted([*known.values(), *teacher_examples.to_pylist()], key=lambda row: str(row["id"]))
    return pa.Table.from_pylist(rows, schema=EXAMPLE)


def compose_preferences(
    candidate_examples: pa.Table, clean_documents: pa.Table, compose: ComposeParams, seed: int
) -> pa.Table:
    """Make candidate preference pairs over the prompts of the candidate examples, but for the rarer kinds."""
    usable = [row for row in candidate_examples.to_pylist() if not rarer.is_rarer(row)]
    rows = composing_preferences.compose_preferences(usable, clean_documents.to_pylist(), compose, seed)
    return pa.Table.from_pylist(rows, schema=PREFERENCE)


def score_preferences(candidate_preferences: pa.Table, compose: ComposeParams, seed: int) -> pa.Table:
    """Have the teacher score both answers of each pair; empty where `compose.teacher` is null."""
    rows = taught.score_pairs(candidate_preferences.to_pylist(), compose, seed, teacher_cache())
    return pa.Table.from_pylist(rows, schema=TEACHER_ANSWER)


def report_teacher(teacher_questions: pa.Table, teacher_scores: pa.Table) -> dict[str, Any]:
    """Report what the teacher was asked, what of it is used, why the rest is not, and what it cost."""
    return accounts.summarise([*teacher_questions.to_pylist(), *teacher_scores.to_pylist()])


def split_without_leaks(
    candidate_examples: pa.Table,
    candidate_preferences: pa.Table,
    questions: pa.Table,
    compose: ComposeParams,
    seed: int,
    teacher_scores: pa.Table,
) -> tuple[pa.Table, pa.Table, pa.Table]:
    """Drop what the teacher sees otherwise and what stands in the benchmark; split the rest.

    Near copies share a split.
    """
    judged, misjudged = taught.drop_misjudged(candidate_preferences.to_pylist(), teacher_scores.to_pylist())
    kept, pairs, leaked = splits.split_without_leaks(
        candidate_examples.to_pylist(),
        judged,
        questions.to_pylist(),
        compose,
        seed,
    )
    dropped = [*leaked, *misjudged]
    logger.info("%d examples and %d preferences kept, %d dropped", len(kept), len(pairs), len(dropped))
    return (
        pa.Table.from_pylist(kept, schema=EXAMPLE),
        pa.Table.from_pylist(pairs, schema=PREFERENCE),
        pa.Table.from_pylist(dropped, schema=DROPPED),
    )


def write_capability_files(
    examples: pa.Table, chunks: pa.Table, questions: pa.Table, course: str
) -> tuple[str, str, str, str]:
    """Write what is learned by capability, and the exam, as JSON lines."""
    lines = capability.training_lines(examples.to_pylist(), chunks.to_pylist())
    return lines["tool"], lines["rag"], lines["style"], capability.exam_lines(questions.to_pylist(), course)


def write_data_card(
    *,
    course_files: Path,
    public_files: Path,
    ingest_report: dict[str, Any],
    compose_report: dict[str, Any],
    teacher_report: dict[str, Any],
    course: str,
    base_model: str,
    seed: int,
    ingest: IngestParams,
    clean: CleanParams,
    compose: ComposeParams,
    **made: pa.Table,
) -> tuple[str, str]:
    """Write the data card as Markdown and as a page; `made` are the fields of `card.Made`."""
    run = card.Run(
        course=course,
        base_model=base_model,
        seed=seed,
        parameters={"ingest": ingest, "clean": clean, "compose": compose},
        compose=compose,
        public_sets=ingest_report["public_sets"],
        chunk_sizes=compose_report["chunks"],
        teacher=teacher_report,
        folders={"": course_files, "public/": public_files},
    )
    text = card.write_card(card.Made(**made), run)
    return text, card.as_page(text, course)


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
