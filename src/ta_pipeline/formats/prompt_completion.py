"""TRL's prompt/completion rows: `prompt` and `completion`, both texts or both lists of turns.

<https://huggingface.co/docs/trl/dataset_formats>. Of turns, the completion is what is learned.
"""

from __future__ import annotations

from collections.abc import Mapping

from ta_pipeline.formats.fields import answered, finished, lossy, text, with_columns, wrapped
from ta_pipeline.formats.model import ROLES, Conversation, Message, Row, RowError
from ta_pipeline.formats.rules import check, refuse
from ta_pipeline.formats.turns import read_turns, said, to_openai
from ta_pipeline.records import Role

NAME = "prompt-completion"
TEXT_NAME = "prompt-completion-text"
COLUMNS = {"prompt", "completion"}


def read(row: Mapping[str, object], roles: Mapping[str, Role] = ROLES) -> Conversation:
    """Read a row of either kind."""
    return with_columns(read_both(row, roles), row, COLUMNS)


def read_both(row: Mapping[str, object], roles: Mapping[str, Role]) -> Conversation:
    """Read `prompt` and `completion`; text is one question and one answer."""
    prompt, completion = row.get("prompt"), row.get("completion")
    if not isinstance(prompt, list) and not isinstance(completion, list):
        asked, told = text(prompt, "prompt"), text(completion, "completion")
        messages = (Message("user", asked),) if asked.strip() else ()
        check(messages, has_answer=False)
        answered(told, "completion")
        return Conversation((*messages, Message("assistant", told)))
    if not isinstance(prompt, list) or not isinstance(completion, list):
        raise RowError("bad_row", "prompt and completion must both be text or both lists of turns")
    asking = read_turns(prompt, "prompt", roles)
    answer = read_turns(completion, "completion", roles)
    check(asking, has_answer=False)
    if not answer or answer[-1].role != "assistant":
        raise RowError("no_answer", "the completion must end in a turn of the assistant; write it")
    return Conversation((*asking, *answer), completion=len(answer))


def write(conversation: Conversation) -> Row:
    """Write lists of turns."""
    refuse(conversation, NAME, {"tools", "completion"})
    return finished(write_turns(conversation, NAME), conversation, COLUMNS, NAME)


def write_turns(conversation: Conversation, shape: str) -> Row:
    """Write `prompt` and `completion` as turns, and `tools`."""
    border = len(conversation.messages) - conversation.completion
    if border < 1 or conversation.messages[-1].role != "assistant":
        raise lossy(shape, "that the row does not end in an answer to a question")
    if not any(message.role == "user" for message in conversation.messages[:border]):
        raise lossy(shape, "that nothing is asked before the completion")
    turns = [to_openai(message, shape) for message in conversation.messages]
    row: Row = {"prompt": turns[:border], "completion": turns[border:]}
    return {**row, "tools": wrapped(conversation.tools)} if conversation.tools else row


def write_text(conversation: Conversation) -> Row:
    """Write texts: one question and its answer."""
    refuse(conversation, TEXT_NAME, set())
    return finished(write_texts(conversation, TEXT_NAME), conversation, COLUMNS, TEXT_NAME)


def write_texts(conversation: Conversation, shape: str) -> Row:
    """Write `prompt` and `completion` as texts."""
    roles = [message.role for message in conversation.messages]
    if roles != ["user", "assistant"]:
        raise lossy(shape, f"the {len(roles)} turns ({', '.join(roles)}): it has one question and its answer")
    prompt, completion = conversation.messages
    return {"prompt": prompt.content, "completion": said(completion)}
