"""How Whisper is asked; the model itself is scripted here and real in test_speech_real.py."""

from types import SimpleNamespace
from typing import ClassVar

import numpy as np
import pytest

from ta_pipeline.params import SpeechParams
from ta_pipeline.sources.sound import RATE, Unhearable
from ta_pipeline.sources.whisper import Utterance, Whisper, release_model

faster_whisper = pytest.importorskip(
    "faster_whisper", reason="faster-whisper is not installed: pip install -e '.[speech]'"
)
PARAMS = SpeechParams(
    model="small", language=None, device="cpu", threads=3, max_file_mb=1, max_hours=1
)  # fmt: skip


class Model:
    """Records how it was made and asked, and answers with one segment."""

    made: ClassVar = []
    supported_languages: ClassVar = ["en"]
    words: ClassVar = [(0.0, 1.0, " one"), (1.2, 2.0, " two"), (9.0, 9.5, " three")]

    def __init__(self, name, **options):
        self.asked = []
        self.made.append((name, options))

    def transcribe(self, wave, **options):
        self.asked.append(options)
        words = [SimpleNamespace(start=a, end=b, word=word) for a, b, word in self.words]
        segment = SimpleNamespace(start=0.0, end=9.5, text=" one two three", avg_logprob=-0.25, words=words)
        return [segment], SimpleNamespace(language="en")


@pytest.fixture(autouse=True)
def model(monkeypatch):
    release_model()
    monkeypatch.setattr(Model, "made", [])
    monkeypatch.setattr(faster_whisper, "WhisperModel", Model)
    monkeypatch.setattr("faster_whisper.vad.get_speech_timestamps", lambda wave, options: wave.any())
    yield Model
    release_model()


SOUND = np.full(RATE, 1000, np.int16)


def test_a_segment_is_cut_where_silence_was_cut_out_and_its_times_count_from_the_recording():
    assert list(Whisper(PARAMS).hear(600.0, SOUND)) == [
        Utterance(600.0, 602.0, "one two", -0.25),
        Utterance(609.0, 609.5, "three", -0.25),
    ]


def test_a_segment_without_words_keeps_its_own_times(monkeypatch):
    monkeypatch.setattr(Model, "words", [])
    assert list(Whisper(PARAMS).hear(1.0, SOUND)) == [Utterance(1.0, 10.5, "one two three", -0.25)]


def test_nothing_is_asked_about_silence_and_the_language_once_heard_is_kept(model):
    whisper = Whisper(PARAMS)
    assert list(whisper.hear(0.0, np.zeros(RATE, np.int16))) == []
    assert whisper._model.asked == [] and whisper.language == ""
    for _ in range(2):
        list(whisper.hear(0.0, SOUND))
    assert [asked["language"] for asked in whisper._model.asked] == [None, "en"]


def test_nothing_is_left_to_chance(model):
    whisper = Whisper(PARAMS)
    list(whisper.hear(0.0, SOUND))
    assert whisper._model.asked[0]["temperature"] == 0.0


def test_the_model_gets_the_threads_and_the_device_and_is_loaded_once(model):
    for _ in range(2):
        Whisper(PARAMS)
    ((name, options),) = model.made
    assert (name, options["cpu_threads"], options["device"], options["compute_type"]) == (
        "small",
        3,
        "cpu",
        "int8",
    )


@pytest.mark.parametrize(("gpus", "device", "kind"), [(0, "cpu", "int8"), (1, "cuda", "float16")])
def test_auto_takes_a_gpu_where_there_is_one(model, monkeypatch, gpus, device, kind):
    monkeypatch.setattr("ctranslate2.get_cuda_device_count", lambda: gpus)
    Whisper(PARAMS.model_copy(update={"device": "auto"}))
    assert (model.made[0][1]["device"], model.made[0][1]["compute_type"]) == (device, kind)


def test_a_model_goes_where_the_outputs_go_and_otherwise_to_the_cache_of_the_hub(
    model, monkeypatch, tmp_path
):
    monkeypatch.delenv("HF_HOME", raising=False)
    monkeypatch.setenv("OUT_BASE", str(tmp_path))
    Whisper(PARAMS)
    monkeypatch.delenv("OUT_BASE")
    Whisper(PARAMS.model_copy(update={"model": "other"}))
    assert [options["download_root"] for _, options in model.made] == [str(tmp_path / "cache" / "hub"), None]


def test_a_language_that_the_model_does_not_know_is_named(model):
    with pytest.raises(Unhearable) as error:
        Whisper(PARAMS.model_copy(update={"model": "tiny.en", "language": "zh"}))
    assert error.value.reason == "speech_model"
    assert error.value.detail == "`ingest.speech.language` 'zh': tiny.en knows en"


def test_a_model_that_cannot_be_had_is_asked_for_once_and_says_the_cure(monkeypatch):
    tried = []

    def offline(name, **options):
        tried.append(name)
        raise OSError("no way\nto the hub")

    monkeypatch.setattr(faster_whisper, "WhisperModel", offline)
    for _ in range(2):
        with pytest.raises(Unhearable) as error:
            Whisper(PARAMS)
    assert tried == ["small"]
    assert error.value.reason == "speech_model"
    for words in ("ingest.speech.model", "'small'", "OSError: no way to the hub", "folder"):
        assert words in error.value.detail
    assert "\n" not in error.value.detail
