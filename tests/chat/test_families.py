"""The table of families, held against tiny models of every architecture that transformers has.

InternLM and Baichuan come with their publishers' own code, which is not here: their names are checked against
what those files call their layers, written down below, and no model of theirs is built.
"""

import json

import pytest
from safetensors.torch import save_file

from ta_pipeline.chat.families import FAMILIES, family_of, weight_names
from ta_pipeline.records import InputError

TINY = {
    "vocab_size": 64,
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 8,
    "max_position_embeddings": 64,
    "pad_token_id": 0,
    "bos_token_id": 1,
    "eos_token_id": 2,
    # Of mixtures alone; others keep them as attributes that nothing reads.
    "num_experts": 4,
    "num_local_experts": 4,
    "num_experts_per_tok": 2,
    "moe_intermediate_size": 16,
    "shared_expert_intermediate_size": 16,
}
REMOTE = {"internlm2", "internlm3", "baichuan"}
NATIVE = sorted(set(FAMILIES) - REMOTE)
#: Linear layers that no LoRA goes to: the head, and what sends a token to an expert or weighs one.
NEVER = {"lm_head", "shared_expert_gate"}
#: InternLM2Attention and InternLM2MLP of modeling_internlm2.py, InternLM3Attention and InternLM3MLP of
#: modeling_internlm3.py, Attention and MLP of modeling_baichuan.py, as published with the models.
PUBLISHED = {
    "internlm2": ({"wqkv", "wo"}, {"w1", "w2", "w3"}),
    "internlm3": ({"q_proj", "k_proj", "v_proj", "o_proj"}, {"gate_proj", "up_proj", "down_proj"}),
    "baichuan": ({"W_pack", "o_proj"}, {"gate_proj", "up_proj", "down_proj"}),
}


def tiny_model_of(model_type):
    """Build a two-layer model of width 32, with a small picture encoder where the type sees."""
    import torch
    from transformers import CONFIG_MAPPING, AutoModelForCausalLM

    if model_type == "gemma3":
        vision = {
            "hidden_size": 32,
            "intermediate_size": 64,
            "num_hidden_layers": 1,
            "num_attention_heads": 4,
        }
        config = CONFIG_MAPPING["gemma3"](
            text_config=TINY,
            vision_config=vision | {"image_size": 28, "patch_size": 14},
            mm_tokens_per_image=4,
        )
    else:
        config = CONFIG_MAPPING[model_type](**TINY)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return AutoModelForCausalLM.from_config(config)


def text_linears(model):
    """Return the paths of all linear layers outside a picture encoder."""
    from torch.nn import Linear

    paths = [path for path, module in model.named_modules() if isinstance(module, Linear)]
    return {path for path in paths if "vision" not in path and "projector" not in path}


def adapted(model, family, which):
    """Attach a LoRA as training does; return the model and the paths of the layers that got one."""
    from peft import LoraConfig, get_peft_model
    from peft.tuners.lora import LoraLayer

    config = LoraConfig(
        r=2, target_modules=family.targets(which), exclude_modules=family.frozen, task_type="CAUSAL_LM"
    )
    lora = get_peft_model(model, config)
    layers = [path for path, module in lora.named_modules() if isinstance(module, LoraLayer)]
    return lora, {path.removeprefix("base_model.model.") for path in layers}


@pytest.mark.parametrize("model_type", NATIVE)
def test_attention_and_mlp_are_all_linear_layers_but_head_and_router(model_type):
    model = tiny_model_of(model_type)
    wanted = {path for path in text_linears(model) if path.rsplit(".", 1)[-1] not in NEVER}
    lora, found = adapted(model, FAMILIES[model_type], "attention+mlp")
    assert found == wanted
    assert_it_learns(lora, layers=len(found))


@pytest.mark.parametrize("model_type", NATIVE)
def test_attention_alone_is_every_linear_layer_of_attention(model_type):
    model = tiny_model_of(model_type)
    wanted = {path for path in text_linears(model) if ".self_attn." in path}
    _, found = adapted(model, FAMILIES[model_type], "attention")
    assert found == wanted
    assert len(found) >= 2 * 2  # two layers, at least a fused projection and the output


def assert_it_learns(lora, layers):
    """Hold that a backward pass gives every B matrix a gradient other than zero, and the base none."""
    import torch

    ids = torch.arange(12)[None] % 60 + 3
    lora(input_ids=ids, labels=ids).loss.backward()
    gradients = {name: p.grad for name, p in lora.named_parameters() if p.grad is not None}
    assert all("lora_" in name for name in gradients)
    moved = [name for name, gradient in gradients.items() if "lora_B" in name and gradient.abs().max() > 0]
    assert len(moved) == layers


@pytest.mark.parametrize("model_type", sorted(REMOTE))
def test_families_of_remote_code_have_the_names_their_publishers_use(model_type):
    family = FAMILIES[model_type]
    assert (set(family.attention), set(family.mlp)) == PUBLISHED[model_type]
    assert family.needs_remote_code


def test_only_types_that_transformers_does_not_have_need_remote_code():
    from transformers import CONFIG_MAPPING

    assert {name for name in FAMILIES if name not in CONFIG_MAPPING} == REMOTE
    assert {name for name, family in FAMILIES.items() if family.needs_remote_code} == REMOTE


def folder_of(tmp_path, config, weights=()):
    import torch

    (tmp_path / "config.json").write_text(json.dumps(config), "utf-8")
    if weights:
        save_file({name: torch.zeros(2, 2) for name in weights}, tmp_path / "model.safetensors")
    return tmp_path


@pytest.mark.parametrize(
    ("vocabulary", "stop"), [(32000, "</s>"), (128256, "<|eot_id|>"), (49152, "<|im_end|>")]
)
def test_llama_two_and_three_and_smollm_two_are_told_apart_by_their_vocabulary(tmp_path, vocabulary, stop):
    model = folder_of(tmp_path, {"model_type": "llama", "vocab_size": vocabulary})
    assert family_of(model).stop_tokens[0] == stop


def test_the_bundled_model_is_a_smollm(tiny_model):
    assert family_of(tiny_model).name == "smollm"
    assert family_of(tiny_model).targets("attention+mlp") == [
        *("q_proj", "k_proj", "v_proj", "o_proj"),
        *("gate_proj", "up_proj", "down_proj"),
    ]


def test_an_unknown_type_with_the_usual_names_is_taken_and_told(tmp_path, caplog):
    layer = "model.layers.0.self_attn"
    names = [f"{layer}.{n}_proj.weight" for n in "qkvo"] + ["model.layers.0.mlp.down_proj.weight"]
    with caplog.at_level("INFO"):
        family = family_of(folder_of(tmp_path, {"model_type": "newcomer"}, names))
    assert (family.name, family.mlp, family.needs_remote_code) == ("newcomer", ("down_proj",), False)
    assert "'newcomer' is not in the table" in caplog.text


def test_an_unknown_type_with_names_of_its_own_is_refused_with_the_cure(tmp_path):
    model = folder_of(tmp_path, {"model_type": "newcomer"}, ["h.0.attn.c_attn.weight"])
    with pytest.raises(InputError, match=r"'newcomer'.*no k_proj, o_proj, q_proj, v_proj.*chat/families.py"):
        family_of(model)


def test_a_folder_without_a_configuration_is_refused(tmp_path):
    with pytest.raises(InputError, match="config.json is not there"):
        family_of(tmp_path)


def test_names_of_weights_come_from_the_index_where_there_are_shards(tmp_path):
    index = {"weight_map": {"a.weight": "model-1.safetensors", "b.weight": "model-2.safetensors"}}
    (tmp_path / "model.safetensors.index.json").write_text(json.dumps(index), "utf-8")
    assert weight_names(tmp_path) == {"a.weight", "b.weight"}


def test_a_mixture_says_that_its_experts_stay_as_they_are(caplog):
    with caplog.at_level("INFO"):
        assert FAMILIES["qwen3_moe"].targets("attention+mlp") == ["q_proj", "k_proj", "v_proj", "o_proj"]
    assert "the routed experts stay as they are" in caplog.text
