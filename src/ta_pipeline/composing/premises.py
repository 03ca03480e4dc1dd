"""Rows that ask about a claim: what somebody noted of a term, right or wrong, and questions that assume it.

The wrong claims are the definitions of other terms. As many claims are right as wrong, or to be asked whether
something is right would be enough to deny it. The answer says what the term is before it judges.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import cycle, islice
from random import Random

from ta_pipeline.composing.contexts import Contexts
from ta_pipeline.composing.passages import Material, window_over
from ta_pipeline.composing.rows import ChunkFinder, Row, ask, cite, make_row
from ta_pipeline.composing.similarity import GramTable, normalise
from ta_pipeline.composing.templates import Definition, definitions, meaning_of, task_headings

#: Wordings by rule; {a} is a term, {x} what is said of it.
QUESTIONS: dict[str, dict[str, tuple[str, ...]]] = {
    "zh": {
        "noted": (
            "我记的是：{a}就是{x}。这样对吗？",
            "同学说{a}指的是“{x}”，他说得对不对？",
            "能不能把{a}理解成“{x}”？",
            "我的笔记里写着“{a}：{x}”，有没有写错？",
        ),
        "assumed": ("为什么课上把{a}说成“{x}”？", "既然{a}是“{x}”，课上怎么说明这一点？"),
    },
    "en": {
        "noted": (
            'I noted about {a}: "{x}". Is that right?',
            'A classmate says that {a} means "{x}". Is she right?',
            'Can I remember {a} as "{x}"?',
            'My notes explain {a} as "{x}". Did I get that wrong?',
        ),
        "assumed": (
            'Why does the course define {a} as "{x}"?',
            'Since {a} means "{x}", how does the course explain that?',
        ),
    },
}
_VERDICTS = {
    "zh": {"true": "所以这个说法是对的。", "false": "所以这个说法不对。", "assumed": "所以问题的前提不对。"},
    "en": {
        "true": " So that is right.",
        "false": " So that is not right.",
        "assumed": " So the question assumes something wrong.",
    },
}
#: The kinds in turn, and which of the wordings each asks in.
_KINDS = (("false", "noted"), ("true", "noted"), ("assumed", "assumed"), ("true", "noted"))
#: Two definitions that share more of their 3-grams than this may both be right.
_TOO_NEAR = 0.35


@dataclass(frozen=True)
class _Known:
    material: Material
    item: Definition
    meaning: str


def premise_rows(
    materials: Sequence[Material],
    contexts: Contexts,
    finder: ChunkFinder,
    wanted: int,
    chars: int,
    rng: Random,
) -> list[Row]:
    """Make at most `wanted` rows from the definitions of materials of one language."""
    known = list(_known(materials))
    rng.shuffle(known)
    return list(islice(_rows(known, contexts, finder, chars, rng), wanted))


def _known(materials: Sequence[Material]) -> Iterator[_Known]:
    """Yield each term's first definition that has a meaning to quote; exercises define nothing."""
    seen: set[str] = set()
    for material in materials:
        tasks = task_headings(material)
        for item in definitions(material):
            meaning, term = meaning_of(item), normalise(item.term)
            if meaning and term not in seen and material.units[item.place].heading not in tasks:
                seen.add(term)
                yield _Known(material, item, meaning)


def _rows(
    known: Sequence[_Known], contexts: Contexts, finder: ChunkFinder, chars: int, rng: Random
) -> Iterator[Row]:
    kinds = cycle(_KINDS)
    kind, wording = next(kinds)
    for own in known:
        claimed = own.meaning if kind == "true" else _wrong(own, known, rng)
        if not claimed:
            continue
        language, sentence = own.material.language, own.item.sentence
        question = rng.choice(QUESTIONS[language][wording]).format(a=own.item.term, x=claimed)
        gold = window_over(own.material, own.item.place, own.item.place, chars)
        windows = contexts.over(gold, question, sentence, sentence, rng)
        messages = ask(question, windows, language, cite(f"{sentence}{_VERDICTS[language][kind]}", gold))
        chunk_ids = finder.of_window(gold)
        yield make_row("rag", f"premise:{kind}", language, own.material.id, messages, chunk_ids=chunk_ids)
        kind, wording = next(kinds)


def _wrong(own: _Known, known: Sequence[_Known], rng: Random) -> str:
    """Draw what another lecture says of another term, "" where all of it might be true of this one too."""
    others = [other for other in known if _is_another(own, other)]
    if not others:
        return ""
    near = GramTable([other.meaning for other in others]).jaccard([own.item.sentence])[0]
    far = [other.meaning for other, share in zip(others, near, strict=True) if share < _TOO_NEAR]
    return rng.choice(far) if far else ""


def _is_another(own: _Known, other: _Known) -> bool:
    """Tell whether two definitions are of different things: neither speaks of the other's term."""
    if own.material.lecture == other.material.lecture:
        return False
    terms = [normalise(known.item.term) for known in (own, other)]
    told = [normalise(known.item.sentence) for known in (own, other)]
    return terms[0] not in told[1] and terms[1] not in told[0]
