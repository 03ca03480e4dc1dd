"""The loss of the head where a label counts, a chunk of positions at a time.

All logits in float32 are the largest thing that training a small model holds: 49,152 for each position of
the bundled one. Here a chunk's softmax becomes the gradient of its hidden states while it is there, and is
forgotten.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

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
    """Return the cross entropy of `hidden` (N, width) under a head (vocabulary, width), as PyTorch does.

    `targets` and `weights` are (N,); the loss is the sum of weight times loss, and it alone has a gradient.
    """
    learns = torch.is_grad_enabled()
    wanted = (learns and hidden.requires_grad, learns and weight.requires_grad)
    with torch.autocast(hidden.device.type, enabled=False):
        if weights is None:
            weights = torch.ones(len(targets), device=hidden.device)
        given = (hidden.to(weight.dtype), weight, targets, weights.float(), label_smoothing, chunk, wanted)
        return SupervisedOutput(*_HeadLoss.apply(*given))


class _Chunk(NamedTuple):
    """Some positions, with what their logits came to."""

    hidden: torch.Tensor  # (n, width)
    targets: torch.Tensor  # (n,)
    weights: torch.Tensor  # (n, 1)
    powers: torch.Tensor  # (n, vocabulary), exp of the logits less their largest
    total: torch.Tensor  # (n, 1), sum of the powers


class _Gradients:
    """Gradients of the summed loss, collected chunk by chunk: a logit's is its softmax less its target."""

    def __init__(
        self, hidden: torch.Tensor, weight: torch.Tensor, smoothing: float, wanted: tuple[bool, bool]
    ) -> None:
        self._weight, self._smoothing = weight, smoothing
        self._mean_row = weight.mean(0, dtype=torch.float32) if smoothing else None
        self.of_hidden = torch.empty_like(hidden) if wanted[0] else None
        self.of_weight = torch.zeros_like(weight, dtype=torch.float32) if wanted[1] else None

    def mean_logits(self, hidden: torch.Tensor) -> torch.Tensor | None:
        """Return the mean of each position's logits (n, 1), which smoothing pulls to; None without it."""
        return None if self._mean_row is None else (hidden.float() @ self._mean_row)[:, None]

    def add(self, place: slice, chunk: _Chunk) -> None:
        """Add a chunk's part, while its powers are there."""
        if self.of_hidden is not None:
            mean = (chunk.powers @ self._weight).float() / chunk.total
            grad = mean - (1 - self._smoothing) * self._weight[chunk.targets].float()
            if self._mean_row is not None:
                grad -= self._smoothing * self._mean_row
            self.of_hidden[place] = grad * chunk.weights
        if self.of_weight is not None:
            weighted = chunk.hidden.float() * chunk.weights
            self.of_weight += (chunk.powers.T @ (weighted / chunk.total).to(chunk.hidden.dtype)).float()
            self.of_weight.index_add_(0, chunk.targets, weighted, alpha=self._smoothing - 1)
            if self._smoothing:
                self.of_weight -= self._smoothing / len(self._weight) * weighted.sum(0)


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
        gradients = _Gradients(hidden, weight, smoothing, wanted)
        losses = hidden.new_empty(len(hidden), dtype=torch.float32)
        correct = torch.empty_like(targets, dtype=torch.bool)
        for start in range(0, len(hidden), chunk):
            place = slice(start, start + chunk)
            logits = hidden[place] @ weight.T
            of_target = logits.gather(1, targets[place, None]).float()
            powers, largest, total = kernels["exponentials"](logits)
            del logits  # two of these at a time are enough
            loss = largest + total.log() - of_target
            if (mean := gradients.mean_logits(hidden[place])) is not None:
                loss += smoothing * (of_target - mean)
            losses[place], correct[place] = loss[:, 0], (of_target >= largest)[:, 0]
            gradients.add(place, _Chunk(hidden[place], targets[place], weights[place, None], powers, total))
        of_weight = gradients.of_weight
        ctx.save_for_backward(gradients.of_hidden, None if of_weight is None else of_weight.to(weight.dtype))
        ctx.mark_non_differentiable(losses, correct)
        return (losses * weights).sum(), losses, correct

    @staticmethod
    @once_differentiable  # type: ignore[untyped-decorator]
    def backward(ctx: Any, grad: torch.Tensor, *_: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        of_hidden, of_weight = (
            None if saved is None else saved * grad.to(saved.dtype) for saved in ctx.saved_tensors
        )
        return of_hidden, of_weight, None, None, None, None, None
