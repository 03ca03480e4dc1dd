"""The time that a training run takes, from the arithmetic of a step and what the device can do.

Work is counted as the MFU of training counts it (`training/watch/flops.py`): frozen matrices take no weight
gradient, logits are computed where a label counts, and an embedding is looked up.
"""

from __future__ import annotations

from dataclasses import dataclass

from ta_pipeline.training.plan.forecast import trained_parameters
from ta_pipeline.training.plan.runs import Device, Run
from ta_pipeline.training.plan.shapes import ModelShape


@dataclass(frozen=True)
class Gpu:
    """A known card: GiB of memory, and dense 16-bit tensor TFLOP/s (float32 sums) of its data sheet."""

    name: str
    gib: float
    tflops: float
    bf16: bool = True


#: NVIDIA's data sheets, without sparsity; GeForce figures from the white papers of their architecture.
GPUS = (
    Gpu("T4", 16, 65, bf16=False),
    Gpu("V100", 32, 125, bf16=False),
    Gpu("RTX 3090", 24, 71),
    Gpu("RTX 4090", 24, 165),
    Gpu("RTX 5090", 32, 210),
    Gpu("L4", 24, 121),
    Gpu("A10", 24, 125),
    Gpu("A100-SXM4-40GB", 40, 312),
    Gpu("RTX A6000", 48, 155),
    Gpu("L40S", 48, 362),
    Gpu("A100", 80, 312),
    Gpu("A800", 80, 312),
    Gpu("H100 PCIe", 80, 756),
    Gpu("H100", 80, 989),
    Gpu("H800", 80, 989),
    Gpu("H200", 141, 989),
)
#: A card for each memory size, where only that is known: what such a machine often has.
TYPICAL = ("T4", "RTX 4090", "V100", "A100-SXM4-40GB", "RTX A6000", "A100", "H200")

#: Share of the peak at which what is computed is computed. For a GPU taken, not measured; the seed's 50 % on
#: an A100 is for well-tuned training of every weight. For a CPU what a default run in float32 came to before
#: the layers were fast: 307 tokens/s of 0.49 GFLOP, of 330 GFLOP/s. `benchmarks/plan.py` measures it.
UTILISATION: dict[Device, float] = {"cuda": 0.4, "cpu": 0.45}


def step_flops(shape: ModelShape, run: Run) -> float:
    """Count the FLOP of one optimizer step of one rank that count as work for the MFU.

    4 N a token for a frozen matrix (forward, and the gradient of its input), 6 N for a trained one; the head
    likewise where logits are computed; causal attention over rows of the longest length, 6 L^2 d a layer.
    """
    full = run.adapter == "full"
    trained = 0 if full else trained_parameters(shape, run)
    per_token = shape.matrices * (6 if full else 4) + 6 * trained
    head = run.scored * shape.embedding * (6 if full else 4)
    attention = 6 * shape.query_width * shape.layers * run.tokens * run.longest
    reference = 1.5 if run.method == "dpo" else 1.0  # a forward pass beside a forward and a backward one
    return reference * run.accumulation * (run.tokens * per_token + head + attention)


def computed_flops(shape: ModelShape, run: Run) -> float:
    """Count the FLOP that a step computes: with checkpointing the layers' forward pass is taken twice."""
    again = 0.0
    if run.checkpointing:
        trained = 0 if run.adapter == "full" else trained_parameters(shape, run)
        layers = 2 * (shape.matrices + trained) + 2 * shape.query_width * shape.layers * run.longest
        again = run.accumulation * run.tokens * layers
    return step_flops(shape, run) + again


def utilisation(run: Run) -> float:
    """Return the share of the peak that is taken to be used."""
    return UTILISATION[run.device]


def step_seconds(shape: ModelShape, run: Run, peak: float) -> float:
    """Forecast the seconds of one optimizer step; `peak` is one device's in FLOP/s."""
    return computed_flops(shape, run) / (peak * utilisation(run))


def model_utilisation(shape: ModelShape, run: Run) -> float:
    """Forecast the MFU: what counts as work over what the device could do in the same time."""
    return utilisation(run) * step_flops(shape, run) / computed_flops(shape, run)


def known_gpu(name: str) -> Gpu | None:
    """Find a card by the name that its driver gives, the longest match first."""
    plain = name.lower().replace("-", " ")
    for gpu in sorted(GPUS, key=lambda gpu: -len(gpu.name)):
        if all(word in plain for word in gpu.name.lower().replace("-", " ").split()):
            return gpu
    return None


def typical_gpu(gib: float) -> Gpu:
    """Return a card that often has so much memory."""
    known = {gpu.name: gpu for gpu in GPUS}
    return min((known[name] for name in TYPICAL), key=lambda gpu: abs(gpu.gib - gib))
