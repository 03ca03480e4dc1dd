"""How fast near copies are taken out, how many are found, and what memory that takes.

Ours and each peer take turns on one file, each as a process of its own from its start to the survivors on
the disk; the median of the rounds counts, since a shared machine drifts. With `--quick` everything is
small and only shows that it runs.
"""

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks._dedup_corpus import number_only_copies, write_corpus
from benchmarks._dedup_environment import peers_python
from benchmarks._dedup_params import DEDUP
from benchmarks._rows import figure
from ta_pipeline.run_clock import tree_memory

ROOT = Path(__file__).parents[1]
PEERS = ["datasketch", "datasketch_xxh32", "rensa", "rensa_rho", "text_dedup", "datatrove"]
RIVALS = PEERS[2:]


@dataclass(frozen=True)
class Sizes:
    """Documents of each measurement."""

    speed: int
    rounds: int
    truth: int
    planted: int
    small: int
    large: int


FULL = Sizes(speed=50_000, rounds=3, truth=5_000, planted=1_000, small=100_000, large=1_000_000)
QUICK = Sizes(speed=1_000, rounds=1, truth=1_000, planted=100, small=2_500, large=5_000)


def measure(quick: bool = False) -> Iterator[dict[str, Any]]:
    """Yield one row a figure."""
    sizes = QUICK if quick else FULL
    with tempfile.TemporaryDirectory() as folder:
        yield from _speed(Path(folder), sizes)
        yield from _truth(Path(folder), sizes)
        yield _planted(Path(folder), sizes)
        yield from _memory(Path(folder), sizes)


def _speed(folder: Path, sizes: Sizes) -> Iterator[dict[str, Any]]:
    source = folder / "docs.parquet"
    write_corpus(source, sizes.speed)
    _write_spaced(source, folder / "spaced.parquet")
    python = peers_python()
    seconds: dict[str, list[float]] = {"ours": []} | {name: [] for name in PEERS}
    stays: dict[str, int] = {}
    for _ in range(sizes.rounds):
        for name in PEERS:
            taken, result = _ours(source, folder)
            seconds["ours"].append(taken)
            stays["ours"] = result["stay"]
            if (peer := _peer(python, name, folder)) is not None:
                seconds[name].append(peer[0])
                stays[name] = peer[1]
    rate = {name: sizes.speed / statistics.median(taken) for name, taken in seconds.items() if taken}
    work = f"{sizes.speed} documents, Parquet to survivors, {os.cpu_count()} cores; {stays['ours']} stay"
    yield figure("dedup.docs_per_s", rate["ours"], "docs/s", work)
    ratios = [(f"dedup.vs_{name}", name) for name in PEERS if name in rate]
    if rivals := [name for name in RIVALS if name in rate]:
        ratios.append(("dedup.vs_best_peer", max(rivals, key=lambda name: rate[name])))
    for ratio, name in ratios:
        beside = f"{work}, {stays[name]} with the peer"
        yield figure(ratio, rate["ours"], "docs/s", beside, name, rate[name])


def _ours(source: Path, folder: Path) -> tuple[float, dict[str, Any]]:
    return _timed(lambda: json.loads(_output(_our_command(source, folder))))


def _our_command(source: Path, folder: Path) -> list[Any]:
    return [sys.executable, "-m", "benchmarks._dedup_ours", source, folder / "kept", folder / "copies"]


def _peer(python: Path, name: str, folder: Path) -> tuple[float, int] | None:
    """Return seconds and survivors of a peer, or None and a line that says why there are none."""
    work = folder / "peer"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir()
    source = folder / ("spaced.parquet" if name == "text_dedup" else "docs.parquet")
    command = [python, ROOT / "benchmarks" / "_dedup_peers.py", name, source, work / "out"]
    try:
        taken, _ = _timed(lambda: _output(command, HF_HOME=str(work), HF_HUB_OFFLINE="1"))
    except subprocess.CalledProcessError as error:
        print(f"{name} does not run here: {error.stderr.strip().splitlines()[-1:]}", flush=True)
        return None
    return taken, _rows_below(work / "out")


def _rows_below(path: Path) -> int:
    """Count the rows of a Parquet file, a folder of them, or a dataset of Hugging Face."""
    files = [path] if path.is_file() else sorted(path.rglob("*.parquet"))
    if files:
        return sum(pq.read_metadata(file).num_rows for file in files)
    rows = 0
    for file in sorted(path.rglob("*.arrow")):
        with pa.memory_map(str(file)) as stream:
            rows += pa.ipc.open_stream(stream).read_all().num_rows
    return rows


def _write_spaced(source: Path, target: Path) -> None:
    """Put blanks between the characters, for the peer that knows words only."""
    table = pq.read_table(source)
    spaced = [" ".join("".join(text.split())) for text in table["text"].to_pylist()]
    pq.write_table(table.set_column(2, "text", pa.array(spaced)), target)


def _truth(folder: Path, sizes: Sizes) -> Iterator[dict[str, Any]]:
    """Compare every row with every row that stayed, by plain sets of character n-grams."""
    from ta_pipeline.text.duplicates import same_numbers

    source = folder / "truth.parquet"
    write_corpus(source, sizes.truth, seed=11)
    _ours(source, folder)
    table, kept = pq.read_table(source), set(pq.read_table(folder / "kept")["id"].to_pylist())
    texts = table["text"].to_pylist()
    stays = np.array([name in kept for name in table["id"].to_pylist()])
    near = _similar_pairs(texts, DEDUP.threshold)
    should = {y for x, y in near if stays[x] and same_numbers(texts[x], texts[y])}
    gone = set(np.flatnonzero(~stays).tolist())
    work = (
        f"{sizes.truth} rows by brute force, {len(should)} with an earlier kept row at J >= {DEDUP.threshold}"
    )
    yield figure("dedup.recall", len(gone & should) / len(should), "share", work)
    yield figure("dedup.precision", len(gone & should) / len(gone), "share", f"{work}; {len(gone)} dropped")


def _similar_pairs(texts: list[str], threshold: float) -> list[tuple[int, int]]:
    """List all pairs (earlier, later) at or above the threshold, by a product of 0/1 matrices."""
    from scipy.sparse import csr_matrix

    plain = ["".join(text.split()).lower() for text in texts]
    size = DEDUP.ngram
    sets = [sorted({text[at : at + size] for at in range(max(1, len(text) - size + 1))}) for text in plain]
    number = {gram: place for place, gram in enumerate(dict.fromkeys(gram for one in sets for gram in one))}
    columns = np.array([number[gram] for one in sets for gram in one])
    starts = np.cumsum([0, *map(len, sets)])
    matrix = csr_matrix((np.ones(len(columns), np.int32), columns, starts), shape=(len(sets), len(number)))
    lengths = np.diff(starts)
    found = []
    for start in range(0, len(sets), 500):
        common = (matrix[start : start + 500] @ matrix.T).toarray()
        union = lengths[start : start + 500, None] + lengths[None] - common
        rows, others = np.nonzero(common >= threshold * union)
        found += [(int(x), int(y) + start) for y, x in zip(rows, others, strict=True) if x < y + start]
    return found


def _planted(folder: Path, sizes: Sizes) -> dict[str, Any]:
    from ta_pipeline.text.duplicates import jaccard

    originals, copies = number_only_copies(sizes.planted)
    texts = [*originals, *copies]
    ids = [f"doc-{number:08}" for number in range(len(texts))]
    pq.write_table(pa.table({"id": ids, "text": texts}), folder / "planted.parquet")
    _ours(folder / "planted.parquet", folder)
    dropped = pq.read_table(folder / "copies").num_rows
    least = min(jaccard(*pair, DEDUP.ngram) for pair in zip(originals, copies, strict=True))
    work = f"{sizes.planted} rows that differ from another in a numeral or a formula only, J >= {least:.3f}"
    return figure("dedup.number_only_copies_dropped", dropped, "rows", work)


def _memory(folder: Path, sizes: Sizes) -> Iterator[dict[str, Any]]:
    seconds = {}
    for documents in (sizes.small, sizes.large):
        write_corpus(folder / "docs.parquet", documents)
        seconds[documents], peak = _timed(lambda: _peak_memory(_our_command(folder / "docs.parquet", folder)))
    rate = sizes.large / seconds[sizes.large]
    work = f"{sizes.large} documents, {rate:.0f} docs/s; peak of all processes together"
    yield figure("dedup.rss_gb_per_million", peak / 1e9 * 1e6 / sizes.large, "GB", work)
    growth, most = seconds[sizes.large] / seconds[sizes.small], sizes.large / sizes.small
    most *= np.log(sizes.large) / np.log(sizes.small)
    work = f"time of {sizes.large} over time of {sizes.small} documents; n log n would be {most:.1f}"
    yield figure("dedup.growth", growth, "x", work)


def _peak_memory(command: list[Any]) -> int:
    """Run a command; return the largest sum of the memory of its processes, shared pages counted once."""
    import psutil

    peak = 0
    with psutil.Popen(list(map(str, command)), cwd=ROOT, stdout=subprocess.DEVNULL) as run:
        while run.poll() is None:
            with suppress(psutil.Error):  # it may end meanwhile
                peak = max(peak, tree_memory(run))
            time.sleep(0.1)
    if run.returncode:
        raise subprocess.CalledProcessError(run.returncode, command)
    return peak


def _timed(work: Callable[[], Any]) -> tuple[float, Any]:
    start = time.perf_counter()
    result = work()
    return time.perf_counter() - start, result


def _output(command: list[Any], **environment: str) -> str:
    run = subprocess.run(
        list(map(str, command)),
        cwd=ROOT,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return run.stdout
