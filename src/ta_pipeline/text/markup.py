"""Find code and formulas in a text, so that whatever rewrites prose leaves them byte-identical.

A protected piece is swapped for one private-use character and put back afterwards; no other module
looks for code or LaTeX by itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice

#: Shields are counted up from here; planes 15 and 16 hold nothing but private-use characters.
_FIRST_SHIELD = 0xF0000
#: Characters there are for that; a text with more pieces is no lecture, and the rest of it stays open.
_MOST_SHIELDS = 0x10FFFE - _FIRST_SHIELD
_SHIELD = re.compile("[\U000f0000-\U0010fffd]")

_FENCED = (
    r"^[ \t]*(?P<fence>`{3,}|~{3,})[^\n]*\n(?:.*?\n)?[ \t]*(?P=fence)[`~]*[ \t]*$"
    r"|^[ \t]*(?:`{3,}|~{3,})[^\n]*\n.*\Z"  # a fence that is never closed runs to the end
)
_INLINE = r"(?P<tick>`+)(?!`)[^`\n]+(?P=tick)(?!`)"
#: Inline `$…$` by pandoc's rule: no space inside the dollars, no digit behind, so that "$5 and $10"
#: is money.
_FORMULA = (
    r"\$\$.+?\$\$|\\\[.+?\\\]|\\\(.+?\\\)"
    r"|\\begin\{(?P<env>[a-zA-Z]+\*?)\}.+?\\end\{(?P=env)\}"
    r"|(?<![\\$])\$(?![\s$])(?:[^$\\\n]|\\.|\n(?!\s*\n))*?(?<![\s\\])\$(?![\d$])"
)
_FLAGS = re.DOTALL | re.MULTILINE
_FENCED_CODE = re.compile(_FENCED, _FLAGS)
_CODE = re.compile(rf"{_FENCED}|{_INLINE}", _FLAGS)
# A private-use character of the source is protected too, or it would be taken for a shield.
_BLOCKS = re.compile(rf"{_FORMULA}|{_SHIELD.pattern}", _FLAGS)
_PROTECTED = re.compile(rf"{_INLINE}|{_FORMULA}|{_SHIELD.pattern}", _FLAGS)
#: Every protected piece begins with one of these, but for the blanks before a fence. A search for a set
#: of characters is an order of magnitude faster than the patterns above at every position.
_OPENER = re.compile("[`~$\\\\\U000f0000-\U0010fffd]")


def shield(text: str, inline_code: bool = True) -> tuple[str, list[str]]:
    """Replace each piece of code and each formula by one character; `unshield` takes both back.

    With `inline_code` off, code between single backticks stays open to change.
    """
    if _OPENER.search(text) is None:
        return text, []
    pieces: list[str] = []
    open_text: list[str] = []
    done = 0
    for match in islice(_protected(text, inline_code), _MOST_SHIELDS):
        open_text += (text[done : match.start()], chr(_FIRST_SHIELD + len(pieces)))
        pieces.append(match[0])
        done = match.end()
    return "".join(open_text) + text[done:], pieces


def unshield(text: str, pieces: list[str]) -> str:
    """Put the protected pieces back where their characters stand."""
    return _SHIELD.sub(lambda match: pieces[ord(match[0]) - _FIRST_SHIELD], text) if pieces else text


def has_shield(text: str) -> bool:
    """Tell whether a shielded text holds code or a formula."""
    return _SHIELD.search(text) is not None


def is_fenced_code(piece: str) -> bool:
    """Tell whether a protected piece is a block of code."""
    return _FENCED_CODE.match(piece) is not None


def protected_spans(text: str) -> list[tuple[int, int]]:
    """List where (start, end) code and formulas stand, in order."""
    return [match.span() for match in _protected(text)]


def formulas(text: str) -> list[str]:
    """List the LaTeX formulas of a text in order, without its code."""
    pieces = shield(text)[1]
    return [piece for piece in pieces if not (_CODE.match(piece) or _SHIELD.match(piece))]


def prose(text: str) -> str:
    """Return what is neither code nor a formula; each of those leaves a space."""
    shielded, pieces = shield(text)
    return _SHIELD.sub(" ", shielded) if pieces else shielded


def _protected(text: str, inline_code: bool = True) -> Iterator[re.Match[str]]:
    """Yield each piece of code and each formula, in order."""
    pattern = _PROTECTED if inline_code else _BLOCKS
    position = 0
    while opener := _OPENER.search(text, position):
        start = opener.start()
        found = _fence(text, start) if opener[0] in "`~" else None
        found = found or pattern.match(text, start)
        if found:
            yield found
        position = found.end() if found else start + 1


def _fence(text: str, start: int) -> re.Match[str] | None:
    """Match a block of code whose fence begins at `start`, with the blanks before it."""
    line = text.rfind("\n", 0, start) + 1
    return None if text[line:start].strip(" \t") else _FENCED_CODE.match(text, line)
