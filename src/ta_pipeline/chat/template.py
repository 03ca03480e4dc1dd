"""Render conversations with the model's own chat template and turn the text into token ids.

The one place where a template is applied: training rows, evaluation prompts and preference pairs all come
through here, so that what is learned is what is asked later.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ta_pipeline.records import InputError

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

Messages = Sequence[dict[str, str]]

#: End-of-turn tokens of the families whose turns do not end in the tokenizer's eos token.
END_OF_TURN = ("<|im_end|>", "<|eot_id|>", "<end_of_turn>", "<|end|>", "</s>")


@lru_cache(maxsize=4)
def load_tokenizer(model: Path) -> PreTrainedTokenizerBase:
    """Load the tokenizer of a model folder; it must bring a chat template."""
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(model, clean_up_tokenization_spaces=False)
    if tokenizer.pad_token is None:
        # No new embedding: padding positions are never labels, whatever token fills them.
        tokenizer.pad_token = tokenizer.eos_token
    if not tokenizer.chat_template:
        raise InputError(f"{model}: the tokenizer has no chat template. Use an instruction-tuned base model.")
    return tokenizer


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
    """Return the text the template writes before an answer, such as `<|im_start|>assistant\\n`."""
    probe = [{"role": "user", "content": "probe"}]
    without, with_header = render(tokenizer, probe), render(tokenizer, probe, add_generation_prompt=True)
    if not with_header.startswith(without) or with_header == without:
        raise InputError(
            "The chat template has no generation prompt, so nothing tells the model that its turn has come. "
            "Use a template that honours add_generation_prompt."
        )
    return with_header[len(without) :]


def end_of_turn(tokenizer: PreTrainedTokenizerBase) -> tuple[str, int]:
    """Return the token that ends an assistant's turn, as text and id."""
    rendered = render(
        tokenizer, [{"role": "user", "content": "probe"}, {"role": "assistant", "content": "\ue000"}]
    )
    tail = rendered.split("\ue000", 1)[1]
    for token in (*END_OF_TURN, str(tokenizer.eos_token)):
        if tail.startswith(token):
            return token, int(tokenizer.convert_tokens_to_ids(token))
    raise InputError(
        f"The chat template ends an assistant's turn with {tail[:20]!r}, which is no known end-of-turn token "
        f"({', '.join(END_OF_TURN)} or the tokenizer's eos {tokenizer.eos_token!r}): "
        "the model would never stop."
    )
