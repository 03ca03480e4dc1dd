"""Take the copies out of a Parquet file of texts, however many there are.

Memory holds a few numbers a row and never the texts: they are read once to be signed, those that may be
copies once more, and all columns once to be written.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from ta_pipeline.params import DedupParams
from ta_pipeline.records import InputError
from ta_pipeline.text.duplicates.corpus import Corpus, LocalCorpus, SpilledTexts
from ta_pipeline.text.duplicates.find import Verdicts, judge

#: Rows read and written at once.
_ROWS = 16_384


def deduplicate_file(
    source: Path | str, survivors: Path, copies: Path, dedup: DedupParams, workers: int | None = None
) -> tuple[int, int]:
    """Write the rows of `source` that are no copies to `survivors`, and where the others went to `copies`.

    `source` has the columns `id` (integer or string, each once) and `text`, and any others; rows with
    smaller ids are preferred. `copies` has `id`, `kept_id`, `similarity`, `exact` and, where the source
    has one, `source`. Returns how many rows stay and how many go; together they are all rows. Files are
    written aside and renamed. A `source` may also be the address of a file that this machine and, with the
    engine `ray`, every worker can read: `s3://bucket/docs.parquet`.
    """
    with _opened(source) as file:
        if missing := {"id", "text"} - set(file.schema_arrow.names):
            raise InputError(
                f"{source}: there is no column {sorted(missing)[0]!r}. Deduplication needs `id` and `text`; "
                "rename the columns of the file."
            )
        order = _order(file, source)
        survivors.parent.mkdir(parents=True, exist_ok=True)
        with _open(source, file, order, survivors.parent, dedup, workers) as corpus:
            verdicts = judge(corpus, corpus.sign(), dedup)
        stays = np.ones(len(order), bool)
        stays[order] = verdicts.kept == np.arange(len(order))
        _write_survivors(file, stays, survivors)
        _write_copies(file, order, verdicts, copies)
    return int(stays.sum()), int((~stays).sum())


def _opened(source: Path | str) -> pq.ParquetFile:
    from pyarrow.fs import FileSystem, LocalFileSystem

    filesystem, path = LocalFileSystem(), str(source)
    if "://" in path:
        filesystem, path = FileSystem.from_uri(path)
    return pq.ParquetFile(path, filesystem=filesystem, pre_buffer=False)  # it would keep what it has read


def _order(file: pq.ParquetFile, source: Path | str) -> NDArray[np.int64]:
    ids = file.read(columns=["id"]).column(0)
    if ids.null_count or pc.count_distinct(ids).as_py() != len(ids):
        raise InputError(f"{source}: an `id` is missing or there twice. Give every row an id of its own.")
    order: NDArray[np.int64] = pc.sort_indices(ids).to_numpy().astype(np.int64)
    return order


def _open(
    source: Path | str,
    file: pq.ParquetFile,
    order: NDArray[np.int64],
    folder: Path,
    dedup: DedupParams,
    workers: int | None,
) -> Corpus:
    if dedup.engine == "ray":
        from ta_pipeline.text.duplicates.daft_engine import DaftCorpus

        ids = file.read(columns=["id"]).column(0).take(pa.array(order))
        return DaftCorpus.of_file(source, ids, dedup)
    return LocalCorpus(SpilledTexts(file, "text", folder), order, dedup, workers)


def _write_survivors(file: pq.ParquetFile, stays: NDArray[np.bool_], target: Path) -> None:
    temporary = target.with_name(f".{target.name}.tmp")
    with pq.ParquetWriter(
        temporary, file.schema_arrow, use_dictionary=_repeating(file.schema_arrow)
    ) as writer:
        done = 0
        for batch in _ahead(file.iter_batches(_ROWS)):
            writer.write_batch(batch.filter(pa.array(stays[done : done + batch.num_rows])), _ROWS)
            done += batch.num_rows
    temporary.replace(target)


def _write_copies(file: pq.ParquetFile, order: NDArray[np.int64], verdicts: Verdicts, target: Path) -> None:
    gone = np.flatnonzero(verdicts.kept != np.arange(len(order)))
    names = [name for name in ("id", "source") if name in file.schema_arrow.names]
    rows = file.read(columns=names)
    copies = rows.take(pa.array(order[gone]))
    kept_ids = rows["id"].take(pa.array(order[verdicts.kept[gone]]))
    table = (
        copies.append_column("kept_id", kept_ids)
        .append_column("similarity", pa.array(verdicts.similarity[gone]))
        .append_column("exact", pa.array(verdicts.exact[gone]))
    )
    temporary = target.with_name(f".{target.name}.tmp")
    pq.write_table(table.replace_schema_metadata(None), temporary)
    temporary.replace(target)


def _repeating(schema: pa.Schema) -> list[str]:
    """Name the columns worth a dictionary: texts and ids hardly repeat."""
    return [field.name for field in schema if field.name not in ("id", "text")]


def _ahead(batches: Iterator[Any]) -> Iterator[Any]:
    """Read one batch while the one before is being written."""
    with ThreadPoolExecutor(1) as pool:
        coming = pool.submit(next, batches, None)
        while (batch := coming.result()) is not None:
            coming = pool.submit(next, batches, None)
            yield batch
