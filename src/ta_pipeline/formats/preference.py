"""TRL's preference pairs: `prompt`, `chosen`, `rejected`, as texts or turns; or only the latter two.

<https://huggingface.co/docs/trl/dataset_formats>: with an explicit prompt, or with an implicit one, which
is what the turns of both answers begin with.
"""

from __future__ import annotations

from collections.abc import Mapping

from ta_pipeline.formats.fields import finished, lacking, lossy, text, with_columns, wrapped
from ta_pipeline.formats.model import ROLES, Conversation, Message, Row, RowError
from ta_pipeline.formats.rules import check, refuse
from ta_pipeline.formats.turns import final, read_turns, said, to_openai
from ta_pipeline.records import Role

NAME = "preference"
TEXT_NAME = "preference-text"
IMPLICIT_NAME = "preference-implicit"
COLUMNS = {"prompt", "chosen", "rejected"}
_ASKED = ("prompt", "messages", "question")

Turns = tuple[Message, ...]


def read(row: Mapping[str, object], roles: Mapping[str, Role] = ROLES) -> Conversation:
    """Read a row with or without a prompt; answers that repeat it are cut down to what follows it."""
    name = next((name for name in _ASKED if row.get(name) is not None), None)
    if name is None:
        return with_columns(_implicit(row, roles), row, COLUMNS)
    asked = row[name]
    if isinstance(asked, list):
        prompt = read_turns(asked, name, roles)
    else:
        question = text(asked, name)
        prompt = (Message("user", question),) if question.strip() else ()
    check(prompt, has_answer=False)
    chosen, rejected = (_after(prompt, final(row.get(n), n, roles)) for n in ("chosen", "rejected"))
    return with_columns(Conversation(prompt, chosen=chosen, rejected=rejected), row, COLUMNS | {name})


def _after(prompt: Turns, answer: Turns) -> Turns:
    return answer[len(prompt) :] if len(answer) > len(prompt) and answer[: len(prompt)] == prompt else answer


def _implicit(row: Mapping[str, object], roles: Mapping[str, Role]) -> Conversation:
    whole = [row.get(name) for name in ("chosen", "rejected")]
    if not all(isinstance(value, list) for value in whole):
        raise RowError("no_question", "chosen and rejected without a prompt; write the question as `prompt`")
    prompt, chosen, rejected = split(*(final(v, n, roles) for v, n in zip(whole, ("chosen", "rejected"))))
    return Conversation(prompt, chosen=chosen, rejected=rejected)


def split(chosen: Turns, rejected: Turns) -> tuple[Turns, Turns, Turns]:
    """Part two dialogues into the turns they share from the start and what each goes on with."""
    border = 0
    shortest = min(len(chosen), len(rejected))
    while border < shortest and chosen[border] == rejected[border]:
        border += 1
    if border == shortest:
        raise RowError("no_answer", "chosen and rejected do not differ; write two answers")
    check(chosen[:border], has_answer=False)
    return chosen[:border], chosen[border:], rejected[border:]


def _pair(conversation: Conversation, shape: str, holds: set[str]) -> None:
    refuse(conversation, shape, holds)
    if not conversation.is_pair:
        raise lacking(shape, "a rejected answer")


def write(conversation: Conversation) -> Row:
    """Write an explicit prompt as turns."""
    _pair(conversation, NAME, {"pair", "tools"})
    row: Row = {
        "prompt": [to_openai(message, NAME) for message in conversation.messages],
        "chosen": [to_openai(message, NAME) for message in conversation.chosen],
        "rejected": [to_openai(message, NAME) for message in conversation.rejected],
    }
    for answer in (conversation.chosen, conversation.rejected):
        if _after(conversation.messages, answer) != answer:
            raise lossy(NAME, "that an answer repeats its prompt")
    return finished(_with_tools(row, conversation), conversation, COLUMNS, NAME)


def write_text(conversation: Conversation) -> Row:
    """Write texts: one question, two answers."""
    _pair(conversation, TEXT_NAME, {"pair"})
    turns = (conversation.messages, conversation.chosen, conversation.rejected)
    if [[m.role for m in part] for part in turns] != [["user"], ["assistant"], ["assistant"]]:
        raise lossy(TEXT_NAME, "turns: it has one question and two answers")
    row: Row = {name: said(part[0]) for name, part in zip(("prompt", "chosen", "rejected"), turns)}
    return finished(row, conversation, COLUMNS, TEXT_NAME)


def write_implicit(conversation: Conversation) -> Row:
    """Write both answers as whole dialogues."""
    _pair(conversation, IMPLICIT_NAME, {"pair", "tools"})
    row = _with_tools(whole(conversation, IMPLICIT_NAME), conversation)
    return finished(row, conversation, COLUMNS, IMPLICIT_NAME)


def whole(conversation: Conversation, shape: str) -> Row:
    """Write `chosen` and `rejected` with the prompt before each."""
    chosen = (*conversation.messages, *conversation.chosen)
    rejected = (*conversation.messages, *conversation.rejected)
    if conversation.chosen[:1] == conversation.rejected[:1]:
        raise lossy(shape, "where the prompt ends, because both answers begin alike")
    return {
        "chosen": [to_openai(message, shape) for message in chosen],
        "rejected": [to_openai(message, shape) for message in rejected],
    }


def _with_tools(row: Row, conversation: Conversation) -> Row:
    return {**row, "tools": wrapped(conversation.tools)} if conversation.tools else row
