"""From rows and parameters to a running training job: what both training nodes do."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa
import pyarrow.compute as pc

from ta_pipeline.params import DpoParams, SftParams
from ta_pipeline.records import InputError
from ta_pipeline.training import launch
from ta_pipeline.training.job import TrainingJob, rows_per_step
from ta_pipeline.training.precision import resolve_precision
from ta_pipeline.training.watch.sets import evaluated_sets

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
    if parameters.eval_every and not evaluated_sets(rows):
        raise InputError(
            f"{method}.eval_every={parameters.eval_every} looks at validation rows, and there is none. "
            "Raise compose.split.validation_share in conf, or set eval_every and early_stopping to null."
        )
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
    job = launch.prepare(
        job, rows, job.key(_hash_table(rows), _hash_models(base_model, adapter), _hash_code())
    )
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


def _hash_table(rows: pa.Table) -> str:
    digest = hashlib.sha256()
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, rows.schema) as writer:
        writer.write_table(rows.combine_chunks())
    digest.update(sink.getvalue())
    return digest.hexdigest()


def _hash_models(*folders: Path | None) -> str:
    digest = hashlib.sha256()
    for folder in folders:
        for file in sorted(Path(folder).glob("*.safetensors")) if folder else []:
            with file.open("rb") as stream:
                digest.update(hashlib.file_digest(stream, "sha256").digest())
    return digest.hexdigest()


def _hash_code() -> str:
    files = sorted(Path(__file__).parent.rglob("*.py"))
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()
