"""The headings above the current block, for every reader that finds headings."""

from __future__ import annotations


class Headings:
    """The path of headings above the current line; `title` is the first heading of depth 1."""

    def __init__(self) -> None:
        self.title = ""
        self._path: dict[int, str] = {}
        self._outside: list[dict[int, str]] = []

    def enter(self, depth: int, name: str) -> None:
        """Begin a section; the first H1 is the title."""
        self._path = {d: heading for d, heading in self._path.items() if d < depth} | {depth: name}
        self.title = self.title or (name if depth == 1 else "")

    def cross_fence(self, marker: str) -> None:
        """Go into a `:::` div, or out of it where the marker has no name; its headings end with it."""
        if marker.strip().strip(":"):
            self._outside.append(self._path)
        elif self._outside:
            self._path = self._outside.pop()

    def __str__(self) -> str:
        return " > ".join(self._path[depth] for depth in sorted(self._path) if self._path[depth])
