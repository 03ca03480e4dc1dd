"""Show token rows as people read them: what is learned in colour, the rest dim, special tokens in sight.

A token of a Chinese character is often a piece of its bytes, which alone is no text: tokens are shown
together from where a character begins to where it ends.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from ta_pipeline.records import IGNORE_INDEX

if TYPE_CHECKING:
    from jinja2 import Environment
    from transformers import PreTrainedTokenizerBase

#: What a decoder writes for bytes that are no text.
_NO_TEXT = "\ufffd"
#: A character has four bytes at most, so more tokens than that are no beginning of one.
_MOST_PIECES = 4
#: Control characters, and those that turn the direction of what follows.
_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_GREEN, _DIM, _SPECIAL, _END = "\x1b[32m", "\x1b[2m", "\x1b[7m", "\x1b[0m"


class Piece(NamedTuple):
    """Tokens that make up text together; mostly one."""

    text: str
    ids: tuple[int, ...]
    learned: bool
    special: bool


@dataclass(frozen=True)
class RowView:
    """One row to show; `note` tells what was cut, `pieces` is empty where it was dropped."""

    id: str
    facts: str
    pieces: tuple[Piece, ...]
    note: str = ""

    @property
    def tokens(self) -> int:
        """Count the tokens."""
        return sum(len(piece.ids) for piece in self.pieces)

    @property
    def learned(self) -> int:
        """Count the tokens that are learned."""
        return sum(len(piece.ids) for piece in self.pieces if piece.learned)

    @property
    def share(self) -> str:
        """Say how much is learned."""
        percent = 100 * self.learned / max(self.tokens, 1)
        return f"{self.learned} of {self.tokens} tokens learned ({percent:.0f} %)"


def pieces_of(tokenizer: PreTrainedTokenizerBase, ids: Sequence[int], labels: Sequence[int]) -> list[Piece]:
    """Cut a row into the shortest stretches of tokens that decode to whole characters.

    A stretch never crosses a special token or the edge of what is learned.
    """
    special = set(tokenizer.all_special_ids) | {
        i for i, token in tokenizer.added_tokens_decoder.items() if token.special
    }
    pieces: list[Piece] = []
    group: list[int] = []
    for place, (token, label) in enumerate(zip(ids, labels, strict=True)):
        group.append(int(token))
        learned = label != IGNORE_INDEX
        text = _text(tokenizer, pieces[-1].ids if pieces else (), group)
        last = place + 1 == len(ids)
        edge = last or ids[place + 1] in special or (labels[place + 1] != IGNORE_INDEX) != learned
        if text.endswith(_NO_TEXT) and not edge and len(group) < _MOST_PIECES:
            continue
        pieces.append(Piece(text, tuple(group), learned, token in special))
        group = []
    return pieces


def _text(tokenizer: PreTrainedTokenizerBase, before: tuple[int, ...], group: list[int]) -> str:
    """Decode tokens as they read after others: a decoder takes the space off the first word it sees."""
    options = {"skip_special_tokens": False, "clean_up_tokenization_spaces": False}
    start = str(tokenizer.decode([*before], **options))
    return str(tokenizer.decode([*before, *group], **options)).removeprefix(start)


def spread_by_task(rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Order rows so that every task is seen early: the first of each, then the second of each."""
    seen: dict[str, int] = defaultdict(int)
    numbered = []
    for row in rows:
        seen[row["task"]] += 1
        numbered.append((seen[row["task"]], row))
    return [row for _, row in sorted(numbered, key=lambda pair: pair[0])]


def in_terminal(views: Sequence[RowView], colour: bool, ids: bool = False) -> str:
    """Write rows for a terminal; without `colour` what is learned stands between ⟦ and ⟧."""
    legend = (
        f"{_GREEN}learned{_END} {_DIM}read, not learned{_END} {_SPECIAL}special token{_END} ↵ line break"
        if colour
        else "⟦learned⟧ read, not learned; ↵ line break"
    )
    parts = [legend + (" token⟨id⟩" if ids else "")]
    for view in views:
        head = f"── {visible(view.id)} · {visible(view.facts)}"
        parts += ["", f"{head} · {view.share}" if view.pieces else head]
        parts += [visible(view.note)] if view.note else []
        parts += [_row_in_terminal(view.pieces, colour, ids)] if view.pieces else []
    return "\n".join(parts)


def _row_in_terminal(pieces: Sequence[Piece], colour: bool, ids: bool) -> str:
    out, inside = [], False
    for piece in pieces:
        text = visible(piece.text)
        if ids:  # before a line break at the end, not on the next line
            line = text.removesuffix("\n")
            text = f"{line}⟨{' '.join(map(str, piece.ids))}⟩{text[len(line) :]}"
        if colour:
            style = (_SPECIAL if piece.special else "") + (_GREEN if piece.learned else _DIM)
            # Closed before a line break: a style that runs over one colours the rest of the line.
            text = "\n".join(f"{style}{line}{_END}" if line else "" for line in text.split("\n"))
        elif piece.learned != inside:
            text = ("⟦" if piece.learned else "⟧") + text
        inside = piece.learned
        out.append(text)
    return "".join(out) + ("⟧" if inside and not colour else "")


def visible(text: str) -> str:
    """Show line breaks as ↵ before the break, and control characters as pictures: a row is no command."""
    return _CONTROLS.sub(lambda found: _picture(found[0]), text)


def _picture(char: str) -> str:
    if char == "\n":
        return "↵\n"
    return chr(0x2400 + ord(char)) if char < " " else f"\\u{ord(char):04x}"


def as_html(views: Sequence[RowView], title: str) -> str:
    """Write rows as one page that needs nothing else; everything of a row is escaped."""
    return _environment().get_template("preview.html.j2").render(views=views, title=title)


@lru_cache(maxsize=1)
def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("ta_pipeline.chat", "."),
        undefined=StrictUndefined,
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["visible"] = visible
    return environment
