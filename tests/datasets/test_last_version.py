"""The newest folder that an earlier run left."""

import pytest
from kedro.io import DatasetError, Version

from ta_pipeline.datasets import FolderDataset, LastVersionDataset


def leave(tmp_path, version, words):
    made = tmp_path / f"made-{version}"
    made.mkdir()
    (made / "weights").write_text(words)
    FolderDataset(str(tmp_path / "adapter"), Version(None, version)).save(made)


def test_before_any_run_there_is_none(tmp_path):
    assert LastVersionDataset(str(tmp_path / "adapter")).load() is None


def test_the_newest_whole_version_is_given(tmp_path):
    leave(tmp_path, "2026-01-01T00.00.00.000Z", "old")
    leave(tmp_path, "2026-01-02T00.00.00.000Z", "new")
    (tmp_path / "adapter" / "2026-01-03T00.00.00.000Z" / "adapter").mkdir(parents=True)  # was never finished
    assert (LastVersionDataset(str(tmp_path / "adapter")).load() / "weights").read_text() == "new"


def test_it_is_only_read(tmp_path):
    with pytest.raises(DatasetError, match="only read"):
        LastVersionDataset(str(tmp_path / "adapter")).save(tmp_path)
