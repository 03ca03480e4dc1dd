"""Pick the reader of a file by its suffix, and keep whatever goes wrong inside that file.

`read_file` is called in the process of `worker.py`; only tests call it in their own.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from pathlib import Path

from ta_pipeline.params import IngestParams
from ta_pipeline.sources.archives import ARCHIVE_SUFFIXES, check_package
from ta_pipeline.sources.decode import decode
from ta_pipeline.sources.dialogues import read_json, read_jsonl
from ta_pipeline.sources.drafts import WHOLE_FILE, Draft, Fault, Found
from ta_pipeline.sources.html import read_html
from ta_pipeline.sources.markdown import read_markdown
from ta_pipeline.sources.office import old_or_locked, read_slides, read_word
from ta_pipeline.sources.pdf import read_pdf
from ta_pipeline.sources.plain_text import read_plain_text
from ta_pipeline.sources.recordings import RECORDING_SUFFIXES
from ta_pipeline.sources.subtitles import read_ass, read_srt, read_ssa, read_vtt
from ta_pipeline.sources.tables import read_delimited, read_parquet, read_workbook

logger = logging.getLogger(__name__)

Roles = Mapping[str, str]
#: Asks for so many more seconds than the size of the file gives.
Lengthen = Callable[[float], None]

#: Faults of one file that are told one by one.
MOST_FAULTS = 10_000
MARKDOWN_SUFFIXES = (".md", ".markdown")
_TEXT_READERS: dict[str, Callable[[str], Found]] = {
    **dict.fromkeys(MARKDOWN_SUFFIXES, read_markdown),
    ".txt": read_plain_text,
    ".srt": read_srt,
    ".vtt": read_vtt,
    ".ass": read_ass,
    ".ssa": read_ssa,
}
_ROW_READERS: dict[str, Callable[[str, Roles], Found]] = {
    ".csv": lambda text, roles: read_delimited(text, ",", roles),
    ".tsv": lambda text, roles: read_delimited(text, "\t", roles),
    ".jsonl": read_jsonl,
    ".json": read_json,
}
_FILE_READERS: dict[str, Callable[[Path, Roles, IngestParams, Lengthen], Found]] = {
    ".html": lambda path, roles, ingest, lengthen: read_html(path),
    ".htm": lambda path, roles, ingest, lengthen: read_html(path),
    ".xhtml": lambda path, roles, ingest, lengthen: read_html(path),
    ".pdf": lambda path, roles, ingest, lengthen: read_pdf(path, ingest.max_ocr_pages, lengthen),
    ".docx": lambda path, roles, ingest, lengthen: read_word(path),
    ".pptx": lambda path, roles, ingest, lengthen: read_slides(path),
    ".xlsx": lambda path, roles, ingest, lengthen: read_workbook(path, roles),
    ".parquet": lambda path, roles, ingest, lengthen: read_parquet(path, roles, _most_bytes(ingest)),
}
_PACKAGES = (".docx", ".pptx", ".xlsx")
#: What a reader imports when it is first used; that takes seconds on a busy machine, and no file's time.
_LIBRARIES = {
    ".html": "trafilatura.core",
    ".htm": "trafilatura.core",
    ".xhtml": "trafilatura.core",
    ".pdf": "pypdfium2",
    ".docx": "docx",
    ".pptx": "pptx",
    ".xlsx": "openpyxl",
    ".parquet": "pyarrow.parquet",
    ".ass": "pysubs2",
    ".ssa": "pysubs2",
}


def library_of(path: Path) -> str | None:
    """Return the module that the reader of a file imports when it is first used."""
    return _LIBRARIES.get(path.suffix.lower())


def seconds_for(path: Path, ingest: IngestParams) -> float:
    """Return how long reading a file may take."""
    size = path.stat().st_size if path.is_file() else 0
    return ingest.seconds_per_mb * -(-max(1, size) // 2**20)


def read_file(path: Path, ingest: IngestParams, lengthen: Lengthen = lambda seconds: None) -> Found:
    """Yield the drafts and faults of one file; never raises.

    What was read before an unexpected error is kept, and a fault stands for the rest.
    """
    empty, size = True, 0
    try:
        for found in _few_faults(_read(path, ingest, lengthen)):
            empty = False
            if isinstance(found, Draft):
                size += sum(len(segment.text) for segment in found.segments)
            if size > _most_bytes(ingest):
                detail = "its text is longer than `ingest.max_file_mb`; split it, or raise that"
                yield Fault(found.line, "too_large", f"{detail}; from here on it was not read")
                return
            yield found
    except MemoryError:
        yield Fault(WHOLE_FILE, "too_large", "it takes more memory than `ingest.max_reader_memory_mb`")
        return
    except Exception as error:
        logger.debug("%s cannot be read", path, exc_info=True)
        # A member of an archive lies under a name that changes from run to run.
        reason = " ".join(str(error).replace(str(path), "the file").split())[:300]
        yield Fault(WHOLE_FILE, "unreadable", f"{type(error).__name__}: {reason}")
        return
    if empty:
        yield Fault(WHOLE_FILE, "no_content", "no text and no row in it; fill the file or remove it")


def _few_faults(found: Found) -> Found:
    """Count the faults beyond `MOST_FAULTS`: a file of the wrong kind may have one a line, in millions."""
    faults, last = 0, None
    for item in found:
        if isinstance(item, Fault) and (faults := faults + 1) > MOST_FAULTS:
            last = item
        else:
            yield item
    if last:
        more = f"{faults - MOST_FAULTS} more faults up to here, this one: {last.detail}"
        yield Fault(last.line, last.reason, more)


def _read(path: Path, ingest: IngestParams, lengthen: Lengthen) -> Found:
    suffix = path.suffix.lower()
    if fault := _unfit(path, suffix, ingest):
        yield fault
        return
    roles = {name.lower(): role for name, role in ingest.role_map.items()}
    if suffix in _FILE_READERS:
        yield from _FILE_READERS[suffix](path, roles, ingest, lengthen)
        return
    text = decode(path.read_bytes())
    if isinstance(text, Fault):
        yield text
    elif suffix in _TEXT_READERS:
        yield from _TEXT_READERS[suffix](text)
    else:
        yield from _ROW_READERS[suffix](text, roles)


def _most_bytes(ingest: IngestParams) -> int:
    return int(ingest.max_file_mb * 2**20)


def _unfit(path: Path, suffix: str, ingest: IngestParams) -> Fault | None:
    """Refuse a file by its kind and size, before it is opened."""
    if not path.is_file():
        return Fault(WHOLE_FILE, "unreadable", "not a regular file, or a link to nothing; remove it")
    if (size := path.stat().st_size) == 0:
        return Fault(WHOLE_FILE, "empty_file", "zero bytes; copy the file again or remove it")
    known = (*_TEXT_READERS, *_ROW_READERS, *_FILE_READERS)
    if suffix not in known:
        read = ", ".join((*known, *RECORDING_SUFFIXES, *ARCHIVE_SUFFIXES))
        return Fault(WHOLE_FILE, "unknown_format", f"{suffix or 'no suffix'}; {read} are read")
    if size > _most_bytes(ingest):
        return Fault(
            WHOLE_FILE, "too_large", f"{size / 2**20:.2f} MiB; split it or raise `ingest.max_file_mb`"
        )
    if suffix in _PACKAGES:
        return old_or_locked(path) or check_package(path, ingest.archives)
    return None
