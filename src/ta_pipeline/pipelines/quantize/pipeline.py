"""Merge the adapter, export GGUF files, and put the same questions to each."""

from kedro.pipeline import Node, Pipeline

from ta_pipeline.pipelines.quantize.nodes import (
    answer_with_gguf,
    export_gguf_files,
    merge_adapter,
    score_artefacts,
)


def create_pipeline() -> Pipeline:
    """Wire `quantize`: `dpo_adapter` to `merged_model`, `gguf_files` and their scores."""
    return Pipeline(
        [
            Node(
                func=merge_adapter,
                inputs=["base_model", "dpo_adapter"],
                outputs=["merged_model", "merge_report"],
                name="merge_adapter",
            ),
            Node(
                func=export_gguf_files,
                inputs=["merged_model", "params:quantize"],
                outputs=["gguf_files", "gguf_report"],
                name="export_gguf_files",
            ),
            Node(
                func=answer_with_gguf,
                inputs=[
                    "questions",
                    "gguf_files",
                    "merged_model",
                    "params:quantize",
                    "params:evaluate",
                    "params:seed",
                ],
                outputs=["artefact_predictions", "artefact_losses"],
                name="answer_with_gguf",
            ),
            Node(
                func=score_artefacts,
                inputs=[
                    "questions",
                    "artefact_predictions",
                    "artefact_losses",
                    "dpo_predictions",
                    "dpo_losses",
                    "gguf_report",
                    "params:evaluate",
                    "params:seed",
                ],
                outputs=["artefact_question_scores", "artefact_scores", "size_plot"],
                name="score_artefacts",
            ),
        ],
        tags="quantize",
    )
