"""Read the prompt of a preference pair once, for both of its answers.

DPO scores prompt + chosen and prompt + rejected, and most of both is the same prompt. Here a pair becomes
one sequence: the common prefix, what is left of the chosen, what is left of the rejected. Position ids
start again at the end of the prefix, and a mask keeps the two answers from seeing each other, so that every
hidden state is what it would be in a sequence of its own.
"""

from __future__ import annotations

from typing import Any

import torch

#: Merged ids (B, M), additive mask (B, 1, M, M), position ids (B, M), and for each place of the
#: original batch (2B, L) its place in the flattened merged one.
Merged = tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]


def common_prefix(a: torch.Tensor, b: torch.Tensor) -> int:
    """Count the equal ids at the start of two sequences."""
    width = min(len(a), len(b))
    different = (a[:width] != b[:width]).nonzero()
    return int(different[0, 0]) if len(different) else width


def merge_pairs(ids: torch.Tensor, mask: torch.Tensor, dtype: torch.dtype) -> Merged:
    """Merge a batch (2B, L), chosen in its first half and rejected in its second, padded on the right."""
    pairs, width = len(ids) // 2, ids.size(1)
    lengths = mask.sum(1).tolist()
    shared = [common_prefix(ids[i, : lengths[i]], ids[i + pairs, : lengths[i + pairs]]) for i in range(pairs)]
    total = [lengths[i] + lengths[i + pairs] - shared[i] for i in range(pairs)]
    longest = max(total)
    merged = ids.new_zeros(pairs, longest)
    positions = ids.new_zeros(pairs, longest)
    allowed = torch.zeros(pairs, longest, longest, dtype=torch.bool, device=ids.device)
    places = ids.new_zeros(2 * pairs, width)
    causal = torch.ones(longest, longest, dtype=torch.bool, device=ids.device).tril()
    for i in range(pairs):
        chosen, rejected, prefix, end = lengths[i], lengths[i + pairs], shared[i], total[i]
        merged[i, :chosen] = ids[i, :chosen]
        merged[i, chosen:end] = ids[i + pairs, prefix:rejected]
        positions[i, :chosen] = torch.arange(chosen, device=ids.device)
        positions[i, chosen:end] = torch.arange(prefix, rejected, device=ids.device)
        allowed[i] = causal
        allowed[i, chosen:end, prefix:chosen] = False
        start = i * longest
        sequence = start + torch.arange(end, device=ids.device)
        places[i, :chosen] = sequence[:chosen]
        places[i + pairs, :rejected] = torch.cat([sequence[:prefix], sequence[chosen:]])
    additive = torch.zeros(allowed.shape, dtype=dtype, device=ids.device)
    additive.masked_fill_(~allowed, torch.finfo(dtype).min)
    return merged, additive[:, None], positions, places


def share_prefixes(backbone: Any) -> None:
    """Have a model without its head read merged pairs; what it returns is laid out as before."""
    original = backbone.forward

    def forward(input_ids: torch.Tensor, attention_mask: torch.Tensor, **kwargs: Any) -> Any:
        dtype = backbone.get_input_embeddings().weight.dtype
        merged, mask, positions, places = merge_pairs(input_ids, attention_mask, dtype)
        output = original(input_ids=merged, attention_mask=mask, position_ids=positions, **kwargs)
        output.last_hidden_state = output.last_hidden_state.flatten(0, 1)[places]
        return output

    backbone.forward = forward
