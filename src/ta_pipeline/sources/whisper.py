"""Whisper by faster-whisper (the extra `speech`): which model, and what it hears in a piece of sound.

Nothing here is random: Whisper's second readings by chance give another text each time, and invented words
where there are none. What its one reading does not understand is left out by `speech.py`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ta_pipeline.params import SpeechParams
from ta_pipeline.paths import model_cache
from ta_pipeline.sources.sound import Unhearable

if TYPE_CHECKING:
    from ta_pipeline.sources.sound import Samples

_INSTALL = ".venv/bin/pip install -c constraints.txt -e '.[speech]'"
#: Silence as long as this is cut out before Whisper listens: it would fill it with words.
_SILENCE_SECONDS = 2.0


@dataclass(frozen=True)
class Utterance:
    """A Whisper segment: seconds, words, and the mean log probability of its tokens."""

    start: float
    end: float
    text: str
    confidence: float


def refuse_without_extra() -> None:
    """Raise Unhearable where faster-whisper is not installed."""
    if find_spec("faster_whisper") is None:
        raise Unhearable("no_speech_extra", f"hearing a recording needs faster-whisper: {_INSTALL}")


class Whisper:
    """One model and what it has to know of one recording: `language` is "" until it has been heard."""

    def __init__(self, speech: SpeechParams) -> None:
        """Load the model, once for all recordings; raises Unhearable where it cannot be had."""
        model = _loaded(speech.model, speech.device, speech.threads)
        if isinstance(model, Unhearable):
            raise model
        self._model, self._threads = model, speech.threads
        self.language = speech.language or ""
        if self.language and self.language not in (known := model.supported_languages):
            listed = ", ".join(known) if len(known) == 1 else f"{len(known)} languages, as zh or en"
            raise Unhearable(
                "speech_model", f"`ingest.speech.language` {self.language!r}: {speech.model} knows {listed}"
            )

    def hear(self, begin: float, sound: Samples) -> Iterator[Utterance]:
        """Yield what is said in a piece that begins at second `begin` of its recording."""
        import numpy as np
        from faster_whisper.vad import VadOptions, get_speech_timestamps
        from threadpoolctl import threadpool_limits

        wave = sound.astype(np.float32) / 32768
        silence = VadOptions(min_silence_duration_ms=round(_SILENCE_SECONDS * 1000))
        # numpy would take every core for Whisper's spectrogram.
        with threadpool_limits(self._threads or None, user_api="blas"):
            if not get_speech_timestamps(wave, silence):
                return  # or a language would be heard in nothing
            segments, info = self._model.transcribe(
                wave,
                language=self.language or None,
                temperature=0.0,
                condition_on_previous_text=False,  # or a loop feeds itself
                vad_filter=True,
                vad_parameters=silence,
                word_timestamps=True,
            )
            self.language = info.language
            for segment in segments:
                yield from _utterances(segment, begin)


def _utterances(segment: Any, begin: float) -> Iterator[Utterance]:
    """Cut a segment where silence was cut out: Whisper heard no pause there."""
    words = segment.words or []
    cuts = [n for n in range(1, len(words)) if words[n].start - words[n - 1].end >= _SILENCE_SECONDS]
    for first, end in zip([0, *cuts], [*cuts, len(words)], strict=True):
        spoken = words[first:end]
        text = "".join(word.word for word in spoken).strip() if spoken else segment.text.strip()
        start, stop = (spoken[0].start, spoken[-1].end) if spoken else (segment.start, segment.end)
        if text:
            confidence = round(float(segment.avg_logprob), 3)
            yield Utterance(round(float(begin + start), 2), round(float(begin + stop), 2), text, confidence)


def release_model() -> None:
    """Let go of the model in memory; what comes after `ingest` needs the room."""
    _loaded.cache_clear()


@lru_cache(maxsize=1)
def _loaded(name: str, device: str, threads: int) -> Any:
    """Return the model, or why it cannot be had: the next recording need not wait for the same answer."""
    try:
        import ctranslate2
        from faster_whisper import WhisperModel

        if device == "auto":
            device = "cuda" if ctranslate2.get_cuda_device_count() else "cpu"
        return WhisperModel(
            name,
            device=device,
            compute_type="float16" if device == "cuda" else "int8",
            cpu_threads=threads,
            # The hub's own cache, unless outputs were sent to another disk.
            download_root=str(model_cache() / "hub") if os.environ.get("OUT_BASE") else None,
        )
    except Exception as error:  # hub, file, CUDA and conversion errors have no common class
        return _no_model(name, device, error)


def _no_model(name: str, device: str, error: Exception) -> Unhearable:
    what = " ".join(f"{type(error).__name__}: {error}".split())[:200]
    where = "" if Path(name).is_dir() else f", no folder, and not fetched from {_hub()}"
    cure = "name a size (small), a hub id or the folder of a faster-whisper model"
    if device == "cuda":
        cure += ", or set `ingest.speech.device: cpu`"
    return Unhearable("speech_model", f"`ingest.speech.model` {name!r} on {device}{where} ({what}); {cure}")


def _hub() -> str:
    return os.environ.get("HF_ENDPOINT", "the default hub")
