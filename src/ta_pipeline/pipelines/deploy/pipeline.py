"""Lay out everything a server needs, for vLLM and for Ollama."""

from kedro.pipeline import Node, Pipeline

from ta_pipeline.pipelines.deploy.nodes import build_ollama_bundle, build_vllm_bundle


def create_pipeline() -> Pipeline:
    """Wire `deploy`: artefacts to `vllm_bundle` and `ollama_bundle`."""
    return Pipeline(
        [
            Node(
                func=build_vllm_bundle,
                inputs=["merged_model", "dpo_adapter", "scores", "params:base_model", "params:deploy"],
                outputs="vllm_bundle",
                name="build_vllm_bundle",
            ),
            Node(
                func=build_ollama_bundle,
                inputs=["merged_model", "gguf_files", "scores", "params:base_model", "params:deploy"],
                outputs="ollama_bundle",
                name="build_ollama_bundle",
            ),
        ],
        tags="deploy",
    )
