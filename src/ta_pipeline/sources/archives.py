"""Zip and tar archives: their members as files of the source folder, `notes.zip/week1/01.md`.

No name from inside an archive touches the disk: members are written under numbers into a temporary
folder, so that no path can leave it. Links and devices are never made. A limit that is exceeded
(`ingest.archives`) quarantines the archive whole, since half of a bomb is no course.
"""

from __future__ import annotations

import gzip
import re
import stat
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath
from typing import IO, TYPE_CHECKING, Protocol, cast

from ta_pipeline.params import ArchiveParams, IngestParams
from ta_pipeline.sources.drafts import WHOLE_FILE, Fault
from ta_pipeline.sources.folder import SourceFile, on_one_line
from ta_pipeline.sources.recordings import is_recording

if TYPE_CHECKING:
    from ta_pipeline.sources.isolation import IsolatedReader

ARCHIVE_SUFFIXES = (".zip", ".tar", ".tar.gz", ".tgz")
#: Flags of a zip member: its name is UTF-8, its content has a password.
_UTF8, _ENCRYPTED = 0x800, 0x1
_BLOCK = 2**20
#: A small archive of repetitive text may exceed the ratio; below this size nobody is harmed.
_FREE = 4 * 2**20


class _OverLimitError(Exception):
    """A limit of `ingest.archives` is exceeded."""


@dataclass(frozen=True)
class Member:
    """A member of an archive: its name, where its bytes are, or why they are not there."""

    name: str
    path: Path | None
    size: int = 0
    fault: Fault | None = None


@dataclass
class Allowance:
    """Bytes and members that may still come out of an archive and those inside it."""

    size: int
    files: int


class _Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...


@dataclass(frozen=True)
class _Entry:
    name: str
    open: Callable[[], IO[bytes] | None]
    fault: Fault | None = None
    is_folder: bool = False


def archive_suffix(name: str) -> str:
    """Return the suffix by which a name is that of an archive, else ""."""
    return next((suffix for suffix in ARCHIVE_SUFFIXES if name.lower().endswith(suffix)), "")


def with_members(file: SourceFile, reader: IsolatedReader, ingest: IngestParams) -> Iterator[SourceFile]:
    """Yield the file itself, or the members of an archive in the order of their names.

    The bytes of a member are there until the next one is asked for.
    """
    limits = ingest.archives
    allowance = Allowance(int(limits.max_mb * 2**20), limits.max_files)
    yield from _expand(file, reader, limits, allowance, depth=0)


def _expand(
    file: SourceFile, reader: IsolatedReader, limits: ArchiveParams, allowance: Allowance, depth: int
) -> Iterator[SourceFile]:
    if file.fault or not archive_suffix(file.name) or not file.path.is_file():
        yield file
        return
    if depth >= limits.max_depth:
        detail = f"archives inside each other beyond {limits.max_depth}; unpack it, or {_cure('max_depth')}"
        yield _refused(file, Fault(WHOLE_FILE, "archive_bomb", detail))
        return
    with tempfile.TemporaryDirectory(prefix="ta-archive-") as folder:
        found = reader.unpack(file.path, Path(folder), allowance)
        if faults := [item for item in found if isinstance(item, Fault)]:
            yield _refused(file, faults[0])
            return
        members = sorted((item for item in found if isinstance(item, Member)), key=lambda m: m.name)
        members.sort(key=lambda member: is_recording(member.name))  # after the transcripts beside them
        allowance.size -= sum(member.size for member in members)
        allowance.files -= len(members)
        if not members:
            yield _refused(file, Fault(WHOLE_FILE, "no_content", "no file in it; remove it"))
        seen: set[str] = set()
        for member in members:
            fault = member.fault
            if member.name in seen:
                fault = Fault(
                    WHOLE_FILE, "duplicate_member", "the name stands twice in the archive; rename one"
                )
            seen.add(member.name)
            inner = SourceFile(member.path or file.path, f"{file.name}/{member.name}", fault)
            yield from _expand(inner, reader, limits, allowance, depth + 1)
            if member.path:
                member.path.unlink(missing_ok=True)


def _refused(file: SourceFile, fault: Fault) -> SourceFile:
    return SourceFile(file.path, file.name, fault)


def _cure(name: str) -> str:
    return f"raise `ingest.archives.{name}`"


def unpack(path: Path, folder: Path, limits: ArchiveParams, allowance: Allowance) -> Iterator[Member | Fault]:
    """Write the members of an archive into a folder; a last Fault means that the whole is refused.

    Hidden files are left out, as they are in a folder. Never raises.
    """
    tally = _Tally(limits, allowance, path.stat().st_size)
    entries = _zip_entries(path) if archive_suffix(path.name) == ".zip" else _tar_entries(path, tally)
    try:
        with closing(entries):
            for number, entry in enumerate(entries):
                tally.count()
                if not entry.is_folder and not _is_hidden(entry.name):
                    yield _write(entry, folder, number, tally)
    except _OverLimitError as error:
        yield Fault(WHOLE_FILE, "archive_bomb", str(error))
    except Exception as error:  # of a damaged archive zipfile and tarfile raise whatever they trip over
        detail = f"{type(error).__name__}: {' '.join(str(error).split())[:200]}; pack it again"
        yield Fault(WHOLE_FILE, "bad_archive", detail)


class _Tally:
    """What has come out of an archive so far, held against the limits."""

    def __init__(self, limits: ArchiveParams, allowance: Allowance, packed: int) -> None:
        self._limits, self._allowance, self._packed = limits, allowance, packed
        self.size = self.files = 0

    def count(self) -> None:
        """Count a member."""
        self.files += 1
        if self.files > self._allowance.files:
            raise _OverLimitError(f"more than {self._limits.max_files} files; {_cure('max_files')}")

    def add(self, size: int) -> None:
        """Count unpacked bytes of members."""
        self.size += size
        self.check(self.size)

    def check(self, size: int) -> None:
        """Raise where so many unpacked bytes are too many."""
        if size > self._allowance.size:
            raise _OverLimitError(f"more than {self._limits.max_mb:g} MiB unpacked; {_cure('max_mb')}")
        if size > max(_FREE, self._limits.max_ratio * self._packed):
            detail = f"unpacks to more than {self._limits.max_ratio:g} times its size"
            raise _OverLimitError(f"{detail}; {_cure('max_ratio')}")


def _is_hidden(name: str) -> bool:
    """Leave out what a folder's listing leaves out, and what macOS packs beside each file."""
    parts = name.replace("\\", "/").split("/")
    return any(part.startswith(".") and part not in (".", "..") for part in parts) or "__MACOSX" in parts


def _write(entry: _Entry, folder: Path, number: int, tally: _Tally) -> Member:
    name, fault = _safe_name(entry.name)
    if fault := fault or entry.fault:
        return Member(name, None, fault=fault)
    target = folder / f"{number:06d}{_suffix(name)}"
    before = tally.size
    try:
        stream = entry.open()
        if stream is None:
            return Member(name, None, fault=_not_a_file())
        with closing(stream), target.open("wb") as file:
            while block := stream.read(_BLOCK):
                tally.add(len(block))
                file.write(block)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        # These are faults of one member (the last two: a method or a password that zipfile lacks); what
        # else goes wrong is a fault of the archive.
        target.unlink(missing_ok=True)
        detail = f"{type(error).__name__}: {' '.join(str(error).split())[:200]}; pack the file again"
        return Member(name, None, fault=Fault(WHOLE_FILE, "bad_archive", detail))
    return Member(name, target, tally.size - before)


def _suffix(name: str) -> str:
    """Return the suffix a reader is picked by; anything odd is none."""
    suffix = archive_suffix(name) or PurePosixPath(name).suffix
    return suffix if re.fullmatch(r"(?:\.[A-Za-z0-9]{1,12}){1,2}", suffix) else ""


def _safe_name(name: str) -> tuple[str, Fault | None]:
    """Return the name with plain slashes, and a fault where it leads out of the archive."""
    plain = on_one_line(name.replace("\\", "/"))
    parts = [part for part in plain.split("/") if part not in ("", ".")]
    shown = "/".join(parts) or "unnamed"
    if plain.startswith("/") or re.match(r"[A-Za-z]:", plain) or ".." in parts:
        detail = "the name leads out of the archive; pack the file again below its folder"
        return shown, Fault(WHOLE_FILE, "outside_folder", detail)
    return shown, None


def _not_a_file() -> Fault:
    return Fault(WHOLE_FILE, "not_a_file", "a device or pipe in an archive; take it out")


def _link() -> Fault:
    return Fault(WHOLE_FILE, "outside_folder", "a link in an archive is not followed; pack what it points to")


def _decoded(raw: bytes) -> str:
    """Read a file name: UTF-8, else GB18030 as Windows in Chinese packs it, else its bytes as \\xNN."""
    for encoding in ("utf-8", "gb18030"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    return raw.decode("utf-8", errors="backslashreplace")


def _zip_entries(path: Path) -> Generator[_Entry, None, None]:
    with zipfile.ZipFile(path) as archive:
        for info in archive.infolist():
            # Python reads a name without the UTF-8 flag as code page 437.
            name = info.filename
            if not info.flag_bits & _UTF8:
                name = _decoded(name.encode("cp437", errors="replace"))
            mode = info.external_attr >> 16
            fault = None
            if stat.S_ISLNK(mode):
                fault = _link()
            elif stat.S_IFMT(mode) not in (0, stat.S_IFREG, stat.S_IFDIR):
                fault = _not_a_file()
            elif info.flag_bits & _ENCRYPTED:
                fault = Fault(WHOLE_FILE, "encrypted", "it has a password; pack it without one")

            def open_it(info: zipfile.ZipInfo = info) -> IO[bytes]:
                return archive.open(info)

            yield _Entry(name, open_it, fault, info.is_dir())


def _tar_entries(path: Path, tally: _Tally) -> Generator[_Entry, None, None]:
    opened = path.open if path.suffix == ".tar" else partial(gzip.open, path)
    # A stream, so that nothing is read twice and headers too count against the limit.
    with opened("rb") as packed, tarfile.open(fileobj=_metered(packed, tally), mode="r|") as archive:
        for info in archive:
            name = _decoded(info.name.encode("utf-8", errors="surrogateescape"))
            fault = _link() if info.issym() or info.islnk() else None
            if fault is None and not info.isreg() and not info.isdir():
                fault = _not_a_file()

            def open_it(info: tarfile.TarInfo = info) -> IO[bytes] | None:
                return archive.extractfile(info)

            yield _Entry(name, open_it, fault, info.isdir())


def _metered(stream: _Readable, tally: _Tally) -> IO[bytes]:
    """Return a stream of which tarfile asks nothing but to be read."""
    return cast("IO[bytes]", _Metered(stream, tally))


class _Metered:
    """A stream whose bytes are held against the limits: a tar may be all headers."""

    def __init__(self, stream: _Readable, tally: _Tally) -> None:
        self._stream, self._tally, self._read = stream, tally, 0

    def read(self, size: int) -> bytes:
        """Read on, or raise where too much has been read."""
        block = self._stream.read(size)
        self._read += len(block)
        self._tally.check(self._read)
        return block


def check_package(path: Path, limits: ArchiveParams) -> Fault | None:
    """Refuse an Office file, which is a zip, that its parser would unpack without limit."""
    try:
        with zipfile.ZipFile(path) as archive:
            tally = _Tally(
                limits, Allowance(int(limits.max_mb * 2**20), limits.max_files), path.stat().st_size
            )
            for info in archive.infolist():
                tally.count()
                tally.add(info.file_size)
    except _OverLimitError as error:
        return Fault(WHOLE_FILE, "archive_bomb", str(error))
    except zipfile.BadZipFile as error:
        return Fault(WHOLE_FILE, "unreadable", f"BadZipFile: {error}; save it again")
    return None
