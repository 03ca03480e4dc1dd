import pytest

from ta_pipeline.chat.template import render
from ta_pipeline.records import InputError
from ta_pipeline.serving.chat_format import (
    ChatFormat,
    derive_chat_format,
    go_literal,
    go_template,
    stop_strings,
)
from ta_pipeline.serving.parity import CORPUS, check_parity

QWEN = (
    "{% if messages[0]['role'] == 'system' %}"
    "{{ '<|im_start|>system\n' + messages[0]['content'] + '<|im_end|>\n' }}{% endif %}"
    "{% for m in messages %}{% if m['role'] != 'system' or not loop.first %}"
    "{{ '<|im_start|>' + m['role'] + '\n' + m['content'] + '<|im_end|>\n' }}{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
TRIMS = (
    "{% for m in messages %}"
    "{{ '<|im_start|>' + m['role'] + '\n' + m['content'] | trim + '<|im_end|>\n' }}{% endfor %}"
)
NO_SYSTEM = (
    "{% for m in messages %}{% if m['role'] == 'system' %}{{ raise_exception('no system role') }}{% endif %}"
    "{{ m['content'] }}{% endfor %}"
)
COUNTS = "{% for m in messages %}{{ loop.index ~ m['role'] + m['content'] + '<|im_end|>' }}{% endfor %}"


@pytest.fixture
def with_template(tiny_model):
    """A tokenizer of its own that another chat template can be put on."""
    from transformers import AutoTokenizer

    def make(template):
        tokenizer = AutoTokenizer.from_pretrained(tiny_model)
        tokenizer.chat_template = template
        return tokenizer

    return make


def _derive(tokenizer) -> ChatFormat:
    return derive_chat_format(lambda messages, generation: render(tokenizer, messages, generation))


def test_the_default_system_turn_is_found(tokenizer):
    assert _derive(tokenizer) == ChatFormat(
        opening="<|im_start|>system\n"
        "You are a helpful AI assistant named SmolLM, trained by Hugging Face<|im_end|>\n",
        before={r: f"<|im_start|>{r}\n" for r in ("system", "user", "assistant")},
        after=dict.fromkeys(("system", "user", "assistant"), "<|im_end|>\n"),
        generation="<|im_start|>assistant\n",
    )


def test_a_template_without_a_default_system_turn_has_no_opening(with_template):
    assert _derive(with_template(QWEN)).opening == ""


@pytest.mark.parametrize("template", [None, QWEN], ids=["bundled", "qwen"])
def test_tokens_equal_the_training_side_on_every_conversation(tokenizer, with_template, template):
    own = with_template(template or tokenizer.chat_template)
    assert check_parity(own, _derive(own)) == len(CORPUS) >= 20


def test_the_corpus_holds_what_breaks_templates():
    said = ["".join(m["content"] for m in talk) for talk in CORPUS]
    openings = {talk[0]["role"] for talk in CORPUS}
    assert openings == {"system", "user"}
    assert any(m == {"role": "system", "content": ""} for talk in CORPUS for m in talk)
    assert max(len(talk) for talk in CORPUS) > 10
    for piece in ("{{", '"""', "😀", "　", "²", "\t"):
        assert any(piece in text for text in said), piece
    assert any(text != text.strip() for text in said)


def test_a_template_that_trims_is_refused_by_the_parity_check(with_template):
    own = with_template(TRIMS)
    with pytest.raises(InputError, match="gives other tokens for"):
        check_parity(own, _derive(own))


def test_a_template_that_refuses_system_turns_is_an_error_that_says_so(with_template):
    with pytest.raises(InputError, match=r"\['system', 'user'\]: no system role"):
        _derive(with_template(NO_SYSTEM))


def test_a_template_whose_turns_depend_on_their_place_is_refused(with_template):
    with pytest.raises(InputError, match="no Ollama TEMPLATE can be derived"):
        _derive(with_template(COUNTS))


def test_the_sample_modelfile_of_the_seed_would_be_caught(tokenizer):
    seed = ChatFormat(
        opening="",
        before={"system": "<s>[INST] <<SYS>>\n", "user": "", "assistant": ""},
        after={"system": "\n<</SYS>>", "user": "[/INST]", "assistant": "</s>"},
        generation="",
    )
    with pytest.raises(InputError, match="gives other tokens"):
        check_parity(tokenizer, seed)


def test_neighbours_of_one_role_are_joined_as_ollama_does():
    chat = ChatFormat("", {"user": "<u>"}, {"user": "</u>"}, "<a>")
    said = [{"role": "user", "content": "one"}, {"role": "user", "content": "two"}]
    assert chat.render(said) == "<u>one\n\ntwo</u><a>"


def test_the_go_template_is_one_line_of_logic_around_plain_text():
    plain = {r: f"<{r}>" for r in ("system", "user", "assistant")}
    chat = ChatFormat("<hello>\n", plain, dict.fromkeys(plain, "</>\n"), "<assistant>")
    assert go_template(chat) == (
        '{{ range $i, $m := .Messages }}{{ if and (eq $i 0) (ne $m.Role "system") }}<hello>\n{{ end }}'
        '{{ if eq $m.Role "system" }}<system>{{ $m.Content }}</>\n'
        '{{ else if eq $m.Role "user" }}<user>{{ $m.Content }}</>\n'
        '{{ else if eq $m.Role "assistant" }}<assistant>{{ $m.Content }}</>\n'
        "{{ end }}{{ end }}<assistant>"
    )


@pytest.mark.parametrize(
    ("text", "literal"),
    [
        ("<|im_start|>用户\n", "<|im_start|>用户\n"),
        ('say "x"', '{{ "say \\"x\\"" }}'),
        ("{{ x }}", '{{ "{{ x }}" }}'),
        ("a　b\t", '{{ "a\\u3000b\\u0009" }}'),
        ("👩‍🔬", '{{ "\\U0001f469\\u200d\\U0001f52c" }}'),
        ("", ""),
    ],
)
def test_text_that_a_modelfile_would_lose_goes_into_a_go_string(text, literal):
    assert go_literal(text) == literal


def test_only_special_tokens_that_the_template_prints_are_stops(tokenizer):
    special = [str(t) for t in tokenizer.added_tokens_decoder.values() if t.special]
    assert len(special) > 10
    assert stop_strings(_derive(tokenizer), special) == ["<|im_end|>", "<|im_start|>"]


def test_an_answer_that_ends_in_plain_words_has_no_stop():
    chat = ChatFormat("", {"user": "Human:"}, {"assistant": "\n"}, "Assistant:")
    with pytest.raises(InputError, match="would not know where to stop"):
        stop_strings(chat, ["</s>"])
