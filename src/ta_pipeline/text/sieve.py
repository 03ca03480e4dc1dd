"""Find which of many regular expressions can match a text at all, in one pass over it.

Most texts match none of a lexicon, and asking each expression costs more than all other cleaning. What
an expression cannot do without ("subscribe now" or "扫码") is read off it, and an Aho-Corasick automaton
looks for all of that at once. An expression without such a word is always asked.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import product
from re import _constants as ops  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any

Words = frozenset[str]

#: More alternatives than this are not worth the automaton's memory.
_MOST_WORDS = 512
#: A class of so many letters is spelled out.
_WIDEST_CLASS = 8
#: A shorter word of ASCII stands in every line.
_SHORTEST_WORD = 3
_LARGEST_TABLE = 10_000


class Sieve:
    """Expressions by position, and the automaton that says which of them a text is worth asking."""

    def __init__(self, patterns: Sequence[re.Pattern[str]]) -> None:
        """Read the required words of each expression."""
        self._always: list[int] = []
        words: dict[str, list[int]] = defaultdict(list)
        for position, pattern in enumerate(patterns):
            required = required_words(pattern)
            self._always += [] if required else [position]
            for word in required or ():
                words[word.lower()].append(position)
        self._positions = list(words.values())
        self._finder = WordFinder(list(words))

    def candidates(self, text: str) -> list[int]:
        """Return the positions of the expressions that can match a part of the text."""
        found = {n for word, _, _ in self._finder.find(text) for n in self._positions[word]}
        return sorted(found.union(self._always))


class WordFinder:
    """Finds any number of words at once, whatever their case."""

    def __init__(self, words: Sequence[str]) -> None:
        """Build the automaton; as a table where that stays small, which is twice as fast."""
        from ahocorasick_rs import AhoCorasick, Implementation

        table = Implementation.DFA if len(words) <= _LARGEST_TABLE else None
        self._automaton = AhoCorasick([word.lower() for word in words], implementation=table)

    def find(self, text: str) -> list[tuple[int, int, int]]:
        """Return each word found, overlaps included: its position in the list, its start and its end.

        Both count in the lower case of the text, which is as long but for a few letters like İ.
        """
        found: list[tuple[int, int, int]] = self._automaton.find_matches_as_indexes(
            text.lower(), overlapping=True
        )
        return found


@lru_cache(maxsize=1024)
def required_words(pattern: re.Pattern[str]) -> Words | None:
    """Return words of which every match of an expression holds one, or None where none can be told."""
    return _required(parser.parse(pattern.pattern, pattern.flags & ~re.UNICODE | re.UNICODE))


def _required(sequence: Iterable[tuple[Any, Any]]) -> Words | None:
    """Return the most telling of the words that one of the parts of a sequence must hold."""
    found: list[Words] = []
    run: Words = frozenset({""})
    for op, argument in sequence:
        spelled = _spelled(op, argument)
        if spelled is not None and len(run) * len(spelled) <= _MOST_WORDS:
            run = frozenset(first + second for first, second in product(run, spelled))
        else:
            found += [run, spelled or _required_inside(op, argument) or frozenset({""})]
            run = frozenset({""})
    best = max([*found, run], key=lambda words: (min(map(_weight, words)), -len(words)))
    return best if min(map(_weight, best)) >= _SHORTEST_WORD else None


def _required_inside(op: Any, argument: Any) -> Words | None:
    if op is ops.SUBPATTERN:
        return _required(argument[3])
    if op is ops.BRANCH:
        branches = [_required(branch) for branch in argument[1]]
        return frozenset().union(*(b for b in branches if b)) if all(branches) else None
    if op in (ops.MAX_REPEAT, ops.MIN_REPEAT) and argument[0] > 0:
        return _required(argument[2])
    return None


def _spelled(op: Any, argument: Any) -> Words | None:
    """Return all strings that a part can match, or None where they are too many or unknown."""
    if op is ops.LITERAL:
        return frozenset({chr(argument)})
    if op is ops.IN and len(argument) <= _WIDEST_CLASS and all(kind is ops.LITERAL for kind, _ in argument):
        return frozenset(chr(code) for _, code in argument)
    if op is ops.SUBPATTERN:
        return _spelled_sequence(argument[3])
    if op is ops.BRANCH:
        branches = [_spelled_sequence(branch) for branch in argument[1]]
        return None if None in branches else frozenset().union(*(b for b in branches if b))
    if op is ops.MAX_REPEAT and argument[:2] == (0, 1):
        inner = _spelled_sequence(argument[2])
        return None if inner is None else inner | {""}
    return frozenset({""}) if op is ops.AT else None


def _spelled_sequence(sequence: Iterable[tuple[Any, Any]]) -> Words | None:
    run: Words = frozenset({""})
    for op, argument in sequence:
        spelled = _spelled(op, argument)
        if spelled is None or len(run) * len(spelled) > _MOST_WORDS:
            return None
        run = frozenset(first + second for first, second in product(run, spelled))
    return run


def _weight(word: str) -> int:
    """Count letters, of which a Chinese character says as much as three of an alphabet."""
    return sum(1 if character.isascii() else _SHORTEST_WORD for character in word.strip())
