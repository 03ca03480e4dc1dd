"""OpenAI's chat rows: `messages` of `role` and `content`, `tool_calls`, `tool_call_id`, and `tools`.

As the fine-tuning guide of the API and TRL's conversational sets have them. Arguments of a call are
JSON text; an object is read as well.
"""

from __future__ import annotations

from collections.abc import Mapping

from ta_pipeline.formats.fields import finished, with_columns, wrapped
from ta_pipeline.formats.model import ROLES, Conversation, Row
from ta_pipeline.formats.rules import check, refuse
from ta_pipeline.formats.turns import read_turns, to_openai
from ta_pipeline.records import Role

NAME = "messages"
COLUMNS = {"messages"}


def read(row: Mapping[str, object], roles: Mapping[str, Role] = ROLES) -> Conversation:
    """Read a row."""
    messages = read_turns(row.get("messages"), "messages", roles)
    check(messages, has_answer=True)
    return with_columns(Conversation(messages), row, COLUMNS)


def write(conversation: Conversation) -> Row:
    """Write any conversation with one answer."""
    refuse(conversation, NAME, {"tools"})
    row: Row = {"messages": [to_openai(message, NAME) for message in conversation.messages]}
    if conversation.tools:
        row["tools"] = wrapped(conversation.tools)
    return finished(row, conversation, COLUMNS, NAME)
