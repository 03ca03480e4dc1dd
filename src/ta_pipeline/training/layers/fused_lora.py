"""Linear layers that read the same input, and their LoRA adapters, as one step of autograd.

PEFT adds the adapter as modules of their own, so that every layer's output is scaled, added and kept once
more, forward and backward. Here the products of a whole group (queries, keys and values; gate and up) are
accumulated in one result: the same loss and gradients.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any, NamedTuple

import torch
from peft.tuners.lora.layer import Linear
from torch import nn
from torch.autograd.function import once_differentiable


class Adapter(NamedTuple):
    """The LoRA of a layer: x (tokens, in) adds scale (x Aᵀ) Bᵀ; A is (rank, in), B (out, rank)."""

    a: torch.Tensor
    b: torch.Tensor
    scale: float


class LinearGroup:
    """Layers over the same input; calling it gives their outputs side by side.

    The frozen weights become views of one matrix, so that nothing is held twice; each layer, its state dict
    and PEFT's merging see them as before.
    """

    def __init__(self, modules: Sequence[Any]) -> None:
        self._modules = list(modules)
        self._joined: torch.Tensor | None = None

    def __call__(self, x: torch.Tensor) -> torch.Tensor | None:
        """Return (..., all outputs), or None where the layers must compute this themselves."""
        if not all(_is_frozen_linear(module, x) for module in self._modules):
            return None
        adapters = [_active_adapter(module) for module in self._modules]
        bases = [_base(module) for module in self._modules]
        if any(adapter is _OTHER for adapter in adapters) or not _have_like_biases(bases):
            return None
        bias = None if bases[0].bias is None else torch.cat([base.bias.detach() for base in bases])
        with torch.autocast(x.device.type, enabled=False):
            placed = _placed(bases, adapters)
            given = (x.flatten(0, -2), self._weight(bases), bias, placed.spans, placed.scales)
            out = _Group.apply(*given, *placed.factors)
        return out.unflatten(0, x.shape[:-1])  # type: ignore[no-any-return]

    def _weight(self, bases: list[nn.Linear]) -> torch.Tensor:
        """Return the joined weights; they are joined anew where something has put others in their place."""
        if len(bases) == 1:
            return bases[0].weight.detach()
        if self._joined is None or not _are_parts(bases, self._joined):
            self._joined = torch.cat([base.weight.detach() for base in bases])
            parts = self._joined.split([base.out_features for base in bases])
            for base, part in zip(bases, parts, strict=True):
                base.weight.data = part
        return self._joined


def fuse_lora(model: Any) -> int:
    """Fuse every plain LoRA layer of a model with its adapter; returns how many there are.

    The others stay PEFT's own: with dropout, DoRA, quantized weights, several adapters at once. Not for
    ZeRO-3, which gathers a weight only for its own module's forward.
    """
    found = [module for module in model.modules() if _is_plain_lora(module)]
    for module in found:
        module.forward = partial(_forward, LinearGroup([module]), module.forward)
    return len(found)


def _forward(group: LinearGroup, original: Any, x: torch.Tensor, *args: Any, **kwargs: Any) -> torch.Tensor:
    out = None if args or kwargs else group(x)
    return original(x, *args, **kwargs) if out is None else out  # type: ignore[no-any-return]


def _is_plain_lora(module: Any) -> bool:
    return type(module) is Linear and type(module.base_layer) is nn.Linear


def _base(module: Any) -> nn.Linear:
    return module.base_layer if _is_plain_lora(module) else module  # type: ignore[no-any-return]


def _is_frozen_linear(module: Any, x: torch.Tensor) -> bool:
    """Tell whether a layer's own weight is an ordinary matrix in the form of x, and stays as it is."""
    base = _base(module)
    if type(base) is not nn.Linear or base.weight.requires_grad or base.weight.dtype != x.dtype:
        return False
    device = x.device.type
    other = torch.is_autocast_enabled(device) and torch.get_autocast_dtype(device) != x.dtype
    return not other and not hasattr(base.weight, "ds_id")  # ds_id: a shard of ZeRO-3


#: A layer computes something else than its base and one plain adapter.
_OTHER = object()


def _active_adapter(module: Any) -> Adapter | object | None:
    """Return a layer's adapter as it is set now, None where there is none, _OTHER where PEFT must compute."""
    if type(module) is nn.Linear:
        return None
    if module.disable_adapters:
        return _OTHER if module.merged else None
    names = [name for name in module.active_adapters if name in module.lora_A]
    if module.merged:
        return _OTHER
    if len(names) != 1:
        return _OTHER if names else None
    name = names[0]
    a, b = module.lora_A[name], module.lora_B[name]
    dropped = module.training and not isinstance(module.lora_dropout[name], nn.Identity)
    if dropped or name in module.lora_variant or b.bias is not None:
        return _OTHER
    return Adapter(a.weight, b.weight, module.scaling[name])


def _have_like_biases(bases: list[nn.Linear]) -> bool:
    """Tell whether all layers have a bias or none has, and no bias is trained."""
    biases = [base.bias for base in bases]
    alike = len({bias is None for bias in biases}) == 1
    return alike and not any(bias is not None and bias.requires_grad for bias in biases)


class _Placed(NamedTuple):
    """The adapters of a group: the outputs that each adds to, its scale, and A and B of each in turn."""

    spans: list[tuple[int, int]]
    scales: list[float]
    factors: list[torch.Tensor]


def _placed(bases: list[nn.Linear], adapters: Sequence[Adapter | object | None]) -> _Placed:
    placed, start = _Placed([], [], []), 0
    for base, adapter in zip(bases, adapters, strict=True):
        end = start + base.out_features
        if isinstance(adapter, Adapter):
            placed.spans.append((start, end))
            placed.scales.append(adapter.scale)
            placed.factors.extend([adapter.a, adapter.b])
        start = end
    return placed


def _are_parts(bases: list[nn.Linear], joined: torch.Tensor) -> bool:
    """Tell whether the weights are the rows of `joined`, one after the other."""
    place = joined.data_ptr()
    for base in bases:
        if base.weight.data_ptr() != place or base.weight.dtype != joined.dtype:
            return False
        place += base.weight.numel() * joined.element_size()
    return True


class _Group(torch.autograd.Function):
    """y = x Wᵀ + bias, and in each span of the outputs + scale (x Aᵀ) Bᵀ; W and bias are frozen.

    The small product comes first: the large one then adds to it, which costs no pass over y of its own.
    """

    @staticmethod
    def forward(
        ctx: Any,
        x: torch.Tensor,
        weight: torch.Tensor,
        bias: torch.Tensor | None,
        spans: list[tuple[int, int]],
        scales: list[float],
        *factors: torch.Tensor,
    ) -> torch.Tensor:
        a, b = _in_form_of(x, factors[::2]), _in_form_of(x, factors[1::2])
        ctx.spans, ctx.scales = spans, scales
        if not a:
            ctx.save_for_backward(x, weight)
            return nn.functional.linear(x, weight, bias)
        low = x @ torch.cat(a).T
        ctx.save_for_backward(x, weight, low, *factors)
        covered = sum(end - start for start, end in spans) == len(weight)
        y = x.new_empty(len(x), len(weight)) if covered else x.new_zeros(len(x), len(weight))
        lows = low.split([len(each) for each in a], 1)
        for (start, end), scale, part, each in zip(spans, scales, lows, b, strict=True):
            torch.addmm(x.new_zeros(1), part, each.T, beta=0, alpha=scale, out=y[:, start:end])
        y.addmm_(x, weight.T)
        return y if bias is None else y.add_(bias)

    @staticmethod
    @once_differentiable  # type: ignore[untyped-decorator]
    def backward(ctx: Any, grad: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        x, weight, *rest = ctx.saved_tensors
        wanted = ctx.needs_input_grad[0]
        if not rest:
            return grad @ weight if wanted else None, None, None, None, None
        low, *factors = rest
        a, b = _in_form_of(x, factors[::2]), _in_form_of(x, factors[1::2])
        sizes = [len(each) for each in a]
        grad_low = torch.empty_like(low)
        grads_b = []
        parts = zip(ctx.spans, ctx.scales, low.split(sizes, 1), grad_low.split(sizes, 1), b, strict=True)
        for (start, end), scale, part, target, each in parts:
            own = grad[:, start:end]
            torch.addmm(x.new_zeros(1), own, each, beta=0, alpha=scale, out=target)
            grads_b.append((own.T @ part).mul_(scale))
        grads_a = (grad_low.T @ x).split(sizes)
        grad_x = (grad_low @ torch.cat(a)).addmm_(grad, weight) if wanted else None
        mixed = [each for pair in zip(grads_a, grads_b, strict=True) for each in pair]
        return (
            grad_x,
            None,
            None,
            None,
            None,
            *(each.to(factor.dtype) for each, factor in zip(mixed, factors, strict=True)),
        )


def _in_form_of(x: torch.Tensor, tensors: Sequence[torch.Tensor]) -> list[torch.Tensor]:
    return [each.to(x.dtype) for each in tensors]
