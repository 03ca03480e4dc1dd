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

from ta_pipeline.training import checkpoints, resume
from ta_pipeline.training.adapters import record_of, save_trained
from ta_pipeline.training.job import REPORT, TrainingJob
from ta_pipeline.training.watch.batches import Work
from ta_pipeline.training.watch.early_stopping import EarlyStopper, evaluated
from ta_pipeline.training.watch.events import EventWriter
from ta_pipeline.training.watch.flops import lora_flops, peak_flops, reference_flops


def run(job: TrainingJob) -> None:
    """Train (from the newest whole checkpoint, if there is one), save the adapter, report."""
    from ta_pipeline.training import preference, sft

    build: Callable[..., Any] = {"sft": sft.build_trainer, "dpo": preference.build_trainer}[job.method]
    trainer = build(job, [])
    watch(trainer, job)
    trainer.run = resume.read_run(job)
    last = find_checkpoint(trainer, job)
    # What was before training is the measure of what it does, and of what it forgets.
    trainer.args.eval_on_start = bool(job.parameters.get("eval_every")) and last is None
    started = time.monotonic()
    trainer.train(resume_from_checkpoint=last)
    seconds = time.monotonic() - started
    if trainer.eval_dataset is not None and not evaluated(trainer.state):
        trainer.evaluate()
    kept = keep(trainer, job)
    if trainer.is_world_process_zero():
        checkpoints.flush(job.result)  # the report says that it is there, whatever happens then
        report = record_of(job) | _report(trainer, job, seconds)
        report |= {"resumed_from": Path(last).name if last else None, "kept_step": kept}
        checkpoints.replace_text(Path(job.folder) / REPORT, json.dumps(report, indent=1))


def watch(trainer: Any, job: TrainingJob) -> None:
    """Have a trainer's steps counted and written down, and its best weights kept where the job asks so."""
    model = trainer.accelerator.unwrap_model(trainer.model)
    with torch.random.fork_rng():  # what is trained must not depend on what is measured
        hidden = model.config.get_text_config().hidden_size
        trainer.meter.peak_flops = peak_flops(hidden, job.precision)
    trainer.meter.count_flops = step_flops(model, job)
    trainer.add_callback(EventWriter(job.events, trainer.meter))
    if stopping := job.parameters.get("early_stopping"):
        save = partial(save_trained, trainer, job)
        trainer.add_callback(EarlyStopper(Path(job.folder) / "best", save=save, **stopping))


def step_flops(model: Any, job: TrainingJob) -> Callable[[Work], float]:
    """Return what counts the FLOP of a micro-batch; DPO with a reference reads its rows once more."""

    def count(work: Work) -> float:
        flops = lora_flops(model, work.rows, work.supervised)
        return flops + reference_flops(model, work.rows, work.supervised) if with_reference else flops

    with_reference = job.method == "dpo" and job.parameters.get("method", "dpo") == "dpo"
    return count


def keep(trainer: Any, job: TrainingJob) -> int | None:
    """Leave what was trained in the job's result: the best, where one was kept; returns its step then."""
    stopper = trainer.pop_callback(EarlyStopper)
    best = stopper.best(trainer.state) if stopper else None
    if best is None:
        save_trained(trainer, job, job.result)
        return None
    if trainer.is_world_process_zero():
        shutil.copytree(stopper.weights(best.step), job.result, dirs_exist_ok=True)
    return int(best.step)


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
    return {
        "seconds": round(seconds, 1),
        "trainable_parameters": trainable,
        "precision": job.precision,
        "zero_stage": job.parameters["zero_stage"],
        "num_processes": trainer.accelerator.num_processes,
        "attention": model.config._attn_implementation,
        "replaced_layers": list(trainer.replaced_layers),
        "micro_batch_size": trainer.args.per_device_train_batch_size,
        "gradient_accumulation_steps": trainer.args.gradient_accumulation_steps,
        "peak_flops": trainer.meter.peak_flops,
    }


if __name__ == "__main__":
    run(TrainingJob.read(Path(sys.argv[1])))
