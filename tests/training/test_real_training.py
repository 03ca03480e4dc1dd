"""Real child processes on the two-layer model: ranks, kills, resumes."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pyarrow as pa
import pytest

from ta_pipeline.chat.packing import BLOCK
from ta_pipeline.params import DpoParams
from ta_pipeline.training.trained_model import is_adapter

pytestmark = [pytest.mark.prove, pytest.mark.timeout(900)]

RUN = """
import sys, json
from pathlib import Path
import pyarrow as pa
from ta_pipeline.params import SftParams
from ta_pipeline.training.start import start_training
rows = pa.ipc.open_file(pa.memory_map(sys.argv[1])).read_all()
parameters = SftParams.model_validate(json.loads(sys.argv[3]))
adapter, history, report = start_training("sft", rows, Path(sys.argv[2]), None, parameters, 7, lambda row: None)
print(json.dumps({"adapter": str(adapter), "losses": history.column("loss").to_pylist(), "report": report}))
"""

PARAMETERS = {
    "learning_rate": 1e-2, "max_steps": 8, "global_batch_size": 2, "warmup_share": 0.0, "weight_decay": 0.0,
    "max_grad_norm": 1.0, "save_every": 2, "precision": "fp32", "gradient_checkpointing": False,
    "zero_stage": 0, "num_processes": 1, "label_smoothing": 0.0, "opening_weight": 1.0,
    "lora": {"rank": 4, "alpha": 8, "dropout": 0.0, "targets": "attention+mlp"},
}  # fmt: skip


@pytest.fixture
def blocks(tmp_path):
    rows = []
    for i in range(16):
        ids = [1, *range(100 + i, 160 + i), 2]
        row = {"split": "train", "input_ids": ids * 2, "labels": ([-100] * 30 + ids[30:]) * 2}
        row |= {"seq_lengths": [len(ids)] * 2, "example_ids": [f"{i}a", f"{i}b"]}
        rows.append(row | {"read_tokens": 2 * len(ids)})
    path = tmp_path / "blocks.arrow"
    table = pa.Table.from_pylist(rows, BLOCK)
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, BLOCK) as writer:
        writer.write_table(table)
    return path


def start(out, blocks, model, **changes):
    command = [sys.executable, "-c", RUN, str(blocks), str(model), json.dumps(PARAMETERS | changes)]
    return subprocess.Popen(
        command,
        env=dict(os.environ) | {"OUT_BASE": str(out), "OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def finish(process):
    out, err = process.communicate(timeout=600)
    assert process.returncode == 0, err[-2000:]
    return json.loads(out.strip().splitlines()[-1])


def weights(result):
    return (Path(result["adapter"]) / "adapter_model.safetensors").read_bytes()


def test_a_killed_run_goes_on_to_the_very_same_adapter(tmp_path, blocks, tiny_model):
    whole = finish(start(tmp_path / "whole", blocks, tiny_model))
    process = start(tmp_path / "killed", blocks, tiny_model)
    deadline = time.monotonic() + 300
    while not list((tmp_path / "killed").glob("tmp/sft-*/checkpoints/checkpoint-4/ta_checkpoint.json")):
        assert time.monotonic() < deadline and process.poll() is None
        time.sleep(0.1)
    kill_everything(process)
    again = finish(start(tmp_path / "killed", blocks, tiny_model))
    assert again["report"]["resumed_from"] in {"checkpoint-4", "checkpoint-6", "checkpoint-8"}
    assert again["losses"] == whole["losses"]
    assert weights(again) == weights(whole)


def kill_everything(process):
    """SIGKILL the runner, its launcher and its ranks, as a power cut would."""
    import psutil

    family = [*psutil.Process(process.pid).children(recursive=True), psutil.Process(process.pid)]
    for member in family:
        member.send_signal(signal.SIGKILL)
    process.wait()


@pytest.mark.parametrize("stage", [1, 2])
def test_two_deepspeed_ranks_learn_what_one_process_learns(tmp_path, blocks, tiny_model, stage):
    one = finish(start(tmp_path / "one", blocks, tiny_model))
    two = finish(start(tmp_path / "two", blocks, tiny_model, zero_stage=stage, num_processes=2))
    assert two["report"]["num_processes"] == 2
    assert two["report"]["zero_stage"] == stage
    assert two["losses"] == pytest.approx(one["losses"], abs=1e-3)
    assert (Path(two["adapter"]) / "adapter_config.json").is_file()


PREFERENCES = """
import sys, json
from pathlib import Path
import pyarrow as pa
from ta_pipeline.params import DpoParams
from ta_pipeline.training.start import start_training
rows = pa.Table.from_pylist(json.loads(sys.argv[1]))
parameters = DpoParams.model_validate(json.loads(sys.argv[3]))
result, history, report = start_training(
    "dpo", rows, Path(sys.argv[2]), Path(sys.argv[4]), parameters, 7, lambda row: None
)
print(json.dumps({"adapter": str(result), "losses": history.column("loss").to_pylist(), "report": report}))
"""
PAIRS = [
    {"id": str(i), "split": "train", "prompt_ids": [1, *range(100, 130), i], "chosen_ids": [70 + i, 2], "rejected_ids": [90, 2]}
    for i in range(8)
]  # fmt: skip


@pytest.mark.parametrize(
    ("sft", "method", "first_loss"),
    [
        ({"adapter": "lora"}, "dpo", 0.6931),
        ({"adapter": "dora"}, "dpo", 0.6931),
        ({"adapter": "full"}, "dpo", 0.6931),
        ({"adapter": "full"}, "orpo", None),
        ({"qlora": "required"}, "dpo", 0.6931),
    ],
)
def test_what_sft_leaves_is_trained_on_preferences(tmp_path, blocks, tiny_model, sft, method, first_loss):
    changes = {"max_steps": None, "epochs": 1, "micro_batch_size": 2, "global_batch_size": 4} | sft
    first = finish(start(tmp_path / "out", blocks, tiny_model, **changes))
    assert first["report"]["steps"] == 4
    assert first["losses"][-1] < first["losses"][0]
    left = tmp_path / "left-by-sft"
    Path(first["adapter"]).rename(left)
    shared = {name: value for name, value in PARAMETERS.items() if name in DpoParams.model_fields}
    dpo = {"method": method, "beta": 0.1, "sft_weight": 0.0, "max_prompt_tokens": 64, "max_answer_tokens": 8}
    process = subprocess.Popen(
        [sys.executable, "-c", PREFERENCES, json.dumps(PAIRS), str(tiny_model), json.dumps(shared | dpo), str(left)],
        env=dict(os.environ) | {"OUT_BASE": str(tmp_path / "out"), "OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    second = finish(process)
    assert second["report"]["method"] == method
    assert second["report"]["adapter"] == first["report"]["adapter"]
    assert second["report"]["quantized_base"] == first["report"]["quantized_base"]
    assert second["losses"][-1] < second["losses"][0]
    if first_loss:
        assert second["losses"][0] == pytest.approx(first_loss, abs=1e-3)
    assert is_adapter(Path(second["adapter"])) is (sft.get("adapter") != "full")


def test_a_child_that_fails_is_one_line_with_its_log(tmp_path, blocks, tiny_model):
    process = start(tmp_path / "out", blocks, tmp_path / "no-model")
    _, err = process.communicate(timeout=300)
    assert process.returncode != 0
    last = err.strip().splitlines()[-1]
    assert "training ended with exit code" in last
    assert "sft.log" in last
