"""The main text of HTML pages."""

from pathlib import Path

import pytest

from ta_pipeline.sources.drafts import Draft, Fault
from ta_pipeline.sources.html import markdown_table, read_html


def read(path: Path, data: bytes) -> Draft:
    (path / "a.html").write_bytes(data)
    (draft,) = read_html(path / "a.html")
    assert isinstance(draft, Draft)
    return draft


def blocks(path: Path, body: str) -> list[str]:
    page = f"<html><body><article><p>{'Bodies move along straight lines. ' * 3}</p>\n{body}</article></body></html>"
    return [segment.text for segment in read(path, page.encode()).segments][1:]


def test_headings_and_lines_are_kept_and_menus_and_footers_are_not(tmp_path, real_files):
    draft = read(tmp_path, real_files[".html"])
    assert (draft.kind, draft.title) == ("text", "Motion")
    assert [(s.line, s.heading, s.text) for s in draft.segments] == [
        (3, "Motion", "Bodies move along straight lines unless a force acts, says Newton's first law."),
        (4, "Motion > Speed", "v² of H₂O, 速度。"),
        (5, "Motion > Speed", "- one\n- two"),
    ]


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ("<ol><li>one</li><li>two<ul><li>in</li></ul></li></ol>", "1. one\n2. two\n  - in"),
        (
            "<table><tr><th>a</th><th>b</th></tr><tr><td>1</td><td>2|3</td></tr></table>",
            "| a | b |\n|---|---|\n| 1 | 2\\|3 |",
        ),
        ("<pre><code>def f():\n    return 1\n</code></pre>", "```\ndef f():\n    return 1\n```"),
        ("<p>one<br>two</p>", "one\ntwo"),
        ("<p>x<sup>n+1</sup> and x<sup>ab</sup> and so <sup>[1]</sup></p>", "xⁿ⁺¹ and x^{ab} and so [1]"),
        (
            '<p>so <math><semantics><mi>F</mi><annotation encoding="application/x-tex">F=ma</annotation>'
            "</semantics></math> holds</p>",
            r"so \(F=ma\) holds",
        ),
        ('<p>see <img src="a.png" alt="a free body"></p>', "see a free body"),
    ],
)
def test_what_a_page_can_hold_is_written_as_markdown(tmp_path, body, text):
    assert blocks(tmp_path, body) == [text]


def test_headings_and_lists_of_a_page_without_any_frame_are_kept(tmp_path):
    body = "<h1>Motion</h1><p>Bodies move along\n lines.</p><h2>Speed</h2><ul><li>one</li></ul><p>速度是\n位移的变化率。</p>"
    draft = read(tmp_path, f"<html><body>{body}</body></html>".encode())
    assert [(s.heading, s.text) for s in draft.segments] == [
        ("Motion", "Bodies move along lines."),
        ("Motion > Speed", "- one"),
        ("Motion > Speed", "速度是位移的变化率。"),
    ]


def test_a_page_without_a_heading_is_called_by_its_title(tmp_path):
    page = "<html><head><title>第一讲 &amp; 运动</title></head><body><p>物体在不受外力作用时总保持静止状态或者匀速直线运动状态。</p></body></html>"
    draft = read(tmp_path, page.encode())
    assert draft.title == "第一讲 & 运动"
    assert [s.text for s in draft.segments] == ["物体在不受外力作用时总保持静止状态或者匀速直线运动状态。"]


@pytest.mark.parametrize("name", ["gb2312", "big5", "shift_jis", "iso-8859-1"])
def test_the_declared_encoding_is_believed_where_it_is_no_utf8(tmp_path, name):
    words = "Café, naïve, déjà vu, über alles. " * 3 if name == "iso-8859-1" else "速度是位移的。" * 9
    page = f'<html><head><meta charset="{name}"></head><body><p>{words}</p></body></html>'
    assert read(tmp_path, page.encode(name)).segments[0].text == words.strip()


def test_an_encoding_nobody_knows_is_reported(tmp_path):
    (tmp_path / "a.html").write_bytes(b"<p>caf\xe9 \xff\xfe</p>")
    (fault,) = read_html(tmp_path / "a.html")
    assert isinstance(fault, Fault) and fault.reason == "encoding"


@pytest.mark.parametrize(
    "page",
    [
        "<p>Bodies move along lines.</p>",
        '<?xml version="1.0" encoding="utf-8"?><!DOCTYPE html><html xmlns="http://www.w3.org/1999/xhtml"><body>'
        "<p>Bodies move along lines.</p></body></html>",
        "<html><body>Bodies move along lines.</body></html>",
        "<html><body>\0<p>Bodies move along lines.</p></body></html>",
    ],
)
def test_fragments_and_odd_pages_are_read(tmp_path, page):
    assert [s.text for s in read(tmp_path, page.encode()).segments] == ["Bodies move along lines."]


def test_a_page_of_scripts_gives_nothing(tmp_path):
    (tmp_path / "a.html").write_bytes(b"<html><body><script>let x = 1</script></body></html>")
    assert list(read_html(tmp_path / "a.html")) == []


def test_a_table_of_one_row_has_no_rule():
    assert markdown_table([["a", "b"]]) == "| a | b |"
    assert markdown_table([]) == ""
