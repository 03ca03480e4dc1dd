"""The memory that a training run takes, part by part, in bytes on one rank: pure functions, no torch.

What autograd keeps is counted from the operations of a decoder layer in transformers and PEFT; a test holds
the counts to what autograd really saves. Two figures are fitted (see FITTED): what the process takes before
there is a model, and a factor for what the allocator and passing values add to the activations.
"""

from __future__ import annotations

from dataclasses import dataclass

from ta_pipeline.training.plan.runs import Run
from ta_pipeline.training.plan.shapes import Linear, ModelShape

GIB = 2**30
MIB = 2**20

#: AdamW's two running means, float32 each.
ADAM_BYTES = 8
#: bitsandbytes' NF4 with double quantization: half a byte a weight, an 8-bit constant for each block of 64,
#: a float32 one for each 256 of those (Dettmers et al. 2023, section 3).
NF4_BYTES = 0.5 + 1 / 64 + 4 / (64 * 256)
#: LLM.int8: a byte a weight; the float32 constant of each row of a matrix is counted apart.
INT8_BYTES = 1.0
#: DeepSpeed's `reduce_bucket_size`, allotted whole for gradients under way, elements (deepspeed 0.19.8).
ZERO_BUCKET = 5e8
#: Its `stage3_max_live_parameters`: gathered weights that stay until as many others are wanted, elements.
ZERO_LIVE = 1e9
#: What `layers/fast.py` knows, by `model_type`; and `CHUNK` of `layers/head.py`. Tests hold both together.
FAST_KINDS = ("llama", "mistral", "qwen2", "qwen3", "smollm3")
CHUNK = 256
#: Positions and vocabulary entries that TRL's head for preferences takes at once (trl 1.16).
PREFERENCE_TILE = (4096, 8192)


@dataclass(frozen=True)
class Fitted:
    """What no counting gives, by `python -m benchmarks.plan --fit`."""

    process: float  # bytes of the worker on a CPU before there is a model: Python, torch, transformers, TRL
    slack: float  # what is allotted over what is kept for the backward pass


#: Fitted on three configurations of SmolLM2-135M in float32 on a CPU (`FIT` in benchmarks/plan.py: 256 and
#: 1,536 tokens, and 1,024 with checkpointing) by least squares of the relative error, with the allocator told
#: to give memory back (`launch.MALLOC`). Fit again after a change of layers or of what the worker imports.
FITTED = Fitted(process=720 * MIB, slack=1.02)

#: Taken, not measured, for want of a GPU: the CUDA context with its kernels and cuBLAS's room, and what NCCL
#: adds where there are several ranks.
CUDA_CONTEXT = 0.75 * GIB
NCCL_BUFFERS = 0.5 * GIB


@dataclass(frozen=True)
class Part:
    """One part of the memory: bytes on the rank's device, and how they come about."""

    name: str
    bytes: float
    why: str


@dataclass(frozen=True)
class Forecast:
    """The parts at the moment of the peak, and what lies in the memory of the CPU instead."""

    parts: tuple[Part, ...]
    offloaded: float

    @property
    def peak(self) -> float:
        """Bytes on one rank's device at the peak."""
        return sum(part.bytes for part in self.parts)


def trained_parameters(shape: ModelShape, run: Run) -> int:
    """Count the parameters that are trained."""
    if run.adapter == "full":
        return shape.parameters
    return shape.lora_parameters(run.rank, run.mlp, dora=run.adapter == "dora")


def frozen_bytes(shape: ModelShape, run: Run) -> float:
    """Count the bytes of the frozen weights, all ranks' shards together; 0 where everything is trained."""
    if run.adapter == "full":
        return 0.0
    rest = (shape.parameters - shape.matrices) * run.width
    if run.quantized == "nf4":
        return rest + shape.matrices * NF4_BYTES
    if run.quantized == "int8":
        rows = shape.layers * sum(linear.outputs for linear in shape.targets(mlp=True))
        return rest + shape.matrices * INT8_BYTES + 4 * rows
    return float(shape.parameters * run.width)


def trained_bytes(shape: ModelShape, run: Run) -> float:
    """Count the bytes of the trained weights as the model holds them, all ranks' shards together.

    Under autocast each float32 weight has a copy of 16 bits from the forward pass to the end of the backward;
    fused projections make theirs when they need it.
    DPO has a frozen copy of the adapter, or of the model, as its reference.
    """
    copy = 0 if fused(shape, run) else 2
    each = 4 + copy if run.autocast else run.width
    reference = 2 if run.method == "dpo" else 1
    return float(trained_parameters(shape, run) * each * reference)


def optimizer_bytes(shape: ModelShape, run: Run) -> float:
    """Count AdamW's states, and DeepSpeed's float32 copy where its weights have 16 bits; all shards."""
    copy = 4 if run.zero_stage and run.half else 0
    return float(trained_parameters(shape, run) * (ADAM_BYTES + copy))


def gradient_bytes(shape: ModelShape, run: Run) -> float:
    """Count the gradients on one rank. DeepSpeed sums those of 16 bits up in float32, in shards."""
    trained = trained_parameters(shape, run)
    if not run.zero_stage:
        return float(trained * 4)
    summed = 4 * trained / run.ranks if run.half else 0.0
    return trained * run.width / (run.ranks if run.zero_stage >= 2 else 1) + summed


def fast(shape: ModelShape, run: Run) -> bool:
    """Tell whether norms, and the head, are the project's own (`training/layers/fast.py`)."""
    return run.fast_layers and run.zero_stage < 3 and shape.kind in FAST_KINDS


def fused(shape: ModelShape, run: Run) -> bool:
    """Tell whether projections with one input are one step with their adapters: plain LoRA, no dropout."""
    plain = run.adapter == "lora" and not run.dropout and not run.quantized
    return fast(shape, run) and plain


def saved_per_token(shape: ModelShape, run: Run) -> float:
    """Count the bytes that one decoder layer keeps of each token for the backward pass."""
    # The MLP keeps gate, up and what SiLU gives; fused, that is computed again.
    gated = (2 if fused(shape, run) else 3) * run.width * shape.intermediate
    return _norms(shape, run) + _attention(shape, run) + gated + _inputs(shape, run)


def _norms(shape: ModelShape, run: Run) -> float:
    """Count what RMSNorms keep: the input, in float32 where they are plain, and one float32 a token.

    Plain ones whose weights learn keep the normalised input too. Fused queries, keys and values are normed
    out of one tensor, which is kept as it is.
    """
    stream = 4 if run.autocast and run.adapter == "full" else run.width
    full = run.adapter == "full"  # heads come from a product, so that their normalised input has its type
    plain, plain_heads = (4 + stream, 4 + run.width) if full else (4, 4)
    each, heads_each = (stream, run.width) if fast(shape, run) else (plain, plain_heads)
    kept = shape.norms * (shape.hidden * each + 4)
    if not shape.qk_norms:
        return kept
    width = shape.query_width + (2 if fused(shape, run) else 1) * shape.key_width
    return kept + width * heads_each + 4 * (shape.heads + shape.kv_heads)


def _attention(shape: ModelShape, run: Run) -> float:
    """Count what attention keeps: queries, keys, values, output and a log sum; eager: all its weights."""
    if run.attention != "eager":
        return run.width * 2 * (shape.query_width + shape.key_width) + 4 * shape.heads
    weights = shape.heads * run.longest * (6 if run.half else 4)
    return 3 * run.width * shape.query_width + weights  # keys and values repeated for every query head


def _inputs(shape: ModelShape, run: Run) -> float:
    """Count the inputs that linear layers keep (all, or those with an adapter), and what A gives.

    A module with dropout keeps its own dropped input and the mask. Under autocast each plain module casts its
    own copy. Otherwise those with one input share it.
    """
    groups = _groups(shape, run)
    width, lora = run.width, run.adapter != "full"
    modules = [linear for group in groups for linear in group]
    inputs = sum(linear.inputs for linear in modules)
    shared = width * (sum(group[0].inputs for group in groups) - (0 if _copied(run) else shape.query_width))
    if lora and run.dropout:
        mask = 1 if run.device == "cuda" else 4 if run.autocast else width
        own = inputs * (width + mask)
    elif lora and run.autocast and not fused(shape, run):
        own = inputs * width
    elif run.autocast and not lora:  # norms give float32, which every module casts for itself
        own = shared + width * shape.hidden * sum(len(group) - 1 for group in (groups[0], groups[2]))
    else:
        own = shared
    if fused(shape, run) and not run.mlp:
        own += (
            width * shape.hidden
        )  # gate and up are joined without adapters, and keep their input all the same
    low = width * run.rank * len(modules) if lora else 0
    magnitudes = width * 2 * sum(m.outputs for m in modules) if run.adapter == "dora" else 0
    return own + low + magnitudes


def _groups(shape: ModelShape, run: Run) -> list[tuple[Linear, ...]]:
    """Return the linear layers that keep their input, those that share one together."""
    groups = [shape.attention[:-1], shape.attention[-1:]]
    if run.adapter == "full" or run.mlp:
        groups += [shape.mlp[:-1], shape.mlp[-1:]]
    return groups


def _copied(run: Run) -> bool:
    """Tell whether the input of attention's last projection is a tensor of its own, joined from the rows.

    Else it is the output that attention itself keeps. A GPU reads all rows in one call.
    """
    by_row = run.fast_layers and run.attention == "sdpa" and not (run.device == "cuda" and run.half)
    return run.attention == "eager" or by_row


def activation_bytes(shape: ModelShape, run: Run) -> float:
    """Count what all layers keep for the backward pass, before slack.

    With checkpointing each layer keeps its input only, and one layer at a time is computed again.
    """
    layer = saved_per_token(shape, run)
    stream = 4 if run.autocast and run.adapter == "full" else run.width
    ends = shape.hidden * (4 + stream)  # the last norm, and the embedding's output
    if not run.checkpointing:
        return run.tokens * (shape.layers * layer + ends)
    return run.tokens * (shape.layers * stream * shape.hidden + layer + ends)


def logit_bytes(shape: ModelShape, run: Run) -> float:
    """Count logits where they are scored, before slack: three tensors of float32, and their own 16 bits.

    Plain, those are log-softmax, its gradient and the logits' gradient, a fourth with smoothing, at all
    scored positions. Ours, and TRL's for preferences, take a part of them at a time. A trained head's
    gradient stands beside them.
    """
    head = 4 * shape.embedding if run.adapter == "full" else 0
    if run.method != "sft":
        tile = min(run.scored, PREFERENCE_TILE[0]) * min(shape.vocabulary, PREFERENCE_TILE[1])
        return float(tile * (12 + run.width) + head)
    positions = min(run.scored, CHUNK) if fast(shape, run) else run.scored
    smoothed = 4 if run.smoothing and not fast(shape, run) else 0
    return float(positions * shape.vocabulary * (12 + smoothed + (2 if run.half else 0)) + head)


def buffer_bytes(shape: ModelShape, run: Run, fitted: Fitted | None = None) -> float:
    """Count what is there for itself: process or CUDA context, the buffers of ranks, gathered weights."""
    total = CUDA_CONTEXT if run.device == "cuda" else (fitted or FITTED).process
    if run.ranks > 1:
        total += NCCL_BUFFERS if run.device == "cuda" else 0.0
    if run.ranks > 1 and not run.zero_stage:
        total += 4 * trained_parameters(shape, run)  # DistributedDataParallel's buckets
    if run.zero_stage:
        # Main memory that is allotted but never written is not taken.
        total += (
            ZERO_BUCKET if run.device == "cuda" else min(ZERO_BUCKET, trained_parameters(shape, run))
        ) * run.width
    if run.zero_stage == 3:
        total += min(shape.parameters, ZERO_LIVE) * run.width
    if run.quantized:
        total += run.width * max(linear.weights for linear in shape.targets(mlp=True))  # one dequantized
    return total


def forecast(shape: ModelShape, run: Run, fitted: Fitted | None = None) -> Forecast:
    """Forecast the peak of one rank, in parts that add up to it; `fitted` is FITTED where it is not given."""
    fitted = fitted or FITTED
    weights, states = _shards(run, 3), _shards(run, 1)
    frozen, trained = frozen_bytes(shape, run) / weights, trained_bytes(shape, run) / weights
    optimizer, gradients = optimizer_bytes(shape, run) / states, gradient_bytes(shape, run)
    activations = fitted.slack * activation_bytes(shape, run)
    logits = fitted.slack * logit_bytes(shape, run)
    offloaded = 0.0
    if run.offload != "none":
        offloaded, optimizer = optimizer + (gradients if run.zero_stage >= 2 else 0.0), 0.0
        gradients = 0.0 if run.zero_stage >= 2 else gradients
    if run.offload == "optimizer+parameters":
        offloaded, frozen, trained = offloaded + frozen + trained, 0.0, 0.0
    if not _gradients_wait(run):
        gradients = max(gradients - activations, 0.0)
    parts = (
        Part("frozen weights", frozen, _frozen_form(shape, run)),
        Part("trained weights", trained, _trained_form(shape, run)),
        Part("optimizer", optimizer, _optimizer_form(run)),
        Part("gradients", gradients, _gradient_form(run)),
        Part("activations", activations, _activation_form(run)),
        Part("logits", logits, f"{run.scored:,} positions x {shape.vocabulary:,}"),
        Part("buffers", buffer_bytes(shape, run, fitted), _buffer_form(run)),
    )
    return Forecast(parts[run.adapter == "full" :], offloaded)  # with every weight trained none is frozen


def _shards(run: Run, from_stage: int) -> int:
    return run.ranks if run.zero_stage >= from_stage else 1


def _gradients_wait(run: Run) -> bool:
    """Tell whether gradients are there all the time; else they come as the activations go."""
    return run.accumulation > 1 or run.ranks > 1 or run.zero_stage > 0


def _frozen_form(shape: ModelShape, run: Run) -> str:
    form = {"nf4": "4 bits (NF4), the rest 16", "int8": "8 bits (int8), the rest 16"}.get(run.quantized or "")
    return f"{billions(shape.parameters)} in {form or f'{8 * run.width} bits'}" + _over(run, 3)


def _trained_form(shape: ModelShape, run: Run) -> str:
    copy = "float32, a 16-bit copy" if run.autocast and not fused(shape, run) else "float32"
    copy = copy if run.autocast else f"{8 * run.width} bits"
    reference = ", twice: DPO's reference" if run.method == "dpo" else ""
    return f"{billions(trained_parameters(shape, run))} in {copy}{reference}" + _over(run, 3)


def _optimizer_form(run: Run) -> str:
    copy = ", a float32 copy" if run.zero_stage and run.half else ""
    return f"AdamW, two float32 each{copy}" + _over(run, 1)


def _gradient_form(run: Run) -> str:
    return ("float32" if run.autocast or not run.half else "16 bits, summed in float32") + (
        _over(run, 2) if _gradients_wait(run) else ", as activations go"
    )


def _activation_form(run: Run) -> str:
    kept = "inputs of layers, one layer whole" if run.checkpointing else "all layers"
    return f"{run.tokens:,} tokens at once, {kept}"


def _buffer_form(run: Run) -> str:
    names = ["CUDA context" if run.device == "cuda" else "Python, PyTorch"]
    names += ["NCCL"] if run.ranks > 1 and run.device == "cuda" else []
    names += ["DDP"] if run.ranks > 1 and not run.zero_stage else []
    names += ["DeepSpeed"] if run.zero_stage else []
    names += ["gathered weights"] if run.zero_stage == 3 else []
    names += ["one matrix dequantized"] if run.quantized else []
    return ", ".join(names)


def _over(run: Run, from_stage: int) -> str:
    ranks = _shards(run, from_stage)
    return f", over {ranks} ranks" if ranks > 1 else ""


def billions(count: int) -> str:
    """Write a count of parameters with three figures: 8.19 B, 175 M."""
    for size, unit in ((1e9, "B"), (1e6, "M"), (1e3, "k")):
        if count >= size:
            return f"{count / size:.3g} {unit}"
    return str(count)
