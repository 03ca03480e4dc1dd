"""Character 3-grams, exact and alike for Chinese and English."""

import numpy as np
import pytest

from ta_pipeline.composing.similarity import GramTable, best_matches, near_pairs, normalise


def naive(left, right):
    def grams(text):
        bare = normalise(text)
        return {bare[i : i + 3] for i in range(max(1, len(bare) - 2))} - {""}

    left, right = grams(left), grams(right)
    return len(left & right) / len(left | right) if left | right else 0.0


def test_only_what_is_said_counts():
    assert normalise("  什么是 Newton's 第一定律？\n") == "什么是newtons第一定律"


TEXTS = ["What is inertia?", "what is inertia", "什么是惯性？", "什么是惯性呢", "F=ma", "ab", ""]


def test_jaccard_is_shared_over_all_3_grams():
    expected = [[naive(left, right) for right in TEXTS] for left in TEXTS]
    assert GramTable(TEXTS).jaccard(TEXTS) == pytest.approx(np.array(expected))


def test_coverage_is_the_share_of_a_text_that_another_holds():
    table = GramTable(["the ball falls down", "nothing alike 123"])
    assert table.coverage(["ball falls", "xyz"]).tolist() == [[1.0, 0.0], [0.0, 0.0]]


def test_hits_tell_which_grams_a_text_holds():
    assert GramTable(["abcd", "bcd"]).hits("abcdz").tolist() == [[True, True, False], [False, True, False]]


def test_best_matches_name_the_nearest():
    scores, places = best_matches(["什么是惯性呢", "全不相干"], ["光", "什么是惯性？"])
    assert scores.tolist() == pytest.approx([0.75, 0.0])
    assert places[0] == 1


def test_near_pairs_are_listed_once():
    assert near_pairs(["what is inertia", "x", "What is inertia?", "what is inertia!"], 0.8) == [
        (0, 2),
        (0, 3),
        (2, 3),
    ]


def test_nothing_is_like_nothing():
    assert near_pairs([], 0.8) == []
    assert best_matches([], ["a"])[0].tolist() == []
