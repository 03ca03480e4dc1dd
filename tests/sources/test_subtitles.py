"""Cues, speakers and faults of subtitles."""

import pytest

from ta_pipeline.sources.drafts import Draft, Fault
from ta_pipeline.sources.subtitles import read_ass, read_srt, read_ssa, read_vtt

SRT = """\
1
00:00:01,000 --> 00:00:04,250
同学们好，
今天讲速度。

2
00:00:05,000 --> 01:00:06,5
<i>学生：</i>什么是速度？
"""
VTT = """\
WEBVTT - lecture
Kind: captions

NOTE 3 --> 4 is not a cue

STYLE
::cue { color: red }

intro
00:01.000 --> 00:02.000 align:start
<v Ada>Hello <b>all</b>, a &lt; b</v>
<v Bob>Hi

00:03.000 --> 00:04.000
NOTE that this is speech
second line
"""


def cues(found) -> list[tuple[int, float | None, float | None, str | None, str]]:
    (draft,) = [f for f in found if isinstance(f, Draft)]
    assert draft.kind == "transcript"
    return [(s.line, s.start, s.end, s.speaker, s.text) for s in draft.segments]


def faults(found) -> list[tuple[int, str]]:
    return [(f.line, f.reason) for f in found if isinstance(f, Fault)]


def test_srt_cues_have_seconds_and_a_named_speaker_stays_in_the_text():
    assert cues(read_srt(SRT)) == [
        (2, 1.0, 4.25, None, "同学们好，今天讲速度。"),
        (7, 5.0, 3606.5, "学生", "学生：什么是速度？"),
    ]
    assert faults(read_srt(SRT)) == []


def test_vtt_voices_are_speakers_and_notes_are_no_speech():
    assert cues(read_vtt(VTT)) == [
        (10, 1.0, 2.0, "Ada", "Hello all, a < b"),
        (10, 1.0, 2.0, "Bob", "Hi"),
        (14, 3.0, 4.0, None, "NOTE that this is speech second line"),
    ]
    assert faults(read_vtt(VTT)) == []


@pytest.mark.parametrize(
    ("words", "speaker"),
    [
        ("Teacher: look", "Teacher"),
        ("[SPEAKER_01]: look", "SPEAKER_01"),
        ("李老师：看", "李老师"),
        ("学生A：看", "学生A"),
        ("例如：看", None),
        ("Tab: press it", None),
        ("Note: look", None),
    ],
)
def test_only_words_for_people_are_taken_for_speakers(words, speaker):
    assert cues(read_srt(f"1\n00:00:01,000 --> 00:00:02,000\n{words}\n")) == [(2, 1.0, 2.0, speaker, words)]


@pytest.mark.parametrize(
    ("tail", "line"),
    [
        ("\n3\n", 10),
        ("\n3\n00:00:07,000 -", 10),
        ("\n3\n00:00:07,000 --> 00:0", 11),
        ("\n3\n00:00:07,000 --> 00:00:09,000\n", 11),
    ],
)
def test_a_truncated_tail_is_reported_and_the_good_cues_stay(tail, line):
    assert len(cues(read_srt(SRT + tail))) == 2
    assert faults(read_srt(SRT + tail)) == [(line, "truncated_subtitle")]


@pytest.mark.parametrize(
    ("cue", "line"),
    [
        ("1\n00:00:0x,000 --> 00:00:02,000\nlost\n\n", 2),
        ("1\n00:00:03,000 --> 00:00:02,000\nbackwards\n\n", 2),
        ("1\nno timing at all\n\n", 1),
        ("1\n00:00:01,000 --> 00:00:02,000\ngood\n\n17\nno timing\n\n", 5),
    ],
)
def test_a_broken_cue_in_the_middle_costs_only_itself(cue, line):
    assert faults(read_srt(cue + SRT)) == [(line, "bad_cue")]
    assert [c[4] for c in cues(read_srt(cue + SRT))][-2:] == ["同学们好，今天讲速度。", "学生：什么是速度？"]


def test_cues_without_a_blank_line_between_them_are_both_read():
    text = "1\n00:00:01,000 --> 00:00:02,000\na --> b\n2\n00:00:03,000 --> 00:00:04,000\nc\n"
    assert [c[4] for c in cues(read_srt(text))] == ["a --> b", "c"]


def test_a_file_without_any_cue_is_reported():
    assert faults(read_vtt("WEBVTT\n\nhello\n")) == [(0, "no_cues")]


ASS = """\
[Script Info]
[Events]
Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text
Dialogue: 0,0:00:05.00,0:00:07.50,Default,,0,0,0,,{\\i1}第二句，\\N换行{\\i0}
Dialogue: 0,0:00:01.00,0:00:02.00,Default,李老师,0,0,0,,同学们好, 开始上课
Comment: 0,0:00:01.00,0:00:02.00,Default,,0,0,0,,hidden
Dialogue: 0,0:00:08.00,0:00:09.00,Default,,0,0,0,,{\\p1}m 0 0 l 1 1{\\p0}
Dialogue: 0,0:00:08.00,0:00:09.00,Default,,0,0,0,,{\\an8}学生A：为什么？
"""


def test_cues_of_substation_come_in_time_without_effects_comments_and_drawings():
    expected = [
        (5, 1.0, 2.0, "李老师", "同学们好, 开始上课"),
        (4, 5.0, 7.5, None, "第二句，换行"),
        (8, 8.0, 9.0, "学生A", "学生A：为什么？"),
    ]
    assert cues(read_ass(ASS)) == expected
    assert cues(read_ssa(ASS.replace("Dialogue: 0", "Dialogue: Marked=0"))) == expected
    assert faults(read_ass(ASS)) == []


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("Dialogue: 0,0:00:0x.00,0:00:02.00,Default,,0,0,0,,broken", "bad_cue"),
        ("Dialogue: 0,0:00:03.00,0:00:02.00,Default,,0,0,0,,backwards", "bad_cue"),
        ("Dialogue: 0,0:00:03.00,0:00:04.00,Default", "bad_cue"),
    ],
)
def test_a_broken_line_of_substation_costs_only_itself(line, reason):
    text = ASS.replace("[Script Info]", line)
    assert faults(read_ass(text)) == [(1, reason)]
    assert len(cues(read_ass(text))) == 3


@pytest.mark.parametrize("tail", ["Dialogue: 0,0:00:1", "Dialogue: 0,0:00:10.00,0:00:11.00,Def\n\n"])
def test_a_truncated_substation_file_is_reported_and_the_good_cues_stay(tail):
    assert faults(read_ass(ASS + tail)) == [(9, "truncated_subtitle")]
    assert len(cues(read_ass(ASS + tail))) == 3


def test_a_substation_file_without_cues_is_reported():
    assert faults(read_ass("[Script Info]\n")) == [(0, "no_cues")]
