"""The exam: benchmark questions with the passages they are asked with.

A course brings its questions as JSON lines; one that brings none gets a small exam made by rule from
its held-out lectures. Either way the questions are asked through the same prompt as the training rows.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from ta_pipeline.composing.contexts import Contexts
from ta_pipeline.composing.off_topic import OFF_TOPIC
from ta_pipeline.composing.passages import (
    Material,
    Window,
    find_quote,
    held_out_lectures,
    read_materials,
    window_over,
)
from ta_pipeline.composing.rows import Row, cite, without_citation
from ta_pipeline.composing.templates import Made, made_from
from ta_pipeline.params import ComposeParams
from ta_pipeline.rag.prompt import INSTRUCTIONS
from ta_pipeline.records import InputError, stable_id

KINDS = ("fact", "explain", "refusal", "format", "citation")
#: Share of the quote's 3-grams that a passage must hold where cleaning has changed the quote's words.
_LEAST_OF_QUOTE = 0.6
#: A passage with so much of a refusal question's 3-grams may be about it.
_HOLDS_QUESTION = 0.5
_REFERENCES = {
    "zh": ("课程材料没有谈及这一点，恕我无法作答。", "查遍所给的课程内容，没有这个问题的答案。"),
    "en": (
        "The course material given to me does not treat this question.",
        "I looked for it in the passages and there is no answer to be found.",
    ),
}


@dataclass(frozen=True)
class _Exam:
    """What every question is made with."""

    materials: Sequence[Material]
    held_out: set[str]
    compose: ComposeParams
    seed: int


def prepare_questions(
    folder: Path, documents: Sequence[Row], course: str, compose: ComposeParams, seed: int
) -> list[Row]:
    """Give the course's questions (rows of the schema QUESTION) with passages, sorted by id.

    An answerable question has the passage that holds its quote and `distractors` of other lectures, which
    answer other questions; a refusal has those of answerable ones, none of which holds an answer to it. The
    order of the passages is drawn by `seed`. The time of a reference's citation becomes that of its
    passage, the only one that the prompt shows.

    Raises InputError with file and line for a row that cannot be used.
    """
    materials = read_materials(documents)
    exam = _Exam(materials, held_out_lectures(documents, compose.held_out), compose, seed)
    rows = [row for row in _read(folder) if row["course"] == course] or _made_rows(exam)
    names = Counter(row["id"] for row in rows)
    for row in rows:
        if names[row["id"]] > 1:
            raise InputError(f"{row['place']}: id {row['id']!r} stands twice; give every question its own.")
    rows = sorted(rows, key=lambda row: (row["kind"] == "refusal", str(row["id"])))
    gold = {row["id"]: _gold(row, exam) for row in rows if row["kind"] != "refusal"}
    contexts = {
        language: Contexts(
            [material for material in materials if material.language == language],
            [gold[row["id"]][0] for row in rows if row["id"] in gold and row["language"] == language],
            compose.passages.chars,
            compose.passages.distractors,
        )
        for language in INSTRUCTIONS
    }
    questions = [_question(row, gold.get(row["id"]), contexts[row["language"]], exam) for row in rows]
    return sorted(questions, key=lambda question: str(question["id"]))


def _read(folder: Path) -> Iterator[Row]:
    """Yield the rows of all `*.jsonl` below the folder, each with the place it stands at."""
    for path in sorted(Path(folder).rglob("*.jsonl")):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
            if line.strip():
                yield _checked(line, f"{path.name}:{number}")


def _checked(line: str, place: str) -> Row:
    try:
        row = json.loads(line)
    except ValueError as error:
        raise InputError(f"{place}: not a JSON object ({error}); mend the line or take it out.") from None
    if not isinstance(row, dict):
        raise InputError(f"{place}: not a JSON object; mend the line or take it out.")
    missing = [name for name in ("id", "course", "kind", "language", "question") if not row.get(name)]
    if missing:
        raise InputError(f"{place}: {', '.join(missing)} missing; add it, or take the line out.")
    for name, known in (("kind", KINDS), ("language", tuple(INSTRUCTIONS))):
        if row[name] not in known:
            raise InputError(f"{place}: {name} {row[name]!r} is unknown; write one of {', '.join(known)}.")
    source = row.get("source") or {}
    if row["kind"] != "refusal" and not (row.get("reference") and source.get("path") and source.get("quote")):
        raise InputError(
            f"{place}: question {row['id']!r} needs `reference` and a `source` with `path` and `quote`; "
            "add them, or make it a refusal."
        )
    return {**row, "place": place}


def _question(row: Row, found: tuple[Window, Window] | None, contexts: Contexts, exam: _Exam) -> Row:
    rng = Random(f"{exam.seed}:{row['id']}")
    gold, quoted = found or (None, None)
    lecture = row.get("lecture") or (gold.material.lecture if gold else "")
    reference = row.get("reference") or rng.choice(_REFERENCES[row["language"]])
    if gold and without_citation(reference) != reference:  # JSON and bullets have none
        reference = cite(without_citation(reference), gold)
    return {
        "id": row["id"],
        "kind": row["kind"],
        "language": row["language"],
        "question": row["question"],
        "reference": reference,
        "format": json.dumps(row["format"], ensure_ascii=False) if row.get("format") else None,
        "lecture": lecture,
        "held_out": lecture in exam.held_out,
        "source": gold.material.source if gold else None,
        "quote": row["source"]["quote"] if gold else None,
        "start": quoted.start if quoted else None,
        "end": quoted.end if quoted else None,
        "passages": [_passage(window) for window in _company(row, gold, contexts, rng)],
    }


def _gold(row: Row, exam: _Exam) -> tuple[Window, Window]:
    """Find the passage around a row's quote, and the quote's own units."""
    path, quote = row["source"]["path"], row["source"]["quote"]
    named = [m for m in exam.materials if m.source == path or m.source.endswith(f"/{path}")]
    for material in named:
        if found := find_quote(material, quote, _LEAST_OF_QUOTE):
            passage = window_over(material, *found, exam.compose.passages.chars)
            return passage, Window(material, *found)
    known = "has no such text" if named else "is not among the course's documents"
    raise InputError(
        f"{row['place']}: question {row['id']!r}: {path} {known} ({quote[:40]!r}); "
        "correct `source`, or see under `dropped` and `quarantined` what became of the file."
    )


def _company(row: Row, gold: Window | None, contexts: Contexts, rng: Random) -> Sequence[Window]:
    """Put the gold passage among its distractors; without one take passages that hold no answer."""
    if gold is not None:
        told, quote = without_citation(row["reference"]), row["source"]["quote"]
        return contexts.over(gold, row["question"], told, quote, rng)
    return contexts.without_answer([row["question"]], _HOLDS_QUESTION, rng)


def _passage(window: Window) -> dict[str, Any]:
    passage = window.passage
    return {
        "chunk_id": "",
        "source": passage.source,
        "title": passage.title,
        "start": passage.start,
        "end": passage.end,
        "text": passage.text,
    }


def _made_rows(exam: _Exam) -> list[Row]:
    """Make `questions_per_lecture` questions on each held-out lecture, a quarter of them refusals."""
    wanted = exam.compose.questions_per_lecture
    rows: list[Row] = []
    for lecture in sorted(exam.held_out):
        own = [m for m in exam.materials if m.lecture == lecture and m.language in INSTRUCTIONS]
        rng = Random(f"{exam.seed}:questions:{lecture}")
        made = [row for m in own for row in made_from(m, exam.seed) if row.family in ("answer", "locate")]
        rng.shuffle(made)
        refusals = max(1, wanted // 4) if own and wanted > 1 else 0
        rows += [_made_row(row) for row in _distinct(made)[: wanted - refusals]]
        asked = rng.sample(OFF_TOPIC[own[0].language], refusals) if own else []
        rows += [_refusal_row(own[0], question) for question, _ in asked]
    return rows


def _distinct(made: Sequence[Made]) -> list[Made]:
    """Keep one question a sentence."""
    seen: set[tuple[str, int]] = set()
    kept: list[Made] = []
    for row in made:
        if (row.material.id, row.first) not in seen:
            seen.add((row.material.id, row.first))
            kept.append(row)
    return kept


def _made_row(made: Made) -> Row:
    window = Window(made.material, made.first, made.last)
    return {
        "id": stable_id("question", made.material.source, made.question),
        "kind": "citation" if made.family == "locate" else "fact",
        "language": made.material.language,
        "question": made.question,
        "reference": cite(made.answer, window),
        "lecture": made.material.lecture,
        "source": {"path": made.material.source, "quote": window.text},
        "place": made.material.source,
    }


def _refusal_row(material: Material, question: str) -> Row:
    return {
        "id": stable_id("question", material.source, question),
        "kind": "refusal",
        "language": material.language,
        "question": question,
        "lecture": material.lecture,
        "place": material.source,
    }
