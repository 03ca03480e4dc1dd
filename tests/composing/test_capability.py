"""Files by capability: written from what was composed, read back from a folder of the user's."""

import json
from pathlib import Path

import pyarrow as pa
import pytest
import yaml

from ta_pipeline.composing.benchmark import prepare_questions
from ta_pipeline.composing.capability import exam_folder, exam_lines, example_rows, part, training_lines
from ta_pipeline.composing.examples import compose_examples
from ta_pipeline.composing.rows import make_row
from ta_pipeline.params import IngestParams, SourcesParams
from ta_pipeline.records import DOCUMENT, EXAMPLE, QUESTION, InputError
from ta_pipeline.sources.collect import collect

ROOT = Path(__file__).resolve().parents[2]
TOOLS = [{"name": "look_up", "parameters": {"type": "object"}}]
TURNS = [
    {"role": "user", "content": "g on the Moon?"},
    {"role": "assistant", "content": '{"name": "look_up", "arguments": {"word": "g", "where": "月球"}}'},
    {"role": "tool", "content": "1.6"},
    {"role": "assistant", "content": "1.6 m/s²"},
]


def settings(name, model):
    file = ROOT / f"conf/base/parameters_{name}.yml"
    return model(**yaml.safe_load(file.read_text("utf-8"))[name])


def ingested(folder, public=None):
    """Documents and faults of a course folder, with a language as `clean` gives it."""
    ingest, sources = settings("ingest", IngestParams), settings("sources", SourcesParams)
    documents, quarantined = collect(folder, public or folder / "none", "demo", ingest, sources)
    assert documents.schema == DOCUMENT
    return [row | {"language": "en"} for row in documents.to_pylist()], quarantined.to_pylist()


def rows_of(text):
    return [json.loads(line) for line in text.splitlines()]


@pytest.fixture
def examples(course, chunks, compose):
    rows = [row | {"split": "train"} for row in compose_examples(course, chunks, compose, 7)]
    tool = make_row("tool", "replay", "en", "d", TURNS, origin="public:x", tools=json.dumps(TOOLS))
    return [*rows, tool | {"split": "train"}]


def put(folder, lines):
    (folder / "processed").mkdir(parents=True)
    (folder / "01.md").write_text("# Notes\n\nA body at rest stays at rest.\n", "utf-8")
    for name, text in lines.items():
        (folder / "processed" / f"{name}_sft.jsonl").write_text(text, "utf-8")
    return folder


def test_every_training_row_stands_in_the_file_of_its_capability(examples, chunks):
    held = make_row("qa", "faq", "en", "d", TURNS[:1] + TURNS[3:]) | {"split": "test"}
    found = {name: rows_of(text) for name, text in training_lines([*examples, held], chunks).items()}
    tasks = {name: {row["meta"]["task"] for row in rows} for name, rows in found.items()}
    assert tasks == {"tool": {"tool"}, "rag": {"rag", "refusal"}, "style": {"style", "qa"}}
    ids = [row["meta"]["id"] for rows in found.values() for row in rows]
    assert sorted(ids) == sorted(row["id"] for row in examples)


def test_a_rag_row_says_where_its_passage_stands(examples, chunks):
    rows = rows_of(training_lines(examples, chunks)["rag"])
    spoken = [row["meta"] for row in rows if row["meta"].get("timestamp")]
    assert spoken and {meta["source"] for meta in spoken} == {"01-motion.srt"}
    assert {meta["lecture"] for meta in spoken} == {"01-motion"}


def test_a_tool_row_has_calls_and_schemas_as_openai_writes_them(examples, chunks):
    (row,) = rows_of(training_lines(examples, chunks)["tool"])
    assert row["tools"] == [{"type": "function", "function": TOOLS[0]}]
    assert row["messages"][1] == {
        "role": "assistant",
        "tool_calls": [
            {
                "type": "function",
                "function": {"name": "look_up", "arguments": '{"word": "g", "where": "月球"}'},
            }
        ],
    }


def test_what_was_written_and_put_into_a_course_gives_the_same_rows_again(
    examples, chunks, compose, tmp_path
):
    documents, faults = ingested(put(tmp_path, training_lines(examples, chunks)))
    own, others = part(documents)
    assert faults == [] and [document["source"] for document in others] == ["01.md"]
    back = {row["id"]: row for row in example_rows(own, others, chunks, compose)}
    assert pa.Table.from_pylist(list(back.values()), schema=EXAMPLE).num_rows == len(examples)
    for row in examples:
        again = back[row["id"]]
        for name in ("task", "rule", "messages", "chunk_ids"):
            assert again[name] == row[name], name
    (tool,) = [row for row in back.values() if row["task"] == "tool"]
    assert json.loads(tool["tools"]) == [{"type": "function", "function": TOOLS[0]}]


def test_rows_of_ones_own_take_their_task_from_the_file(tmp_path, compose):
    row = {"messages": [TURNS[0], TURNS[3]]}
    lines = {name: json.dumps(row | {"meta": {"k": name}}) + "\n" for name in ("tool", "rag", "style")}
    lines["style"] = json.dumps({"instruction": "Hi", "output": "Hello.", "meta": {"task": "qa"}}) + "\n"
    documents, _ = ingested(put(tmp_path, lines))
    rows = example_rows(*part(documents), [], compose)
    assert [(row["task"], row["rule"]) for row in rows] == [
        ("rag", "processed:rag"), ("qa", "processed:style"), ("tool", "processed:tool"),
    ]  # fmt: skip


def test_the_public_folder_s_files_are_taken_with_their_origin(tmp_path, compose):
    line = json.dumps({"messages": [TURNS[0], TURNS[3]]}) + "\n"
    put(tmp_path / "public", {"style": line})
    (tmp_path / "public/01.md").unlink()
    documents, faults = ingested(put(tmp_path / "course", {}), tmp_path / "public")
    (row,) = example_rows(*part(documents), [], compose)
    assert (row["origin"], row["task"], faults) == ("public:capability_files", "style", [])


def test_rows_on_held_out_lectures_and_masked_answers_stay_out(tmp_path, compose, course):
    rows = [
        {"messages": [TURNS[0], {"role": "assistant", "content": text}], "meta": {"lecture": lecture}}
        for text, lecture in (
            ("kept", "01-motion"),
            ("of the exam", "04-fluids"),
            ("ask <NAME_1>", "01-motion"),
        )
    ]
    documents, _ = ingested(put(tmp_path, {"rag": "".join(json.dumps(row) + "\n" for row in rows)}))
    own, _ = part(documents)
    assert [row["messages"][-1]["content"] for row in example_rows(own, course, [], compose)] == ["kept"]


def test_a_turn_that_only_looks_like_json_stays_as_it_is():
    messages = [TURNS[0], {"role": "assistant", "content": '{"name":"x","arguments":{}}'}]
    row = make_row("tool", "replay", "en", "d", messages, tools=json.dumps(TOOLS)) | {"split": "train"}
    (written,) = rows_of(training_lines([row], [])["tool"])
    assert written["messages"] == messages


def test_the_exam_that_was_written_is_the_exam_when_it_is_put_back(course, compose, tmp_path):
    questions = prepare_questions(tmp_path / "none", course, "demo", compose, 7)
    assert {question["kind"] for question in questions} >= {"fact", "refusal"}
    (tmp_path / "eval").mkdir()
    (tmp_path / "eval/benchmark.jsonl").write_text(exam_lines(questions, "demo"), "utf-8")
    folder = exam_folder(tmp_path, tmp_path / "none", tmp_path / "none", "demo")
    again = prepare_questions(folder, course, "demo", compose, 7)
    assert pa.Table.from_pylist(again, QUESTION).schema == QUESTION
    # The reference of a made refusal is drawn before its unrelated passages; a written one is not drawn.
    free = [row | {"passages": []} if row["kind"] == "refusal" else row for row in questions]
    assert [row | {"passages": []} if row["kind"] == "refusal" else row for row in again] == free


def test_the_exam_of_a_course_comes_before_the_public_one_and_the_shared_folder(tmp_path):
    line = json.dumps({"course": "demo"})
    own, public, shared = (tmp_path / name for name in ("own", "public", "shared"))
    assert exam_folder(own, public, shared, "demo") == shared
    for folder in (public, own):
        (folder / "eval").mkdir(parents=True)
        (folder / "eval/benchmark.jsonl").write_text(line)
        assert exam_folder(own, public, shared, "demo") == folder / "eval"
    (own / "eval/benchmark.jsonl").unlink()
    assert exam_folder(own, public, shared, "other") == shared


def test_an_exam_about_another_course_stops_with_the_cure(tmp_path):
    (tmp_path / "eval").mkdir()
    (tmp_path / "eval/benchmark.jsonl").write_text('{"course": "x"}\n')
    with pytest.raises(InputError, match=r"benchmark.jsonl: no row has `course` 'demo'; write it"):
        exam_folder(tmp_path, tmp_path, tmp_path, "demo")


def test_an_exam_among_the_course_files_is_not_learned(tmp_path):
    put(tmp_path, {})
    (tmp_path / "eval").mkdir()
    (tmp_path / "eval/benchmark.jsonl").write_text('{"question": "q", "answer": "a"}\n')
    documents, faults = ingested(tmp_path)
    assert [document["source"] for document in documents] == ["01.md"] and faults == []
