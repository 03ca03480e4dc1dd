"""DeepSpeed's configuration as a pure function of parameters, and how its ranks meet."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from typing import Any


def zero_config(parameters: dict[str, Any], precision: str) -> dict[str, Any] | None:
    """Return DeepSpeed's configuration for a job's `zero_stage` and `offload`, or None for stage 0.

    Stage 1 shards optimizer states, 2 gradients too, 3 parameters too (Rajbhandari et al. 2020). "auto"
    values are filled in by the trainer from its own arguments.
    """
    if parameters["zero_stage"] == 0:
        return None
    return {
        "zero_optimization": _sharding(parameters["zero_stage"]) | _offloading(parameters["offload"]),
        "bf16": {"enabled": precision == "bf16"},
        "fp16": {"enabled": precision == "fp16"},
        "gradient_clipping": parameters["max_grad_norm"],
        "train_micro_batch_size_per_gpu": "auto",
        "gradient_accumulation_steps": "auto",
        "train_batch_size": "auto",
    }


def _sharding(stage: int) -> dict[str, Any]:
    sharding: dict[str, Any] = {"stage": stage, "overlap_comm": False, "contiguous_gradients": True}
    if stage == 3:
        # Without this a ZeRO-3 checkpoint is shards only, and no ordinary adapter can be saved from it.
        sharding["stage3_gather_16bit_weights_on_model_save"] = True
    return sharding


def _offloading(offload: str) -> dict[str, Any]:
    """Say what lies in the memory of the CPU; pinned, or every copy to a GPU would wait for a page."""
    parts = {"none": [], "optimizer": ["optimizer"], "optimizer+parameters": ["optimizer", "param"]}[offload]
    return {f"offload_{part}": {"device": "cpu", "pin_memory": True} for part in parts}


def join_ranks() -> None:
    """Join the process group as a DeepSpeed rank, on a CPU too; it waits for the other ranks.

    accelerate 1.15 knows DeepSpeed on accelerators only: told to use a CPU it trains plain data parallel
    without a word, whatever ZeRO stage was asked for, and not told so it finds no backend there and takes
    every rank for the first of one. So its state is set up here with the backend named, and the trainer is
    told to use that (`CONFIGURED`).
    """
    import torch
    from accelerate import PartialState

    os.environ["ACCELERATE_USE_DEEPSPEED"] = "true"  # read once, by the next line
    PartialState(backend="nccl" if torch.cuda.is_available() else "gloo")


#: The trainer's `accelerator_config` under ZeRO: use the state that `join_ranks` has set up.
CONFIGURED = {"use_configured_state": True}


@contextlib.contextmanager
def sharded_loading(config: dict[str, Any] | None) -> Iterator[None]:
    """Have transformers shard a model while it is loaded, under stage 3; otherwise do nothing.

    Without it every rank would hold the whole model in main memory first.
    """
    if config is None or config["zero_optimization"]["stage"] < 3:
        yield
        return
    from transformers.integrations.deepspeed import HfDeepSpeedConfig

    batch = {"train_micro_batch_size_per_gpu": 1, "gradient_accumulation_steps": 1}
    loading = {name: value for name, value in config.items() if value != "auto"} | batch
    keep = HfDeepSpeedConfig(loading)  # transformers holds only a weak reference to it
    yield
    del keep


def trained_weights(model: Any) -> dict[str, Any]:
    """Return the trained parameters whole, by name, on the first rank; the other ranks get an empty one.

    Every rank must call it: under stage 3 each holds a shard of each parameter, and they are put together one
    at a time, so that the frozen model of an adapter is never gathered.
    """
    from accelerate import PartialState

    weights = {}
    for name, parameter in model.named_parameters():
        if parameter.requires_grad:
            with _gathered(parameter):
                if PartialState().is_main_process:
                    weights[name] = parameter.detach().cpu().clone()
    return weights


def _gathered(parameter: Any) -> contextlib.AbstractContextManager[Any]:
    if not hasattr(parameter, "ds_id"):
        return contextlib.nullcontext()
    import deepspeed  # takes five seconds

    return deepspeed.zero.GatheredParameters(parameter)  # type: ignore[no-any-return]
