"""Say how sure a figure is: bootstrap intervals, paired differences, and an exact test for pairs.

Every metric is a function of sums over questions (a mean is total over count, an F1 is built from hits
and misses, BLEU from n-gram counts). So one resampling serves all: draw questions with replacement,
sum their rows, apply the function. Two artefacts are compared on the same draws.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import comb

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
#: Map sums, one row a resample, to the metric: shape (m, k) to (m,). NaN where it is undefined.
Statistic = Callable[[Array], Array]

#: Both tails of a 95 % interval, in percent.
TAILS = (2.5, 97.5)
# Questions times resamples drawn at once; bounds the memory of a large benchmark.
_CELLS = 2_000_000


@dataclass(frozen=True)
class Interval:
    """A figure with its 95 % percentile bootstrap interval and the questions it rests on."""

    value: float
    low: float
    high: float
    n: int


def mean(sums: Array) -> Array:
    """Divide the first column by the second: a mean where the second counts rows, else a ratio."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(sums[:, 1] > 0, sums[:, 0] / sums[:, 1], np.nan)


def f1(sums: Array) -> Array:
    """Compute F1 from sums of (true positives, false positives, false negatives)."""
    hits, denominator = 2 * sums[:, 0], 2 * sums[:, 0] + sums[:, 1] + sums[:, 2]
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(denominator > 0, hits / denominator, np.nan)


def counted(values: Array) -> Array:
    """Put a count of one beside each value: the rows that `mean` takes."""
    return np.column_stack([values, np.ones_like(values)])


def bootstrap(rows: Array, statistic: Statistic, samples: int, seed: int) -> Interval:
    """Return a metric of `rows` (n questions by k sums) with its interval.

    Resamples in which the metric is undefined (no positive drawn) are left out of the interval.
    """
    value = float(statistic(rows.sum(axis=0, keepdims=True))[0])
    drawn = np.concatenate([statistic(rows[draw].sum(axis=1)) for draw in _draws(len(rows), samples, seed)])
    return _interval(value, drawn, len(rows))


def bootstrap_difference(a: Array, b: Array, statistic: Statistic, samples: int, seed: int) -> Interval:
    """Return metric(a) − metric(b) with its interval; row i of both is the same question.

    The metric is recomputed on each resample, so it need not be a mean.
    """
    if a.shape != b.shape:
        raise ValueError(f"paired rows differ in shape: {a.shape} and {b.shape}")
    total = statistic(a.sum(axis=0, keepdims=True)) - statistic(b.sum(axis=0, keepdims=True))
    drawn = np.concatenate(
        [
            statistic(a[draw].sum(axis=1)) - statistic(b[draw].sum(axis=1))
            for draw in _draws(len(a), samples, seed)
        ]
    )
    return _interval(float(total[0]), drawn, len(a))


def mcnemar_exact(only_a: int, only_b: int) -> float:
    """Return the two-sided exact p-value of McNemar's test.

    `only_a` counts questions where the first is right and the second wrong, `only_b` the reverse.
    """
    discordant = only_a + only_b
    if discordant == 0:
        return 1.0
    tail: int = sum(comb(discordant, k) for k in range(min(only_a, only_b) + 1))
    return min(1.0, float(2 * tail / 2**discordant))


def _draws(count: int, samples: int, seed: int) -> Iterator[NDArray[np.intp]]:
    """Yield blocks of resampled row numbers, `samples` rows of `count` in all."""
    random = np.random.default_rng(seed)
    block = max(1, _CELLS // max(count, 1))
    for start in range(0, samples, block):
        yield random.integers(0, count, size=(min(block, samples - start), count))


def _interval(value: float, drawn: Array, count: int) -> Interval:
    defined = drawn[np.isfinite(drawn)]
    if not len(defined):
        return Interval(value, value, value, count)
    low, high = np.percentile(defined, TAILS)
    return Interval(value, float(low), float(high), count)
