"""How fast instruction rows become labelled, packed blocks, beside TRL's own preparation of the same rows.

Rows of Alpaca shape from the public samples, each made distinct by a number in its question, so that none
begins like another. Ours and the peers take turns on one Parquet file, each as a process of its own; what
counts is from opening the file to packed Arrow on the disk, after imports and with the tokenizer loaded, our
workers' start included. TRL learns every token here, the least work it can do; ours runs both maskers on
every row. The median of the rounds counts. With `--quick` everything is small and only shows that it runs.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks._rows import figure
from ta_pipeline.records import EXAMPLE

ROOT = Path(__file__).parents[1]
#: TRL's `dataset_num_proc`, by the name of the figure that compares with it.
PEERS = {"tokenize.vs_trl": "1", "tokenize.vs_trl_2proc": "2"}


@dataclass(frozen=True)
class Sizes:
    """Rows of the comparison, its rounds, and the rows between which growth is measured."""

    rows: int
    rounds: int
    growth: tuple[int, int, int]


FULL = Sizes(rows=100_000, rounds=3, growth=(25_000, 50_000, 100_000))
QUICK = Sizes(rows=1_000, rounds=1, growth=(500, 1_000, 2_000))


def measure(quick: bool = False) -> Iterator[dict[str, Any]]:
    """Yield tokens a second, the ratios to the peers, how full blocks are, and how time grows with rows."""
    samples = os.environ.get("TA_SAMPLES_DIR")
    if not samples:
        print("tokenize: no rows to measure with; name the public samples in TA_SAMPLES_DIR", flush=True)
        return
    sizes = QUICK if quick else FULL
    with tempfile.TemporaryDirectory() as folder:
        yield from _against_peers(Path(samples), Path(folder), sizes)
        yield _growth(Path(samples), Path(folder), sizes)


def _against_peers(samples: Path, folder: Path, sizes: Sizes) -> Iterator[dict[str, Any]]:
    source = folder / "rows.parquet"
    write_rows(samples, source, sizes.rows)
    runs: dict[str, list[dict[str, Any]]] = {"ours": [], **{name: [] for name in PEERS}}
    for _ in range(sizes.rounds):
        runs["ours"].append(_ours(source, folder))
        for name, processes in PEERS.items():
            runs[name].append(_run("benchmarks._tokenize_trl", source, folder / "peer", processes))
    tokens = {run["tokens"] for of_name in runs.values() for run in of_name}
    if len(tokens) != 1:
        raise RuntimeError(f"ours and the peers did not prepare the same tokens: {sorted(tokens)}")
    ours = runs["ours"][0]
    rate = {name: ours["tokens"] / _seconds(of_name) for name, of_name in runs.items()}
    work = (
        f"{sizes.rows} rows, {ours['tokens']} tokens of which {ours['supervised']} learned, "
        f"Parquet to packed Arrow at 2,048, {os.cpu_count()} cores"
    )
    yield figure("tokenize.tokens_per_s", rate["ours"], "tokens/s", work)
    for name, processes in PEERS.items():
        peer = "TRL" if processes == "1" else f"TRL, {processes} processes"
        yield figure(name, rate["ours"], "tokens/s", work, peer, rate[name])
    proved = statistics.median(run["seconds"] + run["proof"] for run in runs["ours"])
    yield figure(
        "tokenize.proved_tokens_per_s",
        ours["tokens"] / proved,
        "tokens/s",
        f"{work}; and proved on the blocks",
    )
    yield figure("pack.efficiency", ours["efficiency"], "share", f"{work}; {ours['blocks']} blocks")


def _growth(samples: Path, folder: Path, sizes: Sizes) -> dict[str, Any]:
    source, runs = folder / "growth.parquet", []
    for rows in sizes.growth:
        write_rows(samples, source, rows)
        runs.append(_ours(source, folder))
    few, many = runs[0], runs[-1]
    seen = ", ".join(f"{run['tokens']} tokens {run['seconds']:.1f} s" for run in runs)
    most = many["tokens"] / few["tokens"]
    return figure(
        "tokenize.growth", many["seconds"] / few["seconds"], "x", f"{seen}; in step would be {most:.1f}"
    )


def _seconds(runs: list[dict[str, Any]]) -> float:
    return statistics.median(run["seconds"] for run in runs)


def _ours(source: Path, folder: Path) -> dict[str, Any]:
    return _run("benchmarks._tokenize_ours", source, folder / "ours.arrow")


def _run(module: str, *arguments: Any) -> dict[str, Any]:
    """Run one contestant as a process; its last line is what it measured."""
    with tempfile.TemporaryDirectory() as cache:
        environment = os.environ | {"HF_DATASETS_CACHE": cache, "HF_HUB_OFFLINE": "1"}
        run = subprocess.run(
            [sys.executable, "-m", module, *map(str, arguments)],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
    if run.returncode:
        raise RuntimeError(f"{module} failed: {run.stderr.strip()[-2000:]}")
    measured: dict[str, Any] = json.loads(run.stdout.strip().splitlines()[-1])
    return measured


def write_rows(samples: Path, target: Path, count: int) -> None:
    """Write rows (EXAMPLE) made of the English and Chinese Alpaca samples in turn."""
    sets = [
        json.loads((samples / "instructions" / f"alpaca_{language}_demo.json").read_text("utf-8"))
        for language in ("en", "zh")
    ]
    with pq.ParquetWriter(target, EXAMPLE) as file:
        for start in range(0, count, 10_000):
            rows = [_row(sets, number) for number in range(start, min(start + 10_000, count))]
            file.write_table(pa.Table.from_pylist(rows, EXAMPLE))


def _row(sets: list[list[dict[str, str]]], number: int) -> dict[str, Any]:
    language = number % 2
    row = sets[language][number // 2 % len(sets[language])]
    question = f"{number}. {row['instruction']}\n{row['input']}".strip()
    return {
        "id": f"row-{number}",
        "split": "train",
        "task": "qa",
        "language": ("en", "zh")[language],
        "origin": f"public:alpaca_{('en', 'zh')[language]}",
        "rule": "benchmark",
        "messages": [{"role": "user", "content": question}, {"role": "assistant", "content": row["output"]}],
        "tools": None,
        "chunk_ids": [],
        "document_id": "",
    }
