"""SubRip, WebVTT and SubStation Alpha: cues with their seconds, and who speaks where the file says so.

SubRip and WebVTT have an own parser: pysubs2 skips what it cannot read and webvtt-py gives a fault no
line, while a cue that is lost must be seen in quarantine with its place. SubStation Alpha has a cue a
line, which pysubs2 is handed one at a time, so that a broken one costs only itself.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from ta_pipeline.sources.drafts import WHOLE_FILE, Draft, Fault, Found, Segment
from ta_pipeline.sources.plain_text import join_wrapped, paragraphs
from ta_pipeline.sources.speakers import named_speakers, voices

_CLOCK = r"(?:([0-9]{1,3}):)?([0-9]{1,2}):([0-9]{1,2})[,.]([0-9]{1,3})"
_TIMING = re.compile(rf"^\s*{_CLOCK}\s*-->\s*{_CLOCK}(?:\s+\S.*)?\s*$")
#: Meant as a timing line, readable or not; an arrow in speech has no digit in front.
_TIMING_LIKE = re.compile(r"^\s*[0-9].*-->")
#: A paragraph that begins so is the head of a cue (its number, half a timing), not speech.
_BARE_HEAD = re.compile(r"^[0-9][0-9:,.> -]*$", re.MULTILINE)
_NOT_SPEECH = re.compile(r"^(?:WEBVTT|NOTE|STYLE|REGION)(?:\s|$)")
_TAG = re.compile(r"</?(?:[bciuv]|ruby|rt|lang|font)(?:[ .][^<>]*)?>|<[0-9][0-9:.]*>|\{\\[^{}]*\}")
#: Commas before the text of an event.
_EVENT_COMMAS = 9
#: Vector drawing: what follows are coordinates.
_DRAWING = re.compile(r"\\p[1-9]")


@dataclass(frozen=True)
class _Cue:
    """The lines that belong to one timing line; `line` is its own, `body_line` that of the text."""

    line: int
    timing: str
    body_line: int
    body: list[str]


def read_srt(text: str) -> Found:
    """Yield one "transcript" draft with the good cues, and a fault for each broken one."""
    return _read(text, vtt=False)


def read_vtt(text: str) -> Found:
    """Yield one "transcript" draft with the good cues; notes, styles and regions are left out."""
    return _read(text, vtt=True)


def read_ass(text: str) -> Found:
    """Yield one "transcript" draft with the good cues of an ASS file, in order of time."""
    return _read_events(text, "ass")


def read_ssa(text: str) -> Found:
    """Yield one "transcript" draft with the good cues of an SSA file, in order of time."""
    return _read_events(text, "ssa")


def _read_events(text: str, kind: str) -> Found:
    segments: list[Segment] = []
    lines = text.split("\n")
    events = [n for n, line in enumerate(lines, start=1) if line.startswith("Dialogue:")]
    end = len(text.rstrip().split("\n"))
    for number in events:
        found = _read_event(lines[number - 1], number, kind, last=number == end)
        if isinstance(found, Fault):
            yield found
        elif found:
            segments.append(found)
    if not events:
        yield Fault(WHOLE_FILE, "no_cues", "no `Dialogue:` line; is it a subtitle?")
    if segments:
        # Editors keep cues in the order they were written.
        segments.sort(key=lambda segment: (segment.start or 0.0, segment.line))
        yield Draft("transcript", _with_speakers(segments))


def _read_event(line: str, number: int, kind: str, last: bool) -> Segment | Fault | None:
    """Read one event; None for a drawing and for one without words, which the format uses for effects."""
    from pysubs2 import SSAFile

    try:
        (event,) = SSAFile.from_string(f"[Events]\n{line}", format_=kind).events
    except ValueError as error:
        return _fault(number, " ".join(str(error).split())[:80], truncated=last)
    if line.count(",") < _EVENT_COMMAS:
        return _fault(number, f"{line[:60]!r} has too few fields", truncated=last)
    start, end = event.start / 1000, event.end / 1000
    if end < start or start < 0:
        return _fault(number, f"the cue goes from {start:g} s to {end:g} s", truncated=False)
    words = "" if _DRAWING.search(event.text) else join_wrapped(event.plaintext.split("\n"))
    if not words:
        return None
    return Segment(words, number, start=start, end=end, speaker=event.name.strip() or None)


def _read(text: str, vtt: bool) -> Found:
    cues: list[_Cue] = []
    for piece in _split(text.split("\n"), vtt):
        if isinstance(piece, Fault):
            yield piece
        else:
            cues.append(piece)
    if not cues:
        yield Fault(WHOLE_FILE, "no_cues", "no line like `00:00:01,000 --> 00:00:04,000`; is it a subtitle?")
        return
    segments: list[Segment] = []
    for cue in cues:
        for found in _read_cue(cue, vtt, last=cue is cues[-1]):
            if isinstance(found, Fault):
                yield found
            else:
                segments.append(found)
    if segments:
        yield Draft("transcript", _with_speakers(segments))


def _with_speakers(segments: list[Segment]) -> list[Segment]:
    """Give each cue that has no voice tag the speaker whose name stands before its colon."""
    named = named_speakers([segment.text for segment in segments])
    return [replace(segment, speaker=segment.speaker or name) for segment, name in zip(segments, named)]


def _split(lines: list[str], vtt: bool) -> Iterator[_Cue | Fault]:
    """Cut at the timing lines, so that a missing blank line costs nothing."""
    timings = [n for n, line in enumerate(lines) if _TIMING_LIKE.match(line)]
    heads = [_head(lines, n, vtt) for n in timings]
    for line, block in paragraphs(lines[: heads[0]] if heads else []):
        if not _NOT_SPEECH.match(block):
            yield _fault(line, f"{block.splitlines()[0][:60]!r} has no timing", truncated=False)
    for position, n in enumerate(timings):
        end = heads[position + 1] if position + 1 < len(timings) else len(lines)
        yield _Cue(n + 1, lines[n], n + 2, lines[n + 1 : end])


def _head(lines: list[str], timing: int, vtt: bool) -> int:
    """Return where the cue of a timing line begins: at its number or name above, if it has one."""
    if timing == 0:
        return timing
    above = lines[timing - 1].strip()
    after_blank = timing == 1 or not lines[timing - 2].strip()
    is_name = above.isdecimal() or (vtt and above and after_blank and not _TIMING_LIKE.match(above))
    return timing - 1 if is_name else timing


def _read_cue(cue: _Cue, vtt: bool, last: bool) -> Iterator[Segment | Fault]:
    match = _TIMING.match(cue.timing)
    if match is None:
        yield _fault(cue.line, f"timing {cue.timing.strip()[:60]!r} cannot be read", truncated=last)
        return
    start, end = _seconds(match.groups()[:4]), _seconds(match.groups()[4:])
    if end < start:
        yield _fault(cue.line, f"the cue ends at {end:g} s before it starts at {start:g} s", truncated=False)
        return
    spoken: list[str] = []
    heads: list[tuple[int, str]] = []
    for line, block in paragraphs(cue.body, cue.body_line):
        if line == cue.body_line or not (_BARE_HEAD.match(block) or _NOT_SPEECH.match(block)):
            spoken.append(block)
        elif _BARE_HEAD.match(block):
            heads.append((line, block.split("\n")[0][:60]))
    for speaker, raw in voices("\n".join(spoken)):
        bare = _TAG.sub("", raw)
        if words := join_wrapped((html.unescape(bare) if vtt else bare).split("\n")):
            yield Segment(words, cue.line, start=start, end=end, speaker=speaker)
    if last and not spoken:
        yield _fault(cue.line, "the last cue has no text", truncated=True)
    for line, head in heads:
        yield _fault(line, f"cue {head!r} has no timing", truncated=last)


def _fault(line: int, what: str, truncated: bool) -> Fault:
    if truncated:
        return Fault(line, "truncated_subtitle", f"{what}: the file breaks off; export it again")
    return Fault(line, "bad_cue", f"{what}; mend the cue")


def _seconds(clock: tuple[str | None, ...]) -> float:
    hours, minutes, seconds, fraction = (part or "0" for part in clock)
    whole = int(hours) * 3600 + int(minutes) * 60 + int(seconds)
    return round(whole + int(fraction.ljust(3, "0")) / 1000, 3)
