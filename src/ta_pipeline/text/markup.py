"""Find code and formulas in a text, so that whatever rewrites prose leaves them byte-identical.

A protected piece is swapped for one character of a private plane and put back afterwards; no other
module looks for code or LaTeX by itself.
"""

from __future__ import annotations

import re

#: Shields are counted up from here (Supplementary Private Use Area-A).
_FIRST_SHIELD = 0xF0000
_SHIELDS = 0xFFFE

#: Inline `$…$` by pandoc's rule: no space inside the dollars, no digit behind, so that "$5 and $10"
#: is money. A shield character that stands in the source is protected like a formula.
_CODE = r"^[ \t]*(?P<fence>`{3,}|~{3,})[^\n]*\n(?:.*?\n)?[ \t]*(?P=fence)[`~]*[ \t]*$|^[ \t]*(?:`{3,}|~{3,})[^\n]*\n.*\Z|(?P<tick>`+)(?!`)[^`\n]+(?P=tick)(?!`)"
_FORMULA = (
    r"\$\$.+?\$\$|\\\[.+?\\\]|\\\(.+?\\\)"
    r"|\\begin\{(?P<env>[a-zA-Z]+\*?)\}.+?\\end\{(?P=env)\}"
    r"|(?<![\\$])\$(?![\s$])(?:[^$\\\n]|\\.|\n(?!\s*\n))*?(?<![\s\\])\$(?![\d$])"
)
_PROTECTED = re.compile(rf"{_CODE}|{_FORMULA}|[\U000f0000-\U000ffffd]", re.DOTALL | re.MULTILINE)
_ANY_CODE = re.compile(_CODE, re.DOTALL | re.MULTILINE)
_SHIELD = re.compile(r"[\U000f0000-\U000ffffd]")


def shield(text: str) -> tuple[str, list[str]]:
    """Replace each piece of code and each formula by one character; `unshield` takes both back."""
    pieces: list[str] = []

    def keep(match: re.Match[str]) -> str:
        if len(pieces) >= _SHIELDS:
            return match[0]
        pieces.append(match[0])
        return chr(_FIRST_SHIELD + len(pieces) - 1)

    return _PROTECTED.sub(keep, text), pieces


def unshield(text: str, pieces: list[str]) -> str:
    """Put the protected pieces back where their characters stand."""
    return _SHIELD.sub(lambda match: pieces[ord(match[0]) - _FIRST_SHIELD], text) if pieces else text


def is_shield(character: str) -> bool:
    """Tell whether a character stands for a protected piece."""
    return _SHIELD.match(character) is not None


def has_shield(text: str) -> bool:
    """Tell whether a shielded text holds code or a formula."""
    return _SHIELD.search(text) is not None


def formulas(text: str) -> list[str]:
    """List the LaTeX formulas of a text in order, without its code."""
    _, pieces = shield(text)
    return [piece for piece in pieces if not _ANY_CODE.match(piece) and not is_shield(piece)]


def prose(text: str) -> str:
    """Return what is neither code nor a formula; each of those leaves a space."""
    return _SHIELD.sub(" ", shield(text)[0])
