"""UltraFeedback's pairs: the first question as `prompt`, whole dialogues as `chosen` and `rejected`.

As in the set `HuggingFaceH4/ultrafeedback_binarized`: `messages` repeats `chosen`; `prompt_id`,
`score_chosen` and `score_rejected` are further columns.
"""

from __future__ import annotations

from collections.abc import Mapping

from ta_pipeline.formats.fields import finished, lacking, text, with_columns
from ta_pipeline.formats.model import ROLES, Conversation, Row, RowError
from ta_pipeline.formats.preference import split, whole
from ta_pipeline.formats.rules import refuse
from ta_pipeline.formats.turns import final, read_turns
from ta_pipeline.records import Role

NAME = "ultrafeedback"
COLUMNS = {"prompt", "chosen", "rejected", "messages"}


def read(row: Mapping[str, object], roles: Mapping[str, Role] = ROLES) -> Conversation:
    """Read a row; `prompt` and `messages` must say what `chosen` says."""
    chosen, rejected = (final(row.get(name), name, roles) for name in ("chosen", "rejected"))
    prompt, good, bad = split(chosen, rejected)
    conversation = Conversation(prompt, chosen=good, rejected=bad)
    if text(row.get("prompt"), "prompt") != _first(conversation):
        raise RowError("bad_row", "prompt is not the first question of chosen; mend it or take the row out")
    if row.get("messages") is not None and read_turns(row["messages"], "messages", roles) != chosen:
        raise RowError("bad_row", "messages is not the dialogue of chosen; mend it or take the row out")
    return with_columns(conversation, row, COLUMNS)


def _first(conversation: Conversation) -> str:
    return next(message.content for message in conversation.messages if message.role == "user")


def write(conversation: Conversation) -> Row:
    """Write a pair; the set has no tools."""
    refuse(conversation, NAME, {"pair"})
    if not conversation.is_pair:
        raise lacking(NAME, "a rejected answer")
    both = whole(conversation, NAME)
    row: Row = {"prompt": _first(conversation), **both, "messages": both["chosen"]}
    return finished(row, conversation, COLUMNS, NAME)
