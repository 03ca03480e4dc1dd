"""The two nodes of `ingest` on small folders."""

import json
from pathlib import Path

import pyarrow as pa
import pytest

from ta_pipeline.params import IngestParams
from ta_pipeline.pipelines.ingest.nodes import read_sources, report_ingest
from ta_pipeline.records import DOCUMENT, QUARANTINED, InputError, stable_id

PARAMS = IngestParams(
    max_file_mb=1,
    max_quarantined_share=0.5,
    role_map={"human": "user", "gpt": "assistant"},
    public_sets=[
        {"name": "alpaca", "pattern": "**/alpaca*.json*", "licence": "CC"},
        {"name": "rest", "pattern": "**/*.jsonl", "licence": "own"},
    ],
    public_limit=2,
)
ROW = '{"instruction": "q", "output": "a"}\n'


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    course, public = tmp_path / "course", tmp_path / "public"
    course.mkdir()
    public.mkdir()
    return course, public


def write(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def by_source(table) -> dict[str, dict[str, object]]:
    return {row["source"]: row for row in table.to_pylist()}


def test_a_document_row_is_complete(folders):
    course, public = folders
    write(course, {"lectures/01-motion.md": "# Lecture 1: Motion\n\nBodies move.\n"})
    documents, quarantined = read_sources(course, public, "mechanics", PARAMS)
    assert documents.schema == DOCUMENT and quarantined.schema == QUARANTINED
    assert documents.to_pylist() == [
        {
            "id": stable_id("course", "lectures/01-motion.md", "0"),
            "course": "mechanics",
            "origin": "course",
            "source": "lectures/01-motion.md",
            "kind": "text",
            "lecture": "01-motion",
            "title": "Lecture 1: Motion",
            "language": "",
            "segments": [
                {
                    "text": "Bodies move.",
                    "heading": "Lecture 1: Motion",
                    "page": None,
                    "line": 3,
                    "start": None,
                    "end": None,
                    "speaker": None,
                }
            ],
            "meta": "{}",
        }
    ]
    assert quarantined.num_rows == 0


def test_files_of_a_lecture_and_rows_about_it_share_its_title(folders):
    course, public = folders
    srt = "1\n00:00:01,000 --> 00:00:02,000\nhello\n"
    log = {"instruction": "q", "output": "a", "meta": {"source": "x/01.srt", "timestamp": "00:01"}}
    write(
        course,
        {
            "x/01.md": "# Lecture 1\n\ntext",
            "x/01.homework.md": "# Homework\n\ntext",
            "x/01.srt": srt,
            "x/02.srt": srt,
            "x/03.notes.md": "# Notes of 3\n\ntext",
            "x/03.txt": "text",
            "other/01.txt": "text",
            "faq.csv": "question,answer,lecture\nq,a,01\n",
            "log.jsonl": json.dumps(log) + "\n",
            "y/01.md": "# Lecture 1 of another unit\n\ntext",
            "y/faq.csv": "question,answer,lecture\nq,a,01\n",
            "loose.csv": "question,answer,lecture\nq,a,99\n",
        },
    )
    documents, _ = read_sources(course, public, "c", PARAMS)
    assert {s: (r["lecture"], r["title"]) for s, r in by_source(documents).items()} == {
        "faq.csv": ("01", "Lecture 1"),
        "log.jsonl": ("01", "Lecture 1"),
        "loose.csv": ("99", ""),
        "other/01.txt": ("01", "01"),
        "x/01.homework.md": ("01", "Lecture 1"),
        "x/01.md": ("01", "Lecture 1"),
        "x/01.srt": ("01", "Lecture 1"),
        "x/02.srt": ("02", "02"),
        "x/03.notes.md": ("03", "Notes of 3"),
        "x/03.txt": ("03", "Notes of 3"),
        "y/01.md": ("01", "Lecture 1 of another unit"),
        "y/faq.csv": ("01", "Lecture 1 of another unit"),
    }


def test_public_files_need_a_declared_set_and_stop_at_its_limit(folders):
    course, public = folders
    write(course, {"a.md": "text", "b.md": "text"})
    write(
        public,
        {
            "README.md": "about",
            "alpaca_a.jsonl": ROW,
            "deep/alpaca_b.json": f"[{ROW},{ROW},{ROW}]",
            "more.jsonl": ROW,
            "stray.json": ROW,
        },
    )
    documents, quarantined = read_sources(course, public, "c", PARAMS)
    public_rows = [r for r in documents.to_pylist() if r["origin"] != "course"]
    assert [(r["origin"], r["source"], r["course"]) for r in public_rows] == [
        ("public:alpaca", "public/alpaca_a.jsonl", ""),
        ("public:alpaca", "public/deep/alpaca_b.json", ""),
        ("public:rest", "public/more.jsonl", ""),
    ]
    (stray,) = quarantined.to_pylist()
    assert (stray["source"], stray["reason"]) == ("public/stray.json", "undeclared_public_set")
    assert "ingest.public_sets" in stray["detail"]


def test_a_readme_of_the_course_is_course_material(folders):
    course, public = folders
    write(course, {"README.md": "# About\n\nread me"})
    assert list(by_source(read_sources(course, public, "c", PARAMS)[0])) == ["README.md"]


def test_a_missing_public_folder_is_no_fault(folders):
    course, public = folders
    public.rmdir()
    write(course, {"a.md": "text"})
    documents, quarantined = read_sources(course, public, "c", PARAMS)
    assert (documents.num_rows, quarantined.num_rows) == (1, 0)


def test_a_link_out_of_the_folder_is_quarantined(folders, tmp_path):
    course, public = folders
    write(course, {"a.md": "text"})
    write(tmp_path, {"secret.md": "secret words"})
    (course / "link.md").symlink_to(tmp_path / "secret.md")
    documents, quarantined = read_sources(course, public, "c", PARAMS)
    assert list(by_source(documents)) == ["a.md"]
    assert quarantined["reason"].to_pylist() == ["outside_folder"]


def test_faults_of_one_line_have_ids_of_their_own(folders):
    course, public = folders
    write(course, {"a.json": f"[1,2,{ROW.strip()}]"})
    documents, quarantined = read_sources(course, public, "c", PARAMS)
    assert quarantined["id"].to_pylist() == [stable_id("a.json", "1"), stable_id("a.json", "1", "1")]
    assert report_ingest(documents, quarantined, PARAMS)["in"] == 3


@pytest.mark.parametrize("made", [True, False])
def test_an_empty_course_names_the_folder_and_the_cure(folders, made):
    course, public = folders
    write(course, {".gitkeep": ""})
    folder = course if made else course / "none"
    with pytest.raises(InputError, match="no file to read") as error:
        read_sources(folder, public, "physics", PARAMS)
    assert str(folder) in str(error.value) and "ta new-course physics" in str(error.value)
    assert "\n" not in str(error.value)


def test_too_many_files_without_a_document_stop_the_run(folders):
    course, public = folders
    write(course, {"a.md": "text", "b.md": "", "c.pdf": "x"})
    with pytest.raises(InputError) as error:
        read_sources(course, public, "c", PARAMS)
    message = str(error.value)
    assert (
        "2 of 3 files" in message and "b.md (empty_file)" in message and "c.pdf (unknown_format)" in message
    )
    assert "ingest.max_quarantined_share" in message and "\n" not in message
    lenient = PARAMS.model_copy(update={"max_quarantined_share": 0.7})
    assert read_sources(course, public, "c", lenient)[1].num_rows == 2


def test_a_file_with_some_bad_rows_is_no_bad_file(folders):
    course, public = folders
    write(course, {"a.jsonl": ROW + "{\n{\n"})
    strict = PARAMS.model_copy(update={"max_quarantined_share": 0})
    documents, quarantined = read_sources(course, public, "c", strict)
    assert (documents.num_rows, quarantined["line"].to_pylist()) == (1, [2, 3])


@pytest.mark.parametrize("pattern", ["**x/*.json", "/etc/*.json", ""])
def test_a_pattern_that_is_no_glob_names_its_set(folders, pattern):
    course, public = folders
    write(course, {"a.md": "text"})
    odd = IngestParams(
        **{**PARAMS.model_dump(), "public_sets": [{"name": "odd", "pattern": pattern, "licence": "CC"}]}
    )
    with pytest.raises(InputError, match=r"ingest\.public_sets.*'odd'"):
        read_sources(course, public, "c", odd)


def test_the_same_folder_gives_the_same_rows(folders):
    course, public = folders
    write(course, {"b.md": "two", "a.md": "one", "c/faq.csv": "q,a\nx,y\n", "d.md": ""})
    first, second = (read_sources(course, public, "c", PARAMS) for _ in range(2))
    assert first[0].equals(second[0]) and first[1].equals(second[1])
    assert first[0]["source"].to_pylist() == ["a.md", "b.md", "c/faq.csv"]


def test_the_report_adds_up(folders):
    course, public = folders
    write(course, {"a.md": "# T\n\n速度", "faq.csv": "question,answer\nx,yz\nx,\n", "empty.srt": ""})
    write(public, {"alpaca.jsonl": ROW})
    documents, quarantined = read_sources(course, public, "c", PARAMS)
    assert report_ingest(documents, quarantined, PARAMS) == {
        "in": 5,
        "kept": 3,
        "quarantined": 2,
        "files": 4,
        "by_kind": {"dialogue": 2, "text": 1},
        "by_format": {".csv": 1, ".jsonl": 1, ".md": 1},
        "by_reason": {"empty_file": 1, "no_answer": 1},
        "characters": 7,
        "public_sets": {"alpaca": {"documents": 1, "licence": "CC"}},
        "quarantined_rows": [
            {
                "source": "empty.srt",
                "line": 0,
                "reason": "empty_file",
                "detail": "zero bytes; copy the file again or remove it",
            },
            {
                "source": "faq.csv",
                "line": 3,
                "reason": "no_answer",
                "detail": "the row has no answer text; write it or take the row out",
            },
        ],
    }


def test_the_report_refuses_ids_that_name_two_rows(folders):
    course, public = folders
    write(course, {"a.md": "text"})
    documents, quarantined = read_sources(course, public, "c", PARAMS)
    with pytest.raises(ValueError, match="1 ids name more than one row"):
        report_ingest(pa.concat_tables([documents, documents]), quarantined, PARAMS)
