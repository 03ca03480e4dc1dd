"""Attend row by row in a sequence that holds several rows.

A mask over the whole sequence costs what all pairs of tokens cost; most of them belong to different rows, and
half of the others lie in the future. Here every row is one causal call without a mask: on two cores with the
bundled model that takes half the time. A row may also read a prefix that stands elsewhere in the sequence
(`shared_prefix.py`). What the rows are is the callers' business.

A GPU reads all rows in one call: FlashAttention for sequences of different lengths, which PyTorch carries.
A backward by matrix products in float32 is 1.4 to 3 times slower here than PyTorch's own, so that stays.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import accumulate
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


#: Families with sliding windows that hand the window to the attention function, as `_attend` needs it.
_WINDOWED = {"mistral", "qwen2", "qwen3"}


def use_row_attention(model: Any) -> bool:
    """Have a model attend by row whenever it is called with `rows`, which follow each other without a gap.

    Without `rows` it attends as before. Returns False, and changes nothing, where its attention is of another
    kind: FlashAttention's package, windows of other families, code of its own.
    """
    config = model.config
    if config._attn_implementation != "sdpa" or not model._supports_attention_backend:
        return False
    kinds = set(getattr(config, "layer_types", None) or ["full_attention"])
    windowed = getattr(config, "sliding_window", None) and getattr(config, "use_sliding_window", True)
    if (windowed or kinds != {"full_attention"}) and config.model_type not in _WINDOWED:
        return False
    if not kinds <= {"full_attention", "sliding_attention"}:
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
    sliding_window: int | None = None,
    **kwargs: Any,
) -> tuple[torch.Tensor, None]:
    """Attend as SDPA does; shapes are (1, heads, tokens, size) in and (1, tokens, heads, size) out."""
    if rows is None:
        return sdpa_attention_forward(
            module, query, key, value, attention_mask, dropout=dropout, scaling=scaling, **kwargs
        )
    if _has_varlen(query) and not dropout:
        return _attend_at_once(query, key, value, rows, scaling, sliding_window), None
    sizes = [row.end - row.start for row in rows]
    parts = []
    for row, q, own_key, own_value in zip(
        rows, *(x.split(sizes, 2) for x in (query, key, value)), strict=True
    ):
        k, v = _behind_prefix(row, key, own_key), _behind_prefix(row, value, own_value)
        mask = _mask(row, sliding_window, query.device)
        part = scaled_dot_product_attention(
            q, k, v, mask, dropout, is_causal=mask is None, scale=scaling, enable_gqa=True
        )
        parts.append(part.transpose(1, 2))
    return torch.cat(parts, dim=1), None


def _behind_prefix(row: Row, whole: torch.Tensor, own: torch.Tensor) -> torch.Tensor:
    """Put a row's own keys or values behind those of its prefix."""
    if not row.prefix:
        return own
    return torch.cat([*(whole[:, :, start:end] for start, end in row.prefix), own], dim=2)


def _mask(row: Row, window: int | None, device: torch.device) -> torch.Tensor | None:
    """Return what a row's own tokens (first axis) see of prefix and row; None for plain causal attention."""
    own, total = row.end - row.start, row.end - row.start + row.shared
    if not row.prefix and (window is None or total <= window):
        return None
    seen = torch.ones(own, total, dtype=torch.bool, device=device).tril(row.shared)
    return seen if window is None else seen.triu(row.shared - window + 1)


def _has_varlen(query: torch.Tensor) -> bool:
    """Tell whether PyTorch's FlashAttention takes these queries: a GPU since Ampere, half precision."""
    return (
        query.is_cuda
        and query.dtype in (torch.bfloat16, torch.float16)
        and torch.cuda.get_device_capability(query.device) >= (8, 0)
    )


class Flat(NamedTuple):
    """Rows as FlashAttention takes them: `keys` lists what each row reads, one row after the other."""

    keys: torch.Tensor  # places in the sequence
    query_bounds: torch.Tensor  # (rows + 1,), int32
    key_bounds: torch.Tensor  # (rows + 1,), int32
    longest_query: int
    longest_key: int


@lru_cache(maxsize=4)  # every layer of a step asks for the same rows
def flatten_rows(rows: tuple[Row, ...], device: torch.device) -> Flat:
    """List the keys that rows read, prefix first, and where each row's queries and keys begin."""
    places = [torch.arange(start, end) for row in rows for start, end in (*row.prefix, (row.start, row.end))]
    queries = [row.end - row.start for row in rows]
    keys = [row.end - row.start + row.shared for row in rows]
    bounds = (torch.tensor([0, *accumulate(sizes)], dtype=torch.int32) for sizes in (queries, keys))
    query_bounds, key_bounds = (each.to(device) for each in bounds)
    return Flat(torch.cat(places).to(device), query_bounds, key_bounds, max(queries), max(keys))


def _attend_at_once(
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    rows: Sequence[Row],
    scaling: float | None,
    window: int | None,
) -> torch.Tensor:
    """Attend in one call; where a row reads more keys than it has queries, the last of both meet."""
    from torch.nn.attention.varlen import varlen_attn

    flat = flatten_rows(tuple(rows), query.device)
    q, k, v = (each[0].transpose(0, 1) for each in (query, key, value))
    if any(row.prefix for row in rows):
        k, v = k.index_select(0, flat.keys), v.index_select(0, flat.keys)
    out = varlen_attn(
        q,
        k,
        v,
        flat.query_bounds,
        flat.key_bounds,
        flat.longest_query,
        flat.longest_key,
        scale=scaling,
        window_size=(-1 if window is None else window - 1, 0),
        enable_gqa=True,
    )
    return out[None]  # type: ignore[no-any-return,index]
