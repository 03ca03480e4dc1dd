"""Which rows a run learns from, by the name a user types."""

import pyarrow as pa
import pytest

from ta_pipeline.chat import selection
from ta_pipeline.chat.selection import account_for, in_few_steps, select_rows
from ta_pipeline.params import SftParams
from ta_pipeline.records import InputError

SFT = SftParams(
    learning_rate=1e-3, epochs=3, global_batch_size=1, warmup_share=0.0, weight_decay=0.0, max_grad_norm=1.0,
    save_every=1, precision="fp32", gradient_checkpointing=False, zero_stage=0, num_processes=1,
    label_smoothing=0.0, opening_weight=1.0,
    lora={"rank": 2, "alpha": 4, "dropout": 0.0, "targets": "attention"},
)  # fmt: skip


def rows(*tasks, split="train"):
    return pa.table({"id": [f"{i}" for i in range(len(tasks))], "split": [split] * len(tasks), "task": tasks})


@pytest.mark.parametrize(
    ("task", "expected"),
    [
        ("all", ["rag", "style", "qa", "refusal", "tool", "rag"]),
        ("tool", ["tool"]),
        ("rag", ["rag", "refusal", "rag"]),
        ("style", ["style", "qa"]),
    ],
)
def test_a_capability_has_the_rows_of_its_tasks_in_their_order(task, expected):
    table = rows("rag", "style", "qa", "refusal", "tool", "rag")
    assert select_rows(table, task).column("task").to_pylist() == expected


def test_a_sample_has_the_first_few_rows_of_each_task_in_each_split(monkeypatch):
    monkeypatch.setattr(selection, "SAMPLE_ROWS", 2)
    table = pa.concat_tables([rows("rag", "qa", "rag", "rag"), rows("rag", "rag", "rag", split="validation")])
    kept = select_rows(table, "sample")
    assert kept.column("task").to_pylist() == ["rag", "qa", "rag", "rag", "rag"]
    assert kept.column("split").to_pylist() == ["train"] * 3 + ["validation"] * 2


def test_a_course_without_such_rows_is_told_which_it_has():
    with pytest.raises(InputError, match="task=tool: no training row .* are of qa, rag. Add such rows"):
        select_rows(rows("rag", "qa"), "tool")


def test_rows_of_another_split_are_no_training_rows():
    with pytest.raises(InputError, match="task=rag: no training row"):
        select_rows(rows("rag", split="test"), "rag")


def test_an_unknown_name_is_answered_with_those_there_are():
    with pytest.raises(InputError, match="'rga' is none of all, sample, tool, rag, style"):
        select_rows(rows("rag"), "rga")


def test_rows_left_out_are_accounted_for():
    report = {"in": 5, "kept": 2, "dropped": 1, "dropped_by_reason": {"answer_too_long": 1}}
    assert account_for(report, 2, "rag") == {
        "in": 5,
        "kept": 2,
        "dropped": 3,
        "dropped_by_reason": {"answer_too_long": 1, "not of task=rag": 2},
    }
    assert account_for(report, 0, "all") == report


def test_a_sample_takes_few_steps_and_anything_else_those_asked_for():
    assert (in_few_steps(SFT, "sample").max_steps, in_few_steps(SFT, "sample").epochs) == (4, None)
    assert in_few_steps(SFT, "rag") is SFT
