"""Light figures of prompt/response rows: do the data hang together, before hours are spent on training?

Perplexity of the answers by the bundled model, or by an n-gram model of the training rows; variety, lengths,
and how much of the evaluation rows stands in the training rows. None of it says how good a tuned model is.
"""

from __future__ import annotations

import hashlib
import json
import logging
import math
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from ta_pipeline.records import InputError
from ta_pipeline.sources.drafts import Fault
from ta_pipeline.sources.row_files import rows_of

logger = logging.getLogger(__name__)
Row = dict[str, Any]

#: The model that perplexity is taken by.
MODEL = "bundled:smollm2-135m-instruct"
#: Tokens read by the model, a file: 950 a second on two idle cores, half of that on one.
_TOKENS = 8_000
#: Tokens of the longest row; a longer one is left to its neighbours.
_LONGEST = 1024
#: Characters that the n-gram model looks back, and characters of a file that it scores.
_ORDER, _SCORED = 5, 200_000
#: Prompts nearer than this (Jaccard of 3-grams) are one question asked twice.
_NEAR = 0.8
#: Units of a run that, shared with the training rows, counts as copied (Brown et al. 2020 use 13 words).
_RUN = 13
_SHOWN = 20
_LIMIT = 64 * 2**20
_UNIT = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff]|[^\W\d_\u3400-\u4dbf\u4e00-\u9fff]+|\d+")


def smoke(train: Path, evaluation: Path, metrics: Path, ngram: bool) -> Row:
    """Write the figures of two files of prompt/response rows to `metrics`, and return them."""
    rows = {"train": read_pairs(train), "eval": read_pairs(evaluation)}
    facts: Row = {
        "files": {
            name: {"file": path.name, "sha256": _digest(path), "rows": len(rows[name])}
            for name, path in (("train", train), ("eval", evaluation))
        },
        "perplexity": _by_ngram(rows) if ngram else _by_model(rows),
        **{name: describe(rows[name]) for name in rows},
        "overlap": overlap(rows["train"], rows["eval"]),
    }
    metrics.parent.mkdir(parents=True, exist_ok=True)
    metrics.write_text(f"{json.dumps(facts, ensure_ascii=False, indent=2)}\n", encoding="utf-8")
    return facts


def token_counter() -> Callable[[list[str]], list[int]]:
    """Return a function that counts the bundled model's tokens of each text."""
    from ta_pipeline.chat.template import load_tokenizer
    from ta_pipeline.training.base_model import resolve_base_model

    tokenizer = load_tokenizer(resolve_base_model(MODEL))

    def count(texts: list[str]) -> list[int]:
        encoded = tokenizer(texts, add_special_tokens=False)["input_ids"] if texts else []
        return [len(ids) for ids in encoded]

    return count


def read_pairs(path: Path) -> list[Row]:
    """Read rows with `prompt` and `response`, as `ta distill` writes them; `line` is where each stands."""
    if not path.is_file():
        raise InputError(f"{path}: no such file. Make it with `ta distill --input … --output {path}`.")
    rows: list[Row] = []
    for found in rows_of(path, _LIMIT):
        if isinstance(found, Fault):
            raise InputError(f"{path}:{found.line}: {found.reason}: {found.detail}")
        value = found.value
        texts = [value.get(name) if isinstance(value, dict) else None for name in ("prompt", "response")]
        if not all(isinstance(text, str) and text.strip() for text in texts):
            raise InputError(
                f"{path}:{found.line}: no text under prompt and response. "
                f"Run `ta distill --input {path.name}` first; it leaves such rows out and says why."
            )
        rows.append({"prompt": texts[0], "response": texts[1], "line": found.line})
    if not rows:
        raise InputError(f"{path}: holds no row. Look at the report of `ta distill`.")
    return rows


def describe(rows: Sequence[Row]) -> Row:
    """Return lengths, variety (distinct-n of the responses, Li et al. 2016) and rows told twice."""
    responses = [_units(row["response"]) for row in rows]
    said = Counter((row["prompt"], row["response"]) for row in rows)
    return {
        "rows": len(rows),
        "duplicates": len(rows) - len(said),
        "prompt_characters": _spread([len(row["prompt"]) for row in rows]),
        "response_characters": _spread([len(row["response"]) for row in rows]),
        **{f"distinct_{n}": distinct(responses, n) for n in (1, 2, 3)},
    }


def distinct(texts: Sequence[Sequence[str]], n: int) -> float | None:
    """Return distinct over all n-grams of the texts; None where there is no n-gram."""
    grams = Counter(tuple(text[at : at + n]) for text in texts for at in range(len(text) - n + 1))
    return round(len(grams) / grams.total(), 4) if grams else None


def overlap(train: Sequence[Row], evaluation: Sequence[Row]) -> Row:
    """Return how much of the evaluation rows stands in the training rows.

    `near_prompts` lists the nearest pairs by line. `copied_runs` is the share of the evaluation rows'
    runs of 13 words or ideographs that a training row holds too.
    """
    from ta_pipeline.composing.similarity import best_matches

    prompts, responses = ({row[name] for row in train} for name in ("prompt", "response"))
    scores, places = best_matches([row["prompt"] for row in evaluation], [row["prompt"] for row in train])
    near = [
        {
            "eval_line": row["line"],
            "train_line": train[int(place)]["line"],
            "similarity": round(float(score), 3),
        }
        for row, score, place in zip(evaluation, scores, places, strict=True)
        if score >= _NEAR
    ]
    known = {run for row in train for run in _runs(row)}
    told = [run for row in evaluation for run in _runs(row)]
    return {
        "same_prompts": sum(row["prompt"] in prompts for row in evaluation),
        "same_responses": sum(row["response"] in responses for row in evaluation),
        "near_prompts": len(near),
        "nearest": sorted(near, key=lambda pair: (-pair["similarity"], pair["eval_line"]))[:_SHOWN],
        "copied_runs": round(sum(run in known for run in told) / len(told), 4) if told else 0.0,
    }


def _units(text: str) -> list[str]:
    return [unit.lower() for unit in _UNIT.findall(text)]


def _runs(row: Row) -> set[tuple[str, ...]]:
    units = _units(f"{row['prompt']}\n{row['response']}")
    return {tuple(units[at : at + _RUN]) for at in range(len(units) - _RUN + 1)}


def _spread(values: list[int]) -> dict[str, float]:
    ordered = sorted(values)
    at = [ordered[min(len(ordered) - 1, int(share * len(ordered)))] for share in (0.5, 0.95)]
    return {
        "mean": round(sum(values) / len(values), 1), "median": at[0], "p95": at[1], "max": ordered[-1],
    }  # fmt: skip


def _by_model(rows: dict[str, list[Row]]) -> Row:
    """Perplexity of the responses, a token, by the bundled model that has seen neither file."""
    from ta_pipeline.chat.template import end_of_turn, load_tokenizer
    from ta_pipeline.evaluation.model import engine_name, load_for_evaluation
    from ta_pipeline.evaluation.reading import Task, read_and_answer
    from ta_pipeline.training.base_model import resolve_base_model
    from ta_pipeline.training.precision import resolve_precision

    folder = resolve_base_model(MODEL)
    tokenizer, precision = load_tokenizer(folder), resolve_precision("auto")
    model = load_for_evaluation(folder, precision)
    stop = end_of_turn(tokenizer)[1]
    found: Row = {"by": f"{MODEL}, {engine_name(precision)}", "unit": "token"}
    for name, pairs in rows.items():
        tasks = _tasks(tokenizer, stop, pairs, Task)
        losses = [outcome.loss for outcome in read_and_answer(model, tasks, f"Reading {name}")]
        tokens = [len(task.reference) for task in tasks]
        mean = sum(loss * count for loss, count in zip(losses, tokens, strict=True)) / max(1, sum(tokens))
        found[name] = {"value": round(math.exp(mean), 3), "rows": len(tasks), "tokens": sum(tokens)}
    return found


def _tasks(tokenizer: Any, stop: int, pairs: Sequence[Row], task: Any) -> list[Any]:
    """Encode rows spread over the file until the tokens are used up, one row at least."""
    from ta_pipeline.chat.template import encode, render

    tasks: list[Any] = []
    left = _TOKENS
    for row in spread_order(pairs):
        asked = [{"role": "user", "content": row["prompt"]}]
        told = [*asked, {"role": "assistant", "content": row["response"]}]
        prompt, whole = encode(
            tokenizer, [render(tokenizer, asked, add_generation_prompt=True), render(tokenizer, told)]
        )
        if whole[: len(prompt)] != prompt or len(whole) > _LONGEST:
            continue
        reference = whole[len(prompt) : whole.index(stop, len(prompt)) + 1]
        left -= len(prompt) + len(reference)
        if tasks and left < 0:
            break
        tasks.append(task(prompt, reference, answer=False))
    if not tasks:
        raise InputError(f"no row is shorter than {_LONGEST} tokens. Use --ngram, or shorten the rows.")
    return tasks


def spread_order(rows: Sequence[Row]) -> list[Row]:
    """Order rows so that any number from the front lies evenly over the file (van der Corput's order)."""
    bits = max(1, (len(rows) - 1).bit_length())
    order = sorted(range(len(rows)), key=lambda place: int(f"{place:0{bits}b}"[::-1], 2))
    return [rows[place] for place in order]


def _by_ngram(rows: dict[str, list[Row]]) -> Row:
    """Perplexity, a character, by a model of the other training rows.

    The training rows are scored by a model of their own first nine tenths, on the last tenth.
    """
    border = max(1, len(rows["train"]) * 9 // 10)
    texts = {name: [_as_text(row) for row in pairs] for name, pairs in rows.items()}
    found: Row = {"by": f"{_ORDER}-gram of characters, Witten-Bell", "unit": "character"}
    for name, learned, scored in (
        ("train", texts["train"][:border], texts["train"][border:]),
        ("eval", texts["train"], texts["eval"]),
    ):
        bits, count = CharacterModel(learned).surprise(scored)
        value = round(math.exp(bits / count), 3) if count else None
        found[name] = {"value": value, "rows": len(scored), "characters": count}
    return found


def _as_text(row: Row) -> str:
    return f"{row['prompt']}\n{row['response']}\n"


class CharacterModel:
    """An interpolated n-gram model of characters (Witten and Bell 1991)."""

    def __init__(self, texts: Sequence[str]) -> None:
        self._counts: dict[str, Counter[str]] = defaultdict(Counter)
        for text in texts:
            for at, sign in enumerate(text):
                for back in range(_ORDER):
                    if back <= at:
                        self._counts[text[at - back : at]][sign] += 1
        self._totals = {before: seen.total() for before, seen in self._counts.items()}
        #: One more than seen: a sign that was never seen has a chance too.
        self._vocabulary = len(self._counts[""]) + 1

    def surprise(self, texts: Sequence[str]) -> tuple[float, int]:
        """Return the summed negative log-likelihood in nats and the characters it is of."""
        total, count = 0.0, 0
        for text in texts:
            if count >= _SCORED:
                break
            total -= sum(
                math.log(self._chance(text[max(0, at - _ORDER + 1) : at], sign))
                for at, sign in enumerate(text)
            )
            count += len(text)
        return total, count

    def _chance(self, before: str, sign: str) -> float:
        shorter = self._chance(before[1:], sign) if before else 1 / self._vocabulary
        seen = self._counts.get(before)
        if not seen:
            return shorter
        return (seen[sign] + len(seen) * shorter) / (self._totals[before] + len(seen))


def _digest(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
