"""Put several token rows into one block of a fixed length, and remember where each begins.

Nothing here lets rows see each other: a block carries `seq_lengths`, from which position ids are made that
start at 0 for each row, and attention is kept inside a row by them. Rows that begin alike (questions over
the same passages) come into one block, so that training can read that beginning once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

#: Packed rows; `seq_lengths` and `example_ids` have one entry for each row in the block.
BLOCK = pa.schema(
    [
        ("split", pa.string()),
        ("input_ids", pa.list_(pa.int32())),
        ("labels", pa.list_(pa.int32())),
        ("seq_lengths", pa.list_(pa.int32())),
        ("example_ids", pa.list_(pa.string())),
    ]
)

#: Rows with so many equal tokens at their start belong together: instructions and most of a passage.
SAME_START = 128
#: Odd multipliers for the hash of a start, from one of Knuth's (MMIX's generator, TAOCP 2, 3.3.4).
_MULTIPLIER = 6364136223846793005


def families(input_ids: pa.ListArray, capacity: int) -> list[list[int]]:
    """Group rows that share their first SAME_START tokens, in row order; none has over `capacity` tokens.

    A row that is shorter than that, or longer than `capacity`, is a group of its own.
    """
    lengths = pc.list_value_length(input_ids).to_pylist()
    found: list[list[int]] = []
    open_groups: dict[int, list[int]] = {}
    room: dict[int, int] = {}
    for row, start in enumerate(_starts(input_ids)):
        if start is not None and room.get(start, -1) >= lengths[row]:
            open_groups[start].append(row)
            room[start] -= lengths[row]
            continue
        found.append([row])
        if start is not None:
            open_groups[start], room[start] = found[-1], capacity - lengths[row]
    return found


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

    `rows` has columns id, split, input_ids, labels. Without `packing` each row is a block of its own. The
    order is shuffled because best-fit puts the longest rows first.
    """
    parts = []
    for split in sorted(set(rows.column("split").to_pylist())):
        part = rows.filter(pc.equal(rows.column("split"), split))
        lengths = pc.list_value_length(part.column("input_ids")).to_pylist()
        blocks = [[i] for i in range(part.num_rows)]
        if packing:
            groups = families(part.column("input_ids").combine_chunks(), capacity)
            sizes = [sum(lengths[row] for row in group) for group in groups]
            blocks = [[row for g in block for row in groups[g]] for block in best_fit(sizes, capacity)]
        order = np.random.default_rng(seed).permutation(len(blocks))
        parts.append(_gather(part, [blocks[i] for i in order], lengths, split))
    return pa.concat_tables(parts) if parts else BLOCK.empty_table()


def _gather(part: pa.Table, blocks: list[list[int]], lengths: list[int], split: str) -> pa.Table:
    taken = part.take([row for block in blocks for row in block])
    rows_a_block = np.array([len(block) for block in blocks])
    tokens_a_block = np.array([sum(lengths[row] for row in block) for block in blocks])
    token_offsets = pa.array(np.concatenate([[0], np.cumsum(tokens_a_block)]), pa.int32())
    row_offsets = pa.array(np.concatenate([[0], np.cumsum(rows_a_block)]), pa.int32())

    def flat(name: str) -> pa.Array:
        return pc.list_flatten(taken.column(name).combine_chunks())

    sizes = pa.array([lengths[row] for block in blocks for row in block], pa.int32())
    return pa.table(
        {
            "split": pa.array([split] * len(blocks)),
            "input_ids": pa.ListArray.from_arrays(token_offsets, flat("input_ids")),
            "labels": pa.ListArray.from_arrays(token_offsets, flat("labels")),
            "seq_lengths": pa.ListArray.from_arrays(row_offsets, sizes),
            "example_ids": pa.ListArray.from_arrays(row_offsets, taken.column("id").combine_chunks()),
        },
        schema=BLOCK,
    )


def pack_efficiency(blocks: pa.Table, capacity: int) -> float:
    """Share of the blocks' room that real tokens fill."""
    tokens = pc.sum(pc.list_value_length(blocks.column("input_ids"))).as_py() or 0
    return float(tokens) / (blocks.num_rows * capacity) if blocks.num_rows else 0.0
