"""The run's headline figures as one JSON object, and the row counts that it shares with the report.

The keys are the contract of `data/08_reporting/summary.json` (DESIGN, "Machine-readable results").
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

_TRAIN_KEYS = ("steps", "tokens", "loss_first", "loss_last", "tokens_per_s", "mfu")
_ROW_KEYS = ("in", "kept", "dropped", "quarantined")
#: Stages in the order of the run; others that the clock knows follow.
STAGES = ("ingest", "clean", "compose", "tokenize", "sft", "dpo", "evaluate", "quantize", "deploy")

Facts = Mapping[str, Any]


def row_counts(report: Facts) -> dict[str, int]:
    """Return in, kept, dropped and quarantined of a stage's report; the last two are 0 where unused."""
    return {key: int(report[key] if key in ("in", "kept") else report.get(key, 0)) for key in _ROW_KEYS}


def missing_rows(rows: Mapping[str, int]) -> int:
    """Return how many rows are unaccounted for: 0 when in = kept + dropped + quarantined."""
    return rows["in"] - rows["kept"] - rows["dropped"] - rows["quarantined"]


def stage_rows(
    ingest: Facts, cleaning: Facts, compose: Facts, labels: Facts, preference: Facts
) -> dict[str, Any]:
    """Return the row counts by stage; `tokenize` takes training rows and preference pairs."""
    learned, paired = row_counts(labels), row_counts(preference)
    return {
        "ingest": row_counts(ingest),
        "clean": row_counts(cleaning),
        "compose": row_counts(compose),
        "tokenize": {key: learned[key] + paired[key] for key in _ROW_KEYS},
    }


def build_summary(
    clock: Facts,
    rows: Mapping[str, Mapping[str, int]],
    train: Mapping[str, Facts],
    scores: Facts,
    *,
    artefact_scores: Facts | None = None,
    artefacts: list[Facts] | None = None,
) -> dict[str, Any]:
    """Put the headline figures together.

    `rows` comes from `stage_rows`; a stage through which no rows pass has null counts. `train` maps
    "sft" and "dpo" to their reports. Where an artefact is in both score tables, the first counts: it
    rests on more questions.
    """
    extra = artefact_scores or {"artefacts": {}, "paired": []}
    seconds = clock["stage_seconds"]
    names = dict.fromkeys([*(name for name in STAGES if name in seconds or name in rows), *seconds])
    nothing = dict.fromkeys(_ROW_KEYS)
    return {
        "run_id": clock["run_id"],
        "seconds": clock["seconds"],
        "peak_memory_gb": clock["peak_memory_gb"],
        "stages": {name: {"seconds": seconds.get(name, 0.0), **rows.get(name, nothing)} for name in names},
        "train": {name: {key: report.get(key) for key in _TRAIN_KEYS} for name, report in train.items()},
        "scores": all_scores(scores, artefact_scores),
        "paired": [*scores["paired"], *extra["paired"]],
        "artefacts": artefacts or [],
    }


def all_scores(scores: Facts, artefact_scores: Facts | None) -> dict[str, Any]:
    """Return the figures of every artefact; where both tables have one, those of the first."""
    found = dict(scores["artefacts"])
    for name, figures in (artefact_scores or {"artefacts": {}})["artefacts"].items():
        found.setdefault(name, figures)
    return found


def list_artefacts(gguf_report: Facts, gguf_files: Path, bundles: Mapping[str, Path]) -> list[dict[str, Any]]:
    """List GGUF files and bundles with path, bytes and sha256.

    A bundle's digest is that of its manifest, which stands beside the folder; null where it is not
    written yet.
    """
    listed = [
        {
            "name": f"gguf-{file['format']}",
            "path": _shown(gguf_files / Path(file["path"]).name),
            "bytes": file["bytes"],
            "sha256": file["sha256"],
        }
        for file in gguf_report["files"]
    ]
    for name, folder in bundles.items():
        manifest = folder.with_name(folder.name + ".manifest.json")
        digest = json.loads(manifest.read_text("utf-8"))["sha256"] if manifest.is_file() else None
        size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
        listed.append({"name": name, "path": _shown(folder), "bytes": size, "sha256": digest})
    return listed


def _shown(path: Path) -> str:
    """Write a path relative to the project where it lies inside it."""
    try:
        return path.resolve().relative_to(Path.cwd()).as_posix()
    except ValueError:
        return path.as_posix()
