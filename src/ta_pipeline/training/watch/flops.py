"""How much arithmetic a training step is, and how much the machine could do in the same time."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from ta_pipeline.training.layers.row_attention import Row


def lora_flops(model: Any, rows: Sequence[Row], supervised: int) -> float:
    """Count the FLOP of one LoRA step over packed rows, a shared prefix counted once.

    4 N a token for a frozen matrix (forward and the gradient of its input), 6 N for a trained one,
    2 N + 2 N more for the head where it is computed (`supervised` positions), attention over each row's own
    causal half: 4 L^2/2 d a layer forward, twice that backward. An embedding lookup counts as zero (Kaplan
    et al. 2020, appendix B, less the weight gradients that LoRA does not take).
    """
    config = model.config.get_text_config()
    head = model.get_output_embeddings().weight
    embedding = model.get_input_embeddings().weight
    skipped = {id(head), id(embedding)}
    frozen = trained = 0
    for parameter in model.parameters():
        if id(parameter) in skipped or parameter.dim() < 2:
            continue
        if parameter.requires_grad:
            trained += parameter.numel()
        else:
            frozen += parameter.numel()
    tokens = sum(row.end - row.start for row in rows)
    pairs = sum((row.shared + row.end - row.start) ** 2 - row.shared**2 for row in rows)
    width = config.num_attention_heads * getattr(
        config, "head_dim", config.hidden_size // config.num_attention_heads
    )
    attention = 6 * width * config.num_hidden_layers * pairs
    return float(tokens * (4 * frozen + 6 * trained) + supervised * 4 * head.numel() + attention)


def peak_flops(hidden: int, precision: str, seconds: float = 0.3) -> float:
    """Measure the machine's rate on matrix products of the model's width, in FLOP/s (90th percentile)."""
    import torch

    device = "cuda" if torch.cuda.is_available() else "cpu"
    dtype = torch.bfloat16 if precision == "bf16" else torch.float32
    rows, columns = 2048, max(4 * hidden, 256)
    a = torch.randn(rows, hidden, device=device, dtype=dtype)
    b = torch.randn(hidden, columns, device=device, dtype=dtype)
    rates: list[float] = []
    end = time.perf_counter() + seconds
    with torch.no_grad():
        while time.perf_counter() < end or len(rates) < 3:
            start = time.perf_counter()
            a @ b
            if device == "cuda":
                torch.cuda.synchronize()
            rates.append(2 * rows * hidden * columns / (time.perf_counter() - start))
    return sorted(rates)[int(0.9 * (len(rates) - 1))]
