"""Put several token rows into one block of a fixed length, and remember where each begins.

Nothing here lets rows see each other: a block carries `seq_lengths`, from which position ids are made that
start at 0 for each row, and attention is kept inside a row by them.
"""

from __future__ import annotations

from collections.abc import Sequence

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
        blocks = best_fit(lengths, capacity) if packing else [[i] for i in range(part.num_rows)]
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
