"""What all shapes share: text, JSON inside text, the columns beside the turns, and what may be lost."""

from __future__ import annotations

import json
from collections.abc import Mapping, Set
from dataclasses import replace
from typing import Any

from ta_pipeline.formats.model import Conversation, Message, Row, RowError

#: Objects and lists inside each other; schemas of tools have ten.
_DEEPEST = 100


def text(value: object, name: str) -> str:
    """Return a field as text; nothing is "", a number is its digits."""
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise RowError("bad_row", f"{name} must be text, not {type(value).__name__}")
    return encodable(str(value), name)


def encodable(value: str, name: str) -> str:
    """Refuse what JSON can escape and no file can hold: half of a surrogate pair."""
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise RowError(
            "encoding", f"{name} holds half of a surrogate pair; write the row again as UTF-8"
        ) from error
    return value


def answered(value: str, name: str) -> None:
    """Refuse an answer without text."""
    if not value.strip():
        raise RowError("no_answer", f"the row has no {name} text; write it or take the row out")


def dumps(value: object) -> str:
    """Write JSON as every shape has it inside text: one line, letters as they are."""
    try:
        return encodable(json.dumps(value, ensure_ascii=False, allow_nan=False), "the row")
    except (ValueError, TypeError, RecursionError) as error:
        if isinstance(error, RowError):
            raise
        raise RowError("bad_row", f"JSON cannot hold it ({error}); mend the row or take it out") from None


def loads(value: str, name: str) -> Any:
    """Read JSON inside text."""
    try:
        return json.loads(value, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise RowError("bad_row", f"{name} is no JSON ({error}); mend it or take the row out") from None


def refuse_deep(value: dict[str, Any]) -> None:
    """Refuse a row nested deeper than any has a reason to be; what writes it later would run out of stack."""
    level: list[Any] = [value]
    for _ in range(_DEEPEST):
        level = [
            inner
            for outer in level
            for inner in (outer.values() if isinstance(outer, dict) else outer)
            if isinstance(inner, dict | list)
        ]
        if not level:
            return
    raise RowError("bad_row", f"values are nested more than {_DEEPEST} deep; take the row out")


def _no_number(name: str) -> None:
    raise ValueError(f"{name} is no JSON number")


def read_tools(value: object) -> tuple[dict[str, Any], ...]:
    """Read tool schemas, a list or its JSON text; OpenAI's `{"type": "function"}` wrapper is taken off."""
    given = loads(value, "`tools`") if isinstance(value, str) and value.strip() else value
    if not given:
        return ()
    if not isinstance(given, list) or not all(isinstance(tool, dict) for tool in given):
        raise RowError("bad_row", "`tools` must be a list of objects; write one object a tool")
    return tuple(tool["function"] if _is_wrapped(tool) else tool for tool in given)


def _is_wrapped(tool: dict[str, Any]) -> bool:
    return (
        set(tool) == {"type", "function"}
        and tool["type"] == "function"
        and isinstance(tool["function"], dict)
    )


def wrapped(tools: tuple[dict[str, Any], ...]) -> list[dict[str, Any]]:
    """Write tool schemas as OpenAI and TRL have them."""
    return [{"type": "function", "function": tool} for tool in tools]


def with_columns(conversation: Conversation, row: Mapping[str, object], own: Set[str]) -> Conversation:
    """Add what a row says beside its turns: tools, meta, and the columns that are not `own`.

    A column `system` is a first turn. A column `input` that ends the last question is the border that
    Alpaca draws, kept by other shapes.
    """
    meta = row.get("meta")
    if isinstance(meta, str) and meta.lstrip().startswith("{"):
        meta = loads(meta, "`meta`")  # Parquet keeps free-form objects as text
    extra = {name: value for name, value in row.items() if name not in own | {"meta", "tools"}}
    if "system" not in own and (system := text(extra.pop("system", None), "system")).strip():
        conversation = replace(conversation, messages=(Message("system", system), *conversation.messages))
    if meta and not isinstance(meta, dict):
        extra["meta"] = meta
    given = extra.get("input")
    if not conversation.input and isinstance(given, str) and _ends(conversation.question, given):
        del extra["input"]
        conversation = replace(conversation, input=given)
    return replace(
        conversation,
        tools=read_tools(row.get("tools")),
        meta=meta if isinstance(meta, dict) else {},
        extra=extra,
    )


def _ends(question: str, given: str) -> bool:
    asked = question.removesuffix(f"\n{given}")
    return bool(given.strip()) and (question == given or asked not in ("", question))


def instruction(conversation: Conversation) -> str:
    """Return the last question without its `input`."""
    asked, given = conversation.question, conversation.input
    if not given:
        return asked
    return "" if asked == given else asked.removesuffix(f"\n{given}")


def finished(row: Row, conversation: Conversation, own: Set[str], shape: str) -> Row:
    """Add meta and further columns to a row of `shape`; refuse a column that would hide one of its own."""
    beside: Row = dict(conversation.extra)
    if conversation.meta:
        _free(beside, "meta", shape)
        beside["meta"] = dict(conversation.meta)
    if conversation.input and not _ends(conversation.question, conversation.input):
        raise lossy(shape, "`input`, which is not the end of the last question")
    if "input" not in own:
        given = beside.get("input")
        if isinstance(given, str) and _ends(conversation.question, given):
            raise lossy(shape, "that column `input` is not part of the question")
        if conversation.input:
            _free(beside, "input", shape)
            beside["input"] = conversation.input
    for name in sorted(own | {"tools", "system"}):
        _free(beside, name, shape)
    return {**row, **beside}


def _free(row: Row, name: str, shape: str) -> None:
    if name in row:
        raise lossy(shape, f"the further column `{name}`, because it has one of that name; rename it")


def lossy(shape: str, what: str) -> RowError:
    """Say what a shape would lose."""
    return RowError("cannot_hold", f"{shape} would lose {what}; choose another shape")


def lacking(shape: str, what: str) -> RowError:
    """Say what a shape needs and a row has not."""
    return RowError("cannot_hold", f"{shape} needs {what}, and the row has none; choose another shape")
