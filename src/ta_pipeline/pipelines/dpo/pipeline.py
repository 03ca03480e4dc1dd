"""Align the fine-tuned adapter with preference pairs."""

from kedro.pipeline import Node, Pipeline

from ta_pipeline.pipelines.dpo.nodes import train_dpo


def create_pipeline() -> Pipeline:
    """Wire `dpo`: `preference_tokens` and `sft_adapter` to `dpo_adapter`."""
    return Pipeline(
        [
            Node(
                func=train_dpo,
                inputs=["preference_tokens", "base_model", "sft_adapter", "params:dpo", "params:seed"],
                outputs=["dpo_adapter", "dpo_history", "dpo_report"],
                name="train_dpo",
            )
        ],
        tags="dpo",
    )
