"""Run the same kernels over a corpus on Daft's Ray runner, on this machine or on a cluster.

Texts live in a Daft frame (an Arrow table, or Parquet files that every worker can reach); what comes back
to this process is small: digests, band keys, similarities. `RAY_ADDRESS` names a cluster; without it Ray
starts on this machine.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ta_pipeline.params import DedupParams
from ta_pipeline.records import InputError
from ta_pipeline.text.duplicates.corpus import compare, sign_texts
from ta_pipeline.text.duplicates.numerals import number_digests
from ta_pipeline.text.duplicates.signatures import Signed, digests_of

#: Texts that a worker is given at once.
_BATCH = 4096


class DaftCorpus:
    """A frame with the columns `rank` and `text`, one row a text."""

    def __init__(self, frame: Any, size: int, dedup: DedupParams) -> None:
        """Take a frame whose ranks run from 0 to `size` - 1, in any order."""
        self._frame, self._size, self._dedup = frame, size, dedup

    @classmethod
    def of_texts(cls, texts: Sequence[str], dedup: DedupParams) -> DaftCorpus:
        """Hand texts, in the order of their ranks, to Ray."""
        daft = start_ray()
        table = pa.table(
            {"rank": pa.array(range(len(texts)), pa.int64()), "text": pa.array(texts, pa.string())}
        )
        return cls(daft.from_arrow(table).into_partitions(_partitions(len(texts))), len(texts), dedup)

    @classmethod
    def of_file(cls, source: Path | str, ids: pa.ChunkedArray, dedup: DedupParams) -> DaftCorpus:
        """Have the workers read a Parquet file with `id` and `text`; `ids` are in order of rank."""
        daft = start_ray()
        ranks = daft.from_arrow(pa.table({"id": ids, "rank": np.arange(len(ids))}))
        texts = daft.read_parquet(str(source)).select("id", daft.col("text").fill_null(""))
        frame = texts.into_partitions(_partitions(len(ids))).join(ranks, on="id").select("rank", "text")
        return cls(frame, len(ids), dedup)

    def __enter__(self) -> DaftCorpus:
        """Return the corpus."""
        return self

    def __exit__(self, *error: object) -> None:
        """Leave Ray running for the next comparison; it ends with this process."""

    def __len__(self) -> int:
        """Count the texts."""
        return self._size

    def texts(self, rows: NDArray[np.int64]) -> list[str]:
        """Return some texts."""
        found: list[str] = _collected(self._some(rows), "place")["text"].to_pylist()
        return found

    def digests(self) -> NDArray[np.uint64]:
        """Return 128 bits of each text."""
        return self._applied(self._frame, "rank", lambda texts: _as_rows(digests_of(texts)), 2)

    def sign(self, rows: NDArray[np.int64] | None = None, keep: bool = False) -> Signed:
        """Sign all texts, or some of them."""
        dedup = self._dedup
        keep = keep or dedup.method == "simhash"
        empty = sign_texts([], dedup)
        if rows is not None and not len(rows):
            return empty
        width, bands = empty.signatures.shape[1] if keep else 0, empty.keys.shape[1]

        def signed_rows(texts: list[str]) -> list[bytes]:
            signed = sign_texts(texts, dedup)
            values = signed.signatures[:, :width].astype(np.uint64)
            return _as_rows(np.concatenate([signed.digests, signed.keys, values], axis=1))

        frame, key = (self._frame, "rank") if rows is None else (self._some(rows), "place")
        values = self._applied(frame, key, signed_rows, 2 + bands + width)
        digests, keys, signatures = np.split(values, [2, 2 + bands], axis=1)
        return Signed(digests, signatures.astype(np.uint32), keys)

    def numbers(self, rows: NDArray[np.int64]) -> NDArray[np.uint64]:
        """Digest the numbers and formulas of some texts."""
        if not len(rows):
            return np.zeros(0, np.uint64)
        digests = self._applied(
            self._some(rows), "place", lambda texts: _as_rows(number_digests(texts)[:, None]), 1
        )
        return digests[:, 0]

    def similarities(self, pairs: NDArray[np.int64]) -> NDArray[np.float64]:
        """Compare pairs of rows: both texts are joined to each pair, and a worker compares them."""
        import daft

        if not len(pairs):
            return np.zeros(0)
        ngram = self._dedup.ngram

        def similarity(first: daft.Series, second: daft.Series) -> Any:
            texts = [*first.to_pylist(), *second.to_pylist()]
            ways = np.arange(len(texts)).reshape(2, -1).T
            return pa.array(compare(texts, ways, ngram))

        compared = daft.func.batch(return_dtype=daft.DataType.float64(), batch_size=_BATCH)(similarity)

        wanted = daft.from_arrow(
            pa.table({"place": np.arange(len(pairs)), "first": pairs[:, 0], "second": pairs[:, 1]})
        )
        one = self._frame.select(daft.col("rank").alias("first"), daft.col("text").alias("one"))
        other = self._frame.select(daft.col("rank").alias("second"), daft.col("text").alias("other"))
        joined = wanted.join(one, on="first").join(other, on="second")
        found = joined.select("place", compared(daft.col("one"), daft.col("other")).alias("similarity"))
        return _collected(found, "place")["similarity"].to_numpy()

    def _some(self, rows: NDArray[np.int64]) -> Any:
        import daft

        wanted = daft.from_arrow(pa.table({"place": np.arange(len(rows)), "rank": rows}))
        return wanted.join(self._frame, on="rank").select("place", "text")

    def _applied(self, frame: Any, key: str, function: Any, width: int) -> NDArray[np.uint64]:
        """Apply a function of texts to bytes on the workers; return its numbers (n, width) by `key`."""
        import daft

        def apply(texts: daft.Series) -> Any:
            return pa.array(function(texts.to_pylist()), pa.large_binary())

        applied = daft.func.batch(return_dtype=daft.DataType.binary(), batch_size=_BATCH)(apply)

        found = _collected(frame.select(key, applied(daft.col("text")).alias("found")), key)["found"]
        return np.frombuffer(b"".join(found.to_pylist()), "<u8").reshape(-1, width)


def start_ray() -> Any:
    """Choose Daft's Ray runner and return the `daft` module; raise InputError where either is missing."""
    try:
        import daft
        import ray  # noqa: F401
    except ImportError as error:
        raise InputError(
            f"clean.dedup.engine: ray needs {error.name}, which is not installed. Install it with "
            "pip install -c constraints.txt '.[ray]', or set the engine to embedded."
        ) from error
    os.environ.setdefault("DO_NOT_TRACK", "true")
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("DAFT_PROGRESS_BAR", "0")  # our own lines say what is done
    daft.set_runner_ray(os.environ.get("RAY_ADDRESS"), noop_if_initialized=True)
    return daft


def _partitions(texts: int) -> int:
    import ray

    cores = int(ray.cluster_resources().get("CPU", 1))
    return max(1, min(2 * cores, -(-texts // _BATCH)))


def _collected(frame: Any, key: str) -> pa.Table:
    """Fetch a frame, sorted by `key`: partitions come back in any order."""
    return frame.to_arrow().sort_by(key)


def _as_rows(values: NDArray[np.uint64]) -> list[bytes]:
    return [row.tobytes() for row in values.astype("<u8")]
