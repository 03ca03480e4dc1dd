"""Base model and adapters in; predictions, scores and paired comparisons out."""

from ta_pipeline.pipelines.evaluate.pipeline import create_pipeline

__all__ = ["create_pipeline"]
