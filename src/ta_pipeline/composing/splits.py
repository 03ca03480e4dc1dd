"""Keep the exam out of the lessons, and near copies on one side of train, validation and test."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import ceil
from random import Random

from ta_pipeline.composing.follow_ups import WHERE_RULE
from ta_pipeline.composing.leaks import Limits, Said, Side, check_leaks, clusters
from ta_pipeline.composing.rows import Row, question_of, without_citation
from ta_pipeline.composing.similarity import best_matches
from ta_pipeline.composing.tool_rows import RECORDING_RULE
from ta_pipeline.params import ComposeParams, SplitParams
from ta_pipeline.records import InputError

#: Questions nearer than this are one question asked twice and stay on one side.
SAME_QUESTION = 0.8


def split_without_leaks(
    examples: Sequence[Row],
    preferences: Sequence[Row],
    questions: Sequence[Row],
    compose: ComposeParams,
    seed: int,
) -> tuple[list[Row], list[Row], list[Row]]:
    """Drop what the benchmark would know again, then give every row its split.

    Returns examples, preferences and rows of the schema DROPPED. No question of a user (the passages
    above it apart) is as near as `max_question_similarity` to a benchmark question, and nothing the
    assistant learns to say as near as `max_reference_similarity` to a reference. Near copies of a
    question, rows of one document, and an example with its preferences share a split.

    Raises InputError where what was kept and placed still holds a leak.
    """
    rows = [*examples, *preferences]
    reasons = _leaks(rows, questions, compose)
    kept = [row for row, reason in zip(rows, reasons, strict=True) if not reason]
    dropped = [_dropped(row, *reason) for row, reason in zip(rows, reasons, strict=True) if reason]
    limits = Limits(compose.max_question_similarity, compose.max_reference_similarity, SAME_QUESTION)
    splits = _splits(kept, limits, compose.split, seed)
    placed = [{**row, "split": split} for row, split in zip(kept, splits, strict=True)]
    check_leaks([*_said(placed), *_said_in_exam(questions)], limits)
    return (
        [row for row in placed if "messages" in row],
        [row for row in placed if "prompt" in row],
        sorted(dropped, key=lambda row: str(row["id"])),
    )


def asked(row: Row) -> list[str]:
    """List the questions of a row: what users say in it, the passages taken off."""
    turns = row["messages"] if "messages" in row else row["prompt"]
    return [question_of(turn["content"]) for turn in turns if turn["role"] == "user"]


def learned(row: Row) -> list[str]:
    """List what a row teaches to say or not to say, with and without citation."""
    if "messages" in row:
        answers = [turn["content"] for turn in row["messages"] if turn["role"] == "assistant"]
    else:
        answers = [row["chosen"], row["rejected"]]
    return [form for answer in answers for form in (answer, without_citation(answer))]


def _said(rows: Sequence[Row]) -> Iterator[Said]:
    for row in rows:
        side: Side = row["split"] or "train"
        yield from (Said(row["id"], side, "question", text) for text in [*asked(row)[:-1], _key(row)])
        yield from (Said(row["id"], side, "answer", text) for text in learned(row))


def _said_in_exam(questions: Sequence[Row]) -> Iterator[Said]:
    for row in questions:
        yield Said(row["id"], "benchmark", "question", row["question"])
        if row["reference"]:
            told = (row["reference"], without_citation(row["reference"]))
            yield from (Said(row["id"], "benchmark", "answer", text) for text in told)


def _leaks(
    rows: Sequence[Row], questions: Sequence[Row], compose: ComposeParams
) -> list[tuple[str, str] | None]:
    """Give each row the reason and the detail of its leak, None where there is none."""
    exam = [question["question"] for question in questions]
    references = [
        form for q in questions for form in (q["reference"] or "", without_citation(q["reference"] or ""))
    ]
    names = [question["id"] for question in questions]
    found: list[tuple[str, str] | None] = [None] * len(rows)
    for reason, limit, said, other in (
        ("benchmark_reference", compose.max_reference_similarity, [learned(row) for row in rows], references),
        ("benchmark_question", compose.max_question_similarity, [_questions(row) for row in rows], exam),
    ):
        owners = [place for place, texts in enumerate(said) for _ in texts]
        scores, matches = best_matches([text for texts in said for text in texts], other)
        for owner, score, match in zip(owners, scores, matches, strict=True):
            if score >= limit:
                name = names[int(match) * len(names) // len(other)]
                found[owner] = (reason, f"{score:.2f} to {name}")
    return found


def _dropped(row: Row, reason: str, detail: str) -> Row:
    return {
        "stage": "compose",
        "id": row["id"],
        "source": row["rule"],
        "reason": reason,
        "detail": detail,
        "kept_id": None,
        "excerpt": (asked(row) or [""])[-1][:120],
    }


def _splits(rows: Sequence[Row], limits: Limits, split: SplitParams, seed: int) -> list[str]:
    """Share out the groups of rows that belong together, validation and test first."""
    groups: dict[int, list[int]] = {}
    for place, root in enumerate(_groups(rows, limits)):
        groups.setdefault(root, []).append(place)
    order = [groups[root] for root in sorted(groups)]
    Random(f"{seed}:splits").shuffle(order)
    names = ["train"] * len(rows)
    wanted = {
        "validation": ceil(split.validation_share * len(rows)),
        "test": ceil(split.test_share * len(rows)),
    }
    for group in order:
        for name, room in wanted.items():
            if room >= len(group):
                wanted[name] -= len(group)
                for place in group:
                    names[place] = name
                break
    return names


def _groups(rows: Sequence[Row], limits: Limits) -> list[int]:
    """Give each row the lowest index of the rows it belongs with."""
    parents = list(range(len(rows)))

    def root(place: int) -> int:
        while parents[place] != place:
            parents[place] = parents[parents[place]]
            place = parents[place]
        return place

    def join(left: int, right: int) -> None:
        left, right = sorted((root(left), root(right)))
        parents[right] = left

    places = {row["id"]: place for place, row in enumerate(rows)}
    for cluster in clusters(list(_said(rows)), limits):
        for name in cluster.ids[1:]:
            join(places[cluster.ids[0]], places[name])
    first: dict[str, int] = {}
    for place, row in enumerate(rows):
        for name in (f"document {row.get('document_id')}" if row.get("document_id") else "", _prompt(row)):
            if name:
                join(first.setdefault(name, place), place)
    return [root(place) for place in range(len(rows))]


def _questions(row: Row) -> list[str]:
    """List all that a row asks in the graph of near copies, and each question by itself."""
    return list(dict.fromkeys([*asked(row), _key(row)]))


def _key(row: Row) -> str:
    """Give the text by which near copies are found.

    A demand like "write two questions on this passage" is the same words over other passages and no
    copy, so a style row is known by its answer too. "Where does that stand?" asks about the turn before, so
    such a row is known by all its questions.
    """
    question = (asked(row) or [""])[-1]
    if row.get("rule") in (WHERE_RULE, RECORDING_RULE):
        return "\n".join(asked(row))
    return f"{question}\n{learned(row)[0]}" if row.get("task") == "style" else question


def _prompt(row: Row) -> str:
    turns = row["messages"][:-1] if "messages" in row else row["prompt"]
    return "\x1e".join(f"{turn['role']}\x1d{turn['content']}" for turn in turns)


def check_sum(candidates: int, kept: int, dropped: int) -> None:
    """Raise InputError unless every candidate is either kept or dropped."""
    if candidates != kept + dropped:
        raise InputError(
            f"compose: {candidates} candidates but {kept} kept and {dropped} dropped; a row was lost. "
            "Run the stage again from its inputs, and report this if it stays."
        )
