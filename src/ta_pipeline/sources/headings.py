"""The headings above the current block, for every reader that finds headings."""

from __future__ import annotations

#: The depth of a document's own parts; what stands under its title and under no section.
_PART = 2


class Headings:
    """The path of headings above the current line; `title` is the first heading of depth 1."""

    def __init__(self) -> None:
        self.title = ""
        self._path: dict[int, str] = {}
        self._outside: list[tuple[dict[int, str], int, int]] = []
        self._own = 0  # depth of the heading that the current div begins with, 0 for none
        self._least = 1  # headings of a div in another one stand below that one's own

    def enter(self, depth: int, name: str) -> None:
        """Begin a section; the first H1 is the title."""
        self.title = self.title or (name if depth == 1 else "")
        depth = max(depth, self._least)
        self._path = {d: heading for d, heading in self._path.items() if d < depth} | {depth: name}
        if self._outside:
            self._own = self._own or depth

    def open_div(self, name: str, of_document: bool = False) -> None:
        """Go into a div; `name` heads it, "" where it has a heading of its own or needs none.

        One that is `of_document` (its key points, say) stands beside the sections, not under the last one.
        """
        self._outside.append((self._path, self._own, self._least))
        self._own, self._least = 0, self._own + 1 if self._own else self._least
        if name:
            self.enter(_PART if of_document else max(self._path, default=1) + 1, name)

    def close_div(self) -> None:
        """Leave the innermost div; the headings in it end with it. Outside of any, do nothing."""
        if self._outside:
            self._path, self._own, self._least = self._outside.pop()

    def __str__(self) -> str:
        return " > ".join(self._path[depth] for depth in sorted(self._path) if self._path[depth])
