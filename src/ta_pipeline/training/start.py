"""From rows and parameters to a running training job: what both training nodes do."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa
import pyarrow.compute as pc

from ta_pipeline.params import DpoParams, SftParams
from ta_pipeline.records import InputError
from ta_pipeline.training import launch, resume
from ta_pipeline.training.job import TrainingJob, rows_per_step
from ta_pipeline.training.precision import resolve_precision

logger = logging.getLogger(__name__)


def start_training(
    method: Literal["sft", "dpo"],
    rows: pa.Table,
    base_model: Path,
    adapter: Path | None,
    parameters: SftParams | DpoParams,
    seed: int,
    on_step: Callable[[dict[str, Any]], None],
) -> launch.Result:
    """Train to the end, or go on where a killed run of the very same job stopped."""
    trained = rows.filter(pc.equal(rows.column("split"), "train")).num_rows
    if trained == 0:
        raise InputError(f"{method}: there is no training row. compose_report and dropped_examples say why.")
    per_step = rows_per_step(method, parameters.model_dump())
    if per_step > parameters.global_batch_size:
        logger.info("%s: %d processes, so a step takes %d rows, one each", method, per_step, per_step)
    job = TrainingJob(
        method=method,
        model=str(Path(base_model).absolute()),
        adapter=str(Path(adapter).absolute()) if adapter else None,
        data="",
        parameters=parameters.model_dump(),
        seed=seed,
        precision=resolve_precision(parameters.precision),
        folder="",
    )
    job = resume.prepare(job, rows)
    logger.info(
        "%s: %d %s to learn from, %d steps of %d, %s, %d process(es)%s",
        method,
        trained,
        "blocks" if method == "sft" else "pairs",
        parameters.max_steps,
        per_step,
        job.precision,
        parameters.num_processes,
        ", going on from a checkpoint" if job.checkpoints.is_dir() and any(job.checkpoints.iterdir()) else "",
    )
    return launch.run(job, on_step)
