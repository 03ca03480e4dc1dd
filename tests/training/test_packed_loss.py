"""Packing does not change what a row is worth, and rows do not see each other."""

import pytest
import torch
from torch.nn.functional import cross_entropy
from transformers import AutoModelForCausalLM

from ta_pipeline.records import IGNORE_INDEX

ROWS = [
    [1, 9690, 198, 2683, 359, 253, 2],
    [1, 4093, 198, 18645, 250, 2],
    [1, 520, 9531, 198, 28, 7018, 411, 407, 2],
]
LEARNED_FROM = [3, 2, 5]


@pytest.fixture(scope="module", params=["eager", "sdpa"])
def model(request, tiny_model):
    return AutoModelForCausalLM.from_pretrained(
        tiny_model, dtype=torch.float32, attn_implementation=request.param
    )


def labels(row, start):
    return [IGNORE_INDEX] * start + row[start:]


def row_loss(logits, row, start):
    targets = torch.tensor(labels(row, start))[1:]
    return cross_entropy(logits[: len(row) - 1], targets, ignore_index=IGNORE_INDEX)


def packed_logits(model, positions=True, embeddings=None):
    ids = torch.tensor([sum(ROWS, [])])
    position_ids = torch.tensor([[k for row in ROWS for k in range(len(row))]]) if positions else None
    inputs = {"inputs_embeds": embeddings} if embeddings is not None else {"input_ids": ids}
    return model(**inputs, position_ids=position_ids, use_cache=False).logits[0]


def losses_of(logits):
    starts = [0, len(ROWS[0]), len(ROWS[0]) + len(ROWS[1])]
    return [
        row_loss(logits[s : s + len(r)], r, f) for s, r, f in zip(starts, ROWS, LEARNED_FROM, strict=True)
    ]


def test_each_rows_packed_loss_is_its_unpacked_loss(model):
    alone = [
        row_loss(model(torch.tensor([r]), use_cache=False).logits[0], r, f)
        for r, f in zip(ROWS, LEARNED_FROM)
    ]
    for packed, single in zip(losses_of(packed_logits(model)), alone, strict=True):
        assert packed.item() == pytest.approx(single.item(), abs=1e-4)


def test_naive_packing_fails_the_same_test(model):
    alone = row_loss(model(torch.tensor([ROWS[2]]), use_cache=False).logits[0], ROWS[2], LEARNED_FROM[2])
    assert losses_of(packed_logits(model, positions=False))[2].item() != pytest.approx(alone.item(), abs=1e-4)


def test_the_gradient_across_rows_is_exactly_zero(model):
    embeddings = model.get_input_embeddings()(torch.tensor([sum(ROWS, [])])).detach().requires_grad_()
    losses_of(packed_logits(model, embeddings=embeddings))[2].backward()
    first_two = len(ROWS[0]) + len(ROWS[1])
    assert embeddings.grad[0, :first_two].abs().max().item() == 0.0
    assert embeddings.grad[0, first_two:].abs().max().item() > 0.0
