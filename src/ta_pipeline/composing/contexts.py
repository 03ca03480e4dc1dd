"""The passages that training questions are asked over, shared by as many questions as possible.

Two questions over the same passages, one that they answer and one that they do not, differ in nothing else:
that is what teaches to look. And what rows have in common at their start is read once in training, so the
second question costs a fifth of the first.
"""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from ta_pipeline.composing.passages import PassagePool, Window
from ta_pipeline.composing.similarity import GramTable

#: Chance of all passages, of one fewer, and (the rest) of the right one only. A third is laid out as the
#: benchmark is; the shorter ones cost less, so that more decisions fit into a token budget.
FULL, ONE_FEWER = 0.3, 0.2


def lay_out(gold: Window, distractors: Sequence[Window], rng: Random) -> tuple[Window, ...]:
    """Put the gold passage among some of its distractors, at any place."""
    draw = rng.random()
    fewer = 0 if draw < FULL else 1 if draw < FULL + ONE_FEWER else len(distractors)
    others = list(distractors)[: max(0, len(distractors) - fewer)]
    others.insert(rng.randint(0, len(others)), gold)
    return tuple(others)


class Contexts:
    """The contexts of one language: a gold passage has the same company for each of its questions."""

    def __init__(self, pool: PassagePool, distractors: int) -> None:
        self._pool, self._distractors = pool, distractors
        self._by_gold: dict[tuple[str, int, int], tuple[Window, ...]] = {}

    def over(self, gold: Window, question: str, answer: str, quote: str, rng: Random) -> tuple[Window, ...]:
        """Give the passages to ask a question over, whose answer stands in `gold` and in no other one.

        Where the passages that `gold` already has would answer this question too, it gets others.
        """
        known = self._by_gold.get(gold.key)
        if known and self._pool.silent([w for w in known if w.key != gold.key], answer, quote):
            return known
        others = self._pool.near(question, {gold.material.lecture}, answer, quote, self._distractors)
        laid_out = lay_out(gold, others, rng)
        self._by_gold.setdefault(gold.key, laid_out)
        return laid_out

    def all(self) -> list[tuple[Window, ...]]:
        """List the contexts that were laid out, in that order."""
        return list(self._by_gold.values())


def tells(windows: Sequence[Window], texts: Sequence[str], limit: float) -> bool:
    """Say whether a passage holds `limit` or more of the 3-grams of one of the texts."""
    return bool((GramTable([window.text for window in windows]).coverage(texts) >= limit).any())
