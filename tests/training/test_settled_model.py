"""What is decided about a base model stands in its own files, and weights are linked."""

import json
import shutil
from pathlib import Path

import pytest
import trl

from ta_pipeline.chat.families import trusts_remote_code
from ta_pipeline.chat.template import load_tokenizer, render
from ta_pipeline.datasets.base_model import BaseModelDataset
from ta_pipeline.records import InputError
from ta_pipeline.training.base_model import settled_model
from ta_pipeline.training.resume import hash_template, hash_weights
from ta_pipeline.training.rope import RopeScaling

QWEN3 = (Path(trl.__file__).parent / "chat_templates/qwen3.jinja").read_text("utf-8")
ASKED = [{"role": "user", "content": "Why?"}]

#: A model that brings its own code, as InternLM2 does: two files and their names in config.json.
CONFIGURATION = """
from transformers import LlamaConfig
class OwnConfig(LlamaConfig):
    model_type = "internlm2"
"""
MODELING = """
from transformers import LlamaForCausalLM
from .configuration_own import OwnConfig
class OwnForCausalLM(LlamaForCausalLM):
    config_class = OwnConfig
"""


@pytest.fixture(scope="module", autouse=True)
def own_cache(tiny_model, tmp_path_factory):
    """Keep what is derived here out of the user's cache; the tiny model is in it already."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HF_HOME", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="module")
def thinker(tiny_model, tmp_path_factory):
    """The tiny model with Qwen3's chat template."""
    folder = tmp_path_factory.mktemp("thinker") / "thinker"
    shutil.copytree(tiny_model, folder)
    (folder / "chat_template.jinja").write_text(QWEN3, "utf-8")
    return folder


@pytest.fixture(scope="module")
def own_code(tiny_model, tmp_path_factory):
    """The tiny model as one that transformers does not know."""
    folder = tmp_path_factory.mktemp("own") / "own"
    shutil.copytree(tiny_model, folder)
    (folder / "configuration_own.py").write_text(CONFIGURATION, "utf-8")
    (folder / "modeling_own.py").write_text(MODELING, "utf-8")
    config = json.loads((folder / "config.json").read_text("utf-8"))
    names = {
        "AutoConfig": "configuration_own.OwnConfig",
        "AutoModelForCausalLM": "modeling_own.OwnForCausalLM",
    }
    (folder / "config.json").write_text(json.dumps(config | {"model_type": "internlm2", "auto_map": names}))
    return folder


@pytest.mark.parametrize("thinking", [False, True])
def test_the_thinking_switch_is_decided_in_the_models_own_template(thinker, thinking):
    settled = settled_model(thinker, thinking=thinking)
    prompt = render(load_tokenizer(settled), ASKED, add_generation_prompt=True)
    assert prompt.endswith("assistant\n" if thinking else "assistant\n<think>\n\n</think>\n\n")
    assert (settled / "model.safetensors").is_symlink()
    assert (settled / "model.safetensors").resolve() == (thinker / "model.safetensors").resolve()
    assert not (settled / "chat_template.jinja").is_symlink()
    assert settled.name == thinker.name
    assert (thinker / "chat_template.jinja").read_text("utf-8") == QWEN3


def test_the_same_decision_gives_the_same_folder_and_another_one_another(thinker):
    assert settled_model(thinker) == settled_model(thinker) != settled_model(thinker, thinking=True)
    assert not [path for path in settled_model(thinker).parent.iterdir() if path.name.startswith(".")]


def test_a_decision_taken_again_is_taken_anew(thinker):
    settled = settled_model(settled_model(thinker, thinking=True), thinking=False)
    template = (settled / "chat_template.jinja").read_text("utf-8")
    assert template == "{%- set enable_thinking = false %}" + QWEN3


def test_a_template_inside_tokenizer_config_is_decided_too(thinker, tmp_path):
    folder = tmp_path / "old"
    shutil.copytree(thinker, folder)
    (folder / "chat_template.jinja").unlink()
    config = json.loads((folder / "tokenizer_config.json").read_text("utf-8"))
    (folder / "tokenizer_config.json").write_text(json.dumps(config | {"chat_template": QWEN3}))
    prompt = render(load_tokenizer(settled_model(folder)), ASKED, add_generation_prompt=True)
    assert prompt.endswith("assistant\n<think>\n\n</think>\n\n")


def test_a_model_with_nothing_to_decide_is_taken_as_it_is(tiny_model):
    assert settled_model(tiny_model) == tiny_model


def test_a_folder_whose_links_lead_nowhere_is_made_again(thinker, tmp_path):
    source = tmp_path / "source"
    shutil.copytree(thinker, source)
    settled = settled_model(source)
    (settled / "model.safetensors").unlink()
    (settled / "model.safetensors").symlink_to(tmp_path / "gone")
    assert (settled_model(source) / "model.safetensors").is_file()


def test_a_changed_template_or_configuration_is_another_training(thinker):
    plain, thinking = settled_model(thinker), settled_model(thinker, thinking=True)
    assert hash_template(plain) != hash_template(thinking)
    stretched = settled_model(thinker, rope_scaling=RopeScaling(method="linear", factor=4))
    assert hash_weights(plain) != hash_weights(stretched)


def test_code_of_a_publisher_is_not_run_unless_it_is_trusted(own_code):
    with pytest.raises(InputError, match=r"'internlm2' runs Python files.*trust_remote_code: true"):
        settled_model(own_code)
    assert not trusts_remote_code(own_code)


def test_trusted_code_of_a_publisher_is_run_by_training_and_evaluation(own_code):
    from ta_pipeline.evaluation.model import load_for_evaluation

    settled = settled_model(own_code, trust_remote_code=True)
    assert trusts_remote_code(settled)
    assert type(load_for_evaluation(settled, "fp32")).__name__ == "OwnForCausalLM"


def test_trust_changes_nothing_for_a_model_that_transformers_has(tiny_model):
    assert settled_model(tiny_model, trust_remote_code=True) == tiny_model


def test_a_stretched_context_is_refused_where_the_models_own_code_reads_the_configuration(own_code):
    with pytest.raises(InputError, match="own code may not read that"):
        settled_model(own_code, rope_scaling=RopeScaling(method="linear", factor=2), trust_remote_code=True)


def test_the_catalog_entry_passes_every_decision_on(thinker):
    entry = BaseModelDataset(
        str(thinker), thinking=True, rope_scaling={"method": "yarn", "factor": 2.0}, trust_remote_code=False
    )
    folder = entry.load()
    assert json.loads((folder / "config.json").read_text())["rope_parameters"]["rope_type"] == "yarn"
    assert "enable_thinking = true" in (folder / "chat_template.jinja").read_text("utf-8")
