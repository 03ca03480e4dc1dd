"""Put the benchmark to one artefact: reference losses on all questions, answers on a fixed sample."""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from ta_pipeline.chat.template import load_tokenizer
from ta_pipeline.evaluation.generate import prediction, stop_ids
from ta_pipeline.evaluation.model import engine_name, load_for_evaluation
from ta_pipeline.evaluation.prompts import Mode, encode_prompts
from ta_pipeline.evaluation.sampling import stratified_sample
from ta_pipeline.evaluation.teacher_forced import reference_loss, scoring_tasks
from ta_pipeline.params import EvaluateParams
from ta_pipeline.records import PREDICTION, REFERENCE_LOSS
from ta_pipeline.training.precision import resolve_precision

if TYPE_CHECKING:
    from ta_pipeline.evaluation.reading import Task

logger = logging.getLogger(__name__)


def answer_and_score(
    artefact: str,
    questions: pa.Table,
    base_model: Path,
    adapter: Path | None,
    evaluate: EvaluateParams,
    seed: int,
) -> tuple[pa.Table, pa.Table]:
    """Return predictions (PREDICTION) and reference losses (REFERENCE_LOSS) of one artefact.

    A prompt that is scored and answered is read once.
    """
    from ta_pipeline.evaluation.reading import read_and_answer

    precision = resolve_precision(evaluate.precision)
    model = load_for_evaluation(base_model, precision, adapter)
    tokenizer = load_tokenizer(base_model)
    stops = stop_ids(tokenizer, model)
    tasks = _tasks(tokenizer, questions, evaluate, seed)
    label = f"{artefact} reads and answers"
    outcomes = read_and_answer(
        model, list(tasks.values()), label, stops, evaluate.max_new_tokens, evaluate.batch_tokens
    )
    answers, losses = [], []
    for ((mode, name), task), outcome in zip(tasks.items(), outcomes, strict=True):
        if task.reference:
            engine = engine_name(precision)
            losses.append(reference_loss(artefact, name, mode, task, outcome.loss, engine))
        if task.answer:
            row = prediction(tokenizer, artefact, name, mode, task.prompt, outcome.answer, stops, precision)
            answers.append(row)
    mean = sum(row["loss"] for row in losses) / max(1, len(losses))
    logger.info("%s: reference loss %.3f over %d questions", artefact, mean, len(losses))
    return pa.Table.from_pylist(answers, PREDICTION), pa.Table.from_pylist(losses, REFERENCE_LOSS)


def _tasks(
    tokenizer: Any, questions: pa.Table, evaluate: EvaluateParams, seed: int
) -> dict[tuple[Mode, str], Task]:
    """Lay out what is to be read, by mode and question."""
    from ta_pipeline.evaluation.reading import Task

    scored = stratified_sample(questions, evaluate.loss_limit, seed).to_pylist()
    tasks: dict[tuple[Mode, str], Task] = {
        ("context", row["id"]): task
        for row, task in zip(scored, scoring_tasks(tokenizer, scored, "context"), strict=True)
    }
    limits: list[tuple[Mode, int | None]] = [
        ("context", evaluate.limit),
        ("closed_book", evaluate.closed_book_limit),
    ]
    for mode, limit in limits:
        asked = stratified_sample(questions, limit, seed).to_pylist()
        for row, prompt in zip(asked, encode_prompts(tokenizer, asked, mode), strict=True):
            place = (mode, row["id"])
            tasks[place] = replace(tasks[place], answer=True) if place in tasks else Task(prompt)
    return tasks
