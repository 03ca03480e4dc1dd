"""Frozen weights in 4 and 8 bits: really quantized and trained over, or said why not."""

import sys

import pytest
import torch

from ta_pipeline.records import InputError
from ta_pipeline.training.quantized_base import choose_form, fault_of
from ta_pipeline.training.trained_model import read_record, write_record

bitsandbytes = pytest.importorskip("bitsandbytes", reason="needs bitsandbytes: pip install -e '.[qlora]'")

LAYERS = {"nf4": bitsandbytes.nn.Linear4bit, "int8": bitsandbytes.nn.Linear8bitLt}


@pytest.fixture
def broken(monkeypatch):
    monkeypatch.setitem(sys.modules, "bitsandbytes", None)


@pytest.mark.parametrize("form", ["nf4", "int8"])
def test_bitsandbytes_works_on_this_machine(form):
    assert fault_of(form) is None


@pytest.mark.parametrize("asked", ["auto", "required"])
def test_the_form_asked_for_is_taken_where_it_works(asked):
    assert choose_form("sft", None, {"qlora": asked, "quantized_base": "int8"}) == ("int8", "")


def test_auto_falls_back_to_plain_weights_and_says_why(broken, caplog):
    form, why = choose_form("sft", None, {"qlora": "auto", "quantized_base": "nf4"})
    assert form is None
    assert "bitsandbytes does not work here" in why
    assert "so this is plain LoRA" in caplog.text


def test_required_stops_with_the_cure(broken):
    with pytest.raises(InputError, match=r"cannot be quantized \(nf4\).*pip install -e '.\[qlora\]'"):
        choose_form("sft", None, {"qlora": "required", "quantized_base": "nf4"})


def test_never_does_not_even_ask(broken):
    assert choose_form("sft", None, {"qlora": "never", "quantized_base": "nf4"}) == (None, "")


@pytest.mark.parametrize("form", ["nf4", None])
def test_preferences_are_trained_over_what_their_adapter_was_trained_over(form, tmp_path):
    (tmp_path / "adapter_config.json").write_text("{}")
    write_record(tmp_path, {"quantized_base": form})
    assert choose_form("dpo", tmp_path, {}) == (form, "")


@pytest.mark.parametrize("form", ["nf4", "int8"])
def test_a_quantized_base_is_learned_over(sft_job, trained, form):
    from ta_pipeline.training.sft import build_trainer

    folder = trained(qlora="required", quantized_base=form)
    assert read_record(folder)["quantized_base"] == form
    model = build_trainer(sft_job(qlora="required", quantized_base=form), callbacks=[]).model
    layer = model.get_submodule("base_model.model.model.layers.0.self_attn.q_proj")
    assert isinstance(layer.base_layer, LAYERS[form])
    # TRL would have rounded them to bf16.
    assert {p.dtype for p in model.parameters() if p.requires_grad} == {torch.float32}
    before = {name: p.clone() for name, p in model.named_parameters() if "lora_B" in name}
    assert all(value.abs().max() == 0 for value in before.values())
    from safetensors.torch import load_file

    left = load_file(folder / "adapter_model.safetensors")
    assert all(value.abs().max() > 0 for name, value in left.items() if "lora_B" in name)


def test_dpo_over_nf4_starts_at_the_sft_adapter_itself(dpo_job, trained):
    from safetensors.torch import load_file

    from ta_pipeline.training.preference import build_trainer

    folder = trained(qlora="required")
    model = build_trainer(dpo_job(folder), callbacks=[]).model
    left = load_file(folder / "adapter_model.safetensors")
    for name, value in model.named_parameters():
        if ".default." in name:
            assert torch.equal(value, left[name.replace(".default", "")])
