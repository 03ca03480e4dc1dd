"""Turn conversations into token ids and labels, and prove which tokens are learned."""

from kedro.pipeline import Node, Pipeline

from ta_pipeline.pipelines.tokenize.nodes import (
    pack_token_rows,
    prove_labels,
    tokenize_examples,
    tokenize_preferences,
)


def create_pipeline() -> Pipeline:
    """Wire `tokenize`: `examples` to `token_blocks`, `preferences` to `preference_tokens`."""
    return Pipeline(
        [
            Node(
                func=tokenize_examples,
                inputs=["examples", "base_model", "params:tokenize"],
                outputs=["token_rows", "truncation_ledger"],
                name="tokenize_examples",
            ),
            Node(
                func=pack_token_rows,
                inputs=["token_rows", "truncation_ledger", "params:tokenize", "params:task", "params:seed"],
                outputs=["packed_rows", "label_report"],
                name="pack_token_rows",
            ),
            Node(
                func=tokenize_preferences,
                inputs=["preferences", "base_model", "params:dpo", "params:seed"],
                outputs=["preference_tokens", "preference_report"],
                name="tokenize_preferences",
            ),
            Node(
                func=prove_labels,
                inputs=[
                    "packed_rows",
                    "token_rows",
                    "examples",
                    "preference_tokens",
                    "preferences",
                    "base_model",
                    "params:tokenize",
                    "params:task",
                ],
                outputs=["token_blocks", "label_proof"],
                name="prove_labels",
            ),
        ],
        tags="tokenize",
    )
