"""What is made of what Whisper heard; a scripted Whisper listens to real files."""

import json
import subprocess
import sys
import wave
from pathlib import Path

import pytest

from ta_pipeline.params import SpeechParams
from ta_pipeline.sources import speech
from ta_pipeline.sources.drafts import Draft, Fault
from ta_pipeline.sources.sound import Sound
from ta_pipeline.sources.speech import Transcript, draft_of, drop_loops, read_speech
from ta_pipeline.sources.whisper import Utterance

PARAMS = SpeechParams(
    model="small", language=None, device="cpu", threads=1, max_file_mb=1, max_hours=1
)  # fmt: skip


def said(*texts: str, confidence: float = -0.3) -> list[Utterance]:
    return [Utterance(float(n), n + 0.5, text, confidence) for n, text in enumerate(texts)]


WHOLE = Sound(60.0, 0.0, 0)


def found(heard: list[Utterance], sound: Sound = WHOLE) -> tuple[list[Draft], list[Fault]]:
    items = list(draft_of(Transcript(sound, "en", heard), "small"))
    return [i for i in items if isinstance(i, Draft)], [i for i in items if isinstance(i, Fault)]


def test_an_utterance_becomes_a_segment_with_its_seconds():
    (draft,), faults = found(said("Teacher: Look.", "Why?"))
    assert faults == []
    assert draft.kind == "transcript"
    assert [(s.text, s.start, s.end, s.speaker) for s in draft.segments] == [
        ("Teacher: Look.", 0.0, 0.5, "Teacher"),
        ("Why?", 1.0, 1.5, None),
    ]
    assert draft.meta == {
        "speech_model": "small",
        "speech_language": "en",
        "seconds": 60.0,
        "repeats_dropped": 0,
        "unclear_dropped": 0,
    }


@pytest.mark.parametrize(
    ("heard", "kept", "dropped"),
    [
        ("a b c", "a b c", 0),
        ("a a b", "a a b", 0),
        ("a Bye. bye BYE! b", "a Bye. b", 2),
        ("x a b a b a b y", "x a b y", 4),
        ("a b c a b c a b c", "a b c", 6),
        ("a b a b c", "a b a b c", 0),
        ("a a a a b a a a", "a b a", 5),
    ],
)
def test_what_is_said_over_and_over_is_kept_once_and_counted(heard, kept, dropped):
    once, count = drop_loops(said(*heard.split()))
    assert ([utterance.text for utterance in once], count) == (kept.split(), dropped)


def test_guesses_and_loops_inside_an_utterance_are_left_out_and_their_place_named():
    heard = [
        *said("clear words"),
        Utterance(61, 65, "perhaps", -1.2),
        Utterance(3700, 3720, "and so " * 30, -0.2),
    ]
    (draft,), (fault,) = found(heard)
    assert [segment.text for segment in draft.segments] == ["clear words"]
    assert draft.meta["unclear_dropped"] == 2
    assert fault.reason == "unclear_speech"
    assert "00:01:01-00:01:05, 01:01:40-01:02:00" in fault.detail


def test_a_recording_without_any_word_is_a_fault():
    drafts, (fault,) = found([])
    assert drafts == [] and fault.reason == "no_speech" and "00:01:00" in fault.detail


def test_damage_is_named_beside_what_was_heard():
    drafts, (fault,) = found(said("words"), Sound(600.0, 3000.0, 7))
    assert len(drafts) == 1 and fault.reason == "damaged_recording"
    assert "7 packets" in fault.detail and "ends at 00:10:00 of 01:00:00" in fault.detail


class Listener:
    """A Whisper that says the same of every piece and counts the recordings."""

    recordings = 0

    def __init__(self, params: SpeechParams) -> None:
        type(self).recordings += 1
        self.language = params.language or "en"

    def hear(self, begin, piece):
        yield Utterance(begin, begin + 0.5, f"{len(piece)} samples", -0.1)


@pytest.fixture
def listener(monkeypatch, tmp_path) -> type[Listener]:
    pytest.importorskip("av", reason="PyAV is not installed: pip install -e '.[speech]'")
    monkeypatch.setenv("OUT_BASE", str(tmp_path / "out"))
    monkeypatch.setattr(Listener, "recordings", 0)
    monkeypatch.setattr(speech, "Whisper", Listener)
    return Listener


def silent_wav(path: Path, samples: int = 16000) -> Path:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16000)
        file.writeframes(bytes(2 * samples))
    return path


def read(path: Path, **changes) -> list[Draft | Fault]:
    return list(read_speech(path, path.name, PARAMS.model_copy(update=changes)))


def test_a_recording_is_heard_once_for_its_bytes_and_options(listener, tmp_path):
    path = silent_wav(tmp_path / "a.wav")
    first = read(path)
    assert [segment.text for segment in first[0].segments] == ["16000 samples"]
    path.rename(tmp_path / "renamed.wav")
    assert read(tmp_path / "renamed.wav", threads=2) == first
    assert listener.recordings == 1
    assert list((tmp_path / "out" / "tmp").iterdir()) == []  # no samples are left behind


@pytest.mark.parametrize("change", [{"model": "medium"}, {"language": "zh"}, {"device": "cuda"}])
def test_another_model_or_option_hears_it_anew(listener, tmp_path, change):
    path = silent_wav(tmp_path / "a.wav")
    read(path)
    read(path, **change)
    assert listener.recordings == 2


def test_other_bytes_or_other_weights_of_a_local_model_are_heard_anew(listener, tmp_path):
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "model.bin").write_bytes(b"one")
    path = silent_wav(tmp_path / "a.wav")
    read(path, model=str(tmp_path / "model"))
    (tmp_path / "model" / "model.bin").write_bytes(b"two")
    read(path, model=str(tmp_path / "model"))
    read(silent_wav(path, 8000), model=str(tmp_path / "model"))
    assert listener.recordings == 3


def test_what_was_kept_and_cannot_be_read_is_heard_anew(listener, tmp_path):
    path = silent_wav(tmp_path / "a.wav")
    first = read(path)
    (kept,) = (tmp_path / "out" / "cache" / "transcripts").iterdir()
    for text in ("{", "[]", json.dumps({"heard": []})):
        kept.write_text(text)
        assert read(path) == first
    assert listener.recordings == 4


def test_a_file_that_cannot_be_decoded_needs_no_model(listener, tmp_path):
    (tmp_path / "a.mp3").write_bytes(b"nothing" * 100)
    ((fault),) = read(tmp_path / "a.mp3")
    assert fault.reason == "unreadable"
    assert listener.recordings == 0


@pytest.mark.parametrize(
    ("make", "changes", "reason", "words"),
    [
        (lambda path: path.write_bytes(b""), {}, "empty_file", "zero bytes"),
        (lambda path: path.mkdir(), {}, "unreadable", "regular file"),
        (
            lambda path: silent_wav(path, 40_000),
            {"max_file_mb": 0.05},
            "too_large",
            "ingest.speech.max_file_mb",
        ),
        (lambda path: silent_wav(path, 40_000), {"max_hours": 0.0005}, "too_long", "ingest.speech.max_hours"),
    ],
)
def test_a_recording_that_is_not_read_says_why(listener, tmp_path, make, changes, reason, words):
    make(tmp_path / "a.wav")
    (fault,) = read(tmp_path / "a.wav", **changes)
    assert fault.reason == reason and words in fault.detail


def test_without_parameters_recordings_are_quarantined(tmp_path):
    (fault,) = read_speech(silent_wav(tmp_path / "a.wav"), "a.wav", None)
    assert fault.reason == "speech_off" and "ingest.speech" in fault.detail


def test_without_the_extra_the_line_to_install_it_is_the_reason(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "faster_whisper", None)
    (fault,) = read(silent_wav(tmp_path / "a.wav"))
    assert fault.reason == "no_speech_extra"
    assert ".venv/bin/pip install -c constraints.txt -e '.[speech]'" in fault.detail
    assert "\n" not in fault.detail


def test_an_unforeseen_error_costs_only_its_recording(listener, monkeypatch, tmp_path):
    def broken(self, begin, piece):
        raise RuntimeError(f"out of memory\nin {tmp_path / 'a.wav'}")
        yield

    monkeypatch.setattr(listener, "hear", broken)
    (fault,) = read(silent_wav(tmp_path / "a.wav"))
    assert fault == Fault(0, "unreadable", "RuntimeError: out of memory in the file")


def test_reading_sources_imports_no_speech_library():
    code = "import sys, ta_pipeline.sources.collect; print([m for m in ('av', 'ctranslate2', 'faster_whisper', 'torch') if m in sys.modules])"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"
