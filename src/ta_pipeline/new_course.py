"""Make the folder of a course of one's own, and say what may go in.

The explanation is printed and not left in the folder: every file there, a README too, is course material.
"""

from __future__ import annotations

import re
from pathlib import Path

from ta_pipeline.records import InputError
from ta_pipeline.sources.samples import SAMPLES, sample

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
The samples show the form of each kind. As soon as there is a file of your own, those that nobody has changed
are passed over. Check the folder with `ta check-data`.
Lectures named 13-… and 14-… (`compose.held_out`), or else the last one, are kept out of training, to measure
on them."""

#: Folders of a course; all may stay empty.
FOLDERS = ("lectures", "processed", "eval")


def check_name(name: str) -> None:
    """Raise InputError for what is no plain folder name."""
    if not _NAME.fullmatch(name):
        raise InputError(
            f"{name!r} cannot name a course. Use small letters, digits, - and _, a letter or digit first: "
            "python-101"
        )


def make_course(root: Path, name: str, with_samples: bool = True) -> Path:
    """Make `data/01_raw/courses/<name>` with its FOLDERS and samples below the project `root`; return it.

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
        with path.open("xb") as stream:
            stream.write(sample(path.relative_to(course).as_posix(), course.name))
    return missing


def next_command(name: str) -> str:
    """Write the command that trains on a course."""
    return f"kedro run --pipeline=train --params course={name}"
