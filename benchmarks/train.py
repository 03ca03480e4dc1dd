"""How fast training is, and what memory it takes, against TRL's SFTTrainer padded and packed.

`python -m benchmarks train [--quick] [--precision bf16]`, on an idle machine. LoRA r = 16 on every linear
layer of SmolLM2-135M, the samples' Alpaca rows (`TA_SAMPLES_DIR`), gradient checkpointing off. Each
contestant is a process of its own and they take turns, three rounds, the same threads and the same rows a
step; the median of the rounds counts. Every step's loss is held against the peer's: more than half a
percent apart ends the benchmark. The precision is bf16 where the machine has hardware for it, else float32,
and `work` names it.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks._rows import figure
from ta_pipeline.run_clock import tree_memory

ROOT = Path(__file__).parents[1]
#: The largest difference of a step's loss, as a share of the peer's.
TOLERANCE = 0.005
Row = dict[str, list[int]]


@dataclass(frozen=True)
class Sizes:
    """What is trained, and how often."""

    model: str
    rows: int
    batch: int  # rows a step beside the padded peer
    block: int  # tokens a step beside the packed peer
    rounds: int
    contexts: tuple[int, int]  # tokens of one row, for the growth of memory


FULL = Sizes("bundled:smollm2-135m-instruct", rows=64, batch=8, block=2048, rounds=3, contexts=(512, 2048))
QUICK = Sizes("bundled:tiny-random", rows=8, batch=2, block=1024, rounds=1, contexts=(128, 512))


@dataclass(frozen=True)
class Result:
    """What one process did; lists have an entry a step."""

    seconds: list[float]
    losses: list[float]
    compiled: float | None
    rates: list[float]
    flops: list[float]
    replaced: list[str]
    peak: int  # bytes, all its processes together


def measure(quick: bool = False, precision: str = "auto") -> Iterator[dict[str, Any]]:
    """Yield one row a figure."""
    sizes = QUICK if quick else FULL
    yield counter_error()
    if not os.environ.get("TA_SAMPLES_DIR"):
        print("train is not measured: TA_SAMPLES_DIR names no folder with the sample rows", flush=True)
        return
    with tempfile.TemporaryDirectory() as folder:
        contests = Contests(Path(folder), sizes, precision)
        yield from _speed(contests, sizes)
        yield from _growth(contests, sizes)


class Contests:
    """The rows of each contest, and the processes that train over them."""

    def __init__(self, folder: Path, sizes: Sizes, precision: str) -> None:
        from ta_pipeline.training.base_model import resolve_base_model
        from ta_pipeline.training.precision import resolve_precision

        self.precision = resolve_precision(precision)
        self.model = str(resolve_base_model(sizes.model))
        self.rows = encoded_rows(self.model, sizes.rows)
        self._folder, self._sizes, self._count = folder, sizes, 0
        self.batches = [self.rows[at : at + sizes.batch] for at in range(0, len(self.rows), sizes.batch)]
        self.blocks = packed_by_trl(self.rows, sizes.block)

    def run(self, trainer: str, steps: list[list[Row]], compiled: bool = False) -> Result:
        """Train with one trainer in a process of its own."""
        self._count += 1
        folder = self._folder / f"run{self._count}"
        folder.mkdir()
        contest = {
            "trainer": trainer,
            "model": self.model,
            "precision": self.precision,
            "steps": steps,
            "rows": self.rows,
            "block": self._sizes.block,
            "compiled": compiled,
            "folder": str(folder),
        }
        (folder / "contest.json").write_text(json.dumps(contest), "utf-8")
        command = [sys.executable, "-m", "benchmarks._train_contestant", str(folder / "contest.json")]
        # The same for all: threads that wait asleep, and the compiled functions of this run alone.
        environment = {
            "OMP_NUM_THREADS": str(os.cpu_count()),
            "OMP_WAIT_POLICY": "passive",
            "TORCHINDUCTOR_CACHE_DIR": str(self._folder / "compiled"),
            "TOKENIZERS_PARALLELISM": "false",
            "PYTHONWARNINGS": "ignore",
        }
        output, peak = _run(command, environment)
        result = json.loads(output.splitlines()[-1])
        del result["built"]
        return Result(**result, peak=peak)


def encoded_rows(model: str, count: int) -> list[Row]:
    """Encode Alpaca rows by the model's template; only the answer and its end count."""
    from ta_pipeline.chat.template import load_tokenizer
    from ta_pipeline.records import IGNORE_INDEX

    tokenizer = load_tokenizer(Path(model))
    path = Path(os.environ["TA_SAMPLES_DIR"]) / "instructions" / "alpaca_en_demo.json"
    rows = []
    for row in json.loads(path.read_text("utf-8"))[:count]:
        turns = [{"role": "user", "content": f"{row['instruction']}\n{row['input']}".strip()}]
        prompt, whole = (
            tokenizer(
                tokenizer.apply_chat_template(given, tokenize=False, add_generation_prompt=asks),
                add_special_tokens=False,
            )["input_ids"]
            for given, asks in (
                (turns, True),
                ([*turns, {"role": "assistant", "content": row["output"]}], False),
            )
        )
        labels = [IGNORE_INDEX] * len(prompt) + whole[len(prompt) :]
        rows.append({"input_ids": whole, "labels": labels})
    return rows


def packed_by_trl(rows: list[Row], block: int) -> list[list[Row]]:
    """Return TRL's blocks, each as its rows: what its trainer will read step by step."""
    from trl.data_utils import pack_dataset

    from datasets import Dataset

    blocks = []
    for packed in pack_dataset(Dataset.from_list(rows), block):
        at, found = 0, []
        for length in packed["seq_lengths"]:
            found.append({name: packed[name][at : at + length] for name in ("input_ids", "labels")})
            at += length
        blocks.append(found)
    return blocks


def _speed(contests: Contests, sizes: Sizes) -> Iterator[dict[str, Any]]:
    turns = {
        "padded": ("padded", contests.batches, False),
        "ours_padded": ("ours", contests.batches, False),
        "packed": ("packed", contests.blocks, False),
        "ours_packed": ("ours", contests.blocks, False),
        "compiled": ("ours", contests.blocks, True),
    }
    results: dict[str, list[Result]] = {name: [] for name in turns}
    for _ in range(sizes.rounds):
        for name, (trainer, steps, compiled) in turns.items():
            result = contests.run(trainer, steps, compiled)
            results[name].append(result)
            print(f"{name}: {_rate(result, steps):.0f} tokens/s, {result.peak / 1e9:.2f} GB", flush=True)
    apart = {
        peer: largest_difference(results[ours][0].losses, results[peer][0].losses)
        for ours, peer in (("ours_padded", "padded"), ("ours_packed", "packed"), ("compiled", "packed"))
    }
    work = (
        f"{Path(contests.model).name}, LoRA r=16 on all linear layers, {contests.precision}, "
        f"{sizes.rows} Alpaca rows, {os.cpu_count()} threads"
    )
    yield from _ratios(contests, sizes, results, work, apart)
    yield from _own(contests, results, work)


def _ratios(
    contests: Contests,
    sizes: Sizes,
    results: dict[str, list[Result]],
    work: str,
    apart: dict[str, float],
) -> Iterator[dict[str, Any]]:
    shapes = {"padded": f"{sizes.batch} rows a step", "packed": f"blocks of {sizes.block} tokens"}
    for peer, shape in shapes.items():
        steps = contests.batches if peer == "padded" else contests.blocks
        beside = f"{work}, {shape}; losses at most {apart[peer]:.2%} apart"
        ours, theirs = (_median_rate(results[name], steps) for name in (f"ours_{peer}", peer))
        yield figure(f"train.vs_{peer}", ours, "tokens/s", beside, f"TRL {peer}", theirs)
        own, other = (max(r.peak for r in results[name]) / 1e9 for name in (f"ours_{peer}", peer))
        row = figure(f"train.memory_vs_{peer}", own, "GB", f"{beside}; peak of all processes together")
        yield row | {"peer": f"TRL {peer}", "peer_value": other, "ratio": other / own}


def _own(contests: Contests, results: dict[str, list[Result]], work: str) -> Iterator[dict[str, Any]]:
    plain, compiled = results["ours_packed"], results["compiled"]
    rate = _median_rate(plain, contests.blocks)
    replaced = ", ".join(plain[0].replaced)
    yield figure("train.tokens_per_s", rate, "tokens/s", f"{work}, packed; replaced: {replaced}")
    peak = _percentile([rate for result in plain for rate in result.rates], 0.9)
    mfu = statistics.median(sum(r.flops[1:]) / sum(r.seconds[1:]) / peak for r in plain)
    yield figure(
        "train.mfu", mfu, "share", f"{work}, packed; of {peak / 1e9:.0f} GFLOP/s, sampled between steps"
    )
    fast = _median_rate(compiled, contests.blocks)
    cold, warm = compiled[0].compiled, compiled[-1].compiled
    told = f"{work}, packed; compiling took {cold:.0f} s, {warm:.0f} s when the cache was warm"
    yield figure("train.compiled", fast, "tokens/s", told, "the same layers, not compiled", rate)


def _growth(contests: Contests, sizes: Sizes) -> Iterator[dict[str, Any]]:
    """Yield how time grows with the tokens of a step, and memory with the tokens of a row."""
    tokens, seconds = [], []
    for times in (1, 2, 4):
        rows = contests.rows[: times * sizes.batch]  # others each time: what rows share is read once
        tokens.append(_tokens(rows))
        seconds.append(min(contests.run("ours", [rows] * 3).seconds[1:]))
    told = ", ".join(f"{n} in {taken:.2f} s" for n, taken in zip(tokens, seconds, strict=True))
    growth = (seconds[-1] / tokens[-1]) / (seconds[0] / tokens[0])
    yield figure(
        "train.time_growth", growth, "x", f"time a token, the largest step over the smallest: {told}"
    )
    short, long = (
        contests.run("ours", [[_long_row(contests.rows, length)]] * 2).peak / 1e9 for length in sizes.contexts
    )
    told = (
        f"a row of {sizes.contexts[1]} tokens over one of {sizes.contexts[0]}: {long:.2f} and {short:.2f} GB"
    )
    yield figure("train.memory_growth", long / short, "x", told)


def _long_row(rows: list[Row], length: int) -> Row:
    """Make one row of so many tokens out of others."""
    repeated = rows * (length // _tokens(rows) + 1)
    return {
        name: [token for row in repeated for token in row[name]][:length] for name in ("input_ids", "labels")
    }


def largest_difference(losses: list[float], others: list[float]) -> float:
    """Return the largest difference of a step's losses, as a share.

    Raises RuntimeError where it is more than TOLERANCE: then the two do not compute the same.
    """
    if len(losses) != len(others) or not losses:
        raise RuntimeError(f"{len(losses)} losses against {len(others)}: the contestants took other steps")
    apart = max(abs(a - b) / abs(b) for a, b in zip(losses, others, strict=True))
    if not apart <= TOLERANCE:
        raise RuntimeError(f"losses are {apart:.2%} apart: ours {losses}, the peer's {others}")
    return apart


def counter_error() -> dict[str, Any]:
    """Hold the project's FLOP count of a LoRA step against PyTorch's counter on plain code."""
    import torch
    from peft import LoraConfig, get_peft_model
    from torch.utils.flop_counter import FlopCounterMode
    from transformers import AutoModelForCausalLM

    from ta_pipeline.training.base_model import resolve_base_model
    from ta_pipeline.training.layers.row_attention import Row as Span
    from ta_pipeline.training.watch.flops import attention_flops, lora_flops

    length, keep = 256, 100
    folder = resolve_base_model("bundled:tiny-random")
    plain = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager")
    model = get_peft_model(plain, LoraConfig(r=8, target_modules="all-linear", task_type="CAUSAL_LM"))
    ids = torch.arange(length)[None]
    with FlopCounterMode(display=False) as counter:
        model(ids, logits_to_keep=torch.arange(keep), use_cache=False).logits.sum().backward()
    row = [Span(0, length)]
    # Plain attention multiplies all pairs, the masked ones too: L^2 of them instead of L (L + 1) / 2.
    masked = 3 * attention_flops(model.config, row) * ((length - 1) / (length + 1))
    expected = counter.get_total_flops() - masked
    error = abs(lora_flops(model, row, keep) / expected - 1)
    work = f"LoRA step of the tiny model, {length} tokens, {keep} supervised, against FlopCounterMode"
    return figure("mfu.counter_error", error, "share", work)


def _run(command: list[str], environment: dict[str, str]) -> tuple[str, int]:
    """Run a command; return what it prints and the peak memory of its processes, shared pages once."""
    import psutil

    peak = 0
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as errors:
        run = psutil.Popen(command, cwd=ROOT, env=os.environ | environment, stdout=out, stderr=errors)
        while run.poll() is None:
            with suppress(psutil.Error):  # it may end meanwhile
                peak = max(peak, tree_memory(run))
            time.sleep(0.2)
        out.seek(0)
        errors.seek(0)
        if run.returncode:
            print(errors.read()[-2000:], flush=True)
            raise subprocess.CalledProcessError(run.returncode, command)
        return out.read(), peak


def _rate(result: Result, steps: list[list[Row]]) -> float:
    """Return real tokens a second; the first step warms up."""
    return sum(map(_tokens, steps[1:])) / sum(result.seconds[1:])


def _median_rate(results: list[Result], steps: list[list[Row]]) -> float:
    return statistics.median(_rate(result, steps) for result in results)


def _tokens(rows: list[Row]) -> int:
    return sum(len(row["input_ids"]) for row in rows)


def _percentile(values: list[float], share: float) -> float:
    return sorted(values)[int(share * (len(values) - 1))]
