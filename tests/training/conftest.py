"""Jobs on the tiny model, with rows and pairs that fit on a screen."""

from functools import partial

import pyarrow as pa
import pytest

from ta_pipeline.chat.packing import BLOCK
from ta_pipeline.chat.rows import PREFERENCE_TOKENS
from ta_pipeline.params import DpoParams, SftParams
from ta_pipeline.training.job import TrainingJob

SHARED = {
    "learning_rate": 1e-2, "max_steps": 2, "warmup_share": 0.0, "weight_decay": 0.0, "max_grad_norm": 1.0,
    "save_every": 10, "precision": "fp32", "gradient_checkpointing": False, "zero_stage": 0, "num_processes": 1,
}  # fmt: skip
SFT = SHARED | {
    "global_batch_size": 1, "label_smoothing": 0.0, "opening_weight": 1.0,
    "lora": {"rank": 2, "alpha": 4, "dropout": 0.0, "targets": "attention+mlp"},
}  # fmt: skip
DPO = SHARED | {
    "global_batch_size": 2, "beta": 0.1, "sft_weight": 0.0, "max_prompt_tokens": 64, "max_answer_tokens": 32,
}  # fmt: skip
PAIRS = [
    ([*range(100, 120), 50, 60], [70, 2], [80, 90, 2]),
    ([*range(100, 120), 51], [71, 72, 2], [2]),
]


def block(*rows, split="train"):
    """Make a block of rows (prompt, answer)."""
    ids = [[*prompt, *answer] for prompt, answer in rows]
    labels = [[-100] * len(prompt) + list(answer) for prompt, answer in rows]
    return {
        "split": split,
        "input_ids": sum(ids, []),
        "labels": sum(labels, []),
        "seq_lengths": [len(row) for row in ids],
        "example_ids": [str(i) for i in range(len(rows))],
        "read_tokens": sum(map(len, ids)),
    }


BLOCKS = [
    block(([1, 50], [60, 2]), ([1, 70], [80, 90, 2])),
    block(([1, 51, 52], [61, 2])),
    block(([1, 53], [62, 63, 2]), ([1, 71], [2])),
]


def write(path, rows, schema):
    table = pa.Table.from_pylist(rows, schema)
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, schema) as writer:
        writer.write_table(table)
    return str(path)


def make_sft_job(folder, model, blocks=BLOCKS, adapter_to_go_on_from=None, precision="fp32", **parameters):
    folder.mkdir(exist_ok=True)
    settings = SftParams.model_validate(SFT | parameters).model_dump()
    return TrainingJob(
        method="sft",
        model=str(model),
        adapter=str(adapter_to_go_on_from) if adapter_to_go_on_from else None,
        data=write(folder / "blocks.arrow", blocks, BLOCK),
        parameters=settings,
        seed=7,
        precision=precision,
        folder=str(folder),
    )


@pytest.fixture
def sft_job(tmp_path, tiny_model):
    """Make an SFT job with the parameters of `sft`."""
    return partial(make_sft_job, tmp_path / "sft", tiny_model)


@pytest.fixture
def dpo_job(tmp_path, tiny_model):
    """Make a job of preference training on `adapter`, with the parameters of `dpo`."""

    def make(adapter, pairs=PAIRS, precision="fp32", **parameters):
        rows = [
            {"id": str(i), "split": "train", "prompt_ids": p, "chosen_ids": c, "rejected_ids": r}
            for i, (p, c, r) in enumerate(pairs)
        ]
        data = write(tmp_path / "pairs.arrow", rows, PREFERENCE_TOKENS)
        settings = DpoParams.model_validate(DPO | parameters).model_dump()
        return TrainingJob(
            "dpo", str(tiny_model), str(adapter), data, settings, 7, precision, str(tmp_path / "dpo")
        )

    return make


@pytest.fixture(scope="session")
def trained(tiny_model, tmp_path_factory):
    """Train and save an SFT job with some parameters, once for all tests; gives the folder."""
    left = {}

    def run(**parameters):
        from ta_pipeline.training import sft
        from ta_pipeline.training.adapters import save_trained

        name = repr(sorted(parameters.items()))
        if name not in left:
            folder = tmp_path_factory.mktemp("left-by-sft")
            job = make_sft_job(folder / "job", tiny_model, **parameters)
            trainer = sft.build_trainer(job, callbacks=[])
            trainer.train()
            left[name] = folder / "result"
            save_trained(trainer, job, left[name])
        return left[name]

    return run
