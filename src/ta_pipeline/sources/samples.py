"""The sample files that `ta new-course` writes, and how a run knows those that nobody has changed."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

_REPLACE = "This is a sample to be replaced."

#: One small file of each kind by its path in the course; each says of itself that it is a sample.
SAMPLES = {
    "lectures/01-first-lecture.md": f"""\
# Lecture 1: Sample lecture, replace me

{_REPLACE} Notes are Markdown: the first heading is the title of the lecture, and it is what answers cite.

## What notes look like

A paragraph for each idea, a heading for each section. A definition is best written as one whole sentence,
because a student's question is often answered by one sentence: a sample is a small piece that shows the
form of the whole.
""",
    "lectures/01-first-lecture.srt": f"""\
1
00:00:01,000 --> 00:00:05,500
Welcome to the sample lecture. {_REPLACE}

2
00:00:06,000 --> 00:00:12,000
A transcript has cues with their times, so that an answer can name the minute.

3
00:00:12,500 --> 00:00:18,000
It has the same name as the notes of its lecture, and another ending.
""",
    "faq.csv": f"""\
question,answer,lecture,time
What is this sample file for?,"{_REPLACE} It shows the columns of a list of questions.",01-first-lecture,00:01
Must a question name its lecture?,"No. In this sample the last two columns may stay empty.",,
""",
    "question_log.jsonl": (
        '{"conversations": [{"from": "human", "value": "What does a row of the sample log hold?"}, '
        f'{{"from": "gpt", "value": "{_REPLACE} A row is one conversation with a student."}}], '
        '"meta": {"source": "lectures/01-first-lecture.srt", "timestamp": "00:00:06"}}\n'
    ),
    "processed/tool_sft.jsonl": (
        '{"messages": [{"role": "user", "content": "When is the sample lecture?"}, '
        '{"role": "assistant", "tool_calls": [{"id": "1", "type": "function", '
        '"function": {"name": "look_up_lecture", "arguments": "{\\"number\\": 1}"}}]}, '
        '{"role": "tool", "content": "Monday, 10:00", "tool_call_id": "1"}, '
        f'{{"role": "assistant", "content": "On Monday at ten. {_REPLACE}"}}], '
        '"tools": [{"type": "function", "function": {"name": "look_up_lecture", "description": '
        '"The time of a lecture", "parameters": {"type": "object", "properties": '
        '{"number": {"type": "integer"}}, "required": ["number"]}}}]}\n'
    ),
    "processed/rag_sft.jsonl": (
        '{"instruction": "Answer from the passage: what has a transcript?", "input": '
        '"[Sample lecture 00:06-00:12]\\nA transcript has cues with their times.", '
        f'"output": "It has cues with their times. {_REPLACE} [Sample lecture 00:06]", '
        '"meta": {"source": "lectures/01-first-lecture.srt", "timestamp": "00:00:06"}}\n'
    ),
    "processed/style_sft.jsonl": (
        '{"messages": [{"role": "user", "content": "I do not understand this sample at all."}, '
        '{"role": "assistant", "content": "Let us look at it together. What do you see in its first line? '
        f'{_REPLACE}"}}]}}\n'
    ),
    "eval/benchmark.jsonl": (
        '{"id": "sample-1", "course": "COURSE", "kind": "fact", "language": "en", '
        '"question": "What does a transcript have, so that an answer can name the minute?", '
        f'"reference": "Cues with their times. {_REPLACE}", "source": {{"path": '
        '"lectures/01-first-lecture.srt", "quote": "A transcript has cues with their times, so that an '
        'answer can name the minute."}}\n'
        '{"id": "sample-2", "course": "COURSE", "kind": "refusal", "language": "en", '
        '"question": "Who won the match last night?"}\n'
    ),
}


def sample(name: str, course: str) -> bytes:
    """Return the content of the sample file `name` (a key of SAMPLES) of a course."""
    return SAMPLES[name].replace("COURSE", course).encode()


def untouched_samples(folder: Path, names: Iterable[str]) -> frozenset[str]:
    """Return which of a course's files are samples as they were written, to be passed over.

    `names` are all files of the course, by their paths below its `folder`. A course of nothing but samples
    is read: somebody wants to see what becomes of them.
    """
    names = set(names)
    same = {name for name in names & SAMPLES.keys() if _is_untouched(folder, name)}
    return frozenset(same) if names - same else frozenset()


def _is_untouched(folder: Path, name: str) -> bool:
    path, written = folder / name, sample(name, folder.name)
    return path.is_file() and path.stat().st_size == len(written) and path.read_bytes() == written
