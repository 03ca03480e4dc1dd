"""What a training leaves: a folder with an adapter, or with a whole model; told apart and loaded here.

Beside the weights stands `training.json`, which says how they were made. Nothing heavy is imported with this
module: those who only ask what a folder is need no PyTorch.
"""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

from ta_pipeline.records import InputError

logger = logging.getLogger(__name__)

_RECORD = "training.json"


def is_adapter(folder: Path) -> bool:
    """Tell an adapter (True) from a whole model (False); raises InputError where the folder is neither."""
    if (folder / "adapter_config.json").is_file():
        return True
    if (folder / "config.json").is_file():
        return False
    raise InputError(
        f"{folder}: adapter_config.json is not there, nor config.json, so it is neither an adapter nor a "
        "whole model. Run the sft and dpo stages first, or give the folder that holds one."
    )


def load_trained(base_model: Path, trained: Path | None, **loading: Any) -> Any:
    """Load what was trained, unmerged: the base model with its adapter, or the whole model alone.

    None is the base model itself. `loading` goes to `from_pretrained`.
    """
    from transformers import AutoModelForCausalLM

    if trained is None or not is_adapter(trained):
        return AutoModelForCausalLM.from_pretrained(trained or base_model, **loading)
    from peft import PeftModel

    return PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(base_model, **loading), trained)


def merged(model: Any) -> Any:
    """Return a model of `load_trained` as one model, an adapter folded into its weights."""
    return model.merge_and_unload() if hasattr(model, "merge_and_unload") else model


def base_model_named_by(folder: Path) -> str | None:
    """Return the folder of the base model that weights were trained from, as they say themselves."""
    named: str | None = read_record(folder).get("base_model")
    if named is None and is_adapter(folder):
        named = json.loads((folder / "adapter_config.json").read_text("utf-8")).get("base_model_name_or_path")
    return named


def parent_of(folder: Path) -> Path | None:
    """Return the folder that the training of these weights went on from; None where it was the base model.

    Also None, with a log line, where that folder is gone: older versions are pruned.
    """
    named = read_record(folder).get("started_from")
    if named is None or Path(named).is_dir():
        return Path(named) if named else None
    logger.warning("%s went on from %s, which is gone.", folder, named)
    return None


def write_record(folder: Path, facts: dict[str, Any]) -> None:
    """Write how the weights in a folder were made."""
    (folder / _RECORD).write_text(json.dumps(facts, indent=1, ensure_ascii=False), "utf-8")


def read_record(folder: Path) -> dict[str, Any]:
    """Read what `write_record` wrote; empty for a folder from elsewhere."""
    path = folder / _RECORD
    facts: dict[str, Any] = json.loads(path.read_text("utf-8")) if path.is_file() else {}
    return facts
