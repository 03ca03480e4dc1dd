"""How much personal data is masked, and what is masked wrongly, on the labelled sentences of the tests.

A labelled span counts as found where a mask of any kind touches it; a mask counts as right where it touches
a labelled span. Figures for exact spans and for each kind, every miss and every false alarm are printed;
the sentences are invented, so showing them gives nobody away.
"""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks._rows import figure

ROOT = Path(__file__).parents[1]
#: What the labels call a kind, and what the masks call it.
KINDS = {
    "name": "NAME",
    "student_number": "STUDENT_ID",
    "id_number": "ID_NUMBER",
    "mobile": "PHONE",
    "landline": "PHONE",
    "email": "EMAIL",
    "address": "ADDRESS",
    "bank_card": "BANK_CARD",
    "ip": "IP",
    "wechat": "WECHAT",
    "qq": "QQ",
}


class Score(NamedTuple):
    """Counts over a labelled set; the lists say what to look at."""

    labelled: Counter[str]
    found: Counter[str]
    same_kind: Counter[str]
    exact: Counter[str]
    masks: Counter[str]
    right: Counter[str]
    misses: list[str]
    false_alarms: list[str]
    public_masked: list[str]


def measure() -> Iterator[dict[str, Any]]:
    """Yield recall, precision and the public names that were masked."""
    data = ROOT / "tests" / "data"
    public = _rows(data / "pii_public_names.jsonl")
    score = score_sentences(_rows(data / "pii_sentences.jsonl"), public)
    print_score(score)
    work = (
        f"{len(_rows(data / 'pii_sentences.jsonl'))} sentences with {score.labelled.total()} labelled places"
    )
    figures = {
        "recall": (score.found.total() / score.labelled.total(), "share", work),
        "precision": (score.right.total() / max(1, score.masks.total()), "share", work),
        "names_wrongly_masked": (len(score.public_masked), "names", f"{len(public)} public persons"),
    }
    for name, (value, unit, of) in figures.items():
        yield figure(f"pii.{name}", value, unit, of)


def score_sentences(sentences: Sequence[dict[str, Any]], public: Sequence[dict[str, Any]] = ()) -> Score:
    """Mask sentences one by one, each as a document of its own, and compare with the labels."""
    import yaml

    from ta_pipeline.text.person_names import NameFinder
    from ta_pipeline.text.pii import find_personal_data

    parameters = yaml.safe_load((ROOT / "conf/base/parameters_clean.yml").read_text("utf-8"))["clean"]
    names = NameFinder(parameters["person_name_allow_list"])
    score = Score(*(Counter[str]() for _ in range(6)), [], [], [])
    for row in sentences:
        text, masks = row["text"], find_personal_data(row["text"], names)
        for span in row["spans"]:
            start, end, kind = span["start"], span["end"], span["kind"]
            touching = [mask for mask in masks if mask.start < end and start < mask.end]
            score.labelled[kind] += 1
            score.found[kind] += bool(touching)
            score.same_kind[kind] += any(mask.kind == KINDS[kind] for mask in touching)
            score.exact[kind] += any((mask.start, mask.end) == (start, end) for mask in touching)
            if not touching:
                score.misses.append(f"{row['id']} {kind} {text[start:end]!r} in {text!r}")
        for mask in masks:
            score.masks[mask.kind] += 1
            if any(mask.start < span["end"] and span["start"] < mask.end for span in row["spans"]):
                score.right[mask.kind] += 1
            else:
                score.false_alarms.append(
                    f"{row['id']} {mask.kind} {text[mask.start : mask.end]!r} in {text!r}"
                )
        for person in (person for person in public if person["id"] == row["id"]):
            if any(mask.start < person["end"] and person["start"] < mask.end for mask in masks):
                score.public_masked.append(f"{row['id']} {person['text']!r} in {text!r}")
    return score


def print_score(score: Score, examples: bool = True) -> None:
    """Print the figures of each kind, and what was missed or masked wrongly."""
    print("kind            labelled  found  same kind  exact span   masks  right")
    for kind in score.labelled:
        counts = (c[kind] for c in (score.labelled, score.found, score.same_kind, score.exact))
        print(f"{kind:15}{next(counts):9}{next(counts):7}{next(counts):11}{next(counts):12}")
    for kind in sorted(score.masks):
        print(f"{kind:15}{'':39}{score.masks[kind]:8}{score.right[kind]:7}")
    totals = (score.labelled, score.found, score.same_kind, score.exact)
    print(
        f"{'all':15}{totals[0].total():9}{totals[1].total():7}{totals[2].total():11}{totals[3].total():12}",
        end="",
    )
    print(f"{score.masks.total():8}{score.right.total():7}")
    lists = {"missed": score.misses, "false": score.false_alarms, "public": score.public_masked}
    for word, lines in lists.items() if examples else ():
        for line in lines:
            print(f"{word}: {line}")


def _rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]
