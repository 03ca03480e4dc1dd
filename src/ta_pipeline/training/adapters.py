"""What of a model is trained: a LoRA or DoRA adapter beside frozen weights, or every weight; and its saving.

Trained weights are kept in float32 where the frozen ones are bf16 or fp16, as PEFT does by default: a step of
1e-4 on a weight of 0.05 is lost in bf16's 8 bits, and the gradient scaler of fp16 refuses fp16 weights.
Products are taken in the lower precision all the same, by autocast. Under ZeRO-3, which allots its buffers by
one type, an adapter has the base model's type, and DeepSpeed keeps the float32 copy.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from transformers import set_seed

from ta_pipeline.chat.families import family_of
from ta_pipeline.records import InputError
from ta_pipeline.training.job import TrainingJob
from ta_pipeline.training.precision import dtype_of
from ta_pipeline.training.trained_model import is_adapter, read_record, write_record


def kind_of(job: TrainingJob) -> str:
    """Return what a job trains: "lora", "dora" or "full"; preference training goes on with what SFT left."""
    if job.method == "sft":
        return str(job.parameters.get("adapter", "lora"))
    folder = Path(str(job.adapter))
    if not is_adapter(folder):
        return "full"
    config = json.loads((folder / "adapter_config.json").read_text("utf-8"))
    return "dora" if config.get("use_dora") else "lora"


def weights_dtype(job: TrainingJob) -> torch.dtype:
    """Return the type in which the model is loaded.

    Weights that are trained themselves are loaded in float32; DeepSpeed makes its own float32 copy of them.
    """
    if kind_of(job) == "full" and not job.parameters["zero_stage"]:
        return torch.float32
    return dtype_of(job.precision)


def with_trained_weights(model: Any, job: TrainingJob) -> Any:
    """Add a new adapter, or the one to go on from, to a loaded model; a whole model is trained as it is.

    Raises InputError where what to go on from is not what the parameters describe.
    """
    if job.adapter and job.method == "sft":
        _check_continues(Path(job.adapter), job)
    if kind_of(job) == "full":
        return model
    in_float32 = job.parameters["zero_stage"] < 3
    if job.adapter:
        return PeftModel.from_pretrained(
            model, job.adapter, is_trainable=True, autocast_adapter_dtype=in_float32
        )
    set_seed(job.seed)  # the adapter's first values are drawn
    return get_peft_model(model, lora_config(job), autocast_adapter_dtype=in_float32)


def lora_config(job: TrainingJob) -> LoraConfig:
    """Translate `sft.lora` and `sft.adapter` into PEFT's configuration for the model's family."""
    lora, family = job.parameters["lora"], family_of(Path(job.model))
    return LoraConfig(
        r=lora["rank"],
        lora_alpha=lora["alpha"],
        lora_dropout=lora["dropout"],
        target_modules=family.targets(lora["targets"]),
        exclude_modules=family.frozen,
        use_dora=kind_of(job) == "dora",
        task_type="CAUSAL_LM",
    )


def _check_continues(adapter: Path, job: TrainingJob) -> None:
    kind = kind_of(job)
    if is_adapter(adapter) is (kind == "full"):
        raise InputError(
            f"{adapter}: holds {'an adapter' if kind == 'full' else 'a whole model'}, but sft.adapter is "
            f"{kind}. Set it to what that folder was made with, or sft.continue_from to null."
        )
    if kind == "full":
        return
    wanted = lora_config(job)
    found = json.loads((adapter / "adapter_config.json").read_text("utf-8"))
    pairs = {
        "rank": (found["r"], wanted.r),
        "alpha": (found["lora_alpha"], wanted.lora_alpha),
        "targets": (sorted(found["target_modules"]), sorted(wanted.target_modules or ())),
        "adapter dora": (bool(found.get("use_dora")), wanted.use_dora),
    }
    for name, (has, asked) in pairs.items():
        if has != asked:
            raise InputError(
                f"{adapter}: its {name} is {has}, but sft asks for {asked}. An adapter goes on in the shape "
                "it was made in: set sft.lora and sft.adapter to that, or sft.continue_from to null."
            )


@contextmanager
def trained_weights_untouched(model: Any) -> Iterator[None]:
    """Undo what the block does to the type of an adapter's trained weights.

    TRL 1.16 rounds the adapter of a quantized model to bf16 when a trainer is made, and so starts from other
    weights than those of the adapter it was given.
    """
    kept = {}
    if hasattr(model, "peft_config"):
        kept = {name: p.data for name, p in model.named_parameters() if p.requires_grad}
    yield
    for name, parameter in model.named_parameters():
        if name in kept and parameter.dtype != kept[name].dtype:
            parameter.data = kept[name].to(parameter.device)


def save_trained(trainer: Any, job: TrainingJob, folder: Path) -> None:
    """Save the trained adapter, or the whole model with its tokenizer, and how it was made.

    All ranks call it. No pickled arguments, and no frozen reference of DPO.
    """
    state = trainer.accelerator.get_state_dict(trainer.model)  # gathers the shards of ZeRO-3
    if not trainer.is_world_process_zero():
        return
    model = trainer.accelerator.unwrap_model(trainer.model)
    if kind_of(job) == "full":
        model.config.use_cache = _uses_cache(Path(job.model))
        model.save_pretrained(str(folder), state_dict=state)
        trainer.processing_class.save_pretrained(str(folder))
    else:
        model.save_pretrained(str(folder), state_dict=state, selected_adapters=["default"])
    (folder / "README.md").unlink(missing_ok=True)
    write_record(folder, record_of(job))


def _uses_cache(base_model: Path) -> bool:
    """Read what the trainer has switched off; written with the weights, that would slow every answer."""
    return bool(json.loads((base_model / "config.json").read_text("utf-8")).get("use_cache", True))


def record_of(job: TrainingJob) -> dict[str, Any]:
    """Say how a job's weights are made: what is kept beside them."""
    return {
        "method": job.parameters.get("method", "sft") if job.method != "sft" else "sft",
        "adapter": kind_of(job),
        "quantized_base": quantized_base_of(job),
        "base_model": job.model,
        "started_from": job.adapter,
        "precision": job.precision,
    }


def quantized_base_of(job: TrainingJob) -> str | None:
    """Return the form of the frozen weights under the adapter: "nf4", "int8" or None for plain ones.

    What the machine can do has been settled before the job was written.
    """
    if job.method == "sft":
        asked = job.parameters.get("qlora", "never") != "never"
        return str(job.parameters["quantized_base"]) if asked else None
    folder = Path(str(job.adapter))
    return read_record(folder).get("quantized_base") if is_adapter(folder) else None
