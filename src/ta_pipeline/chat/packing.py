"""Put several token rows into one block of a fixed length, and remember where each begins.

Nothing here lets rows see each other: a block carries `seq_lengths`, from which position ids are made that
start at 0 for each row, and attention is kept inside a row by them. Rows that begin alike (questions over
the same passages) come into one block, and preference pairs into one step, so that training can read that
beginning once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

#: Packed rows; `seq_lengths` and `example_ids` have one entry for each row in the block, `read_tokens` counts
#: what it takes to read them.
BLOCK = pa.schema(
    [
        ("split", pa.string()),
        ("input_ids", pa.list_(pa.int32())),
        ("labels", pa.list_(pa.int32())),
        ("seq_lengths", pa.list_(pa.int32())),
        ("example_ids", pa.list_(pa.string())),
        ("read_tokens", pa.int32()),
    ]
)

#: Rows with so many equal tokens at their start belong together: instructions and most of a passage.
SAME_START = 128
#: Odd multipliers for the hash of a start, from one of Knuth's (MMIX's generator, TAOCP 2, 3.3.4).
_MULTIPLIER = 6364136223846793005


class Family(NamedTuple):
    """Rows that begin alike, in row order, and the tokens that it takes to read them."""

    rows: list[int]
    tokens: int


def families(input_ids: pa.ListArray, capacity: int) -> list[Family]:
    """Group rows that share their first SAME_START tokens; none takes over `capacity` tokens to read.

    A row takes what it does not share with the beginning of an earlier one. A row that is shorter than
    SAME_START, or longer than `capacity`, is a group of its own.
    """
    values, offsets = input_ids.values.to_numpy(), input_ids.offsets.to_numpy()
    alike, starts = _alike(input_ids)
    alone = np.setdiff1d(np.arange(len(input_ids)), alike)
    found = [[row] for row in alone.tolist()]
    tokens: list[int] = (offsets[alone + 1] - offsets[alone]).tolist()
    open_groups: dict[int, int] = {}
    for row, start in zip(alike.tolist(), starts.tolist(), strict=True):
        ids = values[offsets[row] : offsets[row + 1]]
        group = open_groups.get(start, -1)
        if group >= 0:
            others = (values[offsets[other] : offsets[other + 1]] for other in found[group])
            own = len(ids) - max(_shared(ids, other) for other in others)
            if tokens[group] + own <= capacity:
                found[group].append(row)
                tokens[group] += own
                continue
        found.append([row])
        tokens.append(len(ids))
        open_groups[start] = len(found) - 1
    groups = (Family(rows, count) for rows, count in zip(found, tokens, strict=True))
    return sorted(groups, key=lambda family: family.rows[0])


def _alike(input_ids: pa.ListArray) -> tuple[NDArray[np.int64], NDArray[np.uint64]]:
    """Return the rows whose hashed start occurs more than once, in row order, and these hashes."""
    starts = list(_starts(input_ids))
    rows = np.array([row for row, start in enumerate(starts) if start is not None], np.int64)
    hashes = np.array([start for start in starts if start is not None], np.uint64)
    _, place, count = np.unique(hashes, return_inverse=True, return_counts=True)
    several = count[place] > 1
    return rows[several], hashes[several]


def _shared(a: NDArray[np.int32], b: NDArray[np.int32]) -> int:
    """Count the equal ids at the start of two rows."""
    width = min(len(a), len(b))
    different = a[:width] != b[:width]
    return int(different.argmax()) if different.any() else width


def _starts(input_ids: pa.ListArray, chunk: int = 10_000) -> Iterator[int | None]:
    """Yield a 64-bit hash of each row's first SAME_START tokens, None where it has fewer."""
    with np.errstate(over="ignore"):
        factors = np.cumprod(np.full(SAME_START, _MULTIPLIER, dtype=np.uint64))
    values = input_ids.values.to_numpy()
    offsets = input_ids.offsets.to_numpy()
    for first in range(0, len(input_ids), chunk):
        begins, ends = offsets[first : first + chunk], offsets[first + 1 : first + chunk + 1]
        begins = begins[: len(ends)]
        long = ends - begins >= SAME_START
        window = values[begins[long][:, None] + np.arange(SAME_START)].astype(np.uint64)
        hashes = iter(((window + np.uint64(1)) * factors).sum(axis=1, dtype=np.uint64).tolist())
        yield from (next(hashes) if fits else None for fits in long.tolist())


def best_fit(lengths: Sequence[int], capacity: int) -> list[list[int]]:
    """Assign rows to blocks by best-fit decreasing; returns row numbers a block, in block order.

    Open blocks are kept by their free room, and one integer has a bit for every room that occurs, so that
    the tightest block that still fits is found by one shift.
    """
    order = np.argsort(-np.asarray(lengths, dtype=np.int64), kind="stable").tolist()
    blocks: list[list[int]] = []
    by_room: list[list[int]] = [[] for _ in range(capacity + 1)]
    rooms = 0
    for row in order:
        need = int(lengths[row])
        if need > capacity:
            raise ValueError(f"row {row} has {need} tokens, more than a block of {capacity}")
        fitting = rooms >> need
        if fitting:
            room = need + ((fitting & -fitting).bit_length() - 1)
            block = by_room[room].pop()
            if not by_room[room]:
                rooms &= ~(1 << room)
        else:
            room, block = capacity, len(blocks)
            blocks.append([])
        blocks[block].append(row)
        if left := room - need:
            by_room[left].append(block)
            rooms |= 1 << left
    return blocks


def pack(rows: pa.Table, capacity: int, packing: bool, seed: int) -> pa.Table:
    """Pack the rows of each split into blocks of at most `capacity` tokens, in an order drawn by `seed`.

    `rows` has columns id, split, input_ids, labels. The tokens of a block are those that it takes to read it,
    where a beginning that rows share counts once. Without `packing` each row is a block of its own. The order
    is shuffled because best-fit puts the longest rows first.
    """
    parts = []
    for split in sorted(set(rows.column("split").to_pylist())):
        part = rows.filter(pc.equal(rows.column("split"), split))
        lengths = pc.list_value_length(part.column("input_ids")).to_pylist()
        groups = [Family([row], length) for row, length in enumerate(lengths)]
        blocks = [[row] for row in range(part.num_rows)]
        if packing:
            groups = families(part.column("input_ids").combine_chunks(), capacity)
            blocks = best_fit([group.tokens for group in groups], capacity)
        order = np.random.default_rng(seed).permutation(len(blocks))
        parts.append(_gather(part, [[groups[g] for g in blocks[i]] for i in order], lengths, split))
    return pa.concat_tables(parts) if parts else BLOCK.empty_table()


def in_steps(rows: pa.Table, size: int, seed: int) -> pa.Table:
    """Order preference rows so that `size` neighbours, a step's, begin alike where enough rows do.

    `rows` has columns split and prompt_ids. In each split first come the steps of one beginning, in an order
    drawn by `seed`, then what is left of the beginnings, as few of them in a step as possible.
    """
    parts = []
    for split in sorted(set(rows.column("split").to_pylist())):
        part = rows.filter(pc.equal(rows.column("split"), split))
        prompts = part.column("prompt_ids").combine_chunks()
        rng = np.random.default_rng(seed)
        steps, rests = [], list[list[int]]()
        for family in families(prompts, capacity=len(prompts.values) + 1):
            mixed = rng.permutation(family.rows).tolist()
            whole = len(mixed) - len(mixed) % size
            steps += [mixed[place : place + size] for place in range(0, whole, size)]
            rests += [mixed[whole:]] if mixed[whole:] else []
        joined = [[rests[i] for i in step] for step in best_fit([len(rest) for rest in rests], size)]
        joined.sort(key=lambda step: -sum(len(rest) for rest in step))  # unfilled ones would shift the others
        order = [row for place in rng.permutation(len(steps)) for row in steps[place]]
        order += [row for step in joined for rest in step for row in rest]
        parts.append(part.take(order))
    return pa.concat_tables(parts) if parts else rows


def _gather(part: pa.Table, packed: list[list[Family]], lengths: list[int], split: str) -> pa.Table:
    blocks = [[row for family in block for row in family.rows] for block in packed]
    taken = part.take([row for block in blocks for row in block])
    rows_a_block = np.array([len(block) for block in blocks])
    tokens_a_block = np.array([sum(lengths[row] for row in block) for block in blocks])
    token_offsets = pa.array(np.concatenate([[0], np.cumsum(tokens_a_block)]), pa.int32())
    row_offsets = pa.array(np.concatenate([[0], np.cumsum(rows_a_block)]), pa.int32())

    sizes = pa.array([lengths[row] for block in blocks for row in block], pa.int32())
    return pa.table(
        {
            "split": pa.array([split] * len(blocks)),
            "input_ids": pa.ListArray.from_arrays(token_offsets, _flat(taken, "input_ids")),
            "labels": pa.ListArray.from_arrays(token_offsets, _flat(taken, "labels")),
            "seq_lengths": pa.ListArray.from_arrays(row_offsets, sizes),
            "example_ids": pa.ListArray.from_arrays(row_offsets, taken.column("id").combine_chunks()),
            "read_tokens": pa.array([sum(family.tokens for family in block) for block in packed], pa.int32()),
        },
        schema=BLOCK,
    )


def divide(blocks: pa.Table) -> pa.Table:
    """Divide blocks for a model that reads every row whole; none is longer than the fullest was to read.

    Rows keep their order; `read_tokens` becomes a block's length.
    """
    capacity = pc.max(blocks.column("read_tokens")).as_py() or 0
    blocks = blocks.combine_chunks()
    starts, homes = [0], list[int]()  # of the new blocks: first row, and the block that they were in
    row = 0
    for home, lengths in enumerate(blocks.column("seq_lengths").to_pylist()):
        room = 0
        for place, length in enumerate(lengths):
            if place == 0 or length > room:
                starts += [row] if row else []
                homes.append(home)
                room = capacity
            room -= length
            row += 1
    rows = np.array([*starts, row])
    lengths = _flat(blocks, "seq_lengths")
    tokens = np.concatenate([[0], np.cumsum(lengths.to_numpy())])[rows]
    by_token, by_row = pa.array(tokens, pa.int32()), pa.array(rows, pa.int32())
    return pa.table(
        {
            "split": blocks.column("split").take(homes),
            "input_ids": pa.ListArray.from_arrays(by_token, _flat(blocks, "input_ids")),
            "labels": pa.ListArray.from_arrays(by_token, _flat(blocks, "labels")),
            "seq_lengths": pa.ListArray.from_arrays(by_row, lengths),
            "example_ids": pa.ListArray.from_arrays(by_row, _flat(blocks, "example_ids")),
            "read_tokens": pa.array(np.diff(tokens), pa.int32()),
        },
        schema=BLOCK,
    )


def _flat(table: pa.Table, name: str) -> pa.Array:
    return pc.list_flatten(table.column(name)).combine_chunks()


def pack_efficiency(blocks: pa.Table, capacity: int) -> float:
    """Share of the blocks' room that the tokens to read fill."""
    tokens = pc.sum(blocks.column("read_tokens")).as_py() or 0
    return float(tokens) / (blocks.num_rows * capacity) if blocks.num_rows else 0.0
