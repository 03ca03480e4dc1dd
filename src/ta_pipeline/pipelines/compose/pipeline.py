"""Make rows to learn from, keep the benchmark apart, split without leaks."""

from kedro.pipeline import Node, Pipeline

from ta_pipeline.pipelines.compose.nodes import (
    chunk_documents,
    compose_examples,
    compose_preferences,
    prepare_questions,
    report_composing,
    split_without_leaks,
)


def create_pipeline() -> Pipeline:
    """Wire `compose`: `clean_documents` to `examples`, `preferences` and `questions`."""
    return Pipeline(
        [
            Node(
                func=chunk_documents,
                inputs=["clean_documents", "base_model", "params:compose"],
                outputs="chunks",
                name="chunk_documents",
            ),
            Node(
                func=prepare_questions,
                inputs=[
                    "benchmark_files",
                    "clean_documents",
                    "params:course",
                    "params:compose",
                    "params:seed",
                ],
                outputs="questions",
                name="prepare_questions",
            ),
            Node(
                func=compose_examples,
                inputs=["clean_documents", "chunks", "params:compose", "params:seed"],
                outputs="candidate_examples",
                name="compose_examples",
            ),
            Node(
                func=compose_preferences,
                inputs=["candidate_examples", "clean_documents", "params:compose", "params:seed"],
                outputs="candidate_preferences",
                name="compose_preferences",
            ),
            Node(
                func=split_without_leaks,
                inputs=[
                    "candidate_examples",
                    "candidate_preferences",
                    "questions",
                    "params:compose",
                    "params:seed",
                ],
                outputs=["examples", "preferences", "dropped_examples"],
                name="split_without_leaks",
            ),
            Node(
                func=report_composing,
                inputs=[
                    "clean_documents",
                    "chunks",
                    "candidate_examples",
                    "candidate_preferences",
                    "examples",
                    "preferences",
                    "dropped_examples",
                    "questions",
                ],
                outputs="compose_report",
                name="report_composing",
            ),
        ],
        tags="compose",
    )
