import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ta_pipeline.text.sieve import Sieve, WordFinder, required_words


@pytest.mark.parametrize(
    ("pattern", "words"),
    [
        ("subscribe now", {"subscribe now"}),
        ("(扫码|扫一扫).{0,9}公众号", {"公众号"}),
        (r"\b(buy|order) (now|today)\b", {"buy now", "buy today", "order now", "order today"}),
        (r"colou?r \d+", {"color ", "colour "}),
        ("(?:ab)?[xyz]", None),
        (r"\d+|abc", None),
        (r"page \d+ of \d+", {"page "}),
        ("(long words){2,}", {"long words"}),
        ("(long words)*", None),
        ("a(?=bcd)", None),
    ],
)
def test_what_a_match_cannot_do_without_is_read_off_an_expression(pattern, words):
    assert required_words(re.compile(pattern)) == (words and frozenset(words))


PATTERNS = [r"(?i)buy (now|today)", "扫码.{0,3}领取", r"\d{3}", "(Abc|abD)+x?", r"[ab]{3}c", "né(e|é)s"]


@settings(deadline=None, max_examples=300)
@given(st.lists(st.sampled_from(PATTERNS), min_size=1, unique=True), st.data())
def test_an_expression_that_matches_is_never_sieved_out(patterns, data):
    compiled = [re.compile(pattern) for pattern in patterns]
    parts = st.one_of(st.text(max_size=5), *(st.from_regex(pattern) for pattern in compiled))
    text = "".join(data.draw(st.lists(parts, max_size=4)))
    candidates = Sieve(compiled).candidates(text)
    assert {n for n, pattern in enumerate(compiled) if pattern.search(text)} <= set(candidates)


def test_most_texts_are_worth_no_expression():
    sieve = Sieve([re.compile("subscribe now"), re.compile("立减")])
    assert sieve.candidates("A force is a push or a pull.") == []
    assert sieve.candidates("SUBSCRIBE NOW") == [0]


def test_words_are_found_in_any_case_and_where_they_overlap():
    assert WordFinder(["Abc", "bcd", "力学"]).find("xABCD力学") == [(0, 1, 4), (1, 2, 5), (2, 5, 7)]
    assert WordFinder([]).find("x") == []
