"""Collect the documents of a course and of the public sets: names, titles, origins and ids.

The one place where a draft becomes a row of `records.DOCUMENT` and a fault one of
`records.QUARANTINED`.
"""

from __future__ import annotations

import json
import logging
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

import pyarrow as pa

from ta_pipeline.params import IngestParams, SourcesParams
from ta_pipeline.progress import track
from ta_pipeline.records import DOCUMENT, QUARANTINED, InputError, stable_id
from ta_pipeline.sources.archives import with_members
from ta_pipeline.sources.dialogues import lecture_of
from ta_pipeline.sources.drafts import Draft, Fault
from ta_pipeline.sources.folder import EXAM, SourceFile, list_files
from ta_pipeline.sources.isolation import IsolatedReader
from ta_pipeline.sources.public_sets import PublicSets
from ta_pipeline.sources.read import MARKDOWN_SUFFIXES
from ta_pipeline.sources.recordings import is_recording, stands_for
from ta_pipeline.sources.samples import untouched_samples
from ta_pipeline.sources.speech import read_speech
from ta_pipeline.sources.whisper import release_model

logger = logging.getLogger(__name__)

COURSE = "course"
_LISTED = 20


@dataclass(frozen=True)
class _Read:
    """All that was found in one file; `source` and `origin` as they stand in the rows."""

    source: str
    origin: str
    drafts: list[Draft]
    faults: list[Fault]

    @property
    def place(self) -> PurePosixPath:
        return PurePosixPath(self.source)

    @property
    def folder(self) -> str:
        return str(self.place.parent)

    @property
    def lecture(self) -> str:
        return self.place.name.split(".", 1)[0]


def collect(
    course_files: Path,
    public_files: Path,
    course: str,
    ingest: IngestParams,
    sources: SourcesParams,
    samples_too: bool = False,
) -> tuple[pa.Table, pa.Table]:
    """Read both folders into `DOCUMENT` and `QUARANTINED` rows.

    Raises InputError where the course folder is empty, a public set's licence is not allowed, or too large
    a share of all files gave no document. `public_files` may be missing. Samples of `ta new-course` that
    nobody has changed are passed over, unless `samples_too`.
    """
    own = [file for file in list_files(course_files) if file.name != EXAM]
    samples = untouched_samples(course_files, [file.name for file in own])
    if samples and not samples_too:
        own = [file for file in own if file.name not in samples]
        logger.info("Passed over %d samples of `ta new-course` that nobody has changed", len(samples))
    if not own:
        raise InputError(
            f"{course_files}: no file to read. Make a course with `ta new-course {course}` and put its "
            "notes, subtitles, FAQ or question logs there, or name another with `--params course=NAME`."
        )
    sets = PublicSets(public_files, sources, ingest)
    sets.check_licences()
    # A recording comes after the transcripts that may stand for it.
    jobs = [(file, False) for file in sorted(own, key=lambda file: is_recording(file.name))]
    jobs += [(file, True) for file in sets.wanted() if not _is_readme(file.name) and file.name != EXAM]
    read: list[_Read] = []
    with IsolatedReader(ingest) as reader:
        for file, public in track(jobs, "reading sources", len(jobs), "files"):
            if public:
                read.append(_read_public(file, sets, reader))
            else:
                for member in with_members(file, reader, ingest):
                    read.append(_read_one(member, reader, read, ingest))
    release_model()
    read.sort(key=lambda file: (False, file.source) if file.origin == COURSE else (True, ""))
    _refuse_too_many_bad_files(read, course_files, ingest)
    return _documents(read, course), _quarantined(read)


def _is_readme(name: str) -> bool:
    return "/" not in name and name.upper().startswith("README")


def _read_one(file: SourceFile, reader: IsolatedReader, read: list[_Read], ingest: IngestParams) -> _Read:
    """Read a file of the course; a recording in this process, which may keep a model and show progress."""
    if file.fault:
        return _sorted_out(file.name, COURSE, [file.fault])
    if not is_recording(file.name):
        return _sorted_out(file.name, COURSE, reader.read(file.path))
    transcripts = [other for other in read if other.drafts and stands_for(other.source, file.name)]
    if not transcripts:
        return _sorted_out(file.name, COURSE, read_speech(file.path, file.name, ingest.speech))
    for transcript in transcripts:
        transcript.drafts[:] = [
            replace(draft, meta={**draft.meta, "recording": file.name}) for draft in transcript.drafts
        ]
    return _Read(file.name, COURSE, [], [])


def _sorted_out(source: str, origin: str, found: Iterable[Draft | Fault]) -> _Read:
    drafts: list[Draft] = []
    faults: list[Fault] = []
    for item in found:
        if isinstance(item, Draft):
            drafts.append(item)
        else:
            faults.append(item)
    return _Read(source, origin, drafts, faults)


def _read_public(file: SourceFile, sets: PublicSets, reader: IsolatedReader) -> _Read:
    origin, found = sets.read(file, reader)
    return _sorted_out(f"public/{file.name}", origin, found)


def _refuse_too_many_bad_files(read: list[_Read], folder: Path, ingest: IngestParams) -> None:
    bad = [file for file in read if file.faults and not file.drafts]
    if len(bad) <= ingest.max_quarantined_share * len(read):
        return
    listed = "; ".join(f"{file.source} ({file.faults[0].reason})" for file in bad[:_LISTED])
    more = f"; and {len(bad) - _LISTED} more" if len(bad) > _LISTED else ""
    raise InputError(
        f"{folder}: {len(bad)} of {len(read)} files gave no document: {listed}{more}. Mend or remove "
        "them, check that it is the right folder, or raise `ingest.max_quarantined_share` "
        f"(now {ingest.max_quarantined_share:g}) in conf/base/parameters_ingest.yml."
    )


class _Titles:
    """The titles of the lectures, which their files and the questions about them share."""

    def __init__(self, read: list[_Read]) -> None:
        """Take the title of each lecture from its Markdown file.

        Of several the one with the plainest name speaks: `01.md` before `01.homework.md`.
        """
        self._beside: dict[tuple[str, str, str], str] = {}
        self._anywhere: dict[tuple[str, str], str] = {}
        notes = (file for file in read if file.place.suffix.lower() in MARKDOWN_SUFFIXES)
        for file in sorted(notes, key=lambda file: (file.place.name.count("."), file.source)):
            for draft in file.drafts:
                if draft.title:
                    self._beside.setdefault((file.origin, file.folder, file.lecture), draft.title)
                    self._anywhere.setdefault((file.origin, file.lecture), draft.title)
        for file in read:
            if any(draft.kind != "dialogue" for draft in file.drafts):
                self._anywhere.setdefault((file.origin, file.lecture), file.lecture)

    def of_file(self, file: _Read, draft: Draft) -> str:
        """Return the title of the lecture in the same folder, else the document's own, else its stem."""
        lecture_title = self._beside.get((file.origin, file.folder, file.lecture))
        return lecture_title or draft.title or file.lecture

    def of_row(self, file: _Read, draft: Draft, lecture: str) -> str:
        """Return the title of the lecture a row is about: where it says it lies, beside it, anywhere."""
        folder = str(PurePosixPath(str(draft.meta.get("source", ""))).parent)
        for place in (folder, file.folder):
            if title := self._beside.get((file.origin, place, lecture)):
                return title
        return self._anywhere.get((file.origin, lecture), "")


def _documents(read: list[_Read], course: str) -> pa.Table:
    titles = _Titles(read)
    rows = [_document(file, draft, course, titles) for file in read for draft in file.drafts]
    return pa.Table.from_pylist(rows, schema=DOCUMENT)


def _document(file: _Read, draft: Draft, course: str, titles: _Titles) -> dict[str, object]:
    """Name a draft. A row of a question list takes the name of the lecture it asks about."""
    if draft.kind == "dialogue":
        lecture = lecture_of(draft.meta)
        title = titles.of_row(file, draft, lecture)
    else:
        lecture = file.lecture
        title = titles.of_file(file, draft)
    return {
        "id": stable_id(file.origin, file.source, str(draft.row)),
        "course": course if file.origin == COURSE else "",
        "origin": file.origin,
        "source": file.source,
        "kind": draft.kind,
        "lecture": lecture,
        "title": title,
        "language": "",
        "segments": [vars(segment) for segment in draft.segments],
        "meta": json.dumps(draft.meta, ensure_ascii=False, sort_keys=True, default=str),
    }


def _quarantined(read: list[_Read]) -> pa.Table:
    return pa.Table.from_pylist(list(_fault_rows(read)), schema=QUARANTINED)


def _fault_rows(read: list[_Read]) -> Iterator[dict[str, object]]:
    """Yield a row a fault; a second fault of one line (an array on one line) is told apart by a count."""
    seen: Counter[tuple[str, int]] = Counter()
    for file in read:
        for fault in file.faults:
            place = (file.source, fault.line)
            again = [str(seen[place])] if seen[place] else []
            seen[place] += 1
            yield {
                "id": stable_id(file.source, str(fault.line), *again),
                "source": file.source,
                "line": fault.line,
                "reason": fault.reason,
                "detail": fault.detail,
            }
