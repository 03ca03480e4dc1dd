"""The last adapter in; a merged model and scored GGUF files out."""

from ta_pipeline.pipelines.quantize.pipeline import create_pipeline

__all__ = ["create_pipeline"]
