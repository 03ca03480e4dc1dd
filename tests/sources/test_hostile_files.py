"""Files of a megabyte that make a careless reader search for minutes, or run out of stack."""

import pytest

from ta_pipeline.params import IngestParams
from ta_pipeline.sources.drafts import Draft, Fault
from ta_pipeline.sources.isolation import IsolatedReader

PARAMS = IngestParams(max_file_mb=2, max_quarantined_share=1, role_map={"user": "user"}, seconds_per_mb=10)
SIZE = 2**20 - 200
SRT = "1\n00:00:01,000 --> 00:00:02,000\n"
VTT = "WEBVTT\n\n00:01.000 --> 00:02.000\n"
ASS = "Dialogue: 0,0:00:05.00,0:00:07.50,D,,0,0,0,,"
#: Suffix, what the file begins with, and what stands in it over and over.
FILES = [
    (".md", "", "word "), (".md", "", "![" ), (".md", "", "![](("), (".md", "", "![](x){"), (".md", "", "<!--"),
    (".md", "", "a <!-- "), (".md", "", "> "), (".md", "", "- "), (".md", "", "<div>\n"), (".md", "", "`"),
    (".md", "", "["), (".md", "", "\n"), (".txt", "", "a"), (".txt", "", " "), (".txt", "", "\xff"),
    (".html", "<p>", "word "), (".html", "", "<div>"), (".html", "", "<ul><li>"), (".html", "<p>", "<span>x"),
    (".html", "", "<title"), (".html", "", "<pre>\n"), (".html", "", "<!--"), (".html", "<p>", "&amp;"),
    (".srt", "", "1\n"), (".srt", SRT, "<i"), (".srt", SRT, "{\\"), (".srt", SRT[:-1], " "), (".srt", "", "1-->"),
    (".vtt", VTT, "<v A"), (".vtt", VTT, "<v.a"), (".vtt", VTT + "<v", " "), (".ass", ASS, "a "),
    (".csv", "question,answer\n", '"'), (".csv", "question,answer\nq,", "a "), (".tsv", "question\tanswer\n", "\t"),
    (".json", "", "["), (".json", "", '{"a":'), (".json", "", "9"), (".json", '["', "\\u0041"),
    (".jsonl", "", "["), (".jsonl", '{"question":"q","answer":"', "a"),
    (".pdf", "%PDF-1.7\n", "<<"), (".pdf", "%PDF-1.7\n1 0 obj\n", "["), (".pdf", "%PDF-1.7\n", "1 0 obj\n"),
]  # fmt: skip


@pytest.fixture(scope="module")
def reader():
    with IsolatedReader(PARAMS) as reader:
        yield reader


@pytest.mark.parametrize(("suffix", "opening", "again"), FILES)
def test_a_megabyte_of_one_thing_over_and_over_is_read_or_refused_in_time(
    tmp_path, reader, suffix, opening, again
):
    path = tmp_path / f"a{suffix}"
    text = opening + again * (SIZE // len(again))
    path.write_bytes(text.encode("latin-1"))
    found = reader.read(path)
    assert found
    assert {item.reason for item in found if isinstance(item, Fault)}.isdisjoint(
        {"timed_out", "reader_crashed"}
    )
    assert all(item.segments for item in found if isinstance(item, Draft))


def test_a_long_line_of_a_pdf_is_read_in_time(tmp_path, reader, make_pdf):
    path = tmp_path / "a.pdf"
    path.write_bytes(make_pdf([[(1, 0, 700, "word2 " * 20_000)]]))
    (draft,) = reader.read(path)
    assert isinstance(draft, Draft) and len(draft.segments[0].text) > 30_000
