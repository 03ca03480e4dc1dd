"""Blocks are filled tightly, lose nothing, and keep rows apart."""

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ta_pipeline.chat.packing import (
    BLOCK,
    SAME_START,
    best_fit,
    divide,
    families,
    in_steps,
    pack,
    pack_efficiency,
)
from ta_pipeline.chat.rows import PREFERENCE_TOKENS, TOKEN_ROW


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
        "read_tokens": 5,
    }


CONTEXT, OTHER = list(range(SAME_START)), list(range(1, SAME_START + 1))


def test_rows_that_begin_alike_belong_together_and_short_ones_do_not():
    ids = [[*CONTEXT, 1], OTHER, [*CONTEXT, 2, 3], CONTEXT[:-1], CONTEXT[:-1], [*CONTEXT, 4]]
    assert families(pa.array(ids, pa.list_(pa.int32())), 400) == [
        ([0, 2, 5], SAME_START + 1 + 2 + 1), ([1], SAME_START), ([3], SAME_START - 1), ([4], SAME_START - 1),
    ]  # fmt: skip


def test_a_family_is_cut_where_a_block_is_full():
    ids = [[*CONTEXT, n] for n in range(5)]
    assert families(pa.array(ids, pa.list_(pa.int32())), SAME_START + 2) == [
        ([0, 1], SAME_START + 2), ([2, 3], SAME_START + 2), ([4], SAME_START + 1),
    ]  # fmt: skip


def test_a_row_takes_what_it_does_not_share_with_any_row_before():
    ids = [[*CONTEXT, 1, 2, 3], [*CONTEXT, 4, 5], [*CONTEXT, 4, 6, 7], [*CONTEXT, 1, 2]]
    (family,) = families(pa.array(ids, pa.list_(pa.int32())), 400)
    assert family.tokens == SAME_START + 3 + 2 + 2 + 0


def test_a_sliced_column_has_its_own_families():
    ids = pa.array([OTHER, [*CONTEXT, 1], OTHER, [*CONTEXT, 2]], pa.list_(pa.int32()))
    assert [family.rows for family in families(ids[1:], 400)] == [[0, 2], [1]]


def test_a_family_lies_in_one_block_in_its_order():
    table = pa.Table.from_pylist(
        [
            {"id": f"r{n}", "split": "train", "task": "qa", "language": "en", "input_ids": ids, "labels": ids}
            for n, ids in enumerate([[*CONTEXT, 1], [7] * 140, [*CONTEXT, 2], [8] * 140])
        ],
        TOKEN_ROW,
    )
    names = pack(table, 281, packing=True, seed=0).column("example_ids").to_pylist()
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


def test_a_block_may_hold_more_tokens_than_it_takes_to_read():
    ids = [[*CONTEXT, n] for n in range(9)]
    lengths, capacity = [SAME_START + 1] * 9, SAME_START + 9
    table = rows(lengths).set_column(5, "input_ids", pa.array(ids, pa.list_(pa.int32())))
    (block,) = pack(table, capacity, packing=True, seed=0).to_pylist()
    assert (len(block["input_ids"]), block["read_tokens"]) == (9 * (SAME_START + 1), capacity)


def test_blocks_divided_for_a_model_that_reads_rows_whole_keep_to_what_was_to_be_read():
    blocks = pa.Table.from_pylist(
        [
            {
                "split": split,
                "input_ids": ids,
                "labels": [-i for i in ids],
                "seq_lengths": lengths,
                "example_ids": [f"r{n}" for n in ids[: len(lengths)]],
                "read_tokens": read,
            }
            for split, ids, lengths, read in (
                ("train", [1, 2, 3, 1, 2, 4, 1, 2, 5], [3, 3, 3], 5),
                ("validation", [6, 7, 8, 9], [2, 2], 4),
            )
        ],
        BLOCK,
    )
    divided = divide(blocks)
    assert divided.column("input_ids").to_pylist() == [[1, 2, 3], [1, 2, 4], [1, 2, 5], [6, 7, 8, 9]]
    assert divided.column("labels").to_pylist()[1] == [-1, -2, -4]
    assert divided.column("seq_lengths").to_pylist() == [[3], [3], [3], [2, 2]]
    assert divided.column("example_ids").to_pylist() == [["r1"], ["r2"], ["r3"], ["r6", "r7"]]
    assert divided.column("split").to_pylist() == ["train"] * 3 + ["validation"]
    assert divided.column("read_tokens").to_pylist() == [3, 3, 3, 4]
    assert divide(divided).equals(divided)


@given(st.lists(st.lists(st.integers(1, 9), min_size=1, max_size=6), min_size=1, max_size=8))
def test_dividing_loses_no_token_and_cuts_no_row(lengths):
    table = pa.Table.from_pylist(
        [
            {"split": "train", "input_ids": [n] * sum(each), "labels": [n] * sum(each), "seq_lengths": each,
             "example_ids": ["r"] * len(each), "read_tokens": max(each)}
            for n, each in enumerate(lengths)
        ],
        BLOCK,
    )  # fmt: skip
    divided = divide(table).to_pylist()
    assert [n for row in divided for n in row["input_ids"]] == [
        n for n, e in enumerate(lengths) for _ in range(sum(e))
    ]
    assert [n for row in divided for n in row["seq_lengths"]] == [n for each in lengths for n in each]
    assert all(len(row["input_ids"]) == sum(row["seq_lengths"]) for row in divided)
    assert all(len(row["input_ids"]) <= max(map(max, lengths)) for row in divided)


def preferences(beginnings, split="train"):
    """Pairs named a0, a1, b0 … whose prompts begin as their letter says."""
    return pa.Table.from_pylist(
        [
            {
                "id": f"{letter}{i}",
                "split": split,
                "prompt_ids": [ord(letter)] * SAME_START + [1000 + i],
                "chosen_ids": [5, 2],
                "rejected_ids": [6, 2],
            }
            for i, letter in enumerate(beginnings)
        ],
        PREFERENCE_TOKENS,
    )


def steps_of(table, size):
    letters = "".join(name[0] for name in table.column("id").to_pylist())
    return [letters[start : start + size] for start in range(0, len(letters), size)]


def test_the_pairs_of_a_step_begin_alike_and_what_is_left_of_beginnings_comes_last():
    ordered = in_steps(preferences("abcabcabcabcaabd"), 4, seed=7)
    steps = steps_of(ordered, 4)
    assert sorted(steps[:3]) == ["aaaa", "bbbb", "cccc"] and sorted(steps[3]) == ["a", "a", "b", "d"]


def test_what_is_left_of_beginnings_fills_steps_of_as_few_as_possible():
    assert steps_of(in_steps(preferences("aaabbc"), 4, seed=7), 4) == ["aaac", "bb"]
    assert steps_of(in_steps(preferences("abbccc"), 4, seed=7), 4) == ["ccca", "bb"]


@given(st.text("abc", max_size=20), st.integers(1, 5))
def test_every_pair_stands_in_exactly_one_step(beginnings, size):
    table = preferences(beginnings)
    ordered = in_steps(table, size, seed=7)
    assert sorted(ordered.column("id").to_pylist()) == sorted(table.column("id").to_pylist())
    assert ordered.schema == table.schema


def test_steps_come_in_an_order_drawn_by_the_seed_and_keep_to_their_split():
    table = pa.concat_tables([preferences("aabbccddee"), preferences("aab", "validation")])
    orders = {tuple(in_steps(table, 2, seed).column("id").to_pylist()) for seed in range(5)}
    assert len(orders) > 1 and in_steps(table, 2, 1).equals(in_steps(table, 2, 1))
    assert in_steps(table, 2, 1).column("split").to_pylist() == ["train"] * 10 + ["validation"] * 3
