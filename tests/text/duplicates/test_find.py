import random

import pytest

from ta_pipeline.params import DedupParams
from ta_pipeline.text.duplicates import find_copies, jaccard, same_numbers

DEDUP = DedupParams(threshold=0.9, ngram=5, bands=16, rows=8)
WORDS = [
    "force",
    "mass",
    "energy",
    "velocity",
    "gravity",
    "friction",
    "momentum",
    "torque",
    "spring",
    "orbit",
]


def found(*texts, order=None):
    copies = find_copies(texts, order or range(len(texts)), DEDUP)
    return [(copy.index, copy.kept, copy.exact) for copy in copies]


def essay(seed, words=120):
    rng = random.Random(seed)
    return " ".join(rng.choice(WORDS) + rng.choice("abcdefghij") for _ in range(words))


def test_equal_texts_are_exact_copies_whatever_their_white_space():
    assert found("Force  is\na push.", "Force is a push.") == [(1, 0, True)]


def test_one_changed_word_in_a_long_text_is_a_near_copy():
    text = essay(1)
    near = text.replace(text.split()[60], "entirely", 1)
    assert jaccard(text.replace(" ", ""), near.replace(" ", ""), 5) >= 0.9
    assert found(text, near) == [(1, 0, False)]


def test_near_copies_in_chinese_are_found():
    text = (
        "牛顿第二定律指出，物体的加速度与所受合外力成正比，与物体的质量成反比，方向与合外力的方向相同。"
        "质点是忽略形状和大小、只保留质量的点，是一种理想模型，能否看作质点取决于所研究的问题，而不取决于物体。"
    )
    assert found(text, text.replace("理想模型", "理想化模型")) == [(1, 0, False)]


def test_different_texts_stay():
    assert found(*[essay(seed) for seed in range(20)]) == []


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("mass of 3 kg", "mass of 5 kg"),
        ("质量为三千克", "质量为五千克"),
        ("after nineteen seconds", "after twenty seconds"),
        ("where $F = ma$ holds", "where $F = mg$ holds"),
        ("the area is x² here", "the area is x³ here"),
        ("take v as given", "take u as given"),
        ("an angle of 30° up", "an angle of 60° up"),
        ("use sin of it", "use cos of it"),
    ],
)
def test_drills_that_differ_in_a_number_or_formula_only_both_stay(first, second):
    text = essay(2, words=200)
    assert jaccard(f"{text}{first}".replace(" ", ""), f"{text}{second}".replace(" ", ""), 5) >= 0.9
    assert found(f"{text} {first}", f"{text} {second}") == []


def test_wording_is_no_number():
    assert same_numbers("一样的方法，十分简单，a body and I", "同样的方法，非常简单，the body and I")


def test_a_chain_never_drops_a_row_against_a_dropped_row():
    words, other = essay(3, words=200).split(), essay(5).split()
    first = " ".join(words)
    middle = " ".join(other[:8] + words[8:])
    last = " ".join(other[:16] + words[16:])
    plain = [text.replace(" ", "") for text in (first, middle, last)]
    assert jaccard(plain[0], plain[1], 5) >= 0.9
    assert jaccard(plain[1], plain[2], 5) >= 0.9
    assert jaccard(plain[0], plain[2], 5) < 0.9
    assert found(first, middle, last) == [(1, 0, False)]


def test_the_order_says_which_row_stays():
    text = essay(4)
    assert found(text, text, order=[1, 0]) == [(0, 1, True)]


def test_empty_texts_are_no_copies_of_each_other():
    assert found("", " \n", "") == []


def test_shared_numbers_are_compared_in_order():
    assert not same_numbers("from 3 to 5", "from 5 to 3")
    assert same_numbers("from 3 to 5.", "up from 3 until 5")


def test_the_bands_find_nearly_all_copies_at_the_threshold():
    texts = [essay(seed, words=100) for seed in range(150)]
    near = []
    for seed, text in enumerate(texts):
        words = text.split()
        words[seed % 90] = "entirely"
        near.append(" ".join(words))
    assert len(find_copies(texts + near, range(300), DEDUP)) >= 148


def test_the_threshold_is_a_parameter():
    text = essay(6)
    words = text.split()
    other = " ".join(words[:100] + essay(7).split()[:20])
    assert found(text, other) == []
    loose = DedupParams(threshold=0.6, ngram=5, bands=32, rows=4)
    assert [(copy.index, copy.kept) for copy in find_copies([text, other], range(2), loose)] == [(1, 0)]


def crowded(count=40):
    """Make texts of one long beginning: more share a band than are compared pair by pair."""
    beginning = essay(8, words=60)
    return [f"{beginning} {essay(seed, words=2 + seed % 30)}" for seed in range(count)]


def test_a_crowd_gives_the_copies_that_comparing_everything_gives():
    texts = crowded()
    kept, expected = [], []
    for index, text in enumerate(texts):
        shares = [(-jaccard(text, texts[earlier], 5), earlier) for earlier in kept]
        if shares and -min(shares)[0] >= 0.9:
            expected.append((index, min(shares)[1], False))
        else:
            kept.append(index)
    assert 3 < len(kept) < 30
    assert found(*texts) == expected


def test_a_thousand_drills_that_differ_in_their_number_all_stay():
    assert found(*[f"{essay(9)} after {seconds} seconds" for seconds in range(1000)]) == []


def test_a_row_equal_to_a_dropped_near_copy_points_to_the_row_that_stays():
    text = essay(1)
    near = text.replace(text.split()[60], "entirely", 1)
    copies = find_copies([text, near, near], range(3), DEDUP)
    assert [(copy.index, copy.kept, copy.exact) for copy in copies] == [(1, 0, False), (2, 0, False)]
    assert copies[0].similarity == copies[1].similarity == jaccard(text, near, 5)


def test_simhash_is_selectable_and_decided_by_the_same_exact_measure():
    simhash = DEDUP.model_copy(update={"method": "simhash"})
    text = essay(1, words=300)
    texts = [text, text.replace(text.split()[60], "entirely", 1), f"{text} by 3", f"{text} by 5", essay(2)]
    copies = find_copies(texts, range(5), simhash)
    assert [(copy.index, copy.kept, copy.exact) for copy in copies] == [(1, 0, False)]
