"""Checkpoints on the disk: written aside and renamed, with a manifest, and `LATEST` to point at the newest.

transformers writes straight into `checkpoint-N` and resumes from the highest number without looking inside,
so a kill during a save would break the resume. Here a checkpoint appears under its name only when every file
of it is on the disk, and it counts only while its files are those of its manifest. Nothing here needs torch.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

logger = logging.getLogger(__name__)

MANIFEST = "ta_checkpoint.json"
LATEST = "LATEST"

#: What is being written, and what is being taken away; neither name is ever read as a checkpoint.
ASIDE = ".saving"
_GONE = ".removing"


@dataclass(frozen=True)
class Checkpoint:
    """A checkpoint that is whole: its folder, its optimizer step, and what the run that wrote it is."""

    path: Path
    step: int
    run: dict[str, Any]


def name_of(step: int) -> str:
    """Name the checkpoint of a step, as transformers does."""
    return f"checkpoint-{step}"


def publish(written: Path, folder: Path, step: int, run: dict[str, Any]) -> Path:
    """Give a checkpoint that has been written aside its name below `folder`, and point `LATEST` at it.

    Every file is on the disk, the manifest among them, before the name appears; a crash at any moment leaves
    either the whole checkpoint or none. `run` goes into the manifest.
    """
    _write_manifest(written, step, run)
    flush(written)
    final = folder / name_of(step)
    if final.exists():  # a run that went on from an older one has come here again
        _remove(final)
    written.rename(final)
    if written.parent.name == ASIDE:
        written.parent.rmdir()
    _sync(folder)
    replace_text(folder / LATEST, final.name + "\n")
    return final


def rotate(folder: Path, keep: int, best: Path | None = None) -> None:
    """Take away all but the newest `keep` checkpoints; the best one stays too."""
    for path in _by_step(folder)[keep:]:
        if best is None or path.name != best.name:
            _remove(path)


def newest(folder: Path) -> Checkpoint | None:
    """Return the newest valid checkpoint; each newer one that is not whole is passed over with a warning."""
    for path in _by_step(folder):
        fault = fault_of(path)
        if fault is None:
            manifest = _read_manifest(path)
            return Checkpoint(path, int(manifest["step"]), manifest["run"])
        logger.warning("%s is passed over: %s", path, fault)
    return None


def fault_of(checkpoint: Path) -> str | None:
    """Say what is wrong with a checkpoint, a file missing, shorter or bent; None where it is whole."""
    try:
        files = _read_manifest(checkpoint)["files"]
    except (OSError, ValueError, KeyError, TypeError):
        return f"it has no manifest {MANIFEST} that can be read, so it was never finished"
    for name, expected in files.items():
        file = checkpoint / name
        if not file.is_file():
            return f"{name} is missing"
        if (size := file.stat().st_size) != expected["bytes"]:
            return f"{name} has {size} bytes instead of {expected['bytes']}"
        if _sha256(file) != expected["sha256"]:
            return f"the bytes of {name} are not those that were written"
    return None


def flush(folder: Path) -> None:
    """Have the disk hold every file of a folder, and their names."""
    for path in [*folder.rglob("*"), folder]:
        _sync(path)


def clear_leftovers(folder: Path) -> None:
    """Take away what a killed save or removal has left; only one rank may do this, before it saves."""
    for name in (ASIDE, _GONE):
        shutil.rmtree(folder / name, ignore_errors=True)


def replace_text(path: Path, text: str) -> None:
    """Write a small file so that a reader sees the old or the new text, whenever the power goes."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.write_text(text, "utf-8")
    _sync(temporary)
    temporary.replace(path)
    _sync(path.parent)


def _write_manifest(folder: Path, step: int, run: dict[str, Any]) -> None:
    files = {
        file.relative_to(folder).as_posix(): {"bytes": file.stat().st_size, "sha256": _sha256(file)}
        for file in sorted(folder.rglob("*"))
        if file.is_file() and file != folder / MANIFEST
    }
    manifest = {"step": step, "run": run, "files": files}
    (folder / MANIFEST).write_text(json.dumps(manifest, indent=1, sort_keys=True), "utf-8")


def _read_manifest(checkpoint: Path) -> dict[str, Any]:
    manifest: dict[str, Any] = json.loads((checkpoint / MANIFEST).read_text("utf-8"))
    return manifest


def _by_step(folder: Path) -> list[Path]:
    """List the checkpoints by step, the newest first."""
    found = [path for path in folder.glob("checkpoint-*") if path.name.rpartition("-")[2].isdigit()]
    return sorted(found, key=lambda path: int(path.name.rpartition("-")[2]), reverse=True)


def _remove(checkpoint: Path) -> None:
    """Take a checkpoint away; renamed first, so that a kill leaves no half of it under its name."""
    gone = checkpoint.parent / _GONE
    gone.mkdir(exist_ok=True)
    shutil.rmtree(gone / checkpoint.name, ignore_errors=True)
    checkpoint.rename(gone / checkpoint.name)
    shutil.rmtree(gone, ignore_errors=True)


def _sync(path: Path) -> None:
    """Have the disk hold what was written to a file, or the names in a folder."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
