"""A folder that serves the merged model with vLLM under one fixed name.

Flags are those of vLLM 0.33, where `--swap-space` and `--rope-scaling` are gone.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ta_pipeline.chat.families import trusts_remote_code
from ta_pipeline.params import DeployParams
from ta_pipeline.serving.bundle import card_values, client_host, context_length, place, write_from
from ta_pipeline.training.trained_model import is_adapter

#: Adapter ranks that vLLM's `--max-lora-rank` takes.
_RANKS = (1, 8, 16, 32, 64, 128, 256, 320, 512)


def vllm_arguments(model: str, context: int, deploy: DeployParams) -> list[str]:
    """Return the arguments of `vllm` that serve `model` (a path or an id) with `context` tokens."""
    defaults = {"temperature": deploy.temperature, "repetition_penalty": deploy.repeat_penalty}
    options = {
        "--served-model-name": deploy.name,
        "--host": deploy.host,
        "--port": deploy.port,
        "--dtype": "auto",
        "--max-model-len": context,
        "--gpu-memory-utilization": deploy.gpu_memory_utilization,
        "--tensor-parallel-size": deploy.tensor_parallel_size,
        "--max-num-seqs": deploy.max_num_seqs,
        "--override-generation-config": json.dumps(defaults),
    }
    return ["serve", model, *(str(word) for option in options.items() for word in option)]


def lora_arguments(
    base_model: str, rank: int, context: int, deploy: DeployParams, merged_config: Mapping[str, Any]
) -> list[str]:
    """Return the arguments of `vllm` that serve the adapter under its name, on the base model.

    The base model's own files know neither the chat template as it was settled (thinking, system turn) nor a
    stretched context; both come from the merged model beside it.
    """
    arguments = vllm_arguments(base_model, context, deploy)
    arguments[arguments.index("--served-model-name") + 1] = "base"
    room = min(r for r in _RANKS if r >= rank)
    lora = ["--enable-lora", "--max-lora-rank", str(room), "--lora-modules", f"{deploy.name}=adapter"]
    template = ["--chat-template", "model/chat_template.jinja"]
    return [*arguments, *lora, *template, *position_arguments(merged_config)]


def position_arguments(config: Mapping[str, Any]) -> list[str]:
    """Return what makes vLLM stretch the base model's context as `rope_scaling` asked; nothing without it."""
    if "ta_rope_scaling" not in config:
        return []
    changed = {key: config[key] for key in ("rope_parameters", "max_position_embeddings")}
    return ["--hf-overrides", json.dumps(changed)]


def base_command(base_model: str) -> str | None:
    """Return the command that copies the base model to `base`; None for a hub id, which vLLM fetches."""
    if Path(base_model).is_dir():
        return shlex.join(["cp", "-rL", str(Path(base_model).absolute()), "base"])
    if not base_model.startswith(("bundled:", "modelscope:")):
        return None
    code = "import sys, ta_pipeline.training.base_model as m; print(m.resolve_base_model(sys.argv[1]))"
    return f'cp -rL "$(python -c {shlex.quote(code)} {shlex.quote(base_model)})" base'


def _servable_rank(adapter: Path) -> int | None:
    """Return the rank of an adapter that vLLM can serve; None for others: it refuses DoRA."""
    if not is_adapter(adapter):
        return None
    config = json.loads((adapter / "adapter_config.json").read_text(encoding="utf-8"))
    return None if config.get("use_dora") else int(config["r"])


def write_vllm_bundle(
    merged_model: Path,
    adapter: Path,
    scores: Mapping[str, Any],
    base_model: str,
    deploy: DeployParams,
    target: Path,
) -> None:
    """Fill the folder `target` with model, adapter, arguments, start script, client and papers.

    The adapter stays out where vLLM has no use for it: a DoRA, and a whole model, which `adapter` may be.
    """
    place(merged_model, target / "model")
    rank = _servable_rank(adapter)
    if rank is not None:
        (target / "adapter").mkdir()
        for file in ("adapter_config.json", "adapter_model.safetensors"):  # not how it was made
            place(adapter / file, target / "adapter" / file)
    context = context_length(merged_model, deploy)
    arguments = vllm_arguments("model", context, deploy)
    arguments += ["--trust-remote-code"] * trusts_remote_code(merged_model)
    (target / "vllm_args.json").write_text(json.dumps(arguments, indent=0), encoding="utf-8")
    merged_config = json.loads((merged_model / "config.json").read_text(encoding="utf-8"))
    fetch = base_command(base_model)
    values = {
        **card_values(base_model, scores, deploy),
        "weights": "base model and adapter merged, bfloat16" if is_adapter(adapter) else "bfloat16",
        "host": deploy.host,
        "port": deploy.port,
        "url": f"http://{client_host(deploy.host)}:{deploy.port}/v1",
        "temperature": deploy.temperature,
        "lora_rank": rank,
        "base_command": fetch,
        "lora_command": shlex.join(
            ["vllm", *lora_arguments("base" if fetch else base_model, rank, context, deploy, merged_config)]
        )
        if rank is not None
        else None,
    }
    write_from("vllm_start.sh.j2", target / "start.sh", values, executable=True)
    write_from("vllm_client.py.j2", target / "client.py", values)
    write_from("vllm_requirements.txt.j2", target / "requirements.txt", values)
    write_from("vllm_README.md.j2", target / "README.md", values)
    write_from("MODEL_CARD.md.j2", target / "MODEL_CARD.md", values)
