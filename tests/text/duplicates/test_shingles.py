"""N-grams by numpy against n-grams by sets."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ta_pipeline.text.duplicates.shingles import (
    BLOCK_CHARACTERS,
    blocks,
    comparable,
    gram_hashes,
    jaccard,
    pair_similarities,
    without_space,
)

TEXT = st.text(st.sampled_from("abcABC 牛顿定律Σ𠀀é\n１"), max_size=40)


def grams(text, ngram):
    plain = comparable(text)
    return {plain[start : start + ngram] for start in range(max(1, len(plain) - ngram + 1))} - {""}


def naive(first, second, ngram):
    one, other = grams(first, ngram), grams(second, ngram)
    return len(one & other) / len(one | other) if one | other else 0.0


def test_what_is_compared_is_lower_case_without_white_space():
    assert comparable(" Newton's\n第一 LAW Ünion\u3000ΣΑ ") == "newton's第一lawünionσα"


def test_every_character_has_the_lower_case_that_python_gives_it():
    cased = [chr(code) for code in range(0x20000) if not 0xD800 <= code < 0xE000 and chr(code) != "İ"]
    assert [c for c in cased if not c.isspace() and comparable(c) != c.lower()] == []
    assert comparable("İ") == "İ"


@given(TEXT, TEXT, st.integers(2, 10))
def test_jaccard_is_the_share_of_common_ngrams(first, second, ngram):
    assert jaccard(first, second, ngram) == pytest.approx(naive(first, second, ngram), abs=1e-12)


@given(st.lists(TEXT, min_size=1, max_size=8))
def test_texts_hashed_together_get_the_hashes_they_get_alone(texts):
    bare = [without_space(text) for text in texts]
    together = gram_hashes(bare, 5)
    alone = [gram_hashes([text], 5) for text in bare]
    assert together.counts.tolist() == [int(one.counts[0]) for one in alone]
    assert together.hashes.tolist() == [value for one in alone for value in one.hashes.tolist()]


def test_equal_ngrams_have_equal_hashes_and_others_do_not():
    hashes = gram_hashes(["abcdeabcde", "xabcdex"], 5).hashes.tolist()
    assert hashes[0] == hashes[5] == hashes[7]
    assert len(set(hashes)) == 7


def test_more_pairs_than_a_key_can_name_are_compared_in_turn():
    texts = ["the first text", "the other text"]
    pairs = np.array([[0, 1], [0, 0]] * 300)
    similarities = pair_similarities(gram_hashes([without_space(text) for text in texts], 3), pairs)
    assert similarities.tolist() == [naive(*texts, 3), 1.0] * 300


def test_blocks_cover_everything_once_and_a_long_text_stands_alone():
    parts = list(blocks([10, BLOCK_CHARACTERS + 1, 10, 10], most=2))
    assert [(part.start, part.stop) for part in parts] == [(0, 1), (1, 2), (2, 4)]
    assert list(blocks([])) == []
