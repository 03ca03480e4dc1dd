"""The bytes counted for the backward pass are those that autograd keeps, layer by layer."""

import dataclasses

import pytest

from ta_pipeline.training.plan.forecast import activation_bytes, fused, saved_per_token
from ta_pipeline.training.plan.runs import Run
from ta_pipeline.training.plan.shapes import shape_of

TOKENS, FIRST = 64, 40  # all, and those of the first of two rows: no size of the model is like them
SIZES = {
    "hidden_size": 48, "intermediate_size": 112, "num_attention_heads": 6, "num_key_value_heads": 2,
    "head_dim": 16, "vocab_size": 96, "pad_token_id": 0,
}  # fmt: skip
PLAIN = Run(
    method="sft", adapter="lora", rank=4, mlp=True, dropout=0.0, quantized=None, precision="fp32", device="cpu",
    attention="sdpa", fast_layers=False, checkpointing=False, smoothing=False, tokens=TOKENS, longest=TOKENS,
    scored=1, accumulation=1,
)  # fmt: skip
VARIANTS = {
    "LoRA everywhere": {},
    "LoRA of attention": {"mlp": False},
    "dropout": {"dropout": 0.05},
    "every weight": {"adapter": "full", "rank": 0},
    "bf16": {"precision": "bf16"},
    "bf16, dropout": {"precision": "bf16", "dropout": 0.05},
    "bf16, every weight": {"precision": "bf16", "adapter": "full", "rank": 0},
    "eager": {"attention": "eager"},
    "bf16, eager": {"precision": "bf16", "attention": "eager"},
    "fast": {"fast_layers": True},
    "fast, attention": {"fast_layers": True, "mlp": False},
    "fast, dropout": {"fast_layers": True, "dropout": 0.05},
    "fast, every weight": {"fast_layers": True, "adapter": "full", "rank": 0},
    "fast, bf16": {"fast_layers": True, "precision": "bf16"},
    "fast, bf16, dropout": {"fast_layers": True, "precision": "bf16", "dropout": 0.05},
    "fast, bf16, every weight": {"fast_layers": True, "precision": "bf16", "adapter": "full", "rank": 0},
}


def built(kind, run, layers):
    """Build a model as `training/adapters.py` and the trainers do."""
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoConfig, AutoModelForCausalLM

    from ta_pipeline.training.layers.fast import use_fast_layers
    from ta_pipeline.training.layers.row_attention import use_row_attention

    config = AutoConfig.for_model(kind, **SIZES, num_hidden_layers=layers)
    model = AutoModelForCausalLM.from_config(config, attn_implementation=run.attention)
    if run.half and run.adapter != "full":
        model.to(torch.bfloat16)
    if run.adapter != "full":
        names = [linear.name for linear in shape_of(config.to_dict(), "tiny").targets(run.mlp)]
        lora = LoraConfig(r=run.rank, target_modules=names, lora_dropout=run.dropout)
        model = get_peft_model(model, lora)
    if run.checkpointing:
        model.gradient_checkpointing_enable({"use_reentrant": False})
        model.enable_input_require_grads()
    if run.fast_layers:
        assert use_row_attention(model.get_base_model() if run.adapter != "full" else model)
        assert "norm" in use_fast_layers(model)
    return model.train()


def kept(kind, run, layers):
    """Count the bytes that autograd keeps of a forward pass, without what belongs to the weights."""
    import torch

    from ta_pipeline.training.layers.row_attention import Row

    model = built(kind, run, layers)
    sizes = {}

    def count(tensor):
        storage = tensor.untyped_storage()
        if {TOKENS, FIRST, TOKENS - FIRST} & set(tensor.shape):  # else it belongs to the weights
            sizes[storage.data_ptr()] = (storage.nbytes(), tensor)  # held, so that no address comes twice
        return tensor

    ids = torch.randint(1, 96, (1, TOKENS))
    rows = [Row(0, FIRST), Row(FIRST, TOKENS)]
    given = {"rows": rows} if run.fast_layers else {}
    with (
        torch.autograd.graph.saved_tensors_hooks(count, lambda tensor: tensor),
        torch.autocast("cpu", torch.bfloat16, enabled=run.half),
    ):
        model(
            input_ids=ids,
            position_ids=torch.arange(TOKENS)[None],
            logits_to_keep=torch.tensor([1]),
            use_cache=False,
            **given,
        )
    return sum(size for size, _ in sizes.values())


#: Norms of queries and keys are what Qwen3 has more; these are kept in ways of their own.
NORMED = ("LoRA everywhere", "bf16, every weight", "fast", "fast, dropout", "fast, bf16, every weight")
CASES = [("llama", name) for name in VARIANTS] + [("qwen3", name) for name in NORMED]


@pytest.mark.parametrize(("kind", "name"), CASES, ids=[f"{kind}: {name}" for kind, name in CASES])
def test_a_layer_keeps_what_is_counted(kind, name):
    run = dataclasses.replace(PLAIN, **VARIANTS[name])
    shape = shape_of({"model_type": kind, **SIZES, "num_hidden_layers": 1}, "tiny")
    measured = (kept(kind, run, 2) - kept(kind, run, 1)) / TOKENS
    assert saved_per_token(shape, run) == pytest.approx(measured, rel=0.001)


def test_with_checkpointing_a_layer_keeps_its_input_only():
    run = dataclasses.replace(PLAIN, checkpointing=True)
    shapes = [shape_of({"model_type": "llama", **SIZES, "num_hidden_layers": n}, "tiny") for n in (3, 2)]
    measured = kept("llama", run, 3) - kept("llama", run, 2)
    assert activation_bytes(shapes[0], run) - activation_bytes(shapes[1], run) == measured == TOKENS * 48 * 4


def test_the_constants_are_those_of_the_layers_and_the_trainer():
    from ta_pipeline.training.layers import fast, head
    from ta_pipeline.training.plan import forecast, runs
    from ta_pipeline.training.preference import AT_ONCE

    assert forecast.CHUNK == head.CHUNK and runs.AT_ONCE == AT_ONCE
    names = {name.lower() for name in fast._LLAMA_LIKE} | {"smollm3"}
    assert set(forecast.FAST_KINDS) == names
    assert not fused(shape_of({"model_type": "gemma", **SIZES, "num_hidden_layers": 1}, "tiny"), PLAIN)
