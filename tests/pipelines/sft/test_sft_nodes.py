"""What the node hands to the training."""

import pyarrow as pa
import pytest

from ta_pipeline.chat.packing import BLOCK
from ta_pipeline.evaluation.teacher_forced import reference_blocks
from ta_pipeline.params import EarlyStopping, SftParams
from ta_pipeline.pipelines.sft.nodes import train_sft
from ta_pipeline.records import QUESTION

ASKED = {
    "id": "q1", "kind": "fact", "language": "en", "question": "What is mass?", "reference": "It resists change.",
    "lecture": "1", "held_out": False, "source": "a.md", "passages": [],
}  # fmt: skip
QUESTIONS = pa.Table.from_pylist([ASKED], QUESTION)
BLOCKS = pa.Table.from_pylist(
    [
        {"split": "train", "input_ids": [1, 2], "labels": [-100, 2], "seq_lengths": [2], "example_ids": ["a"],
         "read_tokens": 2}
    ],
    BLOCK,
)  # fmt: skip
SFT = SftParams.model_validate(
    {
        "learning_rate": 1e-3, "max_steps": 1, "global_batch_size": 1, "warmup_share": 0.0, "weight_decay": 0.0,
        "max_grad_norm": 1.0, "save_every": 9, "precision": "fp32", "gradient_checkpointing": False,
        "zero_stage": 0, "num_processes": 1, "label_smoothing": 0.0, "opening_weight": 1.0, "eval_every": 1,
        "lora": {"rank": 2, "alpha": 4, "dropout": 0.0, "targets": "attention"},
    }
)  # fmt: skip


def test_a_reference_is_a_block_whose_answer_and_stop_token_are_scored(tiny_model, tokenizer):
    [block] = reference_blocks(tiny_model, QUESTIONS).to_pylist()
    scored = [token for token in block["labels"] if token != -100]
    assert tokenizer.decode(scored) == "It resists change.<|im_end|>"
    assert (block["split"], block["example_ids"]) == ("benchmark", ["q1"])
    assert block["input_ids"][-len(scored) :] == scored
    assert block["seq_lengths"] == [len(block["input_ids"])] == [block["read_tokens"]]


@pytest.mark.parametrize(
    ("metric", "splits"), [("validation_loss", ["train"]), ("benchmark_score", ["train", "benchmark"])]
)
def test_the_benchmark_comes_along_only_where_early_stopping_asks_for_its_score(
    tiny_model, monkeypatch, metric, splits
):
    seen = []
    monkeypatch.setattr(
        "ta_pipeline.training.start.start_training", lambda method, blocks, *rest: seen.append(blocks)
    )
    sft = SFT.model_copy(update={"early_stopping": EarlyStopping(metric=metric)})
    train_sft(BLOCKS, QUESTIONS, tiny_model, None, sft, "all", 7)
    assert seen[0].column("split").to_pylist() == splits
