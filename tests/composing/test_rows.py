"""What counts as the citation of an answer."""

import pytest

from ta_pipeline.composing.rows import without_citation


@pytest.mark.parametrize(
    ("answer", "bare"),
    [
        ("[Lecture 4 05:12] It is inertia.", "It is inertia."),
        ("It is inertia. [Lecture 4 05:12]", "It is inertia."),
        ("[第3讲] 水平方向匀速。", "水平方向匀速。"),
        ("[Lecture 4] It grows on [a, b]", "It grows on [a, b]"),  # one citation, and it stands in front
        ('["solid", "liquid"]', '["solid", "liquid"]'),
        ("The speed is constant on [0, 5]", "The speed is constant on [0, 5]"),
        ("It is inertia.", "It is inertia."),
    ],
)
def test_a_citation_is_taken_off_and_nothing_else(answer, bare):
    assert without_citation(answer) == bare


def test_the_gold_passage_keeps_one_other_beside_it_in_their_order(course):
    from ta_pipeline.composing.passages import Window, read_materials
    from ta_pipeline.composing.rows import with_one_other

    one, two, gold = [Window(material, 0, 0) for material in read_materials(course)[:3]]
    assert with_one_other([one, gold, two], gold) == [one, gold]
    assert with_one_other([gold, two, one], gold) == [gold, two]
    assert with_one_other([gold], gold) == [gold]
