"""Find everything that a run could not read: course files, public sets, capability files, the exam.

There are no rules here: the readers of `ingest` and of `compose` are asked, and what they would put into
quarantine, or stop with, is collected instead.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ta_pipeline.composing.benchmark import prepare_questions
from ta_pipeline.composing.capability import exam_folder, exam_text
from ta_pipeline.params import ComposeParams, IngestParams, SourcesParams
from ta_pipeline.records import InputError
from ta_pipeline.sources.collect import collect
from ta_pipeline.sources.folder import EXAM, list_files
from ta_pipeline.text.language import detect_language

Document = dict[str, Any]
_PLACE = re.compile(r"(?P<file>\d+)\.jsonl:(?P<line>\d+): (?P<what>.*)", re.DOTALL)


@dataclass(frozen=True)
class Problem:
    """What is wrong and how to mend it; `line` is 0 for a whole file."""

    path: Path
    line: int
    what: str

    def __str__(self) -> str:
        """Write one line: place, reason, cure."""
        place = f"{self.path}:{self.line}" if self.line else str(self.path)
        return f"{place}: {' '.join(self.what.split())}"


@dataclass
class Findings:
    """What was read and what is wrong with it."""

    documents: int = 0
    questions: int = 0
    problems: list[Problem] = field(default_factory=list)


@dataclass(frozen=True)
class Raw:
    """Where the raw files lie and the parameters they are read with."""

    courses: Path
    public: Path
    benchmark: Path
    ingest: IngestParams
    sources: SourcesParams
    compose: ComposeParams


def open_raw(root: Path) -> Raw:
    """Read the configuration of the project in `root`."""
    from ta_pipeline.ask import open_last_run
    from ta_pipeline.new_course import COURSES

    configured = open_last_run(root)
    return Raw(
        root / COURSES,
        configured.catalog["public_files"].load(),
        configured.catalog["benchmark_files"].load(),
        IngestParams.model_validate(configured.parameters["ingest"]),
        SourcesParams.model_validate(configured.parameters["sources"]),
        ComposeParams.model_validate(configured.parameters["compose"]),
    )


def check_everything(raw: Raw) -> Findings:
    """Check all courses, the public sets and the shared exam."""
    findings = Findings()
    courses = sorted(path for path in raw.courses.iterdir() if path.is_dir()) if raw.courses.is_dir() else []
    read = {course.name: _read(course, None, raw, findings) for course in courses}
    for course in courses:
        _check_own_exam(course, read[course.name], raw, findings)
    company = next((course for course in courses if _holds_material(course)), None)
    if company and raw.public.is_dir():
        _read(company, raw.public, raw, findings)
        _check_exam([raw.public / EXAM], read, raw, findings)
    _check_exam(sorted(raw.benchmark.rglob("*.jsonl")), read, raw, findings)
    return findings


def check_course(course: Path, raw: Raw) -> Findings:
    """Check the folder of one course, its capability files and its exam."""
    findings = Findings()
    _check_own_exam(course, _read(course, None, raw, findings), raw, findings)
    return findings


def _holds_material(course: Path) -> bool:
    return any(file.name != EXAM for file in list_files(course))


def _read(course: Path, public: Path | None, raw: Raw, findings: Findings) -> list[Document]:
    """Read a course, or the public sets in its company, as a run does; note what is quarantined."""
    ingest = raw.ingest.model_copy(update={"max_quarantined_share": 1.0})
    folder, nothing = public or course, course / "no public sets"
    try:
        documents, quarantined = collect(
            course, public or nothing, course.name, ingest, raw.sources, samples_too=True
        )
    except InputError as error:
        findings.problems.append(_whole(folder, error))
        return []
    for row in quarantined.to_pylist():
        if public is None or row["source"].startswith("public/"):
            path = folder / (row["source"].removeprefix("public/") if public else row["source"])
            findings.problems.append(Problem(path, row["line"], f"{row['reason']}: {row['detail']}"))
    rows = [row for row in documents.to_pylist() if (row["origin"] != "course") == bool(public)]
    findings.documents += len(rows)
    return [row | {"language": _language(row)} for row in rows if row["kind"] != "dialogue"]


def _language(document: Document) -> str:
    return detect_language("\n".join(segment["text"] for segment in document["segments"]))


def _check_own_exam(course: Path, documents: list[Document], raw: Raw, findings: Findings) -> None:
    try:
        exam_folder(course, raw.public, raw.benchmark, course.name)
    except InputError as error:
        findings.problems.append(_whole(course / EXAM, error))
    else:
        _check_exam([course / EXAM], {course.name: documents}, raw, findings)


def _whole(path: Path, error: InputError) -> Problem:
    return Problem(path, 0, str(error).removeprefix(f"{path}: "))


def _check_exam(
    paths: Sequence[Path], courses: Mapping[str, Sequence[Document]], raw: Raw, findings: Findings
) -> None:
    """Have the questions prepared: first without a course, for the form, then for each they are about."""
    files: dict[Path, list[str]] = {}
    for path in paths:
        if path.is_file():
            try:
                files[path] = exam_text(path).splitlines()
            except InputError as error:
                findings.problems.append(_whole(path, error))
    for course, documents in [("", []), *sorted(courses.items())]:
        if not course or any(f'"{course}"' in line for lines in files.values() for line in lines):
            findings.problems += _refused(files, course, documents, raw.compose)
    findings.questions += sum(bool(line.strip()) for lines in files.values() for line in lines)


def _refused(
    files: dict[Path, list[str]], course: str, documents: Sequence[Document], compose: ComposeParams
) -> Iterator[Problem]:
    """Yield what `prepare_questions` stops with; that line is blanked, and it is asked again."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        while files:
            for number, lines in enumerate(files.values()):
                (folder / f"{number}.jsonl").write_text("\n".join(lines), encoding="utf-8")
            try:
                prepare_questions(folder, documents, course, compose, seed=0)
                return
            except InputError as error:
                match = _PLACE.match(str(error))
                if match is None:
                    yield Problem(next(iter(files)), 0, str(error))
                    return
                path = list(files)[int(match["file"])]
                files[path][int(match["line"]) - 1] = ""
                yield Problem(path, int(match["line"]), match["what"])
