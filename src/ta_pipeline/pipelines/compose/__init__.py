"""Clean documents in; chunks, examples, preferences and benchmark questions out."""

from ta_pipeline.pipelines.compose.pipeline import create_pipeline

__all__ = ["create_pipeline"]
