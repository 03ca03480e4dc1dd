"""Sound out of real containers, whole and damaged; nothing here knows a word."""

import io
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ta_pipeline.sources import sound
from ta_pipeline.sources.sound import RATE, Unhearable, decode, pieces

av = pytest.importorskip("av", reason="PyAV is not installed: pip install -e '.[speech]'")
CODECS = {
    ".mp3": ("mp3", 44100),
    ".wav": ("pcm_s16le", 22050),
    ".m4a": ("aac", 44100),
    ".flac": ("flac", 44100),
    ".ogg": ("libopus", 48000),
    ".mp4": ("aac", 44100),
    ".mkv": ("aac", 44100),
    ".webm": ("libopus", 48000),
    ".mov": ("aac", 44100),
    ".opus": ("libopus", 48000),
    ".aac": ("aac", 44100),
}


def tone(seconds: float, rate: int) -> np.ndarray:
    return (np.sin(np.arange(round(seconds * rate)) * 2 * np.pi * 440 / rate) * 12000).astype(np.int16)


def record(
    path: Path, seconds: float = 3.0, starts: tuple[float, ...] = (0.0,), picture: bool = False
) -> Path:
    """Write a tone of so many seconds at each start; `picture` adds a video track that begins at 0."""
    codec, rate = CODECS[path.suffix]
    with av.open(str(path), "w") as container:
        track = container.add_stream(codec, rate=rate)
        screen = container.add_stream("mpeg4", rate=10) if picture else None
        if screen:
            screen.width, screen.height, screen.pix_fmt = 16, 16, "yuv420p"
        step = 960
        for start in starts:
            wave = tone(seconds, rate)
            for at in range(0, len(wave) - step + 1, step):
                frame = av.AudioFrame.from_ndarray(wave[None, at : at + step], format="s16", layout="mono")
                frame.sample_rate, frame.pts = rate, round(start * rate) + at
                container.mux(track.encode(frame))
        container.mux(track.encode(None))
        if screen:
            for number in range(round((starts[-1] + seconds) * 10)):
                frame = av.VideoFrame.from_ndarray(np.zeros((16, 16, 3), np.uint8))
                frame.pts = number
                container.mux(screen.encode(frame))
            container.mux(screen.encode(None))
    return path


def decoded(path: Path, hours: float = 1) -> tuple[sound.Sound, np.ndarray]:
    with tempfile.TemporaryFile() as samples:
        found = decode(path, hours, samples)
        samples.seek(0)
        return found, np.fromfile(samples, np.int16)


def loud(wave: np.ndarray, begin: float, end: float) -> bool:
    return bool(np.abs(wave[round(begin * RATE) : round(end * RATE)].astype(int)).mean() > 1000)


@pytest.mark.parametrize("suffix", CODECS)
def test_the_sound_of_every_kind_of_recording_comes_out(tmp_path, suffix):
    found, wave = decoded(record(tmp_path / f"a{suffix}"))
    assert (found.missing, found.broken_packets) == (0, 0)
    assert found.seconds == pytest.approx(3, abs=0.1)
    assert len(wave) == pytest.approx(3 * RATE, abs=0.1 * RATE)
    assert loud(wave, 0.2, 0.4) and loud(wave, 2.4, 2.6)


def test_a_recording_is_known_by_what_is_in_it_not_by_its_suffix(tmp_path):
    record(tmp_path / "a.m4a").rename(tmp_path / "a.mp3")
    assert decoded(tmp_path / "a.mp3")[0].seconds == pytest.approx(3, abs=0.1)


def test_sound_that_begins_after_the_picture_keeps_the_time_of_the_video(tmp_path):
    _, wave = decoded(record(tmp_path / "a.mkv", starts=(4.0,), picture=True))
    assert not loud(wave, 0, 3.8)
    assert loud(wave, 4.2, 6.5)


def test_a_pause_of_the_recorder_is_silence_so_that_later_times_stay_right(tmp_path):
    _, wave = decoded(record(tmp_path / "a.mkv", starts=(0.0, 8.0), picture=True))
    assert loud(wave, 0.2, 2.5) and loud(wave, 8.2, 10.5)
    assert not loud(wave, 3.5, 7.8)


def test_a_file_that_breaks_off_gives_what_it_has_and_says_what_is_missing(tmp_path):
    path = record(tmp_path / "a.mkv", seconds=20)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    found, _ = decoded(path)
    assert found.seconds == pytest.approx(10, abs=2)
    assert found.seconds + found.missing == pytest.approx(20, abs=0.1)


def test_a_damaged_packet_costs_itself_and_is_counted(tmp_path):
    path = record(tmp_path / "a.m4a", seconds=20)
    raw = bytearray(path.read_bytes())
    raw[len(raw) // 2 : len(raw) // 2 + 3000] = b"\xff" * 3000
    path.write_bytes(raw)
    found, wave = decoded(path)
    assert found.broken_packets > 0
    assert loud(wave, 19, 19.9)


def only_picture(path: Path) -> None:
    with av.open(str(path), "w") as container:
        screen = container.add_stream("mpeg4", rate=10)
        screen.width, screen.height, screen.pix_fmt = 16, 16, "yuv420p"
        frame = av.VideoFrame.from_ndarray(np.zeros((16, 16, 3), np.uint8))
        frame.pts = 0
        container.mux([*screen.encode(frame), *screen.encode(None)])


def refused(path: Path, hours: float = 1) -> tuple[str, str]:
    with pytest.raises(Unhearable) as error:
        decoded(path, hours)
    return error.value.reason, error.value.detail


def test_what_has_no_sound_says_so(tmp_path):
    only_picture(tmp_path / "a.mp4")
    (tmp_path / "b.mp3").write_bytes(b"no recording at all" * 50)
    assert refused(tmp_path / "a.mp4")[0] == "no_audio"
    assert refused(tmp_path / "b.mp3")[0] == "unreadable"


def test_a_recording_that_names_other_files_is_not_followed(tmp_path):
    """FFmpeg takes such a text for a recording, whatever its suffix, and would read what it names."""
    record(tmp_path / "secret.mp3")
    (tmp_path / "a.mkv").write_text("ffconcat version 1.0\nfile secret.mp3\n")
    with av.open(str(tmp_path / "a.mkv")) as followed:
        assert followed.format.name == "concat"
    assert refused(tmp_path / "a.mkv")[0] == "unreadable"


def test_more_sound_than_allowed_is_refused_with_the_parameter(tmp_path):
    reason, detail = refused(record(tmp_path / "a.wav"), hours=2 / 3600)
    assert reason == "too_long" and "ingest.speech.max_hours" in detail


def test_a_decoder_that_hangs_or_crashes_costs_only_its_file(tmp_path, monkeypatch):
    path = record(tmp_path / "a.wav")
    with path.open("rb") as closed, pytest.raises(Unhearable) as error:
        decode(path, 1, closed)  # it cannot write there
    assert error.value.reason == "reader_crashed"
    assert error.value.detail == "ended with code 1 while decoding it; export the file again"
    monkeypatch.setattr(sound, "_SECONDS", 0.0)
    monkeypatch.setattr(sound, "_SECONDS_PER_MB", 0.0)
    assert refused(path)[0] == "timed_out"


def test_pieces_are_cut_in_the_quiet_and_lose_nothing():
    wave = np.full(1300 * RATE, 500, np.int16)
    wave[570 * RATE : 571 * RATE] = 0
    wave[1160 * RATE : 1161 * RATE] = 0
    with tempfile.TemporaryFile() as samples:
        wave.tofile(samples)
        samples.flush()
        found = list(pieces(samples))
    assert [begin for begin, _ in found] == [0, pytest.approx(570.5, abs=0.5), pytest.approx(1160.5, abs=0.5)]
    assert np.array_equal(np.concatenate([piece for _, piece in found]), wave)


@pytest.fixture(scope="module")
def whole_files(tmp_path_factory) -> dict[str, bytes]:
    folder = tmp_path_factory.mktemp("whole")
    return {suffix: record(folder / f"a{suffix}", seconds=1).read_bytes() for suffix in CODECS}


@given(
    suffix=st.sampled_from(sorted(CODECS)),
    changes=st.lists(st.tuples(st.floats(0, 1), st.binary(max_size=40)), max_size=20),
    length=st.floats(0.05, 1),
)
@settings(max_examples=150, deadline=10_000)
def test_mutated_recordings_are_decoded_or_refused(whole_files, suffix, changes, length):
    from ta_pipeline.sources.sound_decoder import Decoder

    raw = bytearray(whole_files[suffix])
    for place, new in changes:
        at = int(place * len(raw))
        raw[at : at + len(new)] = new
    try:
        found = Decoder(3600).run(io.BytesIO(raw[: int(length * len(raw))]), io.BytesIO())
    except Unhearable:
        return
    assert found.seconds > 0
