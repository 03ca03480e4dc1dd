"""Examples and preferences in; token blocks, preference tokens and a label report out."""

from ta_pipeline.pipelines.tokenize.pipeline import create_pipeline

__all__ = ["create_pipeline"]
