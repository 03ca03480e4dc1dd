"""Liger's Triton kernels, where there is a GPU that runs them: found out, never asked for."""

from __future__ import annotations

import importlib.util
from typing import Any


def liger_families() -> frozenset[str]:
    """Return the `model_type`s that Liger has kernels for; none without a GPU or the extra `liger`."""
    import torch

    if not torch.cuda.is_available() or importlib.util.find_spec("liger_kernel") is None:
        return frozenset()
    from liger_kernel.transformers.monkey_patch import MODEL_TYPE_TO_APPLY_LIGER_FN

    return frozenset(MODEL_TYPE_TO_APPLY_LIGER_FN)


def use_liger(model: Any) -> bool:
    """Have Liger compute a model's norms, rotation and gated units; False where it has no kernels for them.

    Its losses stay off: they compute the head at every position, which the trainers here do only where a
    label counts. TRL's own switch would also take its preference loss.
    """
    if model.config.get_text_config().model_type not in liger_families():
        return False
    from transformers.integrations.liger import apply_liger_kernel

    apply_liger_kernel(model, {"cross_entropy": False, "fused_linear_cross_entropy": False})
    return True
