"""Get the sound out of a recording, audio or video, as mono samples on the timeline that a player shows.

Decoding runs in a process of its own (`sound_decoder.py`), because a hostile file may crash or hang it. The
samples lie in a file meanwhile and come in pieces, so that memory does not grow with their length. What is
said in them is the business of `speech.py`.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Samples = NDArray[np.int16]

#: Samples a second, which is what Whisper takes.
RATE = 16_000
_PIECE = 600 * RATE
_LAST_MINUTE = 60 * RATE
#: Decoding takes a hundredth of this; the rest is for a slow disk.
_SECONDS, _SECONDS_PER_MB = 60.0, 0.5


class Unhearable(ValueError):
    """A recording that gives no transcript: a reason to count by, and a detail that says the cure."""

    def __init__(self, reason: str, detail: str) -> None:
        """Keep both parts for the fault."""
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


@dataclass(frozen=True)
class Sound:
    """What came out of a recording: `seconds` of sound, without `missing` ones that the file states.

    `broken_packets` is the number of pieces of the file that could not be decoded.
    """

    seconds: float
    missing: float
    broken_packets: int


def decode(path: Path, max_hours: float, samples: IO[bytes]) -> Sound:
    """Write the sound of a recording to an open file, int16 at `RATE`.

    Raises Unhearable where there is none, the format is unknown, there is more than `max_hours` of it, or
    the decoder crashes or hangs.
    """
    seconds = _SECONDS + _SECONDS_PER_MB * path.stat().st_size / 2**20
    command = [sys.executable, "-m", "ta_pipeline.sources.sound_decoder"]
    command += [str(path), str(max_hours * 3600), str(samples.fileno())]
    try:
        done = subprocess.run(
            command,
            pass_fds=[samples.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=None if os.environ.get("TA_DEBUG") else subprocess.DEVNULL,
            timeout=seconds,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise Unhearable("timed_out", f"not decoded in {seconds:.0f} s; export it again") from error
    if done.returncode:
        code = done.returncode
        how = f"ended by {signal.Signals(-code).name}" if code < 0 else f"ended with code {code}"
        raise Unhearable("reader_crashed", f"{how} while decoding it; export the file again")
    found = json.loads(done.stdout)
    if "reason" in found:
        raise Unhearable(**found)
    return Sound(**found)


def pieces(samples: IO[bytes]) -> Iterator[tuple[float, Samples]]:
    """Yield (second it begins at, samples) of pieces of about ten minutes, cut where it is quiet."""
    import numpy as np

    begin, total = 0, os.fstat(samples.fileno()).st_size // 2
    while begin < total:
        samples.seek(2 * begin)
        piece = np.fromfile(samples, np.int16, count=_PIECE)
        if begin + len(piece) < total:
            piece = piece[: _quiet_place(piece)]
        yield begin / RATE, piece
        begin += len(piece)


def _quiet_place(piece: Samples) -> int:
    """Return the middle of the quietest half second of the last minute, so that no word is cut."""
    import numpy as np

    half = RATE // 2
    loudness = np.abs(piece[-_LAST_MINUTE:].reshape(-1, half).astype(np.int32)).mean(axis=1)
    return len(piece) - _LAST_MINUTE + int(loudness.argmin()) * half + half // 2
