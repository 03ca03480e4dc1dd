"""What the last run left is an input; where it left nothing, or nothing legible, there is an empty table."""

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from kedro.io import DatasetError

from ta_pipeline.datasets import RememberedDataset


def test_what_was_left_is_read(tmp_path):
    rows = pa.table({"digest": [b"a", b"b"]})
    pq.write_table(rows, tmp_path / "memory.parquet")
    assert RememberedDataset(str(tmp_path / "memory.parquet")).load().equals(rows)


def test_nothing_left_is_an_empty_table(tmp_path):
    assert RememberedDataset(str(tmp_path / "memory.parquet")).load().num_rows == 0


def test_what_cannot_be_read_is_forgotten(tmp_path, caplog):
    (tmp_path / "memory.parquet").write_bytes(b"PAR1 cut short")
    assert RememberedDataset(str(tmp_path / "memory.parquet")).load().num_rows == 0
    assert "memory.parquet cannot be read" in caplog.text


def test_it_is_never_written_by_this_entry(tmp_path):
    with pytest.raises(DatasetError, match="only read"):
        RememberedDataset(str(tmp_path / "memory.parquet")).save(pa.table({}))
