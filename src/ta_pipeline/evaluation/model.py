"""Load an artefact for evaluation: a model folder, with an adapter merged in, or a GGUF dequantized."""

from __future__ import annotations

import importlib.metadata
from pathlib import Path
from typing import Any

from ta_pipeline.chat.families import trusts_remote_code
from ta_pipeline.progress import quiet_loading


def load_for_evaluation(
    model: Path, precision: str, adapter: Path | None = None, gguf_file: str | None = None
) -> Any:
    """Load a causal language model in evaluation mode, in "bf16" or "fp32".

    An adapter is merged in float32 before the cast, as the deployed model is. `gguf_file` is a file in
    the folder `model`, whose weights are dequantized.
    """
    import torch
    from transformers import AutoModelForCausalLM

    quiet_loading()
    dtype = torch.bfloat16 if precision == "bf16" else torch.float32
    loaded = AutoModelForCausalLM.from_pretrained(
        model,
        dtype=torch.float32 if adapter else dtype,
        attn_implementation="sdpa",  # nothing is padded, and `reading` replaces it by its own
        trust_remote_code=trusts_remote_code(Path(model)),
        **({"gguf_file": gguf_file} if gguf_file else {}),
    )
    if adapter is not None:
        from peft import PeftModel

        loaded = PeftModel.from_pretrained(loaded, adapter).merge_and_unload()
    loaded = loaded.to(dtype).eval()
    return loaded.cuda() if torch.cuda.is_available() else loaded


def engine_name(precision: str, gguf: bool = False) -> str:
    """Say which engine gave a figure, for the report."""
    version = importlib.metadata.version("transformers")
    return f"transformers {version} {precision}" + (", weights dequantized from GGUF" if gguf else "")
