"""Shorten conversations that do not fit, from the front, and say what was cut.

What must survive is the system turn, the end of the last question and the whole last answer with its stop
token. Older turns go first; then the beginning of the last question's text (its passages); a row whose
answer alone does not fit is dropped.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from ta_pipeline.chat.template import Messages

Action = Literal["whole", "turns_dropped", "context_cut", "dropped"]

#: The shortest end of a question that is still worth asking, in characters.
_SHORTEST_QUESTION = 40


def fit(
    messages: Messages, limit: int, count: Callable[[Messages], int]
) -> tuple[list[dict[str, str]] | None, Action]:
    """Cut `messages` until `count(messages)` is at most `limit`; None where nothing sensible is left."""
    kept = [dict(m) for m in messages]
    if count(kept) <= limit:
        return kept, "whole"
    action: Action = "turns_dropped"
    first = 1 if kept and kept[0]["role"] == "system" else 0
    while len(kept) - first > 2:
        del kept[first]
        while len(kept) - first > 2 and kept[first]["role"] != "user":
            del kept[first]
        if count(kept) <= limit:
            return kept, action
    last_user = max((i for i, m in enumerate(kept) if m["role"] == "user"), default=None)
    if last_user is None:
        return None, "dropped"
    return _cut_question(kept, last_user, limit, count)


def _cut_question(
    messages: list[dict[str, str]], at: int, limit: int, count: Callable[[Messages], int]
) -> tuple[list[dict[str, str]] | None, Action]:
    """Keep the longest end of one message's text with which the whole fits (binary search)."""
    text = messages[at]["content"]

    def with_tail(characters: int) -> list[dict[str, str]]:
        tail = text[len(text) - characters :]
        return [*messages[:at], {**messages[at], "content": tail.lstrip()}, *messages[at + 1 :]]

    low, high = min(_SHORTEST_QUESTION, len(text)), len(text)
    if count(with_tail(low)) > limit:
        return None, "dropped"
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if count(with_tail(middle)) <= limit else (low, middle)
    return with_tail(low), "context_cut"
