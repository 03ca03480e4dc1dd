"""Course documents as runs of sentences and cues, and the passages that are cut from them.

The benchmark and the training rows get their passages here, by the same functions, so that what is
learned is asked in the same form. Which rows are made of them is the business of the other modules.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from functools import cached_property
from random import Random
from typing import Any

from ta_pipeline.composing.similarity import GramTable, normalise
from ta_pipeline.rag.prompt import Passage, citation
from ta_pipeline.text.chunk import Unit, join_units, units_of

#: A passage that covers so much of the answer's 3-grams may hold the answer, so it is no distractor.
_HOLDS_ANSWER = 0.5
#: How far the time that a question names may be from where the answer is said.
_NEAR_SECONDS = 60.0
#: How a displayed formula begins.
_FORMULA = ("$$", "\\[", "\\begin{")
#: Passages shorter than this share of the limit are no good company for a full one.
_FULL_ENOUGH = 0.5
_CHINESE = re.compile(r"[\u3400-\u9fff\uf900-\ufaff]")
#: What `clean` writes in the place of personal data: "<NAME_1>", "<STUDENT_ID_1>".
_MASK = re.compile(r"<[A-Z][A-Z_]+_\d+>")


def columns(text: str) -> int:
    """Measure text in display columns: a CJK character is two, any other one."""
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)


def passage_size(text: str) -> int:
    """Measure a passage in letters: an English one counts one, a Chinese character four.

    So passages of one size cost more nearly the same: with the bundled tokenizer 400 letters are 100 tokens
    in English, and 400 Chinese characters would be 640; three such passages would make a prompt of 2,000.
    """
    return len(text) + 3 * len(_CHINESE.findall(text))


def has_mask(text: str) -> bool:
    """Tell whether personal data was masked in the text; such text is nothing to ask about."""
    return _MASK.search(text) is not None


@dataclass(frozen=True)
class Material:
    """One document of the course with its units (sentences or cues)."""

    id: str
    source: str
    lecture: str
    title: str
    language: str
    kind: str
    units: tuple[Unit, ...]

    @cached_property
    def unit_table(self) -> GramTable:
        """The units' 3-grams, to look up sentences in."""
        return GramTable([unit.text for unit in self.units])


@dataclass(frozen=True)
class Window:
    """The units `first` to `last` (inclusive) of a material."""

    material: Material
    first: int
    last: int

    @property
    def key(self) -> tuple[str, int, int]:
        """What names the window: its document and units."""
        return self.material.id, self.first, self.last

    @property
    def units(self) -> tuple[Unit, ...]:
        return self.material.units[self.first : self.last + 1]

    @property
    def text(self) -> str:
        return join_units(self.units)

    @property
    def start(self) -> float | None:
        return min((unit.start for unit in self.units if unit.start is not None), default=None)

    @property
    def end(self) -> float | None:
        return max((unit.end for unit in self.units if unit.end is not None), default=None)

    @property
    def passage(self) -> Passage:
        """The window as it stands in a prompt."""
        return Passage(self.material.title, self.text, self.start, self.end, self.material.source)

    @property
    def cited(self) -> str:
        """The citation an answer from this window begins with."""
        return citation(self.material.title, self.start)


def read_materials(documents: Sequence[dict[str, Any]]) -> list[Material]:
    """Take the course's own texts and transcripts, in order of their source."""
    chosen = [d for d in documents if d["origin"] == "course" and d["kind"] in ("text", "transcript")]
    return [
        Material(
            id=document["id"],
            source=document["source"],
            lecture=document["lecture"],
            title=document["title"],
            language=document["language"],
            kind=document["kind"],
            units=tuple(units_of(document)),
        )
        for document in sorted(chosen, key=lambda d: (d["source"], d["id"]))
    ]


def held_out_lectures(documents: Sequence[dict[str, Any]], patterns: Sequence[str]) -> set[str]:
    """Name the lectures that match a glob; where none does, the last one of the course.

    A course without any such lecture would have nothing to be measured on.
    """
    lectures = sorted(
        {d["lecture"] for d in documents if d["origin"] == "course" and d["kind"] in ("text", "transcript")}
    )
    matching = {lecture for lecture in lectures if any(fnmatch(lecture, pattern) for pattern in patterns)}
    return matching or set(lectures[-1:])


def window_around(material: Material, first: int, last: int, chars: int) -> Window:
    """Grow the units `first`..`last` by neighbours under the same heading up to size `chars`.

    The wanted units stay whole even where they alone are longer.
    """
    size = passage_size(join_units(material.units[first : last + 1]))
    heading = material.units[first].heading
    open_sides = {"after": last + 1, "before": first - 1}
    while open_sides:
        for side, place in sorted(open_sides.items()):
            fits = 0 <= place < len(material.units) and material.units[place].heading == heading
            grown = size + passage_size(material.units[place].text) if fits else chars + 1
            if grown > chars:
                del open_sides[side]
                continue
            size = grown
            first, last = min(first, place), max(last, place)
            open_sides[side] = place + (1 if side == "after" else -1)
    return Window(material, first, last)


def window_over(material: Material, first: int, last: int, chars: int) -> Window:
    """Give the tile that holds the units `first`..`last`, or a window around them where none does."""
    holding = (w for w in tile(material, chars) if w.first <= first and last <= w.last)
    return next(holding, None) or window_around(material, first, last, chars)


def tile(material: Material, chars: int) -> list[Window]:
    """Cut a material into neighbouring windows of at most size `chars`, never across a heading.

    A table stays whole, and so does what announces a list or a formula with it, where a window that is
    full enough is left before them.
    """
    windows: list[Window] = []
    first = 0
    while first < len(material.units):
        last, size = first, passage_size(material.units[first].text)
        while last + 1 < len(material.units):
            following = material.units[last + 1]
            size += passage_size(following.text)
            if size > chars or following.heading != material.units[first].heading:
                break
            last += 1
        last = _whole(material, first, last, _FULL_ENOUGH * chars)
        windows.append(Window(material, first, last))
        first = last + 1
    return [window for window in windows if passage_size(window.text) >= _FULL_ENOUGH * chars]


def _whole(material: Material, first: int, last: int, least: float) -> int:
    """Move the end of a window back to where nothing is torn apart, if that leaves it `least` in size."""
    end = last
    while end > first and _torn(material, end):
        end -= 1
    whole = not _torn(material, end) and passage_size(join_units(material.units[first : end + 1])) >= least
    return end if whole else last


def _torn(material: Material, last: int) -> bool:
    """Tell whether a cut behind the unit `last` parts rows of a table, or a formula or list and its lead."""
    if last + 1 == len(material.units) or material.units[last].heading != material.units[last + 1].heading:
        return False
    before, behind = material.units[last].text.rstrip(), material.units[last + 1].text.lstrip()
    return before.endswith((":", "：")) or behind.startswith(_FORMULA) or before[:1] == behind[:1] == "|"


class PassagePool:
    """Passages of one language, from which distractors are drawn; none is very long or masked."""

    def __init__(self, windows: Iterable[Window], chars: int) -> None:
        self._windows = [w for w in windows if passage_size(w.text) <= 2 * chars and not has_mask(w.text)]
        self._texts = [normalise(window.text) for window in self._windows]
        self._table = GramTable(self._texts)

    def _allowed(self, lectures: set[str], told: Sequence[str], limit: float, quote: str = "") -> list[int]:
        """Leave out the lectures given and what holds `limit` or more of the 3-grams of a text of `told`."""
        if not self._windows:
            return []
        covered = self._table.coverage(told).max(axis=0)
        wanted = normalise(quote)
        return [
            place
            for place, window in enumerate(self._windows)
            if window.material.lecture not in lectures
            and covered[place] < limit
            and not (wanted and wanted in self._texts[place])
        ]

    def silent(self, windows: Sequence[Window], answer: str, quote: str) -> bool:
        """Say whether none of the pool's windows given holds the quote or half of the answer's 3-grams."""
        allowed = {self._windows[place].key for place in self._allowed(set(), [answer], _HOLDS_ANSWER, quote)}
        return all(window.key in allowed for window in windows)

    def near(
        self,
        question: str,
        lectures: set[str],
        answer: str,
        quote: str,
        count: int,
        first: Container[tuple[str, int, int]] = (),
    ) -> list[Window]:
        """Draw the passages that share most with the question, each of another lecture while that lasts.

        None is of `lectures`, none holds the quote or half of the answer's 3-grams. Those whose keys are in
        `first` come before all others.
        """
        places = self._allowed(lectures, [answer], _HOLDS_ANSWER, quote)
        if not places:
            return []
        Random(question).shuffle(places)  # or equals would always be the first lecture's
        scores = self._table.coverage([question])[0]
        ranked = sorted(places, key=lambda place: (self._windows[place].key not in first, -scores[place]))
        drawn: list[int] = []
        for fresh_lecture in (True, False):
            seen = {self._windows[place].material.lecture for place in drawn}
            for place in ranked:
                lecture = self._windows[place].material.lecture
                if len(drawn) < count and place not in drawn and not (fresh_lecture and lecture in seen):
                    drawn.append(place)
                    seen.add(lecture)
        return [self._windows[place] for place in drawn]

    def random(
        self, rng: Random, lectures: set[str], told: Sequence[str], limit: float, count: int
    ) -> list[Window]:
        """Draw any passages that are not of `lectures` and hold less than `limit` of each text of `told`."""
        places = self._allowed(lectures, told, limit)
        return [self._windows[place] for place in rng.sample(places, min(count, len(places)))]


def find_quote(material: Material, quote: str, least: float) -> tuple[int, int] | None:
    """Find the units (first, last) that hold a quote, ignoring whitespace and punctuation.

    Cleaning may have changed a character: then the run of units that covers most of the quote's
    3-grams is taken, if that is at least the share `least`. None where nothing does.
    """
    wanted = normalise(quote)
    texts = [normalise(unit.text) for unit in material.units]
    place = "".join(texts).find(wanted)
    if place >= 0 and wanted:
        ends: list[int] = []
        for text in texts:
            ends.append((ends[-1] if ends else 0) + len(text))
        first = next(index for index, end in enumerate(ends) if end > place)
        last = next(index for index, end in enumerate(ends) if end >= place + len(wanted))
        return first, last
    found = best_run(material, quote)
    return found[:2] if found and found[2] >= least else None


def best_run(
    material: Material, text: str, near: float | None = None, longest: int = 5
) -> tuple[int, int, float] | None:
    """Find the shortest run of units that covers most of a text's 3-grams, and the share it covers.

    With `near` (seconds) only runs that start within a minute of it are looked at.
    """
    held = material.unit_table.hits(text)
    if not held.size:
        return None
    best: tuple[float, int, int, float] | None = None
    covered = held.copy()
    for extra in range(min(longest, len(material.units))):
        if extra:  # each row now covers one unit more
            covered = covered[:-1] | held[extra:]
        for first, share in enumerate(covered.mean(axis=1)):
            start = material.units[first].start
            value = float(share) - 0.03 * extra  # one more sentence must bring something
            usable = near is None or start is None or abs(start - near) <= _NEAR_SECONDS
            if usable and (best is None or value > best[0] + 1e-9):
                best = (value, first, first + extra, float(share))
    return best[1:] if best else None
