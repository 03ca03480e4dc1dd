"""Render a run as one self-contained HTML page: `report.html`.

This module turns reports and tables into what the template shows; the layout is `report.html.j2`.
The page loads nothing from elsewhere, and everything that comes from data is escaped.
"""

from __future__ import annotations

import io
import platform
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from ta_pipeline.evaluation import plots
from ta_pipeline.evaluation.answer_faults import diagnose_answers
from ta_pipeline.evaluation.scoring import METRICS
from ta_pipeline.evaluation.summary import Facts, all_scores, missing_rows, row_counts
from ta_pipeline.rag.prompt import Passage, passage_header

if TYPE_CHECKING:
    from jinja2 import Environment, Template
    from markupsafe import Markup
    from matplotlib.figure import Figure

#: What a bundled model is; a reader of its scores must know.
BUNDLED_NOTES = {
    "bundled:smollm2-135m-instruct": "The base model is the bundled SmolLM2-135M-Instruct: a dequantized "
    "4-bit file of 135 M parameters, "
    "mostly English. Scores on it show that the machinery works, from raw files to measured artefacts; "
    "Chinese scores show plumbing, not ability. Take a larger base model before judging the course.",
    "bundled:tiny-random": "The base model has two layers of random weights and is there for tests: its "
    "answers and scores mean nothing.",
}
OTHER_NOTE = (
    "Scores show how the trained adapters differ from their own base model on this benchmark, asked in one "
    "prompt. They do not compare with figures measured elsewhere, and answers nobody wrote a reference for "
    "are not judged."
)
SAMPLES = 12
_ROWS_SHOWN = 3
_LABELS = {
    "reference_loss": "Reference loss",
    "exact_match": "Exact match",
    "f1": "Token F1",
    "rouge_l": "ROUGE-L",
    "bleu": "BLEU",
    "refusal_precision": "Refusal precision",
    "refusal_recall": "Refusal recall",
    "refusal_f1": "Refusal F1",
    "false_refusal_rate": "False refusals",
    "format_validity": "Valid format",
    "citation_validity": "Valid citations",
    "stop_rate": "Stopped by itself",
}
#: Decimals of a metric in a table, where they are not two.
_DIGITS = {"reference_loss": 3, "bleu": 1}
_HEADLINE = ("reference_loss", "refusal_f1", "false_refusal_rate", "rouge_l", "citation_validity")
_BREAKDOWN = (
    "reference_loss",
    "f1",
    "rouge_l",
    "refusal_recall",
    "false_refusal_rate",
    "citation_validity",
    "format_validity",
)
_PACKAGES = (
    "torch",
    "transformers",
    "peft",
    "trl",
    "accelerate",
    "deepspeed",
    "kedro",
    "mlflow",
    "pyarrow",
    "datasketch",
    "gguf",
    "auto-round",
    "xllamacpp",
)
_TRAIN_FACTS = {
    "steps": "optimizer steps",
    "tokens": "tokens read",
    "loss_first": "first loss",
    "loss_last": "last loss",
    "validation_loss": "validation loss",
    "kept_step": "step whose weights were kept",
    "tokens_per_s": "tokens a second",
    "mfu": "model FLOP utilisation",
    "seconds": "seconds",
    "peak_memory_gb": "peak memory, GB",
    "trainable_parameters": "trained parameters",
    "precision": "precision",
    "num_processes": "processes",
    "zero_stage": "ZeRO stage",
    "resumed_from": "resumed from",
}


@dataclass(frozen=True)
class Artefacts:
    """What a full run made after training."""

    merge: Facts
    gguf: Facts
    scores: Facts
    question_scores: pa.Table
    listed: Sequence[Facts]
    bundles: Mapping[str, Path]


@dataclass(frozen=True)
class Run:
    """Everything the page shows; `artefacts` is None for a run that ended with training."""

    course: str
    base_model_name: str
    clock: Facts
    ingest: Facts
    cleaning: Facts
    compose: Facts
    labels: Facts
    preference: Facts
    sft_history: pa.Table
    sft: Facts
    dpo_history: pa.Table
    dpo: Facts
    scores: Facts
    questions: pa.Table
    question_scores: pa.Table
    dropped: pa.Table
    artefacts: Artefacts | None = None


def render_report(run: Run, curves: Figure) -> str:
    """Return the page as HTML; `curves` comes from `plots.loss_curves`."""
    template: Template = _environment().get_template("report.html.j2")
    return template.render(
        run=run,
        note=BUNDLED_NOTES.get(run.base_model_name, OTHER_NOTE),
        labels=_LABELS,
        colour=plots.colour,
        headline=_headline(run.scores),
        better={name: metric.better for name, metric in METRICS.items()},
        paired=_paired(run.scores["paired"]),
        stages=stage_table(run),
        reasons=_reasons(run),
        train=_train_facts({"SFT": run.sft, "DPO": run.dpo}),
        breakdowns=_breakdowns(run.scores),
        breakdown_metrics=_BREAKDOWN,
        samples=_samples(run),
        engines=_engines(run),
        made=_made(run.artefacts) if run.artefacts else None,
        packages=_packages(),
        findings=_findings(run),
        loss_svg=inline_svg(curves, "Loss, accuracy and reward margin by optimizer step"),
        step_svg=inline_svg(
            plots.step_curves(run.sft_history, run.dpo_history),
            "Gradient norm, speed, MFU and memory by optimizer step",
        ),
        score_svg=inline_svg(plots.score_bars(run.scores), "Scores of base, SFT and DPO with intervals"),
        rows_svg=inline_svg(plots.rows_through_stages(_rows_by_label(run)), "Rows through the stages"),
    )


def stage_table(run: Run) -> list[dict[str, Any]]:
    """Return one row a stage with its counts and the rows that are unaccounted for (0 is right)."""
    return [
        {"name": name, **rows, "missing": missing_rows(rows)} for name, rows in _rows_by_label(run).items()
    ]


def verdict(row: Facts) -> tuple[str, str]:
    """Say in words what a paired difference means, and its tone: "good", "bad" or "even"."""
    a, b, metric = row["a"], row["b"], row["metric"]
    name = _LABELS[metric].lower().replace("f1", "F1").replace("rouge-l", "ROUGE-L")
    numbers = f"{_signed(row['diff'])} [{_signed(row['low'])}, {_signed(row['high'])}]"
    if row["low"] <= 0 <= row["high"]:
        return f"No clear difference on {name}: {numbers}", "even"
    if row["diff"] * METRICS[metric].better > 0:
        return f"{_name(a)} beats {_name(b)} on {name}: {numbers}", "good"
    return f"{_name(a)} falls behind {_name(b)} on {name}: {numbers}", "bad"


def inline_svg(figure: Figure, label: str) -> Markup:
    """Return a figure as an SVG element that takes its ink from the page, for light and dark alike."""
    from markupsafe import Markup, escape
    from matplotlib import rc_context

    stream = io.StringIO()
    with rc_context({"svg.fonttype": "none", "svg.hashsalt": label}):
        figure.savefig(stream, format="svg", metadata={"Date": None}, facecolor="none")
    svg = stream.getvalue()
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    svg = re.sub(r' (?:xmlns(?::xlink)?|version|width|height)="[^"]*"(?=[^<]*viewBox)', "", svg)
    svg = re.sub(r' xmlns(?::xlink)?="[^"]*"', "", svg)
    svg = re.sub(r"'DejaVu Sans'[^;\"]*", "inherit", svg)
    svg = re.sub(r' id="[a-zA-Z0-9]+_[0-9_]+"', "", svg)
    svg = svg.replace(plots.INK, "currentColor").replace(plots.GRID, "var(--line)")
    return Markup(svg.replace("<svg", f'<svg role="img" aria-label="{escape(label)}"', 1))


def choose_samples(
    questions: pa.Table, answered: Iterable[str], count: int = SAMPLES
) -> list[dict[str, Any]]:
    """Choose answered questions in turn from every kind and language, in the benchmark's order."""
    wanted = set(answered)
    groups: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
    for row in questions.to_pylist():
        if row["id"] in wanted:
            groups[row["kind"], row["language"]].append(row)
    queues = [groups[key] for key in sorted(groups)]
    chosen: list[dict[str, Any]] = []
    for turn in range(max(map(len, queues), default=0)):
        chosen += [queue[turn] for queue in queues if turn < len(queue)]
    return chosen[:count]


def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("ta_pipeline.evaluation", "."),
        undefined=StrictUndefined,
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "number": _number,
        "metric": _metric,
        "interval": _interval,
        "size": _size,
        "duration": _duration,
    }
    return environment


def _rows_by_label(run: Run) -> dict[str, dict[str, int]]:
    reports = {
        "ingest: source rows": run.ingest,
        "clean: documents": run.cleaning,
        "compose: candidate rows": run.compose,
        "tokenize: conversations": run.labels,
        "tokenize: preference pairs": run.preference,
    }
    return {label: row_counts(report) for label, report in reports.items()}


def _headline(scores: Facts) -> list[dict[str, Any]]:
    artefacts = scores["artefacts"]
    return [
        {
            "metric": metric,
            "values": [(name, found[metric]) for name, found in artefacts.items() if metric in found],
        }
        for metric in _HEADLINE
        if any(metric in found for found in artefacts.values())
    ]


def _paired(rows: Iterable[Facts]) -> list[dict[str, Any]]:
    pairs: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        words, tone = verdict(row)
        pairs[row["a"], row["b"]].append({"words": words, "tone": tone, "n": row["n"], "p": row.get("p")})
    return [{"a": a, "b": b, "rows": found} for (a, b), found in pairs.items()]


def _reasons(run: Run) -> list[dict[str, Any]]:
    """List why rows were taken out, by stage, with a few of them."""
    groups = [("ingest", reason, rows) for reason, rows in _by_reason(run.ingest.get("quarantined_rows", []))]
    groups += [("clean", reason, rows) for reason, rows in _by_reason(run.dropped.to_pylist())]
    found = [
        {
            "stage": stage,
            "reason": reason,
            "count": len(rows),
            "rows": [_taken_out(row) for row in rows[:_ROWS_SHOWN]],
        }
        for stage, reason, rows in groups
    ]
    for stage, report in (("compose", run.compose), ("tokenize", run.labels), ("tokenize", run.preference)):
        counted = report.get("dropped_by_reason", {}).items()
        found += [{"stage": stage, "reason": reason, "count": count, "rows": []} for reason, count in counted]
    return found


def _taken_out(row: Facts) -> dict[str, str]:
    where = f"{row['source']}:{row['line']}" if row.get("line") else row["source"]
    return {"where": where, "detail": row.get("detail") or "", "excerpt": row.get("excerpt") or ""}


def _by_reason(rows: Iterable[dict[str, Any]]) -> list[tuple[str, list[dict[str, Any]]]]:
    groups: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        groups[row["reason"]].append(row)
    return sorted(groups.items(), key=lambda group: (-len(group[1]), group[0]))


def _train_facts(reports: Mapping[str, Facts]) -> dict[str, Any]:
    known = [key for key in _TRAIN_FACTS if any(report.get(key) is not None for report in reports.values())]
    return {
        "names": list(reports),
        "rows": [(_TRAIN_FACTS[key], [report.get(key) for report in reports.values()]) for key in known],
    }


def _findings(run: Run) -> list[tuple[str, Facts]]:
    """List what was found wrong, (where, finding): in the trainings, and in the answers of each artefact."""
    tables = [run.question_scores] + ([run.artefacts.question_scores] if run.artefacts else [])
    rows = [row for table in tables for row in table.to_pylist() if row["mode"] == "context"]
    made_here = [row for row in rows if row["artefact"] != "base"]
    found = [
        (name, fact)
        for name, report in (("SFT", run.sft), ("DPO", run.dpo))
        for fact in report.get("findings", [])
    ]
    return found + [("answers", asdict(finding)) for finding in diagnose_answers(made_here)]


def _breakdowns(scores: Facts) -> list[dict[str, Any]]:
    titles = {
        "by_kind": "By kind of question",
        "by_language": "By language",
        "held_out": "Lectures kept out of training, and the others",
    }
    found = [{"title": title, "groups": _regroup(scores[key])} for key, title in titles.items()]
    closed = {name: {"without passages": figures} for name, figures in scores.get("closed_book", {}).items()}
    if closed:
        found.append({"title": "Closed book: the question alone", "groups": _regroup(closed)})
    return found


def _regroup(by_artefact: Mapping[str, Mapping[str, Facts]]) -> list[tuple[str, list[tuple[str, Facts]]]]:
    """Turn {artefact: {group: figures}} round, so that artefacts stand beside each other."""
    groups: dict[str, list[tuple[str, Facts]]] = defaultdict(list)
    for artefact, parts in by_artefact.items():
        for group, figures in parts.items():
            groups[group].append((artefact, figures))
    return sorted(groups.items())


def _answers(run: Run) -> dict[str, dict[str, dict[str, Any]]]:
    """Return what was answered with passages: {question id: {artefact: question score}}."""
    tables = [run.question_scores] + ([run.artefacts.question_scores] if run.artefacts else [])
    found: dict[str, dict[str, dict[str, Any]]] = defaultdict(dict)
    for table in tables:
        for row in table.to_pylist():
            if row["mode"] == "context" and row["answer"] is not None:
                found[row["question_id"]].setdefault(row["artefact"], row)
    return found


def _samples(run: Run) -> list[dict[str, Any]]:
    answers = _answers(run)
    artefacts = len({name for found in answers.values() for name in found})
    everywhere = [name for name, found in answers.items() if len(found) == artefacts]
    return [
        {
            "question": row,
            "passages": [
                (passage_header(Passage(**passage)), passage["text"]) for passage in row["passages"] or []
            ],
            "answers": [{**answer, "marks": _marks(answer)} for answer in answers[row["id"]].values()],
        }
        for row in choose_samples(run.questions, everywhere or answers)
    ]


def _marks(row: Facts) -> list[tuple[str, str]]:
    """Return what the checks said of one answer, as (words, tone)."""
    marks = []
    if row["refused"]:
        marks.append(("refuses", "good" if row["should_refuse"] else "bad"))
    elif row["should_refuse"]:
        marks.append(("answers what the course does not cover", "bad"))
    for column, words in (("citation_valid", "citation"), ("format_valid", "format")):
        if row[column] is not None:
            marks.append(
                (f"{words} valid" if row[column] else f"no valid {words}", "good" if row[column] else "bad")
            )
    if row["f1"] is not None:
        marks.append((f"F1 {row['f1']:.2f}", "even"))
    if row["finish_reason"] == "length":
        marks.append(("cut at the token limit", "bad"))
    return marks


def _engines(run: Run) -> list[tuple[str, str, str]]:
    """Return (artefact, engine of the losses, engine of the answers) for every artefact."""
    tables = [run.question_scores] + ([run.artefacts.question_scores] if run.artefacts else [])
    found: dict[str, tuple[set[str], set[str]]] = {}
    for table in tables:
        for row in table.select(["artefact", "loss_engine", "answer_engine"]).to_pylist():
            losses, answers = found.setdefault(row["artefact"], (set(), set()))
            losses.update([row["loss_engine"]] if row["loss_engine"] else [])
            answers.update([row["answer_engine"]] if row["answer_engine"] else [])
    return [
        (name, ", ".join(sorted(losses)) or "not scored", ", ".join(sorted(answers)) or "not asked")
        for name, (losses, answers) in found.items()
    ]


def _made(artefacts: Artefacts) -> dict[str, Any]:
    scores = all_scores(artefacts.scores, None)
    figure = plots.size_against_score(artefacts.scores, artefacts.gguf)
    return {
        "files": [(file, scores.get(f"gguf-{file['format']}", {})) for file in artefacts.gguf["files"]],
        "source": scores.get("dpo", {}),
        "merged": scores.get("merged", {}),
        "merge": _merge_facts(artefacts.merge),
        "against_source": _paired(row for row in artefacts.scores["paired"] if row["b"] == "dpo"),
        "between_formats": _paired(row for row in artefacts.scores["paired"] if row["b"] != "dpo"),
        "listed": artefacts.listed,
        "bundles": [_bundle(name, folder) for name, folder in artefacts.bundles.items()],
        "svg": inline_svg(figure, "File size against score of each GGUF"),
    }


def _merge_facts(merge: Facts) -> list[tuple[str, Any]]:
    """Flatten a merge report to (words, value), one level deep."""
    facts: list[tuple[str, Any]] = []
    for key, value in merge.items():
        inner = value.items() if isinstance(value, Mapping) else [("", value)]
        facts += [(f"{key} {name}".strip().replace("_", " "), found) for name, found in inner]
    return facts


def _bundle(name: str, folder: Path) -> dict[str, Any]:
    """Describe a bundle: its files, and the commands that its own README gives."""
    readme = folder / "README.md"
    block = (
        re.search(r"```bash\n(.*?)```", readme.read_text("utf-8"), re.DOTALL) if readme.is_file() else None
    )
    files = [
        (path.name + ("/" if path.is_dir() else ""), _bytes_below(path)) for path in sorted(folder.iterdir())
    ]
    return {"name": name, "files": files, "commands": block.group(1).strip() if block else "./start.sh"}


def _bytes_below(path: Path) -> int:
    files = path.rglob("*") if path.is_dir() else [path]
    return sum(file.stat().st_size for file in files if file.is_file())


def _packages() -> list[tuple[str, str]]:
    found = [("python", platform.python_version()), ("system", f"{platform.system()} {platform.machine()}")]
    for name in _PACKAGES:
        try:
            found.append((name, metadata.version(name)))
        except metadata.PackageNotFoundError:
            continue
    return found


def _name(artefact: str) -> str:
    return artefact.upper() if artefact in ("sft", "dpo") else artefact


def _signed(value: float) -> str:
    text = f"{value:+.2f}" if abs(value) >= 0.005 or value == 0 else f"{value:+.3f}"
    return text.replace("-", "−") if float(text) else "0.00"


def _number(value: Any) -> str:
    """Write a value for a table: thousands apart, three figures after small numbers, a dash for nothing."""
    if value is None:
        return "–"
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value)
    if isinstance(value, int) or value.is_integer():
        return f"{int(value):,}"
    return f"{value:,.1f}" if abs(value) >= 100 else f"{value:.3g}"


def _metric(figure: Facts, metric: str) -> str:
    return f"{figure['value']:.{_DIGITS.get(metric, 2)}f}"


def _interval(figure: Facts, metric: str) -> str:
    digits = _DIGITS.get(metric, 2)
    return f"[{figure['low']:.{digits}f}, {figure['high']:.{digits}f}]"


def _size(count: float) -> str:
    return (
        f"{count / 1e9:.2f} GB"
        if count >= 1e9
        else f"{count / 1e6:.1f} MB"
        if count >= 1e5
        else f"{count:,.0f} B"
    )


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02d} s" if minutes else f"{seconds:.1f} s"
