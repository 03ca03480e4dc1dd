"""Fine-tune the base model on the token blocks."""

from kedro.pipeline import Node, Pipeline

from ta_pipeline.pipelines.sft.nodes import train_sft


def create_pipeline() -> Pipeline:
    """Wire `sft`: `token_blocks`, and the last round's adapter where that goes on, to `sft_adapter`."""
    return Pipeline(
        [
            Node(
                func=train_sft,
                inputs=[
                    "token_blocks",
                    "questions",
                    "base_model",
                    "previous_sft_adapter",
                    "params:sft",
                    "params:task",
                    "params:seed",
                ],
                outputs=["sft_adapter", "sft_history", "sft_report"],
                name="train_sft",
            )
        ],
        tags="sft",
    )
