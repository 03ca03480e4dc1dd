"""Documents in, clean documents and dropped rows out."""

from ta_pipeline.pipelines.clean.pipeline import create_pipeline

__all__ = ["create_pipeline"]
