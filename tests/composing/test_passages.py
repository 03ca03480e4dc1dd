"""Passages: whole sentences, the right length, and company that does not give the answer away."""

from itertools import pairwise
from random import Random

import pytest

from ta_pipeline.composing.passages import (
    PassagePool,
    best_run,
    columns,
    find_quote,
    has_mask,
    held_out_lectures,
    passage_size,
    read_materials,
    tile,
    window_around,
    window_over,
)


@pytest.fixture
def materials(course):
    return {material.source: material for material in read_materials(course)}


def test_a_chinese_character_weighs_three_letters_in_a_passage():
    assert passage_size("力 F=ma") == 9


def test_a_chinese_character_counts_as_two_columns():
    assert columns("力 F=ma") == 7


@pytest.mark.parametrize("masked", ["<NAME_1>", "学号<STUDENT_ID_1>，", "call <PHONE_12> now"])
def test_masks_are_known(masked):
    assert has_mask(masked)


@pytest.mark.parametrize(
    "plain", ["a < B and C > d", "[Lecture 4 05:12]", "$x_{MAX}$", "list[0]", "<b>BOLD</b>"]
)
def test_ordinary_brackets_are_no_masks(plain):
    assert not has_mask(plain)


def test_held_out_lectures_match_a_glob_or_are_the_last(course):
    assert held_out_lectures(course, ["04-*", "02-*"]) == {"02-forces", "04-fluids"}
    assert held_out_lectures(course, ["13-*"]) == {"04-fluids"}


def test_a_window_grows_by_whole_sentences_under_its_heading(materials):
    notes = materials["02-forces.md"]
    assert window_around(notes, 0, 0, 400).text == (
        "A **force** is a push or a pull that one body exerts on another body. "
        "The newton is the unit in which engineers everywhere measure a force."
    )
    assert window_around(notes, 0, 0, 100).text == (
        "A **force** is a push or a pull that one body exerts on another body."
    )


def test_wanted_sentences_stay_whole_where_they_are_too_long(materials):
    assert window_around(materials["02-forces.md"], 0, 1, 50).last == 1


def test_a_spoken_window_is_cited_by_the_start_of_its_first_cue(materials):
    window = window_around(materials["01-motion.srt"], 9, 9, 160)
    assert (window.start, window.end, window.cited) == (90.0, 108.0, "[Lecture 1 01:30]")


def test_a_tile_ends_before_a_table_or_a_formula_and_not_inside(build):
    row = "| a cart | 2 kg | 3 m/s |"
    said = "Two carts meet on a level track and stick together afterwards."
    text = "\n".join(
        [said, said, "The momentum is kept:", "$$m v = M V$$", row, row.replace("cart", "box"), row]
    )
    (material,) = read_materials([build["notes"]("01-a", "Carts", [("Meeting", text)])])
    texts = [window.text for window in tile(material, 150)]
    assert [text.split("\n")[0] for text in texts] == [said, "The momentum is kept:"]
    assert texts[1].count("|") == 12


def test_tiles_do_not_overlap_and_keep_to_the_limit(materials):
    windows = tile(materials["01-motion.srt"], 160)
    assert all(80 <= passage_size(window.text) <= 160 for window in windows)
    assert all(left.last < right.first for left, right in pairwise(windows))


def test_sentences_inside_one_tile_have_the_same_window(materials):
    spoken = materials["01-motion.srt"]
    (first, *_) = tile(spoken, 160)
    assert first.last > first.first
    assert window_over(spoken, first.first, first.first, 160) == first == window_over(spoken, 0, 0, 160)
    across = window_over(spoken, first.last, first.last + 1, 160)
    assert across == window_around(spoken, first.last, first.last + 1, 160)  # no tile holds both


def test_a_quote_is_found_whatever_its_white_space(materials):
    quote = "That makes nine metres per second squared,\nmore than any sports car.\nThe taxi meter"
    assert find_quote(materials["01-motion.srt"], quote, 0.6) == (10, 11)


def test_a_quote_that_cleaning_changed_is_found_by_its_3_grams(materials):
    quote = "A cheetah reaches 27 metres per second in only three seconds."
    assert find_quote(materials["01-motion.srt"], quote, 0.6) == (9, 9)
    assert find_quote(materials["01-motion.srt"], "Something else was said by somebody.", 0.6) is None


def test_the_best_run_is_as_short_as_the_answer_allows(materials):
    first, last, share = best_run(
        materials["01-motion.srt"], "a cheetah reaches twenty-seven metres per second"
    )
    assert (first, last) == (9, 9)
    assert share > 0.9


def test_a_time_keeps_the_search_near_it(materials):
    found = best_run(materials["01-motion.srt"], "A cheetah reaches twenty-seven metres", near=0.0)
    assert found is None or found[0] <= 6


def test_near_distractors_come_from_other_lectures_and_hold_no_answer(course):
    pool = PassagePool([w for m in read_materials(course) for w in tile(m, 160)], 160)
    answer = "Friction is the force between two surfaces that opposes their sliding."
    windows = pool.near("What is friction, the force?", {"03-energy"}, answer, answer, 2)
    assert len({window.material.lecture for window in windows}) == 2
    assert all(window.material.lecture != "03-energy" for window in windows)
    assert all("opposes their sliding" not in window.text for window in windows)


def test_passages_to_be_taken_first_come_before_nearer_ones(course):
    windows = [w for m in read_materials(course) for w in tile(m, 160)]
    pool = PassagePool(windows, 160)
    question = "What is friction, the force?"
    nearest = pool.near(question, set(), "x", "", 2)
    other = next(w for w in windows if w not in nearest and w.material.lecture == "01-motion")
    assert pool.near(question, set(), "x", "", 2, {other.key})[0] == other


def test_random_passages_are_drawn_by_the_seed(course):
    pool = PassagePool([w for m in read_materials(course) for w in tile(m, 160)], 160)
    drawn = [pool.random(Random(seed), {"01-motion"}, ["zebra"], 0.5, 3) for seed in (1, 1, 2)]
    assert drawn[0] == drawn[1] != drawn[2]
    assert all(window.material.lecture != "01-motion" for window in drawn[0])


def test_an_empty_pool_gives_none():
    pool = PassagePool([], 160)
    assert pool.near("什么是力？", set(), "力", "", 2) == []
    assert pool.random(Random(1), set(), ["力"], 0.5, 2) == []
