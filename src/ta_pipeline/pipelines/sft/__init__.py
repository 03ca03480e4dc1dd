"""Token blocks in, an adapter out."""

from ta_pipeline.pipelines.sft.pipeline import create_pipeline

__all__ = ["create_pipeline"]
