"""Rows of rarer kinds beside the bulk: second turns, claims to judge, instructions in passages, tools.

How many refusals and answers there are was settled by measurement (`docs/decisions.md`, section 17), so these
are small shares, made last, over the contexts that the other rows have.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random

from ta_pipeline.composing.contexts import Contexts
from ta_pipeline.composing.dialogues import Grounded
from ta_pipeline.composing.follow_ups import follow_up_rows
from ta_pipeline.composing.injections import injection_rows
from ta_pipeline.composing.passages import Material, has_mask
from ta_pipeline.composing.premises import premise_rows
from ta_pipeline.composing.rows import ChunkFinder, Row
from ta_pipeline.composing.tool_rows import tool_rows
from ta_pipeline.params import ComposeParams, RarerShares

#: What the rules of these rows begin with, by the name of their share.
KINDS = tuple(RarerShares.model_fields)


@dataclass(frozen=True)
class Ground:
    """What rows of one language are made from; of questions, materials and rows those of it are taken."""

    language: str
    materials: Sequence[Material]
    asked: Sequence[Grounded]
    rows: Sequence[Row]
    contexts: Contexts
    finder: ChunkFinder


def is_rarer(row: Row) -> bool:
    """Tell whether a row is of these kinds. No preference pair is made of them: their contexts are apart."""
    return row["rule"].partition(":")[0] in KINDS


def rarer_rows(ground: Ground, compose: ComposeParams, seed: int) -> list[Row]:
    """Make the rows of one language, each kind as many as its share of the grounded rows says."""
    language, contexts, finder = ground.language, ground.contexts, ground.finder
    materials = [material for material in ground.materials if material.language == language]
    rows = [row for row in ground.rows if row["language"] == language]
    asked = [item for item in ground.asked if item.language == language and _is_plain(item)]
    makers: dict[str, Callable[[int, Random], list[Row]]] = {
        "follow_up": lambda count, rng: follow_up_rows(asked, contexts, finder, count, rng),
        "premise": lambda count, rng: premise_rows(
            materials, contexts, finder, count, compose.passages.chars, rng
        ),
        "injection": lambda count, rng: injection_rows(rows, count, rng),
        "tool": lambda count, rng: tool_rows(asked, language, contexts, finder, count, rng),
    }
    grounded = sum(row["task"] in ("rag", "style") for row in rows)
    return [
        row
        for kind, share in compose.rarer.model_dump().items()
        for row in makers[kind](round(share * grounded), Random(f"{seed}:{kind}:{language}"))
    ]


def _is_plain(item: Grounded) -> bool:
    return not item.history and not has_mask(item.question + item.answer)
