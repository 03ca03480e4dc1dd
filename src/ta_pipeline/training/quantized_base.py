"""Frozen weights in 4 or 8 bits under a LoRA (QLoRA, Dettmers et al. 2023), by bitsandbytes.

Whether bitsandbytes works is found out by trying: a wheel that installs is not yet a wheel that computes on
this machine.
"""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import Any, Literal

from ta_pipeline.records import InputError
from ta_pipeline.training.precision import dtype_of
from ta_pipeline.training.trained_model import is_adapter, read_record

logger = logging.getLogger(__name__)

Form = Literal["nf4", "int8"]
_CURE = "Install it with `pip install -e '.[qlora]'`"


def fault_of(form: Form) -> str | None:
    """Say why a quantized layer cannot be trained through on this machine; None where it can."""
    import torch

    device = "cuda" if torch.cuda.is_available() else "cpu"
    try:
        import bitsandbytes as bnb

        layer = (
            bnb.nn.Linear4bit(64, 64, bias=False, quant_type="nf4")
            if form == "nf4"
            else bnb.nn.Linear8bitLt(64, 64, bias=False, has_fp16_weights=False)
        ).to(device)
        x = torch.ones(4, 64, device=device, dtype=torch.bfloat16, requires_grad=True)
        layer(x).sum().backward()
    except Exception as error:  # ImportError, RuntimeError, OSError: by version and machine
        return f"{type(error).__name__}: {error}"
    return None


def choose_form(method: str, adapter: Path | None, parameters: dict[str, Any]) -> tuple[Form | None, str]:
    """Return the form of the frozen weights, None for plain ones, and in words why they are plain.

    Preference training takes the form that its adapter was trained on, which that adapter's record says: its
    reference is that very model. Raises InputError where bitsandbytes does not work and must.
    """
    form: Form | None = parameters.get("quantized_base")
    asked = parameters.get("qlora", "required")
    if method != "sft":
        form = read_record(adapter).get("quantized_base") if adapter and is_adapter(adapter) else None
    if asked == "never" or form is None:
        return None, ""
    fault = fault_of(form)
    if fault is None:
        return form, ""
    if asked == "required":
        raise InputError(
            f"{method}: the base model cannot be quantized ({form}): bitsandbytes does not work here "
            f"({fault}). {_CURE}, or train with sft.qlora=never."
        )
    logger.warning(
        "%s: bitsandbytes does not work here (%s), so this is plain LoRA. %s.", method, fault, _CURE
    )
    return None, f"bitsandbytes does not work here: {fault}"


def loading_arguments(form: str | None, precision: str) -> dict[str, Any]:
    """Return what `from_pretrained` needs to quantize while it loads; nothing for plain weights."""
    if form is None:
        return {}
    import torch
    from transformers import BitsAndBytesConfig

    config = (
        BitsAndBytesConfig(
            load_in_4bit=True,
            bnb_4bit_quant_type="nf4",
            bnb_4bit_use_double_quant=True,
            bnb_4bit_compute_dtype=dtype_of(precision),
        )
        if form == "nf4"
        else BitsAndBytesConfig(load_in_8bit=True)
    )
    rank = int(os.environ.get("LOCAL_RANK", "0"))
    device = f"cuda:{rank}" if torch.cuda.is_available() else "cpu"
    return {"quantization_config": config, "device_map": {"": device}}
