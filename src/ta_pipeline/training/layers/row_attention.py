"""Attend row by row in a sequence that holds several rows.

A mask over the whole sequence costs what all pairs of tokens cost; most of them belong to different rows, and
half of the others lie in the future. Here every row is one causal call without a mask: on two cores with the
bundled model that takes half the time. A row may also read a prefix that stands elsewhere in the sequence
(`shared_prefix.py`). What the rows are is the callers' business.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from torch.nn.functional import scaled_dot_product_attention
from transformers import AttentionInterface, AttentionMaskInterface
from transformers.integrations.sdpa_attention import sdpa_attention_forward
from transformers.masking_utils import sdpa_mask

NAME = "sdpa_by_row"


class Row(NamedTuple):
    """A row's own place in the sequence, and the spans (start, end) of the prefix that it reads first."""

    start: int
    end: int
    prefix: tuple[tuple[int, int], ...] = ()

    @property
    def shared(self) -> int:
        """Tokens of the prefix."""
        return sum(end - start for start, end in self.prefix)


def use_row_attention(model: Any) -> bool:
    """Have a model attend by row whenever it is called with `rows`, which follow each other without a gap.

    Without `rows` it attends as before. Returns False, and changes nothing, where its attention is of another
    kind: FlashAttention, windows, code of its own.
    """
    config = model.config
    full = set(getattr(config, "layer_types", None) or ["full_attention"]) == {"full_attention"}
    windowed = getattr(config, "sliding_window", None) and getattr(config, "use_sliding_window", True)
    if config._attn_implementation != "sdpa" or not model._supports_attention_backend or windowed or not full:
        return False
    AttentionInterface.register(NAME, _attend)
    AttentionMaskInterface.register(NAME, sdpa_mask)
    model.set_attn_implementation(NAME)
    return True


def _attend(
    module: Any,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    dropout: float = 0.0,
    scaling: float | None = None,
    rows: list[Row] | None = None,
    **kwargs: Any,
) -> tuple[torch.Tensor, None]:
    """Attend as SDPA does; shapes are (1, heads, tokens, size) in and (1, tokens, heads, size) out."""
    if rows is None:
        return sdpa_attention_forward(
            module, query, key, value, attention_mask, dropout=dropout, scaling=scaling, **kwargs
        )
    sizes = [row.end - row.start for row in rows]
    parts = []
    for row, q, k, v in zip(rows, *(x.split(sizes, 2) for x in (query, key, value)), strict=True):
        keys = torch.cat([*(key[:, :, start:end] for start, end in row.prefix), k], dim=2)
        values = torch.cat([*(value[:, :, start:end] for start, end in row.prefix), v], dim=2)
        shape = (q.shape[2], keys.shape[2])
        mask = q.new_ones(shape, dtype=torch.bool).tril(row.shared) if row.prefix else None
        part = scaled_dot_product_attention(
            q, keys, values, mask, dropout, is_causal=mask is None, scale=scaling, enable_gqa=True
        )
        parts.append(part.transpose(1, 2))
    return torch.cat(parts, dim=1), None
