"""Raw files in, documents with spans and quarantined input out."""

from ta_pipeline.pipelines.ingest.pipeline import create_pipeline

__all__ = ["create_pipeline"]
