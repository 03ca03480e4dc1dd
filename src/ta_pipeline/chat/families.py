"""What differs between families of models: module names, stop tokens, remote code, the template's habits.

One table, by `model_type` of config.json. Nothing here loads a model: names are held against real, tiny
models of each architecture by the tests, and against the weights' own names where a type is not in the table.
"""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from ta_pipeline.records import InputError

logger = logging.getLogger(__name__)

Targets = Literal["attention", "attention+mlp"]

_QKVO = ("q_proj", "k_proj", "v_proj", "o_proj")
_GLU = ("gate_proj", "up_proj", "down_proj")
#: The file in a folder that this project made or changed: what of, and how.
MADE = "ta_model.json"
_VISION = r".*(vision|multi_modal_projector).*"


@dataclass(frozen=True)
class Family:
    """What to know of a family; module names are the last part of a linear layer's path.

    `frozen` is a pattern (for PEFT's `exclude_modules`) of parts that share those names and stay as they are:
    the picture encoder of a model that also sees. Routed experts are no linear layers in transformers 5 (one
    tensor holds them all), so `mlp` of a mixture names its shared expert, or nothing.
    """

    name: str
    attention: tuple[str, ...] = _QKVO
    mlp: tuple[str, ...] = _GLU
    stop_tokens: tuple[str, ...] = ()
    needs_remote_code: bool = False
    #: False where the template refuses or drops a system turn; `chat.template` finds out by asking it.
    system_turn: bool = True
    #: True where some of its models have templates with the variable `enable_thinking`.
    thinking_switch: bool = False
    frozen: str | None = None
    mixture: bool = False

    def targets(self, which: Targets) -> list[str]:
        """Name the linear layers that get a LoRA: all of attention, or those of the MLP too."""
        if which == "attention":
            return list(self.attention)
        if self.mixture:
            logger.info(
                "%s is a mixture: LoRA goes to attention%s, the routed experts stay as they are.",
                self.name,
                " and the shared expert" if self.mlp else "",
            )
        return [*self.attention, *self.mlp]


_QWEN = Family("qwen", stop_tokens=("<|im_end|>", "<|endoftext|>"))
_LLAMA2 = Family("llama", stop_tokens=("</s>",))
_LLAMA3 = Family("llama", stop_tokens=("<|eot_id|>", "<|eom_id|>", "<|end_of_text|>"))
_SMOLLM = Family("smollm", stop_tokens=("<|im_end|>", "<|endoftext|>"))
# v1 to v3 put the system text into a user turn or drop it; the template tells which.
_MISTRAL = Family("mistral", stop_tokens=("</s>",), system_turn=False)
_GEMMA = Family("gemma", stop_tokens=("<end_of_turn>", "<eos>"), system_turn=False)

#: `model_type` of config.json: its family. Names of InternLM and Baichuan are those their publishers' own
#: modeling files use; transformers 5.17 has neither, so they need `trust_remote_code`.
FAMILIES: dict[str, Family] = {
    "qwen2": _QWEN,
    "qwen2_moe": replace(_QWEN, mixture=True),
    "qwen3": replace(_QWEN, thinking_switch=True),
    "qwen3_moe": replace(_QWEN, mlp=(), thinking_switch=True, mixture=True),
    "llama": _LLAMA2,
    "smollm3": replace(_SMOLLM, thinking_switch=True),
    "mistral": _MISTRAL,
    "ministral": _MISTRAL,
    "ministral3": replace(_MISTRAL, system_turn=True),
    "mixtral": replace(_MISTRAL, mlp=(), mixture=True),
    "gemma": _GEMMA,
    "gemma2": _GEMMA,
    "gemma3_text": _GEMMA,
    "gemma3": replace(_GEMMA, frozen=_VISION),
    "phi": Family("phi", (*_QKVO[:3], "dense"), ("fc1", "fc2"), ("<|endoftext|>",)),
    "phi3": Family(
        "phi", ("qkv_proj", "o_proj"), ("gate_up_proj", "down_proj"), ("<|end|>", "<|endoftext|>")
    ),
    "internlm2": Family(
        "internlm", ("wqkv", "wo"), ("w1", "w2", "w3"), ("<|im_end|>", "</s>"), needs_remote_code=True
    ),
    "internlm3": Family("internlm", stop_tokens=("<|im_end|>", "</s>"), needs_remote_code=True),
    "baichuan": Family("baichuan", ("W_pack", "o_proj"), _GLU, ("</s>",), needs_remote_code=True),
}
# SmolLM2 and Llama 3 say `llama` too; their vocabularies tell them from Llama 2.
_LLAMAS = {49152: _SMOLLM, 128256: _LLAMA3}


def family_of(model: Path) -> Family:
    """Return the family of a model folder; reads config.json, and names of weights for an unknown type.

    Raises InputError where the type is unknown and its layers do not have the names most models use.
    """
    config = _read_config(model)
    model_type = str(config.get("model_type", ""))
    if model_type == "llama":
        return _LLAMAS.get(int(config.get("vocab_size", 0)), _LLAMA2)
    if model_type in FAMILIES:
        return FAMILIES[model_type]
    return _by_generic_names(model, model_type, config)


def _read_config(model: Path) -> dict[str, Any]:
    path = model / "config.json"
    try:
        config: dict[str, Any] = json.loads(path.read_text("utf-8"))
    except FileNotFoundError as error:
        raise InputError(f"{path} is not there. Give the folder of a whole model as base_model.") from error
    return config


def _by_generic_names(model: Path, model_type: str, config: dict[str, Any]) -> Family:
    """Take the names q_proj … down_proj where the weights have them; stop tokens are the tokenizer's."""
    found = {name.removesuffix(".weight").rsplit(".", 1)[-1] for name in weight_names(model)}
    missing = sorted(set(_QKVO) - found)
    if missing:
        raise InputError(
            f"{model}: model_type {model_type!r} is not in the table of families, and its weights have no "
            f"{', '.join(missing)}. Add its LoRA targets to FAMILIES in chat/families.py, or use a model of "
            f"the types {', '.join(FAMILIES)}."
        )
    mlp = tuple(name for name in _GLU if name in found)
    logger.info(
        "%s: model_type %r is not in the table of families; its layers have the usual names. LoRA: %s.",
        model.name, model_type, ", ".join((*_QKVO, *mlp)),
    )  # fmt: skip
    remote = "AutoModelForCausalLM" in config.get("auto_map", {})
    return Family(model_type, mlp=mlp, needs_remote_code=remote)


def trusts_remote_code(model: Path) -> bool:
    """Tell whether `trust_remote_code: true` made this folder: only then is code of its publisher run."""
    try:
        return bool(json.loads((model / MADE).read_text("utf-8")).get("trust_remote_code"))
    except (OSError, ValueError):
        return False


def weight_names(model: Path) -> set[str]:
    """Read the names of a folder's tensors from its index, or from the headers of its safetensors files."""
    index = model / "model.safetensors.index.json"
    if index.is_file():
        return set(json.loads(index.read_text("utf-8"))["weight_map"])
    names: set[str] = set()
    for file in sorted(model.glob("*.safetensors")):
        with file.open("rb") as stream:
            header = json.loads(stream.read(int.from_bytes(stream.read(8), "little")))
        names |= header.keys() - {"__metadata__"}
    return names
