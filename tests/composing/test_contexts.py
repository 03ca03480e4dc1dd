"""Questions on one passage share their context, unless it would give one of them away."""

from random import Random

import pytest

from ta_pipeline.composing.contexts import Contexts, lay_out, tells
from ta_pipeline.composing.passages import PassagePool, Window, read_materials


@pytest.fixture
def materials(course):
    return read_materials(course)


@pytest.fixture
def gold(materials):
    (notes,) = [m for m in materials if m.source == "02-forces.md"]
    return Window(notes, 0, 1)


def draws_all(seed=0):
    """A source of chance that shows every passage."""
    rng = Random(seed)
    rng.random = lambda: 0.0
    return rng


def test_a_passage_stands_alone_with_one_fewer_or_with_all(materials, gold):
    others = [Window(m, 0, 0) for m in materials if m.lecture in ("01-motion", "03-energy")][:2]
    sizes = [len(lay_out(gold, others, Random(seed))) for seed in range(300)]
    assert sorted(set(sizes)) == [1, 2, 3]
    assert 60 < sizes.count(3) < 130 and 30 < sizes.count(2) < 95  # three and two tenths
    assert all(gold in lay_out(gold, others, Random(seed)) for seed in range(20))


def test_the_second_question_on_a_passage_is_asked_over_the_same_ones(materials, gold):
    contexts = Contexts(PassagePool(materials, "en", 160), 2)
    first = contexts.over(gold, "What is a force?", "A push or a pull.", "", draws_all())
    second = contexts.over(gold, "Name the unit.", "The newton.", "", Random(5))
    assert second is first and len(first) == 3
    assert contexts.all() == [first]


def test_a_context_that_holds_the_second_answer_is_not_used_for_it(materials, gold):
    contexts = Contexts(PassagePool(materials, "en", 160), 2)
    first = contexts.over(gold, "What is a force?", "A push or a pull.", "", draws_all())
    (told, *_) = [window for window in first if window.key != gold.key]
    second = contexts.over(gold, "And?", told.text, "", draws_all())
    assert told.key not in {window.key for window in second}
    assert contexts.all() == [first]


def test_a_passage_tells_what_it_holds(gold):
    assert tells([gold], ["A push or a pull that one body exerts"], 0.9)
    assert not tells([gold], ["Sourdough rises overnight", "Ships float"], 0.4)
