"""Figures of a run: loss curves, scores, rows through the stages, size against score.

Each function returns a `Figure` of its own; pyplot's global state is never touched, so figures can be
made in any thread. Labels are English: no Chinese font is needed. An artefact has one colour everywhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from math import isfinite
from typing import TYPE_CHECKING, Any

import pyarrow as pa

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: Ink of text and axes, and of grid lines. `report.py` swaps both for the page's own colours.
INK = "#27313f"
GRID = "#d9dee6"
#: Colour-blind safe and readable on light and dark ground.
_COLOURS = {
    "base": "#8a96a8",
    "sft": "#2f7de1",
    "dpo": "#e8803a",
    "merged": "#b58a2a",
    "gguf-f16": "#18a07e",
    "gguf-q8_0": "#8b6fe0",
    "gguf-q4_k_m": "#d6559b",
}
_SPARE = ("#5aa9d6", "#9aa83a", "#c7604a", "#6f7fd6")
_KEPT, _DROPPED, _QUARANTINED = "#2f7de1", "#e8803a", "#b1495b"

#: What is evaluated beside the training loss: column, mark, label.
_EVALUATED = (("validation_loss", "o", "validation"), ("general_loss", "^", "general rows"))

#: Panels of `score_bars`: metric, title, whether less is better.
_PANELS = (
    ("reference_loss", "Reference loss, nats/token", True),
    ("f1", "Token F1", False),
    ("rouge_l", "ROUGE-L by characters", False),
    ("bleu", "BLEU, 0 to 100", False),
    ("refusal_f1", "Refusal F1", False),
    ("false_refusal_rate", "False refusal rate", True),
    ("citation_validity", "Valid citations", False),
    ("format_validity", "Valid format", False),
)


def colour(artefact: str) -> str:
    """Return an artefact's colour; unknown names get one by their letters."""
    return _COLOURS.get(artefact) or _SPARE[sum(artefact.encode()) % len(_SPARE)]


def loss_curves(sft_history: pa.Table, dpo_history: pa.Table) -> Figure:
    """Draw loss, accuracy and the reward margin of both trainings, step by step."""
    figure = _figure(9.6, 5.4)
    axes = figure.subplots(2, 2)
    _draw_steps(axes[0, 0], "SFT: loss", sft_history, [("loss", "sft", "training")], _EVALUATED)
    _draw_steps(axes[0, 1], "DPO: loss", dpo_history, [("loss", "dpo", "training")], _EVALUATED)
    _draw_steps(axes[1, 0], "SFT: token accuracy", sft_history, [("token_accuracy", "sft", "")])
    margin = [("reward_margin", "dpo", "reward margin"), ("reward_accuracy", "base", "reward accuracy")]
    _draw_steps(axes[1, 1], "DPO: chosen over rejected", dpo_history, margin)
    for axis in axes[1]:
        axis.set_xlabel("optimizer step", color=INK)
    return figure


def step_curves(sft_history: pa.Table, dpo_history: pa.Table) -> Figure:
    """Draw what each step of both trainings took: gradient norm, speed, MFU, memory."""
    figure = _figure(9.6, 5.4)
    axes = figure.subplots(2, 2)
    panels = (
        ("grad_norm", "Gradient norm before clipping"),
        ("tokens_per_second", "Tokens read a second"),
        ("mfu", "Model FLOP utilisation"),
        ("memory_gb", "Memory of the largest process, GiB"),
    )
    for axis, (column, title) in zip(axes.flatten(), panels, strict=True):
        for name, history in (("sft", sft_history), ("dpo", dpo_history)):
            _draw_line(axis, history, column, name, name.upper())
        _finish(axis, title)
        axis.set_ylim(bottom=0)
    for axis in axes[1]:
        axis.set_xlabel("optimizer step", color=INK)
    return figure


def score_bars(scores: Mapping[str, Any]) -> Figure:
    """Draw one panel a metric, one bar an artefact with its 95 % interval, from `summarise_scores`."""
    artefacts: Mapping[str, Mapping[str, Any]] = scores["artefacts"]
    panels = [panel for panel in _PANELS if any(panel[0] in found for found in artefacts.values())]
    columns = 2
    rows = max(1, -(-len(panels) // columns))
    figure = _figure(9.6, rows * (0.8 + 0.3 * len(artefacts)))
    flat = figure.subplots(rows, columns, squeeze=False).flatten()
    for axis, (metric, title, less) in zip(flat, panels, strict=False):
        _draw_bars(axis, artefacts, metric)
        _title(axis, f"{title}: {'less' if less else 'more'} is better")
    for axis in flat[len(panels) :]:
        axis.set_axis_off()
    return figure


def rows_through_stages(reports: Mapping[str, Mapping[str, int]]) -> Figure:
    """Draw kept, dropped and quarantined rows of each stage, as shares with the counts beside them.

    `reports` maps a label to `in`, `kept` and, where they apply, `dropped` and `quarantined`.
    """
    figure = _figure(9.6, 0.9 + 0.52 * len(reports))
    axis = figure.subplots()
    parts = (("kept", _KEPT), ("dropped", _DROPPED), ("quarantined", _QUARANTINED))
    for place, report in enumerate(reports.values()):
        left = 0.0
        for name, fill in parts:
            share = report.get(name, 0) / max(report["in"], 1)
            axis.barh(place, share, left=left, color=fill, height=0.62, label=name if place == 0 else None)
            left += share
        axis.text(1.015, place, _counts(report), va="center", color=INK)
    _bare(axis)
    axis.set_yticks(range(len(reports)), [str(label) for label in reports])
    axis.invert_yaxis()
    axis.set_xlim(0, 1)
    axis.set_xticks([0, 0.5, 1], ["0 %", "50 %", "100 %"])
    axis.legend(
        loc="lower left", bbox_to_anchor=(0, 1.0), ncols=3, frameon=False, handlelength=1, labelcolor=INK
    )
    return figure


def size_against_score(scores: Mapping[str, Any], gguf_report: Mapping[str, Any]) -> Figure:
    """Draw what each GGUF file costs in megabytes against what it keeps of the score.

    `scores` holds the artefacts as `gguf-<format>`; the dashed line is what they were made from.
    """
    figure = _figure(9.6, 3.6)
    axes = figure.subplots(1, 2)
    for axis, (metric, title) in zip(
        axes, (("reference_loss", "Reference loss: less is better"), ("rouge_l", "ROUGE-L: more is better"))
    ):
        _draw_sizes(axis, scores["artefacts"], gguf_report["files"], metric)
        _title(axis, title)
        axis.set_xlabel("file size (MB)", color=INK)
    return figure


def _figure(width: float, height: float) -> Figure:
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    layout = ConstrainedLayoutEngine(h_pad=0.1, w_pad=0.08)  # inches
    return Figure(figsize=(width, height), layout=layout, facecolor="white")


def _bare(axis: Axes) -> None:
    """Take away what carries no information: frame, ticks, and the ground (a page may be dark)."""
    axis.set_facecolor("none")
    for side in ("top", "right", "left", "bottom"):
        axis.spines[side].set_visible(False)
    axis.tick_params(length=0, colors=INK, labelsize=9)
    axis.set_axisbelow(True)


def _title(axis: Axes, text: str) -> None:
    axis.set_title(text, loc="left", color=INK, fontsize=10.5, fontweight="bold", pad=7)


def _draw_steps(
    axis: Axes,
    title: str,
    history: pa.Table,
    lines: Sequence[tuple[str, str, str]],
    marked: Sequence[tuple[str, str, str]] = (),
) -> None:
    for column, artefact, label in lines:
        _draw_line(axis, history, column, artefact, label)
    for column, style, label in marked:
        steps, values = _points(history, column)
        if steps:
            axis.plot(steps, values, style, color=INK, ms=5, label=label)
    _finish(axis, title)


def _draw_line(axis: Axes, history: pa.Table, column: str, artefact: str, label: str) -> None:
    """Draw each step thinly and their moving average above it."""
    steps, values = _points(history, column)
    if not steps:
        return
    many = len(steps) > 1
    axis.plot(
        steps, values, color=colour(artefact), lw=1, alpha=0.35 if many else 1, marker="" if many else "o"
    )
    axis.plot(steps, _smooth(values), color=colour(artefact), lw=2, label=label or None)


def _finish(axis: Axes, title: str) -> None:
    from matplotlib.ticker import MaxNLocator

    _bare(axis)
    axis.xaxis.set_major_locator(MaxNLocator(integer=True))  # there is no step 1.5
    _title(axis, title)
    axis.grid(axis="y", color=GRID, lw=0.8)
    if not axis.lines:
        axis.text(0.5, 0.5, "not recorded", transform=axis.transAxes, ha="center", color=INK)
        axis.set_xticks([])
        axis.set_yticks([])
    if len(axis.get_legend_handles_labels()[0]) > 1:
        axis.legend(frameon=False, fontsize=9, labelcolor=INK)


def _points(history: pa.Table, column: str) -> tuple[list[int], list[float]]:
    if column not in history.column_names:
        return [], []
    rows = zip(history["step"].to_pylist(), history[column].to_pylist(), strict=True)
    kept = [(step, value) for step, value in rows if value is not None and isfinite(value)]
    return [step for step, _ in kept], [value for _, value in kept]


def _smooth(values: Sequence[float], weight: float = 0.8) -> list[float]:
    """Return the exponential moving average, corrected for its start."""
    smoothed, average = [], 0.0
    for i, value in enumerate(values, start=1):
        average = weight * average + (1 - weight) * value
        smoothed.append(average / (1 - weight**i))
    return smoothed


def _draw_bars(axis: Axes, artefacts: Mapping[str, Mapping[str, Any]], metric: str) -> None:
    highest = max((found[metric]["high"] for found in artefacts.values() if metric in found), default=1.0)
    for place, (artefact, found) in enumerate(artefacts.items()):
        if metric not in found:
            axis.text(0, place, " not measured", va="center", color=INK, fontsize=8, alpha=0.7)
            continue
        value, low, high = (found[metric][key] for key in ("value", "low", "high"))
        axis.barh(place, value, color=colour(artefact), height=0.64)
        axis.plot([low, high], [place, place], color=INK, lw=1.4, solid_capstyle="butt")
        text = f"{value:.3g}  (n={found[metric]['n']})"
        axis.text(max(high, value) + 0.015 * highest, place, text, va="center", color=INK, fontsize=8.5)
    _bare(axis)
    axis.set_yticks(range(len(artefacts)), list(artefacts))
    axis.invert_yaxis()
    axis.set_xlim(0, max(highest, 1e-9) * 1.32)
    axis.set_xticks([])


def _draw_sizes(
    axis: Axes, artefacts: Mapping[str, Mapping[str, Any]], files: Iterable[Mapping[str, Any]], metric: str
) -> None:
    source = artefacts.get("dpo", {}).get(metric)
    if source:
        axis.axhline(source["value"], color=colour("dpo"), ls="--", lw=1.4, label="dpo (before export)")
    for file in files:
        name = f"gguf-{file['format']}"
        found = artefacts.get(name, {}).get(metric)
        if not found:
            continue
        size = file["bytes"] / 1e6
        axis.plot([size, size], [found["low"], found["high"]], color=colour(name), lw=2, alpha=0.55)
        axis.plot(size, found["value"], "o", ms=9, color=colour(name))
        axis.annotate(
            f"{file['format']}\n{size:.0f} MB\n{found['value']:.3g}",
            (size, found["high"]),
            xytext=(0, 4),
            textcoords="offset points",
            ha="center",
            va="bottom",
            color=INK,
            fontsize=8.5,
        )
    _bare(axis)
    axis.grid(color=GRID, lw=0.8)
    axis.margins(x=0.2, y=0.3)
    axis.set_xlim(left=0)
    if source:
        axis.legend(frameon=False, fontsize=8.5, labelcolor=INK, loc="lower right")


def _counts(report: Mapping[str, int]) -> str:
    parts = [f"{report['in']:,} in", f"{report['kept']:,} kept"]
    parts += [f"{report[name]:,} {name}" for name in ("dropped", "quarantined") if report.get(name)]
    return ", ".join(parts)
