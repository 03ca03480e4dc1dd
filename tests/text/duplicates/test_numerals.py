"""The fast scan for numbers against the plain pattern that says what counts."""

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ta_pipeline.text.duplicates.numerals import number_digests, numbers, same_numbers

#: What counts, as one pattern that tries everything at every character.
PLAIN = re.compile(
    r"\d+(?:[.,]\d+)*"
    r"|[零〇一二两三四五六七八九十百千万亿半]+(?=(?:米|千米|公里|厘米|毫米|千克|公斤|克|吨|秒|分钟|小时|天|年|牛|焦|瓦|帕|赫|度|倍|圈|次|层|元|个"
    r"|只|辆|块|人|月|日|号|题|讲|章|节|点|分之))"
    r"|点[零〇一二两三四五六七八九十百千万亿半]+"
    r"|(?<![A-Za-z])(?:two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen"
    r"|sixteen|seventeen|eighteen|nineteen|twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety|hundred"
    r"|thousand|million|half|twice|double|triple|third|quarter|zero|sin|cos|tan|log|ln|exp|sqrt)(?![A-Za-z])"
    r"|[=+×÷*/^<>≤≥≠≈±√∝∑∫∂∞°²³¹⁰⁴⁵⁶⁷⁸⁹⁻₀₁₂₃₄₅₆₇₈₉½⅓¼¾①-⑳\u0370-\u03ff]"
    r"|(?<![A-Za-z'’])[B-HJ-Zb-hj-z](?![A-Za-z'’])",
    re.IGNORECASE,
)
PIECES = st.sampled_from(
    [
        *"aAiIbxXvV3.,'’=+²½③θΩµ\u2126一三千米点度样_-é \n",
        *(
            "3.5",
            "1,000",
            "分之",
            "十分",
            "two",
            "Ten",
            "sin",
            "cosine",
            "don't",
            "F=ma",
            "e.g.",
            "12kg",
            "２",
        ),
        *("三千克", "零点五", "half-life"),
    ]
)


@given(st.lists(PIECES, max_size=30))
@example(["5", "x", "'", "s"])
def test_the_scan_finds_what_the_plain_pattern_finds(pieces):
    text = "".join(pieces)
    assert numbers(text) == PLAIN.findall(text)


@given(st.lists(PIECES, max_size=12), st.lists(PIECES, max_size=12))
def test_digests_are_equal_where_the_numbers_are(first, second):
    one, other = "".join(first), "".join(second)
    digests = number_digests([one, other])
    assert (digests[0] == digests[1]) == same_numbers(one, other)


def test_formulas_count_without_their_spaces_and_code_does_not_count():
    assert numbers("since $F = m a$ in `x = 3` we get 4 N") == ["4", "N", "$F=ma$"]


@pytest.mark.parametrize(
    ("first", "second"), [("$x^2$", "$x^3$"), ("5 kg", "6 kg"), ("零点五米", "零点六米")]
)
def test_other_numbers_are_told_apart(first, second):
    assert not same_numbers(first, second)
