"""Two real ranks: each knows the rows of both, and both stop."""

import json
import os
import subprocess
import sys

import pyarrow as pa
import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from ta_pipeline.chat.packing import BLOCK

pytestmark = [pytest.mark.prove, pytest.mark.timeout(900)]

RUN = """
import sys, json
from pathlib import Path
import pyarrow as pa
from ta_pipeline.params import SftParams
from ta_pipeline.training.start import start_training
rows = pa.ipc.open_file(pa.memory_map(sys.argv[1])).read_all()
parameters = SftParams.model_validate(json.loads(sys.argv[3]))
shown = []
adapter, history, report = start_training("sft", rows, Path(sys.argv[2]), None, parameters, 7, shown.append)
print(json.dumps({"history": history.to_pylist(), "report": report, "shown": shown}))
"""


@pytest.fixture
def train(tmp_path, tiny_model):
    """Train in child processes, as a pipeline does; returns what a node would have, and what was printed."""

    def run(blocks, parameters):
        path = tmp_path / "blocks.arrow"
        with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, BLOCK) as writer:
            writer.write_table(pa.Table.from_pylist(blocks, BLOCK))
        return subprocess.run(
            [sys.executable, "-c", RUN, str(path), str(tiny_model), json.dumps(parameters)],
            env=dict(os.environ) | {"OUT_BASE": str(tmp_path / "out"), "OMP_NUM_THREADS": "1"},
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )

    return run


PARAMETERS = {
    "learning_rate": 1e-2, "max_steps": 3, "global_batch_size": 4, "warmup_share": 0.0, "weight_decay": 0.0,
    "max_grad_norm": 1.0, "save_every": 2, "precision": "fp32", "gradient_checkpointing": False,
    "zero_stage": 0, "num_processes": 2, "label_smoothing": 0.0, "opening_weight": 1.0, "eval_every": 2,
    "lora": {"rank": 4, "alpha": 8, "dropout": 0.0, "targets": "attention+mlp"},
}  # fmt: skip


def test_two_ranks_report_the_rows_and_tokens_of_both_and_tensorboard_has_each_step_once(
    train, counting, tmp_path
):
    done = train(counting(12) + counting(2, "validation"), PARAMETERS)
    assert done.returncode == 0, done.stderr[-2000:]
    result = json.loads(done.stdout.strip().splitlines()[-1])
    steps = [row for row in result["history"] if row["loss"] is not None]
    assert [len(row["example_ids"]) for row in steps] == [4, 4, 4]
    named = sorted(name for row in steps for name in row["example_ids"])
    assert named == sorted(f"train{i}" for i in range(12))
    assert [row["tokens_read"] for row in steps] == [104.0] * 3
    assert [row["step"] for row in result["history"] if row["validation_loss"]] == [0, 2, 3]
    assert result["report"]["tokens"] == 312
    assert result["report"]["findings"] == []
    assert sorted({row["step"] for row in result["shown"]}) == [0, 1, 2, 3]
    [folder] = (tmp_path / "out" / "logs" / "tensorboard").iterdir()
    board = EventAccumulator(str(folder))
    board.Reload()
    assert [event.step for event in board.Scalars("loss")] == [1, 2, 3]
    assert [event.step for event in board.Scalars("validation_loss")] == [0, 2, 3]


def test_one_rank_without_a_label_stops_both_with_one_line_that_names_the_row(
    train, counting, block, tmp_path
):
    masked = block("the_masked_one", [1, *range(200, 220), 2], prompt=22)
    done = train([*counting(3), masked], PARAMETERS | {"eval_every": None})
    assert done.returncode != 0
    last = done.stderr.strip().splitlines()[-1]
    assert "step 1: nothing is learned from row the_masked_one: every label is masked" in last
    assert "nothing to learn at step 1" in done.stderr
    assert not list((tmp_path / "out").rglob("adapter_model.safetensors"))
    log = (tmp_path / "out" / "logs" / "sft.log").read_text()
    assert (
        log.count("NothingToLearnError: step 1") >= 2
    )  # each rank stops by itself, none waits for the other
