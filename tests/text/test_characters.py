import re

from hypothesis import given, settings
from hypothesis import strategies as st

from ta_pipeline.text.characters import IDEOGRAPH, KANA, LETTER, PLAIN, SPACE, WORD, count_classes

PATTERNS = {
    LETTER: r"[^\W\d_]",
    IDEOGRAPH: r"[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]",
    KANA: r"[\u3041-\u30ff]",
    SPACE: r"\s",
    WORD: r"\w",
}


@settings(deadline=None)
@given(st.text(st.characters(max_codepoint=0x2FFFE)))
def test_the_table_counts_what_a_regular_expression_finds(text):
    counts = count_classes(text, *PATTERNS)
    assert counts == [len(re.findall(pattern, text)) for pattern in PATTERNS.values()]


def test_formulas_punctuation_and_both_languages_are_plain_and_debris_is_not():
    assert count_classes("Ｆ＝ma。“x”，½", PLAIN) == [9]
    assert count_classes("¤§¶¬¦", PLAIN) == [0]


def test_characters_beyond_the_table_and_lone_surrogates_are_symbols():
    assert count_classes("\U000f0000\ud800", LETTER, WORD) == [0, 0]
