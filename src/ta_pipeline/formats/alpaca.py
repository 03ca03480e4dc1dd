"""Alpaca: `instruction`, `input`, `output`, with LLaMA-Factory's `system`, `history` and preference columns.

<https://github.com/tatsu-lab/stanford_alpaca>, <https://llamafactory.readthedocs.io> (data preparation).
One question and one answer a row, earlier ones in `history`; no tools.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ta_pipeline.formats.fields import answered, finished, instruction, lossy, text, with_columns
from ta_pipeline.formats.model import ROLES, Conversation, Message, Row, RowError
from ta_pipeline.formats.rules import refuse
from ta_pipeline.formats.turns import final, said
from ta_pipeline.records import Role

NAME = "alpaca"
COLUMNS = {"instruction", "input", "output", "system", "history", "chosen", "rejected", "kto_tag"}
_HOLDS = {"pair", "label"}


def read(row: Mapping[str, object], roles: Mapping[str, Role] = ROLES) -> Conversation:
    """Read a row; `instruction` and `input` are one question with a line break between them."""
    system = text(row.get("system"), "system")
    given = text(row.get("input"), "input")
    given = given if given.strip() else ""
    asked = "\n".join(part for part in (text(row.get("instruction"), "instruction"), given) if part)
    messages = [Message("system", system)] if system.strip() else []
    messages += _history(row.get("history"))
    messages.append(Message("user", asked))
    if not asked.strip():
        raise RowError("no_question", "no turn of the user has text; write the question")
    conversation = Conversation(tuple(messages), input=given, spelling={NAME: _spelling(row)})
    return with_columns(_with_answer(conversation, row, roles), row, COLUMNS)


def _spelling(row: Mapping[str, object]) -> dict[str, object]:
    """Keep columns that are there with nothing in them, and that `input` is not there."""
    blank = {name: row[name] for name in ("system", "history") if name in row and not row[name]}
    return blank if "input" in row else {**blank, "input": None}


def _history(value: object) -> list[Message]:
    messages: list[Message] = []
    for number, pair in enumerate(value if isinstance(value, list) else [value] if value else [], start=1):
        if not isinstance(pair, list) or len(pair) != 2:
            raise RowError("bad_row", f"history {number} must be [question, answer]; write both")
        question, answer = (text(part, f"history {number}") for part in pair)
        answered(question, f"history {number}")
        answered(answer, f"history {number}")
        messages += [Message("user", question), Message("assistant", answer)]
    return messages


def _with_answer(c: Conversation, row: Mapping[str, object], roles: Mapping[str, Role]) -> Conversation:
    if row.get("chosen") is not None or row.get("rejected") is not None:
        chosen, rejected = (final(row.get(name), name, roles) for name in ("chosen", "rejected"))
        return Conversation(c.messages, chosen=chosen, rejected=rejected, input=c.input, spelling=c.spelling)
    answer = text(row.get("output"), "output")
    answered(answer, "answer")
    label = row.get("kto_tag")
    if label is not None and not isinstance(label, bool):
        raise RowError("bad_row", f"kto_tag {label!r} must be true or false")
    messages = (*c.messages, Message("assistant", answer))
    return Conversation(messages, label=label, input=c.input, spelling=c.spelling)


def write(conversation: Conversation) -> Row:
    """Write a conversation of questions and answers by turns."""
    refuse(conversation, NAME, _HOLDS)
    turns = list(conversation.messages)
    system = turns.pop(0).content if turns and turns[0].role == "system" else ""
    roles = [turn.role for turn in turns]
    wanted = ["user", "assistant"] * len(turns)
    odd = conversation.is_pair
    if len(turns) % 2 != odd or roles != wanted[: len(turns)] or not turns:
        raise lossy(NAME, f"the order of the turns ({', '.join(roles)}): it has question and answer by turns")
    history = [[q.content, a.content] for q, a in zip(turns[::2], turns[1::2], strict=False)]
    row: Row = {"instruction": instruction(conversation), "input": conversation.input}
    if odd:
        row |= {"chosen": _lone(conversation.chosen), "rejected": _lone(conversation.rejected)}
    else:
        row["output"] = history.pop()[1]
    row |= {"system": system} if system else {}
    row |= {"history": history} if history else {}
    row |= {"kto_tag": conversation.label} if conversation.label is not None else {}
    spelled = conversation.spelling.get(NAME, {})
    row |= {name: value for name, value in spelled.items() if not row.get(name)}
    row = {name: value for name, value in row.items() if not (name == "input" and value is None)}
    return finished(row, conversation, COLUMNS, NAME)


def _lone(answer: Sequence[Message]) -> str:
    if len(answer) != 1:
        raise lossy(NAME, f"that an answer has {len(answer)} turns")
    return said(answer[0])
