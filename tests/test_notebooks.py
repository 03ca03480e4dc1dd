"""The notebooks: stripped of outputs, imported by nothing, and run to their end on a small finished run."""

import ast
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "notebooks"
NOTEBOOKS = ["01_course", "02_runs", "03_answers"]
PLACEHOLDER = re.compile(r"<[A-Z_]+_\d+>")


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_a_notebook_is_kept_without_its_outputs(name):
    cells = json.loads((FOLDER / f"{name}.ipynb").read_text("utf-8"))["cells"]
    code = [cell for cell in cells if cell["cell_type"] == "code"]
    assert code
    assert all(cell["outputs"] == [] and cell["execution_count"] is None for cell in code)


def test_every_notebook_is_tested():
    assert sorted(path.stem for path in FOLDER.glob("*.ipynb")) == NOTEBOOKS


def test_nothing_in_the_package_imports_the_notebooks():
    files = list((ROOT / "src").rglob("*.py"))
    assert files
    assert [file for file in files if "notebooks" in imported(file)] == []


def imported(file):
    """Parts of all names that a Python file imports."""
    tree = ast.parse(file.read_text("utf-8"))
    modules = [node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    names = [
        a.name for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom) for a in node.names
    ]
    return {part for name in modules + names for part in name.split(".")}


@pytest.fixture(scope="session")
def finished_run(tmp_path_factory):
    """Folder of the outputs of one small run of the default pipeline, made for all notebooks."""
    out = tmp_path_factory.mktemp("notebooks")
    environment = dict(os.environ) | {"OUT_BASE": str(out), "DO_NOT_TRACK": "1"}
    environment.pop("HF_HOME", None)
    command = [sys.executable, "-m", "kedro", "run", "--env=test"]
    run = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout[-3000:] + run.stderr[-3000:]
    return out


@pytest.fixture
def execute(monkeypatch):
    """Run a notebook on the outputs in a folder; gives its outputs as one text, and its pictures."""
    import nbformat
    from nbclient import NotebookClient

    def run(name, out):
        monkeypatch.setenv("OUT_BASE", str(out))
        monkeypatch.setenv("KEDRO_ENV", "test")
        monkeypatch.delenv("HF_HOME", raising=False)
        notebook = nbformat.read(FOLDER / f"{name}.ipynb", as_version=4)
        where = {"metadata": {"path": str(FOLDER)}}
        NotebookClient(notebook, kernel_name="python3", timeout=300, resources=where).execute()
        outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
        shown = [output.get("data", {"text/plain": output.get("text", "")}) for output in outputs]
        words = [part for data in shown for kind, part in data.items() if kind.startswith("text/")]
        return "\n".join(words), [data["image/png"] for data in shown if "image/png" in data]

    return run


@pytest.mark.prove
@pytest.mark.timeout(900)
def test_the_course_notebook_shows_why_rows_were_dropped_and_no_masked_value(finished_run, execute):
    text, pictures = execute("01_course", finished_run)
    assert len(pictures) == 2
    for reason in ("bad_json", "off_topic", "near_duplicate", "benchmark_reference"):
        assert reason in text
    assert "<mark>&lt;EMAIL_1&gt;</mark>" in text
    assert re.search(r"\d+ of \d+ tokens are learned", text)
    values = masked_values(finished_run)
    assert len(values) > 20
    assert [value for value in values if value in text] == []


def masked_values(out):
    """What stood where the placeholders of `clean` stand now."""
    values = set()
    for before, after in zip(segments(out, "normalised"), segments(out, "masked"), strict=True):
        if PLACEHOLDER.search(after):
            pattern = "(.+?)".join(re.escape(part) for part in PLACEHOLDER.split(after))
            values |= set(re.fullmatch(pattern, before, re.DOTALL).groups())
    return sorted(values)


def segments(out, step):
    rows = pq.read_table(out / "02_intermediate" / f"{step}_documents.parquet", columns=["segments"])
    return [part["text"] for row in rows["segments"].to_pylist() for part in row]


@pytest.mark.prove
@pytest.mark.timeout(900)
def test_the_runs_notebook_says_what_to_do_when_there_is_only_one_run(finished_run, execute):
    text, pictures = execute("02_runs", finished_run)
    assert "Only one run so far" in text
    assert "kedro run --params sft.learning_rate=" in text
    assert len(pictures) == 2


@pytest.fixture
def second_run(finished_run, tmp_path):
    """The finished run's folder, with a run of another seed in a copy of its MLflow database."""
    from mlflow import MlflowClient

    for item in finished_run.iterdir():
        if item.name != "mlflow.db":
            (tmp_path / item.name).symlink_to(item)
    shutil.copyfile(finished_run / "mlflow.db", tmp_path / "mlflow.db")
    client = MlflowClient(f"sqlite:///{tmp_path / 'mlflow.db'}")
    experiment = client.get_experiment_by_name("ta_pipeline").experiment_id
    run = client.create_run(experiment, run_name="the other seed").info.run_id
    client.log_param(run, "seed", 8)
    client.log_metric(run, "sft/loss", 9.5, step=1)
    client.log_metric(run, "scores/dpo/f1", 0.5)
    figures = {"f1": {"value": 0.5, "low": 0.4, "high": 0.6, "n": 5}}
    client.log_dict(run, {"artefacts": {"base": figures, "dpo": figures}}, "reports/scores.json")
    client.set_terminated(run)
    return tmp_path


@pytest.mark.prove
@pytest.mark.timeout(900)
def test_the_runs_notebook_puts_two_runs_side_by_side(second_run, execute):
    text, pictures = execute("02_runs", second_run)
    assert "Only one run" not in text
    assert "**2 runs** to compare; newest: the other seed." in text
    assert re.search(r"<th>seed</th>\s*<td>8</td>\s*<td>7</td>", text)
    assert len(pictures) == 2


@pytest.mark.prove
@pytest.mark.timeout(900)
def test_the_answers_notebook_shows_every_artefact_and_answers_a_question(finished_run, execute):
    text, _ = execute("03_answers", finished_run)
    for artefact in ("base", "sft", "dpo", "gguf-f16", "gguf-q8_0"):
        assert f"<tr><th style='white-space:nowrap'>{artefact}</th>" in text
    assert "<b>Reference:</b>" in text
    assert len(text.partition("It was given:")[2].strip().splitlines()) == 3
