"""Normalise, mask personal data, filter, and take out copies."""

from kedro.pipeline import Node, Pipeline

from ta_pipeline.pipelines.clean.nodes import (
    drop_near_duplicates,
    filter_quality,
    mask_personal_data,
    normalise_documents,
    report_cleaning,
)


def create_pipeline() -> Pipeline:
    """Wire `clean`: `documents` to `clean_documents`, `dropped` and a report."""
    return Pipeline(
        [
            Node(
                func=normalise_documents,
                inputs=["documents", "params:clean"],
                outputs=["normalised_documents", "removed_lines"],
                name="normalise_documents",
            ),
            Node(
                func=mask_personal_data,
                inputs=["normalised_documents", "params:clean"],
                outputs=["masked_documents", "pii_audit"],
                name="mask_personal_data",
            ),
            Node(
                func=filter_quality,
                inputs=["masked_documents", "params:clean"],
                outputs=["filtered_documents", "dropped_by_quality"],
                name="filter_quality",
            ),
            Node(
                func=drop_near_duplicates,
                inputs=["filtered_documents", "params:clean", "known_signatures"],
                outputs=["clean_documents", "dropped_duplicates", "signatures"],
                name="drop_near_duplicates",
            ),
            Node(
                func=report_cleaning,
                inputs=[
                    "documents",
                    "clean_documents",
                    "dropped_by_quality",
                    "dropped_duplicates",
                    "removed_lines",
                    "pii_audit",
                ],
                outputs=["dropped", "cleaning_report"],
                name="report_cleaning",
            ),
        ],
        tags="clean",
    )
