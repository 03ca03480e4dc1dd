"""Read the prompt of a preference pair once, for both of its answers.

DPO scores prompt + chosen and prompt + rejected, and most of both is the same prompt. Here pairs become one
sequence of rows: prompt and chosen of the first pair, what is left of its rejected, and so on. Position ids
start again at the end of the common prefix, and a rejected answer reads that prefix and itself only, so that
every hidden state is what it would be in a sequence of its own.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import torch

from ta_pipeline.training.row_attention import Row


class Merged(NamedTuple):
    """Pairs as one sequence of M tokens."""

    ids: torch.Tensor  # (1, M)
    positions: torch.Tensor  # (1, M)
    rows: list[Row]
    places: torch.Tensor  # (2B, L): where each token of the batch stands in the sequence


def common_prefix(a: torch.Tensor, b: torch.Tensor) -> int:
    """Count the equal ids at the start of two sequences."""
    width = min(len(a), len(b))
    different = (a[:width] != b[:width]).nonzero()
    return int(different[0, 0]) if len(different) else width


def merge_pairs(ids: torch.Tensor, mask: torch.Tensor) -> Merged:
    """Merge a batch (2B, L), chosen in its first half and rejected in its second, padded on the right."""
    pairs, lengths = len(ids) // 2, mask.sum(1).tolist()
    parts: list[torch.Tensor] = []
    positions: list[torch.Tensor] = []
    rows: list[Row] = []
    places = torch.zeros_like(ids)
    start = 0
    for i in range(pairs):
        chosen, rejected = ids[i, : lengths[i]], ids[i + pairs, : lengths[i + pairs]]
        prefix, counted = common_prefix(chosen, rejected), torch.arange(ids.size(1), device=ids.device)
        middle = start + len(chosen)
        end = middle + len(rejected) - prefix
        parts += [chosen, rejected[prefix:]]
        positions += [counted[: len(chosen)], counted[prefix : len(rejected)]]
        rows += [Row(start, middle), Row(middle, end, start, start + prefix)]
        places[i, : len(chosen)] = start + positions[-2]
        places[i + pairs, :prefix] = start + counted[:prefix]
        places[i + pairs, prefix : len(rejected)] = middle - prefix + positions[-1]
        start = end
    rows = [row for row in rows if row.end > row.start]  # a rejected answer may be the start of the chosen
    return Merged(torch.cat(parts)[None], torch.cat(positions)[None], rows, places)


def share_prefixes(backbone: Any) -> None:
    """Have a model without its head read merged pairs; what it returns is laid out as before.

    The model must attend by row.
    """
    original = backbone.forward

    def forward(input_ids: torch.Tensor, attention_mask: torch.Tensor, **kwargs: Any) -> Any:
        merged = merge_pairs(input_ids, attention_mask)
        output = original(input_ids=merged.ids, position_ids=merged.positions, rows=merged.rows, **kwargs)
        output.last_hidden_state = output.last_hidden_state[0][merged.places]
        return output

    backbone.forward = forward
