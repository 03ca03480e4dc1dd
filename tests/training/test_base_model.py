"""Names of base models, and what is said where one does not resolve."""

import json
import shutil

import pytest

from ta_pipeline.records import InputError
from ta_pipeline.training.base_model import resolve_base_model


def test_the_tiny_model_has_the_real_tokenizer_and_ends_turns_rightly(tiny_model, tokenizer):
    config = json.loads((tiny_model / "config.json").read_text())
    assert config["num_hidden_layers"] == 2
    assert config["vocab_size"] == len(tokenizer) == 49152
    assert (tokenizer.bos_token, tokenizer.eos_token) == ("<|im_start|>", "<|im_end|>")
    assert config["eos_token_id"] == tokenizer.eos_token_id == 2


def test_a_local_folder_is_taken_as_it_is(tiny_model):
    assert resolve_base_model(str(tiny_model)) == tiny_model


def test_an_unknown_bundled_name_lists_the_known_ones():
    with pytest.raises(InputError, match="bundled:smollm2-135m-instruct"):
        resolve_base_model("bundled:gpt-9")


def test_a_name_that_resolves_to_nothing_says_what_was_tried(monkeypatch):
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(InputError, match=r"no/such-model.*no folder.*127\.0\.0\.1:9"):
        resolve_base_model("no/such-model")


def test_a_missing_shard_is_named(tiny_model, tmp_path):
    broken = shutil.copytree(tiny_model, tmp_path / "broken")
    (broken / "model.safetensors").unlink()
    with pytest.raises(InputError, match=r"model\.safetensors is missing"):
        resolve_base_model(str(broken))


def test_a_folder_that_is_no_model_says_so(tmp_path):
    with pytest.raises(InputError, match=r"no config\.json"):
        resolve_base_model(str(tmp_path))


def test_a_damaged_cache_is_written_again(tiny_model, monkeypatch, tmp_path):
    monkeypatch.setenv("HF_HOME", str(tmp_path))
    first = resolve_base_model("bundled:tiny-random")
    (first / "model.safetensors").write_bytes(b"cut short")
    again = resolve_base_model("bundled:tiny-random")
    assert (again / "model.safetensors").read_bytes() == (tiny_model / "model.safetensors").read_bytes()
