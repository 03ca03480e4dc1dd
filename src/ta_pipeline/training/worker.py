"""The training child: `python -m ta_pipeline.training.worker JOB.json`, once for each rank."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from itertools import accumulate, pairwise
from pathlib import Path
from typing import Any

import torch

from ta_pipeline.records import IGNORE_INDEX
from ta_pipeline.training import checkpoints, resume
from ta_pipeline.training.adapters import record_of, save_trained
from ta_pipeline.training.job import REPORT, TrainingJob
from ta_pipeline.training.layers import row_attention
from ta_pipeline.training.layers.row_attention import Row
from ta_pipeline.training.layers.shared_prefix import merge_rows
from ta_pipeline.training.watch.events import EventWriter
from ta_pipeline.training.watch.flops import lora_flops, peak_flops


def run(job: TrainingJob) -> None:
    """Train (from the newest whole checkpoint, if there is one), save the adapter, report."""
    from ta_pipeline.training import preference, sft

    build: Callable[..., Any] = {"sft": sft.build_trainer, "dpo": preference.build_trainer}[job.method]
    trainer = build(job, [EventWriter(job.events)])
    trainer.run = resume.read_run(job)
    last = find_checkpoint(trainer, job)
    started = time.monotonic()
    trainer.train(resume_from_checkpoint=last)
    seconds = time.monotonic() - started
    if trainer.eval_dataset is not None:
        trainer.evaluate()
    save_trained(trainer, job, job.result)
    if trainer.is_world_process_zero():
        checkpoints.flush(job.result)  # the report says that it is there, whatever happens then
        report = record_of(job) | _report(trainer, job, seconds)
        report["resumed_from"] = Path(last).name if last else None
        checkpoints.replace_text(Path(job.folder) / REPORT, json.dumps(report, indent=1))


def find_checkpoint(trainer: Any, job: TrainingJob) -> str | None:
    """Return the newest valid checkpoint to go on from: rank 0 looks, and tells the others."""
    from accelerate.utils import broadcast_object_list

    found: list[str | None] = [None]
    if trainer.is_world_process_zero():
        checkpoints.clear_leftovers(job.checkpoints)
        resume.mend_events(job.events)
        newest = checkpoints.newest(job.checkpoints)
        found = [str(newest.path) if newest else None]
    return broadcast_object_list(found)[0]  # type: ignore[no-any-return]


def _report(trainer: Any, job: TrainingJob, seconds: float) -> dict[str, Any]:
    model = trainer.accelerator.unwrap_model(trainer.model)
    trainable = sum(getattr(p, "ds_numel", p.numel()) for p in model.parameters() if p.requires_grad)
    report: dict[str, Any] = {
        "seconds": round(seconds, 1),
        "trainable_parameters": trainable,
        "precision": job.precision,
        "zero_stage": job.parameters["zero_stage"],
        "num_processes": trainer.accelerator.num_processes,
        "attention": model.config._attn_implementation,
        "micro_batch_size": trainer.args.per_device_train_batch_size,
        "gradient_accumulation_steps": trainer.args.gradient_accumulation_steps,
    }
    if job.method == "sft" and job.parameters["zero_stage"] < 3:
        report["flops_per_block"] = _mean_block_flops(trainer, model)
        report["peak_flops"] = peak_flops(model.config.hidden_size, job.precision)
    return report


def _mean_block_flops(trainer: Any, model: Any, sample: int = 64) -> float:
    blocks = trainer.train_dataset.select(range(min(sample, len(trainer.train_dataset))))
    counts = [
        lora_flops(model, _rows(model, block), sum(label != IGNORE_INDEX for label in block["labels"]))
        for block in blocks
    ]
    return sum(counts) / len(counts)


def _rows(model: Any, block: dict[str, Any]) -> list[Row]:
    """Give a block's rows as the model reads them."""
    if model.config._attn_implementation == row_attention.NAME:
        return merge_rows(torch.tensor(block["input_ids"]), block["seq_lengths"]).rows
    ends = [0, *accumulate(block["seq_lengths"])]
    return [Row(start, end) for start, end in pairwise(ends)]


if __name__ == "__main__":
    run(TrainingJob.read(Path(sys.argv[1])))
