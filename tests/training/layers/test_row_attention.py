"""Attention by row is attention with the mask of the rows, forward and backward."""

from itertools import pairwise

import pytest
import torch
from torch.nn.attention import varlen
from torch.nn.functional import scaled_dot_product_attention
from transformers import AutoConfig, AutoModelForCausalLM

from ta_pipeline.training.layers.row_attention import (
    NAME,
    Row,
    _attend,
    _attend_at_once,
    _mask,
    flatten_rows,
    use_row_attention,
)

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


TREE = [Row(0, 4), Row(4, 6, ((0, 3),)), Row(6, 9, ((0, 2), (4, 5)))]


def test_a_window_hides_what_lies_behind_it_in_the_row_and_in_its_prefix():
    assert _mask(Row(0, 4), None, "cpu") is None
    assert _mask(Row(0, 4), 4, "cpu") is None
    assert _mask(Row(0, 3), 2, "cpu").int().tolist() == [[1, 0, 0], [1, 1, 0], [0, 1, 1]]
    assert _mask(TREE[1], None, "cpu").int().tolist() == [[1, 1, 1, 1, 0], [1, 1, 1, 1, 1]]
    assert _mask(TREE[1], 3, "cpu").int().tolist() == [[0, 1, 1, 1, 0], [0, 0, 1, 1, 1]]


def test_rows_are_flattened_with_their_prefix_first():
    flat = flatten_rows(tuple(TREE), torch.device("cpu"))
    assert flat.keys.tolist() == [0, 1, 2, 3, 0, 1, 2, 4, 5, 0, 1, 4, 6, 7, 8]
    assert flat.query_bounds.tolist() == [0, 4, 6, 9]
    assert flat.key_bounds.tolist() == [0, 4, 9, 15]
    assert (flat.longest_query, flat.longest_key) == (4, 6)


def varlen_by_definition(q, k, v, cu_q, cu_k, max_q, max_k, *, scale, window_size, enable_gqa):
    """What FlashAttention documents: the last query sees the last key, and `left` keys before that."""
    left, right = window_size
    assert right == 0
    parts = []
    for (a, b), (c, d) in zip(pairwise(cu_q), pairwise(cu_k), strict=True):
        assert b - a <= max_q and d - c <= max_k
        ahead = int((d - c) - (b - a))
        seen = torch.ones(b - a, d - c, dtype=torch.bool).tril(ahead)
        seen = seen if left < 0 else seen.triu(ahead - left)
        each = (x.transpose(0, 1)[None] for x in (q[a:b], k[c:d], v[c:d]))
        part = scaled_dot_product_attention(*each, seen, scale=scale, enable_gqa=enable_gqa)
        parts.append(part[0].transpose(0, 1))
    return torch.cat(parts)


@pytest.mark.parametrize("window", [None, 3])
@pytest.mark.parametrize("rows", [TREE, [Row(0, 5), Row(5, 9)]], ids=["tree", "apart"])
def test_rows_in_one_call_are_rows_one_by_one(rows, window, monkeypatch):
    monkeypatch.setattr(varlen, "varlen_attn", varlen_by_definition)
    torch.manual_seed(2)
    q, k, v = (torch.randn(1, heads, 9, 8) for heads in (6, 2, 2))
    one_by_one, _ = _attend(None, q, k, v, None, scaling=0.3, rows=rows, sliding_window=window)
    torch.testing.assert_close(_attend_at_once(q, k, v, rows, 0.3, window), one_by_one)


@pytest.mark.gpu
@pytest.mark.parametrize("window", [None, 3])
def test_on_a_gpu_rows_in_one_call_are_rows_one_by_one(window):
    torch.manual_seed(2)
    q, k, v = (torch.randn(1, heads, 9, 16) for heads in (6, 2, 2))
    one_by_one, _ = _attend(None, q, k, v, None, scaling=0.3, rows=TREE, sliding_window=window)
    half = (x.cuda().bfloat16() for x in (q, k, v))
    at_once, _ = _attend(None, *half, None, scaling=0.3, rows=TREE, sliding_window=window)
    torch.testing.assert_close(at_once.cpu().float(), one_by_one, atol=0.02, rtol=0.02)
