"""List the files of a source folder, in an order that does not depend on the disk."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ta_pipeline.sources.drafts import WHOLE_FILE, Fault

#: An exam that lies among a course's files: `compose` asks it, and nothing of it is learned.
EXAM = "eval/benchmark.jsonl"


@dataclass(frozen=True)
class SourceFile:
    """A file, its path below the folder with forward slashes, and why it must not be read, if so."""

    path: Path
    name: str
    fault: Fault | None = None


def list_files(folder: Path) -> list[SourceFile]:
    """Return every file below `folder` by name; hidden ones are left out.

    A link is followed only to a file inside the folder: one that leads out could hand anything on
    the machine to training. Linked folders inside are left out, their files stand in their own place.
    A folder that is not there has no files.
    """
    if not folder.is_dir():
        return []
    return sorted(_walk(folder, folder.resolve()), key=lambda file: file.name)


def _walk(folder: Path, root: Path) -> Iterator[SourceFile]:
    errors: list[OSError] = []
    for place, folders, files in os.walk(folder, onerror=errors.append):
        folders[:] = [name for name in folders if not name.startswith(".")]
        linked = [name for name in folders if (Path(place) / name).is_symlink()]
        for name in [*files, *linked]:
            path = Path(place) / name
            leads_out = path.is_symlink() and not _target(path).is_relative_to(root)
            if not name.startswith(".") and (leads_out or name not in linked):
                yield SourceFile(path, _below(path, folder), _outside() if leads_out else None)
    for error in errors:
        path = Path(os.fsdecode(error.filename))
        fault = Fault(WHOLE_FILE, "unreadable", f"the folder cannot be listed: {error.strerror}")
        yield SourceFile(path, _below(path, folder), fault)


def _target(link: Path) -> Path:
    """Follow a link; one that leads in a circle leads nowhere, so it stays where it is."""
    try:
        return link.resolve()
    except (OSError, RuntimeError):
        return link.parent.resolve() / link.name


def _below(path: Path, folder: Path) -> str:
    # A file name that is no UTF-8 cannot stand in a table: its bytes are written as \xNN.
    name = os.fsencode(path.relative_to(folder).as_posix()).decode("utf-8", errors="backslashreplace")
    return on_one_line(name)


def on_one_line(name: str) -> str:
    """Write control characters of a file name, such as a line break, as \\xNN."""
    return re.sub(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]", lambda found: f"\\x{ord(found[0]):02x}", name)


def _outside() -> Fault:
    return Fault(WHOLE_FILE, "outside_folder", "a link that leads out of the folder; copy what it points to")
