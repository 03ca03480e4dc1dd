"""Files by capability, both ways: `processed/{tool,rag,style}_sft.jsonl` and `eval/benchmark.jsonl`.

What `compose` learns and asks, as files that other tools train and measure on, in OpenAI's shape; and the
same files of a school's own, put into a course or among the public sets, as rows and as the exam. Their
rows are taken as they are: no passage is looked for and no template is asked.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ta_pipeline.chat.selection import TASKS
from ta_pipeline.composing.dialogues import meta_of, turns_of
from ta_pipeline.composing.passages import has_mask, held_out_lectures
from ta_pipeline.composing.rows import Message, Row, make_row
from ta_pipeline.formats import messages as chat_rows
from ta_pipeline.formats.fields import dumps, read_tools
from ta_pipeline.formats.model import Call, Conversation, RowError
from ta_pipeline.formats.model import Message as Turn
from ta_pipeline.formats.turns import read_calls, said
from ta_pipeline.params import ComposeParams
from ta_pipeline.rag.prompt import clock
from ta_pipeline.records import InputError
from ta_pipeline.sources.folder import EXAM, list_files
from ta_pipeline.sources.samples import untouched_samples

_FILE = re.compile(r"(?:^|/)processed/(?P<name>tool|rag|style)_sft\.jsonl$")


def training_lines(examples: Sequence[Row], chunks: Sequence[Row]) -> dict[str, str]:
    """Write the training rows (schema EXAMPLE) as JSON lines, one text a capability, in order of id.

    Rows of validation and test stay out: whoever trains on these files must not have seen them.
    """
    places = {chunk["id"]: chunk for chunk in chunks}
    names = {task: name for name, tasks in TASKS.items() for task in tasks}
    lines: dict[str, list[str]] = {name: [] for name in TASKS}
    for row in sorted(examples, key=lambda row: str(row["id"])):
        if row["split"] == "train":
            lines[names[row["task"]]].append(dumps(_chat_row(row, places)))
    return {name: "".join(f"{line}\n" for line in found) for name, found in lines.items()}


def _chat_row(row: Row, places: dict[str, Row]) -> Row:
    place = next((places[name] for name in row["chunk_ids"] or [] if name in places), None)
    meta = {name: row[name] for name in ("id", "task", "language", "origin", "rule", "document_id")}
    meta["chunk_ids"] = list(row["chunk_ids"] or [])
    if place is not None:
        meta |= {"source": place["source"], "lecture": place["lecture"]}
        meta |= {"timestamp": clock(place["start"])} if place["start"] is not None else {}
    turns = tuple(_turn(message, bool(row["tools"])) for message in row["messages"])
    return chat_rows.write(Conversation(turns, tools=read_tools(row["tools"]), meta=meta))


def _turn(message: Message, has_tools: bool) -> Turn:
    """Make a turn; a call that stands there as JSON becomes one where no letter of it is lost."""
    calls: tuple[Call, ...] = ()
    if has_tools and message["role"] == "assistant":
        try:
            calls = read_calls(message["content"], "turn")
        except RowError:
            calls = ()
    turn = Turn("assistant", calls=calls) if calls else None
    if turn is not None and said(turn) == message["content"]:
        return turn
    return Turn(message["role"], message["content"])  # type: ignore[arg-type]


def part(documents: Sequence[Row]) -> tuple[list[Row], list[Row]]:
    """Part the documents of capability files from all others."""
    own = [document for document in documents if _is_own(document)]
    return own, [document for document in documents if not _is_own(document)]


def _is_own(document: Row) -> bool:
    return document["kind"] == "dialogue" and _FILE.search(document["source"]) is not None


def example_rows(
    own: Sequence[Row], documents: Sequence[Row], chunks: Sequence[Row], compose: ComposeParams
) -> list[Row]:
    """Make rows (schema EXAMPLE) of capability files' documents; held-out lectures stay out.

    A file's name says the task unless `meta.task` names another of that file. A row written by an earlier
    run keeps its id. Rows whose answer was masked teach to say a placeholder and stay out too.
    """
    held_out = held_out_lectures(documents, compose.held_out)
    known = {chunk["id"] for chunk in chunks}
    rows = [_example(document, known) for document in own if document["lecture"] not in held_out]
    return [row for row in rows if row["messages"] and not _is_masked(row)]


def _is_masked(row: Row) -> bool:
    return any(has_mask(turn["content"]) for turn in row["messages"] if turn["role"] == "assistant")


def _example(document: Row, chunks: set[str]) -> Row:
    match = _FILE.search(document["source"])
    name = match["name"] if match else "style"
    meta, messages = meta_of(document), turns_of(document)
    while messages and messages[-1]["role"] != "assistant":
        messages.pop()
    tools = meta.get("tools") or None
    named = meta.get("chunk_ids")
    return make_row(
        str(meta.get("task")) if meta.get("task") in TASKS[name] else TASKS[name][0],
        str(meta.get("rule") or f"processed:{name}"),
        document["language"],
        document["id"],
        messages,
        chunk_ids=[c for c in named if c in chunks] if isinstance(named, list) else [],
        origin=document["origin"],
        tools=tools if isinstance(tools, str) or tools is None else dumps(tools),
    )


def exam_lines(questions: Sequence[Row], course: str) -> str:
    """Write the questions (schema QUESTION) as JSON lines that `benchmark.prepare_questions` reads."""
    rows = [_exam_row(row, course) for row in sorted(questions, key=lambda row: str(row["id"]))]
    return "".join(f"{dumps(row)}\n" for row in rows)


def _exam_row(row: Row, course: str) -> dict[str, Any]:
    source = None
    if row["source"]:
        names = {"path": "source", "quote": "quote", "start": "start", "end": "end"}
        source = {name: row[column] for name, column in names.items()}
    plain = {name: row[name] for name in ("id", "kind", "language", "question", "reference")}
    told = json.loads(row["format"]) if row["format"] else None
    where = {"lecture": row["lecture"], "held_out": row["held_out"], "source": source}
    return {**plain, "course": course, "format": told, **where}


def exam_folder(course_files: Path, public_files: Path, benchmark_files: Path, course: str) -> Path:
    """Choose where the exam stands: `eval/benchmark.jsonl` of the course, of the public sets, or the folder.

    Raises InputError where the course's own file asks nothing about the course.
    """
    own = Path(course_files) / EXAM
    names = [file.name for file in list_files(Path(course_files))]
    if own.is_file() and EXAM not in untouched_samples(Path(course_files), names):
        if not _asks_about(own, course):
            raise InputError(
                f"{own}: no row has `course` {course!r}; write it into the rows, or take the file away."
            )
        return own.parent
    public = Path(public_files) / EXAM
    return public.parent if public.is_file() and _asks_about(public, course) else Path(benchmark_files)


def exam_text(path: Path) -> str:
    """Return the text of an exam. Raises InputError for one that is no UTF-8."""
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: byte {error.start} is no UTF-8; save the file as UTF-8.") from None


def _asks_about(path: Path, course: str) -> bool:
    """Tell whether a row names the course, or cannot be read, which its reader shall say."""
    for line in exam_text(path).splitlines():
        try:
            row = json.loads(line) if line.strip() else {}
        except ValueError:
            return True
        if not isinstance(row, dict) or row.get("course") == course:
            return True
    return False
