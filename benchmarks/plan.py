"""How near `ta plan` comes to what training takes: memory, and time, of the bundled model.

Each configuration is trained for three steps by the project's own worker, a process of its own, whose peak
the system tells. Three of them are what the fitted constants were fitted on; the others are forecast.
`python -m benchmarks.plan --fit` measures those three and prints the constants for
`training/plan/forecast.py`; `--only NAME …` measures some. With `--quick` one small configuration shows that
it runs.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from benchmarks._rows import figure
from ta_pipeline.chat.packing import BLOCK
from ta_pipeline.params import LoraParams, SftParams, TokenizeParams
from ta_pipeline.records import IGNORE_INDEX
from ta_pipeline.training.base_model import resolve_base_model
from ta_pipeline.training.job import TrainingJob
from ta_pipeline.training.launch import MALLOC
from ta_pipeline.training.plan.forecast import FITTED, GIB, Fitted, forecast
from ta_pipeline.training.plan.runs import Run, sft_run
from ta_pipeline.training.plan.shapes import ModelShape, read_shape

MODEL = "bundled:smollm2-135m-instruct"
STEPS = 3
#: Share of a row's tokens that are its answer.
ANSWER = 0.4


@dataclass(frozen=True)
class Configuration:
    """A training to measure; rows of a block are of one length."""

    name: str
    row: int  # tokens of a row
    rows: int = 1  # packed into a block
    micro: int = 1  # blocks read at once
    blocks: int = 1  # of an optimizer step
    rank: int = 16
    targets: str = "attention+mlp"
    dropout: float = 0.0
    checkpointing: bool = False
    adapter: str = "lora"
    fast_layers: bool = True


#: What the constants are fitted on: little to keep, much to keep, and a logit-heavy one between.
FIT = (
    Configuration("short row", row=256),
    Configuration("long row", row=1536),
    Configuration("checkpointing", row=1024, checkpointing=True),
)
#: What is forecast and then measured.
FORECAST = (
    Configuration("length 768", row=768),
    Configuration("batch 4", row=256, micro=4, blocks=4),
    Configuration("rank 64 of attention, accumulated", row=1024, rank=64, targets="attention", blocks=2),
    Configuration("checkpointing, 2,048 tokens", row=2048, checkpointing=True),
    Configuration("full fine-tuning", row=512, adapter="full"),
    Configuration("8 rows packed", row=192, rows=8),
    Configuration("dropout, plain layers", row=512, dropout=0.05, fast_layers=False),
)


@dataclass(frozen=True)
class Seen:
    """What was measured: bytes of the process at its peak, median seconds of a step after the first."""

    peak: float
    step: float


def measure(quick: bool = False) -> Iterator[dict[str, Any]]:
    """Yield one row a figure: the error of each forecast as a share of what was measured."""
    chosen = (Configuration("quick", row=64),) if quick else FORECAST
    errors, late = [], []
    for one in chosen:
        seen, planned = _train(one), forecast(_shape(), run_of(one)).peak
        errors.append(planned / seen.peak - 1)
        late.append(_seconds(one) / seen.step - 1)
        print(line(one, seen, planned, _seconds(one)), flush=True)
    work = f"SmolLM2-135M, float32, peak of {len(chosen)} trainings that the constants were not fitted on"
    yield figure("plan.memory_error", max(map(abs, errors)), "share at most", work)
    yield figure("plan.memory_error_median", statistics.median(map(abs, errors)), "share", work)
    yield figure("plan.time_error_median", statistics.median(map(abs, late)), "share", work)


def line(one: Configuration, seen: Seen, planned: float, seconds: float) -> str:
    """Write a configuration's forecast beside what was measured."""
    return (
        f"{one.name:36} {planned / GIB:6.2f} of {seen.peak / GIB:6.2f} GiB  {planned / seen.peak - 1:+7.1%}"
        f"   {seconds:6.2f} of {seen.step:6.2f} s  {seconds / seen.step - 1:+7.1%}"
    )


def parameters_of(one: Configuration) -> SftParams:
    """Return the parameters of a configuration's training."""
    return SftParams(
        learning_rate=1e-4,
        max_steps=STEPS,
        global_batch_size=one.blocks,
        micro_batch_size=one.micro,
        warmup_share=0.0,
        weight_decay=0.0,
        max_grad_norm=1.0,
        save_every=STEPS,
        precision="fp32",
        gradient_checkpointing=one.checkpointing,
        fast_layers=one.fast_layers,
        zero_stage=0,
        num_processes=1,
        label_smoothing=0.0,
        opening_weight=1.0,
        adapter=one.adapter,
        lora=LoraParams(rank=one.rank, alpha=2 * one.rank, dropout=one.dropout, targets=one.targets),
    )


def run_of(one: Configuration) -> Run:
    """Describe a configuration as `ta plan` does."""
    tokenize = TokenizeParams(max_seq_len=one.row * one.rows, packing=one.rows > 1)
    run = sft_run(parameters_of(one), tokenize, "fp32", "cpu", supervised_share=ANSWER)
    return replace(run, longest=one.row)


def _shape() -> ModelShape:
    return read_shape(resolve_base_model(MODEL))


def _seconds(one: Configuration) -> float:
    from ta_pipeline.training.plan.duration import step_seconds
    from ta_pipeline.training.watch.flops import peak_flops

    shape = _shape()
    return step_seconds(shape, run_of(one), peak_flops(shape.hidden, "fp32"))


def blocks_of(one: Configuration, vocabulary: int) -> pa.Table:
    """Make the blocks of all steps: rows of random ids, no two with a beginning in common."""
    random = np.random.default_rng(3)
    answer = round(one.row * ANSWER)
    blocks = []
    for number in range(STEPS * one.blocks):
        rows = random.integers(100, vocabulary, (one.rows, one.row))
        labels = rows.copy()
        labels[:, : one.row - answer] = IGNORE_INDEX
        names = [f"{number}-{row}" for row in range(one.rows)]
        blocks.append(
            {
                "split": "train",
                "input_ids": rows.ravel().tolist(),
                "labels": labels.ravel().tolist(),
                "seq_lengths": [one.row] * one.rows,
                "example_ids": names,
                "read_tokens": rows.size,
            }
        )
    return pa.Table.from_pylist(blocks, BLOCK)


def _train(one: Configuration) -> Seen:
    """Train a configuration by the worker, as a process of its own."""
    model = resolve_base_model(MODEL)
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "rows.arrow"
        table = blocks_of(one, _shape().vocabulary)
        with pa.OSFile(str(data), "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
            writer.write_table(table)
        parameters = parameters_of(one).model_dump()
        job = TrainingJob("sft", str(model), None, str(data), parameters, 7, "fp32", folder)
        peak = _peak([sys.executable, "-m", "ta_pipeline.training.worker", str(job.write())], Path(folder))
        events = [json.loads(text) for text in job.events.read_text("utf-8").splitlines()]
    seconds = [event["step_seconds"] for event in events if event.get("step_seconds")]
    return Seen(peak, statistics.median(seconds[1:] or seconds))


def _peak(command: Sequence[str], folder: Path) -> float:
    """Run a command; return the most bytes of memory that its process had."""
    environment = (
        os.environ
        | MALLOC
        | {
            "CUDA_VISIBLE_DEVICES": "",
            "ACCELERATE_USE_CPU": "true",
            "HF_HUB_OFFLINE": "1",
            "TOKENIZERS_PARALLELISM": "false",
        }
    )
    log = folder / "log"
    with log.open("w") as stream:
        child = subprocess.Popen(command, env=environment, stdout=stream, stderr=subprocess.STDOUT)
        _, status, usage = os.wait4(child.pid, 0)
    if status:
        raise RuntimeError(f"the worker failed: {log.read_text('utf-8')[-2000:]}")
    return usage.ru_maxrss * 1024.0


def fit(seen: Sequence[tuple[Configuration, float]]) -> Fitted:
    """Fit both constants by least squares of the relative error; a forecast is linear in them near 1."""
    shape = _shape()
    once, twice = ([forecast(shape, run_of(one), Fitted(0.0, k)).peak for one, _ in seen] for k in (1.0, 2.0))
    kept = np.array(twice) - once
    peaks = np.array([peak for _, peak in seen])
    sides = np.column_stack([np.ones(len(seen)), kept]) / peaks[:, None]
    (process, slack), *_ = np.linalg.lstsq(sides, (peaks - (np.array(once) - kept)) / peaks, rcond=None)
    return Fitted(float(process), float(slack))


def main() -> None:
    """Fit, or measure some configurations."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--fit", action="store_true", help="measure the three and print the constants")
    parser.add_argument("--only", nargs="*", help="names of configurations to measure")
    given = parser.parse_args()
    known = {one.name: one for one in (*FIT, *FORECAST)}
    chosen = (
        [known[name] for name in given.only] if given.only else list(FIT if given.fit else known.values())
    )
    peaks = []
    for one in chosen:
        seen = _train(one)
        peaks.append((one, seen.peak))
        planned = forecast(_shape(), run_of(one)).peak
        print(line(one, seen, planned, _seconds(one)), flush=True)
    if given.fit:
        fitted = fit(peaks)
        print(f"FITTED = Fitted(process={fitted.process / 2**20:.0f} * MIB, slack={fitted.slack:.3f})")
        print(f"in use: process={FITTED.process / 2**20:.0f} MiB, slack={FITTED.slack:.3f}")


if __name__ == "__main__":
    main()
