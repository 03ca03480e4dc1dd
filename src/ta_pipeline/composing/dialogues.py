"""Rows from what people really asked: FAQ files, question logs, homework, Q/A pairs in texts.

An answer is tied to the passage it rests on: by the file and time the row names, else by the best
match in the whole course. What cannot be tied stays a plain row without passages.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from ta_pipeline.composing.passages import Material, Window, best_run, has_mask, window_over
from ta_pipeline.composing.rows import Message, Row, make_row, question_of

#: Share of the answer's 3-grams that the passage must hold: where the row names its document (and a
#: minute), where it names nothing and the whole course is searched.
LEAST_NAMED, LEAST_TIMED, LEAST_ANYWHERE = 0.3, 0.2, 0.5

_CLOCK = re.compile(r"(?:(\d+):)?(\d{1,2}):(\d{2}(?:[.,]\d+)?)")
_PROBLEM = re.compile(r"^(?:Problem|Exercise|题目|习题|练习)\s*\d*", re.IGNORECASE)
#: Heading of a worked solution, below that of its problem.
SOLUTION = re.compile(r"^(?:Solution|Answer|解答|答案|参考答案|解)\b", re.IGNORECASE)
_PAIR = re.compile(
    r"^\s*(?:\*\*)?(?:Q(?:uestion)?|问题?)\s*\d*(?:\*\*)?\s*[:：](?:\*\*)?\s*(?P<question>.+?)\s*"
    r"^\s*(?:\*\*)?(?:A(?:nswer)?|答案?)\s*\d*(?:\*\*)?\s*[:：](?:\*\*)?\s*(?P<answer>.+?)\s*"
    r"(?=^\s*(?:\*\*)?(?:Q(?:uestion)?|问题?)\s*\d*(?:\*\*)?\s*[:：]|\Z)",
    re.MULTILINE | re.DOTALL,
)


@dataclass(frozen=True)
class Grounded:
    """A course question with its answer and the passage that holds it."""

    document_id: str
    rule: str
    language: str
    question: str
    answer: str
    history: tuple[Message, ...]
    gold: Window


def meta_of(document: Row) -> dict[str, Any]:
    """Read a document's meta; the keys of a nested `meta` object (Alpaca rows) count as its own."""
    meta = json.loads(document["meta"] or "{}")
    nested = meta.get("meta")
    return {**(nested if isinstance(nested, dict) else {}), **meta}


def seconds_of(value: object) -> float | None:
    """Read a time: seconds, `mm:ss`, `hh:mm:ss`, or the start of a span of these."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    if not isinstance(value, str):
        return None
    if match := _CLOCK.search(value):
        hours, minutes, seconds = match.groups()
        return int(hours or 0) * 3600 + int(minutes) * 60 + float(seconds.replace(",", "."))
    return float(value) if re.fullmatch(r"\s*\d+(\.\d+)?\s*", value) else None


def turns_of(document: Row) -> list[Message]:
    """Give a dialogue's turns as chat messages, empty turns left out."""
    return [
        {"role": segment["speaker"] or "user", "content": segment["text"].strip()}
        for segment in document["segments"] or []
        if (segment["text"] or "").strip()
    ]


def read_dialogues(
    documents: Sequence[Row], materials: Sequence[Material], held_out: set[str], chars: int
) -> tuple[list[Grounded], list[Row]]:
    """Tie the course's dialogues to passages of size `chars`.

    Returns the grounded questions and the plain `qa` rows of those that no passage holds. Dialogues of
    held-out lectures, and those that rest on one, are left out.
    """
    grounded: list[Grounded] = []
    plain: list[Row] = []
    for document in documents:
        messages = [turn for turn in turns_of(document) if turn["role"] != "system"]
        if document["origin"] != "course" or document["kind"] != "dialogue" or not _is_exchange(messages):
            continue
        named = _named_materials(document, materials)
        if {material.lecture for material in named} & held_out or document["lecture"] in held_out:
            continue
        rule = "faq" if "faq" in document["source"].lower() else "question_log"
        gold = _find_gold(document, messages, named, materials, chars)
        if gold is not None and gold.material.lecture in held_out:
            continue
        if gold is None or "\n" in question_of(messages[-2]["content"]):
            plain.append(make_row("qa", rule, document["language"], document["id"], messages))
            continue
        question, answer = question_of(messages[-2]["content"]), messages[-1]["content"]
        history = tuple(messages[:-2])
        language = gold.material.language
        grounded.append(Grounded(document["id"], rule, language, question, answer, history, gold))
    return grounded, plain


def _is_exchange(messages: Sequence[Message]) -> bool:
    """Tell whether turns alternate from a user's to an assistant's, as a chat template wants them."""
    roles = [message["role"] for message in messages]
    return bool(roles) and roles == ["user", "assistant"] * (len(roles) // 2)


def _named_materials(document: Row, materials: Sequence[Material]) -> list[Material]:
    """Find the documents that a dialogue's meta names, by source path, file name or lecture."""
    meta = meta_of(document)
    lectures = {str(meta.get("lecture") or ""), document["lecture"]} - {""}
    of_lecture = [m for m in materials if m.lecture in lectures]
    source = str(meta.get("source") or "").strip()
    if not source:
        return of_lecture
    bare = source.rsplit("/", 1)[-1]
    by_path = [m for m in materials if m.source == source or m.source.rsplit("/", 1)[-1] == bare]
    by_part = [m for m in of_lecture if bare.lower() in m.source.lower() or bare.lower() in m.kind]
    by_lecture = [m for m in materials if m.lecture and m.lecture == bare.split(".")[0]]
    return by_path or by_part or of_lecture or by_lecture


def _find_gold(
    document: Row,
    messages: Sequence[Message],
    named: Sequence[Material],
    materials: Sequence[Material],
    chars: int,
) -> Window | None:
    answer = messages[-1]["content"]
    near = seconds_of(meta_of(document).get("timestamp", meta_of(document).get("start")))
    least = (LEAST_TIMED if near is not None else LEAST_NAMED) if named else LEAST_ANYWHERE
    spoken = [m for m in named if any(unit.start is not None for unit in m.units)]
    candidates = (spoken or named) if near is not None else named
    candidates = candidates or [m for m in materials if m.language == document["language"]]
    best: tuple[float, Window] | None = None
    for material in candidates:
        found = best_run(material, answer, near)
        if found and found[2] >= least and (best is None or found[2] > best[0]):
            best = (found[2], window_over(material, found[0], found[1], chars))
    return best[1] if best and not has_mask(messages[-1]["content"]) else None


def homework_rows(documents: Sequence[Row], held_out: set[str]) -> list[Row]:
    """Make plain question/answer rows of worked problems and of Q/A pairs in the course's texts."""
    rows: list[Row] = []
    for document in documents:
        if document["origin"] != "course" or document["kind"] != "text" or document["lecture"] in held_out:
            continue
        for rule, question, answer in [*_problems(document), *_pairs(document)]:
            messages = [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]
            if not has_mask(question + answer):
                rows.append(make_row("qa", rule, document["language"], document["id"], messages))
    return rows


def _problems(document: Row) -> Iterator[tuple[str, str, str]]:
    """Yield the text under each problem's heading with the text under its solution's."""
    sections: dict[str, list[str]] = {}
    for segment in document["segments"] or []:
        sections.setdefault(segment["heading"] or "", []).append(segment["text"].strip())
    for heading, texts in sections.items():
        *above, last = heading.split(" > ")
        problem = sections.get(" > ".join(above))
        if problem and above and SOLUTION.match(last) and _PROBLEM.match(above[-1]):
            yield "homework", "\n".join(problem), "\n".join(texts)


def _pairs(document: Row) -> Iterator[tuple[str, str, str]]:
    text = "\n".join(segment["text"] for segment in document["segments"] or [])
    for match in _PAIR.finditer(text):
        yield "qa_pair", match["question"].strip(), match["answer"].strip()
