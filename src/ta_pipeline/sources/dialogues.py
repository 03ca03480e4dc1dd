"""Dialogues: rows of questions and answers in the shapes people keep them in.

Alpaca (`instruction`, `input`, `output`), ShareGPT (`conversations` with `from` and `value`), OpenAI
(`messages`), `question` and `answer`, and preference rows (`chosen`, `rejected`) of any of them. One
row is one draft; what a row says beside its turns stays in `meta`. Speakers become roles by
`ingest.role_map`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import PurePosixPath

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
    "instruction", "input", "output", "conversations", "messages", "prompt", "question", "answer", "system",
    "chosen", "rejected", "meta",
}  # fmt: skip
_ASKING = {"instruction", "conversations", "messages", "prompt", "question"}
_ANSWERING = {"output", "conversations", "messages", "answer", "chosen"}
_PROVENANCE = {"source", "timestamp", "lecture"}
_SHAPES = (
    "instruction/output, conversations, messages, question/answer, or chosen/rejected beside one of them"
)

#: `NaN`, which pandas writes for an empty cell, is nothing rather than a number.
_DECODER = json.JSONDecoder(parse_constant=lambda _: None)


class RowError(ValueError):
    """A row that cannot be a dialogue: a reason to count by, and a detail that says the cure."""

    def __init__(self, reason: str, detail: str) -> None:
        """Keep both parts for the fault."""
        super().__init__(detail)
        self.reason = reason


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
        fields = canonical(value)
        turns = list(_turns(fields, role_map))
        meta = _meta(fields)
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


def _turns(fields: Row, role_map: Mapping[str, str]) -> Iterator[Turn]:
    """Yield role and text of each turn; the last one that speaks is the assistant."""
    prompt = list(_prompt(fields, role_map))
    if not any(role == "user" and text.strip() for role, text in prompt):
        raise RowError("no_question", "no turn of the user has text; write the question")
    if "chosen" in fields or "rejected" in fields:
        answers = [("assistant", _final(fields.get("chosen")))]
        _answered(_final(fields.get("rejected")), "rejected")
    elif "conversations" in fields or "messages" in fields:
        answers = []
        _answered("".join(text for role, text in prompt if role == "assistant"), "assistant")
    else:
        name = "output" if "instruction" in fields else "answer"
        answers = [("assistant", _text(fields.get(name), name))]
    for _, text in answers:
        _answered(text, "answer")
    yield from [*prompt, *answers]


def _prompt(fields: Row, role_map: Mapping[str, str]) -> Iterator[Turn]:
    if system := _text(fields.get("system"), "system").strip():
        yield "system", system
    listed = next((fields[n] for n in ("conversations", "messages", "prompt") if n in fields), None)
    if isinstance(listed, list):
        for number, turn in enumerate(listed, start=1):
            yield _turn(turn, number, role_map)
    elif listed is not None:
        yield "user", _text(listed, "prompt")
    elif "instruction" in fields:
        asked = _text(fields["instruction"], "instruction")
        given = _text(fields.get("input"), "input")
        yield "user", f"{asked}\n{given}" if given.strip() else asked
    elif "question" in fields:
        yield "user", _text(fields["question"], "question")
    else:
        raise RowError("unknown_shape", f"columns {_named(fields)}; a dialogue has {_SHAPES}")


def _turn(turn: object, number: int, role_map: Mapping[str, str]) -> Turn:
    if not isinstance(turn, dict):
        raise RowError("bad_row", f"turn {number} must be an object, not {type(turn).__name__}")
    name = str(turn.get("from", turn.get("role", "")))
    role = role_map.get(name.strip().lower())
    if role is None:
        raise RowError(
            "unknown_role",
            f"role {name!r} of turn {number} is unknown; map it under `ingest.role_map` in "
            "conf/base/parameters_ingest.yml",
        )
    text = _content(turn, f"turn {number}")
    if not text.strip():
        reason = "no_answer" if role == "assistant" else "bad_row"
        raise RowError(reason, f"turn {number} ({name}) has no text; write it or take the row out")
    return role, text


def _content(turn: Mapping[str, object], where: str) -> str:
    """Return the text of a turn; OpenAI's list of parts is joined, and only text parts are known."""
    value = turn.get("value", turn.get("content"))
    if not isinstance(value, list):
        return _text(value, where)
    for part in value:
        if not isinstance(part, dict) or part.get("type") != "text":
            raise RowError("bad_row", f"{where} has a part that is no text; take the row out")
    return "\n".join(_text(part.get("text"), where) for part in value)


def _final(answer: object) -> str:
    """Return the text of a preferred or rejected answer: a string, a turn, or turns that end in it."""
    if isinstance(answer, list):
        answer = answer[-1] if answer else None
    return _content(answer, "answer") if isinstance(answer, dict) else _text(answer, "answer")


def _text(value: object, name: str) -> str:
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise RowError("bad_row", f"{name} must be text, not {type(value).__name__}")
    return _encodable(str(value), name)


def _encodable(text: str, name: str) -> str:
    """Refuse what JSON can escape and no file can hold: half of a surrogate pair."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise RowError(
            "encoding", f"{name} holds half of a surrogate pair; write the row again as UTF-8"
        ) from error
    return text


def _answered(text: str, name: str) -> None:
    if not text.strip():
        raise RowError("no_answer", f"the row has no {name} text; write it or take the row out")


def _meta(fields: Row) -> dict[str, object]:
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
    if "rejected" in fields:
        meta["rejected"] = _final(fields["rejected"])
    _encodable(json.dumps(meta, ensure_ascii=False, default=str), "meta")
    return meta


def lecture_of(meta: Mapping[str, object]) -> str:
    """Name the lecture a row belongs to: `lecture`, or the name of its `source` file, else ""."""
    source = PurePosixPath(str(meta.get("source", "")).replace("\\", "/")).name
    return str(meta.get("lecture", "")) or source.split(".", 1)[0]


def _named(fields: Row) -> str:
    return ", ".join(map(repr, list(fields)[:8])) or "none"


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
