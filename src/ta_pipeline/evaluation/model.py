"""Load an artefact for evaluation: a model, what was trained of it merged in, or a GGUF dequantized."""

from __future__ import annotations

import importlib.metadata
from pathlib import Path
from typing import Any

from ta_pipeline.progress import quiet_loading


def load_for_evaluation(
    model: Path, precision: str, adapter: Path | None = None, gguf_file: str | None = None
) -> Any:
    """Load a causal language model in evaluation mode, in "bf16", "fp16" or "fp32".

    `adapter` is what was trained: an adapter, which is merged in float32 before the cast, as the deployed
    model is, or a whole model, which takes the place of `model`. `gguf_file` is a file in the folder `model`,
    whose weights are dequantized.
    """
    import torch

    from ta_pipeline.training.precision import dtype_of
    from ta_pipeline.training.trained_model import load_trained, merged

    quiet_loading()
    dtype = dtype_of(precision)
    loaded = load_trained(
        model,
        adapter,
        dtype=torch.float32 if adapter else dtype,
        attn_implementation="sdpa",  # nothing is padded, and `reading` replaces it by its own
        **({"gguf_file": gguf_file} if gguf_file else {}),
    )
    loaded = merged(loaded).to(dtype).eval()
    return loaded.cuda() if torch.cuda.is_available() else loaded


def engine_name(precision: str, gguf: bool = False) -> str:
    """Say which engine gave a figure, for the report."""
    version = importlib.metadata.version("transformers")
    return f"transformers {version} {precision}" + (", weights dequantized from GGUF" if gguf else "")
