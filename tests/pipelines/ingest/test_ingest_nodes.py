"""The two nodes of `ingest` on small folders."""

import json
import zipfile
from pathlib import Path

import pyarrow as pa
import pytest

from ta_pipeline.params import IngestParams, SourcesParams
from ta_pipeline.pipelines.ingest.nodes import read_sources, report_ingest
from ta_pipeline.records import DOCUMENT, QUARANTINED, InputError, stable_id
from ta_pipeline.sources import collect
from ta_pipeline.sources.drafts import Draft, Segment

PARAMS = IngestParams(
    max_file_mb=1,
    max_quarantined_share=0.5,
    role_map={"human": "user", "gpt": "assistant"},
)
ALPACA = {
    "pattern": "**/alpaca*.json*",
    "format": "dialogue",
    "card": "https://card",
    "licence": "CC",
    "non_commercial": False,
    "languages": ["en"],
    "capability": "general",
}
SOURCES = SourcesParams(
    allow_non_commercial=False,
    rows_per_set=2,
    fill={},
    sets={"alpaca": ALPACA, "rest": {**ALPACA, "pattern": "**/*.jsonl"}},
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
    documents, quarantined = read_sources(course, public, "mechanics", PARAMS, SOURCES)
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
    documents, _ = read_sources(course, public, "c", PARAMS, SOURCES)
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
    documents, quarantined = read_sources(course, public, "c", PARAMS, SOURCES)
    public_rows = [r for r in documents.to_pylist() if r["origin"] != "course"]
    assert [(r["origin"], r["source"], r["course"]) for r in public_rows] == [
        ("public:alpaca", "public/alpaca_a.jsonl", ""),
        ("public:alpaca", "public/deep/alpaca_b.json", ""),
        ("public:rest", "public/more.jsonl", ""),
    ]
    (stray,) = quarantined.to_pylist()
    assert (stray["source"], stray["reason"]) == ("public/stray.json", "undeclared_public_set")
    assert "sources.sets" in stray["detail"]


def test_public_files_are_read_in_the_process_of_the_reader(folders, monkeypatch):
    course, public = folders
    write(course, {"a.md": "text"})
    write(public, {"alpaca.jsonl": ROW})
    monkeypatch.setattr("ta_pipeline.sources.public_sets.rows_of", None)  # of this process
    documents, quarantined = read_sources(course, public, "c", PARAMS, SOURCES)
    assert (documents.num_rows, quarantined.num_rows) == (2, 0)


def test_a_readme_of_the_course_is_course_material(folders):
    course, public = folders
    write(course, {"README.md": "# About\n\nread me"})
    assert list(by_source(read_sources(course, public, "c", PARAMS, SOURCES)[0])) == ["README.md"]


def test_a_missing_public_folder_is_no_fault(folders):
    course, public = folders
    public.rmdir()
    write(course, {"a.md": "text"})
    documents, quarantined = read_sources(course, public, "c", PARAMS, SOURCES)
    assert (documents.num_rows, quarantined.num_rows) == (1, 0)


def test_a_link_out_of_the_folder_is_quarantined(folders, tmp_path):
    course, public = folders
    write(course, {"a.md": "text"})
    write(tmp_path, {"secret.md": "secret words"})
    (course / "link.md").symlink_to(tmp_path / "secret.md")
    documents, quarantined = read_sources(course, public, "c", PARAMS, SOURCES)
    assert list(by_source(documents)) == ["a.md"]
    assert quarantined["reason"].to_pylist() == ["outside_folder"]


def test_members_of_an_archive_are_files_of_the_course(folders):
    course, public = folders
    write(course, {"a.md": "text"})
    with zipfile.ZipFile(course / "week.zip", "w") as archive:
        archive.writestr("x/01.md", "# Motion\n\nBodies move.")
        archive.writestr("x/01.srt", "1\n00:00:01,000 --> 00:00:02,000\nhello\n")
        archive.writestr("../evil.md", "evil")
    documents, quarantined = read_sources(course, public, "c", PARAMS, SOURCES)
    assert {s: (r["lecture"], r["title"]) for s, r in by_source(documents).items()} == {
        "a.md": ("a", "a"),
        "week.zip/x/01.md": ("01", "Motion"),
        "week.zip/x/01.srt": ("01", "Motion"),
    }
    assert quarantined.select(["source", "reason"]).to_pylist() == [
        {"source": "week.zip/../evil.md", "reason": "outside_folder"}
    ]


def test_faults_of_one_line_have_ids_of_their_own(folders):
    course, public = folders
    write(course, {"a.json": f"[1,2,{ROW.strip()}]"})
    documents, quarantined = read_sources(course, public, "c", PARAMS, SOURCES)
    assert quarantined["id"].to_pylist() == [stable_id("a.json", "1"), stable_id("a.json", "1", "1")]
    assert report_ingest(documents, quarantined, SOURCES)["in"] == 3


@pytest.mark.parametrize("made", [True, False])
def test_an_empty_course_names_the_folder_and_the_cure(folders, made):
    course, public = folders
    write(course, {".gitkeep": ""})
    folder = course if made else course / "none"
    with pytest.raises(InputError, match="no file to read") as error:
        read_sources(folder, public, "physics", PARAMS, SOURCES)
    assert str(folder) in str(error.value) and "ta new-course physics" in str(error.value)
    assert "\n" not in str(error.value)


def test_too_many_files_without_a_document_stop_the_run(folders):
    course, public = folders
    write(course, {"a.md": "text", "b.md": "", "c.doc": "x"})
    with pytest.raises(InputError) as error:
        read_sources(course, public, "c", PARAMS, SOURCES)
    message = str(error.value)
    assert (
        "2 of 3 files" in message and "b.md (empty_file)" in message and "c.doc (unknown_format)" in message
    )
    assert "ingest.max_quarantined_share" in message and "\n" not in message
    lenient = PARAMS.model_copy(update={"max_quarantined_share": 0.7})
    assert read_sources(course, public, "c", lenient, SOURCES)[1].num_rows == 2


def test_a_file_with_some_bad_rows_is_no_bad_file(folders):
    course, public = folders
    write(course, {"a.jsonl": ROW + "{\n{\n"})
    strict = PARAMS.model_copy(update={"max_quarantined_share": 0})
    documents, quarantined = read_sources(course, public, "c", strict, SOURCES)
    assert (documents.num_rows, quarantined["line"].to_pylist()) == (1, [2, 3])


def test_a_set_that_may_not_be_used_commercially_stops_the_run_with_its_name(folders):
    course, public = folders
    write(course, {"a.md": "text"})
    write(public, {"alpaca.jsonl": ROW})
    sets = {"alpaca": {**ALPACA, "licence": "CC BY-NC 4.0", "non_commercial": True}}
    forbidden = SourcesParams(**{**SOURCES.model_dump(), "sets": sets})
    with pytest.raises(InputError, match=r"alpaca \(CC BY-NC 4\.0: .*sources\.allow_non_commercial"):
        read_sources(course, public, "c", PARAMS, forbidden)
    allowed = forbidden.model_copy(update={"allow_non_commercial": True})
    assert read_sources(course, public, "c", PARAMS, allowed)[0].num_rows == 2


def test_the_same_folder_gives_the_same_rows(folders):
    course, public = folders
    write(course, {"b.md": "two", "a.md": "one", "c/faq.csv": "q,a\nx,y\n", "d.md": ""})
    first, second = (read_sources(course, public, "c", PARAMS, SOURCES) for _ in range(2))
    assert first[0].equals(second[0]) and first[1].equals(second[1])
    assert first[0]["source"].to_pylist() == ["a.md", "b.md", "c/faq.csv"]


def test_the_report_adds_up(folders):
    course, public = folders
    write(course, {"a.md": "# T\n\n速度", "faq.csv": "question,answer\nx,yz\nx,\n", "empty.srt": ""})
    write(public, {"alpaca.jsonl": ROW})
    documents, quarantined = read_sources(course, public, "c", PARAMS, SOURCES)
    assert report_ingest(documents, quarantined, SOURCES) == {
        "in": 5,
        "kept": 3,
        "quarantined": 2,
        "files": 4,
        "by_kind": {"dialogue": 2, "text": 1},
        "by_format": {".csv": 1, ".jsonl": 1, ".md": 1},
        "by_reason": {"empty_file": 1, "no_answer": 1},
        "characters": 7,
        "recordings": {
            "transcribed": 0,
            "seconds": 0,
            "repeats_dropped": 0,
            "unclear_dropped": 0,
            "left_to_transcripts": {},
        },
        "public_sets": {
            "alpaca": {
                "documents": 1,
                "licence": "CC",
                "card": "https://card",
                "languages": ["en"],
                "capability": "general",
            }
        },
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


def hear(monkeypatch) -> list[str]:
    """Have every recording heard as one word; return the names of those that were."""
    heard = []

    def read(path, name, speech):
        heard.append(name)
        meta = {"speech_model": "m", "seconds": 9.5, "repeats_dropped": 2, "unclear_dropped": 1}
        yield Draft("transcript", [Segment("word", 0, start=0.0, end=1.0)], meta=meta)

    monkeypatch.setattr(collect, "read_speech", read)
    return heard


SRT = "1\n00:00:01,000 --> 00:00:02,000\nhello\n"


def test_a_recording_is_left_to_a_transcript_of_its_name_and_the_report_says_so(folders, monkeypatch):
    course, public = folders
    heard = hear(monkeypatch)
    write(
        course, {"x/01.mp4": "-", "x/01.srt": SRT, "x/02.mp4": "-", "x/03.mp3": "-", "x/03.zh.vtt": "broken"}
    )
    documents, quarantined = read_sources(course, public, "c", PARAMS, SOURCES)
    assert heard == ["x/02.mp4", "x/03.mp3"]  # a transcript that gives nothing stands for nothing
    assert documents["source"].to_pylist() == ["x/01.srt", "x/02.mp4", "x/03.mp3"]
    assert quarantined["source"].to_pylist() == ["x/03.zh.vtt"]
    assert json.loads(documents["meta"].to_pylist()[0]) == {"recording": "x/01.mp4"}
    assert report_ingest(documents, quarantined, SOURCES)["recordings"] == {
        "transcribed": 2,
        "seconds": 19.0,
        "repeats_dropped": 4,
        "unclear_dropped": 2,
        "left_to_transcripts": {"x/01.mp4": "x/01.srt"},
    }


def test_a_recording_in_an_archive_is_left_to_the_transcript_in_it(folders, monkeypatch):
    course, public = folders
    heard = hear(monkeypatch)
    with zipfile.ZipFile(course / "a.zip", "w") as archive:
        for name, text in {"01.mp3": "-", "01.srt": SRT, "02.mp3": "-"}.items():
            archive.writestr(name, text)
    documents, _ = read_sources(course, public, "c", PARAMS, SOURCES)
    assert heard == ["a.zip/02.mp3"]
    assert documents["source"].to_pylist() == ["a.zip/01.srt", "a.zip/02.mp3"]


def test_the_report_refuses_ids_that_name_two_rows(folders):
    course, public = folders
    write(course, {"a.md": "text"})
    documents, quarantined = read_sources(course, public, "c", PARAMS, SOURCES)
    with pytest.raises(ValueError, match="1 ids name more than one row"):
        report_ingest(pa.concat_tables([documents, documents]), quarantined, SOURCES)
