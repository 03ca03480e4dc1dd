"""The estimates of the guide this project started from (its section 7), beside forecasts of the same.

They are for a 7B model, LoRA of rank 64 on attention, sequences of 2,048 and one row at once. Llama-2-7B is
what the guide's template is written for, and the smallest that is called 7B.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from ta_pipeline.training.plan.forecast import (
    GIB,
    forecast,
    frozen_bytes,
    gradient_bytes,
    optimizer_bytes,
    trained_bytes,
)
from ta_pipeline.training.plan.runs import Run
from ta_pipeline.training.plan.shapes import ModelShape, published_shape

MODEL = "meta-llama/Llama-2-7b-hf"
#: Ranks at which the shares of ZeRO are told: the figures 4x and 8x are limits for many.
MANY = 64

LORA = Run(
    method="sft",
    adapter="lora",
    rank=64,
    mlp=False,
    dropout=0.05,
    quantized=None,
    precision="bf16",
    device="cuda",
    attention="sdpa",
    fast_layers=True,
    checkpointing=False,
    smoothing=True,
    tokens=2048,
    longest=2048,
    scored=1024,
    accumulation=128,
)


@dataclass(frozen=True)
class Claim:
    """One estimate of the seed, what we forecast for it, and what is wrong with it ("": nothing)."""

    what: str
    seed: str
    ours: str
    verdict: str


def claims() -> list[Claim]:
    """Hold each of the seed's estimates against the forecast."""
    shape = published_shape(MODEL)
    assert shape is not None
    return [*_memory(shape), *_sharding(shape)]


def _memory(shape: ModelShape) -> list[Claim]:
    full = replace(LORA, adapter="full", rank=0, dropout=0.0, checkpointing=True, accumulation=1)
    rows = [
        ("LoRA", "~16 GB", (16, 16), LORA),
        ("LoRA, checkpointing", "~10 GB", (10, 10), replace(LORA, checkpointing=True)),
        ("QLoRA", "6-8 GB", (6, 8), replace(LORA, quantized="nf4")),
        ("QLoRA, checkpointing", "6-8 GB", (6, 8), replace(LORA, quantized="nf4", checkpointing=True)),
        ("full, checkpointing", "48-80 GB", (48, 80), full),
    ]
    return [
        Claim(what, said, f"{forecast(shape, run).peak / GIB:.1f} GiB", _verdict(shape, run, *spread))
        for what, said, spread, run in rows
    ]


def _verdict(shape: ModelShape, run: Run, low: float, high: float) -> str:
    """Say where an estimate in GiB cannot be right, or how far it is from the forecast."""
    peak = forecast(shape, run).peak / GIB
    if run.adapter == "full":
        alone, name = 16 * shape.parameters / GIB, "states"  # float32 weights, gradients and AdamW
    else:
        alone, name = frozen_bytes(shape, run) / GIB, "weights"
    if alone > high:
        return f"cannot be: {name} alone take {alone:.1f}"
    if peak > 1.15 * high:
        return "too low"
    return "too high" if peak < low / 1.15 else ""


def _sharding(shape: ModelShape) -> list[Claim]:
    full = replace(LORA, adapter="full", rank=0, dropout=0.0)
    found = []
    for stage, said in ((1, "~4x"), (2, "~8x")):
        ours = [_saved(shape, run, stage) for run in (full, LORA)]
        verdict = f"for LoRA {ours[1]:.1f}x: most is frozen"
        found.append(Claim(f"ZeRO-{stage}, full", said, f"{ours[0]:.1f}x", verdict))
    return found


def _saved(shape: ModelShape, run: Run, stage: int) -> float:
    """Return how many times less weights, gradients and optimizer take with a stage and MANY ranks.

    Held against one rank of DeepSpeed's, as the paper does it (Rajbhandari et al. 2020, figure 1).
    """
    alone = replace(run, zero_stage=1, ranks=1)
    sharded = replace(run, zero_stage=stage, ranks=MANY)

    def states(each: Run) -> float:
        total = frozen_bytes(shape, each) + trained_bytes(shape, each)
        return total + optimizer_bytes(shape, each) / each.ranks + gradient_bytes(shape, each)

    return states(alone) / states(sharded)
