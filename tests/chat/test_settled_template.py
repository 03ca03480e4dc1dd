"""What a base model's template becomes: switches decided, a place for the system text, no clock.

The templates are the real ones that TRL carries; Llama 2's and Mistral's are written out below, in the form
their publishers gave them. They are put on the bundled tokenizer, with the special tokens they print.
"""

from functools import cache
from pathlib import Path

import pytest
import trl
from jinja2 import TemplateError

from ta_pipeline.chat.families import FAMILIES
from ta_pipeline.chat.template import (
    answer_headers,
    encode,
    end_of_turn,
    generation_header,
    load_tokenizer,
    render,
    settled_template,
    tidied,
)

LLAMA2 = (
    "{% if messages[0]['role'] == 'system' %}{% set loop_messages = messages[1:] %}"
    "{% set system_message = messages[0]['content'] %}{% else %}{% set loop_messages = messages %}"
    "{% set system_message = false %}{% endif %}{% for message in loop_messages %}"
    "{% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}"
    "{{ raise_exception('Conversation roles must alternate user/assistant/user/assistant/...') }}{% endif %}"
    "{% if loop.index0 == 0 and system_message != false %}"
    "{% set content = '<<SYS>>\\n' + system_message + '\\n<</SYS>>\\n\\n' + message['content'] %}"
    "{% else %}{% set content = message['content'] %}{% endif %}"
    "{% if message['role'] == 'user' %}{{ bos_token + '[INST] ' + content.strip() + ' [/INST]' }}"
    "{% elif message['role'] == 'assistant' %}{{ ' '  + content.strip() + ' ' + eos_token }}{% endif %}{% endfor %}"
)
MISTRAL = (
    "{{ bos_token }}{% for message in messages %}{% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}"
    "{{ raise_exception('Conversation roles must alternate user/assistant/user/assistant/...') }}{% endif %}"
    "{% if message['role'] == 'user' %}{{ '[INST] ' + message['content'] + ' [/INST]' }}"
    "{% elif message['role'] == 'assistant' %}{{ message['content'] + eos_token}}"
    "{% else %}{{ raise_exception('Only user and assistant roles are supported!') }}{% endif %}{% endfor %}"
)
DROPS_SYSTEM = (
    "{% for m in messages %}{% if m['role'] != 'system' %}{{ '<|im_start|>' + m['role'] + '\n' + m['content'] "
    "+ '<|im_end|>\n' }}{% endif %}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
#: Template by family: its text, its own bos and eos, what ends a turn, the headers of an answer.
REAL = {
    "qwen2_5": ("<|endoftext|>", "<|im_end|>", "<|im_end|>", ("<|im_start|>assistant\n",)),
    "qwen3": (
        "<|endoftext|>",
        "<|im_end|>",
        "<|im_end|>",
        ("<|im_start|>assistant\n<think>\n\n</think>\n\n", "<|im_start|>assistant\n"),
    ),
    "qwen3_instruct_2507": ("<|endoftext|>", "<|im_end|>", "<|im_end|>", ("<|im_start|>assistant\n",)),
    "llama3": (
        "<|begin_of_text|>",
        "<|end_of_text|>",
        "<|eot_id|>",
        ("<|start_header_id|>assistant<|end_header_id|>\n\n",),
    ),
    "llama3_2": (
        "<|begin_of_text|>",
        "<|end_of_text|>",
        "<|eot_id|>",
        ("<|start_header_id|>assistant<|end_header_id|>\n\n",),
    ),
    "gemma": ("<bos>", "<eos>", "<end_of_turn>", ("<start_of_turn>model\n",)),
    "gemma3": ("<bos>", "<eos>", "<end_of_turn>", ("<start_of_turn>model\n",)),
    "gemma4": ("<bos>", "<eos>", "<turn|>", None),
    "phi3": ("<s>", "<|endoftext|>", "<|end|>", ("<|assistant|>\n",)),
    "llama2": ("<s>", "</s>", "</s>", (" [/INST] ",)),
    "mistral": ("<s>", "</s>", "</s>", (" [/INST]",)),
}
SYSTEM = {"role": "system", "content": "You are a teaching assistant."}
USER = {"role": "user", "content": "What is a force?"}
ANSWER = {"role": "assistant", "content": "A push or a pull."}


def source_of(name):
    written = {"llama2": LLAMA2, "mistral": MISTRAL}
    return written.get(name) or (Path(trl.__file__).parent / f"chat_templates/{name}.jinja").read_text(
        "utf-8"
    )


@cache
def bundled(tiny_model):
    """Return one tokenizer of this file's own, with every mark that the templates print."""
    tokenizer = load_tokenizer(tiny_model).__class__.from_pretrained(tiny_model)
    marks = {mark for values in REAL.values() for mark in values[:3]} | {"<start_of_turn>", "<|turn>"}
    tokenizer.add_tokens(sorted(marks), special_tokens=True)
    return tokenizer


def put(tiny_model, name, settled=True, thinking=False):
    """Give that tokenizer a family's template, bos and eos; the family before it is gone."""
    bos, eos, _, _ = REAL[name]
    tokens = {"bos_token": bos, "eos_token": eos}
    tokenizer = bundled(tiny_model)
    tokenizer.bos_token, tokenizer.eos_token = bos, eos
    source = source_of(name)
    tokenizer.chat_template = settled_template(source, thinking, tokens) if settled else source
    return tokenizer


@pytest.mark.parametrize("name", sorted(REAL))
def test_every_family_ends_a_turn_in_its_own_token(tiny_model, name):
    tokenizer = put(tiny_model, name)
    text, number = end_of_turn(tokenizer)
    assert text == REAL[name][2]
    assert encode(tokenizer, [text])[0][-1] == number


@pytest.mark.parametrize("name", sorted(name for name in REAL if REAL[name][3]))
def test_every_family_writes_its_headers_before_an_answer(tiny_model, name):
    assert answer_headers(put(tiny_model, name)) == REAL[name][3]


@pytest.mark.parametrize("name", sorted(REAL))
def test_a_system_text_is_told_once_whatever_the_template_thinks_of_system_turns(tiny_model, name):
    rendered = render(put(tiny_model, name), [SYSTEM, USER, ANSWER, USER], add_generation_prompt=True)
    assert rendered.count(SYSTEM["content"]) == 1
    assert rendered.index(SYSTEM["content"]) < rendered.index(USER["content"])


def test_gemma_gets_the_system_text_in_the_first_user_turn(tiny_model):
    with pytest.raises(TemplateError, match="System role not supported"):
        render(put(tiny_model, "gemma", settled=False), [SYSTEM, USER])
    assert render(put(tiny_model, "gemma"), [SYSTEM, USER, ANSWER]) == (
        "<bos><start_of_turn>user\nYou are a teaching assistant.\n\nWhat is a force?<end_of_turn>\n"
        "<start_of_turn>model\nA push or a pull.<end_of_turn>\n"
    )


def test_gemma_one_gets_what_gemma_three_makes_of_a_system_text_itself(tiny_model):
    talk = [SYSTEM, USER, ANSWER]
    assert render(put(tiny_model, "gemma"), talk) == render(put(tiny_model, "gemma3", settled=False), talk)


def test_a_template_that_drops_the_system_text_is_seen_and_mended(tokenizer):
    settled = settled_template(DROPS_SYSTEM, False, {})
    rendered = tokenizer.apply_chat_template([SYSTEM, USER], chat_template=settled, tokenize=False)
    assert rendered == "<|im_start|>user\nYou are a teaching assistant.\n\nWhat is a force?<|im_end|>\n"


@pytest.mark.parametrize("system", ["", "  \n"])
def test_an_empty_system_text_leaves_no_trace_in_a_merged_turn(tiny_model, system):
    tokenizer = put(tiny_model, "gemma")
    assert render(tokenizer, [{"role": "system", "content": system}, USER]) == render(tokenizer, [USER])


@pytest.mark.parametrize("name", ["qwen2_5", "qwen3_instruct_2507", "llama3"])
def test_a_template_with_nothing_to_decide_stays_as_it_is(name):
    assert settled_template(source_of(name), False, {"bos_token": "<s>"}) == source_of(name)


@pytest.mark.parametrize("name", sorted(REAL))
def test_settling_twice_changes_nothing_more(name):
    tokens = {"bos_token": REAL[name][0], "eos_token": REAL[name][1]}
    once = settled_template(source_of(name), False, tokens)
    assert settled_template(once, False, tokens) == once


@pytest.mark.parametrize("passed", [None, True, False])
def test_qwen3_does_not_think_whatever_a_client_passes(tiny_model, passed):
    asked = {} if passed is None else {"enable_thinking": passed}
    prompt = put(tiny_model, "qwen3").apply_chat_template(
        [USER], tokenize=False, add_generation_prompt=True, **asked
    )
    assert prompt == (
        "<|im_start|>user\nWhat is a force?<|im_end|>\n<|im_start|>assistant\n<think>\n\n</think>\n\n"
    )


@pytest.mark.parametrize("passed", [None, True, False])
def test_qwen3_thinks_whatever_a_client_passes_where_it_is_told_to(tiny_model, passed):
    asked = {} if passed is None else {"enable_thinking": passed}
    prompt = put(tiny_model, "qwen3", thinking=True).apply_chat_template(
        [USER], tokenize=False, add_generation_prompt=True, **asked
    )
    assert prompt.endswith("<|im_start|>assistant\n")


def test_qwen3s_prompt_without_thinking_is_a_prefix_of_what_is_learned(tiny_model):
    tokenizer = put(tiny_model, "qwen3")
    asked = render(tokenizer, [USER], add_generation_prompt=True)
    assert render(tokenizer, [USER, ANSWER]) == f"{asked}A push or a pull.<|im_end|>\n"


def test_a_template_with_a_clock_prints_the_same_date_every_day(tiny_model):
    today = render(put(tiny_model, "llama3_2", settled=False), [USER])
    assert "Today Date: 26 Jul 2024" not in today
    assert "Today Date: 26 Jul 2024\n\n" in render(put(tiny_model, "llama3_2"), [USER])


@pytest.mark.parametrize("name", ["llama2", "mistral"])
def test_the_header_is_empty_where_the_questions_end_invites_the_answer(tiny_model, name):
    assert generation_header(put(tiny_model, name)) == ""


@pytest.mark.parametrize("name", sorted(REAL))
def test_exactly_one_bos_begins_a_row_that_wants_one(tiny_model, name):
    tokenizer = put(tiny_model, name)
    ids = encode(tokenizer, [render(tokenizer, [USER, ANSWER])])[0]
    expected = 1 if "bos_token" in source_of(name) else 0
    assert ids.count(tokenizer.bos_token_id) == expected == int(ids[0] == tokenizer.bos_token_id)


def test_line_breaks_around_a_turn_do_not_double_those_of_the_template(tokenizer):
    given = [{"role": "user", "content": "\n\nWhy?\r\n"}, {"role": "assistant", "content": "\n    x = 1\n"}]
    assert [m["content"] for m in tidied(given)] == ["Why?", "    x = 1"]
    assert "user\nWhy?<|im_end|>" in render(tokenizer, tidied(given))
    assert given[0]["content"] == "\n\nWhy?\r\n"


@pytest.mark.parametrize("name", sorted(REAL))
def test_a_tidied_turn_stands_right_after_its_header_in_every_family(tiny_model, name):
    tokenizer = put(tiny_model, name)
    talk = tidied([{"role": "user", "content": "\nWhy?\n"}, {"role": "assistant", "content": "\n\nSo.\n"}])
    plain = [{"role": "user", "content": "Why?"}, {"role": "assistant", "content": "So."}]
    assert render(tokenizer, talk) == render(tokenizer, plain)


def test_rows_are_padded_on_the_right(tokenizer):
    rows = tokenizer(["a", "a b c"], padding=True)["attention_mask"]
    assert tokenizer.padding_side == "right"
    assert rows[0][0] == 1
    assert rows[0][-1] == 0


@pytest.mark.parametrize(
    ("name", "model_type"),
    [("qwen3", "qwen3"), ("qwen2_5", "qwen2"), ("gemma", "gemma"), ("gemma3", "gemma3"), ("phi3", "phi3")],
)
def test_the_table_of_families_says_what_the_real_templates_do(tiny_model, name, model_type):
    family, tokenizer = FAMILIES[model_type], put(tiny_model, name)
    assert end_of_turn(tokenizer)[0] in family.stop_tokens
    assert family.thinking_switch == ("enable_thinking" in source_of(name))
    own_turn = render(put(tiny_model, "qwen3" if family.system_turn else name), [SYSTEM, USER])
    assert family.system_turn == ("system\n" in own_turn)
