"""What an earlier run left is used, and changes nothing but the work."""

import random

import pyarrow.parquet as pq
import pytest

from ta_pipeline.params import DedupParams
from ta_pipeline.text.duplicates import corpus, find_copies
from ta_pipeline.text.duplicates.store import SIGNATURES, find_copies_again

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
def test_a_new_copy_goes_and_what_was_in_stays_whatever_the_order(dedup):
    _, memory = again([essay(0), essay(1)], dedup=dedup)
    texts = [near(essay(1)), essay(0), essay(1), essay(2), near(essay(2))]
    copies, memory = again(texts, memory, dedup)
    assert [(copy.index, copy.kept, copy.exact) for copy in copies] == [(0, 2, False), (4, 3, False)]


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
