"""A user's mistake is one line with its cure; a fault of ours keeps its traceback."""

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest
from kedro.io import DatasetError

from ta_pipeline import errors
from ta_pipeline.records import InputError


def raised(error):
    try:
        raise error
    except BaseException as caught:
        return caught


def test_an_input_error_is_shown_as_it_is():
    assert errors.explain(InputError("faq.csv:3: no answer. Add one.")) == "faq.csv:3: no answer. Add one."


def test_an_input_error_inside_kedros_own_is_found():
    try:
        try:
            raise InputError("bad row. Mend it.")
        except InputError as inner:
            raise DatasetError("Failed while loading data from dataset x") from inner
    except DatasetError as outer:
        assert errors.explain(outer) == "bad row. Mend it."


def test_a_full_disk_says_what_to_do():
    full = OSError(errno.ENOSPC, "No space left on device", "/out/rows.parquet")
    line = errors.explain(raised(full))
    assert line.startswith("/out/rows.parquet: the disk is full.")
    assert "OUT_BASE" in line


@pytest.mark.parametrize(
    "said",
    [
        "Error while serializing: I/O error: No space left on device (os error 28)",  # safetensors
        "(sqlite3.OperationalError) database or disk is full",
    ],
)
def test_a_full_disk_is_known_by_what_libraries_say(said):
    assert "the disk is full. Free some room" in errors.explain(raised(RuntimeError(said)))


def test_a_dataset_error_is_put_on_one_line():
    assert errors.explain(DatasetError("a\n  b")) == "a b"


def test_a_fault_of_ours_is_not_explained_away():
    assert errors.explain(ZeroDivisionError()) is None


def test_one_line_goes_to_the_terminal(capsys):
    errors.show(InputError, InputError("do this"), None)
    assert capsys.readouterr().err == "Error: do this\n"


def test_debug_shows_the_traceback(capsys, monkeypatch):
    monkeypatch.setenv("TA_DEBUG", "1")
    errors.show(InputError, raised(InputError("do this")), sys.exc_info()[2])
    assert "InputError: do this" in capsys.readouterr().err


def test_only_mlflows_word_about_a_class_of_its_plugin_is_not_shown():
    shown = []
    notes = [
        "\x1b[33mAdd type hints to the `predict` method to enable data validation …\x1b[0m",
        "Add type hints",
    ]
    for note in notes:
        errors.show_warning(lambda *place: shown.append(place), UserWarning(note), UserWarning, "f.py", 187)
    assert [str(place[0]) for place in shown] == ["Add type hints"]


def test_a_kedro_command_says_nothing_of_warnings():
    """The warning is given when kedro-mlflow is imported, under a filter of MLflow's own."""
    run = subprocess.run(
        [sys.executable, "-m", "kedro", "registry", "list"],
        cwd=Path(__file__).parents[1],
        env={name: value for name, value in os.environ.items() if name != "PYTHONWARNINGS"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "- train" in run.stdout
    assert run.stderr == ""


@pytest.mark.parametrize("name", ["show", "explain"])
def test_errors_are_installed_by_the_settings(name):
    import ta_pipeline.settings  # noqa: F401

    assert callable(getattr(errors, name))
    assert sys.excepthook is errors.show
