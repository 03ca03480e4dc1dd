"""The data card: what the training rows are made of, what was left out and why, how to make them again.

Counted from the tables themselves and held against the stages' reports: where a sum does not come out, there
is no card. No clock and no machine stands on it, so the same data give the same page.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from ta_pipeline.composing.passages import held_out_lectures
from ta_pipeline.composing.rows import Row
from ta_pipeline.params import ComposeParams, Strict
from ta_pipeline.records import InputError

Facts = dict[str, Any]

#: Files listed one by one.
_SHOWN = 200
_SPLITS = ("train", "validation", "test")
_STYLE = (
    "body{max-width:60rem;margin:2rem auto;padding:0 1rem;font:16px/1.5 system-ui,sans-serif;color:#222}"
    "table{border-collapse:collapse;margin:1rem 0;display:block;overflow-x:auto}"
    "th,td{border:1px solid #ccc;padding:.25rem .6rem;text-align:left}"
    "pre{background:#f4f4f4;padding:.8rem;overflow-x:auto}"
)


@dataclass(frozen=True)
class Made:
    """What the data stages made, as the catalog names it."""

    documents: pa.Table
    quarantined: pa.Table
    clean_documents: pa.Table
    dropped: pa.Table
    pii_audit: pa.Table
    removed_lines: pa.Table
    chunks: pa.Table
    candidate_examples: pa.Table
    candidate_preferences: pa.Table
    examples: pa.Table
    preferences: pa.Table
    dropped_examples: pa.Table
    questions: pa.Table


@dataclass(frozen=True)
class Run:
    """What the data were made with. `folders` maps how a source's name begins to where its file lies."""

    course: str
    base_model: str
    seed: int
    parameters: Mapping[str, Strict]
    compose: ComposeParams
    public_sets: Mapping[str, Facts]
    chunk_sizes: Facts
    teacher: Facts
    folders: Mapping[str, Path]


def write_card(made: Made, run: Run) -> str:
    """Write the card as Markdown; raise InputError where rows are lost or counted twice."""
    from jinja2 import Environment, PackageLoader

    environment = Environment(
        loader=PackageLoader("ta_pipeline", "composing"),
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["cell"] = lambda text: str(text).replace("|", "\\|")
    return environment.get_template("DATA_CARD.md.j2").render(card_facts(made, run))


def as_page(card: str, course: str) -> str:
    """Render the card as one HTML page that loads nothing."""
    from html import escape

    from markdown_it import MarkdownIt

    body = MarkdownIt("commonmark", {"html": False}).enable("table").render(card)
    title = escape(f"Data card: {course}")
    head = f'<meta charset="utf-8"><title>{title}</title><style>{_STYLE}</style>'
    return f'<!doctype html>\n<html lang="en"><head>{head}</head><body>\n{body}</body></html>\n'


def card_facts(made: Made, run: Run) -> Facts:
    """Count everything that the card shows."""
    examples = made.examples.select(["split", "task", "language", "origin", "rule"]).to_pylist()
    pairs = made.preferences.select(["language", "rule"]).to_pylist()
    audit = made.pii_audit.to_pylist()
    documents = made.documents.select(["origin", "source", "kind"]).to_pylist()
    clean = made.clean_documents.to_pylist()
    files = list_files(made, run.folders)
    teacher = run.compose.teacher
    return {
        "course": run.course,
        "base_model": run.base_model,
        "seed": run.seed,
        "total": len(examples),
        "tasks": sorted({row["task"] for row in examples}),
        "splits": {s: _count(row["task"] for row in examples if row["split"] == s) for s in _SPLITS},
        "languages": {
            language: [sum(row["language"] == language for row in rows) for rows in (examples, pairs)]
            for language in sorted({row["language"] for row in [*examples, *pairs]})
        },
        "rules": _count(row["rule"] for row in examples),
        "origins": _count(row["origin"] for row in examples),
        "preferences": {
            "total": len(pairs),
            "rules": _count(row["rule"] for row in pairs),
        },
        "public_sets": [_public_set(name, run.public_sets[name]) for name in sorted(run.public_sets)],
        "course_documents": sum(row["origin"] == "course" for row in documents),
        "course_languages": ", ".join(_count(d["language"] for d in clean if d["origin"] == "course")),
        "files": files,
        "shown_files": files[:_SHOWN],
        "more_files": max(0, len(files) - _SHOWN),
        "chunks": {"count": made.chunks.num_rows, **run.chunk_sizes},
        "teacher": {"model": teacher.model, "url": teacher.url, **run.teacher} if teacher else None,
        "stages": list_stages(made),
        "removed_lines": _count(made.removed_lines["reason"].to_pylist()),
        "held_out": sorted(held_out_lectures(clean, run.compose.held_out)),
        "questions": {
            "total": made.questions.num_rows,
            "held_out": sum(bool(held) for held in made.questions["held_out"].to_pylist()),
        },
        "masked": {kind: _places(audit, kind) for kind in sorted({entry["kind"] for entry in audit})},
        "tables": [
            {"name": name, "rows": table.num_rows, "sha256": content_hash(table)}
            for name, table in (
                ("clean_documents", made.clean_documents),
                ("chunks", made.chunks),
                ("examples", made.examples),
                ("preferences", made.preferences),
                ("questions", made.questions),
            )
        ],
        "parameters": json.dumps(
            {name: block.model_dump() for name, block in run.parameters.items()},
            ensure_ascii=False,
            indent=1,
        ),
    }


def list_stages(made: Made) -> list[Facts]:
    """Sum up the three stages; raise InputError where what came in is not kept plus left out."""
    candidates = [made.candidate_examples, made.candidate_preferences]
    return [
        _stage("ingest", None, [made.documents], made.quarantined),
        _stage("clean", [made.documents], [made.clean_documents], made.dropped),
        _stage("compose", candidates, [made.examples, made.preferences], made.dropped_examples),
    ]


def _stage(name: str, came: list[pa.Table] | None, kept: list[pa.Table], out: pa.Table) -> Facts:
    """Count a stage by the ids of its rows; what `ingest` took in is known by what it gave."""
    stays, gone = _ids(kept), _ids([out])
    all_in = stays + gone if came is None else _ids(came)
    if all_in != stays + gone:
        raise InputError(
            f"data card: {name} took {all_in.total()} rows in, kept {stays.total()} and left out "
            f"{gone.total()}, and they are not the same rows. Run the data stages again, all in one run."
        )
    return {
        "name": name,
        "came": all_in.total(),
        "kept": stays.total(),
        "out": gone.total(),
        "reasons": _count(out["reason"].to_pylist()),
    }


def _ids(tables: Iterable[pa.Table]) -> Counter[str]:
    return Counter(row_id for table in tables for row_id in table["id"].to_pylist())


def list_files(made: Made, folders: Mapping[str, Path]) -> list[Facts]:
    """List the files that gave documents or were quarantined: what became of them, and their hash."""
    sources = made.documents["source"].to_pylist()
    came, kept = Counter(sources), Counter(made.clean_documents["source"].to_pylist())
    kinds = dict(zip(sources, made.documents["kind"].to_pylist(), strict=True))
    return [
        {
            "source": source,
            "kind": kinds.get(source, "quarantined"),
            "documents": came[source],
            "kept": kept[source],
            "sha256": _digest(source, folders),
        }
        for source in sorted({*came, *made.quarantined["source"].to_pylist()})
    ]


def _digest(source: str, folders: Mapping[str, Path]) -> str:
    """Hash a raw file, 16 digits; "" for a file inside an archive."""
    for begin, folder in folders.items():
        path = folder / source.removeprefix(begin)
        if source.startswith(begin) and path.is_file():
            with path.open("rb") as stream:
                return hashlib.file_digest(stream, "sha256").hexdigest()[:16]
    return ""


def content_hash(table: pa.Table) -> str:
    """Hash the rows of a table, whatever file and types it is kept in."""
    digest = hashlib.sha256()
    for batch in table.to_batches(max_chunksize=1000):
        for row in batch.to_pylist():
            digest.update(json.dumps(row, ensure_ascii=False, sort_keys=True).encode())
    return digest.hexdigest()


def _public_set(name: str, declared: Facts) -> Facts:
    languages = declared.get("languages") or []
    return {"name": name, "card": "", **declared, "languages": ", ".join(languages)}


def _places(audit: Sequence[Row], kind: str) -> Facts:
    entries = [entry for entry in audit if entry["kind"] == kind]
    documents = len({entry["id"] for entry in entries})
    return {"places": sum(entry["count"] for entry in entries), "documents": documents}


def _count(values: Iterable[str]) -> dict[str, int]:
    return dict(sorted(Counter(values).items()))
