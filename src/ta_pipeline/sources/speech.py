"""Recordings, audio and video: what is said in them and when.

`sound.py` decodes, `whisper.py` hears. What was heard is kept by the recording's bytes, the model and the
options, so that no recording is heard twice; what is made of it here (loops and guesses taken out, speakers
named) is made anew each time.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import re
import time
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryFile

from ta_pipeline.params import SpeechParams
from ta_pipeline.paths import transcript_cache, work_dir
from ta_pipeline.progress import Progress
from ta_pipeline.sources.drafts import WHOLE_FILE, Draft, Fault, Found, Segment
from ta_pipeline.sources.sound import Sound, Unhearable, decode, pieces
from ta_pipeline.sources.speakers import named_speakers
from ta_pipeline.sources.whisper import Utterance, Whisper, refuse_without_extra

logger = logging.getLogger(__name__)

#: Part of the name of what is kept: change it with whatever changes what is heard.
_FORMAT = 1
#: Whisper's own limits for a reading that has failed (Radford et al. 2022, section 4.5).
_LEAST_CONFIDENCE = -1.0
_MOST_COMPRESSION = 2.4
_LOOP_TIMES = 3
_LONGEST_LOOP = 3
_LISTED = 5


@dataclass(frozen=True)
class Transcript:
    """All that was heard in the sound of a recording, and in which language."""

    sound: Sound
    language: str
    heard: list[Utterance]


def read_speech(path: Path, name: str, speech: SpeechParams | None) -> Found:
    """Yield one "transcript" draft with a segment an utterance, and faults for what cannot be heard.

    Never raises. `name` is what the recording is called where progress is shown.
    """
    try:
        if speech is None:
            raise Unhearable("speech_off", "`ingest.speech` is null; set it, or put a transcript beside it")
        _refuse_unfit(path, speech)
        transcript = _kept_or_heard(path, name, speech)
    except Unhearable as error:
        yield Fault(WHOLE_FILE, error.reason, error.detail)
    except Exception as error:
        logger.debug("%s cannot be heard", path, exc_info=True)
        reason = " ".join(str(error).replace(str(path), "the file").split())[:300]
        yield Fault(WHOLE_FILE, "unreadable", f"{type(error).__name__}: {reason}")
    else:
        yield from draft_of(transcript, Path(speech.model).name)


def _refuse_unfit(path: Path, speech: SpeechParams) -> None:
    if not path.is_file():
        raise Unhearable("unreadable", "not a regular file, or a link to nothing; remove it")
    if (size := path.stat().st_size) == 0:
        raise Unhearable("empty_file", "zero bytes; copy the file again or remove it")
    if size > speech.max_file_mb * 2**20:
        cure = "split it or raise `ingest.speech.max_file_mb`"
        raise Unhearable("too_large", f"{size / 2**20:.2f} MiB; {cure}")


def draft_of(transcript: Transcript, model: str) -> Found:
    """Yield the draft, and faults for what is damaged, unclear or without any word."""
    once, repeats = drop_loops(transcript.heard)
    clear = [utterance for utterance in once if _is_clear(utterance)]
    yield from _damage(transcript.sound)
    if unclear := [utterance for utterance in once if not _is_clear(utterance)]:
        yield Fault(WHOLE_FILE, "unclear_speech", f"{_listed(unclear)} cannot be understood; listen there")
    if not clear:
        yield Fault(
            WHOLE_FILE, "no_speech", f"no word in {_clock(transcript.sound.seconds)} of sound; remove it"
        )
        return
    speakers = named_speakers([utterance.text for utterance in clear])
    segments = [
        Segment(said.text, WHOLE_FILE, start=said.start, end=said.end, speaker=speaker)
        for said, speaker in zip(clear, speakers, strict=True)
    ]
    meta: dict[str, object] = {
        "speech_model": model,
        "speech_language": transcript.language,
        "seconds": round(transcript.sound.seconds, 2),
        "repeats_dropped": repeats,
        "unclear_dropped": len(unclear),
    }
    yield Draft("transcript", segments, meta=meta)


def drop_loops(heard: Sequence[Utterance]) -> tuple[list[Utterance], int]:
    """Keep one round of what is said three times or more in a row, word for word; count what goes.

    A round is up to three utterances long. Where it hears no words, Whisper goes round like that.
    """
    words = [re.sub(r"\W", "", utterance.text).casefold() for utterance in heard]
    kept: list[Utterance] = []
    at = 0
    while at < len(heard):
        length, times = _loop_at(words, at)
        kept += heard[at : at + length]
        at += length * times
    return kept, len(heard) - len(kept)


def _loop_at(words: list[str], at: int) -> tuple[int, int]:
    for length in range(1, _LONGEST_LOOP + 1):
        times = 1
        while words[at + times * length : at + (times + 1) * length] == words[at : at + length]:
            times += 1
        if times >= _LOOP_TIMES:
            return length, times
    return 1, 1


def _is_clear(utterance: Utterance) -> bool:
    raw = utterance.text.encode()
    return utterance.confidence >= _LEAST_CONFIDENCE and len(raw) <= _MOST_COMPRESSION * len(
        zlib.compress(raw)
    )


def _damage(sound: Sound) -> Iterator[Fault]:
    what = []
    if sound.broken_packets:
        what.append(f"{sound.broken_packets} packets of its sound cannot be decoded")
    if sound.missing:
        what.append(f"the sound ends at {_clock(sound.seconds)} of {_clock(sound.seconds + sound.missing)}")
    if what:
        detail = f"{' and '.join(what)}; copy the file again or export it anew"
        yield Fault(WHOLE_FILE, "damaged_recording", detail)


def _listed(utterances: list[Utterance]) -> str:
    places = [f"{_clock(utterance.start)}-{_clock(utterance.end)}" for utterance in utterances]
    more = f" and {len(places) - _LISTED} more" if len(places) > _LISTED else ""
    return ", ".join(places[:_LISTED]) + more


def _clock(seconds: float) -> str:
    minutes, second = divmod(int(seconds), 60)
    return f"{minutes // 60:02d}:{minutes % 60:02d}:{second:02d}"


def _kept_or_heard(path: Path, name: str, speech: SpeechParams) -> Transcript:
    refuse_without_extra()
    file = transcript_cache() / f"{_key(path, speech)}.json"
    if (kept := _read_kept(file)) is not None:
        return kept
    transcript = _hear(path, name, speech)
    aside = file.with_suffix(f".{os.getpid()}")
    aside.write_text(json.dumps(asdict(transcript), ensure_ascii=False), encoding="utf-8")
    aside.replace(file)
    return transcript


def _key(path: Path, speech: SpeechParams) -> str:
    """Name what is kept by all that decides it; how many threads worked on it does not."""
    weights = Path(speech.model) / "model.bin"
    model = _digest(weights) if weights.is_file() else speech.model
    parts = [_FORMAT, _digest(path), model, speech.language, speech.device, version("faster-whisper")]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:32]


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _read_kept(file: Path) -> Transcript | None:
    try:
        kept = json.loads(file.read_text("utf-8"))
        heard = [Utterance(**utterance) for utterance in kept["heard"]]
        return Transcript(Sound(**kept["sound"]), kept["language"], heard)
    except (OSError, ValueError, KeyError, TypeError):
        return None  # nothing kept, or by another version of this module


def _hear(path: Path, name: str, speech: SpeechParams) -> Transcript:
    began = time.monotonic()
    heard: list[Utterance] = []
    with TemporaryFile(dir=work_dir()) as samples:  # without a name, so that a killed run leaves none behind
        sound = decode(path, speech.max_hours, samples)
        whisper = Whisper(speech)
        progress = Progress(f"transcribing {name}", round(sound.seconds), "s of sound")
        try:
            for begin, piece in pieces(samples):
                for utterance in whisper.hear(begin, piece):
                    heard.append(utterance)
                    progress.advance(round(utterance.end) - progress.done)
        finally:
            progress.close()
    length, seconds = _clock(sound.seconds), time.monotonic() - began
    logger.info("%s: %d utterances in %s, heard in %.0f s", name, len(heard), length, seconds)
    return Transcript(sound, whisper.language, heard)
