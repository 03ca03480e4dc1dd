"""Find the citations of an answer and check them against the passages of its prompt.

A citation is what `ta_pipeline.rag.prompt.citation` writes, `[Lecture 4 05:12]` or `[第3讲]`; the
lenticular brackets that Chinese models like to write (【第3讲】) count as well.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from ta_pipeline.rag.prompt import short_title

#: Seconds by which a cited time may miss the passage's span: cues are cut to whole seconds.
TOLERANCE = 2.0

# Anything in square brackets but JSON arrays and interval notation, which hold quotes, commas or only digits.
_BRACKETS = re.compile(r"[\[【]([^\[\]【】{}\"\n]{2,80})[\]】]")
_TIME = re.compile(r"(\d{1,3}):([0-5]\d)(?:\s*[-–—~～至到]\s*(\d{1,3}):([0-5]\d))?")
_LETTER = re.compile(r"[^\W\d_]")


def find_citations(answer: str) -> list[str]:
    """List what stands in the citation brackets of an answer, in order."""
    return [inside.strip() for inside in _BRACKETS.findall(answer) if _LETTER.search(inside)]


def strip_citations(answer: str) -> str:
    """Take the citations out of an answer, with the spaces before them."""
    return re.sub(
        r"[ \t]*" + _BRACKETS.pattern,
        lambda match: "" if _LETTER.search(match.group(1)) else match.group(0),
        answer,
    )


def check(answer: str, passages: Sequence[Mapping[str, Any]]) -> bool:
    """Say whether some citation names a passage of the prompt and, if it was spoken, a time in its span.

    `passages` are rows of `records.PASSAGE`. A passage with times needs a cited time within
    `TOLERANCE` seconds of its span; a passage without times must be cited by its title alone.
    """
    return any(_cites(cited, passage) for cited in find_citations(answer) for passage in passages)


def _cites(cited: str, passage: Mapping[str, Any]) -> bool:
    time = _TIME.search(cited)
    title = cited[: time.start()] if time else cited
    if _fold(title) != _fold(short_title(passage["title"])) and _fold(title) != _fold(passage["title"]):
        return False
    if passage["start"] is None:
        return time is None
    if time is None:
        return False
    start = passage["start"]
    end = passage["end"] if passage["end"] is not None else start
    seconds = int(time.group(1)) * 60 + int(time.group(2))
    return bool(int(start) - TOLERANCE <= seconds <= end + TOLERANCE)


def _fold(title: str) -> str:
    return re.sub(r"[\s,，:：·]+", "", title).casefold()
