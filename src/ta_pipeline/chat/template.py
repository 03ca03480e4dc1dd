"""Render conversations with the model's own chat template and turn the text into token ids.

The one place where a template is applied: training rows, evaluation prompts and preference pairs all come
through here, so that what is learned is what is asked later. `settled_template` is what a base model's own
template becomes before anything reads it: switches decided, a place for the system text, no clock.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ta_pipeline.chat.families import trusts_remote_code
from ta_pipeline.records import InputError

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

Messages = Sequence[dict[str, str]]

_USER, _ANSWER = "\ue002", "\ue003"  # private use: no template and no text has them
_SYSTEM_PROBE = "MARKER0"
#: Put before a template without system turns: the system text opens the first user turn, as Gemma 3's own
#: template has it. Without it Gemma refuses such a conversation and others drop the text unseen.
_MERGED_SYSTEM = (
    "{%- if messages and messages[0]['role'] == 'system' %}"
    "{%- if messages | length > 1 and messages[1]['role'] == 'user' %}"
    "{%- if messages[0]['content'] | trim %}"
    "{%- set first = messages[0]['content'] + '\\n\\n' + messages[1]['content'] %}"
    "{%- set messages = [{'role': 'user', 'content': first}] + messages[2:] %}"
    "{%- else %}{%- set messages = messages[1:] %}{%- endif %}"
    "{%- else %}{%- set messages = [{'role': 'user', 'content': messages[0]['content']}] + messages[1:] %}"
    "{%- endif %}{%- endif %}"
)
_THINKING = {on: f"{{%- set enable_thinking = {str(on).lower()} %}}" for on in (True, False)}
#: Llama 3.1's own date for where there is no clock. With one, the same rows would give other tokens tomorrow.
_NO_CLOCK = "{%- macro strftime_now(form) %}26 Jul 2024{%- endmacro %}"


@lru_cache(maxsize=4)
def load_tokenizer(model: Path) -> PreTrainedTokenizerBase:
    """Load the tokenizer of a model folder; it must bring a chat template.

    It pads on the right, as training reads rows: positions then begin at the row. Nothing generates with its
    padding: `evaluation.reading` pads the caches it batches itself, on the left.
    """
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(
        model,
        clean_up_tokenization_spaces=False,
        padding_side="right",
        trust_remote_code=trusts_remote_code(Path(model)),
    )
    if tokenizer.pad_token is None:
        # No new embedding: padding positions are never labels, whatever token fills them.
        tokenizer.pad_token = tokenizer.eos_token
    if not tokenizer.chat_template:
        raise InputError(f"{model}: the tokenizer has no chat template. Use an instruction-tuned base model.")
    return tokenizer


def settled_template(template: str, thinking: bool, special_tokens: Mapping[str, str]) -> str:
    """Return a chat template with its switches decided, whatever a client or a server passes.

    `enable_thinking` is set where the template knows it, so that training, evaluation and both bundles render
    the same; a template without system turns gets the system text into the first user turn; one that prints
    today's date prints a fixed one. `special_tokens` are those it may print (`bos_token`, `eos_token`).
    """
    additions = []
    for decided in _THINKING.values():  # by an earlier run, perhaps otherwise
        template = template.removeprefix(decided)
    if "enable_thinking" in template:
        additions.append(_THINKING[thinking])
    if "strftime_now" in template:
        additions.append(_NO_CLOCK)
    if not _keeps_system_text(template, special_tokens):
        additions.append(_MERGED_SYSTEM)
    return "".join(addition for addition in additions if addition not in template) + template


def _keeps_system_text(template: str, special_tokens: Mapping[str, str]) -> bool:
    """Tell whether a template prints a system turn; False where it refuses one or leaves it out."""
    from jinja2 import TemplateError
    from transformers.utils.chat_template_utils import render_jinja_template

    probe = [{"role": "system", "content": _SYSTEM_PROBE}, {"role": "user", "content": "MARKER1"}]
    try:
        rendered = render_jinja_template([probe], chat_template=template, **special_tokens)[0][0]
    except TemplateError:
        return False
    return _SYSTEM_PROBE in rendered


def tidied(messages: Messages) -> list[dict[str, Any]]:
    """Take line breaks off both ends of every turn: a template sets its own after the role.

    Two in a row are another token than one. Spaces stay, since code may begin with them.
    """
    return [{**m, "content": m["content"].strip("\r\n")} if m.get("content") else dict(m) for m in messages]


def render(
    tokenizer: PreTrainedTokenizerBase,
    messages: Messages,
    add_generation_prompt: bool = False,
    tools: list[dict[str, Any]] | None = None,
) -> str:
    """Render messages to text, with the header of the next assistant turn where it is asked for."""
    return str(
        tokenizer.apply_chat_template(
            list(messages), tools=tools, tokenize=False, add_generation_prompt=add_generation_prompt
        )
    )


def encode(tokenizer: PreTrainedTokenizerBase, texts: Sequence[str]) -> list[list[int]]:
    """Turn rendered texts into ids, with exactly one BOS where the model wants one.

    A template that writes the BOS itself must not get a second one from the tokenizer, and a template that
    leaves it out must get it: so it is decided for each rendered text.
    """
    if not texts:
        return []
    bos = tokenizer.bos_token
    wanted = bool(bos) and tokenizer("a")["input_ids"][:1] == [tokenizer.bos_token_id]
    ids = tokenizer(list(texts), add_special_tokens=False)["input_ids"]
    return [
        [tokenizer.bos_token_id, *row] if wanted and not text.startswith(str(bos)) else row
        for text, row in zip(texts, ids, strict=True)
    ]


def generation_header(tokenizer: PreTrainedTokenizerBase) -> str:
    """Return the text the template writes before an answer, such as `<|im_start|>assistant\\n`.

    It is empty where the end of the question itself invites the answer: `[INST] … [/INST]` of Llama 2 and
    Mistral has no header of its own. Then nothing among the ids begins an answer but the end of the user's
    turn, and masks that look for a header look for `answer_headers`.
    """
    probe = [{"role": "user", "content": _USER}]
    without, with_header = render(tokenizer, probe), render(tokenizer, probe, add_generation_prompt=True)
    if not with_header.startswith(without):
        # Phi-3 closes every finished text with its end-of-text token.
        without = without.removesuffix(str(tokenizer.eos_token))
    header = with_header.removeprefix(without)
    if not with_header.startswith(without) or not (header or _question_invites(tokenizer)):
        raise InputError(
            "The chat template has no generation prompt, so nothing tells the model that its turn has come. "
            "Use a template that honours add_generation_prompt."
        )
    return header


def _question_invites(tokenizer: PreTrainedTokenizerBase) -> bool:
    """Tell whether a user's turn ends otherwise than an answer does, so that its end is the invitation."""
    user, answer = ({"role": role, "content": _USER} for role in ("user", "assistant"))
    after_question = render(tokenizer, [user]).split(_USER)[-1]
    after_answer = render(tokenizer, [user, answer]).split(_USER)[-1]
    return bool(after_question.strip()) and after_question.strip() != after_answer.strip()


def answer_headers(tokenizer: PreTrainedTokenizerBase) -> tuple[str, ...]:
    """Return every text the template writes right before an answer, the longest first.

    There can be several: Qwen3 puts an empty thought before the last answer and none before earlier ones.
    Where there is no header, it is the end of the user's turn (` [/INST]`) with what stands before the words.
    """
    user, answer = {"role": "user", "content": _USER}, {"role": "assistant", "content": _ANSWER}
    header = generation_header(tokenizer)
    closing = render(tokenizer, [user], add_generation_prompt=True).split(_USER)[-1].removesuffix(header)
    found = {header} if header else set()
    for talk in ([user, answer], [user, answer, user, answer]):
        for piece in render(tokenizer, talk).split(_ANSWER)[:-1]:
            between = piece.rsplit(_USER, 1)[-1]
            found.add(between.removeprefix(closing) if header else between)
    return tuple(sorted(found, key=lambda text: (-len(text), text)))


def end_of_turn(tokenizer: PreTrainedTokenizerBase) -> tuple[str, int]:
    """Return the token that ends an assistant's turn, as text and id.

    It is the first of the tokenizer's own added or special tokens after the answer; only spaces and line
    breaks may stand before it (Llama 2 writes one). Raises InputError where ordinary text ends the turn.
    """
    answer = {"role": "assistant", "content": _ANSWER}
    tail = render(tokenizer, [{"role": "user", "content": "probe"}, answer]).split(_ANSWER, 1)[1].lstrip()
    known = {str(token) for token in tokenizer.get_added_vocab()} | set(tokenizer.all_special_tokens)
    starting = [token for token in known if token and tail.startswith(token)]
    if not starting:
        raise InputError(
            f"The chat template ends an assistant's turn with {tail[:20]!r}, which is none of the "
            f"tokenizer's special tokens (its eos is {tokenizer.eos_token!r}): the model would never stop."
        )
    token = max(starting, key=len)
    return token, int(tokenizer.convert_tokens_to_ids(token))
