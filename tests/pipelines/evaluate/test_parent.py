"""A round that goes on from an adapter is scored beside it."""

import pytest
from kedro.io import DataCatalog

from ta_pipeline.datasets import AtomicDataset
from ta_pipeline.pipelines.evaluate import nodes
from ta_pipeline.records import PREDICTION, REFERENCE_LOSS
from ta_pipeline.training.trained_model import write_record


@pytest.fixture
def adapter(tmp_path):
    (tmp_path / "parent").mkdir()
    (tmp_path / "adapter").mkdir()
    return tmp_path / "adapter"


@pytest.mark.parametrize("started_from", [None, "/gone"])
def test_without_a_parent_there_are_no_rows(adapter, started_from):
    write_record(adapter, {"started_from": started_from})
    predictions, losses = nodes.answer_with_parent(None, None, adapter, None, 7)
    assert predictions == PREDICTION.empty_table()
    assert losses == REFERENCE_LOSS.empty_table()


def test_a_parent_is_asked_what_the_others_are_asked(adapter, monkeypatch):
    from ta_pipeline.evaluation import suite

    write_record(adapter, {"started_from": str(adapter.parent / "parent")})
    monkeypatch.setattr(suite, "answer_and_score", lambda *arguments: arguments)
    asked = nodes.answer_with_parent("questions", "base", adapter, "evaluate", 7)
    assert asked == ("parent", "questions", "base", adapter.parent / "parent", "evaluate", 7)


def test_no_rows_come_back_from_the_catalog_as_they_went(tmp_path):
    """They are stacked with those of the other artefacts, which needs the same columns of the same types."""
    inner = {"type": "pandas.ParquetDataset", "load_args": {"dtype_backend": "pyarrow"}}
    dataset = AtomicDataset(dataset=inner, filepath=str(tmp_path / "x.parquet"), rows="arrow")
    catalog = DataCatalog({"parent_losses": dataset})
    catalog.save("parent_losses", REFERENCE_LOSS.empty_table())
    assert catalog.load("parent_losses").schema.equals(REFERENCE_LOSS)
