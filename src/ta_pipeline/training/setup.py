"""What the trainers of SFT and DPO have in common: model, rows, trainer arguments."""

from __future__ import annotations

import math
from typing import Any

import pyarrow as pa
import torch
from datasets.table import InMemoryTable
from transformers import AutoModelForCausalLM

from ta_pipeline.training.job import TrainingJob, rows_per_step
from ta_pipeline.training.layers.row_attention import use_row_attention
from ta_pipeline.training.precision import attention_implementation
from ta_pipeline.training.zero import zero_config


def load_model(job: TrainingJob) -> Any:
    """Load the base model in the job's precision, with the best attention the machine has."""
    if job.parameters["zero_stage"]:
        import deepspeed

        # ZeRO-3 shards the model while it is loaded, so the ranks must know each other before that.
        deepspeed.init_distributed("nccl" if torch.cuda.is_available() else "gloo")
    model = AutoModelForCausalLM.from_pretrained(
        job.model,
        dtype=torch.bfloat16 if job.precision == "bf16" else torch.float32,
        attn_implementation=attention_implementation(job.precision),
    )
    use_row_attention(model)
    return model


def read_rows(job: TrainingJob) -> InMemoryTable:
    """Read the job's Arrow file."""
    with pa.OSFile(job.data) as file:
        return InMemoryTable(pa.ipc.open_file(file).read_all())


def common_arguments(job: TrainingJob, at_once: int = 1) -> dict[str, Any]:
    """Translate the project's parameters into transformers' trainer arguments.

    Each rank reads `at_once` of its rows of a step at the same time.
    """
    p = job.parameters
    ranks = p["num_processes"]
    per_step = rows_per_step(job.method, p)
    cpu = not torch.cuda.is_available()
    return {
        "output_dir": str(job.checkpoints),
        "max_steps": p["max_steps"],
        "per_device_train_batch_size": at_once,
        "per_device_eval_batch_size": 1,
        "gradient_accumulation_steps": per_step // ranks // at_once,
        "learning_rate": p["learning_rate"],
        "lr_scheduler_type": "cosine",
        "warmup_steps": math.ceil(p["warmup_share"] * p["max_steps"]),
        "weight_decay": p["weight_decay"],
        "max_grad_norm": p["max_grad_norm"],
        "bf16": job.precision == "bf16",
        "use_cpu": cpu,
        "gradient_checkpointing": p["gradient_checkpointing"],
        "deepspeed": zero_config(p["zero_stage"], job.precision, p["max_grad_norm"]),
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
