"""Rows of files of any length: in pieces, with their places, and never an exception."""

import io
import json
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyarrow import parquet

from ta_pipeline.sources import row_files
from ta_pipeline.sources.drafts import Fault
from ta_pipeline.sources.row_files import FileRow, count_lines, count_parquet, rows_of

LIMIT = 2**20
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


def read(tmp_path: Path, name: str, raw: str | bytes, limit: int = LIMIT):
    path = tmp_path / name
    path.write_bytes(raw.encode() if isinstance(raw, str) else raw)
    return [
        (f.line, f.reason) if isinstance(f, Fault) else (f.line, f.row, f.value) for f in rows_of(path, limit)
    ]


@pytest.mark.parametrize("chunk", [1, 2, 7, 1000])
def test_an_array_is_read_in_pieces_of_any_size(tmp_path, monkeypatch, chunk):
    monkeypatch.setattr(row_files, "_CHUNK", chunk)
    raw = '[\n  {"a": "x\\n\\"]"},\n 12, -3.5e2 ,\n\n true,[{"b":[1,2]}] ]\n'
    assert read(tmp_path, "a.json", raw) == [
        (2, 1, {"a": 'x\n"]'}), (3, 2, 12), (3, 3, -350.0), (5, 4, True), (5, 5, [{"b": [1, 2]}]),
    ]  # fmt: skip


@given(values=st.lists(VALUES, max_size=6), chunk=st.integers(1, 40), indent=st.sampled_from([None, 0, 1]))
@settings(max_examples=150, deadline=None)
def test_what_json_writes_is_read_back(values, chunk, indent):
    before, row_files._CHUNK = row_files._CHUNK, chunk
    try:
        found = list(row_files._json(io.StringIO(json.dumps(values, indent=indent)), LIMIT))
    finally:
        row_files._CHUNK = before
    assert [row.value for row in found if isinstance(row, FileRow)] == values
    assert [row.row for row in found] == list(range(1, len(values) + 1))


@given(
    text=st.text(alphabet='[]{},:"\\ \n0123456789.eE-truefalsnu\ud83d', max_size=40), chunk=st.integers(1, 9)
)
@settings(max_examples=300, deadline=None)
def test_json_of_any_shape_is_read_or_told_and_ends(text, chunk):
    before, row_files._CHUNK = row_files._CHUNK, chunk
    try:
        found = list(row_files._json(io.StringIO(text), LIMIT))
    finally:
        row_files._CHUNK = before
    assert all(isinstance(item, Fault) for item in found[-1:]) or all(isinstance(i, FileRow) for i in found)


@pytest.mark.parametrize(
    ("raw", "told"),
    [
        ('[{"a": 1}', (1, "bad_json")),
        ('[{"a": 1},\n{"b": ', (2, "bad_json")),
        ('[{"a": 1},\n{"b" 2}, {"c": 3}]', (2, "bad_json")),
        ('[{"a": 1} {"b": 2}]', (1, "bad_json")),
    ],
)
def test_what_stands_before_a_break_is_kept(tmp_path, raw, told):
    assert read(tmp_path, "a.json", raw) == [(1, 1, {"a": 1}), told]


def test_values_that_follow_each_other_are_rows_and_an_object_is_one(tmp_path):
    assert read(tmp_path, "a.json", '{"a": 1}\n{"a": 2}\n') == [(1, 1, {"a": 1}), (2, 2, {"a": 2})]
    assert read(tmp_path, "b.json", '{\n"a": NaN}') == [(1, 1, {"a": None})]


def test_a_bad_line_costs_only_itself(tmp_path):
    raw = '{"a": 1}\r\n\n{"a": \n{"a": 2}\n'
    assert read(tmp_path, "a.jsonl", raw) == [(1, 1, {"a": 1}), (3, "bad_json"), (4, 4, {"a": 2})]


def test_a_row_longer_than_the_limit_is_told_and_not_held(tmp_path, monkeypatch):
    monkeypatch.setattr(row_files, "_CHUNK", 10)
    raw = '[{"a": 1}, "' + "x" * 5000 + '"]'
    assert read(tmp_path, "a.json", raw, limit=1000) == [(1, 1, {"a": 1}), (1, "bad_json")]


def test_a_table_has_an_object_a_row(tmp_path):
    raw = '\ufeff question , answer\n"a, b",1\n\nc,2\nd\n'
    assert read(tmp_path, "a.csv", raw) == [
        (2, 1, {"question": "a, b", "answer": "1"}),
        (4, 2, {"question": "c", "answer": "2"}),
        (5, 3, {"question": "d"}),
    ]
    assert read(tmp_path, "b.csv", 'a,b\n1,"2\n') == [(2, "bad_csv")]


def test_a_comma_that_was_not_quoted_does_not_cut_a_cell_short(tmp_path):
    found = read(tmp_path, "a.csv", "question,answer\nwhy,so, and so\nwhy,so,\n")
    assert found == [(2, "bad_row"), (3, 2, {"question": "why", "answer": "so"})]


def test_a_line_longer_than_the_limit_costs_only_itself(tmp_path):
    raw = '{"a": 1}\n"' + "x" * 5000 + '"\n{"a": 2}\n"' + "y" * 5000
    found = read(tmp_path, "a.jsonl", raw, limit=1000)
    assert found == [(1, 1, {"a": 1}), (2, "too_large"), (3, 3, {"a": 2}), (4, "too_large")]


def test_a_table_of_a_hub_is_read_by_the_columns_that_are_wanted(tmp_path):
    path = tmp_path / "a.parquet"
    rows = [{"id": str(n), "doc": {"html": "x" * 100, "title": f"t{n}"}} for n in range(300)]
    parquet.write_table(pa.Table.from_pylist(rows), path, row_group_size=100)
    found = list(rows_of(path, LIMIT, ["doc.title", "not_there"]))
    assert [(row.line, row.row) for row in found] == [(n, n) for n in range(1, 301)]
    assert found[299].value == {"doc": {"title": "t299"}}
    assert count_parquet(path) == 300


def test_a_table_that_breaks_off_is_told(tmp_path):
    path = tmp_path / "a.parquet"
    parquet.write_table(pa.table({"a": range(9)}), path)
    whole = path.read_bytes()
    for broken in (whole[:50], whole[:-20], b"PAR1" + whole[40:], b"not a table"):
        (fault,) = read(tmp_path, "b.parquet", broken)
        assert fault[1] == "bad_parquet"


def test_another_encoding_than_utf8_is_found_in_a_small_file_only(tmp_path):
    raw = '[{"问题": "什么是速度", "回答": "路程与时间之比，是描述运动快慢的物理量。"}]'.encode("gb18030")
    assert read(tmp_path, "a.json", raw)[0][2]["问题"] == "什么是速度"
    assert read(tmp_path, "a.json", raw, limit=10) == [(0, "encoding")]


def test_a_large_file_is_read_up_to_its_bad_byte(tmp_path):
    raw = b'{"a": 1}\n' * 3000 + b'{"a": "\xff"}\n'
    found = read(tmp_path, "a.jsonl", raw, limit=10)
    assert found[0] == (1, 1, {"a": 1}) and found[-1] == (0, "encoding") and len(found) > 1000


@pytest.mark.parametrize(
    ("name", "raw", "reason"),
    [("a.json", b"", "empty_file"), ("a.txt", b"x", "unknown_format"), ("a", b"x", "unknown_format")],
)
def test_a_file_that_holds_no_rows_says_why(tmp_path, name, raw, reason):
    assert read(tmp_path, name, raw) == [(0, reason)]


def test_lines_are_counted_without_the_blank_ones(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text("{}\n\n  \n{}", "utf-8")
    assert count_lines(path) == 2
