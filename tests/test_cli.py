"""The `ta` command: what it prints, its exit codes, and that Kedro can import it for nothing."""

import json
import os
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from ta_pipeline import ask as asking
from ta_pipeline.ask import Answer
from ta_pipeline.cli import OneLineErrors, cli, describe
from ta_pipeline.doctor import machine
from ta_pipeline.doctor.checks import Check
from ta_pipeline.rag.prompt import Passage
from ta_pipeline.records import InputError

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture
def project(tmp_path, monkeypatch):
    """An empty project, with a subfolder of it as the working directory."""
    (tmp_path / "pyproject.toml").write_text('[tool.kedro]\npackage_name = "ta_pipeline"\n')
    (tmp_path / "notebooks").mkdir()
    monkeypatch.chdir(tmp_path / "notebooks")
    return tmp_path


def invoke(*arguments):
    return CliRunner().invoke(cli, list(arguments))


def test_help_lists_every_command_with_a_line():
    done = invoke("--help")
    assert done.exit_code == 0
    for line in (
        "ask         Put QUESTION",
        "check-data  Check raw files",
        "convert     Rewrite the training rows",
        "doctor      Is this machine ready?",
        "new-course  Make the folder",
        "plan        Forecast memory and time",
        "sources     List the public sets",
    ):
        assert line in done.output


def test_importing_the_command_imports_nothing_heavy():
    heavy = "{'torch', 'transformers', 'pandas', 'pyarrow', 'numpy', 'mlflow', 'kedro', 'pydantic'}"
    code = f"import sys, ta_pipeline.cli; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_kedro_shows_the_commands_as_the_projects_own():
    done = subprocess.run(
        [sys.executable, "-m", "kedro", "--help"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert "new-course  Make the folder" in done.stdout and "  run  " in done.stdout


def test_the_doctor_prints_a_line_a_check_and_exits_with_1_on_a_failure(project, monkeypatch):
    found = [Check("a", "ok", "fine"), Check("b", "warn", "so so", "mend it"), Check("c", "fail", "gone")]
    monkeypatch.setattr(machine, "examine", lambda root: iter(found))
    done = invoke("doctor")
    assert done.output == "ok    a: fine\nwarn  b: so so  -> mend it\nfail  c: gone\n"
    assert done.exit_code == 1
    monkeypatch.setattr(machine, "examine", lambda root: iter(found[:2]))
    assert invoke("doctor").exit_code == 0


def test_the_doctor_colours_its_lines_only_where_there_is_a_terminal(project, monkeypatch):
    monkeypatch.setattr(machine, "examine", lambda root: iter([Check("a", "fail", "gone")]))
    assert "\x1b" not in invoke("doctor").output
    coloured = CliRunner().invoke(cli, ["doctor"], color=True).output
    assert coloured.startswith("\x1b[31mfail\x1b[0m")


def test_the_doctor_prints_json_and_nothing_else(project, monkeypatch):
    monkeypatch.setattr(machine, "examine", lambda root: iter([Check("c", "fail", "gone", "mend it")]))
    done = invoke("doctor", "--json")
    assert json.loads(done.output) == [{"name": "c", "status": "fail", "found": "gone", "cure": "mend it"}]
    assert done.exit_code == 1


def test_a_new_course_lies_in_the_project_wherever_the_command_was_typed(project):
    done = invoke("new-course", "python")
    assert done.exit_code == 0
    assert (project / "data/01_raw/courses/python/lectures").is_dir()
    assert done.output.startswith("Made data/01_raw/courses/python\n")
    assert done.output.endswith("Then: kedro run --pipeline=train --params course=python\n")


def test_a_new_course_may_be_named_by_the_path_of_its_folder(project):
    assert invoke("new-course", str(project / "data/01_raw/courses/python/")).exit_code == 0
    assert (project / "data/01_raw/courses/python/lectures").is_dir()
    assert invoke("new-course", str(project / "elsewhere/python")).exit_code == 1


def test_a_new_course_has_samples_unless_they_are_not_wanted(project):
    invoke("new-course", "plain", "--no-samples")
    invoke("new-course", "full")
    courses = project / "data/01_raw/courses"
    assert len([p for p in (courses / "full").rglob("*") if p.is_file()]) == 8
    assert [p for p in (courses / "plain").rglob("*") if p.is_file()] == []


def test_an_error_is_one_line_with_exit_code_1_and_a_usage_error_has_2(project):
    done = invoke("new-course", "Python")
    assert done.exit_code == 1
    assert done.output.startswith("Error: 'Python' cannot name a course.") and done.output.count("\n") == 1
    assert invoke("new-course").exit_code == 2
    assert invoke("new-course", "python", "--unknown").exit_code == 2


def test_ta_debug_shows_where_an_error_comes_from(project, monkeypatch):
    monkeypatch.setenv("TA_DEBUG", "1")
    assert isinstance(invoke("new-course", "Python").exception, InputError)


def test_a_fault_of_ours_is_not_made_one_line():
    @click.group(cls=OneLineErrors)
    def group():
        pass

    @group.command()
    def broken():
        raise KeyError("x")

    assert isinstance(CliRunner().invoke(group, ["broken"]).exception, KeyError)


def test_outside_a_project_a_line_says_where_to_go(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = invoke("new-course", "python")
    assert done.exit_code == 1 and "lies in no project. Change to the folder" in done.output


def test_asking_before_any_run_says_to_run_first_and_leaves_nothing_behind(tmp_path, monkeypatch):
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("OUT_BASE", str(tmp_path / "out"))
    done = invoke("ask", "What is inertia?")
    assert done.exit_code == 1
    assert done.stderr.splitlines()[-1].startswith(
        f"Error: {tmp_path / 'out'}: no run has left chunks there yet."
    )
    assert "Run `make run` first" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_an_answer_is_followed_by_the_passages_it_was_given(project, monkeypatch):
    asked = []

    def answer(run, question, artefact, course):
        asked.append((question, artefact, course))
        return Answer("It keeps going.", [Passage("Lecture 4", "A body\nat rest " * 20, 312.0, 330.0)])

    monkeypatch.setattr(asking, "open_last_run", lambda root: None)
    monkeypatch.setattr(asking, "ask", answer)
    done = invoke("ask", "Inertia?", "--artefact", "sft", "--course", "mechanics")
    assert asked == [("Inertia?", "sft", "mechanics")]
    expected = ("A body at rest " * 20)[:80]
    assert done.stdout == f"It keeps going.\n\nIt was given:\n  Lecture 4 05:12: {expected}\n"
    assert invoke("ask", "Inertia?").exit_code == 0 and asked[-1] == ("Inertia?", "dpo", None)


def test_every_artefact_that_can_be_asked_is_an_option():
    option = next(p for p in cli.commands["ask"].params if p.name == "artefact")
    assert tuple(option.type.choices) == asking.ARTEFACTS


def test_a_passage_of_notes_is_named_without_a_time():
    assert describe("Notes", None, "text") == "Notes: text"


@pytest.mark.prove
def test_a_finished_run_can_be_asked_though_the_configuration_names_another_base_model(tmp_path):
    environment = os.environ | {"OUT_BASE": str(tmp_path / "out"), "DO_NOT_TRACK": "1"}
    environment.pop("KEDRO_ENV", None)

    def run(*command):
        started = [sys.executable, *command]
        return subprocess.run(started, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)

    run("-m", "kedro", "run", "--env=test", "--pipelines=data,sft,dpo")
    done = run("-c", "from ta_pipeline.cli import main; main()", "ask", "单摆的周期和什么有关？")
    passages = done.stdout.split("\n\nIt was given:\n")[1].splitlines()
    assert len(passages) == 3
    assert all("简谐振动" in passage for passage in passages)
