"""Find code and formulas in a text, so that whatever rewrites prose leaves them byte-identical.

A protected piece is swapped for one private-use character and put back afterwards; no other module
looks for code or LaTeX by itself.
"""

from __future__ import annotations

import re

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
_BLOCKS = re.compile(rf"{_FENCED}|{_FORMULA}|{_SHIELD.pattern}", _FLAGS)
_PROTECTED = re.compile(rf"{_FENCED}|{_INLINE}|{_FORMULA}|{_SHIELD.pattern}", _FLAGS)


def shield(text: str, inline_code: bool = True) -> tuple[str, list[str]]:
    """Replace each piece of code and each formula by one character; `unshield` takes both back.

    With `inline_code` off, code between single backticks stays open to change.
    """
    pieces: list[str] = []

    def keep(match: re.Match[str]) -> str:
        pieces.append(match[0])
        return chr(_FIRST_SHIELD + len(pieces) - 1)

    return (_PROTECTED if inline_code else _BLOCKS).sub(keep, text, count=_MOST_SHIELDS), pieces


def unshield(text: str, pieces: list[str]) -> str:
    """Put the protected pieces back where their characters stand."""
    return _SHIELD.sub(lambda match: pieces[ord(match[0]) - _FIRST_SHIELD], text) if pieces else text


def has_shield(text: str) -> bool:
    """Tell whether a shielded text holds code or a formula."""
    return _SHIELD.search(text) is not None


def is_fenced_code(piece: str) -> bool:
    """Tell whether a protected piece is a block of code."""
    return _FENCED_CODE.match(piece) is not None


def formulas(text: str) -> list[str]:
    """List the LaTeX formulas of a text in order, without its code."""
    pieces = shield(text)[1]
    return [piece for piece in pieces if not (_CODE.match(piece) or _SHIELD.match(piece))]


def prose(text: str) -> str:
    """Return what is neither code nor a formula; each of those leaves a space."""
    return _SHIELD.sub(" ", shield(text)[0])
