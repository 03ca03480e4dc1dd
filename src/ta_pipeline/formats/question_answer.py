"""Rows of a FAQ or a word problem: `question` and `answer`, as GSM8K has them."""

from __future__ import annotations

from collections.abc import Mapping

from ta_pipeline.formats.fields import answered, finished, lossy, text, with_columns
from ta_pipeline.formats.model import ROLES, Conversation, Message, Row
from ta_pipeline.formats.rules import check, refuse
from ta_pipeline.formats.turns import read_turns
from ta_pipeline.records import Role

NAME = "question-answer"
COLUMNS = {"question", "answer", "system"}


def read(row: Mapping[str, object], roles: Mapping[str, Role] = ROLES) -> Conversation:
    """Read a row; the question may stand under `prompt`, as text or as turns."""
    system = text(row.get("system"), "system")
    name = "prompt" if row.get("prompt") is not None else "question"
    asked = row.get(name)
    messages: tuple[Message, ...] = (Message("system", system),) if system.strip() else ()
    if isinstance(asked, list):
        messages += read_turns(asked, name, roles)
    elif question := text(asked, name):
        messages += (Message("user", question),)
    check(messages, has_answer=False)
    answer = text(row.get("answer"), "answer")
    answered(answer, "answer")
    return with_columns(Conversation((*messages, Message("assistant", answer))), row, COLUMNS | {name})


def write(conversation: Conversation) -> Row:
    """Write one question and its answer."""
    refuse(conversation, NAME, set())
    turns = list(conversation.messages)
    system = {"system": turns.pop(0).content} if turns and turns[0].role == "system" else {}
    roles = [turn.role for turn in turns]
    if roles != ["user", "assistant"]:
        raise lossy(NAME, f"the {len(roles)} turns ({', '.join(roles)}): it has one question and its answer")
    row: Row = {**system, "question": turns[0].content, "answer": turns[1].content}
    return finished(row, conversation, COLUMNS, NAME)
