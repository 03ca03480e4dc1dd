"""Rows by rule: only sentences that stand alone are asked for, and formats are kept to the letter."""

import json
from random import Random

import pytest

from ta_pipeline.composing.contexts import Contexts
from ta_pipeline.composing.passages import read_materials
from ta_pipeline.composing.templates import (
    WIDE,
    TemplateShape,
    _asked_rows,
    definitions,
    how_tos,
    leads,
    made_from,
    meaning_of,
    plain,
    template_rows,
    topic_of,
)


def material(build, *sections, language="en"):
    return read_materials([build["notes"]("09-x", "Lecture 9: X", sections, language)])[0]


def test_plain_text_loses_emphasis_and_links_but_no_formula():
    assert plain("- **Work** is [force](a.md) *times* $a*b*c$ or\n`x * y`.") == (
        "Work is force times $a*b*c$ or `x * y`."
    )


@pytest.mark.parametrize(
    ("language", "text", "term"),
    [
        ("en", "The **centre of mass** is the mean position of all parts.", "the centre of mass"),
        ("en", "**Weight** (重力) is the gravitational force on a body.", "weight"),
        ("en", "**Newton's first law** states that bodies keep their velocity.", "Newton's first law"),
        ("en", "`data.shape` is an attribute that describes the dimensions.", "`data.shape`"),
        ("en", "A variable is a name for a value in the memory.", "a variable"),
        ("zh", "**位移**是从初位置指向末位置的有向线段，是矢量。", "位移"),
        ("zh", "惯性是指物体保持原有运动状态不变的性质和倾向。", "惯性"),
    ],
)
def test_definitions_are_known_by_their_form(build, language, text, term):
    assert [item.term for item in definitions(material(build, ("1. A", text), language=language))] == [term]


@pytest.mark.parametrize(
    "text",
    [
        "It is the gravitational force that acts on a body.",
        "**Weight** is the force given by the table above:",
        "**Weight** is short.",
        "**Weight** is the force on <NAME_1> at the blackboard.",
        "The **weight** of a body is the gravitational force on it.",
        "Because work is a scalar, the contributions are added as numbers.",
        "Mass is the same everywhere, whereas weight changes with the place.",
    ],
)
def test_what_leans_on_its_surroundings_defines_nothing(build, text):
    assert definitions(material(build, ("1. A", text))) == []


def test_goals_become_how_questions(build):
    rules = material(build, ("A", "To create a string, we add quotes around some text."))
    assert [goal for goal, _, _ in how_tos(rules)] == ["create a string"]
    vague = material(build, ("A", "To make this work, we need to know about arguments."))
    assert how_tos(vague) == []
    condition = material(build, ("A", "要是最高点的速度真是零，它就直直地掉下来了。"), language="zh")
    assert how_tos(condition) == []


def test_the_meaning_of_a_term_is_what_comes_after_is_without_its_marks(build):
    (item,) = definitions(
        material(build, ("A", "**功能原理**是：外力做的总功等于机械能的变化量。"), language="zh")
    )
    assert meaning_of(item) == "外力做的总功等于机械能的变化量"


def test_two_sentences_on_one_term_are_no_two_questions(build):
    told = material(
        build, ("A", "**Work** is force times the way along it. Work is a scalar and measured in joules.")
    )
    assert [made for made in made_from(told, 7) if made.family == "make_questions"] == []


def test_a_section_is_led_by_its_first_sentence_that_stands_alone(build):
    found = leads(
        material(build, ("2. Power", "This is easy. Power tells how fast work is done by a machine."))
    )
    assert found == [("Power", "Power tells how fast work is done by a machine.", 1)]


@pytest.mark.parametrize(
    ("heading", "topic"),
    [("Lecture 9 > 3.1 Free fall", "Free fall"), ("第3讲 > 二、平抛运动", "平抛运动"), ("第3讲 抛体运动", ""),
     ("X > Worked example: a car", "")],
)  # fmt: skip
def test_topics_are_headings_without_their_numbers(heading, topic):
    assert topic_of(heading) == topic


def test_exercises_and_their_solutions_are_not_asked_about(build):
    exercise = material(
        build,
        ("Check yourself", "**Torque** is the turning effect of a force about an axis."),
        ("Solution", "**Moment** is another name of the turning effect of a force."),
    )
    assert made_from(exercise, 7) == []


def test_a_bullet_list_is_asked_for_point_by_point(build):
    listed = material(
        build, ("3. Steps", "Do these:\n- choose the body and draw it;\n- write down all the forces.")
    )
    (row,) = [made for made in made_from(listed, 7) if made.family == "extract"]
    assert row.answer == "- choose the body and draw it\n- write down all the forces"
    assert " 2 " in row.question and "Steps" in row.question


def test_a_list_is_about_what_announces_it_and_not_about_its_section(build):
    told = "Torque turns a body. What students often get wrong with torque:\n- the arm is measured along the rod;\n"
    listed = material(build, ("3. Torque", told + "- the sign of a torque is left out."))
    (row,) = [made for made in made_from(listed, 7) if made.family == "extract"]
    assert '"What students often get wrong with torque"' in row.question
    silent = material(build, ("3. Torque", told.replace(" What students often get wrong with torque:", "")))
    assert [made for made in made_from(silent, 7) if made.family == "extract"] == []


def test_a_section_is_summed_up_by_a_sentence_that_names_it(build):
    named = "The moment of inertia of a body tells how hard it is to turn."
    sections = [
        ("2. Moment of inertia", named),
        ("3. Rolling", "A ring needs twice the energy of a disc here."),
    ]
    rows = made_from(material(build, *sections), 7)
    assert [row.answer for row in rows if row.family == "summarise"] == [named]


@pytest.mark.parametrize(
    ("sentence", "bare"),
    [
        ("刚体的**角动量**是矢量。", "刚体的角动量是矢量。"),
        ("so a*b*c stays", "so a*b*c stays"),
        ("![a box](fig/box.png) A box slides.", " A box slides.".strip()),
    ],
)
def test_bold_type_and_images_are_taken_off(sentence, bare):
    assert plain(sentence) == bare


def test_pointing_out_is_no_definition(build):
    text = "**平行轴定理**指出，刚体对某轴的转动惯量等于两项之和，质心项在内。"
    assert definitions(material(build, ("一、定理", text), language="zh")) == []


def test_json_answers_have_the_asked_keys(course):
    (words,) = [m for m in read_materials(course) if m.source == "01-motion.md"]
    rows = [made for made in made_from(words, 7) if made.family == "format"]
    assert rows
    for row in rows:
        assert all(f'"{key}"' in row.question for key in json.loads(row.answer))


def test_a_cue_is_asked_for_where_it_was_said(course):
    (speech,) = [m for m in read_materials(course) if m.source == "01-motion.srt"]
    rows = [made for made in made_from(speech, 7) if made.family == "locate"]
    assert "A cheetah reaches twenty-seven metres per second in only three seconds" in " ".join(
        row.question for row in rows
    )
    assert all(row.first >= 8 for row in rows)  # nobody looks for the welcome


def grounded_of(course):
    from ta_pipeline.composing.dialogues import read_dialogues

    return read_dialogues(course, read_materials(course), {"04-fluids"}, 160)[0]


def test_course_questions_are_asked_again_with_a_demand_they_meet(course):
    for item in grounded_of(course):
        for seed in range(6):
            for row in _asked_rows(item, Random(seed)):
                if "JSON" in row.question:
                    assert len(json.loads(row.answer)) == 2
                elif "characters" in row.question:
                    limit = int("".join(c for c in row.question if c.isdigit()))
                    assert len(row.answer) <= limit < len(row.answer) + 10


@pytest.fixture
def rows(course, compose, chunks):
    materials = [m for m in read_materials(course) if m.lecture != "04-fluids"]
    contexts = {"en": Contexts(materials, [], 160, 2)}
    shape = TemplateShape(compose.templates, 2, 160, 7)
    return template_rows(materials, grounded_of(course), contexts, chunks, shape)


def test_a_chunk_gives_at_most_its_rows_of_different_families(rows, chunks):
    first = {}
    for row in rows:
        assert row["chunk_ids"]
        first.setdefault(row["chunk_ids"][0], []).append(row["rule"])
    assert rows and all(len(rules) <= 4 for rules in first.values())
    assert len({row["rule"] for row in rows}) >= 3


def test_answers_cite_and_formats_do_not(rows):
    for row in rows:
        answer = row["messages"][-1]["content"]
        cites = row["rule"] in ("template:answer", "template:locate", "template:summarise")
        assert answer.startswith("[") == cites, (row["rule"], answer)
        assert row["task"] == (
            "rag" if row["rule"].split(":")[1] in ("answer", "locate", "extract") else "style"
        )


def test_only_the_families_asked_for_are_made(course, chunks):
    materials = read_materials(course)
    contexts = {"en": Contexts(materials, [], 160, 2)}
    rows = template_rows(materials, [], contexts, chunks, TemplateShape(["summarise"], 1, 160, 7))
    assert {row["rule"] for row in rows} == {"template:summarise"}


def test_where_nobody_asked_anything_a_later_sentence_may_lead(build):
    told = "Bodies differ in this. They do so much. That is old. The inertia of a body tells how hard it is to turn."
    spread = material(build, ("2. Moment of inertia", told))
    assert leads(spread) == []
    assert [place for _, _, place in leads(spread, WIDE)] == [3]
