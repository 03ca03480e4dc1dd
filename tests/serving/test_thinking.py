"""Qwen3's thinking switch is one decision: what is trained is what both bundles ask."""

import shutil
from pathlib import Path

import pytest
import trl

from ta_pipeline.chat.template import load_tokenizer, render
from ta_pipeline.quantization.merge import merge
from ta_pipeline.serving.ollama import derive_template
from ta_pipeline.training.base_model import settled_model

THOUGHT = "<|im_start|>assistant\n<think>\n\n</think>\n\n"


@pytest.fixture(scope="module")
def merged(tiny_model, tiny_adapter, tmp_path_factory):
    """The tiny model with Qwen3's template, told not to think, with an adapter merged in."""
    folder = tmp_path_factory.mktemp("qwen") / tiny_model.name
    shutil.copytree(tiny_model, folder)
    template = (Path(trl.__file__).parent / "chat_templates/qwen3.jinja").read_text("utf-8")
    (folder / "chat_template.jinja").write_text(template, "utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HF_HOME", str(tmp_path_factory.mktemp("cache")))
        base = settled_model(folder, thinking=False)
    target = tmp_path_factory.mktemp("merged") / "merged_model"
    merge(base, tiny_adapter, target)
    return target


def test_the_merged_model_carries_the_decision_to_vllm(merged):
    # vLLM renders with this file and passes on what a client sends.
    assert (
        (merged / "chat_template.jinja").read_text("utf-8").startswith("{%- set enable_thinking = false %}")
    )
    prompt = load_tokenizer(merged).apply_chat_template(
        [{"role": "user", "content": "Why?"}],
        tokenize=False,
        add_generation_prompt=True,
        enable_thinking=True,
    )
    assert prompt == f"<|im_start|>user\nWhy?<|im_end|>\n{THOUGHT}"


def test_ollama_invites_an_answer_without_a_thought_and_shows_earlier_ones_without(merged):
    template, stops, proven = derive_template(merged)
    assert proven > 20
    assert template.endswith(THOUGHT)
    assert template.count("<think>") == 1
    assert stops[0] == "<|im_end|>"


def test_what_is_learned_begins_where_the_served_prompt_ends(merged):
    tokenizer = load_tokenizer(merged)
    talk = [{"role": "user", "content": "Why?"}, {"role": "assistant", "content": "So."}]
    prompt = render(tokenizer, talk[:1], add_generation_prompt=True)
    assert render(tokenizer, talk) == f"{prompt}So.<|im_end|>\n"
