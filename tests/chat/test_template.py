"""One renderer, one BOS, one end of turn."""

import pytest

from ta_pipeline.chat.template import encode, end_of_turn, generation_header, load_tokenizer, render
from ta_pipeline.records import InputError


class FakeTokenizer:
    """A tokenizer that adds a BOS by itself, as Llama's does: ids are character codes, BOS is 1."""

    bos_token, bos_token_id = "<s>", 1

    def __call__(self, texts, add_special_tokens=True):
        single = isinstance(texts, str)
        rows = [self._row(text, add_special_tokens) for text in ([texts] if single else texts)]
        return {"input_ids": rows[0] if single else rows}

    def _row(self, text, special):
        ids = [1] * text.count("<s>") + [ord(c) for c in text.replace("<s>", "")]
        return [1, *ids] if special else ids


def test_a_template_that_writes_the_bos_does_not_get_a_second_one():
    assert encode(FakeTokenizer(), ["<s>ab"]) == [[1, 97, 98]]


def test_a_template_that_leaves_the_bos_out_gets_one():
    assert encode(FakeTokenizer(), ["ab"]) == [[1, 97, 98]]


def test_no_text_gives_no_ids(tokenizer):
    assert encode(tokenizer, []) == []


def test_the_bundled_header_and_end_of_turn(tokenizer):
    assert generation_header(tokenizer) == "<|im_start|>assistant\n"
    assert end_of_turn(tokenizer) == ("<|im_end|>", 2)


def test_the_prompt_is_a_prefix_of_the_answered_conversation(tokenizer):
    messages = [{"role": "user", "content": " 牛顿第二定律 {{ x }} 😀\n"}]
    prompt = render(tokenizer, messages, add_generation_prompt=True)
    answered = render(tokenizer, [*messages, {"role": "assistant", "content": "F=ma"}])
    ids, full = encode(tokenizer, [prompt, answered])
    assert full[: len(ids)] == ids


def test_a_template_without_generation_prompt_is_refused(tiny_model):
    broken = load_tokenizer(tiny_model).__class__.from_pretrained(tiny_model)
    broken.chat_template = "{% for m in messages %}{{ m['content'] }}{% endfor %}"
    with pytest.raises(InputError, match="no generation prompt"):
        generation_header(broken)


def test_an_unknown_end_of_turn_is_refused(tiny_model):
    broken = load_tokenizer(tiny_model).__class__.from_pretrained(tiny_model)
    broken.chat_template = "{% for m in messages %}{{ m['content'] }}###{% endfor %}"
    with pytest.raises(InputError, match="never stop"):
        end_of_turn(broken)
