"""Decide which tokens are learned, twice, by independent ways that must agree.

Only what the assistant says is learned, and the token that ends its turn. The first way marks the
assistant's characters in the rendered text; the second looks for the header and the end-of-turn token
among the ids. A row on which they differ (a user who types the template's own tokens, say) is no row to
learn from.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ta_pipeline.chat.template import Messages, end_of_turn, generation_header, render
from ta_pipeline.records import IGNORE_INDEX

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

_OPEN, _CLOSE = "\ue000", "\ue001"


class LabelError(ValueError):
    """A row whose labels cannot be trusted; the message says which rule it breaks."""


def assistant_spans(
    tokenizer: PreTrainedTokenizerBase, messages: Messages, tools: list[dict[str, Any]] | None = None
) -> tuple[str, list[tuple[int, int]]]:
    """Render messages and find what the assistant says, each with its end-of-turn token.

    Returns the text and [start, end) character spans. Private-use characters are put around each answer,
    found in the rendered text and taken out again; the text without them must be what the template gives.
    """
    marked = [
        m | {"content": f"{_OPEN}{m['content']}{_CLOSE}"} if m["role"] == "assistant" else m for m in messages
    ]
    plain = render(tokenizer, messages, tools=tools)
    stop, _ = end_of_turn(tokenizer)
    text, spans = "", []
    for piece in render(tokenizer, marked, tools=tools).split(_OPEN):
        answer, close, rest = piece.partition(_CLOSE)
        if close:
            if not rest.startswith(stop):
                raise LabelError(f"an answer is followed by {rest[:20]!r}, not by {stop!r}")
            spans.append((len(text), len(text) + len(answer) + len(stop)))
        text += answer + rest
    if text != plain:
        raise LabelError("the template changes the assistant's words, so they cannot be marked")
    if not spans:
        raise LabelError("the conversation has no assistant turn to learn")
    return text, spans


def mask_by_spans(offsets: Sequence[tuple[int, int]], spans: Sequence[tuple[int, int]]) -> list[bool]:
    """Mark the tokens whose characters lie inside one of the spans; `offsets` are characters a token."""
    mask, k = [], 0
    for start, end in offsets:
        while k < len(spans) and start >= spans[k][1]:
            k += 1
        inside = k < len(spans) and spans[k][0] <= start and end <= spans[k][1] and end > start
        mask.append(inside)
    return mask


def mask_by_header(ids: Sequence[int], header: Sequence[int], stop: int) -> list[bool]:
    """Mark what stands between an assistant header and the next end-of-turn token, which is included."""
    mask, i, width = [False] * len(ids), 0, len(header)
    while i <= len(ids) - width:
        if list(ids[i : i + width]) != list(header):
            i += 1
            continue
        i += width
        while i < len(ids):
            mask[i] = True
            i += 1
            if ids[i - 1] == stop:
                break
    return mask


def check_mask(ids: Sequence[int], mask: Sequence[bool], stop: int) -> None:
    """Hold a mask to the rules: something is learned, and every learned stretch ends in the stop token."""
    if not any(mask):
        raise LabelError("nothing in this row is learned")
    for i, learned in enumerate(mask):
        if learned and (i + 1 == len(mask) or not mask[i + 1]) and ids[i] != stop:
            raise LabelError(f"a learned turn ends in token {ids[i]}, not in the end-of-turn token {stop}")


def label_rows(
    tokenizer: PreTrainedTokenizerBase,
    conversations: Sequence[tuple[Messages, list[dict[str, Any]] | None]],
) -> list[tuple[list[int], list[int]] | LabelError]:
    """Tokenize conversations and label each: (ids, labels), or the LabelError that forbids the row.

    Labels are the ids where the assistant speaks and `IGNORE_INDEX` elsewhere, unshifted.
    """
    rendered: list[tuple[str, list[tuple[int, int]]] | LabelError] = []
    for messages, tools in conversations:
        try:
            rendered.append(assistant_spans(tokenizer, messages, tools))
        except LabelError as error:
            rendered.append(error)
    texts = [r[0] for r in rendered if not isinstance(r, LabelError)]
    encoded = iter(_encode_with_offsets(tokenizer, texts))
    header = tokenizer(generation_header(tokenizer), add_special_tokens=False)["input_ids"]
    stop = end_of_turn(tokenizer)[1]
    rows: list[tuple[list[int], list[int]] | LabelError] = []
    for item in rendered:
        if isinstance(item, LabelError):
            rows.append(item)
            continue
        ids, offsets = next(encoded)
        rows.append(_label_one(ids, offsets, item[1], header, stop))
    return rows


def _encode_with_offsets(
    tokenizer: PreTrainedTokenizerBase, texts: list[str]
) -> list[tuple[list[int], list[tuple[int, int]]]]:
    if not texts:
        return []
    batch = tokenizer(texts, add_special_tokens=False, return_offsets_mapping=True)
    bos = tokenizer.bos_token
    wanted = bool(bos) and tokenizer("a")["input_ids"][:1] == [tokenizer.bos_token_id]
    rows = []
    for text, ids, offsets in zip(texts, batch["input_ids"], batch["offset_mapping"], strict=True):
        missing = wanted and not text.startswith(str(bos))
        rows.append(([tokenizer.bos_token_id, *ids], [(0, 0), *offsets]) if missing else (ids, offsets))
    return rows


def _label_one(
    ids: list[int],
    offsets: list[tuple[int, int]],
    spans: list[tuple[int, int]],
    header: list[int],
    stop: int,
) -> tuple[list[int], list[int]] | LabelError:
    mask = mask_by_spans(offsets, spans)
    if mask != mask_by_header(ids, header, stop):
        return LabelError("the two maskers disagree: the text holds the template's own tokens")
    try:
        check_mask(ids, mask, stop)
    except LabelError as error:
        return error
    return ids, [token if learned else IGNORE_INDEX for token, learned in zip(ids, mask, strict=True)]
