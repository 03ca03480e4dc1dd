"""Conversations of two turns: a question, its answer, and what a student asks next.

Question logs hold a few; rules make more. The next question is another one on the same document, or it only
asks where the answer stands, which nobody understands without the turn before. The passages stand above the
last question alone, as the service asks.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain, islice, zip_longest
from random import Random

from ta_pipeline.composing.contexts import Contexts
from ta_pipeline.composing.dialogues import Grounded
from ta_pipeline.composing.passages import best_run, columns, has_mask
from ta_pipeline.composing.rows import ChunkFinder, Message, Row, ask, cite, make_row, with_one_other
from ta_pipeline.composing.similarity import normalise
from ta_pipeline.composing.templates import plain

#: What is asked about the answer before. The same words in many rows, so `splits` knows such a row by all its
#: turns.
WHERE_RULE = "follow_up:where"
WHERE = {
    "zh": ("这句话的原文在哪里？", "请把出处和原话给我。", "我想自己再看一遍，原文怎么说的？"),
    "en": (
        "Where does that stand, word for word?",
        "Please quote the place that you have it from.",
        "Which sentence of the course is that from?",
    ),
}
_QUOTED = {"zh": "原文是：“{x}”", "en": 'It says: "{x}"'}
#: Share of the answer's 3-grams that the one sentence quoted must hold, and its display columns.
_LEAST, _LONGEST = 0.5, 260


def follow_up_rows(
    asked: Sequence[Grounded], contexts: Contexts, finder: ChunkFinder, wanted: int, rng: Random
) -> list[Row]:
    """Make at most `wanted` rows of questions of one language, both kinds in turn.

    Questions on passages of one document are put together, so that the split has no more to keep on one side.
    """
    mixed = rng.sample(asked, len(asked))
    kinds = zip_longest(_next_rows(mixed, contexts, finder, rng), _where_rows(mixed, contexts, finder, rng))
    return list(islice((row for row in chain.from_iterable(kinds) if row), wanted))


def _next_rows(
    asked: Sequence[Grounded], contexts: Contexts, finder: ChunkFinder, rng: Random
) -> Iterator[Row]:
    """Ask one question on a document after another one on it, each question once."""
    waiting: dict[str, Grounded] = {}
    for item in asked:
        first = waiting.pop(item.gold.material.id, None)
        if first is None or _alike(first, item):
            waiting[item.gold.material.id] = item
            continue
        windows = contexts.over(item.gold, item.question, item.answer, item.gold.text, rng)
        messages = ask(
            item.question,
            with_one_other(windows, item.gold),
            item.language,
            cite(item.answer, item.gold),
            _told(first),
        )
        yield _row("follow_up:next", item, messages, finder)


def _alike(first: Grounded, second: Grounded) -> bool:
    return any(
        normalise(one) == normalise(other)
        for one, other in ((first.question, second.question), (first.answer, second.answer))
    )


def _where_rows(
    asked: Sequence[Grounded], contexts: Contexts, finder: ChunkFinder, rng: Random
) -> Iterator[Row]:
    """Ask for the sentence that an answer rests on."""
    for item in asked:
        quote = _quote(item)
        if not quote:
            continue
        windows = contexts.over(item.gold, item.question, item.answer, item.gold.text, rng)
        answer = cite(_QUOTED[item.language].format(x=quote), item.gold)
        question, shown = rng.choice(WHERE[item.language]), with_one_other(windows, item.gold)
        messages = ask(question, shown, item.language, answer, _told(item))
        yield _row(WHERE_RULE, item, messages, finder)


def _quote(item: Grounded) -> str:
    """Give the one sentence of the passage that holds most of the answer, "" where none holds half of it."""
    found = best_run(item.gold.material, item.answer, longest=1)
    if found is None or found[2] < _LEAST or not item.gold.first <= found[0] <= item.gold.last:
        return ""
    unit = item.gold.material.units[found[0]]
    text = unit.text
    whole = unit.voice.teaches and not any(mark in text for mark in ("```", "|", "$$")) and not has_mask(text)
    return plain(text) if whole and columns(text) <= _LONGEST else ""


def _told(item: Grounded) -> tuple[Message, Message]:
    return (
        {"role": "user", "content": item.question},
        {"role": "assistant", "content": cite(item.answer, item.gold)},
    )


def _row(rule: str, item: Grounded, messages: Sequence[Message], finder: ChunkFinder) -> Row:
    chunk_ids = finder.of_window(item.gold)
    return make_row("rag", rule, item.language, item.document_id, messages, chunk_ids=chunk_ids)
