"""The arithmetic of a step counted by hand, and the time that follows from it."""

from dataclasses import replace

import pytest

from ta_pipeline.training.plan.duration import (
    computed_flops,
    known_gpu,
    model_utilisation,
    step_flops,
    step_seconds,
    typical_gpu,
)
from ta_pipeline.training.plan.seeds import LORA
from ta_pipeline.training.plan.shapes import published_shape, shape_of

QWEN = published_shape("Qwen/Qwen3-8B")
RUN = replace(LORA, tokens=100, longest=50, scored=10, accumulation=3)
MATRICES = 36 * (2 * 4096 * 4096 + 2 * 4096 * 1024 + 3 * 4096 * 12288)


def test_frozen_matrices_count_four_and_trained_ones_six():
    attention = 6 * 4096 * 36 * 100 * 50
    head = 10 * 4 * 151936 * 4096
    assert step_flops(QWEN, RUN) == 3 * (100 * (4 * MATRICES + 6 * 61_341_696) + head + attention)
    full = replace(RUN, adapter="full", rank=0)
    assert step_flops(QWEN, full) == 3 * (100 * 6 * MATRICES + 10 * 6 * 151936 * 4096 + attention)


def test_it_counts_what_the_training_counts():
    from peft import LoraConfig, get_peft_model
    from transformers import AutoConfig, AutoModelForCausalLM

    from ta_pipeline.training.layers.row_attention import Row
    from ta_pipeline.training.watch.flops import count_matrices, lora_flops

    config = AutoConfig.for_model(
        "llama", hidden_size=32, intermediate_size=56, num_hidden_layers=2, num_attention_heads=4,
        num_key_value_heads=2, vocab_size=96,
    )  # fmt: skip
    model = AutoModelForCausalLM.from_config(config)
    names = ["q_proj", "k_proj", "v_proj", "o_proj"]
    model = get_peft_model(model, LoraConfig(r=4, target_modules=names))
    shape = shape_of(config.to_dict(), "tiny")
    run = replace(RUN, rank=4, accumulation=1)
    counted = lora_flops(model, [Row(0, 50), Row(50, 100)], 10)
    first = 100 * 2 * count_matrices(model).first  # no gradient is asked for of the embedding's output
    diagonal = 3 * 2 * 2 * 32 * 100  # a token sees itself too, not only half of the others
    assert step_flops(shape, run) == pytest.approx(counted + first - diagonal, rel=1e-9)


def test_checkpointing_computes_a_forward_pass_more_and_lowers_the_mfu():
    again = replace(RUN, checkpointing=True)
    assert step_flops(QWEN, again) == step_flops(QWEN, RUN)
    more = 3 * 100 * (2 * (MATRICES + 61_341_696) + 2 * 4096 * 36 * 50)
    assert computed_flops(QWEN, again) - computed_flops(QWEN, RUN) == more
    assert model_utilisation(QWEN, RUN) == 0.4
    assert 0.25 < model_utilisation(QWEN, again) < 0.28


def test_seconds_are_flops_over_what_is_used_of_the_peak():
    assert step_seconds(QWEN, RUN, 1e15) == step_flops(QWEN, RUN) / 0.4e15


@pytest.mark.parametrize(
    ("name", "tflops"),
    [
        ("NVIDIA A100-SXM4-80GB", 312),
        ("NVIDIA A100-SXM4-40GB", 312),
        ("NVIDIA H100 80GB HBM3", 989),
        ("NVIDIA H100 PCIe", 756),
        ("NVIDIA GeForce RTX 4090", 165),
        ("NVIDIA RTX A6000", 155),
    ],
)
def test_a_card_is_known_by_its_drivers_name(name, tflops):
    assert known_gpu(name).tflops == tflops


def test_an_unknown_card_is_not_taken_for_another():
    assert known_gpu("NVIDIA GB10") is None


def test_memory_alone_names_a_card_that_often_has_it():
    assert [typical_gpu(gib).name for gib in (16, 24, 47.5, 80, 141)] == [
        "T4",
        "RTX 4090",
        "RTX A6000",
        "A100",
        "H200",
    ]
