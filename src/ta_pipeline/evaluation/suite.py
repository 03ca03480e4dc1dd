"""Put the benchmark to one artefact: reference losses on all questions, answers on a fixed sample."""

from __future__ import annotations

import logging
from pathlib import Path

import pyarrow as pa

from ta_pipeline.evaluation.generate import generate_answers
from ta_pipeline.evaluation.model import engine_name, load_for_evaluation
from ta_pipeline.evaluation.sampling import stratified_sample
from ta_pipeline.evaluation.teacher_forced import score_with
from ta_pipeline.params import EvaluateParams
from ta_pipeline.training.precision import resolve_precision

logger = logging.getLogger(__name__)


def answer_and_score(
    artefact: str,
    questions: pa.Table,
    base_model: Path,
    adapter: Path | None,
    evaluate: EvaluateParams,
    seed: int,
) -> tuple[pa.Table, pa.Table]:
    """Return predictions (PREDICTION) and reference losses (REFERENCE_LOSS) of one artefact."""
    precision = resolve_precision(evaluate.precision)
    model = load_for_evaluation(base_model, precision, adapter)
    scored = stratified_sample(questions, evaluate.loss_limit, seed)
    losses = score_with(model, base_model, scored, artefact, engine_name(precision), evaluate.batch_tokens)
    answers = []
    for mode, limit in (("context", evaluate.limit), ("closed_book", evaluate.closed_book_limit)):
        asked = stratified_sample(questions, limit, seed)
        answers.append(
            generate_answers(
                model,
                base_model,
                asked,
                artefact,
                mode,  # type: ignore[arg-type]
                evaluate.max_new_tokens,
                evaluate.batch_tokens,
                precision,
            )
        )
    mean = sum(losses.column("loss").to_pylist()) / max(1, losses.num_rows)
    logger.info("%s: reference loss %.3f over %d questions", artefact, mean, losses.num_rows)
    return pa.concat_tables(answers), losses
