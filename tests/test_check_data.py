"""`ta check-data`: broken files of every kind, each named with its line and its cure."""

import json
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from ta_pipeline import check_data as checking
from ta_pipeline.check_data import Raw, check_course, check_everything
from ta_pipeline.cli import cli
from ta_pipeline.new_course import write_samples
from ta_pipeline.params import ComposeParams, IngestParams, SourcesParams
from ta_pipeline.sources.samples import SAMPLES

ROOT = Path(__file__).resolve().parents[1]
ASKED = {"role": "user", "content": "q"}


def block(name, model):
    return model(**yaml.safe_load((ROOT / f"conf/base/parameters_{name}.yml").read_text("utf-8"))[name])


def settings(root):
    return Raw(
        root / "data/01_raw/courses", root / "data/01_raw/public", root / "data/01_raw/benchmark",
        block("ingest", IngestParams), block("sources", SourcesParams), block("compose", ComposeParams),
    )  # fmt: skip


@pytest.fixture
def raw(tmp_path):
    return settings(tmp_path)


@pytest.fixture
def course(raw):
    folder = raw.courses / "demo"
    write_samples(folder)
    return folder


def told(findings, folder):
    return [str(problem).removeprefix(f"{folder}/") for problem in findings.problems]


def spoil(course, name, text):
    path = course / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def exam_row(**changes):
    first = json.loads(SAMPLES["eval/benchmark.jsonl"].replace("COURSE", "demo").splitlines()[0])
    return json.dumps(first | changes) + "\n"


def test_the_samples_are_without_a_problem(course, raw):
    findings = check_course(course, raw)
    assert findings.problems == []
    assert (findings.documents, findings.questions) == (8, 2)


def asks(*turns, **more):
    return json.dumps({"messages": [ASKED, *turns]} | more) + "\n"


#: Files of a course, all broken.
BROKEN = {
    "lectures/02.md": "",
    "lectures/03.xyz": "x",
    "lectures/04.txt": b"\xff\xfe\x00",
    "05.srt": "1\n00:00:01,000 --> 00:00:02,000\nHi.\n\n2\n00:00",
    "faq2.csv": "question,answer\nq,a\nq,\n",
    "faq3.csv": 'question,answer\nq,"a',
    "log.jsonl": '{"question": "q", "answer": "a"}\n{"question"\n{"text": "words"}\n'
    '{"conversations": [{"from": "alien", "value": "q"}]}\n',
    "log.json": '[{"question": "q", "answer": "a"},',
    "processed/style_sft.jsonl": asks() + json.dumps({"prompt": "q", "completion": "a", "label": False}),
    "processed/rag_sft.jsonl": json.dumps({"instruction": "", "output": "a"}) + '\n[1]\n{"a"\n',
    "processed/tool_sft.jsonl": asks({"role": "assistant", "tool_calls": [{"function": {"name": "f", "arguments": "{1}"}}]})
    + asks({"role": "assistant", "tool_calls": [{"function": {"arguments": "{}"}}]})
    + asks({"role": "assistant", "content": "a"}, tools="[{"),
    "eval/benchmark.jsonl": "{\n" + exam_row(kind="guess") + exam_row(question="") + exam_row(language="xx")
    + exam_row(id="5", source={"path": "lectures/01-first-lecture.srt", "quote": "Nobody ever said that here."})
    + exam_row(id="6", source={"path": "none.md", "quote": "x"}) + exam_row(id="7") + "\n" + exam_row(id="7")
    + exam_row(reference=""),
}  # fmt: skip


@pytest.fixture(scope="module")
def problems(tmp_path_factory):
    folder = tmp_path_factory.mktemp("course") / "demo"
    write_samples(folder)
    for name, text in BROKEN.items():
        spoil(folder, name, text)
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    found = told(check_course(folder, settings(folder.parent)), folder)
    assert before == {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    return found


@pytest.mark.parametrize(
    ("place", "reason", "cure"),
    [
        ("lectures/02.md", "empty_file", "copy the file again or remove it"),
        ("lectures/03.xyz", "unknown_format", "are read"),
        ("lectures/04.txt", "encoding", "save the file as UTF-8"),
        ("05.srt:5", "truncated_subtitle", "export it again"),
        ("faq2.csv:3", "no_answer", "write it or take the row out"),
        ("faq3.csv:2", "bad_csv", "close it"),
        ("log.jsonl:2", "bad_json", "mend the line"),
        ("log.jsonl:3", "unknown_shape", "a dialogue has"),
        ("log.jsonl:4", "unknown_role", "ingest.role_map"),
        ("log.json:1", "bad_json", "export it again"),
        ("processed/style_sft.jsonl:1", "no_answer", "write it"),
        ("processed/style_sft.jsonl:2", "bad_answer", "take the row out"),
        ("processed/rag_sft.jsonl:1", "no_question", "write the question"),
        ("processed/rag_sft.jsonl:2", "bad_row", "must be an object"),
        ("processed/rag_sft.jsonl:3", "bad_json", "mend the line"),
        ("processed/tool_sft.jsonl:1", "bad_row", "mend it"),
        ("processed/tool_sft.jsonl:2", "bad_call", "must call a tool as"),
        ("processed/tool_sft.jsonl:3", "bad_row", "`tools` is no JSON"),
        ("eval/benchmark.jsonl:1", "not a JSON object", "mend the line"),
        ("eval/benchmark.jsonl:2", "kind 'guess' is unknown", "write one of fact"),
        ("eval/benchmark.jsonl:3", "question missing", "add it"),
        ("eval/benchmark.jsonl:4", "language 'xx' is unknown", "write one of en, zh"),
        ("eval/benchmark.jsonl:5", "has no such text", "correct `source`"),
        ("eval/benchmark.jsonl:6", "is not among the course's documents", "correct `source`"),
        ("eval/benchmark.jsonl:7", "stands twice", "give every question its own"),
        ("eval/benchmark.jsonl:10", "needs `reference`", "make it a refusal"),
    ],
)  # fmt: skip
def test_a_broken_file_is_named_with_its_line_its_reason_and_its_cure(problems, place, reason, cure):
    lines = [line for line in problems if line.startswith(f"{place}: ")]
    assert len(lines) == 1 and "\n" not in lines[0]
    assert reason in lines[0] and cure in lines[0]


def test_nothing_else_is_called_a_problem(problems):
    assert len(problems) == 26


@pytest.mark.parametrize(
    ("text", "words"),
    [(exam_row(course="other"), "no row has `course` 'demo'; write it into the rows"),
     (b'{"id": "\xff"}', "byte 8 is no UTF-8; save the file as UTF-8.")],
)  # fmt: skip
def test_an_exam_that_cannot_be_asked_at_all_is_named(course, raw, text, words):
    spoil(course, "eval/benchmark.jsonl", text)
    (line,) = told(check_course(course, raw), course)
    assert line.startswith("eval/benchmark.jsonl: ") and words in line


def test_public_files_and_the_shared_exam_are_checked_with_the_courses(course, raw):
    spoil(raw.public, "processed/style_sft.jsonl", '{"messages": []}\n')
    spoil(raw.public, "stranger.jsonl", "{}\n")
    spoil(
        raw.benchmark,
        "benchmark.jsonl",
        exam_row() + exam_row(id="2", source={"path": "none.md", "quote": "x"}),
    )
    raw_folder = raw.courses.parent
    lines = told(check_everything(raw), raw_folder)
    assert [line.split(": ")[:2] for line in lines] == [
        ["public/processed/style_sft.jsonl:1", "no_question"],
        ["public/stranger.jsonl", "undeclared_public_set"],
        ["benchmark/benchmark.jsonl:2", "question '2'"],
    ]


def test_a_course_that_is_still_empty_does_not_hide_the_public_files(course, raw):
    (raw.courses / "aaa" / "lectures").mkdir(parents=True)
    spoil(raw.public, "stranger.jsonl", "{}\n")
    empty, stranger = told(check_everything(raw), raw.courses.parent)
    assert empty.startswith("courses/aaa: no file to read")
    assert stranger.startswith("public/stranger.jsonl: undeclared_public_set")


def test_an_empty_course_says_so(raw, tmp_path):
    (tmp_path / "bare").mkdir()
    (line,) = told(check_course(tmp_path / "bare", raw), tmp_path)
    assert line.startswith("bare: ") and "no file to read" in line


@pytest.fixture
def command(tmp_path, raw, monkeypatch):
    (tmp_path / "pyproject.toml").write_text("[tool.kedro]\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(checking, "open_raw", lambda root: raw)
    return lambda *arguments: CliRunner().invoke(cli, ["check-data", *arguments])


def test_the_seeds_two_commands_make_a_folder_that_is_valid(command, raw):
    made = command("python", "--create-dirs", "--create-samples")
    assert made.exit_code == 0 and made.stdout.count("Sample ") == len(SAMPLES)
    assert sorted(p.name for p in (raw.courses / "python").iterdir() if p.is_dir()) == [
        "eval",
        "lectures",
        "processed",
    ]
    assert command("python", "--validate").exit_code == 0
    assert command("--validate").exit_code == 0


def test_folders_alone_have_no_sample_and_nothing_is_ever_overwritten(command, raw):
    assert command("python", "--create-dirs").exit_code == 0
    assert [p for p in (raw.courses / "python").rglob("*") if p.is_file()] == []
    mine = raw.courses / "python/faq.csv"
    mine.write_text("question,answer\nq,a\n")
    assert command("python", "--create-samples").stdout.count("Sample ") == len(SAMPLES) - 1
    assert mine.read_text() == "question,answer\nq,a\n"


def test_a_problem_is_a_line_with_exit_code_1(command, raw):
    command("python", "--create-samples")
    (raw.courses / "python/log.jsonl").write_text("{\n")
    done = command("python")
    assert done.exit_code == 1
    assert done.stdout.startswith("data/01_raw/courses/python/log.jsonl:1: bad_json: ")
    assert done.stdout.count("\n") == 1
    assert done.stderr.splitlines()[-1] == "Error: 1 problem; the line above says the cure."


def test_a_name_that_is_no_course_and_a_missing_name_are_told(command):
    assert "no course and no folder. Make it with `ta new-course x`" in command("x").output
    assert command("--create-dirs").exit_code == 2


def test_a_file_and_a_name_that_no_course_can_have_are_refused(command, raw, tmp_path):
    (tmp_path / "faq.csv").write_text("question,answer\nq,a\n")
    assert "faq.csv: a file. Name the folder of its course." in command("faq.csv").output
    assert "small letters, digits" in command("My Course", "--create-dirs").output
    assert not (raw.courses / "My Course").exists()
