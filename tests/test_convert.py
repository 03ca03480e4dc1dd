"""`ta convert`: shapes from and to files, and every bad row by its line."""

import json
import os
from pathlib import Path

import pytest
from click.testing import CliRunner

from ta_pipeline.cli import cli
from ta_pipeline.convert import convert
from ta_pipeline.records import InputError

ROOT = Path(__file__).resolve().parents[1]
SAMPLES = os.environ.get("TA_SAMPLES_DIR")
ALPACA = [
    {"instruction": "Answer from the notes.", "input": "A body at rest …", "output": "It stays.", "meta": {"source": "01.srt", "timestamp": "00:12:30"}},
    {"instruction": "什么是惯性？", "input": "", "output": "保持原状的性质。", "history": [["你好", "你好！"]], "system": "你是助教。"},
]  # fmt: skip


def write(path: Path, rows) -> Path:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "utf-8")
    return path


def read(path: Path):
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def run(source, target, to):
    faults = []
    return convert(source, target, to, faults.append), faults


def test_alpaca_becomes_sharegpt_with_its_provenance_and_comes_back(tmp_path):
    source = write(tmp_path / "in.jsonl", ALPACA)
    assert run(source, tmp_path / "share.jsonl", "sharegpt") == (2, [])
    first, second = read(tmp_path / "share.jsonl")
    assert first == {
        "conversations": [
            {"from": "human", "value": "Answer from the notes.\nA body at rest …"},
            {"from": "gpt", "value": "It stays."},
        ],
        "meta": {"source": "01.srt", "timestamp": "00:12:30"},
        "input": "A body at rest …",
    }
    assert [turn["from"] for turn in second["conversations"]] == ["system", "human", "gpt", "human", "gpt"]
    run(tmp_path / "share.jsonl", tmp_path / "back.jsonl", "alpaca")
    assert read(tmp_path / "back.jsonl") == ALPACA


@pytest.mark.parametrize("suffix", [".json", ".jsonl", ".parquet"])
@pytest.mark.parametrize("to", ["sharegpt", "messages", "prompt-completion"])
def test_rows_go_through_every_kind_of_file_and_come_back(tmp_path, suffix, to):
    source = write(tmp_path / "in.jsonl", ALPACA)
    run(source, tmp_path / f"there{suffix}", to)
    assert run(tmp_path / f"there{suffix}", tmp_path / "back.jsonl", "alpaca") == (2, [])
    assert read(tmp_path / "back.jsonl") == ALPACA


def test_a_tool_call_keeps_its_id_from_openai_to_sharegpt_and_back(tmp_path):
    row = {
        "messages": [
            {"role": "user", "content": "g on the Moon?"},
            {"role": "assistant", "tool_calls": [{"id": "c1", "type": "function", "function": {"name": "look_up", "arguments": '{"word": "g"}'}}]},
            {"role": "tool", "content": "1.6", "tool_call_id": "c1"},
            {"role": "assistant", "content": "1.6 m/s²"},
        ],
        "tools": [{"type": "function", "function": {"name": "look_up", "parameters": {"type": "object"}}}],
    }  # fmt: skip
    run(write(tmp_path / "in.jsonl", [row]), tmp_path / "out.parquet", "sharegpt")
    run(tmp_path / "out.parquet", tmp_path / "back.jsonl", "messages")
    assert read(tmp_path / "back.jsonl") == [row]


def test_bad_rows_are_told_by_line_and_cure_and_the_others_are_written(tmp_path):
    good = json.dumps({"question": "q", "answer": "a"})
    pair = json.dumps({"prompt": "q", "chosen": "a", "rejected": "b"})
    (tmp_path / "in.jsonl").write_text(
        f'{good}\n{{"question": \n\n{{"question": "q"}}\n{pair}\n[1]\n{good}\n'
    )
    done = CliRunner().invoke(
        cli, ["convert", str(tmp_path / "in.jsonl"), str(tmp_path / "out.jsonl"), "--to", "messages"]
    )
    assert done.exit_code == 1
    lines = done.stderr.splitlines()
    assert [line.split(": ")[0].rpartition(":")[2] for line in lines[:-1]] == ["2", "4", "5", "6"]
    assert lines[0].startswith(f"{tmp_path / 'in.jsonl'}:2: bad_json: ") and lines[0].endswith(
        "; mend the line"
    )
    assert "no_answer: the row has no answer text; write it or take the row out" in lines[1]
    assert "cannot_hold: messages would lose the rejected answer; choose another shape" in lines[2]
    assert lines[-1].startswith("Error: 4 rows were left out of ")
    assert len(read(tmp_path / "out.jsonl")) == 2


def test_a_clean_file_ends_with_exit_code_0_and_says_what_was_written(tmp_path):
    source = write(tmp_path / "in.jsonl", ALPACA)
    done = CliRunner().invoke(cli, ["convert", str(source), str(tmp_path / "o.json"), "--to", "messages"])
    assert (done.exit_code, done.output) == (0, f"Wrote 2 rows as messages to {tmp_path / 'o.json'}\n")


@pytest.mark.parametrize(
    ("source", "target", "words"),
    [("none.jsonl", "out.jsonl", "no such file"), ("in.jsonl", "in.jsonl", "Name another file"),
     ("in.jsonl", "out.txt", "Name a .jsonl, .json, .parquet file"), ("bad.jsonl", "out.jsonl", "nothing was written")],
)  # fmt: skip
def test_what_cannot_be_converted_is_one_line_and_leaves_nothing_behind(tmp_path, source, target, words):
    write(tmp_path / "in.jsonl", ALPACA)
    write(tmp_path / "bad.jsonl", [{"text": "x"}])
    before = sorted(tmp_path.iterdir())
    with pytest.raises(InputError, match=words):
        run(tmp_path / source, tmp_path / target, "messages")
    assert sorted(tmp_path.iterdir()) == before


@pytest.mark.parametrize("target", ["folder.jsonl", "in.jsonl/out.jsonl"])
def test_a_place_that_cannot_be_written_is_one_line(tmp_path, target):
    source = write(tmp_path / "in.jsonl", ALPACA)
    (tmp_path / "folder.jsonl").mkdir()
    with pytest.raises(InputError, match="cannot be written .* Name another file"):
        run(source, tmp_path / target, "messages")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["folder.jsonl", "in.jsonl"]


def test_columns_of_two_kinds_are_no_parquet_file_and_nothing_is_left_behind(tmp_path):
    rows = [{"question": "q", "answer": "a", "level": level} for level in (1, "hard")]
    with pytest.raises(InputError, match="Write .jsonl"):
        run(write(tmp_path / "in.jsonl", rows), tmp_path / "out.parquet", "messages")
    assert [path.name for path in tmp_path.iterdir()] == ["in.jsonl"]


@pytest.mark.skipif(not SAMPLES, reason="set TA_SAMPLES_DIR to a folder of public samples")
@pytest.mark.parametrize(
    ("name", "to", "rows"),
    [("instructions/alpaca_zh_demo.json", "messages", 1000), ("tools/glaive_toolcall_zh_demo.json", "messages", 300),
     ("preferences/dpo_en_demo.json", "preference-implicit", 300), ("math/gsm8k_test.jsonl", "alpaca", 1319)],
)  # fmt: skip
def test_the_public_samples_come_back_through_parquet(tmp_path, name, to, rows):
    source = Path(SAMPLES) / name
    assert run(source, tmp_path / "there.parquet", to) == (rows, [])
    back = {
        "instructions": "alpaca",
        "tools": "sharegpt",
        "preferences": "sharegpt",
        "math": "question-answer",
    }
    run(tmp_path / "there.parquet", tmp_path / "back.jsonl", back[name.split("/")[0]])
    wanted = json.loads(source.read_text("utf-8")) if source.suffix == ".json" else read(source)
    assert [{k: v for k, v in row.items() if v != "[]"} for row in wanted] == read(tmp_path / "back.jsonl")


def test_speakers_are_those_that_the_project_maps(tmp_path, monkeypatch):
    turns = [{"from": "Student", "value": "q"}, {"from": "teacher", "value": "a"}]
    source = write(tmp_path / "in.jsonl", [{"conversations": turns}])
    command = ["convert", str(source), str(tmp_path / "out.jsonl"), "--to", "messages"]
    monkeypatch.chdir(tmp_path)
    assert "unknown_role" in CliRunner().invoke(cli, command).stderr
    monkeypatch.chdir(ROOT)
    assert CliRunner().invoke(cli, command).exit_code == 0
    assert [turn["role"] for turn in read(tmp_path / "out.jsonl")[0]["messages"]] == ["user", "assistant"]
