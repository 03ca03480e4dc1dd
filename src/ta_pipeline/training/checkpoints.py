"""Which checkpoint a killed run may go on from.

transformers writes straight into `checkpoint-N` and resumes from the highest number without looking inside,
so a kill during a save would break the resume. A checkpoint counts here only when the manifest that is
written after it lists the files it has.
"""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

_MANIFEST = "ta_checkpoint.json"


def seal(checkpoint: Path) -> None:
    """Write the manifest of a checkpoint that has just been saved: the size of every file."""
    sizes = {
        file.relative_to(checkpoint).as_posix(): file.stat().st_size
        for file in sorted(checkpoint.rglob("*"))
        if file.is_file() and file.name != _MANIFEST
    }
    temporary = checkpoint / f".{_MANIFEST}"
    temporary.write_text(json.dumps(sizes, indent=1), "utf-8")
    os.replace(temporary, checkpoint / _MANIFEST)


def is_sealed(checkpoint: Path) -> bool:
    """Tell whether a checkpoint is whole."""
    try:
        sizes = json.loads((checkpoint / _MANIFEST).read_text("utf-8"))
    except (OSError, ValueError):
        return False
    return all(
        (checkpoint / name).is_file() and (checkpoint / name).stat().st_size == size
        for name, size in sizes.items()
    )


def newest(folder: Path) -> Path | None:
    """Return the newest whole checkpoint, and take away the broken ones; None where there is none."""
    found = sorted(folder.glob("checkpoint-*"), key=lambda path: int(path.name.rsplit("-", 1)[1]))
    for path in [path for path in found if not is_sealed(path)]:
        shutil.rmtree(path)
        found.remove(path)
    return found[-1] if found else None
