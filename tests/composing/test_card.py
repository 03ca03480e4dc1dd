"""The data card: its figures are those of the tables, its sums add up, and it is the same every time."""

import json
import re

import pyarrow as pa
import pytest

from ta_pipeline.composing.card import Made, Run, as_page, content_hash, write_card
from ta_pipeline.params import ComposeParams, TeacherParams
from ta_pipeline.records import (
    CHUNK,
    DOCUMENT,
    DROPPED,
    EXAMPLE,
    PII_AUDIT,
    PREFERENCE,
    QUARANTINED,
    QUESTION,
    InputError,
)
from ta_pipeline.teacher.accounts import summarise


def table(schema, *rows):
    return pa.Table.from_pylist([dict.fromkeys(schema.names) | row for row in rows], schema=schema)


def document(name, lecture, origin="course", source=None, language="en", kind="text"):
    return {
        "id": name, "origin": origin, "source": source or f"{lecture}.md", "lecture": lecture, "kind": kind,
        "language": language, "course": "demo", "title": lecture, "segments": [], "meta": "{}",
    }  # fmt: skip


DOCUMENTS = [
    document("d1", "01-motion"),
    document("d2", "02-forces", language="zh"),
    document("d3", "03-exam"),
    document("d4", "", "public:alpaca", "public/alpaca.jsonl", kind="dialogue"),
]


def example(name, split="train", task="rag", language="en", origin="course", rule="faq"):
    return {"id": name, "split": split, "task": task, "language": language, "origin": origin, "rule": rule}


@pytest.fixture
def made():
    examples = [
        example("e1"),
        example("e2", "test", "refusal", "zh", rule="refusal:off_topic"),
        example("e3", task="qa", origin="public:alpaca", rule="replay"),
    ]
    pair = {"id": "p1", "split": "train", "language": "en", "origin": "course", "rule": "answer_over_refusal"}
    gone = {"stage": "compose", "id": "e4", "source": "faq", "reason": "benchmark_question"}
    return Made(
        documents=table(DOCUMENT, *DOCUMENTS),
        quarantined=table(QUARANTINED, {"id": "q1", "source": "broken.srt", "reason": "truncated_subtitle"}),
        clean_documents=table(DOCUMENT, *DOCUMENTS[:1], *DOCUMENTS[2:]),
        dropped=table(
            DROPPED, {"stage": "clean", "id": "d2", "source": "02-forces.md", "reason": "off|topic"}
        ),
        pii_audit=table(
            PII_AUDIT,
            {"id": "d1", "source": "01-motion.md", "kind": "NAME", "count": 3},
            {"id": "d3", "source": "03-exam.md", "kind": "NAME", "count": 1},
        ),
        removed_lines=table(DROPPED, {"stage": "clean", "id": "d1", "reason": "advert"}),
        chunks=table(CHUNK, {"id": "c1", "text": "x", "tokens": 300}),
        candidate_examples=table(EXAMPLE, *examples, example("e4")),
        candidate_preferences=table(PREFERENCE, pair),
        examples=table(EXAMPLE, *examples),
        preferences=table(PREFERENCE, pair),
        dropped_examples=table(DROPPED, gone),
        questions=table(QUESTION, {"id": "b1", "held_out": True}, {"id": "b2", "held_out": False}),
    )


@pytest.fixture
def run(tmp_path):
    for name in ("course/01-motion.md", "public/alpaca.jsonl"):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_text("v = s / t", "utf-8")
    compose = ComposeParams(
        held_out=["03-*"],
        chunk={"min_tokens": 300, "max_tokens": 800, "overlap_tokens": 60},
        passages={"chars": 400, "distractors": 2},
        templates=[],
        rows_per_chunk=0,
        refusal_share=0,
        replay_share=0.0,
        max_question_similarity=0.6,
        max_reference_similarity=0.8,
        split={"validation_share": 0.05, "test_share": 0.05},
        preferences=1,
        questions_per_lecture=1,
    )
    return Run(
        course="demo",
        base_model="bundled:tiny-random",
        seed=7,
        parameters={"compose": compose},
        compose=compose,
        public_sets={"alpaca": {"documents": 1, "licence": "Apache-2.0", "card": "https://x.org/a", "languages": ["en", "zh"]}},
        chunk_sizes={"tokens_min": 300, "tokens_max": 300, "tokens_mean": 300.0},
        teacher=summarise([]),
        folders={"": tmp_path / "course", "public/": tmp_path / "public"},
    )  # fmt: skip


def test_sources_stand_with_their_licences_and_what_became_of_each_file(made, run):
    card = write_card(made, run)
    assert "| the course's own material | its owner's to state | en | 3 | 2 |" in card
    assert "| [alpaca](https://x.org/a) | Apache-2.0 | en, zh | 1 | 1 |" in card
    for source, kind in (("01-motion.md", "text"), ("public/alpaca.jsonl", "dialogue")):
        assert re.search(rf"^\| {source} \| {kind} \| 1 \| 1 \| [0-9a-f]{{16}} \|$", card, re.MULTILINE)
    assert "| 02-forces.md | text | 1 | 0 |" in card and "| broken.srt | quarantined | 0 | 0 |" in card


def test_rows_are_counted_by_split_task_language_and_rule(made, run):
    card = write_card(made, run)
    assert "| split | qa | rag | refusal | all |" in card
    assert "| train | 1 | 1 | 0 | 2 |" in card and "| test | 0 | 0 | 1 | 1 |" in card
    assert "| en | 2 | 1 |" in card and "| zh | 1 | 0 |" in card and "| all | 3 | 1 |" in card
    assert "| refusal:off_topic | 1 |" in card and "| answer_over_refusal | 1 |" in card


def test_what_was_left_out_stands_with_its_reason_and_adds_up(made, run):
    card = write_card(made, run)
    for line in ("| ingest | 5 | 4 | 1 |", "| clean | 4 | 3 | 1 |", "| compose | 5 | 4 | 1 |"):
        assert line in card
    assert (
        "| compose | benchmark_question | 1 |" in card
        and r"| clean | off\|topic | 1 |" in card
        and "1 lines of advert" in card
    )


@pytest.mark.parametrize("change", ["dropped", "dropped_examples", "examples"])
def test_a_row_that_is_lost_or_counted_twice_gives_no_card(made, run, change):
    rows = getattr(made, change)
    lost = Made(**{**made.__dict__, change: rows.slice(1)})
    twice = Made(**{**made.__dict__, change: pa.concat_tables([rows, rows])})
    for wrong in (lost, twice):
        with pytest.raises(InputError, match="they are not the same rows"):
            write_card(wrong, run)


def test_held_out_lectures_personal_data_and_the_benchmark_are_named(made, run):
    card = write_card(made, run)
    assert "comes from `03-exam`" in card and "2 questions, 1 of them on held-out lectures" in card
    assert "| NAME | 4 | 2 |" in card
    assert "No teacher model wrote" in card


def test_a_teacher_is_named_with_what_it_was_asked(made, run):
    from dataclasses import replace

    teacher = TeacherParams(url="http://h/v1", model="wise", api_key_env="SOME_KEY")
    card = write_card(made, replace(run, compose=run.compose.model_copy(update={"teacher": teacher})))
    assert "`wise` at http://h/v1, was asked 0 times for" in card and "from its\ncache" in card


def test_the_card_says_how_to_make_the_rows_again_and_is_the_same_every_time(made, run):
    card = write_card(made, run)
    assert "kedro run --pipelines=data --params course=demo,base_model=bundled:tiny-random,seed=7" in card
    parameters = json.loads(re.search(r"```json\n(.*)\n```", card, re.DOTALL)[1])
    assert parameters["compose"]["chunk"]["max_tokens"] == 800
    assert f"| examples | 3 | {content_hash(made.examples)} |" in card
    assert write_card(made, run) == card


def test_the_hash_of_a_table_is_of_its_rows_and_not_of_how_they_are_kept(made):
    wide = made.examples.cast(
        pa.schema([pa.field(f.name, pa.large_string() if f.type == pa.string() else f.type) for f in EXAMPLE])
    )
    assert content_hash(wide) == content_hash(made.examples)
    assert content_hash(made.examples.slice(1)) != content_hash(made.examples)


def test_every_table_of_the_card_is_a_table_on_the_page_too(made, run):
    card = write_card(made, run)
    page = as_page(card, "<demo>")
    assert page.count("<table>") == len(re.findall(r"^\|(?:-+:?\|)+$", card, re.MULTILINE)) >= 9
    assert "<title>Data card: &lt;demo&gt;</title>" in page and "|---" not in page
