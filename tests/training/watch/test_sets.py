"""The sets that a training looks at besides its own rows."""

import pyarrow as pa

from ta_pipeline.training.watch.sets import evaluated_sets, general_apart

ROWS = pa.table(
    {
        "split": ["train", "train", "validation", "validation", "test"],
        "origin": ["course", "public:alpaca", "course", "public:alpaca", "public:alpaca"],
        "id": ["a", "b", "c", "d", "e"],
    }
)


def test_only_validation_rows_of_public_sets_are_general():
    rows = general_apart(ROWS)
    assert rows.column("split").to_pylist() == ["train", "train", "validation", "general", "test"]
    assert rows.column("id").to_pylist() == ["a", "b", "c", "d", "e"]


def test_each_set_that_has_rows_is_evaluated_by_itself():
    sets = evaluated_sets(general_apart(ROWS))
    assert {name: table.column("id").to_pylist() for name, table in sets.items()} == {
        "validation": ["c"],
        "general": ["d"],
    }
    assert evaluated_sets(ROWS.slice(0, 2)) == {}
