"""Formulas as text: raised and lowered characters, and the equations of Word and PowerPoint as LaTeX.

Without this x² of a slide reads x2, and an equation of Word, which is no text run, is lost. The element
names are those of Office Math (ECMA-376 part 1, chapter 22.1); an element not named here gives the text
inside it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

_PLAIN = "0123456789+-=()−"
_RAISED = dict(zip(_PLAIN + "ni", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾⁻ⁿⁱ"))
_LOWERED = dict(zip(_PLAIN, "₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎₋"))
_MATH = "{http://schemas.openxmlformats.org/officeDocument/2006/math}"
#: Bars and signs over several arguments, as LaTeX writes them.
_LARGE = {
    "": r"\int", "∫": r"\int", "∬": r"\iint", "∮": r"\oint", "∑": r"\sum", "∏": r"\prod", "⋃": r"\bigcup",
    "⋂": r"\bigcap",
}  # fmt: skip
_ACCENTS = {
    "\u0302": r"\hat", "": r"\hat", "\u0303": r"\tilde", "\u0304": r"\bar", "\u0305": r"\overline",
    "\u0307": r"\dot", "\u0308": r"\ddot", "\u20d7": r"\vec",
}  # fmt: skip


def raise_text(text: str) -> str:
    """Write a superscript: x² where Unicode has the characters, else x^{…}; a `[1]` is a reference."""
    return _shift(text, _RAISED, "^")


def lower_text(text: str) -> str:
    """Write a subscript: H₂O where Unicode has the characters, else x_{…}."""
    return _shift(text, _LOWERED, "_")


def _shift(text: str, table: dict[str, str], sign: str) -> str:
    if not text.strip() or text.lstrip().startswith("["):
        return text
    if all(character in table for character in text):
        return "".join(table[character] for character in text)
    return f"{sign}{{{text.strip()}}}"


def is_math(element: Any) -> bool:
    """Tell whether an XML element is an equation of Office."""
    return str(element.tag) in (f"{_MATH}oMath", f"{_MATH}oMathPara")


def math_to_latex(element: Any) -> str:
    """Write an equation between dollars; two where it stands on a line of its own."""
    sign = "$$" if str(element.tag) == f"{_MATH}oMathPara" else "$"
    formula = " ".join(_latex(element).split())
    return f"{sign}{formula}{sign}" if formula else ""


def _latex(element: Any) -> str:
    name = str(element.tag).removeprefix(_MATH)
    if name == "t":
        return str(element.text or "")
    if writer := _WRITERS.get(name):
        return writer(element)
    return "".join(_latex(child) for child in element if isinstance(child.tag, str))


def _part(element: Any, name: str) -> str:
    part = element.find(f"{_MATH}{name}")
    return "" if part is None else _latex(part).strip()


def _property(element: Any, path: str) -> str | None:
    """Return the value of a property, None where it does not stand there."""
    found = element.find("/".join(f"{_MATH}{name}" for name in path.split("/")))
    return None if found is None else str(found.get(f"{_MATH}val", ""))


def _root(element: Any) -> str:
    degree = _part(element, "deg")
    return (rf"\sqrt[{degree}]" if degree else r"\sqrt") + f"{{{_part(element, 'e')}}}"


def _large(element: Any) -> str:
    sign = _property(element, "naryPr/chr") or ""
    below, above = _part(element, "sub"), _part(element, "sup")
    limits = (f"_{{{below}}}" if below else "") + (f"^{{{above}}}" if above else "")
    return f"{_LARGE.get(sign, sign)}{limits} {_part(element, 'e')}"


def _brackets(element: Any) -> str:
    left, right = _property(element, "dPr/begChr"), _property(element, "dPr/endChr")
    inside = ", ".join(_latex(part).strip() for part in element.findall(f"{_MATH}e"))
    return f"{'(' if left is None else left}{inside}{')' if right is None else right}"


def _accent(element: Any) -> str:
    sign = _property(element, "accPr/chr") or ""
    return f"{_ACCENTS.get(sign, chr(92) + 'hat')}{{{_part(element, 'e')}}}"


def _matrix(element: Any) -> str:
    rows = [
        " & ".join(_latex(cell).strip() for cell in row.findall(f"{_MATH}e"))
        for row in element.findall(f"{_MATH}mr")
    ]
    return r"\begin{matrix} " + r" \\ ".join(rows) + r" \end{matrix}"


_WRITERS: dict[str, Callable[[Any], str]] = {
    "f": lambda e: rf"\frac{{{_part(e, 'num')}}}{{{_part(e, 'den')}}}",
    "sSup": lambda e: f"{_part(e, 'e')}^{{{_part(e, 'sup')}}}",
    "sSub": lambda e: f"{_part(e, 'e')}_{{{_part(e, 'sub')}}}",
    "sSubSup": lambda e: f"{_part(e, 'e')}_{{{_part(e, 'sub')}}}^{{{_part(e, 'sup')}}}",
    "sPre": lambda e: f"{{}}_{{{_part(e, 'sub')}}}^{{{_part(e, 'sup')}}}{_part(e, 'e')}",
    "limLow": lambda e: f"{_part(e, 'e')}_{{{_part(e, 'lim')}}}",
    "limUpp": lambda e: f"{_part(e, 'e')}^{{{_part(e, 'lim')}}}",
    "func": lambda e: f"{_part(e, 'fName')} {_part(e, 'e')}",
    "rad": _root,
    "nary": _large,
    "d": _brackets,
    "acc": _accent,
    "m": _matrix,
    "eqArr": lambda e: r" \\ ".join(_latex(part).strip() for part in e.findall(f"{_MATH}e")),
}
