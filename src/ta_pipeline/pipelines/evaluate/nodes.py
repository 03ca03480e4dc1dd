"""Nodes of `evaluate`; the work is in `ta_pipeline.evaluation`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa

from ta_pipeline.params import EvaluateParams
from ta_pipeline.records import PREDICTION, REFERENCE_LOSS


def answer_with_base(
    questions: pa.Table, base_model: Path, evaluate: EvaluateParams, seed: int
) -> tuple[pa.Table, pa.Table]:
    """Ask the base model."""
    from ta_pipeline.evaluation.suite import answer_and_score

    return answer_and_score("base", questions, base_model, None, evaluate, seed)


def answer_with_parent(
    questions: pa.Table, base_model: Path, sft_adapter: Path, evaluate: EvaluateParams, seed: int
) -> tuple[pa.Table, pa.Table]:
    """Ask what SFT went on from; no rows where it began with the base model."""
    from ta_pipeline.evaluation.suite import answer_and_score
    from ta_pipeline.training.trained_model import parent_of

    parent = parent_of(sft_adapter)
    if parent is None:
        return PREDICTION.empty_table(), REFERENCE_LOSS.empty_table()
    return answer_and_score("parent", questions, base_model, parent, evaluate, seed)


def answer_with_sft(
    questions: pa.Table, base_model: Path, sft_adapter: Path, evaluate: EvaluateParams, seed: int
) -> tuple[pa.Table, pa.Table]:
    """Ask the base model with the SFT adapter."""
    from ta_pipeline.evaluation.suite import answer_and_score

    return answer_and_score("sft", questions, base_model, sft_adapter, evaluate, seed)


def answer_with_dpo(
    questions: pa.Table, base_model: Path, dpo_adapter: Path, evaluate: EvaluateParams, seed: int
) -> tuple[pa.Table, pa.Table]:
    """Ask the base model with the DPO adapter."""
    from ta_pipeline.evaluation.suite import answer_and_score

    return answer_and_score("dpo", questions, base_model, dpo_adapter, evaluate, seed)


def score_trained(
    questions: pa.Table,
    base_predictions: pa.Table,
    parent_predictions: pa.Table,
    sft_predictions: pa.Table,
    dpo_predictions: pa.Table,
    base_losses: pa.Table,
    parent_losses: pa.Table,
    sft_losses: pa.Table,
    dpo_losses: pa.Table,
    evaluate: EvaluateParams,
    seed: int,
) -> tuple[pa.Table, dict[str, Any], Any]:
    """Score base, parent (where there is one), SFT and DPO, and hold each against the one before it."""
    from ta_pipeline.evaluation.plots import score_bars
    from ta_pipeline.evaluation.scoring import score_questions, summarise_scores

    scored = score_questions(
        questions,
        pa.concat_tables([base_predictions, parent_predictions, sft_predictions, dpo_predictions]),
        pa.concat_tables([base_losses, parent_losses, sft_losses, dpo_losses]),
    )
    scores = summarise_scores(scored, evaluate.bootstrap_samples, seed, baseline="base")
    return scored, scores, score_bars(scores)
