"""How much arithmetic a training step is, and how much the machine could do in the same time.

Counted is what the method needs: logits that are skipped, the masked half of attention and what gradient
checkpointing computes twice are no work. Sources: Kaplan et al. 2020, appendix B, less the weight gradients
that LoRA does not take.
"""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from torch import nn

from ta_pipeline.training.layers.row_attention import Row

#: What reads the embeddings; where those are not trained, nobody asks for the gradient of this input.
_FIRST = re.compile(r"layers\.0\.self_attn\.[qkv]_proj(\.base_layer|\.lora_A\.\w+)?$")
_ADAPTER = re.compile(r"\.lora_[AB]\.(\w+)$")


class Matrices(NamedTuple):
    """Entries of the matrices that every token is multiplied with, by what a step does to them."""

    frozen: int  # forward and the gradient of the input
    trained: int  # and the gradient of the matrix
    first: int  # of both, those whose input needs no gradient


def count_matrices(model: Any, adapter: str = "default") -> Matrices:
    """Count the entries of a model's matrices with one of its adapters, its head left out.

    Quantized weights count as what they stand for, and the shards of ZeRO-3 as the whole.
    """
    head = model.get_output_embeddings()
    counted = [
        (name, module.in_features * module.out_features, module.weight.requires_grad)
        for name, module in model.named_modules()
        if isinstance(module, nn.Linear) and module is not head and _is_used(name, adapter)
    ]
    learns_embedding = model.get_input_embeddings().weight.requires_grad
    return Matrices(
        frozen=sum(size for _, size, trained in counted if not trained),
        trained=sum(size for _, size, trained in counted if trained),
        first=sum(size for name, size, _ in counted if not learns_embedding and _FIRST.search(name)),
    )


def _is_used(name: str, adapter: str) -> bool:
    found = _ADAPTER.search(name)
    return found is None or found[1] == adapter


def lora_flops(model: Any, rows: Sequence[Row], supervised: int) -> float:
    """Count the FLOP of one training step over rows, a prefix that they share once.

    A token costs 4 N for a frozen matrix (forward, gradient of its input) and 6 N for a trained one, so full
    fine-tuning costs 6 N; the head costs that for the `supervised` positions alone. An embedding lookup
    counts as zero.
    """
    matrices = count_matrices(model)
    tokens = sum(row.end - row.start for row in rows)
    head = model.get_output_embeddings()
    of_head = (6 if head.weight.requires_grad else 4) * head.in_features * head.out_features
    a_token = 4 * matrices.frozen + 6 * matrices.trained - 2 * matrices.first
    return float(tokens * a_token + supervised * of_head + 3 * attention_flops(model.config, rows))


def reference_flops(model: Any, rows: Sequence[Row], supervised: int, adapter: str = "ref") -> float:
    """Count the FLOP of DPO's reference over the same rows: a forward with its adapter, 2 N a token."""
    frozen, trained, _ = count_matrices(model, adapter)
    tokens = sum(row.end - row.start for row in rows)
    head = model.get_output_embeddings()
    of_head = 2 * head.in_features * head.out_features
    forward = tokens * 2 * (frozen + trained) + supervised * of_head
    return float(forward + attention_flops(model.config, rows))


def attention_flops(config: Any, rows: Sequence[Row]) -> float:
    """Count the FLOP of attention's two products in a forward; the backward costs twice that.

    A pair of tokens of which one sees the other costs 4 d a layer, d the width of all heads.
    """
    config = config.get_text_config()
    size = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    window = getattr(config, "sliding_window", None)
    kinds = getattr(config, "layer_types", None)
    if kinds is None:
        kinds = ["sliding_attention" if window else "full_attention"] * config.num_hidden_layers
    windows = [window if kind == "sliding_attention" else None for kind in kinds]
    pairs = {window: sum(_pairs(row, window) for row in rows) for window in set(windows)}
    return float(4 * config.num_attention_heads * size * sum(pairs[window] for window in windows))


def _pairs(row: Row, window: int | None) -> int:
    """Count what the tokens of a row see: of themselves, the row before them and its prefix."""
    first, last = row.shared + 1, row.shared + row.end - row.start
    if window is None or last <= window:
        return (first + last) * (last - first + 1) // 2
    rising = max(window - first + 1, 0)
    return (first + window) * rising // 2 + window * (last - first + 1 - rising)


class Peak:
    """What matrix products of a model's shapes reach on this machine, sampled as often as one likes.

    A shared machine changes its speed by the second: sample between steps.
    """

    def __init__(self, hidden: int, intermediate: int, precision: str, tokens: int = 2048) -> None:
        device = "cuda" if torch.cuda.is_available() else "cpu"
        dtype = torch.bfloat16 if precision == "bf16" else torch.float32
        shapes = [(hidden, intermediate), (intermediate, hidden)]
        self._factors = [
            [torch.randn(shape, device=device, dtype=dtype) for shape in ((tokens, rows), (rows, columns))]
            for rows, columns in shapes
        ]
        self._flop = 2 * tokens * hidden * intermediate
        self.rates: list[float] = []

    def sample(self, seconds: float) -> None:
        """Multiply for that long, at least once each shape."""
        end = time.perf_counter() + seconds
        with torch.no_grad():
            while True:
                for a, b in self._factors:
                    start = time.perf_counter()
                    a @ b
                    if a.is_cuda:
                        torch.cuda.synchronize()
                    self.rates.append(self._flop / (time.perf_counter() - start))
                if time.perf_counter() >= end:
                    return

    @property
    def flops(self) -> float:
        """The 90th percentile of the rates, in FLOP/s."""
        return sorted(self.rates)[int(0.9 * (len(self.rates) - 1))]


def peak_flops(hidden: int, precision: str, seconds: float = 0.3) -> float:
    """Measure the machine's rate on matrix products of the model's width, in FLOP/s (90th percentile)."""
    peak = Peak(hidden, max(4 * hidden, 256), precision)
    peak.sample(seconds)
    return peak.flops
