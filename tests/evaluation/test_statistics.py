import numpy as np
import pytest

from ta_pipeline.evaluation import statistics
from ta_pipeline.evaluation.statistics import Interval


def test_a_constant_has_an_interval_of_no_width():
    rows = statistics.counted(np.full(10, 0.25))
    assert statistics.bootstrap(rows, statistics.mean, 200, seed=1) == Interval(0.25, 0.25, 0.25, 10)


def test_the_interval_of_a_mean_is_near_its_normal_approximation():
    values = np.arange(100) % 2  # mean 0.5, standard error 0.05
    found = statistics.bootstrap(statistics.counted(values), statistics.mean, 4000, seed=1)
    assert found.value == 0.5
    assert found.low == pytest.approx(0.402, abs=0.011)
    assert found.high == pytest.approx(0.598, abs=0.011)


def test_the_same_seed_gives_the_same_interval_and_another_seed_another():
    rows = statistics.counted(np.arange(20.0))
    first, again, other = (statistics.bootstrap(rows, statistics.mean, 300, seed) for seed in (3, 3, 4))
    assert first == again
    assert first != other


def test_a_ratio_is_the_ratio_of_sums_not_the_mean_of_ratios():
    rows = np.asarray([[1.0, 1.0], [1.0, 3.0]])
    assert statistics.bootstrap(rows, statistics.mean, 100, seed=1).value == 0.5


def test_f1_is_built_from_hits_and_misses():
    rows = np.asarray([[1, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1], [0, 0, 0]], dtype=float)
    assert statistics.bootstrap(rows, statistics.f1, 100, seed=1).value == pytest.approx(2 / 3)


def test_a_metric_without_a_single_case_is_not_a_number():
    nothing = np.zeros((4, 3))
    assert np.isnan(statistics.bootstrap(nothing, statistics.f1, 100, seed=1).value)


def test_pairing_removes_what_both_share():
    easy_and_hard = np.asarray([0.0, 10.0] * 20)
    a, b = statistics.counted(easy_and_hard + 1), statistics.counted(easy_and_hard)
    assert statistics.bootstrap_difference(a, b, statistics.mean, 300, seed=1) == Interval(1.0, 1.0, 1.0, 40)


def test_a_paired_f1_difference_is_recomputed_on_every_resample():
    should = np.asarray([True] * 10 + [False] * 10)
    never, always = np.zeros(20, dtype=bool), np.ones(20, dtype=bool)

    def rows(refused):
        return np.column_stack([refused & should, refused & ~should, ~refused & should]).astype(float)

    found = statistics.bootstrap_difference(rows(always), rows(never), statistics.f1, 1000, seed=1)
    assert found.value == pytest.approx(2 / 3)
    assert 0.35 < found.low < 0.55
    assert 0.75 < found.high < 0.9


def test_pairs_of_different_length_are_refused():
    with pytest.raises(ValueError, match="differ in shape"):
        statistics.bootstrap_difference(np.ones((2, 2)), np.ones((3, 2)), statistics.mean, 100, seed=1)


@pytest.mark.parametrize(
    ("only_a", "only_b", "p"),
    [(0, 0, 1.0), (5, 5, 1.0), (0, 6, 2 / 2**6), (1, 9, 2 * 11 / 2**10), (9, 1, 2 * 11 / 2**10)],
)
def test_mcnemar_is_the_two_sided_sign_test_of_the_discordant_pairs(only_a, only_b, p):
    assert statistics.mcnemar_exact(only_a, only_b) == pytest.approx(p)


def test_a_large_benchmark_is_drawn_in_blocks_of_bounded_size(monkeypatch):
    monkeypatch.setattr(statistics, "_CELLS", 50)
    blocks = [draw.shape for draw in statistics._draws(20, 5, seed=1)]
    assert blocks == [(2, 20), (2, 20), (1, 20)]
