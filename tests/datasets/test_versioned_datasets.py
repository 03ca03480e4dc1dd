"""Outputs are whole, described and versioned, or they are not there."""

import errno
import json
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from kedro.io import DatasetError, Version

from ta_pipeline.datasets import AtomicDataset, FolderDataset, SourceFolderDataset
from ta_pipeline.datasets.manifest import lineage, manifest_path, read_manifest
from ta_pipeline.errors import explain
from ta_pipeline.records import MESSAGE

PARQUET = {"type": "pandas.ParquetDataset", "load_args": {"dtype_backend": "pyarrow"}}
TABLE = pa.table({"id": ["a", "b"], "turns": [[{"role": "user"}], []]})


def rows(path, version=None, keep=None):
    return AtomicDataset(str(path), PARQUET, rows="arrow", version=version, keep_versions=keep)


def folder_with(tmp_path, text):
    made = tmp_path / "made"
    made.mkdir()
    (made / "weights.safetensors").write_text(text)
    return made


def test_arrow_rows_come_back_as_they_went_in(tmp_path):
    dataset = rows(tmp_path / "rows.parquet")
    dataset.save(TABLE)
    assert dataset.load().equals(TABLE)


def test_empty_tables_keep_their_schema(tmp_path):
    dataset = rows(tmp_path / "rows.parquet")
    dataset.save(TABLE.slice(0, 0))
    assert dataset.load().schema.equals(TABLE.schema)


NESTED = pa.table(
    {
        "ids": pa.array([[1, 2], None], pa.list_(pa.int32())),
        "turns": pa.array([[{"role": "user", "content": "why?"}], []], pa.list_(MESSAGE)),
        "page": pa.array([3, None], pa.int32()),
    }
).replace_schema_metadata({"pandas": "{}", "note": "of a frame"})


def test_a_parquet_file_has_the_schema_of_its_rows_and_nothing_else(tmp_path):
    rows(tmp_path / "rows.parquet").save(NESTED)
    schema = pq.read_schema(tmp_path / "rows.parquet")
    assert schema.metadata is None
    assert schema.equals(NESTED.schema, check_metadata=False)


def test_plain_pandas_reads_every_file_of_rows(tmp_path):
    feather = {"type": "pandas.FeatherDataset", "save_args": {"compression": "uncompressed"}}
    AtomicDataset(str(tmp_path / "rows.arrow"), feather, rows="arrow").save(NESTED)
    rows(tmp_path / "rows.parquet").save(NESTED)
    for frame in (pd.read_parquet(tmp_path / "rows.parquet"), pd.read_feather(tmp_path / "rows.arrow")):
        assert list(frame["ids"][0]) == [1, 2]
        assert list(frame["turns"][0]) == [{"role": "user", "content": "why?"}]
        assert frame["page"].isna().to_list() == [False, True]


def test_the_same_rows_give_the_same_bytes(tmp_path):
    first, second = rows(tmp_path / "a.parquet"), rows(tmp_path / "b.parquet")
    first.save(TABLE)
    second.save(TABLE)
    assert first.manifest()["sha256"] == second.manifest()["sha256"]


def test_the_manifest_describes_rows_schema_and_what_made_them(tmp_path):
    token = lineage.set({"node": "n", "inputs": {"documents": "abc"}})
    try:
        rows(tmp_path / "rows.parquet").save(TABLE)
    finally:
        lineage.reset(token)
    manifest = read_manifest(tmp_path / "rows.parquet")
    assert manifest["rows"] == 2
    assert manifest["schema"]["id"] == "string"
    assert manifest["bytes"] == (tmp_path / "rows.parquet").stat().st_size
    assert manifest["made_by"] == {"node": "n", "inputs": {"documents": "abc"}}


def test_an_output_without_its_manifest_does_not_exist(tmp_path):
    dataset = rows(tmp_path / "rows.parquet")
    dataset.save(TABLE)
    manifest_path(tmp_path / "rows.parquet").unlink()
    assert not dataset.exists()
    with pytest.raises(DatasetError, match="never finished"):
        dataset.load()


def test_an_output_changed_afterwards_is_refused(tmp_path):
    dataset = rows(tmp_path / "rows.parquet")
    dataset.save(TABLE)
    pd.DataFrame({"id": ["forged"]}).to_parquet(tmp_path / "rows.parquet")
    with pytest.raises(DatasetError, match="not what its manifest describes"):
        dataset.load()


def test_a_failed_save_leaves_nothing_and_the_old_output_whole(tmp_path, monkeypatch):
    dataset = AtomicDataset(str(tmp_path / "x.json"), {"type": "json.JSONDataset"})
    dataset.save({"kept": True})
    with pytest.raises(DatasetError):
        dataset.save({"half": object()})
    assert dataset.load() == {"kept": True}
    assert sorted(p.name for p in tmp_path.iterdir()) == ["x.json", "x.json.manifest.json"]


def test_a_full_disk_leaves_nothing_half_written_and_the_next_save_goes_on(tmp_path, monkeypatch):
    dataset = rows(tmp_path / "rows.parquet")

    def full(descriptor):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("ta_pipeline.datasets.manifest.os.fsync", full)
        with pytest.raises(DatasetError) as caught:
            dataset.save(TABLE)
    assert "the disk is full" in explain(caught.value)
    assert list(tmp_path.iterdir()) == []
    dataset.save(TABLE)
    assert dataset.load().equals(TABLE)


def test_a_failed_first_version_leaves_no_folder_that_looks_like_one(tmp_path):
    dataset = AtomicDataset(
        str(tmp_path / "x.json"), {"type": "json.JSONDataset"}, version=Version(None, "v1")
    )
    with pytest.raises(DatasetError):
        dataset.save({"half": object()})
    assert not (tmp_path / "x.json" / "v1").exists()


def test_an_older_version_can_be_loaded(tmp_path):
    for name in ("v1", "v2"):
        rows(tmp_path / "rows.parquet", Version(None, name)).save(TABLE.slice(0, 1 if name == "v1" else 2))
    assert rows(tmp_path / "rows.parquet", Version(None, None)).load().num_rows == 2
    assert rows(tmp_path / "rows.parquet", Version("v1", None)).load().num_rows == 1


def test_only_the_newest_versions_are_kept(tmp_path):
    for name in ("v1", "v2", "v3"):
        rows(tmp_path / "rows.parquet", Version(None, name), keep=2).save(TABLE)
    assert sorted(p.name for p in (tmp_path / "rows.parquet").iterdir()) == ["v2", "v3"]


def test_a_folder_is_moved_into_place_with_a_hash_for_every_file(tmp_path):
    dataset = FolderDataset(str(tmp_path / "adapter"), version=Version(None, "v1"))
    dataset.save(folder_with(tmp_path, "weights"))
    assert (dataset.load() / "weights.safetensors").read_text() == "weights"
    assert not (tmp_path / "made").exists()
    manifest = json.loads((tmp_path / "adapter/v1/adapter.manifest.json").read_text())
    assert list(manifest["files"]) == ["weights.safetensors"]


def test_an_unversioned_folder_is_replaced_whole(tmp_path):
    dataset = FolderDataset(str(tmp_path / "merged"))
    dataset.save(folder_with(tmp_path, "old"))
    dataset.save(folder_with(tmp_path, "new"))
    assert [p.read_text() for p in dataset.load().iterdir()] == ["new"]


def test_a_missing_source_folder_names_the_cure(tmp_path):
    with pytest.raises(DatasetError, match="ta new-course physics"):
        SourceFolderDataset(str(tmp_path / "physics")).load()


def test_an_optional_source_folder_may_be_missing(tmp_path):
    assert SourceFolderDataset(str(tmp_path / "public"), required=False).load() == tmp_path / "public"


def test_source_folders_are_never_written(tmp_path):
    with pytest.raises(DatasetError, match="read-only"):
        SourceFolderDataset(str(tmp_path)).save(Path("x"))
