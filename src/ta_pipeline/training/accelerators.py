"""Liger's Triton kernels, where there is a GPU that runs them: found out, never asked for."""

from __future__ import annotations

import importlib.util
from collections.abc import Collection
from typing import Any


def liger_families() -> frozenset[str]:
    """Return the `model_type`s that Liger has kernels for; none without a GPU or the extra `liger`."""
    import torch

    if not torch.cuda.is_available() or importlib.util.find_spec("liger_kernel") is None:
        return frozenset()
    from liger_kernel.transformers.monkey_patch import MODEL_TYPE_TO_APPLY_LIGER_FN

    return frozenset(MODEL_TYPE_TO_APPLY_LIGER_FN)


def liger_arguments(model_type: str, families: Collection[str]) -> dict[str, Any]:
    """Return the trainer arguments that switch Liger on for a model of its `families`; else none.

    Its kernels take the place of the norm, the rotation and the gated unit. Its losses stay off: they compute
    the head at every position, which the trainers here do only where a label counts.
    """
    if model_type not in families:
        return {}
    losses = {"cross_entropy": False, "fused_linear_cross_entropy": False}
    return {"use_liger_kernel": True, "liger_kernel_config": losses}
