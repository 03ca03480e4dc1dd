"""The fast layers are the plain ones: losses, gradients, adapters, saving."""

import pytest
import torch
from tests.training.layers.conftest import ALL, CONFIGS, make_model
from torch.nn.functional import cross_entropy

from ta_pipeline.training.layers import elementwise
from ta_pipeline.training.layers.fast import use_fast_layers
from ta_pipeline.training.layers.row_attention import Row, use_row_attention

LENGTHS = [7, 12, 5]
ROWS = [Row(0, 7), Row(7, 19), Row(19, 24)]
IDS = torch.arange(24)[None] * 7 % 160
POSITIONS = torch.cat([torch.arange(length) for length in LENGTHS])[None]
KEEP = torch.tensor([2, 3, 5, 9, 10, 17, 20, 22])
TARGETS = IDS[0, KEEP + 1]


def use_all(model, **options):
    base = model.get_base_model() if hasattr(model, "get_base_model") else model
    assert use_row_attention(base)
    return use_fast_layers(model, **options)


def plain_loss(model):
    """Packed rows, every logit, transformers' and PEFT's own layers throughout."""
    logits = model(input_ids=IDS, position_ids=POSITIONS, use_cache=False).logits[0]
    return cross_entropy(logits[KEEP].float(), TARGETS, reduction="sum")


def fast_loss(model):
    output = model(
        input_ids=IDS, position_ids=POSITIONS, rows=ROWS, use_cache=False, supervised_at=KEEP, targets=TARGETS
    )
    return output.loss


def gradients(model):
    return {name: p.grad for name, p in model.named_parameters() if p.requires_grad}


def steps(model, loss_of, count=4, rate=0.02):
    losses = []
    for _ in range(count):
        model.zero_grad()
        loss = loss_of(model)
        loss.backward()
        losses.append(loss.item())
        with torch.no_grad():
            for parameter in model.parameters():
                if parameter.grad is not None:
                    parameter.sub_(parameter.grad, alpha=rate / len(KEEP))
    return losses


def assert_same_gradients(plain, fast, tolerance):
    assert plain.keys() == fast.keys()
    for name, grad in plain.items():
        assert (grad - fast[name]).norm() <= tolerance * grad.norm(), name
        assert grad.norm() > 0, name


def test_loss_and_every_gradient_are_the_plain_ones_in_float32(family):
    plain, fast = make_model(family), make_model(family)
    replaced = use_all(fast)
    assert replaced == [
        "fused LoRA", "joined projections", "norm", "gated unit", "layer", "attention by row", "chunked head",
    ]  # fmt: skip
    losses = [plain_loss(plain), fast_loss(fast)]
    assert losses[1].item() == pytest.approx(losses[0].item(), rel=1e-5)
    for loss in losses:
        loss.backward()
    assert_same_gradients(gradients(plain), gradients(fast), 1e-4)


def test_several_steps_stay_within_half_a_percent_in_bf16(family):
    plain, fast = make_model(family, torch.bfloat16), make_model(family, torch.bfloat16)
    use_all(fast)
    for a, b in zip(steps(plain, plain_loss), steps(fast, fast_loss), strict=True):
        assert b == pytest.approx(a, rel=0.005)


def test_gradients_in_bf16_are_as_near_to_float32s_as_the_plain_ones(family):
    exact, plain, fast = (make_model(family, dtype) for dtype in (torch.float32, *[torch.bfloat16] * 2))
    with torch.no_grad():  # the same weights: bf16's
        for target, source in zip(exact.parameters(), plain.parameters(), strict=True):
            target.copy_(source)
    use_all(fast)
    for model, loss_of in ((exact, plain_loss), (plain, plain_loss), (fast, fast_loss)):
        loss_of(model).backward()
    true = gradients(exact)

    def error(model):
        return max(float((g - true[n]).norm() / true[n].norm()) for n, g in gradients(model).items())

    assert error(fast) <= max(1.5 * error(plain), 0.01)


def test_under_autocast_the_layers_stay_fast_and_right():
    exact, fast = make_model("llama"), make_model("llama", torch.bfloat16)
    use_all(fast)
    assert {p.dtype for p in fast.parameters() if p.requires_grad} == {torch.float32}
    with torch.autocast("cpu", torch.bfloat16):
        loss = fast_loss(fast)
    loss.backward()
    assert loss.item() == pytest.approx(plain_loss(exact).item(), rel=0.02)
    assert all(grad.dtype == torch.float32 for grad in gradients(fast).values())


@pytest.mark.parametrize("targets", [["q_proj", "v_proj"], ["gate_proj"], ALL[:4]])
def test_layers_without_an_adapter_are_joined_with_those_that_have_one(targets):
    plain, fast = make_model("qwen2", targets=targets), make_model("qwen2", targets=targets)
    use_all(fast)
    plain_loss(plain).backward()
    fast_loss(fast).backward()
    assert_same_gradients(gradients(plain), gradients(fast), 1e-4)


def test_every_weight_is_trained_right_without_an_adapter(family):
    plain, fast = (make_model(family).unload() for _ in range(2))
    for model in (plain, fast):
        model.requires_grad_(True)
    assert use_all(fast)
    plain_loss(plain).backward()
    fast_loss(fast).backward()
    assert_same_gradients(gradients(plain), gradients(fast), 1e-4)


def test_gradient_checkpointing_gives_the_same_gradients():
    plain, fast = make_model("llama"), make_model("llama")
    use_all(fast)
    fast.gradient_checkpointing_enable({"use_reentrant": False})
    fast.train()
    plain_loss(plain).backward()
    fast_loss(fast).backward()
    assert_same_gradients(gradients(plain), gradients(fast), 1e-4)


@pytest.mark.parametrize("other", [{"lora_dropout": 0.5}, {"use_dora": True}])
def test_dropout_and_dora_stay_pefts_own(other):
    plain, fast = (make_model("llama", **other).train() for _ in range(2))
    use_all(fast)
    losses = []
    for model, loss_of in ((plain, plain_loss), (fast, fast_loss)):
        torch.manual_seed(8)
        losses.append(loss_of(model).item())
    assert losses[1] == pytest.approx(losses[0], rel=1e-5)


def test_the_reference_adapter_and_the_bare_model_are_the_plain_ones():
    plain, fast = make_model("llama"), make_model("llama")
    use_all(fast)
    before = fast_loss(fast).item()
    for model in (plain, fast):
        torch.manual_seed(9)
        model.add_adapter("ref", model.peft_config["default"])
        model.set_adapter("ref")
    assert fast_loss(fast).item() == pytest.approx(plain_loss(plain).item(), rel=1e-5)
    assert fast_loss(fast).item() != pytest.approx(before, rel=1e-3)
    with plain.disable_adapter(), fast.disable_adapter():
        assert fast_loss(fast).item() == pytest.approx(plain_loss(plain).item(), rel=1e-5)


def test_the_joined_weights_are_held_once_and_save_and_merge_as_before(tmp_path):
    plain, fast = make_model("llama"), make_model("llama")
    names = list(plain.state_dict())
    use_all(fast)
    fast_loss(fast)
    attention = fast.get_base_model().model.layers[0].self_attn
    storages = {getattr(attention, f"{n}_proj").base_layer.weight.untyped_storage().data_ptr() for n in "qkv"}
    assert len(storages) == 1
    assert list(fast.state_dict()) == names
    for model, folder in ((plain, "plain"), (fast, "fast")):
        model.merge_and_unload().save_pretrained(tmp_path / folder)
    from safetensors.torch import load_file

    saved = [load_file(tmp_path / folder / "model.safetensors") for folder in ("plain", "fast")]
    assert saved[0].keys() == saved[1].keys()
    assert all(torch.equal(saved[0][name], saved[1][name]) for name in saved[0])


def test_weights_that_are_put_in_place_later_count():
    plain, fast = make_model("llama"), make_model("llama")
    use_all(fast)
    fast_loss(fast)  # joins the weights
    for model in (plain, fast):
        base = model.get_base_model().model.layers[0].self_attn.q_proj.base_layer
        base.weight.data = base.weight.data * 2
    assert fast_loss(fast).item() == pytest.approx(plain_loss(plain).item(), rel=1e-5)


def test_generation_with_a_cache_is_the_plain_one():
    plain, fast = make_model("qwen3"), make_model("qwen3")
    use_all(fast)
    prompt = IDS[:, :9]
    answers = [m.generate(input_ids=prompt, max_new_tokens=5, do_sample=False) for m in (plain, fast)]
    assert torch.equal(*answers)


def test_a_padded_batch_is_the_plain_one():
    plain, fast = make_model("llama"), make_model("llama")
    use_all(fast)
    ids, mask = IDS.view(2, 12), torch.tensor([[1] * 12, [1] * 8 + [0] * 4])
    a, b = (m(input_ids=ids, attention_mask=mask, use_cache=False).logits[mask.bool()] for m in (plain, fast))
    torch.testing.assert_close(a, b, atol=1e-4, rtol=1e-4)


def test_a_model_of_another_kind_keeps_its_layers_and_still_takes_targets():
    from transformers import AutoModelForCausalLM, Gemma2Config

    shape = {**CONFIGS["llama"]().to_dict(), "head_dim": 8, "sliding_window": 4}
    shape = {name: shape[name] for name in ("vocab_size", "hidden_size", "intermediate_size", "head_dim",
             "num_hidden_layers", "num_attention_heads", "num_key_value_heads", "sliding_window")}  # fmt: skip
    torch.manual_seed(1)
    model = AutoModelForCausalLM.from_config(Gemma2Config(**shape), attn_implementation="eager")
    plain = plain_loss(model).item()
    assert use_fast_layers(model) == []
    output = model(
        input_ids=IDS, position_ids=POSITIONS, use_cache=False, supervised_at=KEEP, targets=TARGETS
    )
    assert output.loss.item() == pytest.approx(plain, rel=1e-5)
    assert len(output.token_losses) == len(output.correct) == len(KEEP)


@pytest.mark.prove
def test_compiled_layers_are_the_plain_ones(family, monkeypatch):
    # The compiler imports setuptools, which refuses where another test has imported Python's own distutils.
    monkeypatch.setenv("SETUPTOOLS_USE_DISTUTILS", "stdlib")
    plain, fast = make_model(family), make_model(family)
    try:
        assert use_all(fast, compiled=True)[-1] == "compiled"
        plain_loss(plain).backward()
        fast_loss(fast).backward()
    finally:
        elementwise.leave_kernels_plain()
    assert_same_gradients(gradients(plain), gradients(fast), 1e-4)


def test_without_a_compiler_the_layers_stay_plain(monkeypatch, caplog):
    def no_compiler(*args, **kwargs):
        raise RuntimeError("g++ is not there")

    monkeypatch.setattr(elementwise, "_try_all", no_compiler)
    fast = make_model("llama")
    replaced = use_all(fast, compiled=True)
    assert "chunked head" in replaced
    assert "compiled" not in replaced
    assert elementwise.kernels["glu_forward"] is elementwise.glu_forward
    assert "g++ is not there" in caplog.text


@pytest.mark.gpu
def test_on_a_gpu_rows_in_one_call_are_rows_apart(family):
    plain, fast = (make_model(family, torch.bfloat16).cuda() for _ in range(2))
    use_all(fast)
    inputs = {"input_ids": IDS.cuda(), "position_ids": POSITIONS.cuda(), "use_cache": False}
    logits = plain(**inputs).logits[0][KEEP.cuda()].float()
    expected = cross_entropy(logits, TARGETS.cuda(), reduction="sum")
    loss = fast(**inputs, rows=ROWS, supervised_at=KEEP.cuda(), targets=TARGETS.cuda()).loss
    assert loss.item() == pytest.approx(expected.item(), rel=0.005)
    expected.backward()
    loss.backward()
    assert_same_gradients(gradients(plain), gradients(fast), 0.05)
