"""One graph over all that is learned and all that is asked: no cluster lies on two sides."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ta_pipeline.composing import leaks
from ta_pipeline.composing.leaks import Cluster, Limits, Said, check_leaks, clusters, near_pairs
from ta_pipeline.composing.similarity import normalise
from ta_pipeline.records import InputError

LIMITS = Limits(question=0.6, reference=0.8, same_question=0.8)


def said(name, side, text, role="question"):
    return Said(id=name, side=side, role=role, text=text)


def naive(left, right):
    def grams(text):
        bare = normalise(text)
        return {bare[i : i + 3] for i in range(max(1, len(bare) - 2))} - {""}

    left, right = grams(left), grams(right)
    return len(left & right) / len(left | right) if left | right else 0.0


@given(st.lists(st.text("abc 什么力", max_size=12), max_size=12), st.sampled_from([0.3, 0.6, 0.8, 1.0]))
def test_the_pairs_are_those_of_comparing_everything(texts, floor):
    expected = {
        (i, j): naive(one, other)
        for i, one in enumerate(texts)
        for j, other in enumerate(texts)
        if naive(one, other) >= floor
    }
    found = {(i, j): similarity for i, j, similarity in near_pairs(texts, texts, floor)}
    assert found == pytest.approx(expected)


def test_comparing_few_at_a_time_changes_nothing(monkeypatch):
    texts = ["what is inertia", "what is inertia?", "why", "what is inertia now"]
    whole = list(near_pairs(texts, texts, 0.6))
    monkeypatch.setattr(leaks, "_CELLS", 1)
    assert list(near_pairs(texts, texts, 0.6)) == whole
    assert len(whole) > 4


def test_near_questions_of_one_side_are_one_cluster_and_the_rest_stand_alone():
    rows = [
        said("b", "train", "What is inertia?"),
        said("a", "train", "What is inertia"),
        said("c", "validation", "Why do skates glide so far on ice?"),
        said("d", "benchmark", "什么是惯性？"),
    ]
    assert clusters(rows, LIMITS) == [
        Cluster(("a", "b"), ("train",)),
        Cluster(("c",), ("validation",)),
        Cluster(("d",), ("benchmark",)),
    ]
    assert check_leaks(rows, LIMITS) == clusters(rows, LIMITS)


@pytest.mark.parametrize("side", ["train", "validation", "test"])
def test_a_benchmark_question_that_is_learned_stops_the_run_with_both_ids(side):
    rows = [
        said("q7", "benchmark", "What is the moment of inertia?"),
        said("r3", side, "What is moment of inertia"),
    ]
    with pytest.raises(InputError) as error:
        check_leaks(rows, LIMITS)
    assert "q7" in str(error.value) and "r3" in str(error.value) and "\n" not in str(error.value)


def test_a_question_in_validation_must_not_be_one_of_training():
    rows = [said("t", "train", "Why do skates glide?"), said("v", "validation", "why do skates glide")]
    with pytest.raises(InputError, match="question of train row t and of validation row v"):
        check_leaks(rows, LIMITS)


def test_questions_of_two_sides_that_are_only_alike_are_no_leak_unless_one_is_of_the_benchmark():
    pair = "What is the speed of the ball at the end?", "What is the speed of the ball at the start?"
    assert 0.6 <= naive(*pair) < 0.8
    check_leaks([said("t", "train", pair[0]), said("v", "validation", pair[1])], LIMITS)
    with pytest.raises(InputError):
        check_leaks([said("t", "train", pair[0]), said("q", "benchmark", pair[1])], LIMITS)


def test_chosen_and_rejected_answers_are_held_against_the_references():
    reference = said("q1", "benchmark", "Inertia is the tendency of a body to keep its velocity.", "answer")
    rejected = said("pair", "train", "Inertia is the tendency of a body to keep its velocity!", "answer")
    with pytest.raises(InputError, match="answer of benchmark row q1 and of train row pair"):
        check_leaks([reference, rejected], LIMITS)


def test_answers_worded_alike_on_two_sides_of_what_is_learned_are_no_leak():
    refusal = "The passages of this lecture do not say anything about that."
    rows = [said("t", "train", refusal, "answer"), said("v", "validation", refusal, "answer")]
    assert [cluster.ids for cluster in check_leaks(rows, LIMITS)] == [("t",), ("v",)]


def test_lecture_text_as_context_is_allowed_on_every_side():
    lecture = "Friction opposes the sliding of two surfaces on each other."
    rows = [
        said("t", "train", lecture, "context"),
        said("q", "benchmark", lecture, "context"),
        said("q", "benchmark", "What does friction do?"),
    ]
    check_leaks(rows, LIMITS)


def test_a_row_with_several_turns_is_one_node():
    rows = [
        said("t", "train", "What is a newton?"),
        said("t", "train", "And how large is a kilonewton?"),
        said("u", "train", "And how large is a kilonewton"),
    ]
    assert [cluster.ids for cluster in clusters(rows, LIMITS)] == [("t", "u")]


def test_a_row_on_two_sides_is_refused():
    rows = [said("t", "train", "What is a newton?"), said("t", "test", "How heavy is a train?")]
    with pytest.raises(InputError, match="row t lies on two sides, test and train"):
        check_leaks(rows, LIMITS)


def test_the_clusters_do_not_depend_on_the_order_of_the_rows():
    rng = random.Random(4)
    words = [
        "what",
        "why",
        "how",
        "is",
        "force",
        "mass",
        "inertia",
        "of",
        "the",
        "a",
        "body",
        "work",
        "power",
        "energy",
    ]
    rows = [said(f"{n:03}", "train", " ".join(rng.choices(words, k=2))) for n in range(200)]
    shuffled = rng.sample(rows, len(rows))
    assert clusters(rows, LIMITS) == clusters(shuffled, LIMITS)
    assert any(len(cluster.ids) > 1 for cluster in clusters(rows, LIMITS))
