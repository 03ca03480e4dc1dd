"""A run that is killed at any moment and started again is the run that was never killed.

The child is the real worker, killed by SIGKILL; only its start is shared, see fork_server.py. The table of
all kills is printed: `pytest -s -m prove tests/training/test_kills.py`.
"""

import hashlib
import json
import os
import random
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pyarrow as pa
import pytest

from ta_pipeline.chat.packing import BLOCK
from ta_pipeline.chat.rows import PREFERENCE_TOKENS
from ta_pipeline.training.job import TrainingJob
from ta_pipeline.training.launch import child_environment
from ta_pipeline.training.resume import lived

KILLS, IN_SAVES = 20, 8

#: Figures of a step that have to come out the same to the last bit; what is measured by a clock cannot.
CURVE = (
    *("step", "loss", "grad_norm", "learning_rate", "token_accuracy", "validation_loss"),
    *("reward_margin", "reward_accuracy"),
)

PARAMETERS = {
    "learning_rate": 1e-2, "max_steps": 14, "global_batch_size": 2, "warmup_share": 0.1, "weight_decay": 0.01,
    "max_grad_norm": 1.0, "save_every": 3, "precision": "fp32", "gradient_checkpointing": False,
    "zero_stage": 0, "num_processes": 1, "label_smoothing": 0.1, "opening_weight": 2.0,
    "lora": {"rank": 4, "alpha": 8, "dropout": 0.1, "targets": "attention+mlp"},
}  # fmt: skip


class ForkServer:
    """Start workers as forks of one process that has everything imported."""

    def __init__(self):
        source = Path(__file__).parents[2] / "src"
        inherited = dict(os.environ) | {"PYTHONPATH": str(source)}
        self.process = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("fork_server.py"))],
            env=child_environment({"zero_stage": 0}, 1, True, inherited) | {"OMP_NUM_THREADS": "1"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout.readline().strip() == "ready"

    def start(self, job):
        """Start a job; returns the process id of its worker."""
        self.process.stdin.write(f"{job.folder}/job.json\n")
        self.process.stdin.flush()
        return int(self.process.stdout.readline())

    def wait(self):
        """Wait for the worker; returns its exit code, negative where a signal ended it."""
        return int(self.process.stdout.readline())

    def close(self):
        self.process.stdin.close()
        self.process.wait(timeout=30)


@pytest.fixture(scope="module")
def servers():
    """One a core of the smallest machine."""
    forks = [ForkServer(), ForkServer()]
    yield forks
    for fork in forks:
        fork.close()


def pairs():
    """Ten pairs, read in their order."""
    rows = []
    for i in range(10):
        row = {"id": str(i), "split": "train", "prompt_ids": [1, *range(100 + i, 110 + i)]}
        rows.append(row | {"chosen_ids": [200 + i, 201, 2], "rejected_ids": [300 + i, 301 + i, 302, 2]})
    return pa.Table.from_pylist(rows, PREFERENCE_TOKENS)


def blocks(packed):
    """Ten blocks to learn from, so that fourteen steps of two see more than two epochs; two to validate."""
    rows = []
    for i in range(12):
        ids = [1, *range(100 + 5 * i, 116 + 5 * i), 2]
        count = 2 + i % 2 if packed else 1
        row = {"split": "train" if i < 10 else "validation", "input_ids": ids * count}
        row |= {"labels": ([-100] * 8 + ids[8:]) * count, "seq_lengths": [len(ids)] * count}
        rows.append(
            row | {"example_ids": [f"{i}-{n}" for n in range(count)], "read_tokens": count * len(ids)}
        )
    return pa.Table.from_pylist(rows, BLOCK)


def make_job(folder, model, adapter, shape, changes):
    folder.mkdir(parents=True)
    data = folder / "rows.arrow"
    rows = pairs() if shape == "pairs" else blocks(shape == "packed")
    with pa.OSFile(str(data), "wb") as sink, pa.ipc.new_file(sink, rows.schema) as writer:
        writer.write_table(rows)
    method, start = ("dpo", str(adapter)) if shape == "pairs" else ("sft", None)
    job = TrainingJob(method, str(model), start, str(data), PARAMETERS | changes, 7, "fp32", str(folder))
    job.write()
    return job


def lines(path):
    """Read the whole lines of a JSON lines file; a kill may have left half of one."""
    content = path.read_text("utf-8") if path.is_file() else ""
    return [json.loads(line) for line in content.splitlines(keepends=True) if line.endswith("\n")]


def outcome(job):
    """Sum up a finished run: loss curve, sample order, and the hash of the weights."""
    folder = Path(job.folder)
    curve = [[event.get(name) for name in CURVE] for event in lived(lines(folder / "events.jsonl"))]
    order: dict[int, list] = {}
    reader = None
    for row in lines(folder / "order.jsonl"):
        if row["by"] != reader:  # started again: what it reads from here on takes the place of what was read
            reader = row["by"]
            order = {step: read for step, read in order.items() if step < row["step"]}
        order.setdefault(row["step"], []).append(row["read"])
    weights = sorted(job.result.glob("*.safetensors"))
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in weights)).hexdigest()
    return {"curve": curve, "order": order, "hash": digest}


def moments(seed):
    """Draw when to kill: in the nth save, or after an optimizer step, each a little while later."""
    draw = random.Random(seed)
    in_saves = [("save", draw.randint(1, 5), draw.uniform(0, 0.05)) for _ in range(IN_SAVES)]
    after_steps = [("step", draw.randint(0, 14), draw.uniform(0, 0.1)) for _ in range(KILLS - IN_SAVES)]
    return in_saves + after_steps


def has_come(job, kind, number):
    """Make a function that tells whether a run has come to its nth save, or through so many steps."""
    folder = Path(job.folder)
    if kind == "save":
        step = min(number * job.parameters["save_every"], job.parameters["max_steps"])
        aside = folder / "checkpoints" / ".saving" / f"checkpoint-{step}"
        return aside.exists
    if number == 0:
        return (folder / "order.jsonl").exists
    return lambda: any(event["step"] >= number for event in lines(folder / "events.jsonl"))


def kill(server, job, moment):
    """Start a job and kill it at a moment; returns the row of the table as it stands then."""
    kind, number, delay = moment
    process_id, come = server.start(job), has_come(job, kind, number)
    deadline = time.monotonic() + 120
    while not come():
        assert time.monotonic() < deadline
        time.sleep(0.0005)
    time.sleep(delay)
    os.kill(process_id, signal.SIGKILL)
    assert server.wait() == -signal.SIGKILL
    folder = Path(job.folder)
    half = [path.name for path in folder.glob("checkpoints/.saving/*")]
    return {
        "moment": f"{kind} {number} + {delay * 1000:.0f} ms",
        "step": max((event["step"] for event in lines(folder / "events.jsonl")), default=0),
        "half written": " ".join(half) or "-",
    }


def resume(server, job, whole):
    """Start a killed job again, to its end; returns the rest of the table's row."""
    server.start(job)
    code = server.wait()
    assert code == 0, (Path(job.folder) / "child.log").read_text()[-2000:]
    again = outcome(job)
    report = json.loads((Path(job.folder) / "report.json").read_text())
    same = {name: again[name] == whole[name] for name in ("curve", "order", "hash")}
    return {"resumed from": report["resumed_from"] or "the start"} | same


def printed(rows):
    """Lay out rows of one shape as a table of text."""
    table = [list(rows[0]), *([str(value) for value in row.values()] for row in rows)]
    widths = [max(len(row[i]) for row in table) for i in range(len(table[0]))]
    return "\n".join("  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths)) for row in table)


FULL = {"adapter": "full", "learning_rate": 1e-3}
DPO = {"beta": 0.1, "sft_weight": 1.0, "learning_rate": 1e-3}

#: Shape of the rows, parameters, and which of the drawn moments.
CONFIGURATIONS = {
    "lora-packed": ("packed", {}, slice(None)),
    "lora-unpacked": ("unpacked", {}, slice(None)),
    "full-packed": ("packed", FULL, slice(None)),
    "full-unpacked": ("unpacked", FULL, slice(None)),
    "dpo": ("pairs", DPO, slice(None, None, 2)),
}


@pytest.mark.prove
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("configuration", CONFIGURATIONS)
def test_a_run_killed_at_any_moment_is_the_run_that_was_never_killed(
    servers, tiny_model, tiny_adapter, tmp_path, configuration
):
    *changes, some = CONFIGURATIONS[configuration]
    given = (tiny_model, tiny_adapter, *changes)
    first = make_job(tmp_path / "whole", *given)
    servers[0].start(first)
    assert servers[0].wait() == 0, (tmp_path / "whole" / "child.log").read_text()[-3000:]
    whole = outcome(first)
    drawn = list(enumerate(moments(seed=11)))[some]

    def prove(server, mine):
        rows = []
        for number, moment in mine:
            job = make_job(tmp_path / f"kill-{number}", *given)
            rows.append({"kill": number + 1} | kill(server, job, moment) | resume(server, job, whole))
        return rows

    with ThreadPoolExecutor(len(servers)) as pool:
        parts = [pool.submit(prove, server, drawn[n :: len(servers)]) for n, server in enumerate(servers)]
        rows = sorted((row for part in parts for row in part.result()), key=lambda row: row["kill"])
    table = printed(rows)
    (tmp_path / "kills.txt").write_text(table + "\n")
    print(f"\n{configuration}\n{table}")
    assert [row for row in rows if not (row["curve"] and row["order"] and row["hash"])] == []
    assert sum(row["half written"] != "-" for row in rows) >= 3
    assert len({row["resumed from"] for row in rows}) >= 3
