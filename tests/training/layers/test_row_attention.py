"""Attention by row is attention with the mask of the rows, forward and backward."""

import pytest
import torch
from transformers import AutoConfig, AutoModelForCausalLM

from ta_pipeline.training.layers.row_attention import NAME, Row, use_row_attention

IDS = torch.tensor([[1, 9690, 198, 2683, 359, 2, 1, 4093, 198, 18645, 250, 253, 2]])
POSITIONS = torch.tensor([[0, 1, 2, 3, 4, 5, 0, 1, 2, 3, 4, 5, 6]])
ROWS = [Row(0, 6), Row(6, 13)]


def load(folder):
    return AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, attn_implementation="sdpa")


@pytest.fixture(scope="module")
def models(tiny_model):
    masked, by_row = load(tiny_model), load(tiny_model)
    assert use_row_attention(by_row)
    return masked, by_row


def hidden_and_gradients(model, **kwargs):
    model.zero_grad()
    hidden = model.base_model(use_cache=False, **kwargs).last_hidden_state
    (hidden * torch.arange(hidden.numel()).view(hidden.shape).sin()).sum().backward()
    attention = model.base_model.layers[0].self_attn
    return [hidden, *(getattr(attention, f"{name}_proj").weight.grad for name in "qkvo")]


def test_packed_rows_are_those_of_the_masked_model(models):
    packed = {"input_ids": IDS, "position_ids": POSITIONS}
    masked = hidden_and_gradients(models[0], **packed)
    by_row = hidden_and_gradients(models[1], rows=ROWS, **packed)
    for a, b in zip(masked, by_row, strict=True):
        torch.testing.assert_close(a, b, atol=1e-5, rtol=1e-5)


def test_other_rows_give_another_result(models):
    packed = {"input_ids": IDS, "position_ids": POSITIONS, "use_cache": False}
    right = models[1].base_model(rows=ROWS, **packed).last_hidden_state
    wrong = models[1].base_model(rows=[Row(0, 7), Row(7, 13)], **packed).last_hidden_state
    assert (right - wrong).abs().max() > 1e-3


def test_without_rows_a_padded_batch_is_masked_as_before(models):
    batch = {
        "input_ids": IDS.view(-1)[:12].view(2, 6),
        "attention_mask": torch.tensor([[0, 1, 1, 1, 1, 1]] * 2),
    }
    masked, by_row = (model(**batch, use_cache=False).logits[:, 1:] for model in models)
    torch.testing.assert_close(masked, by_row)


def test_a_model_with_windows_keeps_its_own_attention(tiny_model):
    config = AutoConfig.from_pretrained(tiny_model)
    config.sliding_window = 4
    model = AutoModelForCausalLM.from_config(config, attn_implementation="sdpa")
    assert not use_row_attention(model)
    assert model.config._attn_implementation == "sdpa" != NAME
