"""The loss of the head where a label counts, a chunk of positions at a time.

All logits in float32 are the largest thing that training a small model holds: 49,152 for each position of
the bundled one. Here a chunk's softmax becomes the gradient of its hidden states while it is there, and is
forgotten.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch.autograd.function import once_differentiable
from transformers.utils import ModelOutput

from ta_pipeline.training.layers.elementwise import kernels

#: Positions whose logits are there at the same time: fewer make the product with the head slow.
CHUNK = 256


@dataclass
class SupervisedOutput(ModelOutput):  # type: ignore[misc]
    """What a model returns when it is called with targets; N positions count."""

    loss: torch.Tensor | None = None  # weighted sum over the positions
    token_losses: torch.Tensor | None = None  # (N,), unweighted, without a gradient
    correct: torch.Tensor | None = None  # (N,), whether the target has the largest logit (a tie counts)


def head_loss(
    hidden: torch.Tensor,
    weight: torch.Tensor,
    targets: torch.Tensor,
    weights: torch.Tensor | None = None,
    label_smoothing: float = 0.0,
    chunk: int = CHUNK,
) -> SupervisedOutput:
    """Return the cross entropy of `hidden` (N, width) under a head (vocabulary, width), as PyTorch defines it.

    `targets` and `weights` are (N,); the loss is the sum of weight times loss, and it alone has a gradient.
    """
    learns = torch.is_grad_enabled()
    wanted = (learns and hidden.requires_grad, learns and weight.requires_grad)
    with torch.autocast(hidden.device.type, enabled=False):
        if weights is None:
            weights = torch.ones(len(targets), device=hidden.device)
        given = (hidden.to(weight.dtype), weight, targets, weights.float(), label_smoothing, chunk, wanted)
        return SupervisedOutput(*_HeadLoss.apply(*given))


class _HeadLoss(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        hidden: torch.Tensor,
        weight: torch.Tensor,
        targets: torch.Tensor,
        weights: torch.Tensor,
        smoothing: float,
        chunk: int,
        wanted: tuple[bool, bool],
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        grad_hidden = torch.empty_like(hidden) if wanted[0] else None
        grad_weight = torch.zeros_like(weight, dtype=torch.float32) if wanted[1] else None
        mean_row = weight.mean(0, dtype=torch.float32) if smoothing else None
        losses, correct = hidden.new_empty(len(hidden), dtype=torch.float32), []
        for start in range(0, len(hidden), chunk):
            part = slice(start, start + chunk)
            h, t, w = hidden[part], targets[part], weights[part, None]
            logits = h @ weight.T
            of_target = logits.gather(1, t[:, None]).float()
            powers, largest, total = kernels["exponentials"](logits)
            del logits
            log_total = largest + total.log()
            loss = (1 - smoothing) * (log_total - of_target)
            if mean_row is not None:
                loss += smoothing * (log_total - (h.float() @ mean_row)[:, None])
            losses[part] = loss[:, 0]
            correct.append((of_target >= largest)[:, 0])
            if grad_hidden is not None:
                grad = (powers @ weight).float() / total - (1 - smoothing) * weight[t].float()
                if mean_row is not None:
                    grad -= smoothing * mean_row
                grad_hidden[part] = grad * w
            if grad_weight is not None:
                weighted = h.float() * w
                grad_weight += (powers.T @ (weighted / total).to(h.dtype)).float()
                grad_weight.index_add_(0, t, weighted, alpha=smoothing - 1)
                if smoothing:
                    grad_weight -= smoothing / len(weight) * weighted.sum(0)
        ctx.save_for_backward(grad_hidden, None if grad_weight is None else grad_weight.to(weight.dtype))
        hits = torch.cat(correct) if correct else targets.new_empty(0, dtype=torch.bool)
        ctx.mark_non_differentiable(losses, hits)
        return (losses * weights).sum(), losses, hits

    @staticmethod
    @once_differentiable  # type: ignore[untyped-decorator]
    def backward(ctx: Any, grad: torch.Tensor, *_: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        grad_hidden, grad_weight = (
            None if saved is None else saved * grad.to(saved.dtype) for saved in ctx.saved_tensors
        )
        return grad_hidden, grad_weight, None, None, None, None, None
