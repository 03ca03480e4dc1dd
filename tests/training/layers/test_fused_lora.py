"""A fused LoRA layer gives PEFT's own output and gradients."""

import pytest
import torch
from peft import LoraConfig, get_peft_model
from torch import nn

from ta_pipeline.training.layers import fused_lora
from ta_pipeline.training.layers.fused_lora import fuse_lora


def adapted(fused, bias=True, **config):
    torch.manual_seed(5)
    model = nn.Sequential(nn.Linear(24, 40, bias=bias), nn.SiLU(), nn.Linear(40, 8, bias=bias))
    model = get_peft_model(model, LoraConfig(target_modules=["0", "2"], init_lora_weights=False, **config))
    if fused:
        fuse_lora(model)
    return model


def output_and_gradients(model):
    x = torch.linspace(-1, 1, 2 * 3 * 24).view(2, 3, 24).requires_grad_()
    out = model(x)
    out.pow(2).sum().backward()
    return [out, x.grad, *(p.grad for p in model.parameters() if p.requires_grad)]


@pytest.fixture
def calls(monkeypatch):
    seen = []
    apply = fused_lora._Group.apply
    monkeypatch.setattr(fused_lora._Group, "apply", lambda *args: seen.append(1) or apply(*args))
    return seen


@pytest.mark.parametrize("bias", [True, False])
def test_output_and_gradients_are_those_of_peft(calls, bias):
    plain, fused = (output_and_gradients(adapted(f, bias, r=4, lora_alpha=12)) for f in (False, True))
    assert len(calls) == 2
    assert len(plain) == 6
    for a, b in zip(plain, fused, strict=True):
        torch.testing.assert_close(a, b, atol=1e-5, rtol=1e-5)


def test_the_active_adapter_counts(calls):
    models = [adapted(fused, r=4) for fused in (False, True)]
    for model in models:
        torch.manual_seed(6)
        model.add_adapter("ref", LoraConfig(target_modules=["0", "2"], init_lora_weights=False, r=2))
    x = torch.linspace(-1, 1, 24)[None]
    default = models[1](x)
    for model in models:
        model.set_adapter("ref")
    ref = models[1](x)
    torch.testing.assert_close(models[0](x), ref)
    assert (ref - default).abs().max() > 1e-3
    assert len(calls) == 4
    with models[0].disable_adapter(), models[1].disable_adapter():
        torch.testing.assert_close(models[0](x), models[1](x))
    assert len(calls) == 6


@pytest.mark.parametrize("config", [{"lora_dropout": 0.5}, {"use_dora": True}])
def test_layers_of_another_kind_stay_pefts_own(calls, config):
    models = [adapted(fused, r=4, **config).train() for fused in (False, True)]
    torch.manual_seed(7)
    plain = output_and_gradients(models[0])
    torch.manual_seed(7)
    assert torch.equal(plain[0], output_and_gradients(models[1])[0])
    assert calls == []


def test_under_autocast_the_layer_stays_pefts_own(calls):
    model = adapted(True, r=4)
    with torch.autocast("cpu", torch.bfloat16):
        assert model(torch.ones(1, 24)).dtype == torch.bfloat16
    assert calls == []
