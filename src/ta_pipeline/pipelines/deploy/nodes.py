"""Nodes of `deploy`: each fills a work folder, which the catalog moves into place."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from ta_pipeline.params import DeployParams
from ta_pipeline.paths import work_dir


def build_vllm_bundle(
    merged_model: Path, dpo_adapter: Path, scores: dict[str, Any], base_model: str, deploy: DeployParams
) -> Path:
    """Lay out the merged model and its adapter for vLLM."""
    from ta_pipeline.serving.vllm import write_vllm_bundle

    target = Path(tempfile.mkdtemp(dir=work_dir(), prefix="vllm_bundle-"))
    write_vllm_bundle(merged_model, dpo_adapter, scores, base_model, deploy, target)
    return target


def build_ollama_bundle(
    merged_model: Path, gguf_files: Path, scores: dict[str, Any], base_model: str, deploy: DeployParams
) -> Path:
    """Lay out the chosen GGUF for Ollama, with a TEMPLATE proven against the model's own."""
    from ta_pipeline.quantization.gguf import gguf_name
    from ta_pipeline.serving.ollama import write_ollama_bundle

    target = Path(tempfile.mkdtemp(dir=work_dir(), prefix="ollama_bundle-"))
    gguf = gguf_files / gguf_name(deploy.ollama_format)
    write_ollama_bundle(merged_model, gguf, scores, base_model, deploy, target)
    return target
