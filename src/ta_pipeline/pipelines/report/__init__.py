"""What the other stages found, as one page for people and one file for machines."""

from ta_pipeline.pipelines.report.pipeline import create_pipeline

__all__ = ["create_pipeline"]
