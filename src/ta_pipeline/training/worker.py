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
from ta_pipeline.training import checkpoints
from ta_pipeline.training.adapters import record_of, save_trained
from ta_pipeline.training.job import TrainingJob
from ta_pipeline.training.layers import row_attention
from ta_pipeline.training.layers.row_attention import Row
from ta_pipeline.training.layers.shared_prefix import merge_rows
from ta_pipeline.training.watch.events import EventWriter
from ta_pipeline.training.watch.flops import lora_flops, peak_flops


def run(job: TrainingJob) -> None:
    """Train (from the newest whole checkpoint, if there is one), save the adapter, report."""
    from ta_pipeline.training import preference, sft

    build: Callable[..., Any] = {"sft": sft.build_trainer, "dpo": preference.build_trainer}[job.method]
    trainer = build(job, [EventWriter(job.events, job.checkpoints)])
    resume = checkpoints.newest(job.checkpoints) if job.checkpoints.is_dir() else None
    started = time.monotonic()
    result = trainer.train(resume_from_checkpoint=str(resume) if resume else None)
    seconds = time.monotonic() - started
    if trainer.eval_dataset is not None:
        trainer.evaluate()
    save_trained(trainer, job, job.result)
    if trainer.is_world_process_zero():
        report = (
            record_of(job)
            | _report(trainer, job, seconds)
            | {
                "train_loss": result.training_loss,
                "resumed_from": resume.name if resume else None,
            }
        )
        (Path(job.folder) / "report.json").write_text(json.dumps(report, indent=1), "utf-8")


def _report(trainer: Any, job: TrainingJob, seconds: float) -> dict[str, Any]:
    model = trainer.accelerator.unwrap_model(trainer.model)
    trainable = sum(p.numel() for p in model.parameters() if p.requires_grad)
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
