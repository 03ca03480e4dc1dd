"""Tell whether a name is the one of a public person, who is course matter."""

from __future__ import annotations

import re
from collections.abc import Iterable

from ta_pipeline.text.person_names.public_people import CHINESE, ENGLISH, ENGLISH_FULL
from ta_pipeline.text.traditional import simplified

#: Characters of the longest Chinese name on the lists.
_LONGEST = 8
_HAN = re.compile(r"[\u3400-\u9fff]")


class PublicPeople:
    """The built-in lists and the names that a user adds to them."""

    def __init__(self, allowed: Iterable[str] = ()) -> None:
        """Add names to the lists; those of one word allow every full name that holds them."""
        own = [simplified(" ".join(name.casefold().split())) for name in allowed]
        self._chinese = CHINESE | {name for name in own if _HAN.search(name)}
        self._own = frozenset(name for name in own if " " not in name and not _HAN.search(name))
        self._full = ENGLISH_FULL | {name for name in own if " " in name}
        self._most_words = max(len(name.split()) for name in self._full)

    def in_chinese(self, text: str, start: int, end: int, whole: bool = False) -> bool:
        """Tell whether a public name covers the beginning of a place, and cuts no word behind it.

        With `whole`, it must be all of the place.
        """
        if whole:
            return text[start:end] in self._chinese
        for left in range(start, max(-1, start - _LONGEST), -1):
            for right in range(max(start, left + 1) + 1, min(len(text), left + _LONGEST) + 1):
                if text[left:right] in self._chinese and not (
                    left == start and _cuts_a_word(text, right, end)
                ):
                    return True
        return False

    def in_english(self, text: str, start: int, end: int, announced: bool = False) -> bool:
        """Tell whether a place names a public person.

        A full name that only shares a famous family name is private where a trigger announces it: "our
        TA Emma Newton".
        """
        words = text[start:end].casefold().replace("’", "'").split()
        parts = {*words, *(part for word in words if "-" in word for part in word.split("-"))}
        if not self._own.isdisjoint(parts):
            return True
        spans = (
            (first, last)
            for first in range(len(words))
            for last in range(first + 2, min(first + self._most_words, len(words)) + 1)
        )
        if any(" ".join(words[first:last]) in self._full for first, last in spans):
            return True
        return not ENGLISH.isdisjoint(parts) and not (announced and len(words) > 1)


def _cuts_a_word(text: str, at: int, end: int) -> bool:
    """Tell whether a longer name goes on behind `at` with a word that begins before it: 杨辉煌."""
    import rjieba

    return at < end and any(len(word) > 1 for word in rjieba.cut(text[at - 1 : end], False))
