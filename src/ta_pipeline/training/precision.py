"""Choose the number format and the attention kernel by what the machine has."""

from __future__ import annotations

import importlib.util
from typing import Literal

from ta_pipeline.records import InputError


def resolve_precision(asked: str) -> Literal["bf16", "fp32"]:
    """Return "bf16" where the machine has hardware for it, else "fp32".

    GPUs have it since Ampere, CPUs with AMX. A CPU without AMX computes bf16 more slowly than float32:
    166 against 330 GFLOP/s on two idle AVX-512 threads at this project's shapes.
    """
    import torch

    if asked == "fp32":
        return "fp32"
    if torch.cuda.is_available():
        if torch.cuda.is_bf16_supported(including_emulation=False):
            return "bf16"
        if asked == "bf16":
            raise InputError("precision: bf16 is not supported by this GPU. Set it to auto or fp32.")
        return "fp32"
    return "bf16" if asked == "bf16" or torch.cpu._is_amx_tile_supported() else "fp32"


def attention_implementation(precision: str) -> str:
    """Return FlashAttention-2 where it is installed and can work (a GPU, half precision), else SDPA."""
    import torch

    installed = importlib.util.find_spec("flash_attn") is not None
    return "flash_attention_2" if precision == "bf16" and torch.cuda.is_available() and installed else "sdpa"
