"""A course of one's own: its folder, its samples, and what is said about it."""

import re
from pathlib import Path

import pytest
import yaml

from ta_pipeline.composing.capability import exam_folder
from ta_pipeline.new_course import EXPLANATION, make_course, next_command
from ta_pipeline.params import IngestParams, SourcesParams
from ta_pipeline.records import InputError
from ta_pipeline.sources.collect import collect
from ta_pipeline.sources.read import read_file
from ta_pipeline.sources.samples import SAMPLES

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture
def ingest() -> IngestParams:
    blocks = yaml.safe_load((ROOT / "conf/base/parameters_ingest.yml").read_text("utf-8"))
    return IngestParams(**blocks["ingest"])


@pytest.fixture
def sources() -> SourcesParams:
    blocks = yaml.safe_load((ROOT / "conf/base/parameters_sources.yml").read_text("utf-8"))
    return SourcesParams(**blocks["sources"])


def test_a_new_course_without_samples_holds_no_file(tmp_path):
    course = make_course(tmp_path, "python", with_samples=False)
    assert course == tmp_path / "data/01_raw/courses/python"
    assert sorted(p.name for p in course.rglob("*")) == ["eval", "lectures", "processed"]


def test_samples_that_nobody_has_changed_are_passed_over_beside_a_file_of_ones_own(tmp_path, ingest, sources):
    course = make_course(tmp_path, "python")
    (course / "mine.md").write_text("# Lists\n\nA list keeps its items in order.\n")
    (course / "faq.csv").write_text("question,answer\nWhat is a list?,Items in order.\n")
    documents, _ = collect(course, tmp_path / "none", "python", ingest, sources)
    assert documents["source"].to_pylist() == ["faq.csv", "mine.md"]
    documents, _ = collect(course, tmp_path / "none", "python", ingest, sources, samples_too=True)
    assert documents.num_rows == 8
    exam = course / "eval/benchmark.jsonl"
    assert exam_folder(course, tmp_path, tmp_path / "shared", "python") == tmp_path / "shared"
    exam.write_text(exam.read_text().replace("last night", "today"))
    assert exam_folder(course, tmp_path, tmp_path / "shared", "python") == exam.parent


def test_a_course_of_samples_alone_is_read_without_quarantine(tmp_path, ingest, sources):
    course = make_course(tmp_path, "python")
    documents, quarantined = collect(course, tmp_path / "none", "python", ingest, sources)
    assert quarantined.num_rows == 0
    rows = documents.to_pylist()
    assert [(row["source"], row["kind"]) for row in rows] == [
        ("faq.csv", "dialogue"),
        ("faq.csv", "dialogue"),
        ("lectures/01-first-lecture.md", "text"),
        ("lectures/01-first-lecture.srt", "transcript"),
        ("processed/rag_sft.jsonl", "dialogue"),
        ("processed/style_sft.jsonl", "dialogue"),
        ("processed/tool_sft.jsonl", "dialogue"),
        ("question_log.jsonl", "dialogue"),
    ]
    assert {row["lecture"] for row in rows} == {"01-first-lecture", ""}


def test_every_sample_says_that_it_is_one_to_be_replaced():
    assert all("This is a sample to be replaced." in text for text in SAMPLES.values())


@pytest.mark.parametrize("with_samples", [False, True])
def test_a_folder_with_a_file_in_it_is_left_alone(tmp_path, with_samples):
    course = tmp_path / "data/01_raw/courses/python"
    course.mkdir(parents=True)
    (course / "mine.md").write_text("# Mine")
    with pytest.raises(InputError, match=r"python is already there and not empty; nothing was changed"):
        make_course(tmp_path, "python", with_samples)
    assert [p.name for p in course.iterdir()] == ["mine.md"]


def test_samples_can_be_added_to_a_course_that_is_still_empty(tmp_path):
    make_course(tmp_path, "python", with_samples=False)
    course = make_course(tmp_path, "python")
    assert sorted(p.relative_to(course).as_posix() for p in course.rglob("*.*")) == sorted(SAMPLES)


@pytest.mark.parametrize("name", ["Python", "../x", "a b", "-a", "", "课程", "python\n", "a/b"])
def test_a_name_that_is_no_plain_folder_name_is_refused_with_an_example(tmp_path, name):
    with pytest.raises(InputError, match="small letters, digits, - and _, .* python-101"):
        make_course(tmp_path, name)
    assert list(tmp_path.iterdir()) == []


def test_the_explanation_names_every_kind_of_file_that_is_read_and_no_other(tmp_path, ingest):
    named = set(re.findall(r"(?<=\s)\.[a-z0-9]+\b", EXPLANATION))
    (tmp_path / "a.odd").write_text("x")
    (fault,) = read_file(tmp_path / "a.odd", ingest)
    assert fault.reason == "unknown_format"
    assert set(re.findall(r"\.[a-z0-9]+\b", fault.detail)) - {".odd", ".gz"} == named


def test_the_next_command_names_the_course():
    assert next_command("python") == "kedro run --pipeline=train --params course=python"
