"""What a reader finds in one file: drafts of documents, and faults."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

#: Line of a fault that concerns a whole file.
WHOLE_FILE = 0


@dataclass(frozen=True)
class Segment:
    """A block, a cue or a turn; the fields are those of `records.SEGMENT`."""

    text: str
    line: int
    heading: str = ""
    page: int | None = None
    start: float | None = None
    end: float | None = None
    speaker: str | None = None


@dataclass(frozen=True)
class Draft:
    """A document before it has a name: `row` is 0, or the row of the file it stands in, from 1.

    `title` is what the document calls itself, "" where it says nothing.
    """

    kind: str
    segments: list[Segment]
    title: str = ""
    meta: dict[str, object] = field(default_factory=dict)
    row: int = 0

    @property
    def line(self) -> int:
        """First line of the document in its file."""
        return self.segments[0].line


@dataclass(frozen=True)
class Fault:
    """Input that could not be read: where, a reason to count by, and what to do about it."""

    line: int
    reason: str
    detail: str


#: What every reader yields.
Found = Iterator[Draft | Fault]
