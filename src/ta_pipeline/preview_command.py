"""`ta preview`: the token rows of the last run, with what is learned in colour.

What is read comes from the catalog as `kedro run` wrote it, as for `ta ask`.
"""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

from ta_pipeline.ask import LastRun
from ta_pipeline.chat.preview import RowView, pieces_of, spread_by_task
from ta_pipeline.records import IGNORE_INDEX, InputError

#: Facts of a ledger entry that are shown where it has them, each in words.
_LEDGER_WORDS = {"detail": "why: {}", "cut_characters": "{} characters cut", "excerpt": "cut: {}"}


def views(
    run: LastRun, rows: int, row_id: str | None = None, task: str | None = None, cut: bool = False
) -> list[RowView]:
    """Return the rows to show: one by its id, some of a task, or those that were cut or dropped.

    Raises InputError where no row fits, and where the rows are of another tokenizer than base_model's.
    """
    from ta_pipeline.chat.template import load_tokenizer

    token_rows = run.load("token_rows").to_pylist()
    entries = [e for e in run.load("truncation_ledger").to_pylist() if e["action"] != "whole"] if cut else []
    chosen = _chosen(token_rows, entries, row_id, task, cut)[:rows]
    tokenizer = load_tokenizer(run.load("base_model"))
    _check_same_tokenizer(tokenizer, next((row for row in token_rows if row["input_ids"]), None))
    notes = {entry["id"]: _note(entry) for entry in entries}
    return [_view(tokenizer, row, notes.get(row["id"], "")) for row in chosen]


def wants_colour(terminal: bool, environment: Mapping[str, str]) -> bool:
    """Tell whether to write colours: to a terminal, unless NO_COLOR is set to anything (no-color.org)."""
    return terminal and not environment.get("NO_COLOR")


def _chosen(
    token_rows: list[dict[str, Any]],
    entries: list[dict[str, Any]],
    row_id: str | None,
    task: str | None,
    cut: bool,
) -> list[dict[str, Any]]:
    """Pick rows; an entry of the ledger whose row was dropped becomes a row without tokens."""
    by_id = {row["id"]: row for row in token_rows}
    pool = [by_id.get(entry["id"], {"id": entry["id"]}) for entry in entries] if cut else token_rows
    if row_id is not None:
        found = [row for row in pool if row["id"] == row_id]
        if not found:
            raise InputError(_no_such_id(row_id, [row["id"] for row in pool], cut))
        return found
    if task is not None:
        known = sorted({row["task"] for row in token_rows})
        if task not in known:
            raise InputError(f"--task {task}: the last run has rows of {', '.join(known)}.")
        return [row for row in pool if row.get("task") == task]
    return pool if cut else spread_by_task(pool)


def _no_such_id(row_id: str, known: list[str], cut: bool) -> str:
    near = get_close_matches(row_id, known, n=3, cutoff=0.3) or known[:3]
    kind = "row that was cut or dropped" if cut else "token row"
    named = f"Nearest: {', '.join(near)}." if near else "There is none at all."
    return f"--id {row_id}: the last run has no {kind} of that id. {named}"


def _check_same_tokenizer(tokenizer: Any, row: dict[str, Any] | None) -> None:
    """Raise InputError where ids mean other text here: a learned stretch would not end in the stop token."""
    from ta_pipeline.chat.template import end_of_turn

    if row is None:
        return
    learned = [i for i, label in zip(row["input_ids"], row["labels"]) if label != IGNORE_INDEX]
    if max(row["input_ids"]) >= len(tokenizer) or learned[-1:] not in ([], [end_of_turn(tokenizer)[1]]):
        raise InputError(
            "The token rows of the last run were made by another tokenizer than that of base_model. Name the "
            "base_model of that run in conf/base/globals.yml, or its environment by KEDRO_ENV."
        )


def _view(tokenizer: Any, row: dict[str, Any], note: str) -> RowView:
    if "input_ids" not in row:
        return RowView(row["id"], "no token row", (), note)
    facts = " · ".join(str(row[name]) for name in ("split", "task", "language") if row.get(name))
    return RowView(row["id"], facts, tuple(pieces_of(tokenizer, row["input_ids"], row["labels"])), note)


def _note(entry: dict[str, Any]) -> str:
    """Say what happened to a row that is not whole."""
    said = entry["action"].replace("_", " ") + (f" ({entry['reason']})" if entry["reason"] else "")
    lengths = f", {entry['tokens_before']} tokens before, {entry['tokens_after']} after"
    more = [words.format(entry[name]) for name, words in _LEDGER_WORDS.items() if entry.get(name)]
    return "; ".join([said + (lengths if entry["tokens_before"] else ""), *more])
