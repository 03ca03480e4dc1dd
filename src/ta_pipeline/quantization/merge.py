"""Fold a LoRA adapter into its base model, and prove that nothing was lost on the way.

The sum is made in float32 and held against base plus adapter before it is rounded to bfloat16; what
the rounding costs is reported, not hidden. Where every weight was trained there is nothing to fold: the
merged model is those weights, rounded.
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ta_pipeline.chat.families import MADE, trusts_remote_code
from ta_pipeline.chat.template import encode, load_tokenizer, render
from ta_pipeline.progress import quiet_loading
from ta_pipeline.rag.prompt import Passage, build_messages
from ta_pipeline.records import InputError
from ta_pipeline.training import trained_model
from ta_pipeline.training.trained_model import is_adapter, load_trained

if TYPE_CHECKING:
    import torch

#: Largest difference of a logit in float32 that rounding alone explains.
TOLERANCE = 1e-3

_PROBES = (
    build_messages("What is the capital of France?", [], "en"),
    build_messages("牛顿第二定律说了什么？", [], "zh"),
    build_messages(
        "What is the unit of force?",
        [Passage("Lecture 4: Forces", "Force is measured in newtons; one newton is 1 kg m/s².", 312, 330)],
        "en",
    ),
    build_messages(
        "自由落体的加速度是多少？", [Passage("第3讲 自由落体", "地面附近，重力加速度约为 9.8 m/s²。")], "zh"
    ),
)


def merge(base_model: Path, adapter: Path, target: Path) -> dict[str, Any]:
    """Write base plus adapter to `target` as bfloat16 safetensors; return what the merge did to the logits.

    `adapter` may be a whole model: then its weights are rounded and written. The folder also gets the
    tokenizer, its chat template and the generation config of the base model.
    Raises `InputError` when the adapter was made for another model, and when the merged float32 logits
    are further than `TOLERANCE` from those of base plus adapter.
    """
    import torch

    started = time.monotonic()
    check_adapter_fits(base_model, adapter)
    tokenizer = load_tokenizer(base_model)
    rendered = [render(tokenizer, messages, add_generation_prompt=True) for messages in _PROBES]
    prompts = [torch.tensor([ids]) for ids in encode(tokenizer, rendered)]
    quiet_loading()
    model = load_trained(base_model, adapter, dtype=torch.float32).eval()
    wanted = _logits(model, prompts)
    merged = trained_model.merged(model)
    exact = _compare(wanted, _logits(merged, prompts))
    if not exact["max_abs_difference"] < TOLERANCE:
        raise InputError(
            f"{adapter}: merging moved a logit by {exact['max_abs_difference']:.3g} in float32 (at most "
            f"{TOLERANCE:g} is rounding): {_cause(adapter)}"
        )
    merged = merged.to(torch.bfloat16)
    rounded = _compare(wanted, _logits(merged, prompts))
    merged.save_pretrained(target)
    tokenizer.save_pretrained(target)
    _keep_remote_code(base_model, target)
    return {
        "base_model": base_model.name,
        "adapter": adapter.name,
        "parameters": sum(p.numel() for p in merged.parameters()),
        "saved_as": "bfloat16",
        "prompts": len(prompts),
        "positions": exact["positions"],
        "float32": {k: exact[k] for k in ("max_abs_difference", "top1_agreement")},
        "bfloat16": {k: rounded[k] for k in ("max_abs_difference", "top1_agreement")},
        "seconds": round(time.monotonic() - started, 1),
    }


def _keep_remote_code(base_model: Path, target: Path) -> None:
    """Copy the Python files that a model brought with it, and the word that they are trusted."""
    if trusts_remote_code(base_model):
        for file in (*base_model.glob("*.py"), base_model / MADE):
            shutil.copyfile(file, target / file.name)


def check_adapter_fits(base_model: Path, adapter: Path) -> None:
    """Hold the adapter's record and the shapes of its matrices against the base model.

    Of a whole model, the shapes of its weights. Raises `InputError` with the first thing that differs;
    nothing is loaded but file headers.
    """
    if not is_adapter(adapter):
        _check_same_shapes(base_model, adapter)
        return
    config = _adapter_config(adapter)
    trained_on = str(config.get("base_model_name_or_path") or "")
    if trained_on and Path(trained_on).name != base_model.name:
        raise InputError(
            f"{adapter}: was trained on {trained_on!r}, but base_model is {base_model}. Set base_model to "
            "the model it was trained on, or train again."
        )
    shapes = dict(_weight_shapes(base_model))
    for key, shape in _weight_shapes(adapter):
        name, part = _lora_target(key)
        if not part:
            continue
        weight = shapes.get(f"{name}.weight")
        side = 1 if part == "lora_A" else 0
        if weight is None or len(weight) != 2 or weight[side] != shape[side]:
            raise InputError(
                f"{adapter}: {key} is {list(shape)}, which does not fit {name} of {base_model} "
                f"({list(weight) if weight else 'not there'}). It belongs to another model: train it again."
            )


def _adapter_config(adapter: Path) -> dict[str, Any]:
    config: dict[str, Any] = json.loads((adapter / "adapter_config.json").read_text(encoding="utf-8"))
    return config


def _check_same_shapes(base_model: Path, whole: Path) -> None:
    wanted, found = dict(_weight_shapes(base_model)), dict(_weight_shapes(whole))
    # One of two tied weights may have been written, and the other left out.
    for name in sorted(wanted.keys() & found.keys()) or ["its weights"]:
        if wanted.get(name) != found.get(name) or name not in wanted:
            raise InputError(
                f"{whole}: {name} is {list(found.get(name, ()))}, but {list(wanted.get(name, ()))} in "
                f"{base_model}. It was trained on another model: set base_model to that, or train again."
            )


def _weight_shapes(folder: Path) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Read names and shapes from the headers of a folder's safetensors files."""
    from safetensors import safe_open

    files = sorted(folder.glob("*.safetensors"))
    if not files:
        raise InputError(f"{folder}: holds no safetensors file, so there is nothing to merge.")
    for file in files:
        with safe_open(file, framework="pt") as weights:
            for key in weights.keys():  # noqa: SIM118  (safe_open is no dict)
                yield key, tuple(weights.get_slice(key).get_shape())


def _lora_target(key: str) -> tuple[str, str]:
    """Split `base_model.model.<module>.lora_A.weight` into the module and "lora_A"."""
    name = key.removeprefix("base_model.model.")
    for part in ("lora_A", "lora_B"):
        if f".{part}." in name:
            return name.split(f".{part}.")[0], part
    return name, ""


def _logits(model: Any, prompts: list[torch.Tensor]) -> list[torch.Tensor]:
    """Return float32 logits [positions, vocabulary] of each prompt."""
    import torch

    with torch.inference_mode():
        return [model(input_ids=prompt).logits[0].float() for prompt in prompts]


def _compare(wanted: list[torch.Tensor], got: list[torch.Tensor]) -> dict[str, Any]:
    """Compare two sets of logits at every position of every prompt."""
    same = sum(int((a.argmax(-1) == b.argmax(-1)).sum()) for a, b in zip(wanted, got))
    positions = sum(len(a) for a in wanted)
    return {
        "max_abs_difference": max(float((a - b).abs().max()) for a, b in zip(wanted, got)),
        "top1_agreement": round(same / positions, 4),
        "positions": positions,
    }


def _cause(adapter: Path) -> str:
    """Name what in the adapter's settings a merge may not carry over."""
    config = _adapter_config(adapter) if is_adapter(adapter) else {}
    if modules := config.get("modules_to_save"):
        return f"it trains whole modules ({modules}), which may be tied. Train without modules_to_save."
    if config.get("use_dora"):
        return "DoRA rescales weights and rounds differently. Train with use_dora: false."
    return "its weights are not finite or very large. Look at grad norm and learning rate of its training."
