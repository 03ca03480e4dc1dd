"""What the last run left is an input; where it left nothing, or nothing whole, there is an empty table."""

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from kedro.io import DatasetError

from ta_pipeline.datasets import RememberedDataset
from ta_pipeline.datasets.manifest import manifest_path, write_manifest

ROWS = pa.table({"digest": [b"a", b"b"]})


@pytest.fixture
def left(tmp_path):
    path = tmp_path / "memory.parquet"
    pq.write_table(ROWS, path)
    write_manifest(path)
    return path


def test_what_was_left_is_read(left):
    assert RememberedDataset(str(left)).load().equals(ROWS)


def test_nothing_left_is_an_empty_table(tmp_path):
    assert RememberedDataset(str(tmp_path / "memory.parquet")).load().num_rows == 0


def test_a_file_without_a_manifest_was_never_finished(left, caplog):
    manifest_path(left).unlink()
    assert RememberedDataset(str(left)).load().num_rows == 0
    assert caplog.text == ""


@pytest.mark.parametrize("content", [b"PAR1 cut short", b""])
def test_a_file_that_is_not_what_its_manifest_describes_is_forgotten(left, caplog, content):
    left.write_bytes(content)
    assert RememberedDataset(str(left)).load().num_rows == 0
    assert "memory.parquet cannot be used (it is not what its manifest describes)" in caplog.text


def test_what_no_reader_understands_is_forgotten(left, caplog):
    left.write_bytes(b"PAR1 of another kind")
    write_manifest(left)
    assert RememberedDataset(str(left)).load().num_rows == 0
    assert "memory.parquet cannot be used" in caplog.text


def test_it_is_never_written_by_this_entry(left):
    with pytest.raises(DatasetError, match="only read"):
        RememberedDataset(str(left)).save(ROWS)
