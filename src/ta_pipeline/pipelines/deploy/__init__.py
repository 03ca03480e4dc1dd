"""Merged model, adapter and GGUF in; a vLLM bundle and an Ollama bundle out."""

from ta_pipeline.pipelines.deploy.pipeline import create_pipeline

__all__ = ["create_pipeline"]
