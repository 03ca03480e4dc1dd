"""Shorten conversations that do not fit, from the front, and say what was cut.

What must survive is the system turn, the last question and the whole last answer with its stop token. Older
turns go first; then the beginning of the last user message (its passages), up to its last line, which is
the question. A row that does not fit even so is dropped.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, NamedTuple

from ta_pipeline.chat.template import Messages

Action = Literal["whole", "turns_dropped", "context_cut", "dropped"]

#: Why rows are dropped here: nothing is wrong with their labels.
TOO_LONG = ("answer_too_long", "no_question")

#: Where the last line is longer than this it is a text, not a question; then so many characters of its end
#: are the least that is worth asking.
_LONGEST_QUESTION = 400
_SHORTEST_QUESTION = 40
#: Characters of the beginning and the end of what went, for a reader.
_EXCERPT = 60
#: Renderings that the search for the longest fitting context takes at most.
_TRIES = 12


class Fitted(NamedTuple):
    """What is left of a conversation (None where nothing sensible is), and what went."""

    messages: list[dict[str, str]] | None
    action: Action
    cut_characters: int = 0
    excerpt: str = ""
    reason: str = ""


def fit(messages: Messages, limit: int, count: Callable[[Messages], int], whole: int | None = None) -> Fitted:
    """Cut `messages` until `count(messages)` is at most `limit`.

    `whole` is the count of all, where it is known. `count` is asked some twenty times at most, however long
    the conversation is.
    """
    kept = [dict(m) for m in messages]
    if (count(kept) if whole is None else whole) <= limit:
        return Fitted(kept, "whole")
    candidates = _without_older_turns(kept)
    few = candidates[-1] if candidates else kept
    if (size := count(few)) <= limit:
        # Fewer turns never take more tokens, so that the first candidate that fits is found by halving.
        low, high = 0, len(candidates) - 1
        while low < high:
            middle = (low + high) // 2
            low, high = (low, middle) if count(candidates[middle]) <= limit else (middle + 1, high)
        return _report(kept, candidates[low], "turns_dropped")
    last_user = max((i for i, m in enumerate(few) if m["role"] == "user"), default=None)
    if last_user is None:
        return Fitted(None, "dropped", reason=TOO_LONG[1])
    cut = _cut_question(few, last_user, limit, count, size)
    if cut is None:
        return Fitted(None, "dropped", reason=TOO_LONG[0])
    return _report(kept, cut, "context_cut")


def _without_older_turns(messages: list[dict[str, str]]) -> list[list[dict[str, str]]]:
    """List what is left where the conversation begins at a later question, the longest first."""
    first = 1 if messages and messages[0]["role"] == "system" else 0
    users = [i for i, m in enumerate(messages) if m["role"] == "user" and i > first]
    return [[*messages[:first], *messages[i:]] for i in users]


def _cut_question(
    messages: list[dict[str, str]], at: int, limit: int, count: Callable[[Messages], int], size: int
) -> list[dict[str, str]] | None:
    """Keep the longest end of one message's text with which the whole fits.

    Tokens grow nearly in step with characters, so the next guess is drawn by proportion between a length
    that fits and one that does not.
    """
    text = messages[at]["content"]

    def with_tail(characters: int) -> list[dict[str, str]]:
        tail = text[len(text) - characters :]
        return [*messages[:at], {**messages[at], "content": tail.lstrip()}, *messages[at + 1 :]]

    low, high = _least(text), len(text)
    low_size, high_size = count(with_tail(low)), size
    if low_size > limit:
        return None
    for attempt in range(_TRIES):
        if high - low <= 1 or low_size == limit:
            break
        share = (limit - low_size) / max(high_size - low_size, 1)
        guess = low + int((high - low) * share) if attempt % 3 < 2 else (low + high) // 2
        guess = min(max(guess, low + 1), high - 1)
        tokens = count(with_tail(guess))
        if tokens <= limit:
            low, low_size = guess, tokens
        else:
            high, high_size = guess, tokens
    return with_tail(low)


def _least(text: str) -> int:
    """Count the characters of a message's end that must stay: its last line, if that is a question."""
    stripped = text.rstrip()
    line = len(text) - (stripped.rfind("\n") + 1)
    return line if line <= _LONGEST_QUESTION else min(_SHORTEST_QUESTION, len(text))


def _report(before: list[dict[str, str]], after: list[dict[str, str]], action: Action) -> Fitted:
    """Say what is in `before` and no longer in `after`, which keeps the system turn and an end."""
    first = 1 if before[0]["role"] == "system" else 0
    older = before[first : len(before) - (len(after) - first)]
    gone = [f"{m['role']}: {m['content']}" for m in older]
    cut = sum(len(m["content"]) for m in older)
    for was, now in zip(before[first + len(older) :], after[first:], strict=True):
        lost = len(was["content"]) - len(now["content"])
        if lost:
            cut += lost
            gone.append(f"{was['role']}: {was['content'][:lost]}")
    return Fitted(after, action, cut, excerpt("\n".join(gone)))


def excerpt(text: str) -> str:
    """Show the beginning and the end of a text on one line."""
    text = " ".join(text.split())
    return text if len(text) <= 2 * _EXCERPT else f"{text[:_EXCERPT]} … {text[-_EXCERPT:]}"
