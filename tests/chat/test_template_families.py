"""Labels by the chat templates of other families: the real ones that TRL ships, on the bundled tokenizer.

TRL's `_training` twins have generation marks, by which transformers tells on its own what an assistant says.
"""

from copy import deepcopy
from functools import lru_cache
from importlib.resources import files

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import AddedToken

from ta_pipeline.chat.labels import (
    Conversation,
    LabelError,
    NothingLearnedError,
    TemplateRefusesError,
    label_rows,
    marks_of,
)
from ta_pipeline.chat.packing import pack
from ta_pipeline.chat.proof import prove_blocks
from ta_pipeline.chat.rows import token_rows
from ta_pipeline.chat.template import encode, render
from ta_pipeline.records import EXAMPLE, IGNORE_INDEX

CHATML = ["<|im_start|>", "<|im_end|>"]
GEMMA = ["<bos>", "<start_of_turn>", "<end_of_turn>", "<eos>"]
PHI = ["<|system|>", "<|user|>", "<|assistant|>", "<|end|>", "<|endoftext|>"]
INST = {
    "llama2": "{% for m in messages %}{% if m['role'] == 'user' %}{{ bos_token + '[INST] ' + m['content'] + ' [/INST]' }}"
    "{% else %}{{ ' ' + m['content'] | trim + ' ' + eos_token }}{% endif %}{% endfor %}",
    "mistral": "{{ bos_token }}{% for m in messages %}{% if m['role'] == 'user' %}{{ '[INST] ' + m['content'] + ' [/INST]' }}"
    "{% else %}{{ m['content'] + eos_token }}{% endif %}{% endfor %}",
}
#: Special tokens of each family, its end of text, and what begins a text.
FAMILIES = {
    "qwen3": (CHATML, "<|im_end|>", None),
    "qwen3_5_nothink": (CHATML, "<|im_end|>", None),
    "qwen2_5": (CHATML, "<|im_end|>", None),
    "llama3": (
        ["<|begin_of_text|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>", "<|end_of_text|>"],
        "<|end_of_text|>",
        "<|begin_of_text|>",
    ),
    "gemma": (GEMMA, "<eos>", "<bos>"),
    "gemma3": (GEMMA, "<eos>", "<bos>"),
    "phi3": (PHI, "<|endoftext|>", None),
    "llama2": (["<s>", "</s>"], "</s>", "<s>"),
    "mistral": (["<s>", "</s>"], "</s>", "<s>"),
    "gptoss": (
        ["<|start|>", "<|channel|>", "<|message|>", "<|end|>", "<|return|>", "<|call|>"],
        "<|return|>",
        None,
    ),
    "deepseek_r1_distill": (
        ["<｜User｜>", "<｜Assistant｜>", "<｜begin▁of▁sentence｜>", "<｜end▁of▁sentence｜>"],
        "<｜end▁of▁sentence｜>",
        "<｜begin▁of▁sentence｜>",
    ),
}


@pytest.fixture(scope="module")
def family(tokenizer):
    """Make the bundled tokenizer with another family's template and special tokens."""

    @lru_cache
    def make(name, twin=""):
        special, end, begin = FAMILIES[name]
        other = deepcopy(tokenizer)
        other.add_tokens([AddedToken(text, special=True, normalized=False) for text in special], True)
        other.eos_token, other.bos_token = end, begin
        shipped = files("trl").joinpath("chat_templates", f"{name}{twin}.jinja")
        other.chat_template = INST.get(name) or shipped.read_text("utf-8")
        return other

    return make


def talk(*turns):
    roles = {"s": "system", "u": "user", "a": "assistant", "t": "tool"}
    return [{"role": roles[turn[0]], "content": turn[2:]} for turn in turns]


def learned_turns(tokenizer, row):
    """Return the learned stretches of a row as text."""
    ids, labels = row
    texts, before = [], IGNORE_INDEX
    for token, label in zip(ids, labels, strict=True):
        if label != IGNORE_INDEX:
            texts = [*texts, []] if before == IGNORE_INDEX else texts
            texts[-1].append(token)
        before = label
    return [tokenizer.decode(text) for text in texts]


TWO_TURNS = talk("u:1+1?", "a:2 ", "u:and one more?", "a:3, ok")


@pytest.mark.parametrize(
    ("name", "learned"),
    [
        # Qwen3 writes its empty thoughts before the last answer only, so that the first is context.
        ("qwen3", ["<think>\n\n</think>\n\n3, ok<|im_end|>"]),
        # Here the prompt has them already; the older turn stands without.
        ("qwen3_5_nothink", ["3, ok<|im_end|>"]),
        ("qwen2_5", ["2 <|im_end|>", "3, ok<|im_end|>"]),
        ("llama3", ["2<|eot_id|>", "3, ok<|eot_id|>"]),  # strips answers; the stop is not the end of text
        ("gemma3", ["2<end_of_turn>", "3, ok<end_of_turn>"]),
        ("phi3", ["2 <|end|>", "3, ok<|end|>"]),  # writes an end of text where no answer is asked for
        # Nothing invites the answer but the end of the question.
        ("llama2", [" 2 </s>", " 3, ok </s>"]),
        ("mistral", ["2 </s>", "3, ok</s>"]),
        ("gptoss", ["<|channel|>final<|message|>3, ok<|return|>"]),  # older turns end in <|end|>
    ],
)
def test_each_family_learns_what_it_would_say_at_serving(family, name, learned):
    tokenizer = family(name)
    (row,) = label_rows(tokenizer, [Conversation(TWO_TURNS)])
    assert learned_turns(tokenizer, row) == learned


@pytest.mark.parametrize("name", ["gemma", "gemma3"])
def test_a_template_that_refuses_a_row_says_why_and_spares_the_others(family, name):
    bad = Conversation(talk("u:a", "u:b", "a:c"))
    first, second = label_rows(family(name), [bad, Conversation(TWO_TURNS)])
    assert isinstance(first, TemplateRefusesError) and "must alternate" in str(first)
    assert learned_turns(family(name), second) == ["2<end_of_turn>", "3, ok<end_of_turn>"]


def test_gemma_has_no_system_turn(family):
    (row,) = label_rows(family("gemma"), [Conversation(talk("s:be kind", "u:a", "a:b"))])
    assert isinstance(row, TemplateRefusesError) and "System role not supported" in str(row)


def test_a_prompt_that_opens_a_thought_cannot_be_followed_by_a_bare_answer(family):
    (row,) = label_rows(family("deepseek_r1_distill"), [Conversation(TWO_TURNS)])
    assert isinstance(row, NothingLearnedError) and "thinking switch" in str(row)


def test_an_answer_that_begins_with_a_line_break_is_tokenized_apart_from_its_prompt(family):
    tokenizer = family("qwen2_5")
    ids, labels = label_rows(tokenizer, [Conversation(talk("u:hi", "a:\n\nyes"))])[0]
    prompt = encode(tokenizer, [render(tokenizer, talk("u:hi"), add_generation_prompt=True)])[0]
    assert ids[: len(prompt)] == prompt
    assert learned_turns(tokenizer, (ids, labels)) == ["\n\nyes<|im_end|>"]
    # One tokenization of the whole would join line breaks across the border to a token that serving never sees.
    assert encode(tokenizer, [tokenizer.decode(ids)])[0] != ids


def test_the_begin_token_that_a_template_writes_stands_once(family):
    tokenizer = family("llama3")
    ids, _ = label_rows(tokenizer, [Conversation(TWO_TURNS)])[0]
    assert ids.count(tokenizer.bos_token_id) == 1 and ids[0] == tokenizer.bos_token_id


def test_answers_from_passages_are_learned_only_below_them(family):
    tokenizer = family("qwen2_5")
    (row,) = label_rows(tokenizer, [Conversation(TWO_TURNS, last_only=True)])
    assert learned_turns(tokenizer, row) == ["3, ok<|im_end|>"]


def test_a_tools_result_is_context_and_both_turns_around_it_are_learned(family):
    tokenizer = family("qwen2_5")
    messages = talk("u:rain?", 'a:<tool_call>{"name": "weather"}</tool_call>', "t:sunny", "a:No, sun.")
    (row,) = label_rows(tokenizer, [Conversation(messages, [{"type": "function"}])])
    assert learned_turns(tokenizer, row) == [
        '<tool_call>{"name": "weather"}</tool_call><|im_end|>',
        "No, sun.<|im_end|>",
    ]


@pytest.mark.parametrize("name", ["qwen3", "qwen2_5", "llama3", "gemma3", "phi3", "gptoss"])
def test_transformers_own_generation_marks_agree(family, name):
    tokenizer = family(name, "_training")
    seen = tokenizer.apply_chat_template(TWO_TURNS, return_dict=True, return_assistant_tokens_mask=True)
    ids, labels = label_rows(tokenizer, [Conversation(TWO_TURNS)])[0]
    assert list(seen["input_ids"]) == ids
    marked = np.array(seen["assistant_masks"], bool)
    assert marked[np.array(labels) != IGNORE_INDEX].all()
    # What else they mark is the template's own: headers, line breaks, and gpt-oss's older turn.
    rest = tokenizer.decode([i for i, m, label in zip(ids, marked, labels, strict=True) if m and label < 0])
    own = ["<|start|>assistant<|channel|>final<|message|>2 <|end|>", "<|start|>assistant", "<|endoftext|>"]
    for text in own:
        rest = rest.replace(text, "")
    assert rest.strip() == ""


def example(number, messages):
    return {"id": f"r{number}", "split": "train", "task": "qa", "language": "en", "origin": "course",
            "rule": "test", "messages": messages, "tools": None, "chunk_ids": [], "document_id": "d"}  # fmt: skip


@pytest.mark.parametrize("name", ["qwen3", "gemma3", "phi3"])
def test_blocks_are_proved_by_three_witnesses_where_the_template_has_marks(family, name):
    tokenizer = family(name, "_training")
    examples = pa.Table.from_pylist([example(0, TWO_TURNS), example(1, talk("u:q", "a:x"))], EXAMPLE)
    rows, _ = token_rows(tokenizer, examples, 128)
    proof = prove_blocks(tokenizer, pack(rows, 128, True, 0), rows, examples)
    assert (proof["rows_by_ids"], proof["rows_by_characters"], proof["turns_learned"]) == (2, 2, 3)
    assert proof["rows_by_generation_marks"] == 2


WORDS = st.text(st.sampled_from("ab 1.\n\t你好é<|>😀"), min_size=1, max_size=12)


@pytest.mark.parametrize(
    "name", ["qwen3", "qwen3_5_nothink", "llama3", "gemma3", "phi3", "gptoss", "llama2", "mistral"]
)
@settings(max_examples=40, deadline=None)
@given(turns=st.lists(st.tuples(WORDS, WORDS), min_size=1, max_size=3))
def test_before_every_learned_turn_stands_exactly_its_prompt(family, name, turns):
    tokenizer = family(name)
    marks = marks_of(tokenizer)
    messages = [turn for question, answer in turns for turn in talk(f"u:{question}", f"a:{answer}")]
    (row,) = label_rows(tokenizer, [Conversation(messages)])
    assert not isinstance(row, LabelError)
    ids, labels = row
    prompts = [
        encode(tokenizer, [render(tokenizer, messages[:k], add_generation_prompt=True)])[0]
        for k in range(1, len(messages), 2)
    ]
    learned = [label != IGNORE_INDEX for label in labels]
    starts = [n for n in range(len(ids)) if learned[n] and not learned[n - 1]]
    ends = [n for n in range(len(ids)) if learned[n] and (n + 1 == len(ids) or not learned[n + 1])]
    assert starts and all(ids[:start] in prompts for start in starts)
    assert all(ids[end] == marks.stop_id for end in ends)
    assert ids[: starts[-1]] == prompts[-1]  # the last answer is always learned
