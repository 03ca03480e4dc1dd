"""The bundled course through ingest, clean and compose: the exam is nowhere in what is learned.

Measured here by plain sets of 3-grams, not by the code under test.
"""

from pathlib import Path

import pyarrow as pa
import pytest
import yaml

from ta_pipeline.params import CleanParams, ComposeParams, IngestParams, SourcesParams

ROOT = Path(__file__).parents[3]
COURSE = ROOT / "data/01_raw/courses/mechanics"
HELD_OUT = ("13-", "14-")


def parameters(stage, model):
    text = (ROOT / f"conf/base/parameters_{stage}.yml").read_text(encoding="utf-8")
    return model(**yaml.safe_load(text)[stage])


@pytest.fixture(scope="module")
def composed(tiny_model):
    from ta_pipeline.pipelines.clean import nodes as clean
    from ta_pipeline.pipelines.compose import nodes as compose
    from ta_pipeline.pipelines.ingest import nodes as ingest

    rules, params = parameters("clean", CleanParams), parameters("compose", ComposeParams)
    public = ROOT / "data/01_raw/public"
    settings, sets = parameters("ingest", IngestParams), parameters("sources", SourcesParams)
    documents, _ = ingest.read_sources(COURSE, public, "mechanics", settings, sets)
    documents, _ = clean.normalise_documents(documents, rules)
    documents, _ = clean.mask_personal_data(documents, rules)
    documents, _ = clean.filter_quality(documents, rules)
    documents, *_ = clean.drop_near_duplicates(documents, rules, pa.table({}))
    chunks = compose.chunk_documents(documents, tiny_model, params)
    questions = compose.prepare_questions(
        ROOT / "none", ROOT / "none", ROOT / "data/01_raw/benchmark", documents, "mechanics", params, 7
    )
    taught, _ = compose.ask_teacher_for_questions(documents, chunks, params, 7)
    candidates = compose.compose_examples(documents, chunks, params, 7, taught)
    pairs = compose.compose_preferences(candidates, documents, params, 7)
    scores = compose.score_preferences(pairs, params, 7)
    examples, preferences, _ = compose.split_without_leaks(candidates, pairs, questions, params, 7, scores)
    return documents.to_pylist(), questions.to_pylist(), examples.to_pylist(), preferences.to_pylist()


def grams(text):
    bare = "".join(character for character in text.lower() if character.isalnum())
    return {bare[i : i + 3] for i in range(max(1, len(bare) - 2))}


def nearest(texts, others):
    """Give the highest Jaccard similarity between any of the texts and any of the others."""
    rows, columns = (
        [grams(text) for text in sorted(set(texts))],
        [grams(text) for text in sorted(set(others))],
    )
    return max(len(row & column) / len(row | column) for row in rows for column in columns)


def bare(text):
    return text.rsplit("\n\nQuestion: ", 1)[-1].rsplit("\n\n问题：", 1)[-1]


def uncited(text):
    return text.partition("] ")[2] if text.startswith("[") and "] " in text else text


def test_no_exam_question_is_asked_in_training(composed):
    _, questions, examples, preferences = composed
    turns = [turn for row in examples for turn in row["messages"]] + [
        t for p in preferences for t in p["prompt"]
    ]
    asked = [bare(turn["content"]) for turn in turns if turn["role"] == "user"]
    assert nearest(asked, [question["question"] for question in questions]) < 0.6


def test_no_reference_is_learned(composed):
    _, questions, examples, preferences = composed
    said = [turn["content"] for row in examples for turn in row["messages"] if turn["role"] == "assistant"]
    said += [pair["chosen"] for pair in preferences]
    references = [question["reference"] for question in questions]
    assert nearest(said, references) < 0.8
    assert nearest(map(uncited, said), map(uncited, references)) < 0.8


def test_held_out_lectures_are_neither_shown_nor_taught(composed):
    documents, questions, examples, preferences = composed
    held = {row["id"]: row for row in documents if row["lecture"].startswith(HELD_OUT)}
    assert {row["document_id"] for row in examples} & set(held) == set()
    prompts = [turn["content"] for row in examples for turn in row["messages"]]
    prompts += [turn["content"] for pair in preferences for turn in pair["prompt"]]
    assert not [text for text in prompts if "[第13讲" in text or "[Lecture 14" in text]
    assert sum(question["held_out"] for question in questions) / len(questions) == 0.25


def test_every_answerable_question_shows_its_quote_once(composed):
    _, questions, _, _ = composed
    assert len(questions) >= 240
    for question in questions:
        shown = [p["text"] for p in question["passages"] if p["source"] == question["source"]]
        if question["kind"] != "refusal":
            wanted = grams(question["quote"])
            assert len(shown) == 1 and len(wanted & grams(shown[0])) / len(wanted) > 0.6, question["id"]
        assert len(question["passages"]) == 3
