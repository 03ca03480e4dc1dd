"""A pair read in one sequence gives the hidden states and gradients of two."""

import pytest
import torch
from transformers import AutoModelForCausalLM

from ta_pipeline.training.shared_prefix import common_prefix, merge_pairs, share_prefixes

# Two pairs: (chosen, chosen, rejected, rejected), padded with 0 on the right.
SEQUENCES = [[5, 6, 7, 8, 9], [5, 9], [5, 6, 7, 30], [5, 9, 40, 41, 42, 43]]


def batch():
    width = max(map(len, SEQUENCES))
    ids = torch.tensor([s + [0] * (width - len(s)) for s in SEQUENCES])
    mask = torch.tensor([[1] * len(s) + [0] * (width - len(s)) for s in SEQUENCES])
    return ids, mask


def test_the_common_prefix_ends_where_the_answers_part():
    assert common_prefix(torch.tensor([5, 6, 7, 8, 9]), torch.tensor([5, 6, 7, 30])) == 3
    assert common_prefix(torch.tensor([5, 9]), torch.tensor([5, 9, 40])) == 2


def test_a_pair_is_prefix_then_both_answers_with_their_own_positions():
    merged, _, positions, _ = merge_pairs(*batch(), torch.float32)
    assert merged[0].tolist() == [5, 6, 7, 8, 9, 30]
    assert positions[0].tolist() == [0, 1, 2, 3, 4, 3]
    assert merged[1].tolist() == [5, 9, 40, 41, 42, 43]


def test_the_rejected_answer_sees_the_prefix_and_itself_only():
    _, mask, _, _ = merge_pairs(*batch(), torch.float32)
    assert (mask[0, 0, 5] == 0).tolist() == [True, True, True, False, False, True]


@pytest.fixture
def models(tiny_model):
    plain, shared = (
        AutoModelForCausalLM.from_pretrained(tiny_model, dtype=torch.float32, attn_implementation="sdpa")
        for _ in range(2)
    )
    share_prefixes(shared.base_model)
    return plain, shared


def test_hidden_states_are_those_of_separate_sequences(models):
    ids, mask = batch()
    plain, shared = (m.base_model(input_ids=ids, attention_mask=mask, use_cache=False) for m in models)
    real = mask.bool()
    assert torch.allclose(plain.last_hidden_state[real], shared.last_hidden_state[real], atol=1e-5)


def test_gradients_are_those_of_separate_sequences(models):
    ids, mask = batch()
    gradients = []
    for model in models:
        hidden = model.base_model(input_ids=ids, attention_mask=mask, use_cache=False).last_hidden_state
        hidden[mask.bool()].pow(2).sum().backward()
        gradients.append(model.base_model.layers[0].mlp.down_proj.weight.grad)
    assert torch.allclose(gradients[0], gradients[1], atol=1e-4, rtol=1e-3)
