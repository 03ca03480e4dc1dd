"""`ta preview` on the rows of a run that is written down here."""

import pyarrow as pa
import pytest
from click.testing import CliRunner

from ta_pipeline import ask, cli
from ta_pipeline.chat.labels import Conversation, label_rows
from ta_pipeline.preview_command import views, wants_colour
from ta_pipeline.records import InputError

LEDGER = [
    {"id": "qa-1", "action": "whole", "reason": "", "tokens_before": 40, "tokens_after": 40},
    {"id": "rag-1", "action": "context_cut", "reason": "", "tokens_before": 900, "tokens_after": 40},
    {
        "id": "rag-9",
        "action": "dropped",
        "reason": "answer_too_long",
        "tokens_before": 5000,
        "tokens_after": 0,
    },
]


class FakeRun:
    """What the catalog of a run would give."""

    def __init__(self, tables):
        self.tables = tables

    def load(self, name):
        return self.tables[name]


@pytest.fixture
def run(tiny_model, tokenizer):
    rows = []
    for name in ("qa-1", "qa-2", "rag-1"):
        talk = [
            {"role": "user", "content": f"什么是 {name}？"},
            {"role": "assistant", "content": f"Answer {name}."},
        ]
        ids, labels = label_rows(tokenizer, [Conversation(talk)])[0]
        task = name.split("-")[0]
        rows.append(
            {"id": name, "split": "train", "task": task, "language": "zh", "input_ids": ids, "labels": labels}
        )
    tables = {"token_rows": pa.Table.from_pylist(rows), "truncation_ledger": pa.Table.from_pylist(LEDGER)}
    return FakeRun(tables | {"base_model": tiny_model})


def test_the_first_rows_show_every_task(run):
    assert [view.id for view in views(run, rows=2)] == ["qa-1", "rag-1"]
    assert [view.id for view in views(run, rows=9)] == ["qa-1", "rag-1", "qa-2"]


def test_rows_of_a_task_and_a_row_by_its_id(run):
    assert [view.id for view in views(run, rows=9, task="qa")] == ["qa-1", "qa-2"]
    assert [view.id for view in views(run, rows=9, row_id="rag-1")] == ["rag-1"]


def test_cut_rows_come_with_what_happened_to_them_and_dropped_ones_without_tokens(run):
    cut, dropped = views(run, rows=9, cut=True)
    assert (cut.id, cut.note) == ("rag-1", "context cut, 900 tokens before, 40 after")
    assert cut.tokens > 0
    assert (dropped.id, dropped.tokens) == ("rag-9", 0)
    assert dropped.note == "dropped (answer_too_long), 5000 tokens before, 0 after"


def test_more_is_told_where_the_ledger_knows_more(run):
    more = LEDGER[1] | {"detail": "", "cut_characters": 812, "excerpt": "Lecture 3 …"}
    run.tables["truncation_ledger"] = pa.Table.from_pylist([more])
    assert views(run, rows=1, cut=True)[0].note.endswith("; 812 characters cut; cut: Lecture 3 …")


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"row_id": "qa-7"}, "--id qa-7.*Nearest: qa-"),
        ({"row_id": "qa-1", "cut": True}, "no row that was cut or dropped of that id"),
        ({"task": "style"}, "--task style: the last run has rows of qa, rag"),
    ],
)
def test_what_is_not_there_is_said_with_what_is(run, wrong, said):
    with pytest.raises(InputError, match=said):
        views(run, rows=3, **wrong)


def test_rows_of_another_tokenizer_are_refused(run):
    rows = run.tables["token_rows"].to_pylist()
    rows[0]["labels"][-2:] = [17, 17]
    rows[0]["input_ids"][-2:] = [17, 17]
    run.tables["token_rows"] = pa.Table.from_pylist(rows)
    with pytest.raises(InputError, match="another tokenizer.*KEDRO_ENV"):
        views(run, rows=1)


@pytest.mark.parametrize(
    ("terminal", "environment", "colour"),
    [(True, {}, True), (False, {}, False), (True, {"NO_COLOR": "1"}, False), (True, {"NO_COLOR": ""}, True)],
)
def test_colours_go_to_a_terminal_that_wants_them(terminal, environment, colour):
    assert wants_colour(terminal, environment) is colour


def test_the_command_writes_rows_or_a_page(run, monkeypatch, tmp_path):
    monkeypatch.setattr(ask, "open_last_run", lambda root: run)
    shown = CliRunner().invoke(cli.cli, ["preview", "--rows", "1"], catch_exceptions=False)
    assert "── qa-1 · train · qa · zh" in shown.output
    assert "⟦Answer qa-1.<|im_end|>⟧" in shown.output
    assert "\x1b" not in shown.output
    page = tmp_path / "rows.html"
    told = CliRunner().invoke(cli.cli, ["preview", "--cut", "--html", str(page)], catch_exceptions=False)
    assert told.output == f"2 rows are in {page}\n"
    assert page.read_text("utf-8").count("<article>") == 2


def test_no_cut_row_is_said_plainly(run, monkeypatch):
    run.tables["truncation_ledger"] = pa.Table.from_pylist(LEDGER[:1])
    monkeypatch.setattr(ask, "open_last_run", lambda root: run)
    assert CliRunner().invoke(cli.cli, ["preview", "--cut"]).output == "No row was cut or dropped.\n"
