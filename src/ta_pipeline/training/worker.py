"""The training child: `python -m ta_pipeline.training.worker JOB.json`, once for each rank."""

from __future__ import annotations

import json
import shutil
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import torch

from ta_pipeline.training import checkpoints
from ta_pipeline.training.job import TrainingJob
from ta_pipeline.training.watch.early_stopping import EarlyStopper, evaluated
from ta_pipeline.training.watch.events import EventWriter
from ta_pipeline.training.watch.flops import lora_flops, peak_flops


def run(job: TrainingJob) -> None:
    """Train (from the newest whole checkpoint, if there is one), save the adapter, report."""
    from ta_pipeline.training import dpo, sft

    build: Callable[..., Any] = {"sft": sft.build_trainer, "dpo": dpo.build_trainer}[job.method]
    trainer = build(job, [])
    watch(trainer, job)
    resume = checkpoints.newest(job.checkpoints) if job.checkpoints.is_dir() else None
    # What was before training is the measure of what it does, and of what it forgets.
    trainer.args.eval_on_start = bool(job.parameters.get("eval_every")) and resume is None
    started = time.monotonic()
    result = trainer.train(resume_from_checkpoint=str(resume) if resume else None)
    seconds = time.monotonic() - started
    if trainer.eval_dataset is not None and not evaluated(trainer.state):
        trainer.evaluate()
    kept = _keep(trainer, job)
    if trainer.is_world_process_zero():
        report = _report(trainer, job, seconds) | {
            "train_loss": result.training_loss,
            "resumed_from": resume.name if resume else None,
            "kept_step": kept,
        }
        (Path(job.folder) / "report.json").write_text(json.dumps(report, indent=1), "utf-8")


def watch(trainer: Any, job: TrainingJob) -> None:
    """Have a trainer's steps counted and written down, and its best weights kept where the job asks for it."""
    model = trainer.accelerator.unwrap_model(trainer.model)
    with torch.random.fork_rng():  # what is trained must not depend on what is measured
        hidden = model.config.get_text_config().hidden_size
        trainer.meter.peak_flops = peak_flops(hidden, job.precision)
    if job.method == "sft" and job.parameters["zero_stage"] < 3:
        trainer.meter.count_flops = lambda work: lora_flops(model, work.rows, work.supervised)
    trainer.add_callback(EventWriter(job.events, job.checkpoints, trainer.meter))
    if stopping := job.parameters.get("early_stopping"):
        save = partial(_save_adapter, trainer)
        trainer.add_callback(EarlyStopper(Path(job.folder) / "best", save=save, **stopping))


def _keep(trainer: Any, job: TrainingJob) -> int | None:
    """Leave the trained adapter in the job's result: the best, where one was kept; returns its step then."""
    stopper = trainer.pop_callback(EarlyStopper)
    best = stopper.best(trainer.state) if stopper else None
    if best is None:
        _save_adapter(trainer, job.result)
        return None
    if trainer.is_world_process_zero():
        shutil.copytree(stopper.weights(best.step), job.result, dirs_exist_ok=True)
    return best.step


def _save_adapter(trainer: Any, folder: Path) -> None:
    """Save the trained adapter alone: no pickled arguments, no frozen reference of DPO."""
    state = trainer.accelerator.get_state_dict(
        trainer.model
    )  # gathers the shards of ZeRO-3; all ranks call it
    if trainer.is_world_process_zero():
        model = trainer.accelerator.unwrap_model(trainer.model)
        model.save_pretrained(str(folder), state_dict=state, selected_adapters=["default"])
        (folder / "README.md").unlink(missing_ok=True)


def _report(trainer: Any, job: TrainingJob, seconds: float) -> dict[str, Any]:
    model = trainer.accelerator.unwrap_model(trainer.model)
    trainable = sum(p.numel() for p in model.parameters() if p.requires_grad)
    return {
        "seconds": round(seconds, 1),
        "trainable_parameters": trainable,
        "precision": job.precision,
        "zero_stage": job.parameters["zero_stage"],
        "num_processes": trainer.accelerator.num_processes,
        "attention": model.config._attn_implementation,
        "micro_batch_size": trainer.args.per_device_train_batch_size,
        "gradient_accumulation_steps": trainer.args.gradient_accumulation_steps,
        "peak_flops": trainer.meter.peak_flops,
    }


if __name__ == "__main__":
    run(TrainingJob.read(Path(sys.argv[1])))
