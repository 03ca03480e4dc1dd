"""Which rows are proposed as copies of which."""

import numpy as np

from ta_pipeline.text.duplicates.candidates import SMALL, equal_rows, propose, propose_by_distance, suspects


def keys(*rows):
    return np.array(rows, np.uint64)


def test_equal_rows_name_the_first_of_them_and_empty_ones_themselves():
    digests = keys([1, 2], [0, 0], [1, 3], [1, 2], [0, 0])
    assert equal_rows(digests, ~digests.any(axis=1)).tolist() == [0, 1, 2, 0, 4]


def test_only_rows_that_share_a_band_are_suspects():
    assert suspects(keys([1, 9], [2, 9], [3, 7], [1, 5]), np.arange(3)).tolist() == [0, 1]


def test_pairs_share_a_band_and_the_numbers_and_are_named_once():
    table = keys([1, 9], [1, 9], [1, 8], [1, 8])
    found = propose(table, np.arange(4), np.array([5, 5, 5, 6], np.uint64))
    assert found.pairs.tolist() == [[0, 1], [0, 2], [1, 2]]
    assert found.crowds == []


def test_a_large_bucket_becomes_a_crowd_instead_of_all_its_pairs():
    table = keys(*[[7, row] for row in range(SMALL + 1)])
    found = propose(table, np.arange(SMALL + 1), np.zeros(SMALL + 1, np.uint64))
    assert found.pairs.tolist() == []
    assert [crowd.tolist() for crowd in found.crowds] == [list(range(SMALL + 1))]


def test_simhashes_are_paired_by_the_bits_in_which_they_differ():
    values = np.array([0b0000, 0b0001, 0b1111], np.uint64)
    found = propose_by_distance(values, keys([3], [3], [3]), np.arange(3), np.zeros(3, np.uint64), most=3)
    assert found.pairs.tolist() == [[0, 1], [1, 2]]
