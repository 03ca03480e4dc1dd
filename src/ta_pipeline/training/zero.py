"""DeepSpeed's configuration as a pure function of parameters."""

from __future__ import annotations

from typing import Any


def zero_config(stage: int, precision: str, max_grad_norm: float) -> dict[str, Any] | None:
    """Return DeepSpeed's configuration for a ZeRO stage, or None for stage 0 (plain data parallel).

    Stage 1 shards optimizer states, 2 gradients too, 3 parameters too (Rajbhandari et al. 2020). "auto"
    values are filled in by the trainer from its own arguments.
    """
    if stage == 0:
        return None
    zero: dict[str, Any] = {"stage": stage, "overlap_comm": False, "contiguous_gradients": True}
    if stage == 3:
        # Without this a ZeRO-3 checkpoint is shards only, and no ordinary adapter can be saved from it.
        zero["stage3_gather_16bit_weights_on_model_save"] = True
    return {
        "zero_optimization": zero,
        "bf16": {"enabled": precision == "bf16"},
        "gradient_clipping": max_grad_norm,
        "train_micro_batch_size_per_gpu": "auto",
        "gradient_accumulation_steps": "auto",
        "train_batch_size": "auto",
    }
