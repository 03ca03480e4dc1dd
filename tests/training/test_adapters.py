"""What is trained, by name; what is left of it; and going on from that."""

import json

import pytest
import torch
from safetensors.torch import load_file

from ta_pipeline.records import InputError
from ta_pipeline.training.trained_model import is_adapter, load_trained, read_record


def build(job):
    from ta_pipeline.training.sft import build_trainer

    return build_trainer(job, callbacks=[])


def trainable(model):
    return {name: p for name, p in model.named_parameters() if p.requires_grad}


def test_lora_trains_two_matrices_beside_each_frozen_one(sft_job):
    names = trainable(build(sft_job()).model)
    assert len(names) == 2 * 2 * 7  # two layers of seven projections
    assert all("lora_A" in name or "lora_B" in name for name in names)


def test_dora_trains_a_magnitude_too(sft_job):
    names = trainable(build(sft_job(adapter="dora")).model)
    assert sum("lora_magnitude_vector" in name for name in names) == 2 * 7


def test_full_trains_every_weight(sft_job, tiny_model):
    model = build(sft_job(adapter="full")).model
    assert not hasattr(model, "peft_config")
    assert all(p.requires_grad for p in model.parameters())


@pytest.mark.parametrize(
    ("targets", "expected"),
    [
        ("attention", {"q_proj", "k_proj", "v_proj", "o_proj"}),
        (
            "attention+mlp",
            {"q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"},
        ),
    ],
)
def test_the_targets_are_those_of_the_models_family(sft_job, targets, expected):
    lora = {"rank": 3, "alpha": 6, "dropout": 0.25, "targets": targets}
    model = build(sft_job(lora=lora)).model
    assert {name.split(".")[-4] for name in trainable(model)} == expected
    config = model.peft_config["default"]
    assert (config.r, config.lora_alpha, config.lora_dropout) == (3, 6, 0.25)


def test_an_adapter_stays_in_float32_over_bf16_weights(sft_job):
    model = build(sft_job(precision="bf16")).model
    assert {p.dtype for p in trainable(model).values()} == {torch.float32}
    assert {p.dtype for p in model.parameters() if not p.requires_grad} == {torch.bfloat16}


def test_weights_that_are_trained_themselves_are_in_float32(sft_job):
    assert {p.dtype for p in build(sft_job(precision="bf16", adapter="full")).model.parameters()} == {
        torch.float32
    }


@pytest.mark.parametrize("adapter", ["lora", "dora", "full"])
def test_what_is_left_is_what_was_trained(trained, sft_job, tiny_model, adapter):
    folder = trained(adapter=adapter)
    assert is_adapter(folder) is (adapter != "full")
    assert read_record(folder) == {
        "method": "sft",
        "adapter": adapter,
        "quantized_base": None,
        "base_model": str(tiny_model),
        "started_from": None,
        "precision": "fp32",
    }
    loaded = load_trained(tiny_model, folder, dtype=torch.float32)
    before = load_trained(tiny_model, None, dtype=torch.float32)
    ids = torch.tensor([[1, 50, 60, 2]])
    with torch.no_grad():
        assert not torch.equal(loaded(ids).logits, before(ids).logits)


def test_a_whole_model_is_left_with_its_tokenizer_and_the_config_of_its_base(trained, tiny_model):
    folder = trained(adapter="full")
    config, base = (json.loads((f / "config.json").read_text()) for f in (folder, tiny_model))
    different = {name for name in config.keys() | base.keys() if config.get(name) != base.get(name)}
    assert different <= {"dtype"}
    assert (folder / "tokenizer_config.json").is_file()
    assert (folder / "generation_config.json").is_file()
    assert not (folder / "README.md").exists()
    weights, before = (load_file(f / "model.safetensors") for f in (folder, tiny_model))
    assert weights.keys() == before.keys()
    assert any(not torch.equal(weights[name], before[name].float()) for name in weights)


@pytest.mark.parametrize("adapter", ["lora", "dora", "full"])
def test_a_new_round_starts_with_the_weights_of_the_last(trained, sft_job, adapter):
    folder = trained(adapter=adapter)
    file = "model.safetensors" if adapter == "full" else "adapter_model.safetensors"
    left = load_file(folder / file)
    model = build(sft_job(adapter=adapter, adapter_to_go_on_from=folder)).model
    for name, value in trainable(model).items():
        key = name.replace(".default", "").replace("lora_magnitude_vector.weight", "lora_magnitude_vector")
        assert torch.equal(left[key], value), name


def test_a_round_of_another_shape_is_refused_with_both(trained, sft_job):
    folder = trained()
    lora = {"rank": 4, "alpha": 4, "dropout": 0.0, "targets": "attention+mlp"}
    with pytest.raises(InputError, match=r"its rank is 2, but sft asks for 4.*sft.continue_from to null"):
        build(sft_job(lora=lora, adapter_to_go_on_from=folder))
    with pytest.raises(InputError, match="its adapter dora is False, but sft asks for True"):
        build(sft_job(adapter="dora", adapter_to_go_on_from=folder))


def test_a_round_of_another_kind_is_refused(trained, sft_job):
    folder = trained()
    with pytest.raises(InputError, match="holds an adapter, but sft.adapter is full"):
        build(sft_job(adapter="full", adapter_to_go_on_from=folder))
    with pytest.raises(InputError, match="holds a whole model, but sft.adapter is lora"):
        build(sft_job(adapter_to_go_on_from=trained(adapter="full")))
