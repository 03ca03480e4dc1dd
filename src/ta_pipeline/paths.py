"""Where outputs, logs and cached models go: `OUT_BASE`, `LOG_DIR`, `HF_HOME` and `out` of globals.yml."""

from __future__ import annotations

import os
from pathlib import Path

_DEFAULT = "data"
_configured = _DEFAULT  # what the environment of this process's latest session says


def choose_out_base(default: str = _DEFAULT) -> str:
    """Pick the folder of all outputs: `OUT_BASE` where it is set, else `default`.

    Configuration calls this as `${out_base:FOLDER}`; `out` in globals.yml is where it does.
    """
    return os.environ.get("OUT_BASE") or default


def follow_configuration(out: str) -> None:
    """Have `out_base` agree with `out` of the globals.yml that the catalog is made from."""
    global _configured  # noqa: PLW0603  (nodes and logs of one process follow its session)
    _configured = out


def out_base() -> Path:
    """Folder of all outputs: `OUT_BASE`, else what the environment says (`data/test` for test), or `data`."""
    return Path(choose_out_base(_configured))


def log_dir() -> Path:
    """Folder of the logs of trainers and converters: `LOG_DIR`, else `logs` among the outputs."""
    path = Path(os.environ.get("LOG_DIR") or out_base() / "logs")
    path.mkdir(parents=True, exist_ok=True)
    return path


def work_dir() -> Path:
    """Folder for work in progress, on the same disk as the outputs so that a rename is enough."""
    path = out_base() / "tmp"
    path.mkdir(parents=True, exist_ok=True)
    return path


def model_cache() -> Path:
    """Folder of base models made or fetched once: below `HF_HOME`, `OUT_BASE` or the user's cache."""
    if hf_home := os.environ.get("HF_HOME"):
        path = Path(hf_home) / "ta_pipeline"
    elif out := os.environ.get("OUT_BASE"):
        path = Path(out) / "cache"
    else:
        path = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "ta_pipeline"
    path.mkdir(parents=True, exist_ok=True)
    return path


def transcript_cache() -> Path:
    """Folder of what Whisper heard in each recording, among the outputs; hearing it again takes hours."""
    path = out_base() / "cache" / "transcripts"
    path.mkdir(parents=True, exist_ok=True)
    return path


def teacher_cache() -> Path:
    """Folder of what a teacher model answered, among the outputs; asking again costs time and money."""
    path = out_base() / "cache" / "teacher"
    path.mkdir(parents=True, exist_ok=True)
    return path
