"""Manifests: what an output is made of, so that a half-written or foreign file is never taken for one.

A manifest stands beside its output as `<name>.manifest.json` and is written last. An output without
one, or whose bytes differ from it, does not exist for the pipeline.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from contextvars import ContextVar
from pathlib import Path
from typing import Any

SUFFIX = ".manifest.json"

#: What the running node knows of itself (name, parameters, inputs, code), set by the project's hooks.
lineage: ContextVar[dict[str, Any] | None] = ContextVar("lineage", default=None)


def sha256_file(path: Path) -> str:
    """Hash a file's bytes."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def sha256_tree(path: Path) -> tuple[str, dict[str, str]]:
    """Hash a file or a folder: one digest for all, and one for every file below it."""
    if path.is_file():
        return sha256_file(path), {}
    files = {p.relative_to(path).as_posix(): sha256_file(p) for p in sorted(path.rglob("*")) if p.is_file()}
    whole = hashlib.sha256("".join(f"{name}\0{digest}\n" for name, digest in files.items()).encode())
    return whole.hexdigest(), files


def size_of(path: Path) -> int:
    """Add up the bytes of a file or of all files below a folder."""
    if path.is_file():
        return path.stat().st_size
    return sum(p.stat().st_size for p in path.rglob("*") if p.is_file())


def manifest_path(path: Path) -> Path:
    """Say where the manifest of an output stands."""
    return path.with_name(path.name + SUFFIX)


def is_complete(path: Path) -> bool:
    """Tell whether an output and its manifest are both there (its bytes are checked on loading)."""
    return path.exists() and manifest_path(path).exists()


def write_manifest(path: Path, **facts: Any) -> dict[str, Any]:
    """Describe a finished output and write that beside it, atomically."""
    digest, files = sha256_tree(path)
    manifest: dict[str, Any] = {"sha256": digest, "bytes": size_of(path), **facts}
    if files:
        manifest["files"] = files
    if (made_by := lineage.get()) is not None:
        manifest["made_by"] = made_by
    target = manifest_path(path)
    temporary = target.with_name(f".{target.name}.{os.getpid()}")
    temporary.write_text(json.dumps(manifest, indent=1, ensure_ascii=False, default=str), "utf-8")
    os.replace(temporary, target)
    return manifest


def read_manifest(path: Path) -> dict[str, Any]:
    """Read the manifest of an output."""
    result: dict[str, Any] = json.loads(manifest_path(path).read_text("utf-8"))
    return result


def changed_since_manifest(path: Path) -> bool:
    """Tell whether an output's bytes are no longer those its manifest describes."""
    return bool(read_manifest(path)["sha256"] != sha256_tree(path)[0])


def remove(path: Path) -> None:
    """Take away a file or a folder, if it is there."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def flush(path: Path) -> None:
    """Have the operating system write a file, or all files of a folder, to the disk."""
    for file in [path] if path.is_file() else [p for p in path.rglob("*") if p.is_file()]:
        descriptor = os.open(file, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
