"""What an earlier run left is used, and changes nothing but the work."""

import random

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ta_pipeline.params import DedupParams
from ta_pipeline.text.duplicates import corpus, find_copies
from ta_pipeline.text.duplicates.store import SIGNATURES, _longest_rise, find_copies_again

MINHASH = DedupParams(threshold=0.9, ngram=5, bands=16, rows=8)
SIMHASH = MINHASH.model_copy(update={"method": "simhash"})
both_methods = pytest.mark.parametrize("dedup", [MINHASH, SIMHASH], ids=["minhash", "simhash"])


def essay(seed, words=120):
    rng = random.Random(seed)
    return " ".join(
        "".join(rng.choice("etaoinshrdlu") for _ in range(rng.randint(3, 8))) for _ in range(words)
    )


def near(text, place=60):
    words = text.split()
    return " ".join([*words[:place], "entirely", *words[place + 1 :]])


def again(texts, memory=None, dedup=MINHASH, order=None, among="documents"):
    return find_copies_again(texts, order or range(len(texts)), dedup, memory, among)


@pytest.fixture
def signed(monkeypatch):
    """Collect the texts that are signed."""
    seen = []

    def spy(texts, dedup):
        seen.extend(texts)
        return original(texts, dedup)

    original = corpus.sign
    monkeypatch.setattr(corpus, "sign", spy)
    return seen


@both_methods
def test_without_a_memory_the_copies_are_those_of_a_plain_run(dedup):
    texts = [*map(essay, range(8)), near(essay(3)), essay(5), "", near(essay(3), 20)]
    copies, memory = again(texts, dedup=dedup)
    assert copies == find_copies(texts, range(len(texts)), dedup)
    assert [(copy.index, copy.kept, copy.exact) for copy in copies] == [
        (8, 3, False),
        (9, 5, True),
        (11, 3, False),
    ]
    assert memory.schema == SIGNATURES
    assert memory.num_rows == 10


def test_adding_one_document_signs_one(signed):
    texts = [essay(seed) for seed in range(6)]
    _, memory = again(texts)
    assert signed == texts
    signed.clear()
    copies, memory = again([*texts, near(essay(2))], memory)
    assert signed == [near(essay(2))]
    assert [(copy.index, copy.kept) for copy in copies] == [(6, 2)]
    assert memory.num_rows == 7


@both_methods
def test_running_again_over_the_same_texts_changes_nothing_and_signs_nothing(dedup, signed):
    texts = [*map(essay, range(5)), near(essay(1)), essay(4), near(essay(1), 10)]
    copies, memory = again(texts, dedup=dedup)
    signed.clear()
    assert again(texts, memory, dedup) == (copies, memory)
    assert signed == []


@both_methods
def test_a_new_text_that_is_preferred_takes_the_place_of_the_old_one(dedup):
    _, memory = again([essay(0), essay(1), near(essay(1))], dedup=dedup)
    texts = [near(essay(1), 20), essay(0), essay(1), near(essay(1)), essay(2), near(essay(2))]
    copies, memory = again(texts, memory, dedup)
    assert copies == find_copies(texts, range(6), dedup)
    assert [(copy.index, copy.kept, copy.exact) for copy in copies] == [
        (2, 0, False),
        (3, 0, False),
        (5, 4, False),
    ]


def test_texts_that_changed_places_are_judged_anew_but_not_signed_anew(signed):
    texts = [essay(0), near(essay(0)), essay(1)]
    _, memory = again(texts)
    signed.clear()
    copies, _ = again(texts, memory, order=[2, 1, 0])
    assert [(copy.index, copy.kept) for copy in copies] == [(0, 1)]
    assert signed == []


def test_a_copy_comes_back_when_what_it_repeated_is_taken_away():
    _, memory = again([essay(0), near(essay(0)), essay(1)])
    copies, memory = again([near(essay(0)), essay(1)], memory)
    assert copies == []
    assert memory.num_rows == 2


def test_new_texts_with_other_numbers_are_no_copies():
    _, memory = again([f"{essay(0)} in 3 seconds"])
    assert again([f"{essay(0)} in 3 seconds", f"{essay(0)} in 5 seconds"], memory)[0] == []


def test_a_memory_of_other_parameters_is_not_used(signed):
    texts = [essay(0), essay(1)]
    _, memory = again(texts)
    signed.clear()
    again(texts, memory, MINHASH.model_copy(update={"threshold": 0.8}))
    assert signed == texts


def test_a_memory_of_another_group_is_not_used(signed):
    _, memory = again([essay(0)], among="dialogues")
    signed.clear()
    again([essay(0)], memory)
    assert signed == [essay(0)]


def test_a_memory_survives_being_written_and_read(tmp_path, signed):
    texts = [essay(0), near(essay(0)), essay(1)]
    copies, memory = again(texts)
    pq.write_table(memory, tmp_path / "signatures.parquet")
    signed.clear()
    assert again(texts, pq.read_table(tmp_path / "signatures.parquet")) == (copies, memory)
    assert signed == []


def test_a_memory_without_all_its_columns_is_not_used(signed):
    _, memory = again([essay(0)])
    signed.clear()
    again([essay(0)], memory.drop_columns(["place"]))
    again([essay(0)], pa.table({}))
    assert signed == [essay(0), essay(0)]


@pytest.mark.parametrize(
    ("values", "rise"),
    [
        ([], []),
        ([5], [0]),
        ([1, 2, 3], [0, 1, 2]),
        ([9, 1, 2, 3, 0], [1, 2, 3]),
        ([3, 1, 4, 2, 5], [1, 3, 4]),
        ([3, 2, 1], [2]),
    ],
)
def test_what_has_not_moved_is_the_longest_rise(values, rise):
    assert _longest_rise(values) == rise


#: Bands that propose nearly everything, so that short texts make long chains of likenesses.
LOOSE = DedupParams(threshold=0.5, ngram=2, bands=64, rows=2)
LOOSE_SIMHASH = LOOSE.model_copy(update={"method": "simhash"})
CHAIN = st.lists(
    st.builds(
        lambda start, length, number: "abcdefghijklmnopqrstuvwxyz"[start : start + length] + number,
        st.integers(0, 8),
        st.integers(4, 18),
        st.sampled_from(["", "", " 3", " 5"]),
    ),
    max_size=24,
)


@settings(deadline=None, max_examples=150)
@given(CHAIN, st.lists(CHAIN, min_size=1, max_size=3), st.randoms(use_true_random=False))
@pytest.mark.parametrize("dedup", [LOOSE, LOOSE_SIMHASH], ids=["minhash", "simhash"])
def test_whatever_is_added_taken_away_or_moved_a_memory_changes_no_verdict(dedup, texts, more, rng):
    _, memory = again(texts, dedup=dedup)
    for added in more:
        texts = [text for text in texts if rng.random() < 0.8]
        for text in added:
            texts.insert(rng.randint(0, len(texts)), text)
        if texts and rng.random() < 0.3:
            texts.append(texts.pop(rng.randrange(len(texts))))
        expected = again(texts, dedup=dedup)
        assert expected[0] == find_copies(texts, range(len(texts)), dedup)
        copies, memory = again(texts, memory, dedup)
        assert (copies, memory) == expected
