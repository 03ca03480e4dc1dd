"""FAQ tables as CSV, TSV and Excel."""

from pathlib import Path

import pandas as pd

from ta_pipeline.sources.drafts import Draft, Fault
from ta_pipeline.sources.tables import read_delimited, read_parquet, read_workbook


def csv_rows(text: str) -> list[Draft | Fault]:
    return list(read_delimited(text, ",", {}))


def test_each_row_is_a_dialogue_and_other_columns_are_kept():
    text = '问题,答案,Lecture,time,tag\n什么是速度？,"位移除以时间，\n即 v",01,05:12,\n'
    (draft,) = csv_rows(text)
    assert isinstance(draft, Draft)
    assert [(s.speaker, s.line, s.text) for s in draft.segments] == [
        ("user", 2, "什么是速度？"),
        ("assistant", 2, "位移除以时间，\n即 v"),
    ]
    assert draft.meta == {"lecture": "01", "timestamp": "05:12"}


def test_column_names_are_read_in_any_case():
    assert all(isinstance(row, Draft) for row in csv_rows(" Q ,A\nwhy,so\n"))
    assert all(isinstance(row, Draft) for row in csv_rows("QUESTION,Answer\nwhy,so\n"))


def test_rows_after_one_of_several_lines_know_their_first_line():
    text = 'question,answer\n"a\nb",c\n\nd,\ne,f\n'
    first, missing, last = csv_rows(text)
    assert isinstance(first, Draft) and first.line == 2
    assert isinstance(missing, Fault) and (missing.line, missing.reason) == (5, "no_answer")
    assert isinstance(last, Draft) and last.line == 6


def test_a_comma_that_was_not_quoted_does_not_cut_the_answer_short():
    (fault,) = csv_rows("question,answer\nwhy,so, and so\n")
    assert isinstance(fault, Fault) and (fault.line, fault.reason) == (2, "bad_row")
    (draft,) = csv_rows("question,answer\nwhy,so,,\n")
    assert isinstance(draft, Draft)


def test_a_stray_quote_costs_its_row_and_is_reported():
    good, bad, last = csv_rows('question,answer\na,b\nc,"d" e\nf,g\n')
    assert isinstance(good, Draft) and isinstance(last, Draft)
    assert isinstance(bad, Fault) and (bad.line, bad.reason) == (3, "bad_csv")


def test_a_quote_that_is_never_closed_is_reported_where_it_opens():
    good, bad = csv_rows('question,answer\na,b\nc,"d\ne,f\n')
    assert isinstance(good, Draft)
    assert isinstance(bad, Fault) and (bad.line, bad.reason) == (3, "bad_csv")


def test_a_table_without_questions_says_which_columns_it_has():
    (fault,) = csv_rows("name,mark\nAda,1\nBob,2\n")
    assert isinstance(fault, Fault) and fault.reason == "unknown_columns"
    assert "'name', 'mark'" in fault.detail


def test_tabs_part_the_cells_of_a_tsv():
    (draft,) = read_delimited("question\tanswer\nwhy, then\tso\n", "\t", {})
    assert isinstance(draft, Draft) and draft.segments[0].text == "why, then"


def test_every_sheet_of_a_workbook_is_read(tmp_path: Path):
    path = tmp_path / "faq.xlsx"
    with pd.ExcelWriter(path) as book:
        one = pd.DataFrame(
            {"问题": ["什么是力？", "空"], "答案": ["相互作用", None], "lecture": ["05", "05"]}
        )
        one.to_excel(book, sheet_name="力学", index=False)
        pd.DataFrame({"Question": ["NA"], "Answer": [42]}).to_excel(book, sheet_name="two", index=False)
        pd.DataFrame({"name": ["x"]}).to_excel(book, sheet_name="three", index=False)
        pd.DataFrame().to_excel(book, sheet_name="empty", index=False)
    first, empty, second, foreign = read_workbook(path, {})
    assert isinstance(first, Draft) and first.meta == {"lecture": "05"}
    assert isinstance(empty, Fault) and (empty.line, empty.reason) == (3, "no_answer")
    assert isinstance(second, Draft) and [s.text for s in second.segments] == ["NA", "42"]
    assert isinstance(foreign, Draft) and [s.heading for s in foreign.segments] == ["three", "three"]
    assert len({first.row, second.row, foreign.row}) == 3


def test_a_sheet_that_is_no_faq_is_text_with_the_names_of_its_columns(tmp_path: Path, builders):
    rows = [("Term", "Meaning", "Week"), ("force", "a push", 3.0), (None, None, None), ("speed", None, 4)]
    (tmp_path / "a.xlsx").write_bytes(builders["xlsx"](rows))
    (draft,) = read_workbook(tmp_path / "a.xlsx", {})
    assert isinstance(draft, Draft) and (draft.kind, draft.row) == ("text", 0)
    assert [(s.line, s.heading, s.text) for s in draft.segments] == [
        (2, "Sheet", "Term: force; Meaning: a push; Week: 3"),
        (4, "Sheet", "Term: speed; Week: 4"),
    ]


def test_cells_without_names_stand_side_by_side(tmp_path: Path, builders):
    (tmp_path / "a.xlsx").write_bytes(builders["xlsx"]([("a", "1"), ("b", "2")]))
    (draft,) = read_workbook(tmp_path / "a.xlsx", {})
    assert isinstance(draft, Draft) and [s.text for s in draft.segments] == ["a | 1", "b | 2"]


def test_rows_of_a_parquet_log_are_dialogues(tmp_path: Path, builders):
    turns = [{"from": "human", "value": "why?"}, {"from": "gpt", "value": "so"}]
    rows = [{"conversations": turns, "week": 2}, {"conversations": turns[:1], "week": 2}]
    (tmp_path / "a.parquet").write_bytes(builders["parquet"](rows))
    roles = {"human": "user", "gpt": "assistant"}
    good, bad = read_parquet(tmp_path / "a.parquet", roles, 10**6)
    assert isinstance(good, Draft) and [(s.speaker, s.text) for s in good.segments] == [
        ("user", "why?"),
        ("assistant", "so"),
    ]
    assert good.meta == {"week": 2} and isinstance(bad, Fault) and (bad.line, bad.reason) == (2, "no_answer")


def test_a_parquet_file_of_something_else_says_which_columns_it_has(tmp_path: Path, builders):
    (tmp_path / "a.parquet").write_bytes(builders["parquet"]([{"name": "x"}]))
    (fault,) = read_parquet(tmp_path / "a.parquet", {}, 10**6)
    assert isinstance(fault, Fault) and fault.reason == "unknown_columns" and "'name'" in fault.detail
    (tmp_path / "b.parquet").write_bytes(b"PAR1 broken")
    (fault,) = read_parquet(tmp_path / "b.parquet", {}, 10**6)
    assert isinstance(fault, Fault) and fault.reason == "bad_parquet"


def test_a_cell_longer_than_csv_allows_says_so():
    long, last = csv_rows("question,answer\nq," + "x" * 200_000 + "\ne,f\n")
    assert isinstance(long, Fault) and (long.line, long.reason) == (2, "bad_csv")
    assert "split the cell" in long.detail and isinstance(last, Draft)
