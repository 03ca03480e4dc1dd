"""Nodes of `ingest`: thin, the work is done in `ta_pipeline.sources`."""

from __future__ import annotations

import logging
from pathlib import Path

import pyarrow as pa

from ta_pipeline.params import IngestParams, SourcesParams
from ta_pipeline.sources.collect import collect
from ta_pipeline.sources.report import summarise

logger = logging.getLogger(__name__)


def read_sources(
    course_files: Path, public_files: Path, course: str, ingest: IngestParams, sources: SourcesParams
) -> tuple[pa.Table, pa.Table]:
    """Read both folders into `documents` and `quarantined`."""
    documents, quarantined = collect(course_files, public_files, course, ingest, sources)
    logger.info("Read %d documents; %d rows are quarantined", documents.num_rows, quarantined.num_rows)
    return documents, quarantined


def report_ingest(documents: pa.Table, quarantined: pa.Table, sources: SourcesParams) -> dict[str, object]:
    """Report what was read and what was not."""
    return summarise(documents, quarantined, sources)
