"""Questions on one passage share their context, unless it would give one of them away."""

from random import Random

import pytest

from ta_pipeline.composing.contexts import Contexts, lay_out
from ta_pipeline.composing.passages import Window, read_materials


@pytest.fixture
def materials(course):
    return read_materials(course)


@pytest.fixture
def gold(materials):
    (notes,) = [m for m in materials if m.source == "02-forces.md"]
    return Window(notes, 0, 1)


def test_the_right_passage_stands_at_any_place_among_its_distractors(materials, gold):
    others = [Window(m, 0, 0) for m in materials if m.lecture in ("01-motion", "03-energy")][:2]
    places = [lay_out(gold, others, Random(seed)).index(gold) for seed in range(300)]
    assert sorted(set(places)) == [0, 1, 2] and min(places.count(p) for p in (0, 1, 2)) > 60
    assert all(set(lay_out(gold, others, Random(seed))) == {gold, *others} for seed in range(20))


def test_the_second_question_on_a_passage_is_asked_over_the_same_ones(materials, gold):
    contexts = Contexts(materials, [gold], 160, 2)
    first = contexts.over(gold, "What is a force?", "A push or a pull.", "", Random(0))
    second = contexts.over(gold, "Name the unit.", "The newton.", "", Random(5))
    assert second is first and len(first) == 3


def test_a_passage_taken_as_company_has_its_own_questions_there(materials, gold):
    contexts = Contexts(materials, [gold], 160, 2)
    first = contexts.over(gold, "What is a force?", "A push or a pull.", "", Random(0))
    for window in first:
        assert contexts.over(window, "Which?", "Nothing like it.", "", Random(1)) is first


def test_a_context_that_holds_the_second_answer_is_not_used_for_it(materials, gold):
    contexts = Contexts(materials, [gold], 160, 2)
    first = contexts.over(gold, "What is a force?", "A push or a pull.", "", Random(0))
    (told, *_) = [window for window in first if window.key != gold.key]
    second = contexts.over(gold, "And?", told.text, "", Random(0))
    assert told.key not in {window.key for window in second}


def test_a_refused_question_is_asked_where_others_are_answered_each_context_in_turn(materials, gold):
    by_source = {m.source: m for m in materials}
    contexts = Contexts(materials, [], 160, 0)  # each passage stands alone
    for window in (gold, Window(by_source["01-motion.md"], 0, 0), Window(by_source["03-energy.md"], 0, 0)):
        contexts.over(window, "Which?", "Nothing like it.", "", Random(0))
    taken = [contexts.without_answer(["Zzz zzz"], 0.35, Random(0)) for _ in range(4)]
    assert [window.material.source for (window,) in taken] == [
        "02-forces.md", "01-motion.md", "03-energy.md", "02-forces.md",
    ]  # fmt: skip


def test_a_refused_question_is_not_asked_where_it_is_answered_or_over_its_own_lecture(materials, gold):
    contexts = Contexts(materials, [], 160, 0)
    contexts.over(gold, "Which?", "Nothing like it.", "", Random(0))
    (told,) = contexts.without_answer(["A push or a pull that one body exerts"], 0.35, Random(0))
    (own,) = contexts.without_answer(["Zzz zzz"], 0.35, Random(0), gold.material.lecture)
    assert told.key != gold.key and own.material.lecture != gold.material.lecture
    assert Contexts([], [], 160, 2).without_answer(["Zzz"], 0.35, Random(0)) == ()


def test_the_company_are_passages_that_answer_other_questions_and_stand_nowhere_yet(materials, gold):
    by_source = {m.source: m for m in materials}
    motion, energy = Window(by_source["01-motion.md"], 0, 0), Window(by_source["03-energy.md"], 0, 0)
    second = Window(by_source["02-forces.md"], 2, 2)
    contexts = Contexts(materials, [gold, second, motion, energy], 160, 2)
    first = contexts.over(gold, "What is a force?", "Nothing like it.", "", Random(0))
    assert {window.key for window in first} == {gold.key, motion.key, energy.key}
    other = contexts.over(second, "And then?", "Nothing like it.", "", Random(0))  # no gold passage is free
    assert len(other) == 3 and not {motion.key, energy.key} & {window.key for window in other}
