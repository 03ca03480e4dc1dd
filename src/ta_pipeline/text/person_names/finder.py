"""Join the finders of both languages."""

from __future__ import annotations

import re
from collections.abc import Iterable

from ta_pipeline.text.person_names.chinese import find_chinese, is_chinese_name
from ta_pipeline.text.person_names.english import find_english, is_english_name
from ta_pipeline.text.person_names.presidio import Presidio
from ta_pipeline.text.person_names.public import PublicPeople

Span = tuple[int, int]

_HAN = re.compile(r"[\u3400-\u9fff]")


class NameFinder:
    """Finds spans of names; those of public people are never among them."""

    def __init__(self, allowed: Iterable[str] = (), presidio: str | None = None) -> None:
        """Add names to the built-in lists of public people.

        `presidio` is the spaCy model by which Presidio helps with English names.
        """
        self._public = PublicPeople(allowed)
        self._presidio = Presidio(presidio) if presidio else None

    def find(self, text: str, bare: bool = True) -> list[Span]:
        """Return start and end of each name, in order and without overlap.

        Without `bare`, only names count that a trigger, a title or a signature announces.
        """
        candidates: list[Span] = []
        if _HAN.search(text):
            candidates += find_chinese(text, self._public.in_chinese, bare)
        seen = self._presidio.persons(text) if self._presidio and bare else b""
        candidates += find_english(text, self._public.in_english, bare, seen)
        longest: dict[int, int] = {}
        for start, end in candidates:
            if end > longest.get(start, 0):
                longest[start] = end
        found: list[Span] = []
        done = 0
        for start in sorted(longest):
            if start >= done:
                done = longest[start]
                found.append((start, done))
        return found

    def is_full_name(self, text: str) -> bool:
        """Tell whether a text is nothing but a name in full, and nobody's public name."""
        bare = text.strip()
        if is_chinese_name(bare):
            return not self._public.in_chinese(bare, 0, len(bare))
        return is_english_name(bare) and not self._public.in_english(bare, 0, len(bare))
