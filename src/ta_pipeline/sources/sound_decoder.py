"""The process that decodes a recording: `python -m ta_pipeline.sources.sound_decoder FILE SECONDS FD`.

It writes int16 samples to the open file FD and one JSON object to standard output: the fields of a `Sound`,
or the reason and detail why there is none. PyAV (FFmpeg) comes with the extra `speech`.
"""

from __future__ import annotations

import json
import os
import resource
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import av
import numpy as np

from ta_pipeline.sources.sound import RATE, Sound, Unhearable

if TYPE_CHECKING:
    from ta_pipeline.sources.sound import Samples

#: What a recording may be inside, whatever its suffix. Playlists are not among them: FFmpeg would open the
#: files and addresses that they name.
_FORMATS = "aac,flac,matroska,mov,mp3,ogg,wav"
#: Their length is an estimate: size over the bit rate that FFmpeg sees first.
_WITHOUT_LENGTH = ("aac", "mp3")
_MOST_MEMORY = 1 << 30
#: A sound track ends a little before its video does.
_LEAST_MISSING, _LEAST_MISSING_SHARE = 5.0, 0.02
#: A player jumps a longer hole in the sound; shorter ones are jitter of the time stamps.
_HOLE_SECONDS = 0.5


def main() -> None:
    """Decode one file."""
    path, max_seconds, samples = Path(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3])
    resource.setrlimit(resource.RLIMIT_DATA, (_MOST_MEMORY, _MOST_MEMORY))
    try:
        with path.open("rb") as file, os.fdopen(samples, "wb") as out:
            found = asdict(Decoder(max_seconds).run(file, out))
    except Unhearable as error:
        found = {"reason": error.reason, "detail": error.detail}
    print(json.dumps(found))


class Decoder:
    """One file's decoding; `declared` seconds are what the file says of itself."""

    def __init__(self, max_seconds: float) -> None:
        self._max_seconds = max_seconds
        self._declared = self._decoded = 0.0
        self._broken = 0

    def run(self, file: IO[bytes], out: IO[bytes]) -> Sound:
        """Write the samples of a file to another."""
        try:
            container = _open(file)
        except av.FFmpegError as error:
            detail = f"{error.strerror}: no recording of a known format; copy it again or export it anew"
            raise Unhearable("unreadable", detail) from error
        with container:
            try:
                for samples in self._samples(container):
                    out.write(samples.tobytes())
            except av.FFmpegError:  # what comes after it cannot be reached
                self._broken += 1
        if not self._decoded:
            raise Unhearable("unreadable", "no sound in it can be decoded; copy it again or export it anew")
        return Sound(self._decoded, self._missing(container.format.name), self._broken)

    def _samples(self, container: Any) -> Iterator[Samples]:
        """Decode frame by frame; a hole in the time stamps comes as silence, so that times stay right."""
        stream = container.streams.best("audio")
        if stream is None:
            raise Unhearable("no_audio", "there is no sound in it; export it with its sound track")
        if stream.codec_context is None:
            raise Unhearable("unreadable", "its sound is in a format that has no decoder; export it as MP3")
        stream.codec_context.thread_count = 1  # how many threads may run is the caller's to say
        self._measure(container, stream)
        begin = (container.start_time or 0) / av.time_base
        resampled = _Resampler()
        for frame in self._frames(container, stream):
            at = self._decoded if frame.time is None else frame.time - begin
            if self._decoded + _HOLE_SECONDS < at <= self._declared:
                yield from _silence(at - self._decoded)
                self._decoded = at
            self._decoded += frame.samples / frame.sample_rate
            self._refuse_too_long(self._decoded)
            yield from resampled(frame)
        yield from resampled.rest()

    def _measure(self, container: Any, stream: Any) -> None:
        """Take the length of the sound track where the file states it, else that of the whole file."""
        if stream.duration and stream.time_base:
            self._declared = float(stream.duration * stream.time_base)
        else:
            self._declared = (container.duration or 0) / av.time_base
        self._refuse_too_long(self._declared)

    def _refuse_too_long(self, seconds: float) -> None:
        if seconds > self._max_seconds:
            most = f"more than {self._max_seconds / 3600:g} h of sound"
            raise Unhearable("too_long", f"{most}; split it or raise `ingest.speech.max_hours`")

    def _missing(self, kind: str) -> float:
        missing = self._declared - self._decoded
        is_noise = missing < max(_LEAST_MISSING, _LEAST_MISSING_SHARE * self._declared)
        return 0.0 if is_noise or kind in _WITHOUT_LENGTH else missing

    def _frames(self, container: Any, stream: Any) -> Iterator[Any]:
        """Decode packet by packet, so that a damaged one costs only itself."""
        for packet in container.demux(stream):
            try:
                yield from packet.decode()
            except av.FFmpegError:
                self._broken += 1


class _Resampler:
    """Turn frames into mono samples at `RATE`; a track may change its rate or channels on the way."""

    def __init__(self) -> None:
        self._kind: tuple[Any, ...] = ()
        self._resampler: Any = None

    def __call__(self, frame: Any) -> Iterator[Samples]:
        """Yield the samples of a frame, or of an earlier one: the filter runs a little behind."""
        kind = (frame.format.name, frame.layout.name, frame.sample_rate)
        if kind != self._kind:
            yield from self.rest()
            self._kind = kind
            self._resampler = av.AudioResampler(format="s16", layout="mono", rate=RATE)
        frame.pts = None  # holes are filled already, and the filter refuses a time stamp that goes back
        yield from _arrays(self._resampler.resample(frame))

    def rest(self) -> Iterator[Samples]:
        """Yield what is still in the filter."""
        if self._resampler is not None:
            yield from _arrays(self._resampler.resample(None))


def _arrays(frames: list[Any]) -> Iterator[Samples]:
    for frame in frames:
        yield frame.to_ndarray().reshape(-1)


def _open(file: IO[bytes]) -> Any:
    """Open by what the file holds, not by its name; nothing but this one file is ever read."""
    options = {"format_whitelist": _FORMATS, "protocol_whitelist": "none"}
    return av.open(file, "r", container_options=options, metadata_errors="ignore")


def _silence(seconds: float) -> Iterator[Samples]:
    left = round(seconds * RATE)
    while left > 0:
        yield np.zeros(min(left, RATE), np.int16)
        left -= RATE


if __name__ == "__main__":
    main()
