"""The shape that is read from a config.json has the parameters that the model has."""

import json

import pytest

from ta_pipeline.records import InputError
from ta_pipeline.training.plan.shapes import PUBLISHED, Linear, published_shape, read_shape, shape_of

TINY = {
    "hidden_size": 32, "intermediate_size": 56, "num_hidden_layers": 3, "num_attention_heads": 4,
    "num_key_value_heads": 2, "vocab_size": 96, "pad_token_id": 0,
}  # fmt: skip
VARIANTS = [
    ("llama", {}),
    ("llama", {"attention_bias": True, "mlp_bias": True, "tie_word_embeddings": True}),
    ("qwen2", {}),
    ("qwen3", {}),
    ("qwen3", {"head_dim": 16, "attention_bias": True}),
    ("mistral", {}),
    ("gemma", {}),
    ("gemma", {"head_dim": 16}),
    ("gemma2", {"head_dim": 16}),
    ("gemma3_text", {"head_dim": 16}),
    ("smollm3", {}),
    ("phi3", {}),
]


@pytest.mark.parametrize(("kind", "more"), VARIANTS, ids=[f"{k}-{len(m)}" for k, m in VARIANTS])
def test_the_parameters_are_those_of_transformers(kind, more, tmp_path):
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM

    config = AutoConfig.for_model(kind, **TINY | more)
    with torch.device("meta"):
        model = AutoModelForCausalLM.from_config(config)
    config.save_pretrained(tmp_path)
    shape = read_shape(tmp_path)
    assert shape.parameters == sum(p.numel() for p in model.parameters())
    layer = dict(model.model.layers[0].named_modules())
    theirs = {
        n.rsplit(".", 1)[-1]: m.weight.shape for n, m in layer.items() if isinstance(m, torch.nn.Linear)
    }
    ours = {linear.name: (linear.outputs, linear.inputs) for linear in shape.targets(mlp=True)}
    assert ours == theirs


@pytest.mark.parametrize(
    ("kind", "mlp", "dora"), [("qwen3", True, False), ("gemma", False, False), ("llama", True, True)]
)
def test_the_adapter_is_as_large_as_pefts(kind, mlp, dora, tmp_path):
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoConfig, AutoModelForCausalLM

    config = AutoConfig.for_model(kind, **TINY)
    config.save_pretrained(tmp_path)
    shape = read_shape(tmp_path)
    names = [linear.name for linear in shape.targets(mlp)]
    model = get_peft_model(
        AutoModelForCausalLM.from_config(config), LoraConfig(r=3, target_modules=names, use_dora=dora)
    )
    trained = sum(p.numel() for p in model.parameters() if p.requires_grad)
    assert isinstance(model.base_model.model.lm_head, torch.nn.Linear)
    assert shape.lora_parameters(3, mlp, dora) == trained


# What the hub shows as the size of the safetensors of each model.
COUNTS = {
    "Qwen/Qwen3-0.6B": 596_049_920,
    "Qwen/Qwen3-1.7B": 1_720_574_976,
    "Qwen/Qwen3-4B": 4_022_468_096,
    "Qwen/Qwen3-8B": 8_190_735_360,
    "Qwen/Qwen3-14B": 14_768_307_200,
    "Qwen/Qwen2.5-7B-Instruct": 7_615_616_512,
    "Qwen/Qwen2.5-14B-Instruct": 14_770_033_664,
    "meta-llama/Llama-2-7b-hf": 6_738_415_616,
    "meta-llama/Llama-3.1-8B-Instruct": 8_030_261_248,
    "mistralai/Mistral-7B-Instruct-v0.3": 7_248_023_552,
}


def test_the_published_shapes_have_the_published_counts():
    assert {name: published_shape(name).parameters for name in PUBLISHED} == COUNTS


def test_an_adapter_of_rank_64_on_qwen3_8b_counted_by_hand():
    shape = published_shape("Qwen/Qwen3-8B")
    attention = (4096 + 4096) + 2 * (4096 + 1024) + (4096 + 4096)
    mlp = 2 * (4096 + 12288) + (12288 + 4096)
    assert shape.lora_parameters(64, mlp=False) == 36 * 64 * attention == 61_341_696
    assert shape.lora_parameters(64, mlp=True) == 36 * 64 * (attention + mlp) == 174_587_904


def test_base_and_instruct_models_have_one_shape():
    for name in ("Qwen/Qwen3-8B-Base", "qwen/qwen3-8b", "modelscope:Qwen/Qwen3-8B"):
        assert published_shape(name).parameters == COUNTS["Qwen/Qwen3-8B"]
    assert published_shape("Qwen/Qwen3-9B") is None


def test_joined_projections_count_like_separate_ones():
    sizes = TINY | {"num_key_value_heads": 4}
    baichuan = shape_of({"model_type": "baichuan", **sizes}, "b")
    assert baichuan.attention == (Linear("W_pack", 32, 96), Linear("o_proj", 32, 32))
    assert baichuan.parameters == shape_of({"model_type": "llama", **sizes}, "l").parameters
    internlm = shape_of({"model_type": "internlm2", **TINY}, "i")
    assert internlm.attention[0] == Linear("wqkv", 32, 64)
    assert internlm.parameters == shape_of({"model_type": "llama", **TINY}, "l").parameters


@pytest.mark.parametrize(
    ("config", "said"),
    [
        (
            {"model_type": "qwen3_moe", "num_experts": 128},
            "m: a mixture of experts .qwen3_moe.* Plan a dense model",
        ),
        ({"model_type": "mamba"}, "m: model_type 'mamba' is not known to `ta plan`. Known: llama, "),
        (
            {"model_type": "llama", **TINY, "vocab_size": None},
            "m: vocab_size is None; a model's config.json has",
        ),
    ],
)
def test_what_cannot_be_planned_is_refused_with_the_reason(config, said):
    with pytest.raises(InputError, match=said):
        shape_of(config, "m")


def test_a_file_that_is_no_config_is_refused(tmp_path):
    with pytest.raises(
        InputError, match="config.json is not there. Give a model's config.json, or its folder"
    ):
        read_shape(tmp_path)
    (tmp_path / "config.json").write_text("{")
    with pytest.raises(InputError, match="no JSON"):
        read_shape(tmp_path)
    (tmp_path / "config.json").write_text("[]")
    with pytest.raises(InputError, match="a JSON list. A model's config.json is an object"):
        read_shape(tmp_path / "config.json")


def test_a_model_that_also_sees_is_read_by_its_text_part():
    nested = {"model_type": "gemma3", "text_config": {"model_type": "gemma3_text", **TINY}}
    assert shape_of(json.loads(json.dumps(nested)), "g").layers == 3
