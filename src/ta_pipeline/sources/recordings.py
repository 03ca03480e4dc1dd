"""Which files are recordings, and which transcript beside a recording stands for it."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

#: Audio and video that `speech.py` transcribes.
RECORDING_SUFFIXES = (
    ".mp3", ".wav", ".m4a", ".aac", ".flac", ".ogg", ".opus", ".mp4", ".m4v", ".mov", ".mkv", ".webm",
)  # fmt: skip
#: What a transcript has after the name of its recording: `.srt`, or `.zh.srt` as players have it.
_OF_TRANSCRIPT = re.compile(r"(?:\.[a-z]{2,3}(?:[-_][a-z]{2,4})?)?\.(?:srt|vtt|ass|ssa)", re.IGNORECASE)


def is_recording(name: str) -> bool:
    """Tell audio and video by the suffix, in any case."""
    return PurePosixPath(name).suffix.lower() in RECORDING_SUFFIXES


def stands_for(transcript: str, recording: str) -> bool:
    """Tell whether a file is a transcript of a recording: the same folder and name, perhaps a language.

    A person wrote or checked it, or could have; what Whisper hears nobody has read.
    """
    stem = recording.removesuffix(PurePosixPath(recording).suffix)
    return transcript.startswith(stem) and _OF_TRANSCRIPT.fullmatch(transcript, len(stem)) is not None
