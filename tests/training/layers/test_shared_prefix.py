"""Rows that read their common beginning once have the hidden states and gradients of rows alone."""

import pytest
import torch
from transformers import AutoModelForCausalLM

from ta_pipeline.training.layers.row_attention import Row, use_row_attention
from ta_pipeline.training.layers.shared_prefix import common_prefix, merge_pairs, merge_rows, share_prefixes

# Two pairs: (chosen, chosen, rejected, rejected), padded with 0 on the right.
SEQUENCES = [[5, 6, 7, 8, 9], [5, 9], [5, 6, 7, 30], [5, 9, 40, 41, 42, 43]]


def batch(before=()):
    sequences = [[*before, *sequence] for sequence in SEQUENCES]
    width = max(map(len, sequences))
    ids = torch.tensor([s + [0] * (width - len(s)) for s in sequences])
    mask = torch.tensor([[1] * len(s) + [0] * (width - len(s)) for s in sequences])
    return ids, mask


def test_the_common_prefix_ends_where_the_answers_part():
    assert common_prefix(torch.tensor([5, 6, 7, 8, 9]), torch.tensor([5, 6, 7, 30])) == 3
    assert common_prefix(torch.tensor([5, 9]), torch.tensor([5, 9, 40])) == 2


def test_a_pair_is_prefix_then_both_answers_with_their_own_positions():
    merged = merge_pairs(*batch(), least=2)
    assert merged.ids.tolist() == [[5, 6, 7, 8, 9, 30, 5, 9, 40, 41, 42, 43]]
    assert merged.positions.tolist() == [[0, 1, 2, 3, 4, 3, 0, 1, 2, 3, 4, 5]]
    assert merged.places.tolist() == [
        [0, 1, 2, 3, 4, 0],
        [6, 7, 0, 0, 0, 0],
        [0, 1, 2, 5, 0, 0],
        [6, 7, 8, 9, 10, 11],
    ]


def test_the_rejected_answer_sees_the_prefix_and_itself_only():
    # every row begins with 5, which stands at place 0
    assert merge_pairs(*batch(), least=2).rows == [
        Row(0, 5), Row(5, 6, ((0, 3),)), Row(6, 8), Row(8, 12, ((6, 8),)),
    ]  # fmt: skip


def test_a_rejected_answer_with_which_the_chosen_begins_has_no_row_of_its_own():
    ids, mask = torch.tensor([[5, 6, 7], [5, 6, 0]]), torch.tensor([[1, 1, 1], [1, 1, 0]])
    merged = merge_pairs(ids, mask, least=1)
    assert merged.rows == [Row(0, 3)]
    assert merged.places.tolist() == [[0, 1, 2], [0, 1, 0]]


TREE = [[5, 6, 7, 8], [5, 6, 7, 9, 10], [5, 6, 7, 9, 11], [12, 13]]


def test_a_row_reads_a_beginning_that_lies_in_several_pieces():
    merged = merge_rows(torch.tensor(sum(TREE, [])), [4, 5, 5, 2], least=2)
    assert merged.ids.tolist() == [[5, 6, 7, 8, 9, 10, 11, 12, 13]]
    assert merged.positions.tolist() == [[0, 1, 2, 3, 3, 4, 4, 0, 1]]
    assert merged.rows == [Row(0, 4), Row(4, 6, ((0, 3),)), Row(6, 7, ((0, 3), (4, 5))), Row(7, 9)]
    assert merged.places.tolist() == [0, 1, 2, 3, 0, 1, 2, 4, 5, 0, 1, 2, 4, 6, 7, 8]


def test_a_short_common_beginning_is_read_again():
    merged = merge_rows(torch.tensor(sum(TREE, [])), [4, 5, 5, 2], least=4)
    assert merged.rows == [Row(0, 4), Row(4, 9), Row(9, 10, ((4, 8),)), Row(10, 12)]


def test_a_tree_of_rows_has_the_hidden_states_and_gradients_of_rows_alone(tiny_model):
    alone, tree = (
        AutoModelForCausalLM.from_pretrained(tiny_model, dtype=torch.float32, attn_implementation="sdpa")
        for _ in range(2)
    )
    assert use_row_attention(tree)
    read = merge_rows(torch.tensor(sum(TREE, [])), [4, 5, 5, 2], least=2)
    hidden = [
        torch.cat([alone.base_model(torch.tensor([row]), use_cache=False).last_hidden_state[0] for row in TREE]),
        tree.base_model(
            read.ids, position_ids=read.positions, rows=read.rows, use_cache=False
        ).last_hidden_state[0][read.places],
    ]  # fmt: skip
    torch.testing.assert_close(*hidden, atol=1e-5, rtol=1e-5)
    for each in hidden:
        (each * torch.arange(each.numel()).view(each.shape).sin()).sum().backward()
    for name in "qkvo":
        weights = (getattr(m.base_model.layers[0].self_attn, f"{name}_proj").weight for m in (alone, tree))
        torch.testing.assert_close(*(weight.grad for weight in weights), atol=1e-4, rtol=1e-3)


@pytest.fixture
def models(tiny_model):
    plain, shared = (
        AutoModelForCausalLM.from_pretrained(tiny_model, dtype=torch.float32, attn_implementation="sdpa")
        for _ in range(2)
    )
    assert use_row_attention(shared)
    share_prefixes(shared.base_model)
    return plain, shared


def test_hidden_states_are_those_of_separate_sequences(models):
    ids, mask = batch(before=range(100, 120))
    assert len(merge_pairs(ids, mask).ids[0]) == 31 < mask.sum()
    plain, shared = (m.base_model(input_ids=ids, attention_mask=mask, use_cache=False) for m in models)
    real = mask.bool()
    assert torch.allclose(plain.last_hidden_state[real], shared.last_hidden_state[real], atol=1e-5)


def test_gradients_are_those_of_separate_sequences(models):
    ids, mask = batch(before=range(100, 120))
    gradients = []
    for model in models:
        hidden = model.base_model(input_ids=ids, attention_mask=mask, use_cache=False).last_hidden_state
        hidden[mask.bool()].pow(2).sum().backward()
        gradients.append(model.base_model.layers[0].mlp.down_proj.weight.grad)
    assert torch.allclose(gradients[0], gradients[1], atol=1e-4, rtol=1e-3)
