"""Score predictions and reference losses question by question, then sum them up with intervals.

`score_questions` decides what applies to which question; `summarise_scores` turns its rows into the
figures that the report, the gate and MLflow read. Every artefact goes through the same two functions.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from ta_pipeline.evaluation import citations, formats, metrics, statistics
from ta_pipeline.evaluation.refusals import is_refusal
from ta_pipeline.records import InputError

#: One row for each artefact, question and mode. Null where a metric does not apply: `loss` where the
#: reference was not scored, everything about the answer where none was generated. `bleu_counts` are
#: the ten additive statistics of `metrics.sentence_bleu`.
QUESTION_SCORE = pa.schema(
    [
        ("artefact", pa.string()),
        ("question_id", pa.string()),
        ("mode", pa.string()),
        ("kind", pa.string()),
        ("language", pa.string()),
        ("held_out", pa.bool_()),
        ("loss", pa.float64()),
        ("loss_tokens", pa.int32()),
        ("exact_match", pa.float64()),
        ("f1", pa.float64()),
        ("rouge_l", pa.float64()),
        ("bleu", pa.float64()),
        ("bleu_counts", pa.list_(pa.int32())),
        ("refused", pa.bool_()),
        ("should_refuse", pa.bool_()),
        ("format_valid", pa.bool_()),
        ("citation_valid", pa.bool_()),
        ("finish_reason", pa.string()),
        ("answer_characters", pa.int32()),
        ("answer", pa.string()),
        ("loss_engine", pa.string()),
        ("answer_engine", pa.string()),
    ]
)

#: Kinds of question whose answer must cite a passage of its prompt.
CITED_KINDS = frozenset({"fact", "explain", "citation"})

Row = dict[str, Any]
_Key = tuple[str, str, str]


def score_questions(questions: pa.Table, predictions: pa.Table, losses: pa.Table) -> pa.Table:
    """Score every answer and loss: rows of `QUESTION_SCORE` in order of artefact, mode and question.

    Artefacts keep the order in which they first appear, losses before predictions. The join is outer.

    Raises:
        InputError: a prediction or loss names a question that the benchmark lacks.
        ValueError: an artefact answered one question twice in one mode.
    """
    asked = {row["id"]: row for row in questions.to_pylist()}
    answered = _by_key(predictions.to_pylist(), asked)
    scored = _by_key(losses.to_pylist(), asked)
    place = {question: i for i, question in enumerate(asked)}
    artefacts = {name: i for i, name in enumerate(dict.fromkeys(key[0] for key in [*scored, *answered]))}
    keys = sorted(
        dict.fromkeys([*answered, *scored]),
        key=lambda key: (artefacts[key[0]], key[2] != "context", key[2], place[key[1]]),
    )
    rows = [_score_one(key, asked[key[1]], answered.get(key), scored.get(key)) for key in keys]
    return pa.Table.from_pylist(rows, schema=QUESTION_SCORE)


def _by_key(rows: Iterable[Row], asked: Mapping[str, Row]) -> dict[_Key, Row]:
    keyed: dict[_Key, Row] = {}
    for row in rows:
        key = (row["artefact"], row["question_id"], row["mode"])
        if row["question_id"] not in asked:
            raise InputError(
                f"{row['artefact']} answers question {row['question_id']!r}, which the benchmark lacks. "
                "The predictions belong to another benchmark: run `evaluate` again."
            )
        if key in keyed:
            raise ValueError(f"two rows for {key}")
        keyed[key] = row
    return keyed


def _score_one(key: _Key, question: Row, prediction: Row | None, loss: Row | None) -> Row:
    row: Row = {"artefact": key[0], "question_id": key[1], "mode": key[2]}
    row |= {name: question[name] for name in ("kind", "language", "held_out")}
    row["should_refuse"] = question["kind"] == "refusal"
    if loss is not None:
        row |= {"loss": loss["loss"], "loss_tokens": loss["tokens"], "loss_engine": loss["engine"]}
    if prediction is not None:
        row |= _score_answer(prediction["answer"], question, key[2])
        row |= {"finish_reason": prediction["finish_reason"], "answer_engine": prediction["engine"]}
    return row


def _score_answer(answer: str, question: Row, mode: str) -> Row:
    row: Row = {"answer": answer, "answer_characters": len(answer), "refused": is_refusal(answer)}
    kind, reference = question["kind"], question["reference"]
    if kind != "refusal":
        row["exact_match"] = metrics.exact_match(answer, reference)
        row["f1"] = metrics.f1(answer, reference)
        row["rouge_l"] = metrics.rouge_l(answer, reference)
        row["bleu"], row["bleu_counts"] = metrics.sentence_bleu(answer, reference, question["language"])
    if kind == "format":
        row["format_valid"] = formats.check(answer, question["format"])
    if kind in CITED_KINDS and mode == "context":
        row["citation_valid"] = citations.check(answer, question["passages"] or [])
    return row


@dataclass(frozen=True)
class Metric:
    """How one metric is summed: which rows count, what a row adds, and what the sums mean.

    A row for which `terms` gives None does not count. `better` is +1 where more is better.
    """

    terms: Callable[[Row], Sequence[float] | None]
    statistic: statistics.Statistic
    better: int


def _mean_of(column: str, better: int = 1) -> Metric:
    def terms(row: Row) -> Sequence[float] | None:
        return None if row[column] is None else (float(row[column]), 1.0)

    return Metric(terms, statistics.mean, better)


def _refusal_terms(hit: Callable[[bool, bool], float], base: Callable[[bool, bool], bool]) -> Metric:
    """Count `hit` over the answered rows where `base` holds; both take (refused, should_refuse)."""

    def terms(row: Row) -> Sequence[float] | None:
        if row["refused"] is None or not base(row["refused"], row["should_refuse"]):
            return None
        return hit(row["refused"], row["should_refuse"]), 1.0

    return Metric(terms, statistics.mean, 1)


def _confusion(row: Row) -> Sequence[float] | None:
    refused, should = row["refused"], row["should_refuse"]
    if refused is None:
        return None
    return float(refused and should), float(refused and not should), float(should and not refused)


def _false_refusal(row: Row) -> Sequence[float] | None:
    if row["refused"] is None or row["should_refuse"]:
        return None
    return float(row["refused"]), 1.0


def _stopped(row: Row) -> Sequence[float] | None:
    return None if row["finish_reason"] is None else (float(row["finish_reason"] == "stop"), 1.0)


def _bleu_terms(row: Row) -> Sequence[float] | None:
    counts: list[float] | None = row["bleu_counts"]
    return counts


#: Every headline metric, in the order in which tables show them.
METRICS: dict[str, Metric] = {
    "reference_loss": _mean_of("loss", better=-1),
    "exact_match": _mean_of("exact_match"),
    "f1": _mean_of("f1"),
    "rouge_l": _mean_of("rouge_l"),
    "bleu": Metric(_bleu_terms, metrics.corpus_bleu, 1),
    "refusal_precision": _refusal_terms(lambda _, should: float(should), lambda refused, _: refused),
    "refusal_recall": _refusal_terms(lambda refused, _: float(refused), lambda _, should: should),
    "refusal_f1": Metric(_confusion, statistics.f1, 1),
    "false_refusal_rate": Metric(_false_refusal, statistics.mean, -1),
    "format_validity": _mean_of("format_valid"),
    "citation_validity": _mean_of("citation_valid"),
    "stop_rate": Metric(_stopped, statistics.mean, 1),
}

#: Metrics compared between two artefacts on the same questions.
PAIRED = ("reference_loss", "refusal_f1", "false_refusal_rate", "rouge_l", "f1", "citation_validity")
#: Of those, the ones that are right or wrong a question: McNemar's exact test gives a p-value too.
_BINARY = frozenset({"false_refusal_rate", "citation_validity"})


def summarise_scores(
    question_scores: pa.Table, bootstrap_samples: int, seed: int, baseline: str
) -> dict[str, Any]:
    """Sum up `QUESTION_SCORE` rows for each artefact, with 95 % bootstrap intervals over questions.

    Everything but `closed_book` is about mode "context". A metric without a single question it
    applies to (or undefined, as precision where nothing was refused) is left out. `paired` holds
    differences a − b on the questions both have, for each artefact against the one before it and
    against `baseline`.

    Raises:
        ValueError: `baseline` is none of the artefacts.
    """
    rows = question_scores.to_pylist()
    names = list(dict.fromkeys(row["artefact"] for row in rows))
    if baseline not in names:
        raise ValueError(f"baseline {baseline!r} is none of the scored artefacts: {', '.join(names)}")
    asked = [row for row in rows if row["mode"] == "context"]
    closed = [row for row in rows if row["mode"] == "closed_book"]

    def figures(selected: list[Row]) -> dict[str, dict[str, Any]]:
        return _figures(selected, bootstrap_samples, seed)

    def grouped(label: Callable[[Row], str]) -> dict[str, dict[str, Any]]:
        return {
            name: {group: figures(part) for group, part in sorted(_split(own, label).items())}
            for name, own in _of_artefacts(asked, names).items()
        }

    return {
        "artefacts": {name: figures(own) for name, own in _of_artefacts(asked, names).items()},
        "closed_book": {name: figures(own) for name, own in _of_artefacts(closed, names).items() if own},
        "by_kind": grouped(lambda row: str(row["kind"])),
        "by_language": grouped(lambda row: str(row["language"])),
        "held_out": grouped(lambda row: "held_out" if row["held_out"] else "trained_lectures"),
        "paired": _compare(_of_artefacts(asked, names), baseline, bootstrap_samples, seed),
        "signatures": _signatures(bootstrap_samples, seed),
    }


def _of_artefacts(rows: list[Row], names: list[str]) -> dict[str, list[Row]]:
    return {name: [row for row in rows if row["artefact"] == name] for name in names}


def _split(rows: list[Row], label: Callable[[Row], str]) -> dict[str, list[Row]]:
    groups: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        groups[label(row)].append(row)
    return groups


def _figures(rows: list[Row], samples: int, seed: int) -> dict[str, Any]:
    out = {}
    for name, metric in METRICS.items():
        terms = [term for term in map(metric.terms, rows) if term is not None]
        if not terms:
            continue
        interval = statistics.bootstrap(np.asarray(terms, dtype=float), metric.statistic, samples, seed)
        if np.isfinite(interval.value):
            out[name] = _rounded(interval)
    return out


def _rounded(interval: statistics.Interval) -> dict[str, Any]:
    ends = {name: round(getattr(interval, name), 6) for name in ("value", "low", "high")}
    return {**ends, "n": interval.n}


def _compare(
    by_artefact: dict[str, list[Row]], baseline: str, samples: int, seed: int
) -> list[dict[str, Any]]:
    names = list(by_artefact)
    pairs = dict.fromkeys(
        [*zip(names[1:], names, strict=False), *((name, baseline) for name in names if name != baseline)]
    )
    return [
        found
        for a, b in pairs
        for metric in PAIRED
        if (found := _difference(metric, by_artefact[a], by_artefact[b], samples, seed))
    ]


def _difference(
    name: str, a_rows: list[Row], b_rows: list[Row], samples: int, seed: int
) -> dict[str, Any] | None:
    metric = METRICS[name]
    a_terms, b_terms = _terms_by_question(metric, a_rows), _terms_by_question(metric, b_rows)
    shared = [question for question in a_terms if question in b_terms]
    if not shared:
        return None
    a = np.asarray([a_terms[question] for question in shared], dtype=float)
    b = np.asarray([b_terms[question] for question in shared], dtype=float)
    interval = statistics.bootstrap_difference(a, b, metric.statistic, samples, seed)
    if not np.isfinite(interval.value):
        return None
    figures = _rounded(interval)
    found = {"a": a_rows[0]["artefact"], "b": b_rows[0]["artefact"], "metric": name}
    found |= {"diff": figures.pop("value"), **figures}
    if name in _BINARY:
        only_a, only_b = int((a[:, 0] > b[:, 0]).sum()), int((b[:, 0] > a[:, 0]).sum())
        found["p"] = round(statistics.mcnemar_exact(only_a, only_b), 6)
    return found


def _terms_by_question(metric: Metric, rows: list[Row]) -> dict[str, Sequence[float]]:
    pairs = ((row["question_id"], metric.terms(row)) for row in rows)
    return {question: terms for question, terms in pairs if terms is not None}


def _signatures(samples: int, seed: int) -> dict[str, str]:
    return metrics.SIGNATURES | {
        "reference_loss": "teacher-forced nats a token of the reference; plain mean over questions",
        "bleu": "corpus BLEU of pooled n-gram counts, a tokenizer a language; rows: eff:yes",
        "bleu_zh": metrics.bleu_signature("zh"),
        "bleu_en": metrics.bleu_signature("en"),
        "refusal": "wording rules of evaluation/refusals.py; false refusals over answerable questions",
        "intervals": f"95 % percentile bootstrap over questions, {samples} samples, seed {seed}",
        "paired": "a − b on the questions both answered; McNemar exact p for yes/no metrics",
    }
