"""A linear layer and its LoRA adapter as one step of autograd.

PEFT adds the adapter as modules of their own, so that every layer's output is scaled, added and kept once
more, forward and backward. Here both products are accumulated in place: the same loss and gradients.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import torch
from peft.tuners.lora.layer import Linear
from torch import nn
from torch.autograd.function import once_differentiable


def fuse_lora(model: Any) -> None:
    """Fuse every plain LoRA layer of a model; the others, and all where autocast is on, stay PEFT's own.

    Not for ZeRO-3, which gathers a weight only for its own module's forward.
    """
    for module in model.modules():
        if type(module) is Linear and type(module.base_layer) is nn.Linear:
            module.forward = partial(_forward, module, module.forward)


def _forward(module: Any, original: Any, x: torch.Tensor, *args: Any, **kwargs: Any) -> torch.Tensor:
    adapters = [name for name in module.active_adapters if name in module.lora_A]
    if len(adapters) != 1 or module.disable_adapters or module.merged or args or kwargs:
        return original(x, *args, **kwargs)  # type: ignore[no-any-return]
    name = adapters[0]
    a, b, base = module.lora_A[name], module.lora_B[name], module.base_layer
    plain = name not in module.lora_variant and b.bias is None and not base.weight.requires_grad
    dropped = module.training and not isinstance(module.lora_dropout[name], nn.Identity)
    mixed = torch.is_autocast_enabled(x.device.type) or not x.dtype == base.weight.dtype == a.weight.dtype
    if dropped or mixed or not plain:
        return original(x)  # type: ignore[no-any-return]
    flat = _LoraLinear.apply(
        x.flatten(0, -2), base.weight, base.bias, a.weight, b.weight, module.scaling[name]
    )
    return flat.unflatten(0, x.shape[:-1])  # type: ignore[no-any-return]


class _LoraLinear(torch.autograd.Function):
    """y = x Wᵀ + bias + scale (x Aᵀ) Bᵀ with a frozen W; x is (tokens, in), A (rank, in), B (out, rank)."""

    @staticmethod
    def forward(
        ctx: Any,
        x: torch.Tensor,
        weight: torch.Tensor,
        bias: torch.Tensor | None,
        a: torch.Tensor,
        b: torch.Tensor,
        scale: float,
    ) -> torch.Tensor:
        low = x @ a.T
        ctx.save_for_backward(x, weight, a, b, low)
        ctx.scale = scale
        return nn.functional.linear(x, weight, bias).addmm_(low, b.T, alpha=scale)

    @staticmethod
    @once_differentiable  # type: ignore[untyped-decorator]
    def backward(ctx: Any, grad: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        x, weight, a, b, low = ctx.saved_tensors
        grad_low = (grad @ b).mul_(ctx.scale)
        grad_x = (grad @ weight).addmm_(grad_low, a) if ctx.needs_input_grad[0] else None
        return grad_x, None, None, grad_low.T @ x, (grad.T @ low).mul_(ctx.scale), None
