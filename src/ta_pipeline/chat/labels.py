"""Decide which tokens are learned, twice, by independent ways that must agree on every token.

The first way knows characters only: the template itself is asked what it writes before each answer (the
prompt that serving would send) and what it writes through it, so that any template will do, also one that
strips answers or puts something before them. The second knows ids only: what stands between the header of a
turn and its end token. A row on which they differ (a user who types the template's own tokens, say) is no
row to learn from.

A turn is learned only where all that stands before it is what the model is asked with at serving, and where
the turn itself reads as it does when it is the last. Other turns are context.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ta_pipeline.chat.template import Messages, end_of_turn, generation_header, render
from ta_pipeline.records import IGNORE_INDEX, InputError

if TYPE_CHECKING:
    from tokenizers import Encoding
    from transformers import PreTrainedTokenizerBase

Ids = NDArray[np.int32]
Mask = NDArray[np.bool_]

_PROBE = "\ue000"
_QUESTION = "probe"


class LabelError(InputError):
    """A row whose labels cannot be trusted; `reason` is the word by which such rows are counted."""

    reason = "labels_unproven"


class TemplateRefusesError(LabelError):
    """The chat template does not render the conversation."""

    reason = "template_refuses"


class NothingLearnedError(LabelError):
    """All labels of a row are -100: its loss is 0 or NaN."""

    reason = "nothing_learned"


class MissingHeaderError(LabelError):
    """No header of an assistant turn stands among the ids."""

    reason = "missing_header"


class MaskersDisagreeError(LabelError):
    """The two ways to find what the assistant says differ."""

    reason = "maskers_disagree"


class CutAnswerError(LabelError):
    """A learned turn breaks off before its end token."""

    reason = "cut_answer"


class WrongEndError(LabelError):
    """A learned turn ends in another special token than the one the model must stop at."""

    reason = "wrong_end_of_turn"


class Conversation(NamedTuple):
    """Messages to learn from; with `last_only` no turn before the last user message is learned."""

    messages: Messages
    tools: list[dict[str, Any]] | None = None
    last_only: bool = False


class Marks(NamedTuple):
    """How the ids of a template show an assistant's turn."""

    header: tuple[int, ...]  # what it writes before an answer
    stop: str
    stop_id: int
    closers: tuple[int, ...]  # the ids that end a turn: the stop token, and what older turns end in
    closings: tuple[str, ...]  # the same as text
    bos_id: int | None  # written before texts that lack it


class Turn(NamedTuple):
    """What an assistant says, through its end token: [start, end) characters or tokens."""

    start: int
    end: int
    learned: bool


class Labelled(NamedTuple):
    """Rows after one another: `lengths` has an entry for each conversation, 0 where it was refused."""

    ids: Ids
    learned: Mask
    lengths: NDArray[np.int64]
    errors: list[LabelError | None]
    turns: list[tuple[int, int]]  # learned turns, and turns that are context

    @property
    def starts(self) -> NDArray[np.int64]:
        """Return where each row begins."""
        return np.cumsum(self.lengths) - self.lengths


def marks_of(tokenizer: PreTrainedTokenizerBase) -> Marks:
    """Read off the template's own output how an answer begins and ends.

    The header is found among ids: a template may write something else, an end of text, where no answer is
    asked for.
    """
    if not tokenizer.is_fast:
        raise InputError(
            f"{type(tokenizer).__name__} gives no character positions, so labels cannot be proved. "
            "Use a base model whose folder has a tokenizer.json."
        )
    header = _header_ids(tokenizer)
    stop, stop_id = end_of_turn(tokenizer)
    older = [i for i in _ends_of_older_turns(tokenizer) if i != stop_id]
    closings = (stop, *(str(tokenizer.convert_ids_to_tokens(i)) for i in older))
    bos = tokenizer.bos_token_id
    adds_bos = bos is not None and tokenizer("a")["input_ids"][:1] == [bos]
    return Marks(tuple(header), stop, stop_id, (stop_id, *older), closings, bos if adds_bos else None)


def _header_ids(tokenizer: PreTrainedTokenizerBase) -> list[int]:
    """Return the ids before an answer: the header, or the end of the question where that invites it."""
    text = render(tokenizer, [{"role": "user", "content": _QUESTION}], add_generation_prompt=True)
    shut = render(tokenizer, [{"role": "user", "content": _QUESTION}])
    prompt, without = _encode(tokenizer, [text, shut])
    if generation_header(tokenizer):
        return list(prompt.ids[_shared(without.ids, prompt.ids) :])
    after = prompt.char_to_token(text.rindex(_QUESTION) + len(_QUESTION) - 1)
    return list(prompt.ids[(after or 0) + 1 :])


def _ends_of_older_turns(tokenizer: PreTrainedTokenizerBase) -> list[int]:
    """Return the special token that follows an answer after which the talk goes on (gpt-oss has another)."""
    user = {"role": "user", "content": "probe"}
    try:
        text = render(tokenizer, [user, {"role": "assistant", "content": _PROBE}, user])
    except Exception:  # whatever a template raises: then it has no older turns
        return []
    tail = _encode(tokenizer, [text.partition(_PROBE)[2]])[0].ids
    special = special_ids(tokenizer)
    return next(([i] for i in tail if i in special), [])


def special_ids(tokenizer: PreTrainedTokenizerBase) -> set[int]:
    """Return the ids of tokens that no text is cut into."""
    return {i for i, token in tokenizer.added_tokens_decoder.items() if token.special}


def render_all(
    tokenizer: PreTrainedTokenizerBase,
    conversations: Sequence[tuple[Messages, list[dict[str, Any]] | None]],
    add_generation_prompt: bool = False,
) -> list[str | TemplateRefusesError]:
    """Render many conversations, those without tools in one call; a refusal takes its text's place."""
    plain = [i for i, (messages, tools) in enumerate(conversations) if messages and not tools]
    texts: dict[int, str | TemplateRefusesError] = {}
    try:
        batch = [list(conversations[i][0]) for i in plain]
        texts = dict(zip(plain, _render_batch(tokenizer, batch, add_generation_prompt), strict=True))
    except Exception:  # a template may raise anything; then each is asked alone
        texts = {}
    for i, (messages, tools) in enumerate(conversations):
        if i not in texts:
            texts[i] = _render_one(tokenizer, messages, tools, add_generation_prompt)
    return [texts[i] for i in range(len(conversations))]


def _render_batch(
    tokenizer: PreTrainedTokenizerBase, batch: list[list[dict[str, str]]], add_generation_prompt: bool
) -> list[str]:
    if not batch:
        return []
    rendered: list[str] = tokenizer.apply_chat_template(
        batch, tokenize=False, add_generation_prompt=add_generation_prompt
    )
    return rendered


def _render_one(
    tokenizer: PreTrainedTokenizerBase,
    messages: Messages,
    tools: list[dict[str, Any]] | None,
    add_generation_prompt: bool,
) -> str | TemplateRefusesError:
    if not messages:
        return TemplateRefusesError("a conversation that begins with the assistant has no prompt")
    try:
        return render(tokenizer, messages, add_generation_prompt=add_generation_prompt, tools=tools)
    except Exception as error:
        return TemplateRefusesError(
            f"the chat template does not render this conversation: {error}. "
            "Take the turn out that it does not know (a system turn, two turns of one role in a row)."
        )


def find_turns(
    tokenizer: PreTrainedTokenizerBase, marks: Marks, conversations: Sequence[Conversation]
) -> list[tuple[str, list[Turn], int] | LabelError]:
    """Render conversations and find, in characters, what the assistant says: the first masker.

    Returns for each the text, the turns whose place is known, and the number of assistant turns, or why
    there are none. A turn begins where its prompt ends; it ends with the last end token that the template
    writes when it is the last turn.
    """
    texts = render_all(tokenizer, [(c.messages, c.tools) for c in conversations])
    asked: list[tuple[int, int]] = [
        (i, k)
        for i, conversation in enumerate(conversations)
        if isinstance(texts[i], str)
        for k, message in enumerate(conversation.messages)
        if message["role"] == "assistant"
    ]
    prompts = render_all(
        tokenizer,
        [(conversations[i].messages[:k], conversations[i].tools) for i, k in asked],
        add_generation_prompt=True,
    )
    inner = [(i, k) for i, k in asked if k + 1 < len(conversations[i].messages)]
    through = dict(
        zip(
            inner,
            render_all(
                tokenizer, [(conversations[i].messages[: k + 1], conversations[i].tools) for i, k in inner]
            ),
            strict=True,
        )
    )
    turns: dict[int, list[Turn]] = defaultdict(list)
    counts: dict[int, int] = defaultdict(int)
    for (i, k), prompt in zip(asked, prompts, strict=True):
        counts[i] += 1
        place = _place(texts[i], prompt, through.get((i, k), texts[i]), marks)
        if place is not None:
            may = not conversations[i].last_only or k > _last_user(conversations[i].messages)
            turns[i].append(place._replace(learned=place.learned and may))
    return [
        text if not isinstance(text, str) else _checked(text, turns[i], counts[i])
        for i, text in enumerate(texts)
    ]


def _place(text: object, prompt: object, through: object, marks: Marks) -> Turn | None:
    """Find one answer: None where the text before it is not its prompt, or where it has no end."""
    if not isinstance(text, str) or not isinstance(prompt, str) or not text.startswith(prompt):
        return None
    start, stop = len(prompt), marks.stop
    if isinstance(through, str) and through.startswith(prompt):
        end = through.rfind(stop, start) + len(stop)
        if end > start + len(stop) - 1 and text.startswith(through[start:end], start):
            return Turn(start, end, True)
    ends = [at + len(closing) for closing in marks.closings if (at := text.find(closing, start)) >= 0]
    return Turn(start, min(ends), False) if ends else None


def _last_user(messages: Messages) -> int:
    return max((k for k, message in enumerate(messages) if message["role"] == "user"), default=-1)


def _checked(text: str, turns: list[Turn], count: int) -> tuple[str, list[Turn], int] | LabelError:
    if count == 0:
        return NothingLearnedError(
            "the conversation has no assistant turn to learn. Add its answer, or leave the row out."
        )
    if not any(turn.learned for turn in turns):
        return NothingLearnedError(
            "no answer follows the prompt that serving sends: the template writes something else before it "
            "or no end token after it. Check the template's generation prompt and its thinking switch."
        )
    return text, turns, count


def mask_by_header(
    ids: Ids, lengths: NDArray[np.int64], header: Sequence[int], closers: Sequence[int]
) -> Mask:
    """Mark, in rows that lie one after another, what stands between a header and the next end token.

    The second masker, which knows ids only; the end token is included, and a turn without one runs to the
    end of its row.
    """
    first, last = stretches_by_header(ids, lengths, header, closers)
    return _between(first, last, len(ids))


def stretches_by_header(
    ids: Ids, lengths: NDArray[np.int64], header: Sequence[int], closers: Sequence[int]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return [first, last) of each turn that a header opens; headers inside a turn open nothing."""
    width, row_ends = len(header), np.cumsum(lengths)
    found = np.ones(max(len(ids) - width + 1, 0), bool)
    for place, token in enumerate(header):
        found &= ids[place : len(ids) - width + 1 + place] == token
    first = np.flatnonzero(found) + width
    row = np.searchsorted(row_ends, first - width, side="right")
    ends = row_ends[row] if len(row_ends) else first
    first, ends = first[first < ends], ends[first < ends]
    stops = np.flatnonzero(np.isin(ids, closers))
    following = np.append(stops, len(ids))[np.searchsorted(stops, first)]
    last = np.minimum(following + 1, ends)
    alone = np.append(True, last[1:] != last[:-1]) if len(last) else np.zeros(0, bool)
    return first[alone], last[alone]


def _between(first: NDArray[np.int64], last: NDArray[np.int64], size: int) -> Mask:
    steps = np.zeros(size + 1, np.int32)
    np.add.at(steps, first, 1)
    np.add.at(steps, last, -1)
    mask: Mask = np.cumsum(steps[:-1]) > 0
    return mask


def label_conversations(
    tokenizer: PreTrainedTokenizerBase, marks: Marks, conversations: Sequence[Conversation]
) -> Labelled:
    """Tokenize conversations and decide by both maskers what each teaches."""
    found = find_turns(tokenizer, marks, conversations)
    encoded = iter(_encode(tokenizer, [item[0] for item in found if not isinstance(item, LabelError)]))
    rows: list[tuple[list[int], list[Turn]]] = []
    errors: list[LabelError | None] = []
    turns: list[tuple[int, int]] = []
    for item in found:
        if isinstance(item, LabelError):
            rows.append(([], []))
            errors.append(item)
            turns.append((0, 0))
            continue
        ids, placed = _placed(tokenizer, marks, item[0], next(encoded), item[1])
        rows.append((ids, placed))
        errors.append(None)
        learned = sum(turn.learned for turn in placed)
        turns.append((learned, item[2] - learned))
    return _agreed(marks, rows, errors, turns)


def _placed(
    tokenizer: PreTrainedTokenizerBase, marks: Marks, text: str, encoding: Encoding, turns: list[Turn]
) -> tuple[list[int], list[Turn]]:
    """Turn the places of a row from characters to tokens.

    Where the last answer's first token would swallow the end of its prompt, the prompt and the answer are
    tokenized apart, as serving does. An older answer with that trouble is context.
    """
    shift = 0 if marks.bos_id is None or text.startswith(str(tokenizer.bos_token)) else 1
    ids, last = encoding.ids, turns[-1]
    placed = [_tokens_of(encoding, ids, turn, marks.header) for turn in turns]
    if placed[-1] is None:
        before, after = _encode(tokenizer, [text[: last.start], text[last.start :]])
        ids = before.ids + after.ids
        closing = after.char_to_token(last.end - last.start - 1)
        end = len(before) + (len(after) if closing is None else closing + 1)
        placed = [_tokens_of(before, before.ids, turn, marks.header) for turn in turns[:-1]]
        placed.append(Turn(len(before), end, last.learned))
    if shift:
        ids = [int(marks.bos_id or 0), *ids]
    return ids, [turn._replace(start=turn.start + shift, end=turn.end + shift) for turn in placed if turn]


def _tokens_of(encoding: Encoding, ids: list[int], turn: Turn, header: tuple[int, ...]) -> Turn | None:
    """Find the tokens of a turn; None where it does not begin with a token of its own after the header."""
    end = encoding.char_to_token(turn.end - 1)
    start = encoding.char_to_token(turn.start)
    if start is None or end is None or tuple(ids[max(start - len(header), 0) : start]) != header:
        return None
    where = encoding.token_to_chars(start)
    return Turn(start, end + 1, turn.learned) if where and where[0] >= turn.start else None


def _agreed(
    marks: Marks,
    rows: list[tuple[list[int], list[Turn]]],
    errors: list[LabelError | None],
    turns: list[tuple[int, int]],
) -> Labelled:
    """Lay rows after one another, mask them in both ways, and refuse those on which the ways differ."""
    lengths = np.array([len(ids) for ids, _ in rows], np.int64)
    starts = np.cumsum(lengths) - lengths
    ids = np.fromiter(chain.from_iterable(ids for ids, _ in rows), np.int32, int(lengths.sum()))
    flat = [
        (int(start) + turn.start, int(start) + turn.end, turn.learned)
        for start, (_, placed) in zip(starts, rows, strict=True)
        for turn in placed
    ]
    places = np.array(flat, np.int64).reshape(-1, 3)
    first, last, learned = places[:, 0], places[:, 1], places[:, 2].astype(bool)
    by_spans = _between(first, last, len(ids))
    by_ids = mask_by_header(ids, lengths, marks.header, marks.closers)
    mask = _between(first[learned], last[learned], len(ids))
    row_of = np.repeat(np.arange(len(rows)), lengths)
    for row in np.unique(row_of[by_spans != by_ids]).tolist():
        errors[row] = _difference(by_ids[row_of == row])
    for row in np.unique(row_of[last[learned] - 1][ids[last[learned] - 1] != marks.stop_id]).tolist():
        errors[row] = WrongEndError(
            f"an answer does not end in the end-of-turn token {marks.stop!r} ({marks.stop_id}). "
            "Use the chat template that belongs to the tokenizer."
        )
    empty = np.bincount(row_of[mask], minlength=len(rows)) == 0
    for row in np.flatnonzero(empty).tolist():
        errors[row] = errors[row] or NothingLearnedError("nothing in this row is learned.")
    refused = np.array([error is not None for error in errors], bool)
    keep = ~refused[row_of]
    return Labelled(ids[keep], mask[keep], np.where(refused, 0, lengths), errors, turns)


def _difference(by_ids: Mask) -> LabelError:
    if not by_ids.any():
        return MissingHeaderError(
            "no header of an assistant turn is among the ids, though the template writes one. "
            "Its tokens must belong to the tokenizer's vocabulary."
        )
    return MaskersDisagreeError(
        "the two maskers disagree: the text holds the template's own tokens. Take them out of the messages."
    )


def label_rows(
    tokenizer: PreTrainedTokenizerBase, conversations: Sequence[Conversation]
) -> list[tuple[list[int], list[int]] | LabelError]:
    """Tokenize conversations and label each: (ids, labels), or the LabelError that forbids the row.

    Labels are the ids where the assistant speaks and `IGNORE_INDEX` elsewhere, unshifted.
    """
    labelled = label_conversations(tokenizer, marks_of(tokenizer), conversations)
    return list(_as_lists(labelled))


def _as_lists(labelled: Labelled) -> Iterator[tuple[list[int], list[int]] | LabelError]:
    labels = labels_of(labelled.ids, labelled.learned)
    for start, length, error in zip(labelled.starts, labelled.lengths, labelled.errors, strict=True):
        part = slice(int(start), int(start + length))
        yield error if error is not None else (labelled.ids[part].tolist(), labels[part].tolist())


def labels_of(ids: Ids, learned: Mask) -> Ids:
    """Give the ids where something is learned and `IGNORE_INDEX` elsewhere."""
    return np.where(learned, ids, np.int32(IGNORE_INDEX)).astype(np.int32)


def _encode(tokenizer: PreTrainedTokenizerBase, texts: Sequence[str]) -> list[Encoding]:
    """Tokenize with character positions, adding nothing; cut or filled up to nothing either."""
    backend = tokenizer.backend_tokenizer
    backend.no_truncation()
    backend.no_padding()
    encodings: list[Encoding] = backend.encode_batch(list(texts), add_special_tokens=False)
    return encodings


def _shared(a: Sequence[int], b: Sequence[int]) -> int:
    """Count the equal ids at the start of two rows."""
    return next((i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))
