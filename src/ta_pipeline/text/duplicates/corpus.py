"""Hold the texts of one comparison and run the kernels over them on this machine.

A `Corpus` is what `find` asks; `LocalCorpus` answers with a process for each core, `daft_engine` with Daft
on Ray. Rows are ranks: places in the order in which rows are preferred.
"""

from __future__ import annotations

import os
import tempfile
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Protocol, TypeVar

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ta_pipeline.params import DedupParams
from ta_pipeline.progress import Progress
from ta_pipeline.text.duplicates.numerals import number_digests
from ta_pipeline.text.duplicates.shingles import blocks, gram_hashes, pair_similarities, without_space
from ta_pipeline.text.duplicates.signatures import Signed, digests_of, sign

T = TypeVar("T")
R = TypeVar("R")
Rows = NDArray[np.int64]
#: Texts and pairs handed to a process at once.
_BATCH = 2048
_PAIRS = 1024
#: Fewer texts are compared in this process: others take half a second to start.
ALONE = 5_000


class Corpus(Protocol):
    """Texts by rank, and the three kernels over them; a context that ends what was started for it."""

    def __enter__(self) -> Corpus:
        """Return the corpus."""

    def __exit__(self, *error: object) -> None:
        """End what runs for the corpus."""

    def __len__(self) -> int:
        """Count the texts."""

    def texts(self, rows: Rows) -> list[str]:
        """Return some texts."""

    def digests(self) -> NDArray[np.uint64]:
        """Return 128 bits of each text (n, 2), as `signatures.digests_of` does."""

    def sign(self, rows: Rows | None = None, keep: bool = False) -> Signed:
        """Sign all texts or some; MinHashes themselves are returned only with `keep`."""

    def numbers(self, rows: Rows) -> NDArray[np.uint64]:
        """Digest the numbers and formulas of some texts."""

    def similarities(self, pairs: NDArray[np.int64]) -> NDArray[np.float64]:
        """Compute the exact Jaccard similarity of pairs of rows."""


class Texts(Protocol):
    """Where a local corpus has its texts from, in their own order."""

    def __len__(self) -> int:
        """Count the texts."""

    def batches(self) -> Iterator[Sequence[str] | pa.Array]:
        """Yield all texts in order, some at a time."""

    def at(self, places: Rows) -> list[str]:
        """Return the texts at some places."""


class TextList:
    """Texts that are in memory anyway."""

    def __init__(self, texts: Sequence[str]) -> None:
        self._texts = texts

    def __len__(self) -> int:
        """Count the texts."""
        return len(self._texts)

    def batches(self) -> Iterator[Sequence[str]]:
        """Yield slices of the list."""
        for start in range(0, len(self), _BATCH):
            yield self._texts[start : start + _BATCH]

    def at(self, places: Rows) -> list[str]:
        """Return the texts at some places."""
        return [self._texts[place] for place in places.tolist()]


class SpilledTexts:
    """The text column of a Parquet file, copied once to a file where each text is found by its offset.

    So memory stays flat: what is compared is read again, and the operating system's cache makes that cheap.
    """

    def __init__(self, source: Any, column: str, folder: Path) -> None:
        """Read `column` of the `pyarrow.parquet.ParquetFile` `source`; `folder` takes the copy."""
        self._source, self._column = source, column
        self._file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115  (it has no name: it goes with the process)
        self._ends: list[NDArray[np.int64]] = []
        self._offsets: NDArray[np.int64] | None = None

    def __len__(self) -> int:
        """Count the texts."""
        return int(self._source.metadata.num_rows)

    def batches(self) -> Iterator[pa.Array]:
        """Yield the column batch by batch, each copied first."""
        self._file.seek(0)
        end = 0
        for batch in self._source.iter_batches(_BATCH, columns=[self._column]):
            texts = batch.column(0).cast(pa.large_string()).fill_null("")
            ends = np.frombuffer(texts.buffers()[1], np.int64)[texts.offset : texts.offset + len(texts) + 1]
            self._file.write(memoryview(texts.buffers()[2] or b"")[ends[0] : ends[-1]])
            self._ends.append(ends[1:] - ends[0] + end)
            end = int(self._ends[-1][-1])
            yield texts
        self._file.flush()
        self._offsets = np.concatenate([np.zeros(1, np.int64), *self._ends])
        self._ends = []

    def at(self, places: Rows) -> list[str]:
        """Read the texts at some places; `batches` has to have ended."""
        if self._offsets is None:
            raise RuntimeError("batches() copies the texts that at() reads: run through it first")
        starts, ends = self._offsets[places].tolist(), self._offsets[places + 1].tolist()
        file = self._file.fileno()
        return [os.pread(file, end - start, start).decode() for start, end in zip(starts, ends, strict=True)]


class LocalCorpus:
    """Run the kernels on several processes; results do not depend on how many there are.

    Threads were no faster than one: numpy's operations on blocks that fit the cache are too short for
    another thread to get the interpreter's lock meanwhile.
    """

    def __init__(self, texts: Texts, order: Rows, dedup: DedupParams, workers: int | None = None) -> None:
        """Take `texts` in the preference `order` (places, the most preferred first)."""
        self._texts, self._order, self._dedup = texts, order, dedup
        self._in_order = bool((order[1:] > order[:-1]).all()) and len(order) == len(texts)
        self._workers = (workers or os.cpu_count() or 1) if len(texts) >= ALONE else 1
        self._pool = _start(self._workers) if self._workers > 1 else None

    def __enter__(self) -> LocalCorpus:
        """Return the corpus."""
        return self

    def __exit__(self, *error: object) -> None:
        """End the processes."""
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)

    def __len__(self) -> int:
        """Count the texts."""
        return len(self._order)

    def texts(self, rows: Rows) -> list[str]:
        """Return some texts."""
        return self._texts.at(self._order[rows])

    def digests(self) -> NDArray[np.uint64]:
        """Return 128 bits of each text."""
        found = list(self._mapped(_digest, self._texts.batches()))
        return self._ranked(np.concatenate([np.zeros((0, 2), np.uint64), *found]))

    def sign(self, rows: Rows | None = None, keep: bool = False) -> Signed:
        """Sign all texts, or some of them."""
        if rows is None:
            batches: Iterable[Sequence[str] | pa.Array] = self._texts.batches()
            total = len(self._texts)
        else:
            batches = self._batches(rows)
            total = len(rows)
        kernel = partial(_sign, dedup=self._dedup, keep=keep)
        signed = self._mapped(kernel, batches)
        parts = _tracked(signed, "signing documents", total, "documents", lambda part: len(part.keys))
        whole = join([kernel([]), *parts])
        return whole if rows is not None else Signed(*(self._ranked(values) for values in whole))

    def numbers(self, rows: Rows) -> NDArray[np.uint64]:
        """Digest the numbers and formulas of some texts."""
        found = self._mapped(number_digests, self._batches(rows))
        return np.concatenate([np.zeros(0, np.uint64), *found])

    def similarities(self, pairs: NDArray[np.int64]) -> NDArray[np.float64]:
        """Compare pairs of rows."""
        parts = (self._with_texts(pairs[at : at + _PAIRS]) for at in range(0, len(pairs), _PAIRS))
        compared = self._mapped(partial(_compare, ngram=self._dedup.ngram), parts)
        found = _tracked(compared, "comparing documents", len(pairs), "pairs", len)
        return np.concatenate([np.zeros(0), *found])

    def _batches(self, rows: Rows) -> Iterator[list[str]]:
        return (self.texts(rows[at : at + _BATCH]) for at in range(0, len(rows), _BATCH))

    def _with_texts(self, pairs: NDArray[np.int64]) -> tuple[list[str], NDArray[np.int64]]:
        rows, places = np.unique(pairs, return_inverse=True)
        return self.texts(rows), places.reshape(-1, 2)

    def _ranked(self, values: NDArray[Any]) -> NDArray[Any]:
        return values if self._in_order else values[self._order]

    def _mapped(self, function: Callable[[T], R], items: Iterable[T]) -> Iterator[R]:
        """Yield the results in order, a few items being worked on ahead."""
        if self._pool is None:
            yield from map(function, items)
            return
        waiting: deque[Future[R]] = deque()
        for item in items:
            waiting.append(self._pool.submit(function, item))
            if len(waiting) > 2 * self._workers:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def compare(texts: Sequence[str], pairs: NDArray[np.int64], ngram: int) -> NDArray[np.float64]:
    """Compute the exact Jaccard similarity of pairs of `texts`, in blocks that fit the cache."""
    bare = [without_space(text) for text in texts]
    lengths = np.array([len(text) for text in bare], np.int64)
    found = [np.zeros(0)]
    for part in blocks(lengths[pairs].sum(axis=1), most=128):
        rows, places = np.unique(pairs[part], return_inverse=True)
        grams = gram_hashes([bare[row] for row in rows.tolist()], ngram)
        found.append(pair_similarities(grams, places.reshape(-1, 2)))
    return np.concatenate(found)


def sign_texts(texts: Sequence[str], dedup: DedupParams) -> Signed:
    """Sign texts in blocks that fit the cache."""
    parts = [sign(texts[part], dedup) for part in blocks([len(text) for text in texts])]
    return join([sign([], dedup), *parts])


def join(parts: Sequence[Signed]) -> Signed:
    """Put signed blocks together."""
    return Signed(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))


def _start(workers: int) -> ProcessPoolExecutor:
    """Start processes that begin without our threads and their locks, and with the kernels imported."""
    context = get_context("forkserver")
    context.set_forkserver_preload(["__main__", __name__])
    return ProcessPoolExecutor(workers, mp_context=context)


def _sign(batch: Sequence[str] | pa.Array, dedup: DedupParams, keep: bool) -> Signed:
    signed = sign_texts(_strings(batch), dedup)
    if keep or dedup.method == "simhash":  # 8 bytes, and what candidates are found by
        return signed
    return signed._replace(signatures=signed.signatures[:, :0].copy())


def _digest(batch: Sequence[str] | pa.Array) -> NDArray[np.uint64]:
    return digests_of(_strings(batch))


def _compare(task: tuple[list[str], NDArray[np.int64]], ngram: int) -> NDArray[np.float64]:
    return compare(*task, ngram)


def _tracked(
    results: Iterator[R], label: str, total: int, unit: str, size: Callable[[R], int]
) -> Iterator[R]:
    """Yield results and show how many rows they stand for."""
    progress = Progress(label, total, unit)
    try:
        for result in results:
            yield result
            progress.advance(size(result))
    finally:
        progress.close()


def _strings(batch: Sequence[str] | pa.Array) -> list[str]:
    return batch.to_pylist() if isinstance(batch, pa.Array) else list(batch)
