"""`ta sources`: the table, the refusals, and where a download goes."""

import json
import shutil
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from ta_pipeline import sources_command as command
from ta_pipeline.cli import cli
from ta_pipeline.params import IngestParams, SourcesParams

ROOT = Path(__file__).resolve().parents[1]


def block(name):
    return yaml.safe_load((ROOT / "conf" / "base" / f"parameters_{name}.yml").read_text("utf-8"))[name]


@pytest.fixture
def configured(tmp_path, monkeypatch):
    """The sets as the project declares them, with a folder of their own and a record of what is fetched."""
    found = command.Sources(
        tmp_path / "public", SourcesParams(**block("sources")), IngestParams(**block("ingest"))
    )
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(command, "open_sources", lambda root: found)
    return found


def invoke(*arguments):
    return CliRunner().invoke(cli, list(arguments))


def test_the_table_names_every_set_with_its_licence_and_the_rows_that_are_here(configured):
    shutil.copytree(ROOT / "data" / "01_raw" / "public", configured.folder)
    (configured.folder / "c3-d-train.json").write_text(
        json.dumps([[["甲"], [{"question": "问", "choice": ["a", "b"], "answer": "a"}] * 1200, "1"]]), "utf-8"
    )
    done = invoke("sources")
    assert done.exit_code == 0
    heading, *lines = done.output.splitlines()
    assert heading.split() == ["name", "teaches", "languages", "licence", "commercial", "local", "rows"]
    assert [line.split()[0] for line in lines] == list(configured.sources.sets)
    (c3,) = (line for line in lines if line.startswith("c3 "))
    assert c3.split() == ["c3", "reading", "zh", "non-commercial", "research", "only", "no", "yes", "1,200"]
    (alpaca,) = (line for line in lines if line.startswith("alpaca "))
    assert alpaca.split()[-3:] == ["yes", "yes", "80"]
    assert next(line for line in lines if line.startswith("squad ")).split()[-2:] == ["yes", "no"]
    local = heading.index("local")
    assert {line[local : local + 3].strip() for line in lines} == {"yes", "no"}


def test_the_project_says_itself_where_its_sets_lie(monkeypatch):
    monkeypatch.chdir(ROOT)
    found = command.open_sources(ROOT)
    assert found.folder == Path("data/01_raw/public")
    assert "openorca" in found.sources.sets and found.ingest.max_file_mb > 0


def test_a_set_is_fetched_into_the_folder_of_its_name(configured, monkeypatch):
    asked = []

    def fetch(*given):
        asked.append(given)
        return given[2]

    monkeypatch.setattr(command, "fetch", fetch)
    done = invoke("sources", "get", "gsm8k")
    folder = configured.folder / "gsm8k"
    assert asked == [("gsm8k", configured.sources.sets["gsm8k"], folder, False)]
    assert done.exit_code == 0 and done.output.startswith(f"gsm8k is in {folder}.")
    invoke("sources", "get", "gsm8k", "--modelscope")
    assert asked[1][3] is True


def test_a_licence_that_would_stop_the_run_stops_the_download(configured, monkeypatch):
    monkeypatch.setattr(command, "fetch", None)
    done = invoke("sources", "get", "c3")
    assert done.exit_code == 1
    assert done.output.startswith("Error: c3 may not be used commercially (non-commercial research only,")
    assert "sources.allow_non_commercial: true" in done.output and done.output.count("\n") == 1


def test_an_unknown_name_is_answered_with_those_like_it(configured):
    done = invoke("sources", "get", "squat")
    assert done.exit_code == 1
    assert "no set is called 'squat'. Did you mean squad" in done.output and done.output.count("\n") == 1
    assert "Did you mean" not in invoke("sources", "get", "zzzzzz").output
