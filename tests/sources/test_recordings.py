"""Which transcript stands for which recording."""

import pytest

from ta_pipeline.sources.recordings import is_recording, stands_for


@pytest.mark.parametrize(
    ("transcript", "recording", "stands"),
    [
        ("x/01.srt", "x/01.mp4", True),
        ("x/01.VTT", "x/01.MP3", True),
        ("x/01.zh.ass", "x/01.webm", True),
        ("x/01.zh-Hans.srt", "x/01.webm", True),
        ("a.b.srt", "a.b.mkv", True),
        ("y/01.srt", "x/01.mp4", False),
        ("x/01.notes.srt", "x/01.mp4", False),
        ("x/01.md", "x/01.mp4", False),
        ("x/011.srt", "x/01.mp4", False),
        ("x/01.mp3", "x/01.mp4", False),
        ("1.srt", "1.5.mp4", False),
    ],
)
def test_a_transcript_of_the_same_folder_and_name_stands_for_a_recording(transcript, recording, stands):
    assert stands_for(transcript, recording) is stands


def test_recordings_are_known_by_their_suffix_in_any_case():
    assert [name for name in ("a/b.MP4", "b.mov", "c.md", "mp3", "d.mp3.txt") if is_recording(name)] == [
        "a/b.MP4",
        "b.mov",
    ]
