"""Dialogues: rows of questions and answers in the shapes people keep them in.

Every shape that `formats` reads: Alpaca, ShareGPT, OpenAI messages, prompt and completion, question and
answer, and preference rows of any of them; here their columns may also have the names that people give
them. One row is one draft; what a row says beside its turns stays in `meta`. Speakers become roles by
`ingest.role_map`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import PurePosixPath
from typing import cast

from ta_pipeline.formats import shapes
from ta_pipeline.formats.fields import encodable, refuse_deep
from ta_pipeline.formats.model import Conversation, RowError
from ta_pipeline.formats.turns import FUNCTION_CALL, content_of, read_calls, said
from ta_pipeline.records import Role
from ta_pipeline.sources.drafts import Draft, Fault, Found, Segment

Row = dict[str, object]
Turn = tuple[str, str]

#: Other names for the columns of question lists, in lower case.
ALIASES = {
    "q": "question",
    "问题": "question",
    "提问": "question",
    "a": "answer",
    "答案": "answer",
    "回答": "answer",
    "time": "timestamp",
    "时间": "timestamp",
    "讲次": "lecture",
}
_TURNS = {
    "instruction", "input", "output", "history", "conversations", "messages", "prompt", "completion",
    "question", "answer", "system", "chosen", "rejected", "meta",
}  # fmt: skip
_ASKING = {"instruction", "conversations", "messages", "prompt", "question"}
_ANSWERING = {"output", "conversations", "messages", "completion", "answer", "chosen"}
_PROVENANCE = {"source", "timestamp", "lecture"}

#: `NaN`, which pandas writes for an empty cell, is nothing rather than a number.
_DECODER = json.JSONDecoder(parse_constant=lambda _: None)


def read_jsonl(text: str, role_map: Mapping[str, str]) -> Found:
    """Yield a draft or a fault for each line that is not blank."""
    for line, raw in enumerate(text.split("\n"), start=1):
        if not raw.strip():
            continue
        try:
            value = _DECODER.decode(raw.strip())
        except (ValueError, RecursionError) as error:
            yield Fault(line, "bad_json", f"{_what(error)}; mend the line")
            continue
        yield read_row(value, line, line, role_map)


def read_json(text: str, role_map: Mapping[str, str]) -> Found:
    """Yield a draft or a fault for each element of the array; a lone object is one row.

    The elements are taken one by one, so that what stands before a fault is kept and each row knows
    its line.
    """
    for row, (line, value) in enumerate(_elements(text), start=1):
        yield value if isinstance(value, Fault) else read_row(value, line, row, role_map)


def read_row(value: object, line: int, row: int, role_map: Mapping[str, str]) -> Draft | Fault:
    """Read one row of any known shape; `line` is where it stands, `row` what its id is made from.

    `role_map` has lower-case names.
    """
    try:
        if not isinstance(value, dict):
            raise RowError("bad_row", f"a row must be an object, not {type(value).__name__}")
        refuse_deep(value)
        fields = canonical(value)
        conversation, turns = _turns(fields, role_map)
        meta = _meta(fields, conversation)
    except RowError as error:
        return Fault(line, error.reason, str(error))
    return Draft("dialogue", [Segment(text, line, speaker=role) for role, text in turns], "", meta, row)


def canonical(row: Mapping[str, object]) -> Row:
    """Rename known columns to their English lower-case names; the first of two namesakes wins."""
    fields: Row = {}
    for name, value in row.items():
        plain = str(name).strip().lower()
        plain = ALIASES.get(plain, plain)
        fields.setdefault(plain if plain in _TURNS | _PROVENANCE else str(name).strip(), value)
    return fields


def is_dialogue(names: Iterable[str]) -> bool:
    """Tell whether columns of these names hold questions with answers."""
    fields = set(canonical(dict.fromkeys(names)))
    return not _ASKING.isdisjoint(fields) and not _ANSWERING.isdisjoint(fields)


def _turns(fields: Row, role_map: Mapping[str, str]) -> tuple[Conversation, list[Turn]]:
    """Read the row and list role and text of each turn; the last one that speaks is the assistant."""
    roles = cast("dict[str, Role]", {"assistant": "assistant", **role_map})
    conversation = shapes.read_row(_calls_in_own_words(fields), roles)
    if conversation.label is False:
        raise RowError(
            "bad_answer", "its label says not to learn the answer; pair it as `rejected` or take the row out"
        )
    return conversation, [(m.role, said(m)) for m in (*conversation.messages, *conversation.chosen)]


def _calls_in_own_words(fields: Row) -> Row:
    """Have a `function_call` that is JSON but not a name with arguments stand as what the assistant said."""
    turns = fields.get("conversations")
    if not isinstance(turns, list):
        return fields
    return {**fields, "conversations": [_in_own_words(turn) for turn in turns]}


def _in_own_words(turn: object) -> object:
    if not isinstance(turn, dict) or str(turn.get("from")).strip().lower() != FUNCTION_CALL:
        return turn
    try:
        read_calls(content_of(turn, "turn"), "turn")
    except RowError as error:
        return {**turn, "from": "assistant"} if error.reason == "bad_call" else turn
    return turn


def _meta(fields: Row, conversation: Conversation) -> dict[str, object]:
    """Collect what the row says beside its turns: `meta` itself, other columns, the rejected answer."""
    meta: Row = {}
    given = fields.get("meta")
    for source in (given if isinstance(given, dict) else {}, fields):
        for name, value in canonical(source).items():
            if value not in (None, "") and (source is not fields or name not in _TURNS):
                meta.setdefault(name, value)
    if given and not isinstance(given, dict):
        meta["meta"] = given
    for name in _PROVENANCE & set(meta):
        meta[name] = str(meta[name]).strip()
    if conversation.rejected:
        meta["rejected"] = said(conversation.rejected[-1])
    encodable(json.dumps(meta, ensure_ascii=False, default=str), "meta")
    return meta


def lecture_of(meta: Mapping[str, object]) -> str:
    """Name the lecture a row belongs to: `lecture`, or the name of its `source` file, else ""."""
    source = PurePosixPath(str(meta.get("source", "")).replace("\\", "/")).name
    return str(meta.get("lecture", "")) or source.split(".", 1)[0]


def _elements(text: str) -> Iterator[tuple[int, object]]:
    """Yield line and value of each element of an array, or of the values that follow each other."""
    position = _skip(text, 0)
    in_array = text.startswith("[", position)
    position = _skip(text, position + 1) if in_array else position
    line, counted, closed = 1, 0, False
    while position < len(text):
        line, counted = line + text.count("\n", counted, position), position
        if closed := in_array and text[position] == "]":
            position = _skip(text, position + 1)
            break
        try:
            value, position = _DECODER.raw_decode(text, position)
        except (ValueError, RecursionError) as error:
            yield line, _broken(error, line)
            return
        yield line, value
        position = _skip(text, position)
        if in_array and text.startswith(",", position):
            position = _skip(text, position + 1)
        elif in_array and not text.startswith("]", position) and position < len(text):
            break
    line += text.count("\n", counted, position)
    if position < len(text):
        yield (
            line,
            Fault(line, "bad_json", f"{text[position : position + 20]!r} is in the way; mend the file"),
        )
    elif in_array and not closed:
        yield line, Fault(line, "bad_json", "the array is not closed: the file breaks off; export it again")


def _broken(error: Exception, line: int) -> Fault:
    if isinstance(error, json.JSONDecodeError):
        line = error.lineno
    return Fault(line, "bad_json", f"{_what(error)}; mend the file, the rows from here on were not read")


def _what(error: Exception) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"{error.msg} (column {error.colno})"
    return str(error)


def _skip(text: str, position: int) -> int:
    while position < len(text) and text[position] in " \t\n":
        position += 1
    return position
