"""The one prompt function: how a question and its passages are put to the model.

Training rows, the benchmark and the live service all ask through `build_messages`; nothing else in
the project writes a prompt. A citation names the lecture and, where the passage was spoken, the minute.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

INSTRUCTIONS = {
    "en": (
        "You are a teaching assistant. Answer only from the passages below and cite the lecture and "
        "time in square brackets. If they do not hold the answer, say that you do not know."
    ),
    "zh": "你是课程助教。只根据下面的资料回答，并用方括号注明讲次和时间。资料里没有答案时，请说不知道。",
}
_QUESTION = {"en": "Question: ", "zh": "问题："}
_NUMBERED = re.compile(
    r"^\s*(第\s*[0-9一二三四五六七八九十百]+\s*[讲课章节周]"
    r"|(?:Lecture|Chapter|Week|Unit|Module|Lesson|Part|Episode)\s+\d+)",
    re.IGNORECASE,
)
_LONGEST_LABEL = 40


@dataclass(frozen=True)
class Passage:
    """A piece of course text as it stands in a prompt; times are seconds, None where nothing was spoken."""

    title: str
    text: str
    start: float | None = None
    end: float | None = None
    source: str = ""
    chunk_id: str = ""


def clock(seconds: float) -> str:
    """Write seconds as mm:ss (hours run on in the minutes: 75:03)."""
    whole = int(seconds)
    return f"{whole // 60:02d}:{whole % 60:02d}"


def short_title(title: str) -> str:
    """Shorten a lecture's title to its number ("Lecture 4", "第3讲") where it has one."""
    if match := _NUMBERED.match(title):
        return match.group(1).strip()
    return title.strip()[:_LONGEST_LABEL]


def citation(title: str, start: float | None) -> str:
    """Write the citation of a passage: `[Lecture 4 05:12]`, or `[Lecture 4]` for notes."""
    return f"[{short_title(title)} {clock(start)}]" if start is not None else f"[{short_title(title)}]"


def passage_header(passage: Passage) -> str:
    """Write the line above a passage: title and, for recordings, from when to when."""
    if passage.start is None:
        return f"[{passage.title}]"
    end = passage.end if passage.end is not None else passage.start
    return f"[{passage.title} {clock(passage.start)}-{clock(end)}]"


def build_messages(
    question: str,
    passages: Sequence[Passage],
    language: str,
    history: Sequence[dict[str, str]] = (),
) -> list[dict[str, str]]:
    """Lay out instructions, earlier turns, passages and the question as chat messages.

    `language` is "zh" or "en" and picks the wording; `history` holds earlier user and assistant
    turns. Without passages the question stands alone (closed book).
    """
    if not passages:
        return [*history, {"role": "user", "content": question}]
    context = "\n\n".join(f"{passage_header(p)}\n{p.text.strip()}" for p in passages)
    language = language if language in INSTRUCTIONS else "en"
    return [
        {"role": "system", "content": INSTRUCTIONS[language]},
        *history,
        {"role": "user", "content": f"{context}\n\n{_QUESTION[language]}{question.strip()}"},
    ]
