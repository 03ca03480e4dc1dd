"""Only a whole checkpoint is gone on from."""

from ta_pipeline.training.checkpoints import is_sealed, newest, seal


def checkpoint(folder, step, sealed=True):
    path = folder / f"checkpoint-{step}"
    path.mkdir(parents=True)
    (path / "model.safetensors").write_bytes(b"x" * step)
    if sealed:
        seal(path)
    return path


def test_the_newest_whole_checkpoint_is_taken_by_number_not_by_name(tmp_path):
    checkpoint(tmp_path, 90)
    hundred = checkpoint(tmp_path, 100)
    assert newest(tmp_path) == hundred


def test_a_checkpoint_killed_before_its_manifest_is_taken_away(tmp_path):
    whole = checkpoint(tmp_path, 10)
    broken = checkpoint(tmp_path, 20, sealed=False)
    assert newest(tmp_path) == whole
    assert not broken.exists()


def test_a_file_that_shrank_breaks_the_seal(tmp_path):
    path = checkpoint(tmp_path, 10)
    (path / "model.safetensors").write_bytes(b"x")
    assert not is_sealed(path)


def test_no_checkpoint_is_no_error(tmp_path):
    assert newest(tmp_path) is None
