"""Packing does not change what a row is worth, and rows do not see each other, whatever attends."""

import pytest
import torch
from torch.nn.functional import cross_entropy
from transformers import AutoModelForCausalLM, Gemma2Config, Gemma3TextConfig, MistralConfig

from ta_pipeline.training.layers.fast import use_fast_layers
from ta_pipeline.training.layers.row_attention import Row, use_row_attention

ROWS = [
    [1, 9690, 198, 2683, 359, 253, 2],
    [1, 4093, 198, 18645, 250, 2],
    [1, 520, 9531, 198, 28, 7018, 411, 407, 2],
]
LEARNED_FROM = [3, 2, 5]
STARTS = [0, 7, 13]
PACKED = torch.tensor([sum(ROWS, [])])
POSITIONS = torch.tensor([[k for row in ROWS for k in range(len(row))]])
APART = [Row(start, start + len(row)) for start, row in zip(STARTS, ROWS, strict=True)]

SHAPE = {
    "vocab_size": 20_000,
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 8,
    "sliding_window": 4,  # shorter than every row
    "pad_token_id": 0,
}
WINDOWED = {
    "mistral": lambda: MistralConfig(**SHAPE),
    "gemma2": lambda: Gemma2Config(**SHAPE, layer_types=["sliding_attention", "full_attention"]),
    "gemma3": lambda: Gemma3TextConfig(**SHAPE, layer_types=["sliding_attention", "full_attention"]),
}


class Packed:
    """A model and what it is called with so that it keeps the rows of a block apart."""

    def __init__(self, model, **apart):
        self.model, self.apart = model.eval(), apart

    def logits(self, positions=POSITIONS, **inputs):
        device = self.model.device
        inputs = {name: value.to(device) for name, value in inputs.items()}
        if positions is None:
            return self.model(**inputs, use_cache=False).logits[0]
        return self.model(**inputs, position_ids=positions.to(device), use_cache=False, **self.apart).logits[
            0
        ]


def real(folder, backend, dtype=torch.float32):
    """Load the tiny model, of the bundled model's architecture, with one of the backends that are offered."""
    attention = backend if backend in ("eager", "flash_attention_2") else "sdpa"
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=dtype, attn_implementation=attention)
    if backend in ("by_row", "fast"):
        assert use_row_attention(model)
    if backend == "fast":
        assert use_fast_layers(model.requires_grad_(False))
    return Packed(model, **({"rows": APART} if backend in ("by_row", "fast") else {}))


def windowed(family, backend):
    torch.manual_seed(4)
    attention = "eager" if backend == "eager" else "sdpa"
    model = AutoModelForCausalLM.from_config(WINDOWED[family](), attn_implementation=attention)
    if backend == "by_row":
        assert use_row_attention(model)
    return Packed(model.float(), **({"rows": APART} if backend == "by_row" else {}))


CASES = [f"bundled {backend}" for backend in ("eager", "sdpa", "by_row", "fast")]
CASES += [f"{family} {backend}" for family in WINDOWED for backend in ("eager", "sdpa")]
CASES += ["mistral by_row"]


@pytest.fixture(scope="module", params=CASES)
def packed(request, tiny_model):
    family, backend = request.param.split()
    return real(tiny_model, backend) if family == "bundled" else windowed(family, backend)


def row_loss(logits, row, learned_from):
    """Cross entropy of a row's learned tokens, from the logits of the row's positions."""
    targets = torch.tensor(row[learned_from:], device=logits.device)
    return cross_entropy(logits[learned_from - 1 : len(row) - 1].float(), targets)


def losses_of(logits):
    return [row_loss(logits[s:], r, f) for s, r, f in zip(STARTS, ROWS, LEARNED_FROM, strict=True)]


def losses_alone(packed):
    return [
        row_loss(packed.logits(positions=None, input_ids=torch.tensor([row])), row, learned_from).item()
        for row, learned_from in zip(ROWS, LEARNED_FROM, strict=True)
    ]


def gradient_of_the_last_rows_loss(packed):
    """Return the gradient with respect to every input embedding, (tokens, width)."""
    table = packed.model.get_input_embeddings()
    embeddings = table(PACKED.to(packed.model.device)).detach().requires_grad_()
    losses_of(packed.logits(inputs_embeds=embeddings))[2].backward()
    return embeddings.grad[0]


def test_each_rows_packed_loss_is_its_unpacked_loss(packed):
    losses = [loss.item() for loss in losses_of(packed.logits(input_ids=PACKED))]
    assert losses == pytest.approx(losses_alone(packed), abs=1e-4)


def test_the_gradient_across_rows_is_exactly_zero(packed):
    gradient = gradient_of_the_last_rows_loss(packed)
    assert gradient[: STARTS[2]].abs().max().item() == 0.0
    assert gradient[STARTS[2] :].abs().max().item() > 0.0


@pytest.mark.parametrize("backend", ["eager", "sdpa"])
def test_naive_packing_fails_both_tests(backend, tiny_model):
    naive = real(tiny_model, backend)
    running = torch.arange(PACKED.shape[1])[None]
    losses = [loss.item() for loss in losses_of(naive.logits(positions=running, input_ids=PACKED))]
    assert losses[2] != pytest.approx(losses_alone(naive)[2], abs=1e-4)
    embeddings = naive.model.get_input_embeddings()(PACKED).detach().requires_grad_()
    losses_of(naive.logits(positions=running, inputs_embeds=embeddings))[2].backward()
    assert embeddings.grad[0, : STARTS[2]].abs().max().item() > 0.0


def test_the_window_is_felt():
    """Without it the rows would have other losses: the tests above do look through a window."""
    torch.manual_seed(4)
    wide = AutoModelForCausalLM.from_config(MistralConfig(**{**SHAPE, "sliding_window": 64}))
    assert losses_alone(Packed(wide)) != pytest.approx(losses_alone(windowed("mistral", "sdpa")), abs=1e-4)


@pytest.mark.gpu
@pytest.mark.parametrize("backend", ["flash_attention_2", "fast"])
def test_on_a_gpu_flash_attention_keeps_rows_apart(backend, tiny_model):
    if backend == "flash_attention_2":
        pytest.importorskip("flash_attn")
    flash = real(tiny_model, backend, torch.bfloat16)
    flash.model.cuda()
    losses = [loss.item() for loss in losses_of(flash.logits(input_ids=PACKED))]
    assert losses == pytest.approx(losses_alone(flash), abs=0.02)  # FlashAttention knows half precision only
    gradient = gradient_of_the_last_rows_loss(flash)
    assert gradient[: STARTS[2]].abs().max().item() == 0.0
    assert gradient[STARTS[2] :].abs().max().item() > 0.0
