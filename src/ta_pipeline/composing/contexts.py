"""The passages that questions are asked over, shared by as many questions as possible.

Two questions over the same passages, one that they answer and one that they do not, differ in nothing else:
that is what teaches to look. And what questions have in common at their start is read once, in training as in
evaluation, so the second question costs a fifth of the first.
"""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from ta_pipeline.composing.passages import Material, PassagePool, Window, tile
from ta_pipeline.composing.similarity import GramTable

#: Contexts among which the one that tells least of a refused question is chosen.
_LOOKED_AT = 16


def lay_out(gold: Window, distractors: Sequence[Window], rng: Random) -> tuple[Window, ...]:
    """Put the gold passage among its distractors, at any place, as the benchmark does."""
    others = list(distractors)
    others.insert(rng.randint(0, len(others)), gold)
    return tuple(others)


class Contexts:
    """The contexts of one language: each passage stands in one, with all questions that it answers.

    The company of a passage are `gold` passages, which answer other questions, that stand nowhere yet, so
    that a context of three passages has the questions of three; after them any passage of the materials.
    """

    def __init__(
        self, materials: Sequence[Material], gold: Sequence[Window], chars: int, distractors: int
    ) -> None:
        tiles = {window.key: window for material in materials for window in tile(material, chars)}
        self._free = {window.key: window for window in gold}
        self._pool = PassagePool((tiles | self._free).values(), chars)
        self._distractors = distractors
        self._by_passage: dict[tuple[str, int, int], tuple[Window, ...]] = {}
        self._queue: list[tuple[tuple[Window, ...], GramTable]] = []

    def over(self, gold: Window, question: str, answer: str, quote: str, rng: Random) -> tuple[Window, ...]:
        """Give the passages to ask a question over, whose answer stands in `gold` and in no other one.

        Where the passages that `gold` already has would answer this question too, it gets others.
        """
        known = self._by_passage.get(gold.key)
        if known and self._pool.silent([w for w in known if w.key != gold.key], answer, quote):
            return known
        lecture = {gold.material.lecture}
        others = self._pool.near(question, lecture, answer, quote, self._distractors, self._free)
        laid_out = lay_out(gold, others, rng)
        if not known:
            self._queue.append((laid_out, GramTable([window.text for window in laid_out])))
            for window in laid_out:
                self._by_passage.setdefault(window.key, laid_out)
                self._free.pop(window.key, None)
        return laid_out

    def without_answer(
        self, told: Sequence[str], limit: float, rng: Random, lecture: str = ""
    ) -> tuple[Window, ...]:
        """Give passages that hold less than `limit` of the 3-grams of each of `told`, none of `lecture`.

        They are those of questions that they do answer: of the contexts given longest ago, the one that tells
        least. Where none will do they are drawn by `rng`, and where no passage will do there are none.
        """
        shares = {
            place: float(table.coverage(told).max())
            for place, (context, table) in enumerate(self._queue[:_LOOKED_AT])
            if lecture not in {window.material.lecture for window in context}
        }
        place = min(shares, key=lambda place: (shares[place], place), default=None)
        if place is None or shares[place] >= limit:
            lectures = {lecture} if lecture else set()
            return tuple(self._pool.random(rng, lectures, told, limit, self._distractors + 1))
        self._queue.append(self._queue.pop(place))
        return self._queue[-1][0]
