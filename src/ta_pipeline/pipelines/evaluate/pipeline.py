"""Ask base, SFT and DPO the same questions in the same words, and score the answers."""

from kedro.pipeline import Node, Pipeline

from ta_pipeline.pipelines.evaluate.nodes import (
    answer_with_base,
    answer_with_dpo,
    answer_with_parent,
    answer_with_sft,
    score_trained,
)


def create_pipeline() -> Pipeline:
    """Wire `evaluate`: `questions` and the adapters to `scores`."""
    return Pipeline(
        [
            Node(
                func=answer_with_base,
                inputs=["questions", "base_model", "params:evaluate", "params:seed"],
                outputs=["base_predictions", "base_losses"],
                name="answer_with_base",
            ),
            Node(
                func=answer_with_parent,
                inputs=["questions", "base_model", "sft_adapter", "params:evaluate", "params:seed"],
                outputs=["parent_predictions", "parent_losses"],
                name="answer_with_parent",
            ),
            Node(
                func=answer_with_sft,
                inputs=["questions", "base_model", "sft_adapter", "params:evaluate", "params:seed"],
                outputs=["sft_predictions", "sft_losses"],
                name="answer_with_sft",
            ),
            Node(
                func=answer_with_dpo,
                inputs=["questions", "base_model", "dpo_adapter", "params:evaluate", "params:seed"],
                outputs=["dpo_predictions", "dpo_losses"],
                name="answer_with_dpo",
            ),
            Node(
                func=score_trained,
                inputs=[
                    "questions",
                    "base_predictions",
                    "parent_predictions",
                    "sft_predictions",
                    "dpo_predictions",
                    "base_losses",
                    "parent_losses",
                    "sft_losses",
                    "dpo_losses",
                    "params:evaluate",
                    "params:seed",
                ],
                outputs=["question_scores", "scores", "scores_plot"],
                name="score_trained",
            ),
        ],
        tags="evaluate",
    )
