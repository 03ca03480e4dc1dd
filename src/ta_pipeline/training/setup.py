"""What the trainers of SFT and DPO have in common: model, rows, trainer arguments."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pyarrow as pa
import torch
from datasets.table import InMemoryTable
from transformers import AutoModelForCausalLM

from ta_pipeline.chat.families import trusts_remote_code
from ta_pipeline.training.accelerators import use_liger
from ta_pipeline.training.adapters import quantized_base_of, weights_dtype
from ta_pipeline.training.job import TrainingJob, optimizer_steps, rows_per_step
from ta_pipeline.training.layers.fast import accept_targets, use_fast_layers
from ta_pipeline.training.layers.row_attention import use_row_attention
from ta_pipeline.training.precision import attention_implementation
from ta_pipeline.training.quantized_base import loading_arguments
from ta_pipeline.training.trained_model import is_adapter
from ta_pipeline.training.zero import CONFIGURED, join_ranks, sharded_loading, zero_config


def load_model(job: TrainingJob) -> Any:
    """Load the model that a job starts from, without its adapter, with the best attention the machine has.

    That is the base model, its frozen weights quantized under QLoRA, or the whole model to go on from.
    """
    if job.parameters["zero_stage"]:
        join_ranks()
    whole = job.adapter if job.adapter and not is_adapter(Path(job.adapter)) else None
    with sharded_loading(zero_config(job.parameters, job.precision)):
        model = AutoModelForCausalLM.from_pretrained(
            whole or job.model,
            dtype=weights_dtype(job),
            attn_implementation=attention_implementation(job.precision),
            trust_remote_code=trusts_remote_code(Path(job.model)),
            **loading_arguments(quantized_base_of(job), job.precision),
        )
    if wants_fast_layers(job):
        use_row_attention(model)
    return model


def wants_fast_layers(job: TrainingJob) -> bool:
    """Tell whether this project's own layers may take the place of the plain ones."""
    return bool(job.parameters.get("fast_layers", True))


def replace_layers(model: Any, job: TrainingJob) -> list[str]:
    """Have a model with its adapter compute its layers faster where the job lets it; returns what changed.

    On a GPU Liger's kernels come first, where they are installed and know the family.
    """
    if not wants_fast_layers(job):
        accept_targets(model)
        return []
    base = model.get_base_model() if hasattr(model, "get_base_model") else model
    liger = job.parameters["zero_stage"] < 3 and use_liger(base)
    return use_fast_layers(model, elementwise_too=not liger) + ["Liger"] * liger


def read_rows(job: TrainingJob) -> InMemoryTable:
    """Read the job's Arrow file."""
    with pa.OSFile(job.data) as file:
        return InMemoryTable(pa.ipc.open_file(file).read_all())


def common_arguments(job: TrainingJob, rows: int, at_once: int | None = None) -> dict[str, Any]:
    """Translate the project's parameters into transformers' trainer arguments.

    `rows` is the number of training rows. Each rank reads `micro_batch_size` of its rows of a step at the
    same time, or `at_once`, and accumulates gradients over the others.
    """
    p = job.parameters
    ranks = p["num_processes"]
    per_step, steps = rows_per_step(job.method, p), optimizer_steps(job.method, p, rows)
    at_once = at_once or p.get("micro_batch_size", 1)
    cpu = not torch.cuda.is_available()
    return {
        "output_dir": str(job.checkpoints),
        "max_steps": steps,
        "per_device_train_batch_size": at_once,
        "per_device_eval_batch_size": 1,
        "gradient_accumulation_steps": per_step // ranks // at_once,
        "learning_rate": p["learning_rate"],
        "lr_scheduler_type": "cosine",
        "warmup_steps": math.ceil(p["warmup_share"] * steps),
        "weight_decay": p["weight_decay"],
        "max_grad_norm": p["max_grad_norm"],
        "bf16": job.precision == "bf16",
        "fp16": job.precision == "fp16",  # with the gradient scaler that its narrow range needs
        "use_cpu": cpu,
        "gradient_checkpointing": p["gradient_checkpointing"],
        # TRL sets it to True itself for an adapter under ZeRO-3, which needs that
        "gradient_checkpointing_kwargs": {"use_reentrant": False} if p["gradient_checkpointing"] else None,
        "deepspeed": zero_config(p, job.precision),
        "accelerator_config": CONFIGURED if p["zero_stage"] else None,
        "save_strategy": "steps",
        "save_steps": p["save_every"],
        "save_total_limit": 2,
        "eval_strategy": "steps" if p.get("eval_every") else "no",
        "eval_steps": p.get("eval_every"),
        "logging_steps": 1,
        "report_to": [],
        "seed": job.seed,
        "data_seed": job.seed,
        "dataloader_pin_memory": not cpu,
        "disable_tqdm": True,
    }
