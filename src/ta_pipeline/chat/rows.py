"""Token rows of examples and of preference pairs, with a ledger of what was cut or dropped.

Examples are worked on in groups, by one process or by many; a group's result depends on nothing else, so
that the bytes are the same for every number of workers.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from ta_pipeline.chat.groups import in_groups
from ta_pipeline.chat.labels import (
    Conversation,
    Labelled,
    Marks,
    label_conversations,
    labels_of,
    marks_of,
)
from ta_pipeline.chat.template import Messages, encode, end_of_turn, render, tidied
from ta_pipeline.chat.truncation import TOO_LONG, Fitted, fit
from ta_pipeline.records import IGNORE_INDEX, InputError

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

TOKEN_ROW = pa.schema(
    [
        ("id", pa.string()),
        ("split", pa.string()),
        ("task", pa.string()),
        ("language", pa.string()),
        ("origin", pa.string()),
        ("input_ids", pa.list_(pa.int32())),
        ("labels", pa.list_(pa.int32())),
    ]
)

#: What happened to each row: `action` is "whole", "turns_dropped", "context_cut" or "dropped", `reason` the
#: word by which drops are counted and `detail` the sentence. `cut_characters` and `excerpt` show what went.
LEDGER = pa.schema(
    [
        ("id", pa.string()),
        ("action", pa.string()),
        ("reason", pa.string()),
        ("detail", pa.string()),
        ("tokens_before", pa.int32()),
        ("tokens_after", pa.int32()),
        ("cut_characters", pa.int32()),
        ("excerpt", pa.string()),
        ("turns_learned", pa.int32()),
        ("turns_context", pa.int32()),
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

#: Cut prompts of preference pairs that their report shows.
_SHOWN = 20
#: Columns of EXAMPLE that token rows are made of.
EXAMPLE_COLUMNS = ["id", "split", "task", "language", "origin", "messages", "tools", "chunk_ids"]


def token_rows(
    tokenizer: PreTrainedTokenizerBase,
    examples: pa.Table,
    max_seq_len: int,
    workers: int | None = 1,
    every_turn: bool = False,
) -> tuple[pa.Table, pa.Table]:
    """Tokenize and label examples (schema EXAMPLE); returns rows (TOKEN_ROW) and the ledger (LEDGER)."""
    work = RowWork(tokenizer, marks_of(tokenizer), max_seq_len, every_turn)
    if carries_own_code(tokenizer):
        workers = 1
    parts = list(in_groups(work, examples.select(EXAMPLE_COLUMNS), workers, "tokenize"))
    rows = pa.concat_tables([TOKEN_ROW.empty_table(), *(rows for rows, _ in parts)])
    return rows, pa.concat_tables([LEDGER.empty_table(), *(ledger for _, ledger in parts)])


def carries_own_code(tokenizer: PreTrainedTokenizerBase) -> bool:
    """Tell whether a tokenizer's class came with the model: other processes cannot import that."""
    return type(tokenizer).__module__.startswith("transformers_modules")


@dataclass(frozen=True)
class RowWork:
    """Makes token rows and ledger entries of one group of examples."""

    tokenizer: PreTrainedTokenizerBase
    marks: Marks
    max_seq_len: int
    every_turn: bool = False

    def __call__(self, examples: pa.Table) -> tuple[pa.Table, pa.Table]:
        """Label every example, and once more those that had to be cut."""
        talks = conversations(examples, self.every_turn)
        first = label_conversations(self.tokenizer, self.marks, talks)
        ledger = _Entries(first)
        long = np.flatnonzero(first.lengths > self.max_seq_len).tolist()
        if not long:
            return _rows(examples, first, np.flatnonzero(first.lengths)), ledger.table(examples)
        fitted = [self._fit(talks[row], int(first.lengths[row])) for row in long]
        cut = [
            talks[row]._replace(messages=f.messages or [], tools=talks[row].tools)
            for row, f in zip(long, fitted, strict=True)
        ]
        second = label_conversations(self.tokenizer, self.marks, cut)
        for place, (row, fit_) in enumerate(zip(long, fitted, strict=True)):
            ledger.cut(row, fit_, second, place)
        both, kept = _merged(first, second, long)
        return _rows(examples, both, kept), ledger.table(examples)

    def _fit(self, talk: Conversation, tokens: int) -> Fitted:
        def count(messages: Messages) -> int:
            return len(encode(self.tokenizer, [render(self.tokenizer, messages, tools=talk.tools)])[0])

        return fit(talk.messages, self.max_seq_len, count, tokens)


class _Entries:
    """The ledger of one group, column by column."""

    def __init__(self, labelled: Labelled) -> None:
        errors = labelled.errors
        self.action = ["dropped" if error else "whole" for error in errors]
        self.reason = [error.reason if error else "" for error in errors]
        self.detail = [str(error) if error else "" for error in errors]
        self.before = labelled.lengths.tolist()
        self.after = list(self.before)
        self.characters = [0] * len(errors)
        self.excerpt = [""] * len(errors)
        self.turns = [(0, 0) if error else turns for error, turns in zip(errors, labelled.turns, strict=True)]

    def cut(self, row: int, fitted: Fitted, second: Labelled, place: int) -> None:
        """Write down what became of a row that was too long."""
        error = second.errors[place]
        self.after[row] = int(second.lengths[place])
        self.action[row], self.turns[row] = fitted.action, second.turns[place]
        self.characters[row], self.excerpt[row] = fitted.cut_characters, fitted.excerpt
        if fitted.messages is None:
            self.reason[row] = fitted.reason
            self.detail[row] = "its last question and answer alone take more than tokenize.max_seq_len"
        elif error is not None:
            self.action[row], self.reason[row], self.detail[row] = "dropped", error.reason, str(error)
        if self.action[row] == "dropped":
            self.turns[row] = (0, 0)

    def table(self, examples: pa.Table) -> pa.Table:
        """Return LEDGER rows in the order of the examples."""
        columns = [
            examples.column("id").combine_chunks(),
            *(self.action, self.reason, self.detail, self.before, self.after),
            *(self.characters, self.excerpt, [t[0] for t in self.turns], [t[1] for t in self.turns]),
        ]
        return pa.table(
            [pa.array(c, field.type) for c, field in zip(columns, LEDGER, strict=True)], schema=LEDGER
        )


def conversations(examples: pa.Table, every_turn: bool = False) -> list[Conversation]:
    """Read conversations out of examples.

    An answer that rests on passages is learned only where they are, above the last question, unless
    `every_turn` is.
    """
    lists = examples.column("messages").combine_chunks()
    flat = lists.flatten()
    turns = [
        {"role": role, "content": content}
        for role, content in zip(
            flat.field("role").to_pylist(), flat.field("content").to_pylist(), strict=True
        )
    ]
    ends = np.cumsum(pc.fill_null(pc.list_value_length(lists), 0).to_numpy(zero_copy_only=False)).tolist()
    chunks = pc.fill_null(pc.list_value_length(examples.column("chunk_ids")), 0).to_pylist()
    tools = examples.column("tools").to_pylist()
    return [
        Conversation(
            tidied(turns[start:end]), json.loads(tool) if tool else None, bool(passages) and not every_turn
        )
        for start, end, tool, passages in zip([0, *ends], ends, tools, chunks, strict=False)
    ]


def _merged(first: Labelled, second: Labelled, long: list[int]) -> tuple[Labelled, NDArray[np.int64]]:
    """Put the cut rows into the places of those that were too long; also return which rows are kept."""
    lengths, starts = first.lengths.copy(), first.starts
    lengths[long], starts[long] = second.lengths, second.starts + len(first.ids)
    ids, learned = np.append(first.ids, second.ids), np.append(first.learned, second.learned)
    places = ranges(starts, lengths)
    both = first._replace(ids=ids[places], learned=learned[places], lengths=lengths)
    return both, np.flatnonzero(lengths)


def ranges(starts: NDArray[np.int64], lengths: NDArray[np.int64]) -> NDArray[np.int64]:
    """List the places of rows that begin at `starts`, one row after another."""
    before = np.cumsum(lengths) - lengths
    places: NDArray[np.int64] = np.repeat(starts - before, lengths) + np.arange(int(lengths.sum()))
    return places


def _rows(examples: pa.Table, labelled: Labelled, kept: NDArray[np.int64]) -> pa.Table:
    offsets = pa.array(np.append(0, np.cumsum(labelled.lengths[kept])), pa.int32())
    labels = labels_of(labelled.ids, labelled.learned)
    named = examples.select(["id", "split", "task", "language", "origin"]).take(pa.array(kept))
    columns = [column.combine_chunks() for column in named.columns]
    lists = [pa.ListArray.from_arrays(offsets, pa.array(flat)) for flat in (labelled.ids, labels)]
    return pa.table([*columns, *lists], schema=TOKEN_ROW)


def check_dropped(ledger: pa.Table, most: float) -> None:
    """Stop where more than the share `most` of the rows have labels that cannot be trusted.

    Rows that are dropped because they are too long do not count.
    """
    dropped = ledger.filter(pc.equal(ledger.column("action"), "dropped"))
    labels = dropped.filter(pc.invert(pc.is_in(dropped.column("reason"), pa.array(TOO_LONG))))
    if labels.num_rows <= most * ledger.num_rows:
        return
    reasons = Counter(labels.column("reason").to_pylist()).most_common()
    row = labels.filter(pc.equal(labels.column("reason"), reasons[0][0])).slice(0, 1).to_pylist()[0]
    raise InputError(
        f"tokenize: {labels.num_rows} of {ledger.num_rows} rows have no labels that can be trusted, more "
        f"than tokenize.max_dropped_share ({most:g}): {', '.join(f'{r} {n}' for r, n in reasons)}. "
        f"The first is {row['id']}: {row['detail']} Look at truncation_ledger; mend the rows or the template."
    )


def preference_tokens(
    tokenizer: PreTrainedTokenizerBase,
    preferences: pa.Table,
    max_prompt_tokens: int,
    max_answer_tokens: int,
) -> tuple[pa.Table, pa.Table]:
    """Tokenize pairs (schema PREFERENCE): one prompt, cut once, and two answers with their stop token."""
    rows, ledger = [], []
    stop, stop_id = end_of_turn(tokenizer)
    for pair in preferences.to_pylist():
        entry = {name: "" for name in ("reason", "detail", "excerpt")} | {
            "id": pair["id"],
            "action": "dropped",
        }
        entry |= dict.fromkeys(("tokens_before", "tokens_after", "cut_characters"), 0)
        entry |= {"turns_learned": 0, "turns_context": 0}

        def count(candidate: Messages) -> int:
            return len(encode(tokenizer, [render(tokenizer, candidate, add_generation_prompt=True)])[0])

        asked = tidied(pair["prompt"])
        entry["tokens_before"] = count(asked)
        fitted = fit(asked, max_prompt_tokens, count, entry["tokens_before"])
        if fitted.messages is None:
            ledger.append(entry | {"reason": "prompt_too_long"})
            continue
        entry |= {"cut_characters": fitted.cut_characters, "excerpt": fitted.excerpt}
        ids, answers = _answers(tokenizer, fitted.messages, (pair["chosen"], pair["rejected"]), stop)
        if answers is None:
            ledger.append(entry | {"reason": "prompt_and_answer_merge"})
        elif max(map(len, answers)) > max_answer_tokens:
            ledger.append(entry | {"reason": "answer_too_long"})
        elif answers[0] == answers[1]:
            ledger.append(entry | {"reason": "same_answers"})
        elif any(answer.count(stop_id) > 1 for answer in answers):
            ledger.append(entry | {"reason": "maskers_disagree"})
        else:
            ledger.append(entry | {"action": fitted.action, "tokens_after": len(ids), "turns_learned": 2})
            keep = {"id": pair["id"], "split": pair["split"], "prompt_ids": ids}
            rows.append({**keep, "chosen_ids": answers[0], "rejected_ids": answers[1]})
    return pa.Table.from_pylist(rows, PREFERENCE_TOKENS), pa.Table.from_pylist(ledger, LEDGER)


def _answers(
    tokenizer: PreTrainedTokenizerBase, prompt: Messages, answers: Sequence[str], stop: str
) -> tuple[list[int], list[list[int]] | None]:
    """Return the prompt's ids and each answer's, or None where the template breaks the prompt.

    Answers are tokenized apart from their prompt, as the model gives them at serving.
    """
    asked = render(tokenizer, prompt, add_generation_prompt=True)
    ids = encode(tokenizer, [asked])[0]
    texts = []
    for answer in answers:
        text = render(tokenizer, tidied([*prompt, {"role": "assistant", "content": answer}]))
        end = text.rfind(stop)
        if not text.startswith(asked) or end < len(asked):
            return ids, None
        texts.append(text[len(asked) : end + len(stop)])
    return ids, tokenizer(texts, add_special_tokens=False)["input_ids"]


def label_report(
    rows: pa.Table, ledger: pa.Table, blocks: pa.Table, capacity: int, efficiency: float
) -> dict[str, Any]:
    """Count what was kept, cut and dropped, and the share of tokens that is learned, by task and source."""
    lengths = pc.list_value_length(rows.column("input_ids")).to_numpy()
    learned = learned_a_row(rows)
    return {
        **_counted(ledger, rows.num_rows),
        "turns_learned": _total(ledger.column("turns_learned")),
        "turns_context": _total(ledger.column("turns_context")),
        "blocks": blocks.num_rows,
        "block_tokens": capacity,
        "tokens": int(lengths.sum()),
        "supervised_tokens": int(learned.sum()),
        "supervised_share_by_task": shares(rows.column("task"), lengths, learned),
        "supervised_share_by_source": shares(rows.column("origin"), lengths, learned),
        "pack_efficiency": round(efficiency, 4),
        "longest_row": int(lengths.max(initial=0)),
        "maskers_agree_on_rows": rows.num_rows,
    }


def preference_report(rows: pa.Table, ledger: pa.Table) -> dict[str, Any]:
    """Count pairs kept, cut and dropped, and show what was cut off the first prompts."""
    cut = _cut(ledger)
    return {
        **_counted(ledger, rows.num_rows),
        "cut_prompts": cut.select(["id", "cut_characters", "excerpt"]).slice(0, _SHOWN).to_pylist(),
    }


def _counted(ledger: pa.Table, kept: int) -> dict[str, Any]:
    """Count what a ledger says was kept, cut and dropped."""
    actions = Counter(ledger.column("action").to_pylist())
    dropped = ledger.filter(pc.equal(ledger.column("action"), "dropped")).column("reason").to_pylist()
    cut = _cut(ledger)
    return {
        "in": ledger.num_rows,
        "kept": kept,
        "dropped": actions["dropped"],
        "dropped_by_reason": dict(sorted(Counter(dropped).items())),
        "truncated": {a: actions[a] for a in ("turns_dropped", "context_cut")},
        "tokens_cut": _total(pc.subtract(cut.column("tokens_before"), cut.column("tokens_after"))),
        "characters_cut": _total(cut.column("cut_characters")),
    }


def _cut(ledger: pa.Table) -> pa.Table:
    return ledger.filter(pc.is_in(ledger.column("action"), pa.array(["turns_dropped", "context_cut"])))


def _total(column: pa.ChunkedArray) -> int:
    return int(pc.sum(column).as_py() or 0)


def learned_a_row(rows: pa.Table) -> NDArray[np.int64]:
    """Count the tokens of each row that have a label."""
    found = [np.zeros(0, np.int64)]
    for chunk in rows.column("labels").chunks:
        ends = np.cumsum(pc.list_value_length(chunk).to_numpy(zero_copy_only=False))
        total = np.append(0, np.cumsum(pc.list_flatten(chunk).to_numpy() != IGNORE_INDEX, dtype=np.int32))
        found.append(np.diff(total[np.append(0, ends)]))
    return np.concatenate(found)


def shares(
    names: pa.ChunkedArray, lengths: NDArray[np.int64], learned: NDArray[np.int64]
) -> dict[str, float]:
    """Return the share of tokens that is learned, by name."""
    total: dict[str, int] = defaultdict(int)
    taught: dict[str, int] = defaultdict(int)
    coded = names.combine_chunks().dictionary_encode()
    for number, name in enumerate(coded.dictionary.to_pylist()):
        of_name = coded.indices.to_numpy(zero_copy_only=False) == number
        total[name], taught[name] = int(lengths[of_name].sum()), int(learned[of_name].sum())
    return {name: round(taught[name] / total[name], 4) for name in sorted(total)}
