"""One file of any kind: never an exception, always an account."""

import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ta_pipeline.params import IngestParams
from ta_pipeline.sources.drafts import Draft, Fault
from ta_pipeline.sources.read import read_file

PARAMS = IngestParams(
    max_file_mb=0.001,
    max_quarantined_share=1,
    role_map={"human": "user", "gpt": "assistant"},
)
SUFFIXES = [
    ".md",
    ".markdown",
    ".txt",
    ".srt",
    ".vtt",
    ".csv",
    ".tsv",
    ".jsonl",
    ".json",
    ".ass",
    ".ssa",
    ".xlsx",
    ".docx",
    ".pptx",
    ".html",
    ".parquet",
    ".pdf",
    "",
]
#: Pieces that make the readers work: plain random text hardly ever opens a fence or a cue.
PIECES = st.sampled_from(
    ["\n", "\n\n", "# a", "$$", "\\[", "\\]", "```", ":::", "::: x", "<!--", "-->", "---", "title: x", "> ",
     "- ", "|a|b|\n|-|-|", "![a](b)", "<v Bo>", "WEBVTT", "1", "00:00:01,000 --> 00:00:02,000", "00:01 --> ",
     '"', ",", "\t", "question", "answer", "[", "]", "{", "}", '{"question": "a", "answer": "b"}', "\x00",
     "\u2028", "速度", "学生：", "NaN", "\\ud83d", "9" * 30, '"from"', '{"conversations": [{"from": "x"}]}']
)  # fmt: skip
TEXTS = st.lists(st.one_of(PIECES, st.text(max_size=8)), max_size=30).map("".join)


def account(path: Path) -> list[tuple[str, str]]:
    found = list(read_file(path, PARAMS))
    return [(f.kind, "") if isinstance(f, Draft) else (f.reason, f.detail) for f in found]


@given(raw=st.binary(max_size=300), suffix=st.sampled_from(SUFFIXES))
@settings(max_examples=150, deadline=None)
def test_random_bytes_never_raise_and_are_never_lost(tmp_path_factory, raw, suffix):
    path = tmp_path_factory.mktemp("fuzz") / f"file{suffix}"
    path.write_bytes(raw)
    found = list(read_file(path, PARAMS))
    assert found
    assert all(isinstance(f, Fault) or f.segments for f in found)


@given(text=TEXTS, suffix=st.sampled_from(SUFFIXES[:11]))
@settings(max_examples=300, deadline=None)
def test_text_of_any_shape_is_read_without_the_safety_net(tmp_path_factory, text, suffix):
    path = tmp_path_factory.mktemp("fuzz") / f"file{suffix}"
    path.write_bytes(text.encode("utf-8", errors="ignore"))
    assert "unreadable" not in [reason for reason, _ in account(path)]


@pytest.mark.parametrize(
    ("name", "raw", "reason", "words"),
    [
        ("a.md", b"", "empty_file", "zero bytes"),
        ("a.md", b" \n", "no_content", "no text"),
        ("a.jsonl", b"\n", "no_content", "no row"),
        ("a.csv", b"question,answer\n", "no_content", "no row"),
        ("a.doc", b"x", "unknown_format", ".md"),
        ("a.pdf", b"x", "unreadable", "export"),
        ("LICENSE", b"x", "unknown_format", "no suffix"),
        ("a.txt", b"x" * 1100, "too_large", "ingest.max_file_mb"),
        ("a.txt", b"ok \xff\xfe", "encoding", "UTF-8"),
        ("a.xlsx", b"not a workbook", "unreadable", "BadZipFile"),
        ("a.docx", b"not a document", "unreadable", "BadZipFile"),
        ("a.pptx", b"\xd0\xcf\x11\xe0 of 1997", "encrypted", "password"),
        ("a.parquet", b"not a table", "bad_parquet", "export"),
    ],
)
def test_a_file_that_cannot_be_read_says_why(tmp_path, name, raw, reason, words):
    (tmp_path / name).write_bytes(raw)
    ((found, detail),) = account(tmp_path / name)
    assert found == reason
    assert words in detail


def test_what_is_no_regular_file_is_never_opened(tmp_path):
    os.mkfifo(tmp_path / "pipe.md")
    ((reason, _),) = account(tmp_path / "pipe.md")
    assert reason == "unreadable"


def test_the_suffix_is_read_in_any_case(tmp_path):
    (tmp_path / "A.MD").write_text("hello")
    assert account(tmp_path / "A.MD") == [("text", "")]


def test_a_row_of_values_inside_each_other_costs_only_itself(tmp_path):
    deep = '{"question": "q", "answer": "a", "meta": {"x": ' + "[" * 900 + "]" * 900 + "}}"
    (tmp_path / "a.jsonl").write_text(deep + '\n{"question": "q", "answer": "a"}\n')
    found = list(read_file(tmp_path / "a.jsonl", PARAMS.model_copy(update={"max_file_mb": 1})))
    assert [item.reason if isinstance(item, Fault) else item.row for item in found] == ["bad_row", 2]
    assert "100 deep" in found[0].detail


def test_of_very_many_faults_the_last_ones_are_counted_and_good_rows_are_kept(tmp_path, monkeypatch):
    monkeypatch.setattr("ta_pipeline.sources.read.MOST_FAULTS", 3)
    (tmp_path / "a.jsonl").write_text("{\n" * 8 + '{"question": "q", "answer": "a"}\n[1]\n')
    found = list(read_file(tmp_path / "a.jsonl", PARAMS))
    assert [(item.line, getattr(item, "reason", "")) for item in found] == [
        (1, "bad_json"), (2, "bad_json"), (3, "bad_json"), (9, ""), (10, "bad_row")
    ]  # fmt: skip
    assert found[-1].detail.startswith("6 more faults up to here, this one: ")


def test_roles_are_mapped_in_any_case(tmp_path):
    (tmp_path / "a.json").write_text(
        '{"conversations": [{"from": "Human", "value": "q"}, {"from": "GPT", "value": "a"}]}'
    )
    assert account(tmp_path / "a.json") == [("dialogue", "")]
