"""Only a whole checkpoint is gone on from, and a save that is cut off leaves the one before it."""

import json
import os

import pytest

from ta_pipeline.training import checkpoints
from ta_pipeline.training.checkpoints import clear_leftovers, fault_of, newest, publish, replace_text, rotate

RUN = {"seed": 7}


def written(folder, step):
    """Write a checkpoint aside, as the trainer does."""
    path = folder / ".saving" / f"checkpoint-{step}"
    (path / "global_step").mkdir(parents=True)
    (path / "model.safetensors").write_bytes(b"x" * step)
    (path / "global_step" / "shard.pt").write_bytes(b"s")
    return path


def published(folder, step):
    return publish(written(folder, step), folder, step, RUN)


def test_the_newest_checkpoint_is_taken_by_number_not_by_name(tmp_path):
    published(tmp_path, 90)
    hundred = published(tmp_path, 100)
    found = newest(tmp_path)
    assert (found.path, found.step, found.run) == (hundred, 100, RUN)


def test_the_manifest_has_size_and_hash_of_every_file(tmp_path):
    manifest = json.loads((published(tmp_path, 3) / "ta_checkpoint.json").read_text())
    assert manifest["step"] == 3
    assert manifest["run"] == RUN
    assert manifest["files"] == {
        "global_step/shard.pt": {
            "bytes": 1,
            "sha256": "043a718774c572bd8a25adbeb1bfcd5c0256ae11cecf9f9c3f925d0e52beaf89",
        },
        "model.safetensors": {
            "bytes": 3,
            "sha256": "cd2eb0837c9b4c962c22d2ff8b5441b7b45805887f051d39bf133b583baf6860",
        },
    }


def test_latest_names_the_newest(tmp_path):
    published(tmp_path, 90)
    published(tmp_path, 100)
    assert (tmp_path / "LATEST").read_text() == "checkpoint-100\n"
    assert not (tmp_path / ".saving").exists()


@pytest.mark.parametrize("cut", ["fsync", "rename", "replace"])
def test_a_save_cut_off_anywhere_leaves_a_checkpoint_to_go_on_from(tmp_path, monkeypatch, cut):
    published(tmp_path, 10)
    half = written(tmp_path, 20)

    def die(*args):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        if cut == "fsync":
            patch.setattr(os, "fsync", die)
        else:
            patch.setattr(checkpoints.Path, cut, die)
        with pytest.raises(KeyboardInterrupt):
            publish(half, tmp_path, 20, RUN)
    # the last thing is the pointer: by then the checkpoint itself is there
    assert newest(tmp_path).step == (20 if cut == "replace" else 10)
    assert (tmp_path / "LATEST").read_text() == "checkpoint-10\n"


def bend(path):
    (path / "model.safetensors").write_bytes(b"y" * 20)


def shorten(path):
    (path / "model.safetensors").write_bytes(b"x")


def lose(path):
    (path / "global_step" / "shard.pt").unlink()


def unfinish(path):
    (path / "ta_checkpoint.json").unlink()


def cut_manifest(path):
    (path / "ta_checkpoint.json").write_text('{"step": 20, "fil')


@pytest.mark.parametrize(
    ("harm", "fault"),
    [
        (bend, "the bytes of model.safetensors are not those that were written"),
        (shorten, "model.safetensors has 1 bytes instead of 20"),
        (lose, "global_step/shard.pt is missing"),
        (unfinish, "it has no manifest ta_checkpoint.json that can be read, so it was never finished"),
        (cut_manifest, "it has no manifest ta_checkpoint.json that can be read, so it was never finished"),
    ],
)
def test_a_bent_checkpoint_is_passed_over_with_a_warning_that_names_it(tmp_path, caplog, harm, fault):
    whole = published(tmp_path, 10)
    broken = published(tmp_path, 20)
    harm(broken)
    assert fault_of(broken) == fault
    assert newest(tmp_path).path == whole
    assert f"{broken} is passed over: {fault}" in caplog.text


def test_no_checkpoint_is_no_error(tmp_path):
    assert newest(tmp_path) is None
    assert newest(tmp_path / "nothing") is None


def test_a_step_that_is_come_to_again_replaces_its_checkpoint(tmp_path):
    (published(tmp_path, 10) / "model.safetensors").write_bytes(b"bent")
    published(tmp_path, 10)
    assert newest(tmp_path).step == 10


def test_rotation_keeps_the_newest_and_the_best(tmp_path):
    for step in (5, 10, 15, 20):
        published(tmp_path, step)
    rotate(tmp_path, 2, best=tmp_path / "checkpoint-5")
    assert sorted(path.name for path in tmp_path.glob("checkpoint-*")) == [
        "checkpoint-15",
        "checkpoint-20",
        "checkpoint-5",
    ]


def test_what_a_killed_save_left_is_cleared_away_and_no_more(tmp_path):
    whole = published(tmp_path, 10)
    written(tmp_path, 20)
    clear_leftovers(tmp_path)
    assert [path for path in tmp_path.iterdir() if path.is_dir()] == [whole]


def test_a_pointer_is_replaced_whole(tmp_path):
    replace_text(tmp_path / "LATEST", "a\n")
    replace_text(tmp_path / "LATEST", "b\n")
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {"LATEST": "b\n"}
