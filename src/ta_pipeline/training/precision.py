"""Choose the number format by what the machine has."""

from __future__ import annotations

from typing import Literal


def resolve_precision(asked: str) -> Literal["bf16", "fp32"]:
    """Return "bf16" where the machine computes it (any CPU does, GPUs since Ampere), else "fp32"."""
    if asked == "fp32":
        return "fp32"
    import torch

    if torch.cuda.is_available() and not torch.cuda.is_bf16_supported():
        if asked == "bf16":
            from ta_pipeline.records import InputError

            raise InputError("precision: bf16 is not supported by this GPU. Set it to auto or fp32.")
        return "fp32"
    return "bf16"
