"""Make rows to learn from, keep the benchmark apart, split without leaks."""

from kedro.pipeline import Node, Pipeline

from ta_pipeline.pipelines.compose.nodes import (
    ask_teacher_for_questions,
    chunk_documents,
    compose_examples,
    compose_preferences,
    prepare_questions,
    report_composing,
    report_teacher,
    score_preferences,
    split_without_leaks,
    write_capability_files,
    write_data_card,
)

#: What the data card is made of: tables and reports by their own names, raw folders and parameters.
_TABLES = (
    "documents",
    "quarantined",
    "clean_documents",
    "dropped",
    "pii_audit",
    "removed_lines",
    "chunks",
    "candidate_examples",
    "candidate_preferences",
    "examples",
    "preferences",
    "dropped_examples",
    "questions",
)
_FILES_AND_REPORTS = ("course_files", "public_files", "ingest_report", "compose_report", "teacher_report")
_PARAMETERS = ("course", "base_model", "seed", "ingest", "clean", "compose")
_CARD = {
    **{name: name for name in _FILES_AND_REPORTS},
    **{name: f"params:{name}" for name in _PARAMETERS},
    **{name: name for name in _TABLES},
}


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
                    "course_files",
                    "public_files",
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
                func=ask_teacher_for_questions,
                inputs=["clean_documents", "chunks", "params:compose", "params:seed"],
                outputs=["teacher_examples", "teacher_questions"],
                name="ask_teacher_for_questions",
            ),
            Node(
                func=compose_examples,
                inputs=["clean_documents", "chunks", "params:compose", "params:seed", "teacher_examples"],
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
                func=score_preferences,
                inputs=["candidate_preferences", "params:compose", "params:seed"],
                outputs="teacher_scores",
                name="score_preferences",
            ),
            Node(
                func=report_teacher,
                inputs=["teacher_questions", "teacher_scores"],
                outputs="teacher_report",
                name="report_teacher",
            ),
            Node(
                func=split_without_leaks,
                inputs=[
                    "candidate_examples",
                    "candidate_preferences",
                    "questions",
                    "params:compose",
                    "params:seed",
                    "teacher_scores",
                ],
                outputs=["examples", "preferences", "dropped_examples"],
                name="split_without_leaks",
            ),
            Node(
                func=write_capability_files,
                inputs=["examples", "chunks", "questions", "params:course"],
                outputs=["tool_sft", "rag_sft", "style_sft", "benchmark"],
                name="write_capability_files",
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
            Node(
                func=write_data_card,
                inputs=_CARD,
                outputs=["data_card", "data_card_page"],
                name="write_data_card",
            ),
        ],
        tags="compose",
    )
