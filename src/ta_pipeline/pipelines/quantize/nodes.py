"""Nodes of `quantize`: merge the adapter, write GGUF files, ask and score each."""

from __future__ import annotations

import logging
import tempfile
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from ta_pipeline.params import EvaluateParams, QuantizeParams
from ta_pipeline.paths import log_dir, work_dir

logger = logging.getLogger(__name__)


def merge_adapter(base_model: Path, adapter: Path) -> tuple[Path, dict[str, Any]]:
    """Fold the adapter into its base model; return the folder and what the merge did to the logits."""
    from ta_pipeline.quantization.merge import merge

    target = Path(tempfile.mkdtemp(dir=work_dir(), prefix="merged_model-"))
    report = merge(base_model, adapter, target)
    logger.info(
        "Merged: largest logit difference %.2g in float32; %.1f %% of the first choices stay in bfloat16",
        report["float32"]["max_abs_difference"],
        100 * report["bfloat16"]["top1_agreement"],
    )
    return target, report


def export_gguf_files(merged_model: Path, quantize: QuantizeParams) -> tuple[Path, dict[str, Any]]:
    """Write the merged model as one GGUF a format; return their folder and a report by file."""
    from ta_pipeline.quantization.gguf import export_gguf

    target = Path(tempfile.mkdtemp(dir=work_dir(), prefix="gguf-"))
    return target, export_gguf(merged_model, list(quantize.formats), target, log_dir())


def answer_with_gguf(
    questions: pa.Table,
    gguf_files: Path,
    merged_model: Path,
    quantize: QuantizeParams,
    evaluate: EvaluateParams,
    seed: int,
) -> tuple[pa.Table, pa.Table]:
    """Put the same questions to each GGUF through llama.cpp, and score the references on its weights.

    llama.cpp gives no log-probabilities of a prompt, so losses come from the weights dequantized in
    transformers; `engine` in each row says so. The merged model is scored too, as artefact "merged".
    """
    from ta_pipeline.evaluation.sampling import stratified_sample
    from ta_pipeline.evaluation.teacher_forced import score_references
    from ta_pipeline.quantization.gguf import gguf_name
    from ta_pipeline.serving.gguf_answers import answer_questions
    from ta_pipeline.training.precision import resolve_precision

    asked = stratified_sample(questions, quantize.limit, seed)
    scored = stratified_sample(questions, quantize.loss_limit, seed)
    precision = resolve_precision(evaluate.precision)
    losses = [score_references(merged_model, scored, "merged", precision)]
    answers = []
    for fmt in quantize.formats:
        artefact, file = f"gguf-{fmt}", gguf_name(fmt)
        log = log_dir() / f"llama-{fmt}.log"
        answers.append(
            answer_questions(
                gguf_files / file,
                artefact,
                asked,
                merged_model,
                evaluate.max_new_tokens,
                quantize.parallel,
                log,
            )
        )
        losses.append(
            score_references(
                gguf_files,
                scored,
                artefact,
                precision,
                gguf_file=file,
                tokenizer_folder=merged_model,
            )
        )
    return pa.concat_tables(answers), pa.concat_tables(losses)


def score_artefacts(
    questions: pa.Table,
    artefact_predictions: pa.Table,
    artefact_losses: pa.Table,
    dpo_predictions: pa.Table,
    dpo_losses: pa.Table,
    gguf_report: dict[str, Any],
    evaluate: EvaluateParams,
    seed: int,
) -> tuple[pa.Table, dict[str, Any], Any]:
    """Score every artefact beside the DPO adapter it was made from, on the questions they share."""
    from ta_pipeline.evaluation.plots import size_against_score
    from ta_pipeline.evaluation.scoring import score_questions, summarise_scores

    predictions = _on_shared_questions(dpo_predictions, artefact_predictions)
    losses = _on_shared_questions(dpo_losses, artefact_losses)
    question_scores = score_questions(questions, predictions, losses)
    summary = summarise_scores(question_scores, evaluate.bootstrap_samples, seed, baseline="dpo")
    return question_scores, summary, size_against_score(summary, gguf_report)


def _on_shared_questions(baseline: pa.Table, artefacts: pa.Table) -> pa.Table:
    """Stack both tables, keeping the questions asked with passages that the baseline and they have."""
    with_passages = baseline.filter(pc.equal(baseline["mode"], "context"))
    stacked = []
    for table, other in ((with_passages, artefacts), (artefacts, with_passages)):
        stacked.append(
            table.filter(pc.is_in(table["question_id"], value_set=other["question_id"].combine_chunks()))
        )
    return pa.concat_tables(stacked)
