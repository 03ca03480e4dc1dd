"""Read the raw files of a course, and public sets, into documents."""

from kedro.pipeline import Node, Pipeline

from ta_pipeline.pipelines.ingest.nodes import read_sources, report_ingest


def create_pipeline() -> Pipeline:
    """Wire `ingest`: raw files to `documents` and `quarantined`."""
    return Pipeline(
        [
            Node(
                func=read_sources,
                inputs=["course_files", "public_files", "params:course", "params:ingest", "params:sources"],
                outputs=["documents", "quarantined"],
                name="read_sources",
            ),
            Node(
                func=report_ingest,
                inputs=["documents", "quarantined", "params:sources"],
                outputs="ingest_report",
                name="report_ingest",
            ),
        ],
        tags="ingest",
    )
