"""Pick the reader of a file by its suffix, and keep whatever goes wrong inside that file."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from pathlib import Path

from ta_pipeline.params import IngestParams
from ta_pipeline.sources.decode import decode
from ta_pipeline.sources.dialogues import read_json, read_jsonl
from ta_pipeline.sources.drafts import WHOLE_FILE, Fault, Found
from ta_pipeline.sources.markdown import read_markdown
from ta_pipeline.sources.plain_text import read_plain_text
from ta_pipeline.sources.subtitles import read_srt, read_vtt
from ta_pipeline.sources.tables import read_delimited, read_workbook

logger = logging.getLogger(__name__)

MARKDOWN_SUFFIXES = (".md", ".markdown")
_TEXT_READERS: dict[str, Callable[[str], Found]] = {
    **dict.fromkeys(MARKDOWN_SUFFIXES, read_markdown),
    ".txt": read_plain_text,
    ".srt": read_srt,
    ".vtt": read_vtt,
}
_ROW_READERS: dict[str, Callable[[str, Mapping[str, str]], Found]] = {
    ".csv": lambda text, roles: read_delimited(text, ",", roles),
    ".tsv": lambda text, roles: read_delimited(text, "\t", roles),
    ".jsonl": read_jsonl,
    ".json": read_json,
}
_WORKBOOK = ".xlsx"


def read_file(path: Path, ingest: IngestParams) -> Found:
    """Yield the drafts and faults of one file; never raises.

    What was read before an unexpected error is kept, and a fault stands for the rest.
    """
    empty = True
    try:
        for found in _read(path, ingest):
            empty = False
            yield found
    except Exception as error:
        logger.debug("%s cannot be read", path, exc_info=True)
        reason = " ".join(str(error).split())[:300]
        yield Fault(WHOLE_FILE, "unreadable", f"{type(error).__name__}: {reason}")
        return
    if empty:
        yield Fault(WHOLE_FILE, "no_content", "no text and no row in it; fill the file or remove it")


def _read(path: Path, ingest: IngestParams) -> Found:
    suffix = path.suffix.lower()
    if fault := _unfit(path, suffix, ingest):
        yield fault
        return
    roles = {name.lower(): role for name, role in ingest.role_map.items()}
    if suffix == _WORKBOOK:
        yield from read_workbook(path, roles)
        return
    text = decode(path.read_bytes())
    if isinstance(text, Fault):
        yield text
    elif suffix in _TEXT_READERS:
        yield from _TEXT_READERS[suffix](text)
    else:
        yield from _ROW_READERS[suffix](text, roles)


def _unfit(path: Path, suffix: str, ingest: IngestParams) -> Fault | None:
    """Refuse a file by its kind and size, before it is opened."""
    if not path.is_file():
        return Fault(WHOLE_FILE, "unreadable", "not a regular file, or a link to nothing; remove it")
    if (size := path.stat().st_size) == 0:
        return Fault(WHOLE_FILE, "empty_file", "zero bytes; copy the file again or remove it")
    known = (*_TEXT_READERS, *_ROW_READERS, _WORKBOOK)
    if suffix not in known:
        return Fault(WHOLE_FILE, "unknown_format", f"{suffix or 'no suffix'}; {', '.join(known)} are read")
    if size > ingest.max_file_mb * 2**20:
        return Fault(
            WHOLE_FILE, "too_large", f"{size / 2**20:.2f} MiB; split it or raise `ingest.max_file_mb`"
        )
    return None
