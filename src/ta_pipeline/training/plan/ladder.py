"""The ladder: what to change, one thing after another, when memory does not suffice.

The order is the seed's (§3.1): fewer rows at once, gradient checkpointing, ZeRO-2, a lower LoRA rank, frozen
weights in 8 bits, then in 4. The earlier a rung, the less it changes what is learned. Pure functions of
parameters: nothing here looks at a machine.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

#: A lower rank learns too little to be worth the little memory it saves.
MIN_RANK = 8

#: The longest row of real material would be cut by shorter blocks than this.
MIN_BLOCK_TOKENS = 256


@dataclass(frozen=True)
class Rung:
    """One step down the ladder.

    `change` holds parameters by their name below the stage, dotted where nested: {"lora.rank": 8}.
    """

    name: str
    change: dict[str, Any]
    why: str


def rungs(parameters: dict[str, Any], quantizable: bool = True) -> list[Rung]:
    """List the rungs that still change something for these parameters, each on top of those before it.

    `parameters` is SftParams or DpoParams as a dictionary. `quantizable` tells whether bitsandbytes works
    where the training will run; without it there are no rungs of 8 and 4 bits.
    """
    found: list[Rung] = []
    for step in (_fewer_rows, _checkpointing, _zero_2, _lower_rank, *([_eight_bit, _four_bit] * quantizable)):
        while (rung := step(parameters)) is not None:
            found.append(rung)
            parameters = applied(parameters, rung.change)
    return found


def applied(parameters: dict[str, Any], change: dict[str, Any]) -> dict[str, Any]:
    """Return the parameters with the changes of a rung, the given ones untouched."""
    changed = dict(parameters)
    for name, value in change.items():
        head, _, rest = name.partition(".")
        changed[head] = applied(changed[head], {rest: value}) if rest else value
    return changed


def params_option(stage: str, change: dict[str, Any]) -> str:
    """Write changes as they are typed: `--params sft.lora.rank=8,sft.lora.alpha=16`."""
    return "--params " + ",".join(f"{stage}.{name}={_typed(value)}" for name, value in change.items())


def shorter_blocks(max_seq_len: int) -> Rung | None:
    """Return the rung of packed blocks half as long, a parameter of the stage `tokenize`.

    It is named beside the ladder and never taken alone: the blocks have to be made again, and rows that are
    longer lose their beginning.
    """
    half = max_seq_len // 2
    if half < MIN_BLOCK_TOKENS:
        return None
    why = "a block is read at once, so half the tokens take about half the activations; longer rows are cut"
    return Rung("shorter blocks", {"max_seq_len": half}, why)


def _typed(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _fewer_rows(parameters: dict[str, Any]) -> Rung | None:
    """Halve the rows read at once; they have to share a rank's part of the step evenly."""
    ranks = parameters["num_processes"]
    share = max(parameters["global_batch_size"] // ranks, 1)
    now = min(parameters.get("micro_batch_size", 1), share)
    if now == 1:
        return None
    fewer = max(rows for rows in range(1, now // 2 + 1) if share % rows == 0)
    why = f"{fewer} instead of {now} rows are read at once; accumulation keeps the global batch"
    return Rung(f"micro batch {fewer}", {"micro_batch_size": fewer}, why)


def _checkpointing(parameters: dict[str, Any]) -> Rung | None:
    if parameters["gradient_checkpointing"]:
        return None
    why = "activations inside a layer are computed again instead of kept: about a third slower, same result"
    return Rung("gradient checkpointing", {"gradient_checkpointing": True}, why)


def _zero_2(parameters: dict[str, Any]) -> Rung | None:
    if parameters["num_processes"] == 1 or parameters["zero_stage"] >= 2:
        return None
    why = (
        "optimizer states and gradients are shared out over the ranks; much for full weights, little for LoRA"
    )
    return Rung("ZeRO-2", {"zero_stage": 2}, why)


def _lower_rank(parameters: dict[str, Any]) -> Rung | None:
    """Halve the LoRA rank, and alpha with it: the adapter's scale alpha/rank acts like a learning rate."""
    lora = parameters.get("lora")
    if lora is None or parameters.get("adapter") == "full" or lora["rank"] <= MIN_RANK:
        return None
    rank = max(lora["rank"] // 2, MIN_RANK)
    alpha = max(round(lora["alpha"] * rank / lora["rank"]), 1)
    why = f"an adapter of rank {rank} instead of {lora['rank']}, alpha with it; it can learn less"
    return Rung(f"LoRA rank {rank}", {"lora.rank": rank, "lora.alpha": alpha}, why)


def _frozen_weights(bits: int, form: str, better: set[str]) -> Callable[[dict[str, Any]], Rung | None]:
    def rung(parameters: dict[str, Any]) -> Rung | None:
        """Quantize the frozen weights where there are any: an SFT adapter, not sharded by ZeRO-3."""
        if parameters.get("adapter", "full") == "full" or parameters["zero_stage"] == 3:
            return None
        if parameters["qlora"] != "never" and parameters["quantized_base"] in better:
            return None
        # "required", since "auto" may fall back to the weights that did not fit.
        change = {"qlora": "required", "quantized_base": form}
        return Rung(
            f"{bits}-bit weights", change, f"frozen weights take {bits} bits each; slower, less exact"
        )

    return rung


_eight_bit = _frozen_weights(8, "int8", better={"int8", "nf4"})
_four_bit = _frozen_weights(4, "nf4", better={"nf4"})
