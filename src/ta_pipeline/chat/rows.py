"""Token rows of examples and of preference pairs, with a ledger of what was cut or dropped."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from ta_pipeline.chat.labels import LabelError, label_rows
from ta_pipeline.chat.template import Messages, encode, end_of_turn, render
from ta_pipeline.chat.truncation import fit
from ta_pipeline.records import IGNORE_INDEX

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

TOKEN_ROW = pa.schema(
    [
        ("id", pa.string()),
        ("split", pa.string()),
        ("task", pa.string()),
        ("language", pa.string()),
        ("input_ids", pa.list_(pa.int32())),
        ("labels", pa.list_(pa.int32())),
    ]
)

#: What happened to each row: `action` is "whole", "turns_dropped", "context_cut" or "dropped".
LEDGER = pa.schema(
    [
        ("id", pa.string()),
        ("action", pa.string()),
        ("reason", pa.string()),
        ("tokens_before", pa.int32()),
        ("tokens_after", pa.int32()),
    ]
)

PREFERENCE_TOKENS = pa.schema(
    [
        ("id", pa.string()),
        ("split", pa.string()),
        ("prompt_ids", pa.list_(pa.int32())),
        ("chosen_ids", pa.list_(pa.int32())),
        ("rejected_ids", pa.list_(pa.int32())),
    ]
)


def token_rows(
    tokenizer: PreTrainedTokenizerBase, examples: pa.Table, max_seq_len: int
) -> tuple[pa.Table, pa.Table]:
    """Tokenize and label examples (schema EXAMPLE); returns rows (TOKEN_ROW) and the ledger (LEDGER)."""
    rows, ledger = [], []
    for example, labelled, entry in _fitted(tokenizer, examples.to_pylist(), max_seq_len):
        ledger.append(entry)
        if labelled is not None:
            ids, labels = labelled
            keep = {name: example[name] for name in ("id", "split", "task", "language")}
            rows.append({**keep, "input_ids": ids, "labels": labels})
    return pa.Table.from_pylist(rows, TOKEN_ROW), pa.Table.from_pylist(ledger, LEDGER)


def _fitted(
    tokenizer: PreTrainedTokenizerBase, examples: list[dict[str, Any]], max_seq_len: int
) -> list[tuple[dict[str, Any], tuple[list[int], list[int]] | None, dict[str, Any]]]:
    """Label every example, cutting the few that are too long."""
    tools = [json.loads(e["tools"]) if e["tools"] else None for e in examples]
    first = label_rows(tokenizer, [(e["messages"], t) for e, t in zip(examples, tools, strict=True)])
    result: list[tuple[dict[str, Any], tuple[list[int], list[int]] | None, dict[str, Any]]] = []
    for example, tool, labelled in zip(examples, tools, first, strict=True):
        entry: dict[str, Any] = {"id": example["id"], "action": "whole", "reason": ""}
        if isinstance(labelled, LabelError):
            result.append((example, None, entry | {"action": "dropped", "reason": str(labelled)}))
            continue
        before = len(labelled[0])
        row: tuple[list[int], list[int]] | None = labelled
        if before > max_seq_len:
            row, entry = _cut(tokenizer, example["messages"], tool, max_seq_len, entry)
        after = len(row[0]) if row else 0
        result.append((example, row, entry | {"tokens_before": before, "tokens_after": after}))
    return result


def _cut(
    tokenizer: PreTrainedTokenizerBase,
    messages: Messages,
    tools: list[dict[str, Any]] | None,
    limit: int,
    entry: dict[str, Any],
) -> tuple[tuple[list[int], list[int]] | None, dict[str, Any]]:
    def count(candidate: Messages) -> int:
        return len(encode(tokenizer, [render(tokenizer, candidate, tools=tools)])[0])

    kept, action = fit(messages, limit, count)
    if kept is None:
        return None, entry | {"action": "dropped", "reason": "answer_too_long"}
    labelled = label_rows(tokenizer, [(kept, tools)])[0]
    if isinstance(labelled, LabelError):
        return None, entry | {"action": "dropped", "reason": str(labelled)}
    return labelled, entry | {"action": action}


def preference_tokens(
    tokenizer: PreTrainedTokenizerBase,
    preferences: pa.Table,
    max_prompt_tokens: int,
    max_answer_tokens: int,
) -> tuple[pa.Table, pa.Table]:
    """Tokenize pairs (schema PREFERENCE): one prompt, cut once, and two answers with their stop token."""
    rows, ledger = [], []
    for pair in preferences.to_pylist():
        entry = {"id": pair["id"], "action": "dropped", "reason": "", "tokens_before": 0, "tokens_after": 0}

        def count(candidate: Messages) -> int:
            return len(encode(tokenizer, [render(tokenizer, candidate, add_generation_prompt=True)])[0])

        entry["tokens_before"] = count(pair["prompt"])
        prompt, action = fit(pair["prompt"], max_prompt_tokens, count)
        if prompt is None:
            ledger.append(entry | {"reason": "prompt_too_long"})
            continue
        ids, answers = _answers(tokenizer, prompt, (pair["chosen"], pair["rejected"]))
        if answers is None:
            ledger.append(entry | {"reason": "prompt_and_answer_merge"})
        elif max(map(len, answers)) > max_answer_tokens:
            ledger.append(entry | {"reason": "answer_too_long"})
        elif answers[0] == answers[1]:
            ledger.append(entry | {"reason": "same_answers"})
        else:
            ledger.append(entry | {"action": action, "tokens_after": len(ids)})
            keep = {"id": pair["id"], "split": pair["split"], "prompt_ids": ids}
            rows.append({**keep, "chosen_ids": answers[0], "rejected_ids": answers[1]})
    return pa.Table.from_pylist(rows, PREFERENCE_TOKENS), pa.Table.from_pylist(ledger, LEDGER)


def _answers(
    tokenizer: PreTrainedTokenizerBase, prompt: Messages, answers: Sequence[str]
) -> tuple[list[int], list[list[int]] | None]:
    """Return the prompt's ids and each answer's, or None where the template breaks the prompt."""
    stop = end_of_turn(tokenizer)[1]
    texts = [render(tokenizer, prompt, add_generation_prompt=True)]
    texts += [render(tokenizer, [*prompt, {"role": "assistant", "content": a}]) for a in answers]
    ids, *full = encode(tokenizer, texts)
    found = []
    for row in full:
        if row[: len(ids)] != ids or stop not in row[len(ids) :]:
            return ids, None
        found.append(row[len(ids) : row.index(stop, len(ids)) + 1])
    return ids, found


def label_report(
    rows: pa.Table, ledger: pa.Table, blocks: pa.Table, capacity: int, efficiency: float
) -> dict[str, Any]:
    """Count what was kept, cut and dropped, and the share of tokens that is learned, by task."""
    actions: dict[str, int] = defaultdict(int)
    reasons: dict[str, int] = defaultdict(int)
    for entry in ledger.to_pylist():
        actions[entry["action"]] += 1
        if entry["action"] == "dropped":
            reasons[entry["reason"]] += 1
    total: dict[str, int] = defaultdict(int)
    learned: dict[str, int] = defaultdict(int)
    for task, labels in zip(rows.column("task").to_pylist(), rows.column("labels"), strict=True):
        values = labels.values.to_numpy()
        total[task] += len(values)
        learned[task] += int((values != IGNORE_INDEX).sum())
    tokens, supervised = sum(total.values()), sum(learned.values())
    return {
        "in": ledger.num_rows,
        "kept": rows.num_rows,
        "dropped": actions["dropped"],
        "dropped_by_reason": dict(sorted(reasons.items())),
        "truncated": {a: actions[a] for a in ("turns_dropped", "context_cut")},
        "blocks": blocks.num_rows,
        "block_tokens": capacity,
        "tokens": tokens,
        "supervised_tokens": supervised,
        "supervised_share_by_task": {t: round(learned[t] / total[t], 4) for t in sorted(total)},
        "pack_efficiency": round(efficiency, 4),
        "longest_row": max((len(r) for r in rows.column("input_ids")), default=0),
        "maskers_agree_on_rows": rows.num_rows,
    }
