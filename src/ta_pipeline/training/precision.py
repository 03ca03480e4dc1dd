"""Choose the number format and the attention kernel by what the machine has."""

from __future__ import annotations

import importlib.util
from typing import TYPE_CHECKING, Literal

from ta_pipeline.records import InputError

if TYPE_CHECKING:
    import torch

Precision = Literal["bf16", "fp16", "fp32"]


def resolve_precision(asked: str) -> Precision:
    """Return "bf16" where the machine has hardware for it, else "fp16" on a GPU, else "fp32".

    GPUs have bf16 since Ampere, CPUs with AMX. A CPU without AMX computes bf16 more slowly than float32:
    166 against 330 GFLOP/s on two idle AVX-512 threads at this project's shapes. Raises InputError for a
    format that the machine cannot train in.
    """
    import torch

    if asked == "fp32":
        return "fp32"
    if torch.cuda.is_available():
        has_bf16 = torch.cuda.is_bf16_supported(including_emulation=False)
        if asked == "bf16" and not has_bf16:
            raise InputError("precision: bf16 is not supported by this GPU. Set it to auto, fp16 or fp32.")
        return "bf16" if asked != "fp16" and has_bf16 else "fp16"
    if asked == "fp16":
        raise InputError("precision: fp16 needs a GPU, and PyTorch sees none. Set it to auto, bf16 or fp32.")
    return "bf16" if asked == "bf16" or torch.cpu._is_amx_tile_supported() else "fp32"


def dtype_of(precision: str) -> torch.dtype:
    """Return PyTorch's type of a number format."""
    import torch

    return {"bf16": torch.bfloat16, "fp16": torch.float16, "fp32": torch.float32}[precision]


def attention_implementation(precision: str) -> str:
    """Return FlashAttention-2 where it is installed and can work (a GPU, half precision), else SDPA."""
    import torch

    installed = importlib.util.find_spec("flash_attn") is not None
    return "flash_attention_2" if precision != "fp32" and torch.cuda.is_available() and installed else "sdpa"
