"""Preference pairs and the SFT adapter in, a preferred adapter out."""

from ta_pipeline.pipelines.dpo.pipeline import create_pipeline

__all__ = ["create_pipeline"]
