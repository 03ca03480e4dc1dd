"""Nodes of `report`; the work is in `ta_pipeline.evaluation`. `training` are the fields of `report.Run`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

if TYPE_CHECKING:
    from ta_pipeline.evaluation.report import Artefacts

Facts = dict[str, Any]


def report_training(**training: Any) -> tuple[Facts, str, Any]:
    """Return summary, HTML page and loss curves of a run that ended with training."""
    return _report(training, None)


def report_full_run(
    *,
    merge: Facts,
    gguf: Facts,
    artefact_scores: Facts,
    artefact_question_scores: pa.Table,
    gguf_files: Path,
    vllm_bundle: Path,
    ollama_bundle: Path,
    **training: Any,
) -> tuple[Facts, str, Any]:
    """Return summary, HTML page and loss curves of a run with its exported files and bundles."""
    from ta_pipeline.evaluation.report import Artefacts
    from ta_pipeline.evaluation.summary import list_artefacts

    bundles = {"vllm_bundle": vllm_bundle, "ollama_bundle": ollama_bundle}
    made = Artefacts(
        merge=merge,
        gguf=gguf,
        scores=artefact_scores,
        question_scores=artefact_question_scores,
        listed=list_artefacts(gguf, gguf_files, bundles),
        bundles=bundles,
    )
    return _report(training, made)


def _report(training: dict[str, Any], made: Artefacts | None) -> tuple[Facts, str, Any]:
    from ta_pipeline.evaluation.plots import loss_curves
    from ta_pipeline.evaluation.report import Run, render_report
    from ta_pipeline.evaluation.summary import build_summary, stage_rows

    run = Run(**training, artefacts=made)
    summary = build_summary(
        run.clock,
        stage_rows(run.ingest, run.cleaning, run.compose, run.labels, run.preference),
        {"sft": run.sft, "dpo": run.dpo},
        run.scores,
        artefact_scores=made.scores if made else None,
        artefacts=list(made.listed) if made else None,
    )
    curves = loss_curves(run.sft_history, run.dpo_history)
    return summary, render_report(run, curves), curves
