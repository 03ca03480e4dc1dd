"""Read once what several rows have in common.

Rows often begin alike: two questions over one lecture's passages, the two answers of a preference pair. Here
rows become one sequence in which each reads the longest beginning that it shares with an earlier row where
that already stands, and then itself only. Position ids go on from there, so that every hidden state and every
gradient is what it would be in a sequence of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import torch

from ta_pipeline.training.layers.row_attention import Row

#: A shorter common beginning is read again: attention over a prefix needs a mask, which costs more than that.
LEAST = 16


class Merged(NamedTuple):
    """Rows of T tokens in all as one sequence of M tokens, M at most T."""

    ids: torch.Tensor  # (1, M)
    positions: torch.Tensor  # (1, M)
    rows: list[Row]
    places: (
        torch.Tensor
    )  # (T,): where each token of the rows, one row after the other, stands in the sequence


def common_prefix(a: torch.Tensor, b: torch.Tensor) -> int:
    """Count the equal ids at the start of two sequences."""
    width = min(len(a), len(b))
    different = (a[:width] != b[:width]).nonzero()
    return int(different[0, 0]) if len(different) else width


def merge_rows(ids: torch.Tensor, lengths: Sequence[int], least: int = LEAST) -> Merged:
    """Merge rows that follow each other in `ids` (T); a beginning of under `least` tokens is not shared."""
    sequences = ids.cpu().split(list(lengths))
    places: list[torch.Tensor] = []
    rows: list[Row] = []
    own, positions, start = [], [], 0
    for row, sequence in enumerate(sequences):
        shared, home = max(((common_prefix(sequence, sequences[i]), -i) for i in range(row)), default=(0, 0))
        prefix = places[-home][:shared] if shared >= least else torch.empty(0, dtype=torch.long)
        end = start + len(sequence) - len(prefix)
        places.append(torch.cat([prefix, torch.arange(start, end)]))
        own.append(sequence[len(prefix) :])
        positions.append(torch.arange(len(prefix), len(sequence)))
        if end > start:  # a row may be the beginning of another
            rows.append(Row(start, end, _spans(prefix)))
        start = end
    merged = (torch.cat(own)[None], torch.cat(positions)[None], torch.cat(places))
    return Merged(merged[0].to(ids.device), merged[1].to(ids.device), rows, merged[2].to(ids.device))


def _spans(places: torch.Tensor) -> tuple[tuple[int, int], ...]:
    """Write places as runs of neighbours, (start, end)."""
    if not len(places):
        return ()
    breaks = (places.diff() != 1).nonzero()[:, 0].tolist()
    firsts, lasts = [0, *(place + 1 for place in breaks)], [*breaks, len(places) - 1]
    return tuple((int(places[a]), int(places[b]) + 1) for a, b in zip(firsts, lasts, strict=True))


def merge_pairs(ids: torch.Tensor, mask: torch.Tensor, least: int = LEAST) -> Merged:
    """Merge a batch (2B, L), chosen in its first half and rejected in its second, padded on the right.

    `places` has the shape of the batch, and means nothing where it is padding.
    """
    order = [row for i in range(len(ids) // 2) for row in (i, i + len(ids) // 2)]
    lengths = mask.sum(1).tolist()
    flat = torch.cat([ids[row, : lengths[row]] for row in order])
    merged = merge_rows(flat, [lengths[row] for row in order], least)
    places = torch.zeros_like(ids)
    for row, part in zip(order, merged.places.split([lengths[row] for row in order]), strict=True):
        places[row, : len(part)] = part
    return merged._replace(places=places)


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
