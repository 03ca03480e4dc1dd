"""The stage from clean documents to splits, on a small course and through the tables of `records`."""

import json
from collections import Counter
from pathlib import Path

import pyarrow as pa
import pytest

from ta_pipeline.params import ComposeParams
from ta_pipeline.pipelines.compose import nodes
from ta_pipeline.records import CHUNK, DOCUMENT, DROPPED, EXAMPLE, PREFERENCE, QUESTION

NO = Path("no/such/folder")
TOPICS = {
    "01-motion": ["Displacement", "Speed", "Velocity", "Acceleration"],
    "02-forces": ["Friction", "Tension", "Weight", "Inertia"],
    "03-energy": ["Work", "Power", "Heat", "Efficiency"],
    "04-fluids": ["Pressure", "Buoyancy", "Viscosity", "Density"],
}


def document(name, lecture, kind, segments, meta=None):
    rows = [
        {"heading": "", "page": None, "line": 1, "start": None, "end": None, "speaker": None} | s
        for s in segments
    ]
    return {
        "id": name, "course": "demo", "origin": "course", "source": name, "kind": kind, "lecture": lecture,
        "title": f"Lecture {int(lecture[:2])}: {lecture[3:].title()}", "language": "en", "segments": rows,
        "meta": json.dumps(meta or {}),
    }  # fmt: skip


def sentence(topic):
    low = topic.lower()
    return f"{topic} is the quantity that measures how {low} changes in the {low[::-1]} test."


@pytest.fixture
def clean_documents():
    rows = []
    for lecture, topics in TOPICS.items():
        title = f"Lecture {int(lecture[:2])}: {lecture[3:].title()}"
        segments = [
            {"text": f"**{t}** {sentence(t)[len(t) + 1:]} Engineers like it for reasons of {t[::-1]} alone.",
             "heading": f"{title} > {n}. {t}"}
            for n, t in enumerate(topics, start=1)
        ]  # fmt: skip
        rows.append(document(f"{lecture}.md", lecture, "text", segments))
        for topic in topics:
            turns = [
                {"text": f"Tell me about {topic.lower()}, please?", "speaker": "user"},
                {"text": sentence(topic), "speaker": "assistant"},
            ]
            rows.append(document(f"faq.csv#{topic}", lecture, "dialogue", turns, {"lecture": lecture}))
    return pa.Table.from_pylist(rows, schema=DOCUMENT)


@pytest.fixture
def compose():
    return ComposeParams(
        held_out=["04-*"],
        chunk={"min_tokens": 20, "max_tokens": 120, "overlap_tokens": 5},
        passages={"chars": 200, "distractors": 2},
        templates=["answer", "summarise", "format"],
        rows_per_chunk=1,
        refusal_share=0.5,
        replay_share=0.0,
        max_question_similarity=0.6,
        max_reference_similarity=0.8,
        split={"validation_share": 0.1, "test_share": 0.1},
        preferences=9,
        questions_per_lecture=3,
    )


@pytest.fixture
def benchmark_files(tmp_path):
    row = {
        "id": "b1", "course": "demo", "kind": "fact", "language": "en", "lecture": "01-motion",
        "question": "tell me about speed, please!", "reference": "It is a quantity. [Lecture 1]",
        "source": {"path": "01-motion.md", "quote": "how speed changes in the deeps test."},
    }  # fmt: skip
    (tmp_path / "benchmark.jsonl").write_text(json.dumps(row), encoding="utf-8")
    return tmp_path


@pytest.fixture
def stage(clean_documents, compose, benchmark_files, tiny_model):
    chunks = nodes.chunk_documents(clean_documents, tiny_model, compose)
    questions = nodes.prepare_questions(NO, NO, benchmark_files, clean_documents, "demo", compose, 7)
    taught, asked = nodes.ask_teacher_for_questions(clean_documents, chunks, compose, 7)
    assert taught.num_rows == asked.num_rows == 0
    candidates = nodes.compose_examples(clean_documents, chunks, compose, 7, taught)
    pairs = nodes.compose_preferences(candidates, clean_documents, compose, 7)
    scores = nodes.score_preferences(pairs, compose, 7)
    kept = nodes.split_without_leaks(candidates, pairs, questions, compose, 7, scores)
    report = nodes.report_composing(clean_documents, chunks, candidates, pairs, *kept, questions)
    return chunks, questions, candidates, pairs, *kept, report


def test_every_table_has_its_schema(stage):
    schemas = [CHUNK, QUESTION, EXAMPLE, PREFERENCE, EXAMPLE, PREFERENCE, DROPPED]
    assert [table.schema for table in stage[:-1]] == schemas


def test_chunks_are_measured_by_the_model_s_tokenizer(stage, tokenizer):
    for chunk in stage[0].to_pylist():
        assert chunk["tokens"] == len(tokenizer(chunk["text"], add_special_tokens=False)["input_ids"])
        assert chunk["tokens"] <= 120


def test_the_exam_question_is_learned_nowhere(stage):
    *_, examples, preferences, dropped, _ = stage
    told = str(
        [row["messages"] for row in examples.to_pylist()] + [row["prompt"] for row in preferences.to_pylist()]
    )
    assert "Question: Tell me about speed, please?" not in told
    assert "Question: Tell me about friction, please?" in told
    assert {row["reason"] for row in dropped.to_pylist()} == {"benchmark_question"}


def test_the_report_accounts_for_every_candidate(stage):
    _, _, candidates, pairs, examples, preferences, dropped, report = stage
    assert report["in"] == candidates.num_rows + pairs.num_rows
    assert report["kept"] == examples.num_rows + preferences.num_rows
    assert report["dropped"] == dropped.num_rows > 0
    assert sum(sum(tasks.values()) for tasks in report["examples"].values()) == examples.num_rows
    assert report["rules"] == dict(sorted(Counter(examples["rule"].to_pylist()).items()))


def test_a_second_run_gives_the_same_bytes(stage, clean_documents, compose):
    again = nodes.compose_examples(clean_documents, stage[0], compose, 7, EXAMPLE.empty_table())
    assert again.equals(stage[2])
    assert nodes.compose_preferences(again, clean_documents, compose, 7).equals(stage[3])


def test_a_capability_file_of_the_user_s_own_adds_its_rows_and_changes_no_other(
    stage, clean_documents, compose
):
    turns = [{"text": "g on the Moon?", "speaker": "user"}, {"text": "1.6 m/s²", "speaker": "assistant"}]
    own = document("processed/tool_sft.jsonl", "01-motion", "dialogue", turns, {"tools": []})
    documents = pa.Table.from_pylist([*clean_documents.to_pylist(), own], schema=DOCUMENT)
    nothing = EXAMPLE.empty_table()
    before = nodes.compose_examples(clean_documents, stage[0], compose, 7, nothing).to_pylist()
    after = nodes.compose_examples(documents, stage[0], compose, 7, nothing).to_pylist()
    (added,) = [row for row in after if row not in before]
    assert (added["task"], added["rule"], len(after)) == ("tool", "processed:tool", len(before) + 1)


def test_every_training_row_and_every_question_is_written_by_capability(stage):
    chunks, questions, *_, examples, _, _, _ = stage
    *files, exam = nodes.write_capability_files(examples, chunks, questions, "demo")
    written = [json.loads(line)["meta"]["id"] for text in files for line in text.splitlines()]
    trained = [row["id"] for row in examples.to_pylist() if row["split"] == "train"]
    assert sorted(written) == sorted(trained)
    assert [json.loads(line)["id"] for line in exam.splitlines()] == questions["id"].to_pylist()
