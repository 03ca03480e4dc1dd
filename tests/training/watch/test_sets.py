"""The sets that a training looks at besides its own rows."""

from types import SimpleNamespace

import pyarrow as pa
import pytest

from ta_pipeline.params import EarlyStopping
from ta_pipeline.records import InputError
from ta_pipeline.training.watch.sets import check_evaluated, evaluated_sets, general_apart

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


def test_a_training_that_is_to_look_at_rows_it_does_not_have_is_refused_with_the_cure():
    asked = SimpleNamespace(eval_every=5, early_stopping=EarlyStopping())
    check_evaluated("sft", asked, ROWS)
    with pytest.raises(InputError, match=r"sft\.eval_every=5 looks at validation rows.*validation_share"):
        check_evaluated("sft", asked, ROWS.slice(0, 2))
    asked = SimpleNamespace(eval_every=5, early_stopping=EarlyStopping(metric="benchmark_score"))
    with pytest.raises(InputError, match="metric=benchmark_score looks at benchmark rows.*validation_loss"):
        check_evaluated("dpo", asked, ROWS)
    check_evaluated("sft", SimpleNamespace(eval_every=None, early_stopping=None), ROWS.slice(0, 2))
