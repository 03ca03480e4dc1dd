"""What memory and time depend on in a training run, drawn from its parameters.

How weights are kept follows `training/adapters.py`: trained weights in float32 beside frozen ones of half
precision, products by autocast; under DeepSpeed all weights of half precision and a float32 copy of the
trained ones in the optimizer.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from ta_pipeline.params import DpoParams, SftParams, TokenizeParams
from ta_pipeline.training.job import rows_per_step

Precision = Literal["bf16", "fp16", "fp32"]
Device = Literal["cuda", "cpu"]

#: `AT_ONCE` of `training/preference.py`, whose module is heavy to import; a test holds them together.
AT_ONCE = 2048
#: Share of a block's positions that carry a label, where no run has counted them yet.
SUPERVISED_SHARE = 0.5


@dataclass(frozen=True)
class Run:
    """One training run, as one of its ranks sees it."""

    method: Literal["sft", "dpo", "orpo"]
    adapter: Literal["lora", "dora", "full"]
    rank: int  # of LoRA; 0 where every weight is trained
    mlp: bool  # the MLP gets an adapter too
    dropout: float
    quantized: Literal["nf4", "int8"] | None  # form of the frozen matrices
    precision: Precision
    device: Device
    attention: Literal["eager", "sdpa", "flash"]
    fast_layers: bool
    checkpointing: bool
    smoothing: bool
    tokens: int  # read at once
    longest: int  # tokens of the longest row
    scored: int  # positions at once whose logits are computed
    accumulation: int  # parts that a rank reads one after another in a step
    zero_stage: int = 0
    ranks: int = 1
    offload: Literal["none", "optimizer", "optimizer+parameters"] = "none"

    @property
    def half(self) -> bool:
        """Products are taken in 16 bits."""
        return self.precision != "fp32"

    @property
    def autocast(self) -> bool:
        """Trained weights are float32 and cast for each product: half precision without DeepSpeed."""
        return self.half and self.zero_stage == 0

    @property
    def width(self) -> int:
        """Bytes of a number in the compute type."""
        return 2 if self.half else 4


def sft_run(
    sft: SftParams,
    tokenize: TokenizeParams,
    precision: Precision,
    device: Device,
    attention: Literal["eager", "sdpa", "flash"] = "sdpa",
    supervised_share: float = SUPERVISED_SHARE,
) -> Run:
    """Describe a fine-tuning by its parameters; every block is taken to be full."""
    step = rows_per_step("sft", sft.model_dump()) // sft.num_processes
    at_once = min(sft.micro_batch_size, step)
    tokens = at_once * tokenize.max_seq_len
    full = sft.adapter == "full"
    return Run(
        method="sft",
        adapter=sft.adapter,
        rank=0 if full else sft.lora.rank,
        mlp=sft.lora.targets == "attention+mlp",
        dropout=sft.lora.dropout,
        quantized=None if sft.qlora == "never" else sft.quantized_base,
        smoothing=sft.label_smoothing > 0,
        tokens=tokens,
        longest=tokenize.max_seq_len,
        scored=round(tokens * supervised_share),
        accumulation=step // at_once,
        **_shared(sft, precision, device, attention),
    )


def preference_run(
    dpo: DpoParams,
    sft: SftParams,
    precision: Precision,
    device: Device,
    attention: Literal["eager", "sdpa", "flash"] = "sdpa",
) -> Run:
    """Describe preference training, which goes on with what SFT left; every pair is taken to be full.

    A pair's prompt is read once where attention goes by row, else before each of its answers; and there more
    pairs are read at once than asked for where AT_ONCE tokens hold them.
    """
    step = rows_per_step("dpo", dpo.model_dump()) // dpo.num_processes
    at_once = min(dpo.micro_batch_size, step)
    row = dpo.max_prompt_tokens + dpo.max_answer_tokens
    shared = dpo.fast_layers and attention == "sdpa"
    pair = row + dpo.max_answer_tokens if shared else 2 * row
    if shared:
        at_once = max(at_once, min(step, AT_ONCE // pair))
    full = sft.adapter == "full"
    return Run(
        method=dpo.method,
        adapter=sft.adapter,
        rank=0 if full else sft.lora.rank,
        mlp=sft.lora.targets == "attention+mlp",
        dropout=sft.lora.dropout,
        quantized=None if sft.qlora == "never" else sft.quantized_base,
        smoothing=False,
        tokens=at_once * pair,
        longest=row,
        scored=at_once * 2 * dpo.max_answer_tokens,
        accumulation=step // at_once,
        **_shared(dpo, precision, device, attention),
    )


def _shared(p: SftParams | DpoParams, precision: Precision, device: Device, attention: str) -> dict[str, Any]:
    return {
        "precision": precision,
        "device": device,
        "attention": attention,
        "fast_layers": p.fast_layers,
        "checkpointing": p.gradient_checkpointing,
        "zero_stage": p.zero_stage,
        "ranks": p.num_processes,
        "offload": p.offload,
    }
