"""Small jobs, trained in this process: on the two-layer model, and on one that has been to school.

A model of random weights cannot lose what it never had. So a smaller one is taught to count (from 0 to 63 and
round again); the course then wants a number left out after every fourth. Its loss begins at 2.0 and falls to
0.03 in 40 steps.
"""

import json
import random

import pyarrow as pa
import pytest

from ta_pipeline.chat.packing import BLOCK
from ta_pipeline.params import SftParams
from ta_pipeline.training.job import TrainingJob

PARAMETERS = {
    "learning_rate": 1e-2, "max_steps": 6, "global_batch_size": 2, "warmup_share": 0.0, "weight_decay": 0.0,
    "max_grad_norm": 1.0, "save_every": 100, "precision": "fp32", "gradient_checkpointing": False,
    "zero_stage": 0, "num_processes": 1, "label_smoothing": 0.0, "opening_weight": 1.0,
    "lora": {"rank": 4, "alpha": 8, "dropout": 0.0, "targets": "attention+mlp"},
}  # fmt: skip


def _block(name, ids, prompt=8, split="train"):
    """A block of one row whose first `prompt` tokens are not learned."""
    labels = [-100] * prompt + ids[prompt:]
    row = {"split": split, "input_ids": ids, "labels": labels, "seq_lengths": [len(ids)]}
    return row | {"example_ids": [name], "read_tokens": len(ids)}


def _counting(count, split="train", length=24):
    """Blocks that count upwards from different numbers: something that can be learned."""
    return [
        _block(f"{split}{i}", [1, *range(300 + 7 * i, 300 + 7 * i + length), 2], split=split)
        for i in range(count)
    ]


NUMBERS, FIRST = 64, 300


def _numbers(start, course, length):
    found = [start % NUMBERS]
    while len(found) < length:
        left_out = course and found[-1] % 4 == 0
        found.append((found[-1] + 1 + left_out) % NUMBERS)
    return found


def _counted(name, start, split="train", course=True, wrong=0.0, length=24):
    """A block of one row of numbers; `wrong` is the share of them that are drawn at random."""
    draw = random.Random(name)
    numbers = [
        draw.randrange(NUMBERS) if draw.random() < wrong else n for n in _numbers(start, course, length)
    ]
    return _block(name, [7 if course else 1, *(FIRST + n for n in numbers), 2], prompt=3, split=split)


@pytest.fixture
def counted():
    """Make blocks of numbers for the schooled model."""
    return _counted


@pytest.fixture(scope="session")
def schooled_model(tiny_model, tmp_path_factory):
    """A two-layer model of 512 tokens that can count; taught once, in five seconds."""
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer

    folder = tmp_path_factory.mktemp("schooled")
    with torch.random.fork_rng():
        torch.manual_seed(0)
        config = AutoConfig.from_pretrained(tiny_model)
        config.vocab_size = 512
        model = AutoModelForCausalLM.from_config(config).float()
        optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
        for _ in range(160):
            rows = [_counted("", start, course=False)["input_ids"] for start in torch.randint(NUMBERS, (8,))]
            ids = torch.tensor([[int(token) for token in row] for row in rows])
            model(ids, labels=ids).loss.backward()
            optimizer.step()
            optimizer.zero_grad()
    model.save_pretrained(folder)
    AutoTokenizer.from_pretrained(tiny_model).save_pretrained(folder)
    return folder


@pytest.fixture
def make_job(tmp_path, tiny_model):
    """Write blocks and parameters as a job of its own folder."""

    def make(blocks, name="job", model=None, **changes):
        folder = tmp_path / name
        folder.mkdir(exist_ok=True)
        data = folder / "rows.arrow"
        table = pa.Table.from_pylist(blocks, BLOCK)
        with pa.OSFile(str(data), "wb") as sink, pa.ipc.new_file(sink, BLOCK) as writer:
            writer.write_table(table)
        parameters = SftParams.model_validate(PARAMETERS | changes).model_dump()
        return TrainingJob(
            "sft", str(model or tiny_model), None, str(data), parameters, 7, "fp32", str(folder)
        )

    return make


@pytest.fixture
def run_job():
    """Train a job in this process; returns its events and its report (None where it was stopped)."""

    def run(job):
        from ta_pipeline.training.worker import run

        run(job)
        return _events_of(job), json.loads((job.result.parent / "report.json").read_text())

    return run


def _events_of(job):
    """Read what a job's child has written so far."""
    return [json.loads(line) for line in job.events.read_text().splitlines()] if job.events.is_file() else []


@pytest.fixture
def block():
    """Make a block of one row."""
    return _block


@pytest.fixture
def counting():
    """Make blocks that can be learned."""
    return _counting


@pytest.fixture
def events_of():
    """Read a job's events."""
    return _events_of
