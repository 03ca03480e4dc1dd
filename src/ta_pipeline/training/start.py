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
from ta_pipeline.training.job import TrainingJob, optimizer_steps, rows_per_step
from ta_pipeline.training.precision import resolve_precision
from ta_pipeline.training.quantized_base import choose_form
from ta_pipeline.training.trained_model import is_adapter

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
    """Train to the end, or go on where a killed run of the very same job stopped.

    `adapter` is what to go on from, an adapter or a whole model: what SFT left, for preference training; the
    last round's, for SFT that continues.
    """
    trained = rows.filter(pc.equal(rows.column("split"), "train")).num_rows
    if trained == 0:
        raise InputError(f"{method}: there is no training row. compose_report and dropped_examples say why.")
    per_step = rows_per_step(method, parameters.model_dump())
    if per_step > parameters.global_batch_size:
        logger.info("%s: %d processes, so a step takes %d rows, one each", method, per_step, per_step)
    settings = parameters.model_dump()
    form, why_plain = choose_form(method, adapter, settings)
    if why_plain:
        settings["qlora"] = "never"
    steps = optimizer_steps(method, settings, trained)
    job = TrainingJob(
        method=method,
        model=str(Path(base_model).absolute()),
        adapter=str(Path(adapter).absolute()) if adapter else None,
        data="",
        parameters=settings,
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
        steps,
        per_step,
        job.precision + (f" over {form}" if form else ""),
        parameters.num_processes,
        ", going on from a checkpoint" if job.checkpoints.is_dir() and any(job.checkpoints.iterdir()) else "",
    )
    result, history, report = launch.run(job, on_step)
    return result, history, report | {"plain_because": why_plain or None, **_continued(method, adapter)}


def starting_point(continue_from: str | None, previous: Path | None) -> Path | None:
    """Return the folder that `sft.continue_from` names, None for the base model.

    `previous` is the last round's. Raises InputError where that is not there, or neither an adapter nor a
    whole model.
    """
    if continue_from is None:
        return None
    if continue_from == "last" and previous is None:
        raise InputError(
            "sft.continue_from=last: no run has left an sft_adapter yet. Train once without it, or name a "
            "folder."
        )
    folder = previous if continue_from == "last" and previous else Path(continue_from)
    if not folder.is_dir():
        raise InputError(
            f"sft.continue_from={continue_from}: there is no such folder. Name that of an adapter, or `last`."
        )
    is_adapter(folder)
    return folder


def _continued(method: str, adapter: Path | None) -> dict[str, Any]:
    """Say from what SFT went on, by folder and hash; nothing where it began with the base model."""
    if method != "sft" or adapter is None:
        return {}
    return {"continued_from": {"folder": str(Path(adapter).absolute()), "sha256": _hash_models(adapter)}}


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
