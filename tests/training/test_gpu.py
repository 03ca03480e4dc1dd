"""What only a GPU can show; the CPU twins of these tests always run."""

import math

import pyarrow as pa
import pytest
import torch

from ta_pipeline.chat.packing import BLOCK
from ta_pipeline.training.job import TrainingJob

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU (CUDA)"),
]


def test_two_steps_of_sft_on_the_gpu_in_bf16(tmp_path, tiny_model):
    from ta_pipeline.training.sft import build_trainer

    ids = [1, *range(100, 160), 2]
    rows = [{"split": "train", "input_ids": ids, "labels": [-100] * 30 + ids[30:], "seq_lengths": [len(ids)],
             "example_ids": ["a"], "read_tokens": len(ids)}]  # fmt: skip
    with pa.OSFile(str(tmp_path / "b.arrow"), "wb") as sink, pa.ipc.new_file(sink, BLOCK) as writer:
        writer.write_table(pa.Table.from_pylist(rows, BLOCK))
    parameters = {
        "learning_rate": 1e-3, "max_steps": 2, "global_batch_size": 1, "warmup_share": 0.0, "weight_decay": 0.0,
        "max_grad_norm": 1.0, "save_every": 2, "gradient_checkpointing": True, "zero_stage": 0,
        "num_processes": 1, "label_smoothing": 0.0, "opening_weight": 1.0,
        "lora": {"rank": 4, "alpha": 8, "dropout": 0.0, "targets": "attention+mlp"},
    }  # fmt: skip
    job = TrainingJob(
        "sft", str(tiny_model), None, str(tmp_path / "b.arrow"), parameters, 7, "bf16", str(tmp_path)
    )
    trainer = build_trainer(job, callbacks=[])
    assert math.isfinite(trainer.train().training_loss)
    assert next(trainer.model.parameters()).is_cuda
