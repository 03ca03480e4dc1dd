"""Training rows of the questions a teacher wrote, and its scores of preference pairs.

A question is asked as every other row is: over the passage that holds its quote, among passages of other
lectures, with the citation at the start of its answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from random import Random

from ta_pipeline.composing.contexts import Contexts
from ta_pipeline.composing.passages import (
    Material,
    Window,
    find_quote,
    has_mask,
    held_out_lectures,
    read_materials,
    window_over,
)
from ta_pipeline.composing.rows import Row, ask, cite, make_row
from ta_pipeline.params import ComposeParams, TeacherParams
from ta_pipeline.rag.prompt import INSTRUCTIONS
from ta_pipeline.teacher.accounts import answer_row
from ta_pipeline.teacher.answers import Fault
from ta_pipeline.teacher.client import Teacher
from ta_pipeline.teacher.questions import TaughtQuestion, question_request, read_questions
from ta_pipeline.teacher.scores import misjudged, read_scores, score_request

RULE = "teacher:question"
#: Share of a quote's 3-grams that the sentences it is found in must hold.
_LEAST = 0.9


def taught_examples(
    documents: Sequence[Row], chunks: Sequence[Row], compose: ComposeParams, seed: int, cache: Path
) -> tuple[list[Row], list[Row]]:
    """Have the teacher write questions on the chunks of all lectures but the held-out ones.

    Returns rows of the schemas EXAMPLE, sorted by id, and TEACHER_ANSWER; both empty without a teacher.
    """
    teacher = compose.teacher
    if teacher is None or not teacher.questions_per_chunk:
        return [], []
    held_out = held_out_lectures(documents, compose.held_out)
    trained = [material for material in read_materials(documents) if material.lecture not in held_out]
    golds = _Golds(trained, compose.passages.chars)
    asked = _spread([chunk for chunk in chunks if chunk["document_id"] in golds.materials], teacher)
    count = teacher.questions_per_chunk
    requests = [question_request(chunk, count) for chunk in asked]
    replies = Teacher(teacher, cache).ask(requests, "The teacher writes questions")
    fine: list[tuple[Row, TaughtQuestion, Window]] = []
    answers: list[Row] = []
    for chunk, request, reply in zip(asked, requests, replies, strict=True):
        questions, faults = read_questions(chunk, reply, count)
        used = len(fine)
        for question in questions:
            gold = golds.find(chunk, question)
            if isinstance(gold, Window):
                fine.append((chunk, question, gold))
            else:
                faults.append(gold)
        answers.append(answer_row("questions", request, reply, teacher, len(fine) - used, faults))
    return _rows(fine, list(golds.materials.values()), compose, seed), answers


def score_pairs(pairs: Sequence[Row], compose: ComposeParams, seed: int, cache: Path) -> list[Row]:
    """Have the teacher score preference pairs; rows of the schema TEACHER_ANSWER, none without a teacher."""
    teacher = compose.teacher
    if teacher is None or not teacher.score_preferences:
        return []
    requests = [score_request(pair, seed) for pair in pairs]
    replies = Teacher(teacher, cache).ask(requests, "The teacher scores preference pairs")
    answers: list[Row] = []
    for pair, request, reply in zip(pairs, requests, replies, strict=True):
        scores, fault = read_scores(pair, reply, seed)
        row = answer_row("scores", request, reply, teacher, int(scores is not None), [fault] if fault else [])
        if scores:
            row |= {"chosen_score": scores[0], "rejected_score": scores[1]}
        answers.append(row)
    return answers


def drop_misjudged(pairs: Sequence[Row], scores: Sequence[Row]) -> tuple[list[Row], list[Row]]:
    """Split pairs into those that stay and rows of the schema DROPPED, by the teacher's scores."""
    faults = misjudged(scores)
    dropped = [_dropped(pair, *faults[pair["id"]]) for pair in pairs if pair["id"] in faults]
    return [pair for pair in pairs if pair["id"] not in faults], dropped


def _rows(
    found: Sequence[tuple[Row, TaughtQuestion, Window]],
    trained: Sequence[Material],
    compose: ComposeParams,
    seed: int,
) -> list[Row]:
    """Ask the questions over their passages, which are each other's company."""
    contexts = {
        language: Contexts(
            [material for material in trained if material.language == language],
            [gold for _, _, gold in found if gold.material.language == language],
            compose.passages.chars,
            compose.passages.distractors,
        )
        for language in INSTRUCTIONS
    }
    rows: list[Row] = []
    for chunk, item, gold in found:
        language, document = gold.material.language, gold.material.id
        rng = Random(f"{seed}:taught:{chunk['id']}:{item.question}")
        windows = contexts[language].over(gold, item.question, item.answer, item.quote, rng)
        messages = ask(item.question, windows, language, cite(item.answer, gold))
        rows.append(make_row("rag", RULE, language, document, messages, chunk_ids=[chunk["id"]]))
    return sorted(rows, key=lambda row: str(row["id"]))


class _Golds:
    """Finds the passages that questions rest on, in the trained lectures; each question once."""

    def __init__(self, trained: Sequence[Material], chars: int) -> None:
        self._chars = chars
        self.materials = {m.id: m for m in trained if m.language in INSTRUCTIONS}
        self._asked: set[str] = set()

    def find(self, chunk: Row, item: TaughtQuestion) -> Window | Fault:
        """Return the passage that holds a question's quote, or say why there is none to ask it over."""
        if has_mask(item.question + item.answer + item.quote):
            return "masked", item.question[:80]
        material = self.materials[chunk["document_id"]]
        place = find_quote(material, item.quote, _LEAST)
        if place is None:
            return "quote_not_in_chunk", item.quote[:80]
        if item.question in self._asked:
            return "duplicate", item.question[:80]
        self._asked.add(item.question)
        return window_over(material, *place, self._chars)


def _spread(chunks: Sequence[Row], teacher: TeacherParams) -> list[Row]:
    """Take `chunk_limit` chunks, evenly spread over the course."""
    limit = min(teacher.chunk_limit or len(chunks), len(chunks))
    return [chunks[place * len(chunks) // limit] for place in range(limit)]


def _dropped(pair: Row, reason: str, detail: str) -> Row:
    return {
        "stage": "compose",
        "id": pair["id"],
        "source": pair["rule"],
        "reason": reason,
        "detail": detail,
        "kept_id": None,
        "excerpt": " ".join(pair["prompt"][-1]["content"].split())[-120:],
    }
