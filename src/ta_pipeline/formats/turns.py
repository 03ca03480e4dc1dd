"""Turns of a conversation: ShareGPT's `from`/`value` and OpenAI's `role`/`content`, with tool calls."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ta_pipeline.formats.fields import dumps, loads, lossy, text
from ta_pipeline.formats.model import Call, Message, Row, RowError
from ta_pipeline.records import Role

_OWN = {"from", "value", "role", "content", "tool_calls", "tool_call_id"}
_SPEAKERS = {"system": "system", "user": "human", "assistant": "gpt", "tool": "observation"}
FUNCTION_CALL = "function_call"


def read_turns(value: object, name: str, roles: Mapping[str, Role]) -> tuple[Message, ...]:
    """Read a list of turns in either spelling."""
    if not isinstance(value, list):
        raise RowError("bad_row", f"{name} must be a list of turns, not {type(value).__name__}")
    return tuple(read_turn(turn, f"turn {number}", roles) for number, turn in enumerate(value, start=1))


def read_turn(turn: object, where: str, roles: Mapping[str, Role]) -> Message:
    """Read one turn; a turn without text and without a call is refused."""
    if not isinstance(turn, dict):
        raise RowError("bad_row", f"{where} must be an object, not {type(turn).__name__}")
    speaker = str(turn.get("from", turn.get("role", "")))
    role = roles.get(speaker.strip().lower())
    if role is None:
        raise RowError(
            "unknown_role",
            f"role {speaker!r} of {where} is unknown; map it under `ingest.role_map` in "
            "conf/base/parameters_ingest.yml",
        )
    content = content_of(turn, where)
    if speaker.strip().lower() == FUNCTION_CALL:
        calls, content = read_calls(content, where), ""
    else:
        calls = _openai_calls(turn.get("tool_calls"), where)
    if not content.strip() and not calls:
        reason = "no_answer" if role == "assistant" else "bad_row"
        raise RowError(reason, f"{where} ({speaker}) has no text; write it or take the row out")
    extra = {key: item for key, item in turn.items() if key not in _OWN}
    return Message(role, content, calls, text(turn.get("tool_call_id"), where), extra)


def content_of(turn: Mapping[str, object], where: str) -> str:
    """Return the text of a turn; OpenAI's list of parts is joined, and only text parts are known."""
    value = turn.get("value", turn.get("content"))
    if not isinstance(value, list):
        return text(value, where)
    for part in value:
        if not isinstance(part, dict) or part.get("type") != "text":
            raise RowError("bad_row", f"{where} has a part that is no text; take the row out")
    return "\n".join(text(part.get("text"), where) for part in value)


def read_calls(value: str, where: str) -> tuple[Call, ...]:
    """Read ShareGPT's `function_call`: `{"name", "arguments"}` or a list of such, as JSON text."""
    given = loads(value, f"the call of {where}")
    calls = given if isinstance(given, list) else [given]
    if not calls:
        raise RowError("bad_call", f"{where} calls no tool; write its name and arguments")
    return tuple(_call(call, where) for call in calls)


def _openai_calls(value: object, where: str) -> tuple[Call, ...]:
    if value is not None and not isinstance(value, list):
        raise RowError("bad_call", f"tool_calls of {where} must be a list; write one object a call")
    return tuple(_openai_call(call, where) for call in value or ())


def _openai_call(call: object, where: str) -> Call:
    """Read an entry of `tool_calls`; arguments may be text, as the API has them, or an object."""
    if not isinstance(call, dict):
        raise RowError("bad_call", f"a call of {where} must be an object, not {type(call).__name__}")
    inner = call.get("function", {key: item for key, item in call.items() if key != "type"})
    if not isinstance(inner, dict) or ("function" in call and set(call) - {"id", "type", "function"}):
        raise RowError("bad_call", f"a call of {where} must have only id, type and function; mend it")
    return _call({**inner, "id": call.get("id") or ""}, where)


def _call(call: object, where: str) -> Call:
    """Read `{"name", "arguments"}` with an `id` or without."""
    if not isinstance(call, dict) or not isinstance(call.get("name"), str) or not call["name"]:
        raise RowError("bad_call", f'{where} must call a tool as {{"name": …, "arguments": {{…}}}}; mend it')
    if unknown := sorted(set(call) - {"name", "arguments", "id"}):
        raise RowError("bad_call", f"the call of {where} has {', '.join(unknown)}; keep name and arguments")
    given = call.get("arguments")
    arguments = (
        loads(given, f"the arguments of {where}") if isinstance(given, str) and given.strip() else given
    )
    if arguments and not isinstance(arguments, dict):
        raise RowError("bad_call", f"the arguments of {where} must be an object; write them as JSON")
    dumps(arguments)  # refuses a number that JSON has not
    return Call(call["name"], arguments or {}, text(call.get("id"), where))


def write_calls(calls: Sequence[Call]) -> str:
    """Write calls as ShareGPT's JSON text: one object, or a list of several."""
    rows = [
        {"name": c.name, "arguments": c.arguments, **({"id": c.id} if c.id else {})}
        for c in calls
    ]  # fmt: skip
    return dumps(rows[0] if len(rows) == 1 else rows)


def said(message: Message) -> str:
    """Write a turn as one text: what is said, then the calls as JSON."""
    parts = [message.content, write_calls(message.calls) if message.calls else ""]
    return "\n".join(part for part in parts if part)


def to_openai(message: Message, shape: str) -> Row:
    """Write a turn as OpenAI's chat API and TRL have it."""
    row: dict[str, Any] = {"role": message.role}
    if message.content or not message.calls:
        row["content"] = message.content
    if message.calls:
        row["tool_calls"] = [_to_openai_call(call) for call in message.calls]
    if message.call_id:
        row["tool_call_id"] = message.call_id
    return {**row, **_extra(message, shape)}


def _to_openai_call(call: Call) -> Row:
    function = {"name": call.name, "arguments": dumps(call.arguments)}
    return {**({"id": call.id} if call.id else {}), "type": "function", "function": function}


def to_sharegpt(message: Message, shape: str) -> Row:
    """Write a turn as ShareGPT has it; text beside a call has no place there."""
    row: dict[str, Any] = {"from": _SPEAKERS[message.role], "value": message.content}
    if message.calls:
        if message.content:
            raise lossy(shape, f"what the assistant says beside its call ({message.content[:30]!r})")
        row = {"from": FUNCTION_CALL, "value": write_calls(message.calls)}
    if message.call_id:
        row["tool_call_id"] = message.call_id
    return {**row, **_extra(message, shape)}


def _extra(message: Message, shape: str) -> Mapping[str, Any]:
    if taken := sorted(_OWN & set(message.extra)):
        raise lossy(shape, f"`{taken[0]}` of a turn, because the shape has a key of that name; rename it")
    return message.extra


def final(answer: object, name: str, roles: Mapping[str, Role]) -> tuple[Message, ...]:
    """Read a preferred or rejected answer: text, one turn, or several turns."""
    if isinstance(answer, list):
        turns = read_turns(answer, name, roles)
    elif isinstance(answer, dict):
        turns = (read_turn(answer, name, roles),)
    else:
        turns = (Message("assistant", text(answer, name)),)
    if not turns or turns[-1].role != "assistant" or not said(turns[-1]).strip():
        raise RowError("no_answer", f"the row has no {name} text; write it or take the row out")
    return turns
