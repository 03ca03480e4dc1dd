"""Blocks are filled tightly, lose nothing, and keep rows apart."""

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ta_pipeline.chat.packing import SAME_START, best_fit, families, pack, pack_efficiency
from ta_pipeline.chat.rows import TOKEN_ROW


def rows(lengths, split="train"):
    return pa.Table.from_pylist(
        [
            {
                "id": f"r{i}",
                "split": split,
                "task": "qa",
                "language": "en",
                "input_ids": [100 * i + k for k in range(n)],
                "labels": [-100] * (n - 1) + [100 * i + n - 1],
            }
            for i, n in enumerate(lengths)
        ],
        TOKEN_ROW,
    )


def test_best_fit_decreasing_fills_the_tightest_block():
    assert best_fit([5, 4, 3, 3, 2, 1], 6) == [[0, 5], [1, 4], [2, 3]]


def test_a_row_longer_than_a_block_is_an_error():
    with pytest.raises(ValueError, match="row 1 has 7 tokens"):
        best_fit([1, 7], 6)


@given(st.lists(st.integers(1, 50), max_size=60), st.integers(50, 80))
def test_every_row_is_in_exactly_one_block_that_holds_it(lengths, capacity):
    blocks = best_fit(lengths, capacity)
    assert sorted(row for block in blocks for row in block) == list(range(len(lengths)))
    assert all(sum(lengths[row] for row in block) <= capacity for block in blocks)


def test_blocks_carry_ids_labels_lengths_and_names_of_their_rows():
    block = pack(rows([3, 2]), 5, packing=True, seed=0).to_pylist()[0]
    assert block == {
        "split": "train",
        "input_ids": [0, 1, 2, 100, 101],
        "labels": [-100, -100, 2, -100, 101],
        "seq_lengths": [3, 2],
        "example_ids": ["r0", "r1"],
    }


CONTEXT, OTHER = list(range(SAME_START)), list(range(1, SAME_START + 1))


def test_rows_that_begin_alike_belong_together_and_short_ones_do_not():
    ids = [[*CONTEXT, 1], OTHER, [*CONTEXT, 2, 3], CONTEXT[:-1], CONTEXT[:-1], [*CONTEXT, 4]]
    assert families(pa.array(ids, pa.list_(pa.int32())), 400) == [[0, 2, 5], [1], [3], [4]]


def test_a_family_is_cut_where_a_block_is_full():
    ids = [[*CONTEXT, n] for n in range(5)]
    assert families(pa.array(ids, pa.list_(pa.int32())), 2 * (SAME_START + 1)) == [[0, 1], [2, 3], [4]]


def test_a_sliced_column_has_its_own_families():
    ids = pa.array([OTHER, [*CONTEXT, 1], OTHER, [*CONTEXT, 2]], pa.list_(pa.int32()))
    assert families(ids[1:], 400) == [[0, 2], [1]]


def test_a_family_lies_in_one_block_in_its_order():
    table = pa.Table.from_pylist(
        [
            {"id": f"r{n}", "split": "train", "task": "qa", "language": "en", "input_ids": ids, "labels": ids}
            for n, ids in enumerate([[*CONTEXT, 1], [7] * 140, [*CONTEXT, 2], [8] * 140])
        ],
        TOKEN_ROW,
    )
    names = pack(table, 290, packing=True, seed=0).column("example_ids").to_pylist()
    assert sorted(names) == [["r0", "r2"], ["r1", "r3"]]


def test_splits_never_share_a_block():
    both = pa.concat_tables([rows([2, 2]), rows([1], "validation")])
    packed = pack(both, 10, packing=True, seed=0)
    assert packed.column("split").to_pylist() == ["train", "validation"]


def test_without_packing_every_row_is_a_block():
    assert sorted(
        map(len, pack(rows([3, 2, 1]), 5, packing=False, seed=0).column("input_ids").to_pylist())
    ) == [1, 2, 3]


def test_the_same_seed_gives_the_same_order_and_another_seed_another():
    table = rows([5] * 20)
    assert pack(table, 5, True, 1).equals(pack(table, 5, True, 1))
    assert not pack(table, 5, True, 1).equals(pack(table, 5, True, 2))


def test_efficiency_is_the_share_of_room_that_tokens_fill():
    assert pack_efficiency(pack(rows([3, 2, 4]), 5, True, 0), 5) == 0.9
