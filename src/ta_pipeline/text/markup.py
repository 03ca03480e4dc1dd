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

#: Possessive, or an opener of a thousand backticks would be tried at each of its lengths. Behind the rule
#: (a fence closes with one as long) stands the typing error of one that closes shorter.
_FENCED = (
    r"^[ \t]*(?P<fence>`{3,}+|~{3,}+)[^\n]*+\n(?:.*?\n)?[ \t]*+(?P=fence)[`~]*+[ \t]*$"
    r"|^[ \t]*(?P<short>```|~~~)[^\n]*+\n(?:.*?\n)?[ \t]*+(?P=short)[`~]*+[ \t]*$"
    r"|^[ \t]*(?:`{3}|~{3})[^\n]*+\n.*\Z"  # a fence that is never closed runs to the end
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
_INLINE_CODE = re.compile(_INLINE)
_CODE = re.compile(rf"{_FENCED}|{_INLINE}", _FLAGS)
# A private-use character of the source is protected too, or it would be taken for a shield.
_BLOCKS = re.compile(rf"{_FORMULA}|{_SHIELD.pattern}", _FLAGS)
_PROTECTED = re.compile(rf"{_INLINE}|{_FORMULA}|{_SHIELD.pattern}", _FLAGS)
#: Every protected piece begins with one of these, but for the blanks before a fence. A search for a set
#: of characters is an order of magnitude faster than the patterns above at every position.
_OPENER = re.compile("[`~$\\\\\U000f0000-\U0010fffd]")
_BLANKS = re.compile(r"[ \t]*")
_RUN = re.compile("`+|~+")
#: What may stand behind the backticks that open code, up to those that close it.
_INSIDE = re.compile(r"[^`\n]+(?P<ticks>`+)")
#: Formulas that begin with a backslash, with what closes each.
_OPENED = re.compile(r"\\(?:(?P<bracket>[\[(])|begin\{(?P<env>[a-zA-Z]+\*?)\})")
_CLOSER = re.compile(r"\\(?:[\])]|end\{[a-zA-Z]+\*?\})")


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
    """Yield each piece of code and each formula, in order, in time linear in the text."""
    pattern = _PROTECTED if inline_code else _BLOCKS
    closers: dict[str, int] | None = None
    position = line = seen = 0
    while opener := _OPENER.search(text, position):
        start, sign = opener.start(), opener[0]
        found: re.Match[str] | None = None
        after = start + 1
        if sign in "`~":
            newline = text.rfind("\n", seen, start)  # each character is looked at once
            line, seen = (newline + 1 if newline >= 0 else line), start
            after = _end(_RUN, text, start)
            if _end(_BLANKS, text, line) == start:
                found = _FENCED_CODE.match(text, line)
            if found is None and sign == "`" and inline_code:
                found = _inline_code(text, start, after)
        elif sign != "\\":
            found = pattern.match(text, start)
        elif begun := _OPENED.match(text, start):
            if closers is None:
                closers = {match[0]: match.start() for match in _CLOSER.finditer(text, start)}
            # Without this, each of many that are never closed would be followed to the end of the text.
            if closers.get(_closer_of(begun), -1) > start:
                found = pattern.match(text, start)
        if found:
            yield found
        position = found.end() if found else after


def _inline_code(text: str, start: int, end: int) -> re.Match[str] | None:
    """Match code behind a run of backticks; a longer run lends as many of its last as close the code."""
    inside = _INSIDE.match(text, end)
    if inside is None or (ticks := len(inside["ticks"])) > end - start:
        return None
    return _INLINE_CODE.match(text, end - ticks)


def _closer_of(begun: re.Match[str]) -> str:
    if begun["env"]:
        return f"\\end{{{begun['env']}}}"
    return "\\]" if begun["bracket"] == "[" else "\\)"


def _end(pattern: re.Pattern[str], text: str, start: int) -> int:
    match = pattern.match(text, start)
    return match.end() if match else start
