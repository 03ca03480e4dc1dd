"""What only a GPU can show; the CPU twins of these tests always run."""

import math

import pytest
import torch

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU (CUDA)"),
]


def train(job):
    from ta_pipeline.training.sft import build_trainer

    trainer = build_trainer(job, callbacks=[])
    assert math.isfinite(trainer.train().training_loss)
    assert next(trainer.model.parameters()).is_cuda
    return trainer


@pytest.mark.parametrize("adapter", ["lora", "dora", "full"])
def test_two_steps_of_sft_on_the_gpu_in_bf16(sft_job, adapter):
    train(sft_job(adapter=adapter, precision="bf16", gradient_checkpointing=True))


def test_fp16_has_a_gradient_scaler(sft_job):
    trainer = train(sft_job(precision="fp16"))
    assert trainer.accelerator.scaler is not None and trainer.accelerator.scaler.is_enabled()
    assert {p.dtype for p in trainer.model.parameters() if p.requires_grad} == {torch.float32}


@pytest.mark.parametrize("form", ["nf4", "int8"])
def test_a_quantized_base_on_the_gpu(sft_job, form):
    pytest.importorskip("bitsandbytes")
    train(sft_job(precision="bf16", qlora="required", quantized_base=form, gradient_checkpointing=True))
