"""Indices as characters, and equations of Office as LaTeX."""

import pytest
from lxml import etree

from ta_pipeline.sources.formulas import lower_text, math_to_latex, raise_text

MATH = "http://schemas.openxmlformats.org/officeDocument/2006/math"


def run(text: str) -> str:
    return f"<m:r><m:t>{text}</m:t></m:r>"


@pytest.mark.parametrize(
    ("text", "raised", "lowered"),
    [("2", "²", "₂"), ("n+1", "ⁿ⁺¹", "_{n+1}"), ("−3", "⁻³", "₋₃"), ("ab", "^{ab}", "_{ab}"), ("[1]", "[1]", "[1]"), (" ", " ", " ")],
)  # fmt: skip
def test_an_index_is_a_character_where_there_is_one(text, raised, lowered):
    assert (raise_text(text), lower_text(text)) == (raised, lowered)


@pytest.mark.parametrize(
    ("inside", "latex"),
    [
        (run("F=ma"), "$F=ma$"),
        (f"<m:f><m:num>{run('s')}</m:num><m:den>{run('t')}</m:den></m:f>", r"$\frac{s}{t}$"),
        (f"<m:sSup><m:e>{run('x')}</m:e><m:sup>{run('2')}</m:sup></m:sSup>", "$x^{2}$"),
        (f"<m:sSubSup><m:e>{run('x')}</m:e><m:sub>{run('i')}</m:sub><m:sup>{run('2')}</m:sup></m:sSubSup>", "$x_{i}^{2}$"),
        (f"<m:rad><m:deg>{run('3')}</m:deg><m:e>{run('x')}</m:e></m:rad>", r"$\sqrt[3]{x}$"),
        (f'<m:nary><m:naryPr><m:chr m:val="∑"/></m:naryPr><m:sub>{run("i")}</m:sub><m:sup>{run("n")}</m:sup><m:e>{run("i")}</m:e></m:nary>', r"$\sum_{i}^{n} i$"),
        (f'<m:d><m:dPr><m:begChr m:val="["/></m:dPr><m:e>{run("a")}</m:e><m:e>{run("b")}</m:e></m:d>', "$[a, b)$"),
        (f'<m:acc><m:accPr><m:chr m:val="\u20d7"/></m:accPr><m:e>{run("F")}</m:e></m:acc>', r"$\vec{F}$"),
        (f"<m:m><m:mr><m:e>{run('a')}</m:e><m:e>{run('b')}</m:e></m:mr></m:m>", r"$\begin{matrix} a & b \end{matrix}$"),
        (f"<m:unknown>{run('x')}</m:unknown>", "$x$"),
        ("", ""),
    ],
)  # fmt: skip
def test_an_equation_of_office_is_written_as_latex(inside, latex):
    assert math_to_latex(etree.fromstring(f'<m:oMath xmlns:m="{MATH}">{inside}</m:oMath>')) == latex


def test_an_equation_on_a_line_of_its_own_stands_between_two_dollars():
    equation = f'<m:oMathPara xmlns:m="{MATH}"><m:oMath>{run("x")}</m:oMath></m:oMathPara>'
    assert math_to_latex(etree.fromstring(equation)) == "$$x$$"
