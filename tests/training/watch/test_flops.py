"""The FLOP count of a training step, against PyTorch's own counter on the plain path."""

import pytest
import torch
from tests.training.layers.conftest import ALL, make_model
from torch.utils.flop_counter import FlopCounterMode
from transformers import AutoModelForCausalLM, LlamaConfig

from ta_pipeline.training.layers.row_attention import Row
from ta_pipeline.training.watch.flops import (
    Peak,
    attention_flops,
    count_matrices,
    lora_flops,
    peak_flops,
    reference_flops,
)

LENGTH, KEEP = 96, 40
ROWS = [Row(0, LENGTH)]
IDS = torch.arange(LENGTH)[None]


def counted(model, backward=True):
    """Count with PyTorch, less the masked half of attention, which eager code multiplies too."""
    with FlopCounterMode(display=False) as counter:
        logits = model(IDS, logits_to_keep=torch.arange(KEEP), use_cache=False).logits
        if backward:
            logits.sum().backward()
    pairs = LENGTH * LENGTH - LENGTH * (LENGTH + 1) // 2
    config = model.config
    size = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    masked = 4 * config.num_attention_heads * size * config.num_hidden_layers * pairs
    return counter.get_total_flops() - (3 if backward else 1) * masked


@pytest.mark.parametrize("targets", [ALL, ALL[:4]], ids=["all", "attention"])
@pytest.mark.parametrize("family", ["llama", "qwen3"])
def test_a_lora_step_is_what_flop_counter_mode_counts(family, targets):
    model = make_model(family, attention="eager", targets=targets)
    assert lora_flops(model, ROWS, KEEP) == pytest.approx(counted(model), rel=0.001)


def test_full_fine_tuning_is_six_times_its_matrices():
    model = make_model("llama", attention="eager").unload().requires_grad_(True)
    expected = lora_flops(model, ROWS, KEEP)
    assert expected == pytest.approx(counted(model), rel=0.001)
    attention = 3 * attention_flops(model.config, ROWS)
    head = 160 * 48
    assert expected - attention == 6 * (LENGTH * count_matrices(model).trained + KEEP * head)
    assert count_matrices(model).frozen == 0


def test_the_reference_of_dpo_is_a_forward_with_its_own_adapter():
    model = make_model("llama", attention="eager")
    alone = lora_flops(model, ROWS, KEEP)
    model.add_adapter("ref", model.peft_config["default"])
    assert lora_flops(model, ROWS, KEEP) == alone
    model.set_adapter("ref")
    with torch.no_grad():
        assert reference_flops(model, ROWS, KEEP) == pytest.approx(counted(model, backward=False), rel=0.001)


def test_skipped_logits_are_no_work(tiny_model):
    model = AutoModelForCausalLM.from_pretrained(tiny_model).requires_grad_(False)
    head = model.lm_head.weight.numel()
    assert lora_flops(model, ROWS, 90) - lora_flops(model, ROWS, 10) == 80 * 4 * head


def test_two_short_rows_cost_less_attention_than_one_long(tiny_model):
    config = AutoModelForCausalLM.from_pretrained(tiny_model).config
    assert attention_flops(config, [Row(0, 128), Row(128, 256)]) < attention_flops(config, [Row(0, 256)])


def test_tokens_see_themselves_their_row_and_its_prefix():
    config = LlamaConfig(hidden_size=8, num_attention_heads=2, num_hidden_layers=3)
    # 1 + 2 + 3 pairs, and two tokens behind a prefix of four: 5 + 6; 4 * 8 FLOP a pair in 3 layers
    assert attention_flops(config, [Row(0, 3), Row(3, 5, ((0, 4),))]) == 17 * 4 * 8 * 3


def test_a_window_hides_what_lies_behind_it():
    config = LlamaConfig(hidden_size=8, num_attention_heads=2, num_hidden_layers=1)
    config.sliding_window, config.layer_types = 4, ["sliding_attention"]
    # 1 + 2 + 3 + 4 + 4 + 4, and behind a prefix of two: 3 + 4 + 4
    assert attention_flops(config, [Row(0, 6), Row(6, 9, ((0, 2),))]) == 29 * 4 * 8


def test_a_prefix_that_is_read_once_is_counted_once(tiny_model):
    model = AutoModelForCausalLM.from_pretrained(tiny_model)
    twice = lora_flops(model, [Row(0, 128), Row(128, 256)], 10)
    once = lora_flops(model, [Row(0, 128), Row(128, 156, ((0, 100),))], 10)
    per_token = (twice - lora_flops(model, [Row(0, 128)], 10)) / 128
    # 100 tokens less; what attention costs over the prefix stays
    assert twice - once == pytest.approx(100 * per_token, rel=0.05)


def test_the_peak_is_the_ninetieth_percentile_of_what_was_sampled():
    peak = Peak(16, 32, "fp32", tokens=8)
    peak.sample(0.0)
    assert len(peak.rates) == 2
    peak.rates = [float(rate) for rate in range(11)]
    assert peak.flops == 9.0


def test_the_machine_computes_something():
    assert peak_flops(64, "fp32", seconds=0.05) > 1e6
