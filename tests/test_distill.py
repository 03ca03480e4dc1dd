"""Chats into prompt/response rows: every shape, every fault with its place, and sums that add up."""

import json

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from ta_pipeline.cli import cli
from ta_pipeline.distill import distill
from ta_pipeline.records import InputError

ASKED, TOLD = {"role": "user", "content": "What is inertia?"}, {"role": "assistant", "content": "Resistance."}


def words(texts):
    return [len(text.split()) for text in texts]


@pytest.fixture
def run(tmp_path):
    def distilled(*rows, report="report.json"):
        source = tmp_path / "chat.jsonl"
        lines = [row if isinstance(row, str) else json.dumps(row, ensure_ascii=False) for row in rows]
        source.write_text("\n".join(lines), "utf-8")
        facts = distill([source], tmp_path / "rows.jsonl", tmp_path / report, words)
        made = (tmp_path / "rows.jsonl").read_text("utf-8").splitlines()
        return [json.loads(line) for line in made], facts

    return distilled


@pytest.mark.parametrize(
    "row",
    [
        {"messages": [ASKED, TOLD]},
        {
            "conversations": [
                {"from": "human", "value": "What is inertia?"},
                {"from": "gpt", "value": "Resistance."},
            ]
        },
        {"instruction": "What is inertia?", "input": "", "output": "Resistance."},
        {"question": "What is inertia?", "answer": "Resistance."},
        {"question": "What is inertia?", "reference": "Resistance.", "kind": "fact"},
        {"prompt": "What is inertia?", "response": "Resistance."},
        {"prompt": "What is inertia?", "completion": "Resistance."},
        {"messages": [ASKED], "chosen": "Resistance.", "rejected": "Speed."},
        {"request": {"model": "m", "messages": [ASKED]}, "response": {"choices": [{"message": TOLD}]}},
        {
            "custom_id": "1",
            "body": {"messages": [ASKED]},
            "response": {"status_code": 200, "body": {"choices": [{"message": TOLD}]}},
        },
    ],
)
def test_every_shape_gives_the_same_row_with_its_place(run, row):
    rows, facts = run("", row) if "chosen" not in row else run("", {**row, "prompt": row.pop("messages")})
    assert rows == [
        {
            "prompt": "What is inertia?",
            "response": "Resistance.",
            "source": "chat.jsonl",
            "line": 2,
            "turn": 2,
        }
    ]
    assert (facts["in"], facts["kept"], facts["dropped"]) == (1, 1, 0)


def test_every_answer_of_a_conversation_is_a_row_and_nothing_is_told_twice(run):
    turns = [{"role": "system", "content": "Be brief."}, ASKED, TOLD, {"role": "user", "content": "And mass?"}, {"role": "assistant", "content": "Its measure."}]  # fmt: skip
    rows, facts = run({"messages": turns})
    assert [(row["system"], row["prompt"], row["response"], row["turn"]) for row in rows] == [
        ("Be brief.", "What is inertia?", "Resistance.", 3),
        ("Be brief.", "And mass?", "Its measure.", 5),
    ]
    assert facts["growth"] == {
        "rows_a_line": 2.0,
        "characters_in": 57, "characters_out": 48, "characters": 0.842,
        "tokens_in": 10, "tokens_out": 8, "tokens": 0.8,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ('{"messages": [', "bad_json"),
        ([1, 2], "bad_row"),
        ({"text": "only this"}, "unknown_shape"),
        ({"messages": [ASKED]}, "no_answer"),
        ({"messages": [ASKED, {"role": "assistant", "content": " "}]}, "no_answer"),
        ({"messages": [TOLD]}, "no_question"),
        ({"messages": [ASKED, {"role": "robot", "content": "x"}]}, "unknown_role"),
        ({"request": {"messages": [ASKED]}, "response": {"error": "overloaded"}}, "no_answer"),
        ({"messages": [ASKED, TOLD, TOLD]}, "empty_prompt"),
        ({"messages": [ASKED, {"role": "assistant", "content": "鎯\ufffd\ufffd\ufffd\ufffd"}]}, "mojibake"),
        (
            {"messages": [ASKED, {"role": "assistant", "content": "it goes on and on and " * 20}]},
            "repetition",
        ),
        ({"messages": [ASKED, {"role": "assistant", "content": "惯性是物体的性质。" * 30}]}, "repetition"),
    ],
)
def test_what_gives_no_row_is_reported_with_file_line_and_reason(run, row, reason):
    _, facts = run({"question": "Is this fine?", "answer": "It is."}, row)
    (drop,) = facts["dropped_rows"]
    assert (drop["file"], drop["line"], drop["reason"]) == ("chat.jsonl", 2, reason)
    assert drop["detail"] and facts["by_reason"] == {reason: 1}


def test_a_row_told_twice_names_the_first(run):
    rows, facts = run({"messages": [ASKED, TOLD]}, {"question": "What is inertia?", "answer": "Resistance."})
    assert len(rows) == 1 and facts["dropped_rows"][0]["detail"] == "the same as chat.jsonl:1"


def test_the_markdown_report_has_the_growth_and_every_dropped_row(run, tmp_path):
    run({"messages": [ASKED, TOLD]}, {"text": "a | b"}, report="report.md")
    text = (tmp_path / "report.md").read_text("utf-8")
    assert "2 lines held 1 conversations" in text and "| rows | 2 | 1 | 0.5 |" in text
    assert (
        "| unknown_shape | 1 |" in text and "| chat.jsonl | 2 | 0 | unknown_shape | columns 'text';" in text
    )


def test_what_was_distilled_once_stays_the_same(run, tmp_path):
    rows, _ = run({"messages": [{"role": "system", "content": "Be brief."}, ASKED, TOLD]})
    again, facts = run(*rows)
    assert [row["response"] for row in again] == [row["response"] for row in rows]
    assert again[0]["system"] == "Be brief." and facts["growth"]["characters"] < 1.01


@settings(deadline=None, max_examples=60)
@given(
    st.lists(
        st.one_of(
            st.text(max_size=20),
            st.fixed_dictionaries(
                {"question": st.text(max_size=5), "answer": st.one_of(st.none(), st.text(max_size=30))}
            ),
            st.recursive(
                st.none() | st.integers() | st.text(max_size=5),
                lambda inner: st.lists(inner, max_size=3)
                | st.dictionaries(st.sampled_from(["messages", "prompt", "response", "request", "body", "reference", "question"]), inner),
            ),
        ),
        max_size=6,
    )
)  # fmt: skip
def test_whatever_comes_in_is_kept_or_dropped(tmp_path_factory, rows):
    folder = tmp_path_factory.mktemp("distill")
    source = folder / "chat.jsonl"
    source.write_text("\n".join(json.dumps(row) for row in rows), "utf-8")
    facts = distill([source], folder / "rows.jsonl", folder / "report.json", words)
    assert facts["in"] == facts["kept"] + facts["dropped"]
    assert len((folder / "rows.jsonl").read_text("utf-8").splitlines()) == facts["kept"]


@pytest.mark.parametrize(
    ("output", "report", "said"),
    [
        ("rows.jsonl", "report.txt", "is written as .json or .md"),
        ("chat.jsonl", "report.json", "would be overwritten"),
        ("rows.json", "rows.json", "is the --report too"),
    ],
)
def test_a_wrong_target_is_refused_before_anything_is_read(tmp_path, output, report, said):
    (tmp_path / "chat.jsonl").write_text("{}", "utf-8")
    with pytest.raises(InputError, match=said):
        distill([tmp_path / "chat.jsonl"], tmp_path / output, tmp_path / report, words)
    assert (tmp_path / "chat.jsonl").read_text("utf-8") == "{}"


def test_the_command_takes_several_files_and_says_what_came_out(tmp_path):
    for name in ("a", "b"):
        (tmp_path / f"{name}.jsonl").write_text(json.dumps({"question": f"{name}?", "answer": "x"}), "utf-8")
    arguments = ["distill", "--output", f"{tmp_path}/rows.jsonl", "--report", f"{tmp_path}/report.md"]
    for name in ("a", "b"):
        arguments += ["--input", f"{tmp_path}/{name}.jsonl"]
    done = CliRunner().invoke(cli, arguments)
    assert done.output.startswith("2 in, 2 rows in "), done.output
    missing = CliRunner().invoke(cli, [*arguments, "--input", f"{tmp_path}/none.jsonl"])
    assert missing.exit_code == 1 and "no such file" in missing.output
