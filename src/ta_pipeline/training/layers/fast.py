"""One switch for all faster layers: what is known to be the same function is replaced, the rest stays.

A layer is replaced on the model's instance, by its class's name: Llama (SmolLM2 too), Mistral, Qwen2 and
Qwen3. A layer decides at each call whether it can: another adapter, a cache or a dropout may have been set.
"""

from __future__ import annotations

import sys
from functools import partial
from typing import Any

import torch
from torch import nn
from transformers.modeling_utils import ALL_ATTENTION_FUNCTIONS

from ta_pipeline.training.layers import elementwise, row_attention
from ta_pipeline.training.layers.elementwise import add_rms_norm, glu, rms_norm, split_heads
from ta_pipeline.training.layers.fused_lora import LinearGroup, fuse_lora
from ta_pipeline.training.layers.head import SupervisedOutput, head_loss

#: Families whose layers are written alike in transformers; SmolLM3's attention leaves rotation out in places.
_LLAMA_LIKE = ("Llama", "Mistral", "Qwen2", "Qwen3")
_NORMS = {f"{family}RMSNorm" for family in (*_LLAMA_LIKE, "SmolLM3")}
_MLPS = {f"{family}MLP" for family in (*_LLAMA_LIKE, "SmolLM3")}
_ATTENTIONS = {f"{family}Attention" for family in _LLAMA_LIKE}
_LAYERS = {f"{family}DecoderLayer" for family in (*_LLAMA_LIKE, "SmolLM3")}
_HEADS = {f"{family}ForCausalLM" for family in (*_LLAMA_LIKE, "SmolLM3")}


def use_fast_layers(model: Any, compiled: bool = False, elementwise_too: bool = True) -> list[str]:
    """Replace what can be replaced in a model, with its adapter or without; returns what was, for the report.

    Call it once, after the adapter is there; it includes `accept_targets`. Attention by row is named where
    `use_row_attention` has set it, since what blocks hold depends on it. `compiled` has small functions
    compiled where there is a compiler. Without `elementwise_too` norms, rotation and gated units stay as they
    are: another's kernels may stand there.
    """
    base = _unwrapped(model)
    sharded = any(hasattr(parameter, "ds_id") for parameter in model.parameters())
    accept_targets(model, in_chunks=not sharded)
    if sharded:
        return []  # ZeRO-3 gathers a weight only for its own module's forward
    counts = {"fused LoRA": fuse_lora(model)} | (_replace_modules(base) if elementwise_too else {})
    counts["attention by row"] = int(base.config._attn_implementation == row_attention.NAME)
    counts["chunked head"] = int(_plain_head(base) is not None)
    if compiled and any(counts.values()):
        first = next(base.parameters())
        counts["compiled"] = int(elementwise.compile_kernels(first.device.type, first.dtype))
    return [name for name, count in counts.items() if count]


def accept_targets(model: Any, in_chunks: bool = False) -> None:
    """Have a model, called with targets, return their loss: a SupervisedOutput.

    Its forward then takes `supervised_at` (N,), positions in its one sequence whose logits count, `targets`
    (N,), the tokens that follow them, and perhaps `target_weights` (N,) and `label_smoothing`. `in_chunks`
    never has all logits at the same time, where the head is a plain matrix.
    """
    base = _unwrapped(model)
    base.forward = partial(_with_targets, base, base.forward, in_chunks)


def _unwrapped(model: Any) -> Any:
    return model.get_base_model() if hasattr(model, "get_base_model") else model


def _replace_modules(base: Any) -> dict[str, int]:
    counts = {"joined projections": 0, "norm": 0, "gated unit": 0, "layer": 0}
    for module in base.modules():
        name = type(module).__name__
        if not type(module).__module__.startswith("transformers.models."):
            continue  # code that came with a model may bear the same names
        if name in _NORMS:
            module.forward = partial(_norm, module)
            counts["norm"] += 1
        elif name in _MLPS and isinstance(module.act_fn, nn.SiLU | _silu_class()):
            group = LinearGroup([module.gate_proj, module.up_proj])
            module.forward = partial(_mlp, module, group, module.forward)
            counts["gated unit"] += 1
        elif name in _ATTENTIONS:
            group = LinearGroup([module.q_proj, module.k_proj, module.v_proj])
            module.forward = partial(_attention, module, group, module.forward)
            counts["joined projections"] += 1
        elif name in _LAYERS:
            module.forward = partial(_layer, module)
            counts["layer"] += 1
    return counts


def _silu_class() -> type:
    from transformers.activations import SiLUActivation

    return SiLUActivation


def _norm(module: Any, hidden_states: torch.Tensor) -> torch.Tensor:
    return rms_norm(hidden_states, module.weight, module.variance_epsilon)


def _mlp(module: Any, group: LinearGroup, original: Any, x: torch.Tensor) -> torch.Tensor:
    gate_up = group(x)
    return original(x) if gate_up is None else module.down_proj(glu(gate_up))  # type: ignore[no-any-return]


def _layer(module: Any, hidden_states: torch.Tensor, **kwargs: Any) -> torch.Tensor:
    """Compute a decoder layer: attention and feed-forward, each after a norm and around a residual."""
    attended, _ = module.self_attn(hidden_states=module.input_layernorm(hidden_states), **kwargs)
    norm = module.post_attention_layernorm
    hidden_states, normed = add_rms_norm(hidden_states, attended, norm.weight, norm.variance_epsilon)
    return hidden_states + module.mlp(normed)  # type: ignore[no-any-return]


def _attention(
    module: Any,
    group: LinearGroup,
    original: Any,
    hidden_states: torch.Tensor,
    position_embeddings: tuple[torch.Tensor, torch.Tensor] | None = None,
    attention_mask: torch.Tensor | None = None,
    past_key_values: Any = None,
    **kwargs: Any,
) -> tuple[torch.Tensor, torch.Tensor | None]:
    norms = _head_norms(module)
    learned = norms is not None and any(weight.requires_grad for weight in norms)
    joined = None if learned or past_key_values is not None else group(hidden_states)
    if joined is None or position_embeddings is None:
        return original(  # type: ignore[no-any-return]
            hidden_states=hidden_states,
            position_embeddings=position_embeddings,
            attention_mask=attention_mask,
            past_key_values=past_key_values,
            **kwargs,
        )
    config = module.config
    heads = (config.num_attention_heads, config.num_key_value_heads)
    eps = module.q_norm.variance_epsilon if norms else 0.0
    query, key, value = split_heads(joined, position_embeddings, heads, norms, eps)
    eager = sys.modules[type(module).__module__].eager_attention_forward
    attend = ALL_ATTENTION_FUNCTIONS.get_interface(config._attn_implementation, eager)
    attended, weights = attend(
        module,
        query,
        key,
        value,
        attention_mask,
        dropout=module.attention_dropout if module.training else 0.0,
        scaling=module.scaling,
        sliding_window=_window(module),
        **kwargs,
    )
    flat = attended.reshape(*hidden_states.shape[:-1], -1)
    return module.o_proj(flat), weights


def _head_norms(module: Any) -> tuple[torch.Tensor, torch.Tensor] | None:
    """Return the weights of the norms over the heads, which Qwen3 has."""
    return (module.q_norm.weight, module.k_norm.weight) if hasattr(module, "q_norm") else None


def _window(module: Any) -> int | None:
    """Return the sliding window as the family's own code passes it on; Llama has none."""
    if type(module).__name__ == "MistralAttention":
        return getattr(module.config, "sliding_window", None)
    return getattr(module, "sliding_window", None)


def _plain_head(base: Any) -> torch.Tensor | None:
    """Return the head's matrix where logits are its product with the hidden states and nothing else."""
    head = base.get_output_embeddings()
    known = type(base).__name__ in _HEADS and type(base).__module__.startswith("transformers.models.")
    if not known or type(head) is not nn.Linear or head.bias is not None or hasattr(head.weight, "ds_id"):
        return None
    return head.weight


def _with_targets(
    base: Any,
    original: Any,
    in_chunks: bool,
    *args: Any,
    supervised_at: torch.Tensor | None = None,
    targets: torch.Tensor | None = None,
    target_weights: torch.Tensor | None = None,
    label_smoothing: float = 0.0,
    **kwargs: Any,
) -> Any:
    """Call a model; see `accept_targets`."""
    if supervised_at is None or targets is None:
        return original(*args, **kwargs)
    weight = _plain_head(base) if in_chunks else None
    if weight is None:
        logits = original(*args, logits_to_keep=supervised_at, **kwargs).logits[0]
        return _plain_loss(logits, targets, target_weights, label_smoothing)
    hidden = base.base_model(*args, **kwargs).last_hidden_state[0].index_select(0, supervised_at)
    return head_loss(hidden, weight, targets, target_weights, label_smoothing)


def _plain_loss(
    logits: torch.Tensor, targets: torch.Tensor, weights: torch.Tensor | None, label_smoothing: float
) -> SupervisedOutput:
    losses = nn.functional.cross_entropy(
        logits.float(), targets, reduction="none", label_smoothing=label_smoothing
    )
    loss = losses.sum() if weights is None else (losses * weights).sum()
    return SupervisedOutput(loss, losses.detach(), logits.detach().argmax(-1) == targets)
