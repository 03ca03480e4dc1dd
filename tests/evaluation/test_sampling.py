"""The sample of questions is stratified, fixed, and nested."""

import pyarrow as pa

from ta_pipeline.evaluation.sampling import stratified_sample
from ta_pipeline.records import QUESTION


def questions(counts):
    rows = [
        {"id": f"{kind}-{language}-{i}", "kind": kind, "language": language, "held_out": False}
        for (kind, language), n in counts.items()
        for i in range(n)
    ]
    return pa.Table.from_pylist(rows, QUESTION)


TABLE = questions({("fact", "zh"): 40, ("fact", "en"): 40, ("refusal", "zh"): 20})


def kinds(table):
    return sorted(zip(table.column("kind").to_pylist(), table.column("language").to_pylist(), strict=True))


def test_every_stratum_has_its_share():
    taken = kinds(stratified_sample(TABLE, 10, seed=1))
    assert taken == [("fact", "en")] * 4 + [("fact", "zh")] * 4 + [("refusal", "zh")] * 2


def test_a_smaller_sample_is_part_of_a_larger_one():
    small = set(stratified_sample(TABLE, 7, seed=1).column("id").to_pylist())
    large = set(stratified_sample(TABLE, 31, seed=1).column("id").to_pylist())
    assert small < large


def test_no_limit_or_a_large_one_takes_all_in_order():
    assert stratified_sample(TABLE, None, seed=1).equals(TABLE)
    assert stratified_sample(TABLE, 1000, seed=1).equals(TABLE)


def test_the_seed_decides():
    assert stratified_sample(TABLE, 9, seed=1).equals(stratified_sample(TABLE, 9, seed=1))
    assert not stratified_sample(TABLE, 9, seed=1).equals(stratified_sample(TABLE, 9, seed=2))


def test_the_order_of_the_questions_does_not_decide():
    shuffled = TABLE.take(list(range(TABLE.num_rows))[::-1])
    one = set(stratified_sample(TABLE, 9, seed=1).column("id").to_pylist())
    assert set(stratified_sample(shuffled, 9, seed=1).column("id").to_pylist()) == one


def test_a_limit_of_nothing_takes_nothing():
    assert stratified_sample(TABLE, 0, seed=1).num_rows == 0
