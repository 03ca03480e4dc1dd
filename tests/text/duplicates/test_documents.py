"""Which documents are compared with which, and what the ones that stay tell of their copies."""

import json

import pytest

from ta_pipeline.text.duplicates.documents import find_document_copies, survivors

ASKED = ("Is the answer given in the text?", "Yes, it says so in the second sentence of the text.")


@pytest.fixture
def dialogue(make_document):
    def make(number, *turns, **meta):
        return make_document(
            *turns, kind="dialogue", source="set.json", id=f"id{number}", meta=json.dumps(meta)
        )

    return make


@pytest.fixture
def dropped(clean_params):
    def drop(*documents):
        copies, _ = find_document_copies(documents, clean_params.dedup, None)
        return {documents[n]["id"]: documents[copy.kept]["id"] for n, copy in copies.items()}

    return drop


@pytest.mark.parametrize("field", ["passage", "image", "tools"])
def test_a_question_about_something_else_is_no_copy_and_about_the_same_is_one(dialogue, dropped, field):
    rows = [
        dialogue(n, *ASKED, **{field: about}) for n, about in enumerate(["A lake.", "A hill.", "A lake."])
    ]
    assert dropped(*rows) == {"id2": "id0"}
    assert dropped(rows[0], dialogue(3, *ASKED)) == {}


def test_near_copies_about_one_passage_are_found(dialogue, dropped):
    long = "The net force on a body is its mass times its acceleration, as the second law of motion says."
    rows = [dialogue(1, "What?", long, passage="P"), dialogue(2, "What?", f"{long} Yes.", passage="P")]
    assert dropped(*rows) == {"id2": "id1"}


def test_pairs_with_other_rejected_answers_both_stay(dialogue, dropped):
    rows = [
        dialogue(1, *ASKED, rejected="No, that is nowhere to be found."),
        dialogue(2, *ASKED, rejected="Perhaps it is, and perhaps it is not; who could tell?"),
        dialogue(3, *ASKED, rejected="No, that is nowhere to be found."),
    ]
    assert dropped(*rows) == {"id3": "id1"}


def test_a_pair_is_no_copy_of_a_conversation_with_its_chosen_answer(dialogue, dropped):
    assert dropped(dialogue(1, *ASKED), dialogue(2, *ASKED, rejected="No.")) == {}


def test_what_stays_names_all_its_copies_and_the_others_are_as_they_were(dialogue, clean_params):
    rows = [dialogue(n, *ASKED, lecture="01") for n in range(3)] + [dialogue(3, "What is it?", "A law.")]
    copies, _ = find_document_copies(rows, clean_params.dedup, None)
    kept = survivors(rows, copies)
    assert kept[1] == rows[3]
    assert json.loads(kept[0]["meta"]) == {
        "lecture": "01",
        "copies": [
            {"id": "id1", "source": "set.json", "similarity": 1.0},
            {"id": "id2", "source": "set.json", "similarity": 1.0},
        ],
    }
