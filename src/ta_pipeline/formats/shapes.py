"""The shapes by name, and which of them a row has."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ta_pipeline.formats import (
    alpaca,
    kto,
    messages,
    preference,
    prompt_completion,
    question_answer,
    sharegpt,
    ultrafeedback,
)
from ta_pipeline.formats.model import ROLES, Conversation, Row, RowError
from ta_pipeline.records import Role

Reader = Callable[[Mapping[str, object], Mapping[str, Role]], Conversation]

#: What a row must have, for the line that refuses one.
KNOWN = (
    "instruction/output, conversations, messages, prompt/completion, question/answer, or chosen/rejected "
    "beside one of them"
)


@dataclass(frozen=True)
class Shape:
    """A shape with both of its ways; the variants of one file share their reader."""

    name: str
    read: Reader
    write: Callable[[Conversation], Row]


SHAPES: dict[str, Shape] = {
    shape.name: shape
    for shape in (
        Shape(alpaca.NAME, alpaca.read, alpaca.write),
        Shape(sharegpt.NAME, sharegpt.read, sharegpt.write),
        Shape(messages.NAME, messages.read, messages.write),
        Shape(prompt_completion.NAME, prompt_completion.read, prompt_completion.write),
        Shape(prompt_completion.TEXT_NAME, prompt_completion.read, prompt_completion.write_text),
        Shape(preference.NAME, preference.read, preference.write),
        Shape(preference.TEXT_NAME, preference.read, preference.write_text),
        Shape(preference.IMPLICIT_NAME, preference.read, preference.write_implicit),
        Shape(ultrafeedback.NAME, ultrafeedback.read, ultrafeedback.write),
        Shape(kto.NAME, kto.read, kto.write),
        Shape(kto.TEXT_NAME, kto.read, kto.write_text),
        Shape(question_answer.NAME, question_answer.read, question_answer.write),
    )
}


def shape_of(row: Mapping[str, object]) -> Shape:
    """Tell the shape of a row by its columns."""
    has = {name for name, value in row.items() if value is not None}
    if "conversations" in has:
        name = sharegpt.NAME
    elif has & {"chosen", "rejected"}:
        name = _pair(row, has)
    elif "messages" in has:
        name = messages.NAME
    elif {"prompt", "completion"} <= has:
        name = kto.NAME if isinstance(row.get("label"), bool) else prompt_completion.NAME
    elif "instruction" in has:
        name = alpaca.NAME
    elif has & {"prompt", "question"}:
        name = question_answer.NAME
    else:
        columns = ", ".join(map(repr, list(row)[:8])) or "none"
        raise RowError("unknown_shape", f"columns {columns}; a dialogue has {KNOWN}")
    return SHAPES[name]


def _pair(row: Mapping[str, object], has: set[str]) -> str:
    chosen = row.get("chosen")
    if "instruction" in has:
        return alpaca.NAME
    whole = isinstance(chosen, list) and bool(chosen) and isinstance(row.get("prompt"), str)
    repeated = whole and isinstance(chosen, list) and len(chosen) > 1
    return ultrafeedback.NAME if repeated else preference.NAME


def read_row(value: object, roles: Mapping[str, Role] = ROLES, shape: Shape | None = None) -> Conversation:
    """Read a row of any known shape, or of `shape`."""
    if not isinstance(value, dict):
        raise RowError("bad_row", f"a row must be an object, not {type(value).__name__}")
    return (shape or shape_of(value)).read(value, roles)
