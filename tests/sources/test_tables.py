"""FAQ tables as CSV, TSV and Excel."""

from pathlib import Path

import pandas as pd

from ta_pipeline.sources.drafts import Draft, Fault
from ta_pipeline.sources.tables import read_delimited, read_workbook


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
    assert isinstance(foreign, Fault) and "three" in foreign.detail
    assert first.row != second.row
