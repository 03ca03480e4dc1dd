"""Prove what is learned on the very tensors that will train, after truncation and packing.

Rows are cut out of the blocks again. Each must be the row that was labelled, byte for byte; its labels must
be what stands between header and end token (ids alone); and its text, decoded from one change of label to
the next, must be what the template writes between its prompts and its end tokens (characters alone). What
fails stops the run, by an error that names the fault.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from ta_pipeline.chat.groups import GROUP, in_groups
from ta_pipeline.chat.labels import (
    Conversation,
    CutAnswerError,
    Ids,
    LabelError,
    Marks,
    MaskersDisagreeError,
    MissingHeaderError,
    NothingLearnedError,
    Turn,
    WrongEndError,
    find_turns,
    label_rows,
    marks_of,
    mask_by_header,
    special_ids,
    stretches_by_header,
)
from ta_pipeline.chat.rows import carries_own_code, conversations, learned_a_row, ranges, shares
from ta_pipeline.records import IGNORE_INDEX

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

#: Rows of a group that transformers' own generation marks are asked about, where the template has them.
_WITNESSED = 8
#: Fewer rows are proved in this process: decoding is some seven times as fast as tokenizing.
_ALONE = 40_000


class RowsDifferError(LabelError):
    """The blocks do not hold the labelled rows, each once and unchanged."""

    reason = "rows_differ"


class WrongLabelError(LabelError):
    """A label is another token than the one at its position."""

    reason = "wrong_label"


class EndNotLearnedError(LabelError):
    """The end token is not learned: somebody took it for padding."""

    reason = "end_not_learned"


class PromptLearnedError(LabelError):
    """A position of a prompt, a tool's result or padding has a label."""

    reason = "prompt_learned"


def prove_blocks(
    tokenizer: PreTrainedTokenizerBase,
    blocks: pa.Table,
    rows: pa.Table,
    examples: pa.Table,
    workers: int | None = 1,
    every_turn: bool = False,
) -> dict[str, Any]:
    """Prove packed blocks (BLOCK) against their rows (TOKEN_ROW) and the examples these were made of.

    Raises the LabelError of the first fault; otherwise returns what was proved, in numbers.
    """
    order = check_rows(blocks, rows)
    marks = marks_of(tokenizer)
    table = _beside_examples(examples, rows.column("id").take(order), blocks)
    counts: Counter[str] = Counter()
    if carries_own_code(tokenizer):
        workers = 1
    for part in in_groups(ProofWork(tokenizer, marks, every_turn), table, workers, "prove", alone=_ALONE):
        counts += part
    sizes, learned = pc.list_value_length(rows.column("labels")).to_numpy(), learned_a_row(rows)
    return {
        "rows": rows.num_rows,
        "blocks": blocks.num_rows,
        "tokens": int(sizes.sum()),
        "supervised_tokens": counts["supervised"],
        "turns_learned": counts["turns"],
        "every_turn_ends_in": marks.stop,
        "rows_that_differ_from_token_rows": 0,
        "prompt_positions_learned": 0,
        "rows_by_ids": rows.num_rows,
        "rows_by_characters": counts["whole"] + counts["again"],
        "cut_rows_by_characters_of_their_answers": counts["cut"],
        "rows_by_generation_marks": counts["marked"],
        "supervised_share_by_source": shares(rows.column("origin"), sizes, learned),
        "supervised_share_by_task": shares(rows.column("task"), sizes, learned),
    }


def check_rows(blocks: pa.Table, rows: pa.Table) -> NDArray[np.int64]:
    """Hold blocks to their rows: each once, in a block of its split, ids and labels unchanged.

    Returns the number of the row at each place in the blocks.
    """
    place = {key: n for n, key in enumerate(_keys(rows.column("split"), rows.column("id")))}
    split = np.repeat(
        np.arange(blocks.num_rows), pc.list_value_length(blocks.column("example_ids")).to_numpy()
    )
    packed = _keys(blocks.column("split").take(split), pc.list_flatten(blocks.column("example_ids")))
    if len(place) != rows.num_rows or Counter(packed) != Counter(place.keys()):
        strange = sorted((Counter(packed) - Counter(place)) + (Counter(place) - Counter(packed)))
        raise RowsDifferError(
            f"{len(strange)} rows are not exactly once in the blocks of their split, first {strange[:1]}. "
            "Rows need ids of their own; run `tokenize` again from token_rows."
        )
    order = np.array([place[key] for key in packed], np.int64)
    lengths = pc.list_value_length(rows.column("input_ids")).to_numpy().astype(np.int64)
    same = np.array_equal(lengths[order], _flat(blocks, "seq_lengths"))
    if not same or not all(
        _same_tokens(blocks, rows, name, lengths, order) for name in ("input_ids", "labels")
    ):
        raise RowsDifferError(
            "ids, labels or lengths in the blocks are not those of token_rows. Run `tokenize` again."
        )
    return order


def _same_tokens(
    blocks: pa.Table, rows: pa.Table, name: str, lengths: NDArray[np.int64], order: NDArray[np.int64]
) -> bool:
    """Compare the tokens of blocks with those of their rows, some thousand rows at a time."""
    starts, packed, flat = np.cumsum(lengths) - lengths, _flat(blocks, name), _flat(rows, name)
    ends = np.append(0, np.cumsum(lengths[order]))
    for first in range(0, len(order), GROUP):
        part = order[first : first + GROUP]
        here = packed[ends[first] : ends[first + len(part)]]
        if not np.array_equal(here, flat[ranges(starts[part], lengths[part])]):
            return False
    return True


def check_labels(
    marks: Marks,
    special: set[int],
    ids: Ids,
    labels: Ids,
    lengths: NDArray[np.int64],
    names: Sequence[str],
) -> None:
    """Hold labels of rows that lie one after another to the ids alone; raise the first row's fault."""
    learned = labels != IGNORE_INDEX
    row_of = np.repeat(np.arange(len(lengths)), lengths)
    first, last = stretches_by_header(ids, lengths, marks.header, marks.closers)
    by_ids = mask_by_header(ids, lengths, marks.header, marks.closers)
    total = np.append(0, np.cumsum(learned))
    taught = total[last] - total[first]
    run_ends = np.flatnonzero(learned & ~_continued(learned, lengths))
    faulty = [
        np.flatnonzero(np.bincount(row_of[learned], minlength=len(lengths)) == 0),
        row_of[learned & (labels != ids)],
        row_of[learned & ~by_ids],
        row_of[first[(taught > 0) & (taught < last - first)]],
        row_of[run_ends[ids[run_ends] != marks.stop_id]],
    ]
    if any(len(rows) for rows in faulty):
        row = int(np.concatenate(faulty).min())
        part = slice(int(lengths[:row].sum()), int(lengths[: row + 1].sum()))
        raise _fault(marks, special, names[row], ids[part], labels[part])


def _continued(learned: NDArray[np.bool_], lengths: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Tell at which positions the next one of the same row is learned too."""
    following = np.append(learned[1:], False)
    ends = np.cumsum(lengths) - 1
    following[ends[ends >= 0]] = False
    return following


def _fault(marks: Marks, special: set[int], name: str, ids: Ids, labels: Ids) -> LabelError:
    """Name what is wrong with the labels of one row."""
    learned = labels != IGNORE_INDEX
    size = np.array([len(ids)])
    by_ids = mask_by_header(ids, size, marks.header, marks.closers)
    if not learned.any():
        return NothingLearnedError(
            f"{name}: all labels are {IGNORE_INDEX}, so that its loss is 0 or NaN. "
            "Check that the template's header is the one that the row was made with."
        )
    if not by_ids.any():
        return MissingHeaderError(
            f"{name}: no header of an assistant turn ({list(marks.header)}) is among its ids. "
            "The rows were made with another chat template: run `tokenize` again."
        )
    wrong = np.flatnonzero(learned & (labels != ids))
    if len(wrong):
        at = int(wrong[0])
        return WrongLabelError(
            f"{name}: the label at position {at} is {labels[at]}, its token {ids[at]}. "
            "Labels are not shifted here; the model does that."
        )
    if (learned & ~by_ids).any():
        at = int(np.flatnonzero(learned & ~by_ids)[0])
        return PromptLearnedError(
            f"{name}: position {at} (token {ids[at]}) is learned, but the assistant does not say it. "
            "Prompts, results of tools and padding have no labels: look at what made the labels."
        )
    for end in np.flatnonzero(learned & ~_continued(learned, size)).tolist():
        if ids[end] != marks.stop_id:
            return _wrong_end(marks, special, name, ids, end)
    return MaskersDisagreeError(
        f"{name}: an answer is learned in part only. Look at what changed the labels after `tokenize`."
    )


def _wrong_end(marks: Marks, special: set[int], name: str, ids: Ids, end: int) -> LabelError:
    """Name why a learned turn, whose last token is at `end`, does not end in the end token."""
    if end + 1 < len(ids) and ids[end + 1] == marks.stop_id:
        return EndNotLearnedError(
            f"{name}: the end token {marks.stop!r} after position {end} is not learned, so that the model "
            "would never stop. Mask padding by position, not by the token that fills it."
        )
    if int(ids[end]) in special:
        return WrongEndError(
            f"{name}: a learned turn ends in token {ids[end]}, not in {marks.stop!r} ({marks.stop_id}). "
            "Use the chat template that belongs to the base model."
        )
    return CutAnswerError(
        f"{name}: a learned turn breaks off at position {end} before {marks.stop!r}. "
        "Cut prompts, never answers: raise tokenize.max_seq_len or drop the row."
    )


@dataclass(frozen=True)
class ProofWork:
    """Holds labels of rows to their ids, and their text to what the template writes for their examples."""

    tokenizer: PreTrainedTokenizerBase
    marks: Marks
    every_turn: bool = False

    def __call__(self, rows: pa.Table) -> Counter[str]:
        """Prove one group (EXAMPLE columns with input_ids and labels); count rows by how they were proved."""
        ids, labels = _flat(rows, "input_ids"), _flat(rows, "labels")
        lengths = pc.list_value_length(rows.column("labels")).to_numpy().astype(np.int64)
        names = rows.column("id").to_pylist()
        check_labels(self.marks, special_ids(self.tokenizer), ids, labels, lengths, names)
        talks, cut = conversations(rows, self.every_turn), _Pieces(ids, labels, lengths)
        found = find_turns(self.tokenizer, self.marks, talks)
        texts = self.tokenizer.backend_tokenizer.decode_batch(cut.pieces(), skip_special_tokens=False)
        counts: Counter[str] = Counter(
            turns=int(cut.learned.sum()), supervised=int((labels != IGNORE_INDEX).sum())
        )
        for n, talk in enumerate(talks):
            of_row = slice(*cut.of_row[n : n + 2])
            proved = self._compare(talk, found[n], texts[of_row], cut.learned[of_row].tolist(), cut.row(n))
            if proved == "":
                raise MaskersDisagreeError(
                    f"{names[n]}: what is learned of it, as text, is not what the assistant says "
                    "there. The rows were made of other examples or another template: run `tokenize` again."
                )
            counts[proved] += 1
            if proved == "whole" and n < _WITNESSED and self._has_marks():
                counts["marked"] += self._witness(names[n], talk, *cut.row(n))
        return counts

    def _compare(
        self,
        talk: Conversation,
        found: tuple[str, list[Turn], int] | LabelError,
        texts: list[str],
        learned: list[bool],
        row: tuple[list[int], list[int]],
    ) -> str:
        """Say how a row was proved: "whole", "again", "cut", or "" where it is not what it should be."""
        if isinstance(found, LabelError):
            return ""
        text, turns, _ = found
        if _expected(text, turns, texts, learned) == texts:
            return "whole"
        # A tokenizer that folds characters does not decode to what it was given; ask the first masker again.
        again = label_rows(self.tokenizer, [talk])[0]
        if not isinstance(again, LabelError) and again == row:
            return "again"
        said = {_plain(text[turn.start : turn.end]) for turn in turns}
        taught = [piece for piece, is_learned in zip(texts, learned, strict=True) if is_learned]
        cut = isinstance(again, LabelError) or len(again[0]) > len(row[0])
        return "cut" if cut and taught and all(_plain(piece) in said for piece in taught) else ""

    def _has_marks(self) -> bool:
        return "endgeneration" in str(self.tokenizer.chat_template)

    def _witness(self, name: str, talk: Conversation, ids: list[int], labels: list[int]) -> bool:
        """Ask transformers which tokens the template's own generation marks hold; False where it cannot say.

        Marks may also hold the header, and the line break or end of text that follows a turn.
        """
        seen = self.tokenizer.apply_chat_template(
            list(talk.messages), tools=talk.tools, return_dict=True, return_assistant_tokens_mask=True
        )
        shift = len(ids) - len(seen["input_ids"])  # a BOS that the template leaves out
        if list(seen["input_ids"]) != ids[max(shift, 0) :]:
            return False  # prompt and answer had to be tokenized apart
        marked, row = np.array(seen["assistant_masks"], bool), np.array(ids[shift:], np.int32)
        first, last = stretches_by_header(row, np.array([len(row)]), self.marks.header, self.marks.closers)
        said, around = np.zeros(len(row), bool), np.zeros(len(row), bool)
        for start, end in zip(first.tolist(), last.tolist(), strict=True):
            said[start:end] = True
            around[start - len(self.marks.header) : end + 2] = True
        learned = np.array(labels[shift:]) != IGNORE_INDEX
        if (said & ~marked).any() or (marked & ~around).any() or (learned & ~marked).any():
            raise MaskersDisagreeError(
                f"{name}: the generation marks of the chat template hold other tokens than the answers. "
                "Mend the template's marks."
            )
        return True


class _Pieces:
    """Rows of one group, cut where learned and not learned positions change.

    `learned` tells which pieces are learned; those of row n are `of_row[n]` to `of_row[n + 1]`.
    """

    def __init__(self, ids: Ids, labels: Ids, lengths: NDArray[np.int64]) -> None:
        self._ids, self._labels, learned = ids.tolist(), labels.tolist(), labels != IGNORE_INDEX
        self._starts = np.append(0, np.cumsum(lengths)).tolist()
        change = np.append(True, learned[1:] != learned[:-1])
        change[self._starts[:-1]] = True
        first = np.flatnonzero(change)
        self._edges = [*first.tolist(), len(learned)]
        self.learned = learned[first]
        self.of_row: list[int] = np.searchsorted(self._edges, self._starts).tolist()

    def pieces(self) -> list[list[int]]:
        """Return the ids of each piece."""
        return [self._ids[start:end] for start, end in pairwise(self._edges)]

    def row(self, number: int) -> tuple[list[int], list[int]]:
        """Return ids and labels of one row."""
        part = slice(*self._starts[number : number + 2])
        return self._ids[part], self._labels[part]


def _expected(text: str, turns: list[Turn], pieces: list[str], learned: list[bool]) -> list[str]:
    """Cut the template's text at the answers that are learned, as `pieces` are cut."""
    taught = iter([piece for piece, is_learned in zip(pieces, learned, strict=True) if is_learned])
    wanted = next(taught, None)
    edges = [0]
    for turn in turns:
        if turn.learned and wanted == text[turn.start : turn.end]:
            edges += [turn.start, turn.end]
            wanted = next(taught, None)
    cuts = [text[a:b] for a, b in pairwise([*edges, len(text)])]
    return cuts if cuts[-1] else cuts[:-1]


def _plain(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).split())


def prove_preferences(
    tokenizer: PreTrainedTokenizerBase, rows: pa.Table, preferences: pa.Table
) -> dict[str, Any]:
    """Prove preference rows: both answers are the pair's own, learned whole, and end in the stop token."""
    marks = marks_of(tokenizer)
    texts = {
        pair["id"]: pair for pair in preferences.select(["id", "split", "chosen", "rejected"]).to_pylist()
    }
    prompts = rows.column("prompt_ids").to_pylist()
    for side in ("chosen", "rejected"):
        answers = rows.column(f"{side}_ids").to_pylist()
        names = [f"{name} ({side})" for name in rows.column("id").to_pylist()]
        ids = [prompt + answer for prompt, answer in zip(prompts, answers, strict=True)]
        labels = [
            [IGNORE_INDEX] * len(prompt) + answer for prompt, answer in zip(prompts, answers, strict=True)
        ]
        check_labels(
            marks,
            special_ids(tokenizer),
            np.array([i for row in ids for i in row], np.int32),
            np.array([i for row in labels for i in row], np.int32),
            np.array([len(row) for row in ids], np.int64),
            names,
        )
        said = tokenizer.backend_tokenizer.decode_batch(answers, skip_special_tokens=False)
        for pair, name, text in zip(rows.column("id").to_pylist(), names, said, strict=True):
            if _plain(texts[pair][side]) not in _plain(text):
                raise MaskersDisagreeError(f"{name}: its ids do not say the answer. Run `tokenize` again.")
    return {"pairs": rows.num_rows, "every_answer_ends_in": marks.stop, "prompt_positions_learned": 0}


def _beside_examples(examples: pa.Table, names: pa.ChunkedArray, blocks: pa.Table) -> pa.Table:
    """Put the rows that are cut out of the blocks beside the examples that they were made of."""
    place = {name: n for n, name in enumerate(examples.column("id").to_pylist())}
    taken = examples.select(["id", "messages", "tools", "chunk_ids"]).take(
        [place[name] for name in names.to_pylist()]
    )
    offsets = pa.array(np.append(0, np.cumsum(_flat(blocks, "seq_lengths"))), pa.int32())
    for name in ("input_ids", "labels"):
        lists = pa.ListArray.from_arrays(offsets, pa.array(_flat(blocks, name)))
        taken = taken.append_column(name, lists)
    return taken


def _keys(splits: pa.ChunkedArray, names: pa.ChunkedArray) -> list[tuple[str, str]]:
    return list(zip(splits.to_pylist(), names.to_pylist(), strict=True))


def _flat(table: pa.Table, name: str) -> NDArray[np.int32]:
    flat: NDArray[np.int32] = pc.list_flatten(table.column(name)).to_numpy()
    return flat
