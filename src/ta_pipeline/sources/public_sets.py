"""Public sets by name: which files belong to which, what their licences allow, and how many rows they have.

A set's files lie in a folder of its name, where `ta sources get` puts them, or anywhere below the folder of
public sets under a name that its `pattern` finds. Images of a multimodal set lie in `<name>/images`.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from pyarrow import ArrowException

from ta_pipeline.params import IngestParams, PublicSet, SourcesParams
from ta_pipeline.records import InputError
from ta_pipeline.sources.drafts import WHOLE_FILE, Draft, Fault, Found
from ta_pipeline.sources.folder import SourceFile, list_files
from ta_pipeline.sources.row_files import SUFFIXES, count_lines, count_parquet, rows_of
from ta_pipeline.sources.set_fields import SetReader, unfold

if TYPE_CHECKING:
    from ta_pipeline.sources.isolation import IsolatedReader

logger = logging.getLogger(__name__)

IMAGES = "images"
_WHERE = "conf/base/parameters_sources.yml"


class PublicSets:
    """The declared sets and the files of each that are here; rows read are counted down from the limit."""

    def __init__(self, folder: Path, sources: SourcesParams, ingest: IngestParams) -> None:
        """Find the files of every set. Raises InputError for a pattern that is no glob."""
        self._folder, self._sources, self._ingest = folder, sources, ingest
        self._listed = list_files(folder)
        readable = {file.path for file in self._listed if file.fault is None}
        found = _names_by_path(folder, sources.sets)
        self._names = {path: name for path, name in found.items() if path in readable}
        self._left = dict.fromkeys(sources.sets, sources.rows_per_set)

    def files(self, name: str) -> list[Path]:
        """List the files of a set by path."""
        return sorted(path for path, found in self._names.items() if found == name)

    def check_licences(self) -> None:
        """Stop where files are here whose licence forbids what `allow_non_commercial` does not allow."""
        if self._sources.allow_non_commercial:
            return
        found = [name for name, declared in self._sources.sets.items() if declared.non_commercial]
        if here := [(name, paths) for name in found if (paths := self.files(name))]:
            listed = "; ".join(
                f"{name} ({self._sources.sets[name].licence}: {paths[0]})" for name, paths in here
            )
            raise InputError(
                f"public sets that may not be used commercially: {listed}. Take their files away, or set "
                f"`sources.allow_non_commercial: true` in {_WHERE} where your use is not commercial."
            )

    def wanted(self) -> list[SourceFile]:
        """List the files to read, without what else lies in a set's folder: card, images, other splits."""
        beside: Counter[str] = Counter()
        kept = []
        for file in self._listed:
            name = file.name.split("/", 1)[0]
            if "/" in file.name and name in self._sources.sets and file.path not in self._names:
                beside[name] += 1
            else:
                kept.append(file)
        for name, count in sorted(beside.items()):
            logger.info("%s: %d files beside the rows of the set are left out", self._folder / name, count)
        return kept

    def read(
        self, file: SourceFile, isolated: IsolatedReader | None = None
    ) -> tuple[str, list[Draft | Fault]]:
        """Return origin and contents of a public file, up to what is left of its set's rows; never raises.

        Without `isolated` it is read in this process, as tests do.
        """
        name = self._names.get(file.path)
        if file.fault:
            return "", [file.fault]
        if name is None:
            cure = f"no pattern of `sources.sets` finds it; declare the set in {_WHERE}"
            return "", [Fault(WHOLE_FILE, "undeclared_public_set", cure)]
        reader, left = self._reader(name), self._left[name]
        if isolated:
            found = isolated.read_set(file.path, reader, left)
        else:
            found = list(islice(read_set(file.path, self._limit(), reader), left))
        self._left[name] -= len(found)
        return f"public:{name}", found

    def count(self, name: str) -> int:
        """Count the rows of a set's files, a question each; nothing is read whole, a broken file counts 0."""
        total = 0
        for path in self.files(name):
            try:
                total += self._count(name, path)
            except (ArrowException, OSError) as error:
                _tell_uncounted(path, error)
        return total

    def _count(self, name: str, path: Path) -> int:
        declared = self._sources.sets[name]
        suffix = path.suffix.lower()
        flat = declared.format not in ("reading", "choices")
        if flat and suffix == ".parquet":
            return count_parquet(path)
        if flat and suffix == ".jsonl":
            return count_lines(path)
        rows = rows_of(path, self._limit(), self._reader(name).columns())
        count = 0
        for row in rows:
            if not isinstance(row, Fault):
                count += sum(1 for _ in unfold(row.value, declared.format))
            elif row.line == WHOLE_FILE:
                _tell_uncounted(path, row.detail.split("; ")[0])
            else:
                count += 1
        return count

    def _limit(self) -> int:
        return int(self._ingest.max_file_mb * 2**20)

    def _reader(self, name: str) -> SetReader:
        roles = {speaker.lower(): role for speaker, role in self._ingest.role_map.items()}
        return SetReader(self._sources.sets[name], roles, self._sources.fill, self._folder / name / IMAGES)


def _tell_uncounted(path: Path, why: object) -> None:
    said = " ".join(str(why).split())[:120]
    logger.warning("%s: its rows cannot be counted (%s); get the file again", path, said)


def read_set(path: Path, limit: int, reader: SetReader) -> Found:
    """Yield what is in a file of a set; an unexpected error is a fault, and what came before it is kept."""
    empty = True
    try:
        for found in reader.drafts(rows_of(path, limit, reader.columns())):
            empty = False
            yield found
    except MemoryError:
        yield Fault(WHOLE_FILE, "too_large", "it takes more memory than `ingest.max_reader_memory_mb`")
        return
    except Exception as error:
        logger.debug("%s cannot be read", path, exc_info=True)
        reason = " ".join(str(error).split())[:300]
        yield Fault(WHOLE_FILE, "unreadable", f"{type(error).__name__}: {reason}")
        return
    if empty:
        yield Fault(WHOLE_FILE, "no_content", "no row in it; fill the file or remove it")


def _names_by_path(folder: Path, sets: Mapping[str, PublicSet]) -> dict[Path, str]:
    """Map each file to its set: first by the folders that are called like a set, then by the patterns."""
    names: dict[Path, str] = {}
    for name, declared in sets.items():
        for pattern in declared.files:
            for path in _glob(folder / name, pattern, name, declared.split):
                names.setdefault(path, name)
    for name, declared in sets.items():
        for pattern in [declared.pattern] if isinstance(declared.pattern, str) else declared.pattern:
            for path in _glob(folder, pattern, name, declared.split):
                names.setdefault(path, name)
    return names


def _glob(folder: Path, pattern: str, name: str, split: str) -> Iterator[Path]:
    """Yield the row files that a pattern finds, by path."""
    try:
        found = sorted(folder.glob(pattern.replace("{split}", split)))
    except (ValueError, NotImplementedError, IndexError) as error:  # the second: an absolute pattern
        raise InputError(
            f"`sources.sets.{name}`: pattern {pattern!r} is no glob below a folder ({error}). Write one like "
            f"'**/{name}*.json*' in {_WHERE}."
        ) from error
    return (path for path in found if path.suffix.lower() in SUFFIXES)
