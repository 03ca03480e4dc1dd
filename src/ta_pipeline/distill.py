"""Turn chat rows into prompt/response rows, and report what was wrong with the data on the way.

For a look at data before anything is trained on it: empty turns, mojibake, repetition, missing fields, and
data that grows or shrinks unexpectedly. Shapes of rows are read by `formats`; every answer of a conversation
gives one row, whose prompt is what was said since the answer before it, so that nothing is told twice.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from ta_pipeline.formats.files import without_nulls, write_rows
from ta_pipeline.formats.model import ROLES, Conversation, Message, RowError
from ta_pipeline.formats.shapes import read_row
from ta_pipeline.formats.turns import said
from ta_pipeline.records import InputError
from ta_pipeline.sources.drafts import Fault
from ta_pipeline.sources.row_files import rows_of
from ta_pipeline.text.quality import mojibake_share
from ta_pipeline.text.repetition import repeated_share

CountTokens = Callable[[list[str]], list[int]]

#: A longer row is a broken file, bytes.
_LIMIT = 64 * 2**20
#: Share of a text's characters that tells it was read in the wrong encoding (`clean.max_mojibake_share`).
_MOJIBAKE = 0.02
#: Share of an answer that may stand in runs of words that stood in it before (`text.repetition`). Answers are
#: lists of likes: of 5,333 in the public samples the worst of the sound ones, a table of dashes, has 0.57.
_REPEATED = 0.7
_EXCERPT = 80
#: Texts whose tokens are counted at once.
_BATCH = 512


@dataclass(frozen=True)
class Dropped:
    """What gives no row: where it stands, a reason to count by, and what was seen."""

    file: str
    line: int
    turn: int
    reason: str
    detail: str


@dataclass
class Report:
    """What came in, what went out, and why the rest did not."""

    files: list[dict[str, Any]] = field(default_factory=list)
    lines: int = 0
    conversations: int = 0
    answers: int = 0  # of the conversations that could be read
    rows: int = 0
    characters_in: int = 0
    characters_out: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    dropped: list[Dropped] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """Give the report as an object; `in` is what was read plus what could not be, kept plus dropped."""
        unread = sum(drop.turn == 0 for drop in self.dropped)
        return {
            "files": self.files,
            "in": self.answers + unread,
            "kept": self.rows,
            "dropped": len(self.dropped),
            "by_reason": dict(sorted(Counter(drop.reason for drop in self.dropped).items())),
            "lines": self.lines,
            "conversations": self.conversations,
            "growth": {
                "rows_a_line": _ratio(self.rows, self.lines),
                "characters_in": self.characters_in,
                "characters_out": self.characters_out,
                "characters": _ratio(self.characters_out, self.characters_in),
                "tokens_in": self.tokens_in,
                "tokens_out": self.tokens_out,
                "tokens": _ratio(self.tokens_out, self.tokens_in),
            },
            "dropped_rows": [asdict(drop) for drop in self.dropped],
        }


def distill(inputs: Sequence[Path], output: Path, report: Path, count_tokens: CountTokens) -> dict[str, Any]:
    """Write prompt/response rows of chat files to `output`, and the report as .json or .md to `report`.

    Returns the report. Raises InputError for a file that is not there, a report of another kind, a target
    that would take the place of an input, and where what came in is not kept plus dropped.
    """
    _check(inputs, output, report)
    result = Report()
    write_rows(output, _rows(inputs, result, count_tokens))
    facts = result.as_json()
    if facts["in"] != facts["kept"] + facts["dropped"]:
        raise InputError(
            f"distill: {facts['in']} answers and unread lines, but {facts['kept']} rows and "
            f"{facts['dropped']} dropped; one was lost. Please report this with the file."
        )
    text = render(facts) if report.suffix == ".md" else f"{json.dumps(facts, ensure_ascii=False, indent=2)}\n"
    report.parent.mkdir(parents=True, exist_ok=True)
    report.write_text(text, encoding="utf-8")
    return facts


def _check(inputs: Sequence[Path], output: Path, report: Path) -> None:
    if report.suffix not in (".json", ".md"):
        raise InputError(f"--report {report}: is written as .json or .md. Name such a file.")
    for path in inputs:
        if not path.is_file():
            raise InputError(f"--input {path}: no such file. Name a .jsonl or .json file of chats.")
        if path.resolve() in (output.resolve(), report.resolve()):
            raise InputError(f"--input {path}: would be overwritten. Name another --output or --report.")
    if output.resolve() == report.resolve():
        raise InputError(f"--output {output}: is the --report too. Name two files.")


def _rows(inputs: Sequence[Path], report: Report, count_tokens: CountTokens) -> Iterator[dict[str, Any]]:
    seen: dict[str, str] = {}
    for path in inputs:
        report.files.append({"file": path.name, "bytes": path.stat().st_size, "sha256": _digest(path)})
        pending: list[dict[str, Any]] = []
        for line, found in _conversations(path, report):
            _count_in(found, report, pending)
            for row in _answers(found, path.name, line):
                report.answers += 1
                if fault := _fault(row, seen):
                    report.dropped.append(Dropped(path.name, line, row["turn"], *fault))
                    continue
                report.rows += 1
                report.characters_out += len(row["prompt"]) + len(row["response"])
                pending.append({"out": [row["prompt"], row["response"]]})
                yield row
            if len(pending) > _BATCH:
                _count_tokens(pending, report, count_tokens)
        _count_tokens(pending, report, count_tokens)


def _conversations(path: Path, report: Report) -> Iterator[tuple[int, Conversation]]:
    """Yield line and conversation of each row that can be read; the others go to the report."""
    for found in rows_of(path, _LIMIT):
        report.lines += 1
        try:
            if isinstance(found, Fault):
                raise RowError(found.reason, found.detail)
            value = without_nulls(found.value) if path.suffix == ".parquet" else found.value
            conversation = read_row(as_chat(value), ROLES)
        except RowError as error:
            report.dropped.append(Dropped(path.name, found.line, 0, error.reason, str(error)))
        else:
            report.conversations += 1
            yield found.line, conversation


def as_chat(row: object) -> object:
    """Rewrite what `formats` does not know: rows of this module, benchmark questions, and API logs.

    A log has `request` (or `body`) with `messages`, and `response` with `choices`, as OpenAI's batch files
    and most gateways write it.
    """
    if not isinstance(row, Mapping):
        return row
    request = row.get("request") or row.get("body")
    request = request.get("body", request) if isinstance(request, Mapping) else row
    response = row.get("response")
    if isinstance(response, Mapping):
        response = response.get("body", response)
        choices = response.get("choices") if isinstance(response, Mapping) else None
        if not isinstance(choices, list) or not choices or not isinstance(choices[0], Mapping):
            raise RowError("no_answer", "the logged response has no choices; take the row out")
        asked = request.get("messages") if isinstance(request, Mapping) else None
        turns = asked if isinstance(asked, list) else []
        return {"messages": [*turns, choices[0].get("message")]}
    if "reference" in row and "question" in row:
        return {"question": row["question"], "answer": row["reference"]}
    if "response" in row and "prompt" in row:
        given = {"prompt": row["prompt"], "answer": response}
        return given | ({"system": row["system"]} if "system" in row else {})
    return row


def _count_in(found: Conversation, report: Report, pending: list[dict[str, Any]]) -> None:
    texts = [said(message) for message in found.all_messages]
    report.characters_in += sum(map(len, texts))
    pending.append({"in": texts})


def _count_tokens(pending: list[dict[str, Any]], report: Report, count_tokens: CountTokens) -> None:
    report.tokens_in += sum(count_tokens([text for texts in pending for text in texts.get("in", [])]))
    report.tokens_out += sum(count_tokens([text for texts in pending for text in texts.get("out", [])]))
    pending.clear()


def _answers(found: Conversation, file: str, line: int) -> Iterator[dict[str, Any]]:
    """Yield a row for each answer; of a preference pair the chosen one."""
    turns = [*found.messages, *found.chosen]
    system = "\n".join(turn.content for turn in turns if turn.role == "system").strip()
    asked: list[Message] = []
    for number, turn in enumerate(turns, start=1):
        if turn.role in ("user", "tool"):
            asked.append(turn)
        elif turn.role == "assistant":
            prompt = "\n\n".join(part.content for part in asked)
            row = {"prompt": prompt.strip(), "response": said(turn).strip()}
            yield (
                row | ({"system": system} if system else {}) | {"source": file, "line": line, "turn": number}
            )
            asked = []


def _fault(row: dict[str, Any], seen: dict[str, str]) -> tuple[str, str] | None:
    """Say why an answer gives no row; `seen` maps what was kept to where it stood."""
    prompt, response = row["prompt"], row["response"]
    if not prompt:
        return "empty_prompt", f"nothing is asked before {response[:_EXCERPT]!r}"
    if not response:
        return "empty_response", f"nothing is said to {prompt[:_EXCERPT]!r}"
    for name, text in (("prompt", prompt), ("response", response)):
        if (share := mojibake_share(text)) > _MOJIBAKE:
            return "mojibake", f"{share:.2f} of the {name}: {text[:_EXCERPT]!r}"
    if (share := repeated_share(response)) > _REPEATED:
        return "repetition", f"{share:.2f} of the response repeats itself: {response[:_EXCERPT]!r}"
    name = hashlib.sha256(f"{row.get('system', '')}\x1f{prompt}\x1f{response}".encode()).hexdigest()
    place = f"{row['source']}:{row['line']}"
    first = seen.setdefault(name, place)
    return ("duplicate", f"the same as {first}") if first != place else None


def render(facts: Mapping[str, Any]) -> str:
    """Write a report as Markdown."""
    growth = facts["growth"]
    lines = ["# Distillation report", "", "| file | bytes | sha256 |", "|---|---|---|"]
    lines += [f"| {file['file']} | {file['bytes']} | {file['sha256'][:16]} |" for file in facts["files"]]
    lines += [
        "",
        f"{facts['lines']} lines held {facts['conversations']} conversations that can be read. Of "
        f"{facts['in']} answers and unread lines, {facts['kept']} became rows, {facts['dropped']} did not.",
        "",
        "| growth | in | out | out over in |",
        "|---|---|---|---|",
        f"| rows | {facts['lines']} | {facts['kept']} | {growth['rows_a_line']} |",
    ]
    lines += [
        f"| {name} | {growth[f'{name}_in']} | {growth[f'{name}_out']} | {growth[name]} |"
        for name in ("characters", "tokens")
    ]
    lines += ["", "| dropped because of | rows |", "|---|---|"]
    lines += [f"| {reason} | {count} |" for reason, count in facts["by_reason"].items()]
    lines += ["", "| file | line | turn | reason | detail |", "|---|---|---|---|---|"]
    lines += [
        f"| {drop['file']} | {drop['line']} | {drop['turn']} | {drop['reason']} | {_cell(drop['detail'])} |"
        for drop in facts["dropped_rows"]
    ]
    return "\n".join(lines) + "\n"


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())


def _ratio(part: int, whole: int) -> float | None:
    return round(part / whole, 3) if whole else None


def _digest(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
