"""Make the folder of a course of one's own, and say what may go in.

The explanation is printed and not left in the folder: every file there, a README too, is course material.
"""

from __future__ import annotations

import re
from pathlib import Path

from ta_pipeline.records import InputError

COURSES = Path("data/01_raw/courses")
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]*")

EXPLANATION = """\
Put the course's files in, in any subfolders; every file is read as course material, a README too:
  notes        .md .markdown .txt .html .htm .xhtml .pdf .docx .pptx .xlsx; scanned pages with the extra `ocr`
  transcripts  .srt .vtt .ass .ssa, named as their notes: 01-loops.md and 01-loops.srt are one lecture
  recordings   .mp3 .wav .m4a .aac .flac .ogg .opus .mp4 .m4v .mov .mkv .webm; those without a transcript of
               their name are heard by Whisper: the extra `speech`
  questions    .csv .tsv .xlsx .parquet with columns question, answer and, if known, lecture and time;
               .jsonl .json with rows like {"question": …, "answer": …}, ShareGPT, Alpaca or chat messages
  training     processed/tool_sft.jsonl, rag_sft.jsonl, style_sft.jsonl: rows that are learned as they are
  an exam      eval/benchmark.jsonl: questions with their sources, asked and never learned
  archives     .zip .tar .tgz of all these
Check the folder with `ta check-data`; with --create-samples it also writes a small sample of each kind.
Lectures named 13-… and 14-… (`compose.held_out`), or else the last one, are kept out of training, to measure
on them."""

_REPLACE = "This is a sample to be replaced."

#: What `--with-samples` writes: one small file of each kind, which says of itself that it is a sample.
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

#: Folders of a course; all may stay empty.
FOLDERS = ("lectures", "processed", "eval")


def check_name(name: str) -> None:
    """Raise InputError for what is no plain folder name."""
    if not _NAME.fullmatch(name):
        raise InputError(
            f"{name!r} cannot name a course. Use small letters, digits, - and _, a letter or digit first: "
            "python-101"
        )


def make_course(root: Path, name: str, with_samples: bool = False) -> Path:
    """Make `data/01_raw/courses/<name>` with its FOLDERS below the project `root`; return it.

    Nothing is overwritten: raises InputError for a folder that holds a file, and for a name that is no
    plain folder name.
    """
    check_name(name)
    course = root / COURSES / name
    if course.exists() and (not course.is_dir() or any(p.is_file() for p in course.rglob("*"))):
        raise InputError(
            f"{COURSES / name} is already there and not empty; nothing was changed. Put your files into it, "
            "or choose another name."
        )
    make_folders(course)
    if with_samples:
        write_samples(course)
    return course


def make_folders(course: Path) -> None:
    """Make the folders of a course where they are missing."""
    for folder in FOLDERS:
        (course / folder).mkdir(parents=True, exist_ok=True)


def write_samples(course: Path) -> list[Path]:
    """Write those samples whose files are not there yet; return them."""
    make_folders(course)
    missing = [course / file for file in SAMPLES if not (course / file).exists()]
    for path in missing:
        text = SAMPLES[path.relative_to(course).as_posix()].replace("COURSE", course.name)
        with path.open("x", encoding="utf-8", newline="\n") as stream:
            stream.write(text)
    return missing


def next_command(name: str) -> str:
    """Write the command that trains on a course."""
    return f"kedro run --pipeline=train --params course={name}"
