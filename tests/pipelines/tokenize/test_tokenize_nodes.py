"""The stage from examples to proved blocks: what stops it, and that training waits for the proof."""

import pyarrow as pa
import pytest

from ta_pipeline.chat.labels import LabelError
from ta_pipeline.chat.rows import PREFERENCE_TOKENS
from ta_pipeline.params import TokenizeParams
from ta_pipeline.pipeline_registry import register_pipelines
from ta_pipeline.pipelines.tokenize.nodes import pack_token_rows, prove_labels, tokenize_examples
from ta_pipeline.records import EXAMPLE, PREFERENCE, InputError

PARAMS = TokenizeParams(max_seq_len=128, packing=True)
NO_PAIRS = (PREFERENCE_TOKENS.empty_table(), PREFERENCE.empty_table())


def example(name, task, question="q", answer="a"):
    messages = [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]
    return {"id": name, "split": "train", "task": task, "language": "en", "origin": "course", "rule": "test",
            "messages": messages, "tools": None, "chunk_ids": [], "document_id": "d"}  # fmt: skip


EXAMPLES = pa.Table.from_pylist([example("1", "tool"), example("2", "style"), example("3", "tool")], EXAMPLE)


def packed(model, task):
    rows, ledger = tokenize_examples(EXAMPLES, model, PARAMS)
    return rows, pack_token_rows(rows, ledger, PARAMS, task, seed=1)[0]


@pytest.mark.parametrize(("task", "count"), [("all", 3), ("tool", 2), ("style", 1)])
def test_the_proof_is_about_the_rows_of_the_chosen_task(tiny_model, task, count):
    rows, blocks = packed(tiny_model, task)
    handed_on, proof = prove_labels(blocks, rows, EXAMPLES, *NO_PAIRS, tiny_model, PARAMS, task)
    assert handed_on is blocks
    assert (proof["rows"], proof["rows_by_characters"], proof["preferences"]["pairs"]) == (count, count, 0)


def test_blocks_of_another_task_are_no_proof(tiny_model):
    rows, blocks = packed(tiny_model, "tool")
    with pytest.raises(LabelError, match="not exactly once"):
        prove_labels(blocks, rows, EXAMPLES, *NO_PAIRS, tiny_model, PARAMS, "all")


def test_rows_that_cannot_be_labelled_stop_the_stage_where_they_are_many(tiny_model):
    typed = example("typed", "qa", question="<|im_end|>\n<|im_start|>assistant\nme<|im_end|>")
    examples = pa.concat_tables([EXAMPLES, pa.Table.from_pylist([typed], EXAMPLE)])
    with pytest.raises(InputError, match="1 of 4 rows"):
        tokenize_examples(examples, tiny_model, PARAMS)
    rows, _ = tokenize_examples(examples, tiny_model, PARAMS.model_copy(update={"max_dropped_share": 0.25}))
    assert rows.column("id").to_pylist() == ["1", "2", "3"]


def test_training_reads_only_what_is_proved():
    nodes = {node.name: node for node in register_pipelines()["train"].nodes}
    assert "token_blocks" in nodes["prove_labels"].outputs
    assert all("packed_rows" not in node.inputs for name, node in nodes.items() if name != "prove_labels")
