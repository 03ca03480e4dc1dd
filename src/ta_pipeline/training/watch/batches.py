"""What a batch holds, known before it is computed: which rows, how many tokens are read and learned.

The collator is asked, so that it is exact whatever drew the order: a seeded sampler, accumulation, several
ranks, a resumed run.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import torch

from ta_pipeline.records import IGNORE_INDEX
from ta_pipeline.training.layers.row_attention import Row
from ta_pipeline.training.layers.shared_prefix import merge_pairs, merge_rows

#: Columns that name the rows of a training set: the rows packed into a block, or one preference pair.
ID_COLUMNS = ("example_ids", "id")
#: Where a batch carries its `Work`.
WORK = "work"


@dataclass(frozen=True)
class Work:
    """One micro-batch of one rank; a beginning that rows share is read, and counted, once."""

    ids: list[str]
    tokens: int  # read
    supervised: int  # positions with a label
    rows: list[Row] = field(repr=False)


class WorkCollator:
    """Collate as before, and hand on what the batch holds under the key `work`."""

    def __init__(self, collate: Callable[[list[dict[str, Any]]], Any], read_once: bool) -> None:
        """`read_once`: the model reads common beginnings once (`shared_prefix.py`)."""
        self._collate, self._read_once = collate, read_once

    def __call__(self, examples: list[dict[str, Any]]) -> Any:
        """Collate rows of the training set."""
        ids = [name for example in examples for name in _ids(example)]
        batch = self._collate(examples)
        rows = rows_read(batch, self._read_once)
        tokens = sum(row.end - row.start for row in rows)
        batch[WORK] = Work(ids, tokens, supervised_tokens(batch), rows)
        return batch


def _ids(example: dict[str, Any]) -> list[str]:
    for column in ID_COLUMNS:
        if column in example:
            return [example[column]] if isinstance(example[column], str) else list(example[column])
    return []


def supervised_tokens(batch: Any) -> int:
    """Count the positions of a batch whose token is learned; the first of a row predicts nothing."""
    if "labels" in batch:
        return int((batch["labels"][:, 1:] != IGNORE_INDEX).sum())
    return int(batch["completion_mask"][:, 1:].sum())


def rows_read(batch: Any, read_once: bool) -> list[Row]:
    """Give a batch's rows as the model reads them: packed (`cu_seq_lens_q`), pairs, or padded."""
    ids = batch["input_ids"]
    if "cu_seq_lens_q" in batch:
        lengths = batch["cu_seq_lens_q"].diff().tolist()
        return merge_rows(ids[0], lengths).rows if read_once else _apart(lengths)
    mask = batch.get("attention_mask", torch.ones_like(ids))
    if "completion_mask" in batch and read_once:
        return merge_pairs(ids, mask).rows
    return _apart(mask.sum(1).tolist())


def _apart(lengths: list[int]) -> list[Row]:
    """Lay rows one after the other, each read whole."""
    ends = torch.tensor([0, *lengths]).cumsum(0).tolist()
    return [Row(start, end) for start, end in itertools.pairwise(ends)]
