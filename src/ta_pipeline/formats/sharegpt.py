"""ShareGPT: `conversations` of `from` and `value`, with `system`, `tools`, and LLaMA-Factory's pairs.

Speakers are `human`, `gpt`, `system`, `function_call` (JSON text of `name` and `arguments`) and
`observation`; `tools` is JSON text. `chosen` and `rejected` beside the turns make a preference pair,
`kto_tag` a KTO row (<https://llamafactory.readthedocs.io>, data preparation).
"""

from __future__ import annotations

from collections.abc import Mapping

from ta_pipeline.formats.fields import dumps, finished, lossy, text, with_columns
from ta_pipeline.formats.model import ROLES, Conversation, Message, Row, RowError
from ta_pipeline.formats.rules import check, refuse
from ta_pipeline.formats.turns import final, read_turns, to_sharegpt
from ta_pipeline.records import Role

NAME = "sharegpt"
COLUMNS = {"conversations", "system", "chosen", "rejected", "kto_tag"}
_HOLDS = {"pair", "label", "tools"}


def read(row: Mapping[str, object], roles: Mapping[str, Role] = ROLES) -> Conversation:
    """Read a row; a `system` column is the first turn."""
    system = text(row.get("system"), "system")
    turns = read_turns(row.get("conversations"), "conversations", roles)
    messages = ((Message("system", system),) if system.strip() else ()) + turns
    chosen: tuple[Message, ...] = ()
    rejected: tuple[Message, ...] = ()
    label = row.get("kto_tag")
    check(messages, has_answer=row.get("chosen") is None and row.get("rejected") is None)
    if row.get("chosen") is not None or row.get("rejected") is not None:
        chosen, rejected = (final(row.get(name), name, roles) for name in ("chosen", "rejected"))
    if label is not None and not isinstance(label, bool):
        raise RowError("bad_row", f"kto_tag {label!r} must be true or false")
    conversation = Conversation(
        messages, chosen=chosen, rejected=rejected, label=label, spelling={NAME: _spelling(row)}
    )
    return with_columns(conversation, row, COLUMNS)


def _spelling(row: Mapping[str, object]) -> dict[str, object]:
    """Keep that `system` is a column, and a `tools` column without a tool."""
    spelled: dict[str, object] = {"system": row["system"]} if "system" in row else {}
    return {**spelled, "tools": row["tools"]} if row.get("tools") in ("", "[]") else spelled


def write(conversation: Conversation) -> Row:
    """Write any conversation but one that says something beside a call."""
    refuse(conversation, NAME, _HOLDS)
    spelled = dict(conversation.spelling.get(NAME, {}))
    turns = list(conversation.messages)
    row: Row = {}
    if spelled.get("system") and turns and turns[0] == Message("system", str(spelled["system"])):
        turns.pop(0)
    elif spelled.get("system"):
        del spelled["system"]
    row["conversations"] = [to_sharegpt(turn, NAME) for turn in turns]
    if conversation.is_pair:
        for name, answer in (("chosen", conversation.chosen), ("rejected", conversation.rejected)):
            if len(answer) != 1:
                raise lossy(NAME, f"that an answer has {len(answer)} turns")
            row[name] = to_sharegpt(answer[0], NAME)
    if conversation.label is not None:
        row["kto_tag"] = conversation.label
    row |= spelled
    if conversation.tools:
        row["tools"] = dumps(list(conversation.tools))
    return finished(row, conversation, COLUMNS, NAME)
