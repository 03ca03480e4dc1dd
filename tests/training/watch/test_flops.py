"""The FLOP count of a LoRA step, against PyTorch's own counter."""

import pytest
import torch
from peft import LoraConfig, get_peft_model
from torch.utils.flop_counter import FlopCounterMode
from transformers import AutoModelForCausalLM

from ta_pipeline.training.layers.row_attention import Row
from ta_pipeline.training.watch.flops import lora_flops, peak_flops


def test_the_count_is_within_two_percent_of_flop_counter_mode(tiny_model):
    model = AutoModelForCausalLM.from_pretrained(tiny_model, dtype=torch.float32, attn_implementation="eager")
    targets = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
    model = get_peft_model(model, LoraConfig(r=8, target_modules=targets, task_type="CAUSAL_LM"))
    length, keep = 256, 100
    ids = torch.arange(length)[None]
    with FlopCounterMode(display=False) as counter:
        model(ids, logits_to_keep=torch.arange(keep), use_cache=False).logits.sum().backward()
    config = model.config
    # eager attention multiplies the masked half too, and the first layer's input needs no gradient
    masked_half = 6 * 64 * config.num_hidden_layers * length * length
    assert lora_flops(model, [Row(0, length)], keep) + masked_half == pytest.approx(
        counter.get_total_flops(), rel=0.02
    )


def test_two_short_rows_cost_less_attention_than_one_long(tiny_model):
    model = AutoModelForCausalLM.from_pretrained(tiny_model)
    assert lora_flops(model, [Row(0, 128), Row(128, 256)], 10) < lora_flops(model, [Row(0, 256)], 10)


def test_a_prefix_that_is_read_once_is_counted_once(tiny_model):
    model = AutoModelForCausalLM.from_pretrained(tiny_model)
    twice = lora_flops(model, [Row(0, 128), Row(128, 256)], 10)
    once = lora_flops(model, [Row(0, 128), Row(128, 156, ((0, 100),))], 10)
    per_token = (twice - lora_flops(model, [Row(0, 128)], 10)) / 128
    # 100 tokens less; what attention costs over the prefix stays
    assert twice - once == pytest.approx(100 * per_token, rel=0.05)


def test_the_machine_computes_something():
    assert peak_flops(64, "fp32", seconds=0.05) > 1e6
