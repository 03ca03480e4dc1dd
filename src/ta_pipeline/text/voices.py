"""Who speaks in each cue of a transcript, and which of the voices teaches.

A student's guess must never read as if the teacher had said it. What a file calls its speakers comes
from `sources.speakers`; a name may be a mask by now ("<NAME_1>").
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

_TEACHER = re.compile(r"老师|教师|教授|讲师|\b(?:teacher|instructor|lecturer|professor)\b", re.IGNORECASE)
#: Voices beside the teacher's: where nobody else has a name, the teacher is the one without.
_BESIDE = re.compile(
    r"学生|同学|助教|观众|\b(?:students?|learners?|pupils?|audience|ta)(?:\b|[ _]?\d)", re.IGNORECASE
)
_CHINESE = re.compile(r"[\u3400-\u9fff]")


@dataclass(frozen=True)
class Voice:
    """Who says a cue: `name` in the file ("" for none), and `label` where the cue's text lacks the name.

    Where only one voice is heard, or none is known, it teaches and has no label.
    """

    name: str = ""
    label: str = ""
    teaches: bool = True


#: Where nobody else speaks, or nothing is spoken at all.
ALONE = Voice()


def voices_of(cues: Sequence[dict[str, Any]]) -> list[Voice]:
    """Tell who says each cue (a segment of a transcript).

    The teacher is called so, or else is the voice that says most and is no student's. A teacher
    without a name is marked "Teacher: " or "老师：", anybody else without one "Speaker: " or "发言人：".
    """
    opened = [_opens_with(cue.get("speaker") or "", cue["text"]) for cue in cues]
    names = _names(cues, opened)
    if len(set(names)) < 2:
        return [ALONE] * len(cues)
    teachers = _teachers(names, cues)
    chinese = any(_CHINESE.search(cue["text"]) for cue in cues)
    unnamed = ("老师" if chinese else "Teacher") if "" in teachers else ("发言人" if chinese else "Speaker")
    colon = "：" if chinese else ": "
    return [
        Voice(name, "" if holds_name else (name or unnamed) + colon, name in teachers)
        for name, holds_name in zip(names, opened, strict=True)
    ]


def mark_between(before: Voice | None, voice: Voice) -> str:
    """Return what to write above a cue: its label where the voice changes, or where no teacher begins."""
    if before is None:
        return "" if voice.teaches else voice.label
    return "" if voice.name == before.name else voice.label


def _opens_with(name: str, text: str) -> bool:
    return bool(name) and re.match(rf"\W{{0,4}}{re.escape(name)}\W{{0,2}}[:：]", text) is not None


def _names(cues: Sequence[dict[str, Any]], opened: Sequence[bool]) -> list[str]:
    """Name the voice of each cue; one without goes on where names open the first cue and the teacher's."""
    names = [cue.get("speaker") or "" for cue in cues]
    if any(opened[:1]) and any(not _BESIDE.search(name) for name in names if name):
        for place in range(1, len(names)):
            names[place] = names[place] or names[place - 1]
    return names


def _teachers(names: Sequence[str], cues: Sequence[dict[str, Any]]) -> set[str]:
    called_so = {name for name in names if _TEACHER.search(name) and not _BESIDE.search(name)}
    said = Counter[str]()
    for name, cue in zip(names, cues, strict=True):
        if not _BESIDE.search(name):
            said[name] += len(cue["text"])
    return called_so or {name for name, _ in said.most_common(1)}
