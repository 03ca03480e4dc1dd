"""Norm, gated unit and rotation as one step of autograd each, with backwards by hand that keep little.

transformers writes them as half a dozen operations, each with a result of its own that is kept for the
backward. Here the input is kept, and what can be had from it is computed again. Every function is plain
PyTorch; `compile_kernels` makes one loop of each where there is a compiler.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from typing import Any

import torch
import torch._inductor.config
from torch.autograd.function import once_differentiable

from ta_pipeline.paths import model_cache

logger = logging.getLogger(__name__)


def rms_forward(x: torch.Tensor, weight: torch.Tensor, eps: float) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the norm of x (..., width), and 1/RMS (..., 1) in float32."""
    wide = x.float()
    scale = torch.rsqrt(wide.pow(2).mean(-1, keepdim=True) + eps)
    return weight * (wide * scale).to(x.dtype), scale


def rms_backward(
    grad: torch.Tensor, x: torch.Tensor, weight: torch.Tensor, scale: torch.Tensor
) -> torch.Tensor:
    """Return the gradient of the norm's input."""
    inner = grad.float() * weight.float()
    unit = x.float() * scale
    return (scale * (inner - unit * (inner * unit).mean(-1, keepdim=True))).to(x.dtype)


def add_rms_forward(
    x: torch.Tensor, y: torch.Tensor, weight: torch.Tensor, eps: float
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Return x + y, its norm and 1/RMS."""
    total = x + y
    return total, *rms_forward(total, weight, eps)


def add_rms_backward(
    grad_sum: torch.Tensor,
    grad: torch.Tensor,
    total: torch.Tensor,
    weight: torch.Tensor,
    scale: torch.Tensor,
) -> torch.Tensor:
    """Return the gradient of x, which is also that of y."""
    return grad_sum + rms_backward(grad, total, weight, scale)


def glu_forward(gate_up: torch.Tensor) -> torch.Tensor:
    """Return silu(gate) * up of (..., 2 width)."""
    gate, up = gate_up.chunk(2, -1)
    return torch.nn.functional.silu(gate) * up


def glu_backward(grad: torch.Tensor, gate_up: torch.Tensor) -> torch.Tensor:
    """Return the gradient of both halves, side by side."""
    gate, up = (half.float() for half in gate_up.chunk(2, -1))
    wide = grad.float()
    sigmoid = torch.sigmoid(gate)
    slope = sigmoid * (1 + gate * (1 - sigmoid))
    return torch.cat([wide * up * slope, wide * gate * sigmoid], -1).to(gate_up.dtype)


def rotate(x: torch.Tensor, cos: torch.Tensor, sin: torch.Tensor) -> torch.Tensor:
    """Rotate heads (batch, tokens, heads, size) by angles (batch, tokens, 1, size)."""
    first, second = x.chunk(2, -1)
    return x * cos + torch.cat([-second, first], -1) * sin


def rotate_backward(
    grad_q: torch.Tensor, grad_k: torch.Tensor, grad_v: torch.Tensor, cos: torch.Tensor, sin: torch.Tensor
) -> torch.Tensor:
    """Rotate the gradients of queries and keys back and put the three side by side again, over the heads."""
    rotated = torch.cat([grad_q, grad_k], 2)
    first, second = (rotated * sin).chunk(2, -1)
    return torch.cat([rotated * cos + torch.cat([second, -first], -1), grad_v], 2)


def exponentials(logits: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Return exp(logits - largest) in the form of the logits, the largest and the sum, both (rows, 1)."""
    wide = logits.float()
    largest = wide.amax(-1, keepdim=True)
    powers = torch.exp(wide - largest)
    return powers.to(logits.dtype), largest, powers.sum(-1, keepdim=True)


_PLAIN: dict[str, Callable[..., Any]] = {
    "rms_forward": rms_forward,
    "rms_backward": rms_backward,
    "add_rms_forward": add_rms_forward,
    "add_rms_backward": add_rms_backward,
    "glu_forward": glu_forward,
    "glu_backward": glu_backward,
    "rotate": rotate,
    "rotate_backward": rotate_backward,
    "exponentials": exponentials,
}
#: What the layers call: the functions above, or what the compiler made of them.
kernels = dict(_PLAIN)


def compile_kernels(device: str, dtype: torch.dtype) -> bool:
    """Have the compiler make one loop of each function; returns False, and changes nothing, without one.

    The result stays in the user's cache, so that it takes half a minute once and seconds from then on.
    """
    os.environ.setdefault("TORCHINDUCTOR_CACHE_DIR", str(model_cache() / "compiled"))
    # Without processes of its own for compiling, which would stay and hold memory; the functions are few.
    torch._inductor.config.compile_threads = 1
    made = {name: torch.compile(function, dynamic=True) for name, function in _PLAIN.items()}
    try:
        with torch.no_grad():
            _try_all(made, device, dtype)
    except Exception as error:
        logger.warning("Layers stay uncompiled: %s", str(error).strip().splitlines()[0])
        return False
    kernels.update(made)
    return True


def leave_kernels_plain() -> None:
    """Undo `compile_kernels`."""
    kernels.update(_PLAIN)


def _try_all(made: dict[str, Callable[..., Any]], device: str, dtype: torch.dtype) -> None:
    """Call every function with the layouts that training has, so that nothing is left to compile."""

    def some(*shape: int) -> torch.Tensor:
        return torch.ones(shape, device=device, dtype=dtype)

    x, weight = some(1, 24, 32), some(32)
    scale = made["rms_forward"](x, weight, 1e-5)[1]
    made["rms_backward"](x, x, weight, scale)
    made["add_rms_forward"](x, x, weight, 1e-5)
    made["add_rms_backward"](x, x, x, weight, scale)
    made["glu_backward"](made["glu_forward"](some(1, 24, 64))[..., :32], some(1, 24, 64))
    joined, angle = some(1, 24, 5, 8), some(1, 24, 1, 8)
    made["rotate"](joined[:, :, :4], angle, angle)
    made["rotate_backward"](joined[:, :, :3], joined[:, :, 3:4], joined[:, :, 4:], angle, angle)
    made["exponentials"](some(24, 40))


class _RmsNorm(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: torch.Tensor, weight: torch.Tensor, eps: float) -> torch.Tensor:
        y, scale = kernels["rms_forward"](x, weight, eps)
        ctx.save_for_backward(x, weight, scale)
        return y  # type: ignore[no-any-return]

    @staticmethod
    @once_differentiable  # type: ignore[untyped-decorator]
    def backward(ctx: Any, grad: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        x, weight, scale = ctx.saved_tensors
        own = _weight_gradient(grad, x, scale, weight) if ctx.needs_input_grad[1] else None
        return kernels["rms_backward"](grad, x, weight, scale), own, None


class _AddRmsNorm(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, x: torch.Tensor, y: torch.Tensor, weight: torch.Tensor, eps: float
    ) -> tuple[torch.Tensor, torch.Tensor]:
        total, normed, scale = kernels["add_rms_forward"](x, y, weight, eps)
        ctx.save_for_backward(total, weight, scale)
        return total, normed

    @staticmethod
    @once_differentiable  # type: ignore[untyped-decorator]
    def backward(ctx: Any, grad_sum: torch.Tensor, grad: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        total, weight, scale = ctx.saved_tensors
        own = _weight_gradient(grad, total, scale, weight) if ctx.needs_input_grad[2] else None
        both = kernels["add_rms_backward"](grad_sum, grad, total, weight, scale)
        return both, both, own, None


class _Glu(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, gate_up: torch.Tensor) -> torch.Tensor:
        ctx.save_for_backward(gate_up)
        return kernels["glu_forward"](gate_up)  # type: ignore[no-any-return]

    @staticmethod
    @once_differentiable  # type: ignore[untyped-decorator]
    def backward(ctx: Any, grad: torch.Tensor) -> torch.Tensor:
        return kernels["glu_backward"](grad, *ctx.saved_tensors)  # type: ignore[no-any-return]


class _SplitHeads(torch.autograd.Function):
    """Queries, keys and values of a joined projection, rotated, and normed before that by Qwen3."""

    @staticmethod
    def forward(
        ctx: Any,
        joined: torch.Tensor,
        cos: torch.Tensor,
        sin: torch.Tensor,
        heads: tuple[int, int],
        norms: tuple[torch.Tensor, torch.Tensor] | None,
        eps: float,
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        size = cos.shape[-1]
        queries, keys = heads
        parts = joined.unflatten(-1, (-1, size))
        cos, sin = cos.unsqueeze(2), sin.unsqueeze(2)
        ctx.heads, ctx.norms = heads, norms
        before: tuple[torch.Tensor, ...] = ()
        if norms is None:
            turned = kernels["rotate"](parts[:, :, : queries + keys], cos, sin)
        else:
            q, k = parts[:, :, :queries], parts[:, :, queries : queries + keys]
            (q_normed, q_scale), (k_normed, k_scale) = (
                kernels["rms_forward"](each, weight, eps) for each, weight in zip((q, k), norms, strict=True)
            )
            turned = kernels["rotate"](torch.cat([q_normed, k_normed], 2), cos, sin)
            before = (joined, q_scale, k_scale)
        ctx.save_for_backward(cos, sin, *before)
        q, k = (each.transpose(1, 2) for each in turned.split(heads, 2))
        # A copy: a view of the input would keep the whole projection for the backward of attention.
        return q, k, parts[:, :, queries + keys :].transpose(1, 2).clone()

    @staticmethod
    @once_differentiable  # type: ignore[untyped-decorator]
    def backward(ctx: Any, *grads: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        cos, sin, *before = ctx.saved_tensors
        grad_q, grad_k, grad_v = (grad.transpose(1, 2) for grad in grads)
        joined = kernels["rotate_backward"](grad_q, grad_k, grad_v, cos, sin)
        if before:
            parts = before[0].unflatten(-1, (-1, cos.shape[-1])).split((*ctx.heads, ctx.heads[1]), 2)
            turned = joined.split((*ctx.heads, ctx.heads[1]), 2)
            normed = (
                kernels["rms_backward"](grad, part, weight, scale)
                for grad, part, weight, scale in zip(turned, parts, ctx.norms, before[1:], strict=False)
            )
            joined = torch.cat([*normed, turned[2]], 2)
        return joined.flatten(2), None, None, None, None, None


def _weight_gradient(
    grad: torch.Tensor, x: torch.Tensor, scale: torch.Tensor, weight: torch.Tensor
) -> torch.Tensor:
    return (grad.float() * x.float() * scale).flatten(0, -2).sum(0).to(weight.dtype)


def rms_norm(x: torch.Tensor, weight: torch.Tensor, eps: float) -> torch.Tensor:
    """Norm x (..., width) as Llama does: in float32, weighted in the form of x."""
    return _RmsNorm.apply(x, weight, eps)  # type: ignore[no-any-return]


def add_rms_norm(
    x: torch.Tensor, y: torch.Tensor, weight: torch.Tensor, eps: float
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return x + y and its norm."""
    return _AddRmsNorm.apply(x, y, weight, eps)  # type: ignore[no-any-return]


def glu(gate_up: torch.Tensor) -> torch.Tensor:
    """Return silu(gate) * up for gate and up side by side."""
    return _Glu.apply(gate_up)  # type: ignore[no-any-return]


def split_heads(
    joined: torch.Tensor,
    angles: tuple[torch.Tensor, torch.Tensor],
    heads: tuple[int, int],
    norms: tuple[torch.Tensor, torch.Tensor] | None = None,
    eps: float = 0.0,
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Split (batch, tokens, (queries + 2 keys) size) into rotated queries, rotated keys, and values.

    `angles` are cosine and sine (batch, tokens, size), `heads` the heads of queries and of keys, `norms` the
    frozen weights (size) of Qwen3's norms of queries and keys. Results are (batch, heads, tokens, size).
    """
    return _SplitHeads.apply(joined, *angles, heads, norms, eps)  # type: ignore[no-any-return]
