"""Do two ranks learn what one process learns? Losses of each way in one plot, `zero_curves.png`.

Twenty real steps on the two-layer model, two gloo ranks on this machine; DeepSpeed's stages 2 and 3 with and
without offload, plain data parallel, one process. What is shown is that the curves are the same; the times of
such a small model mean nothing. The first run of offload compiles DeepSpeed's Adam, about a minute.
"""

import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa

from benchmarks._rows import figure
from ta_pipeline.chat.packing import BLOCK
from ta_pipeline.params import SftParams

STEPS = 20
PARAMETERS = {
    "learning_rate": 1e-2, "max_steps": STEPS, "global_batch_size": 4, "warmup_share": 0.0,
    "weight_decay": 0.0, "max_grad_norm": 0.3, "save_every": 10, "precision": "fp32",
    "gradient_checkpointing": False, "zero_stage": 0, "num_processes": 1,
    "label_smoothing": 0.0, "opening_weight": 1.0,
    "lora": {"rank": 4, "alpha": 8, "dropout": 0.0, "targets": "attention+mlp"},
}  # fmt: skip

#: What each way has of its own; the names are those of the plot.
WAYS: dict[str, dict[str, Any]] = {
    "one process": {},
    "data parallel": {"num_processes": 2},
    "ZeRO-1": {"num_processes": 2, "zero_stage": 1},
    "ZeRO-2": {"num_processes": 2, "zero_stage": 2},
    "ZeRO-3": {"num_processes": 2, "zero_stage": 3},
    "ZeRO-2, offload": {"num_processes": 2, "zero_stage": 2, "offload": "optimizer"},
    "ZeRO-3, offload": {"num_processes": 2, "zero_stage": 3, "offload": "optimizer+parameters"},
}
_DRAWN = ("one process", "data parallel", "ZeRO-2", "ZeRO-3")


def token_blocks() -> pa.Table:
    """Make blocks that learn from 12 to 42 tokens: ranks that share a step have different numbers of them."""
    rows = []
    for i in range(18):
        ids = [1, *range(100 + 3 * i, 160 + 3 * i), 2]
        learned = 6 + 5 * i % 16
        labels = [-100] * (len(ids) - learned) + ids[-learned:]
        row = {"split": "train" if i < 16 else "validation", "example_ids": [f"{i}a", f"{i}b"]}
        row |= {"input_ids": ids * 2, "labels": labels * 2, "seq_lengths": [len(ids)] * 2}
        rows.append(row | {"read_tokens": 2 * len(ids)})
    return pa.Table.from_pylist(rows, BLOCK)


def train(out: Path, model: Path, changes: Mapping[str, Any]) -> tuple[Path, list[float], dict[str, Any]]:
    """Train in the folder `out`; gives the adapter, the loss of each step and the report."""
    from ta_pipeline.training.start import start_training

    parameters = SftParams.model_validate(PARAMETERS | dict(changes))
    with _outputs_in(out):
        adapter, history, report = start_training(
            "sft", token_blocks(), model, None, parameters, 7, lambda row: None
        )
    return adapter, history.column("loss").to_pylist(), report


@contextmanager
def _outputs_in(folder: Path) -> Iterator[None]:
    before = os.environ.get("OUT_BASE")
    os.environ["OUT_BASE"] = str(folder)
    try:
        yield
    finally:
        del os.environ["OUT_BASE"]
        if before is not None:
            os.environ["OUT_BASE"] = before


def draw(curves: Mapping[str, list[float]], path: Path) -> None:
    """Draw the loss of each way, each later line thinner, and below how far it is from the first one's."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    names = list(curves)
    plot, (losses, distances) = pyplot.subplots(2, 1, sharex=True, figsize=(7, 6), height_ratios=[3, 2])
    for number, name in enumerate(names):
        steps = range(1, len(curves[name]) + 1)
        losses.plot(steps, curves[name], label=name, linewidth=2 * len(names) - 2 * number, alpha=0.7)
        apart = [abs(a - b) for a, b in zip(curves[name], curves[names[0]], strict=True)]
        distances.plot(steps, apart, label=name, color=f"C{number}")
    distances.axhline(1e-3, color="grey", linestyle="--", label="0.001")
    losses.set_ylabel("loss")
    distances.set_ylabel(f"distance from {names[0]}")
    distances.set_yscale("symlog", linthresh=1e-7)
    distances.set_xlabel("step")
    for axes in (losses, distances):
        axes.legend(fontsize="small")
    path.parent.mkdir(parents=True, exist_ok=True)
    plot.tight_layout()
    plot.savefig(path, dpi=120)
    pyplot.close(plot)


def measure(quick: bool = False) -> Iterator[dict[str, Any]]:
    """Yield the greatest distance of each way from one process, and write the plot."""
    from ta_pipeline.paths import out_base
    from ta_pipeline.training.base_model import resolve_base_model

    model = resolve_base_model("bundled:tiny-random")
    changes = {"max_steps": 2, "save_every": 2} if quick else {}
    curves = {}
    for way in _DRAWN if quick else WAYS:
        with tempfile.TemporaryDirectory() as folder:
            curves[way] = train(Path(folder), model, WAYS[way] | changes)[1]
    draw({way: curves[way] for way in _DRAWN}, out_base() / "08_reporting" / "zero_curves.png")
    single = curves.pop("one process")
    for way, losses in curves.items():
        name = "zero.distance." + way.lower().replace(", ", "_").replace(" ", "_")
        apart = max(abs(a - b) for a, b in zip(losses, single, strict=True))
        work = f"{len(losses)} steps on the two-layer model, float32, two gloo ranks against one process"
        yield figure(name, apart, "loss", work)
