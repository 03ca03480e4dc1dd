"""The whole default pipeline on the bundled course and a two-layer model, as a user runs it."""

import json
import os
import re
import sqlite3
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest

ROOT = Path(__file__).parents[2]

STAGES = ["ingest", "clean", "compose", "tokenize", "sft", "dpo", "evaluate", "quantize", "deploy"]


def kedro(out, *arguments):
    command = [sys.executable, "-m", "kedro", "run", "--env=test", *arguments]
    environment = dict(os.environ) | {"OUT_BASE": str(out), "DO_NOT_TRACK": "1"}
    environment.pop("HF_HOME", None)
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


def files_over_one_megabyte(folder):
    ours = [folder / name for name in ("src", "conf", "data", "tests", "notebooks", "docs", "mlruns")]
    top = [path for path in folder.iterdir() if path.is_file()]
    found = [path for start in ours if start.is_dir() for path in start.rglob("*") if path.is_file()]
    return {str(path): path.stat().st_mtime_ns for path in top + found if path.stat().st_size > 2**20}


@pytest.fixture(scope="module")
def first_run(tmp_path_factory):
    out = tmp_path_factory.mktemp("out")
    before = files_over_one_megabyte(ROOT)
    run = kedro(out)
    assert run.returncode == 0, run.stdout[-3000:] + run.stderr[-3000:]
    return out, run, before


def summary(out):
    return json.loads((out / "08_reporting" / "summary.json").read_text("utf-8"))


@pytest.mark.timeout(900)
def test_the_default_pipeline_runs_to_its_end(first_run):
    out, run, _ = first_run
    assert "report.html" in run.stdout
    assert (out / "08_reporting" / "report.html").stat().st_size > 10_000


def test_the_run_shows_its_own_lines_and_nothing_of_its_libraries(first_run):
    _, run, _ = first_run
    strange = [line for line in run.stdout.splitlines() if not re.match(r"\d\d:\d\d:\d\d \S", line)]
    assert strange == []
    assert "Warning" not in run.stdout
    assert run.stderr == ""


def test_plain_pandas_reads_every_parquet_file(first_run):
    files = [file for file in first_run[0].rglob("*.parquet") if file.is_file()]
    assert len(files) > 25
    for file in files:
        assert pq.read_schema(file).metadata is None, file
        assert len(pd.read_parquet(file)) == pq.read_metadata(file).num_rows, file


def test_what_was_dropped_is_found_whole_by_its_id(first_run):
    out = first_run[0]
    documents, rows = (
        ids_in(out, name) for name in ("03_primary/dropped", "05_model_input/dropped_examples")
    )
    assert documents and documents <= ids_in(out, "02_intermediate/masked_documents")
    candidates = [ids_in(out, f"04_feature/candidate_{kind}") for kind in ("examples", "preferences")]
    assert rows and rows <= candidates[0] | candidates[1]


def ids_in(out, name):
    return set(pd.read_parquet(out / f"{name}.parquet", columns=["id"])["id"])


def test_the_summary_has_the_documented_keys(first_run):
    facts = summary(first_run[0])
    assert set(facts) >= {
        "run_id",
        "seconds",
        "peak_memory_gb",
        "stages",
        "train",
        "scores",
        "paired",
        "artefacts",
    }
    assert set(facts["stages"]) >= set(STAGES)
    assert set(facts["train"]) == {"sft", "dpo"}
    assert set(facts["train"]["sft"]) >= {"steps", "tokens", "loss_first", "loss_last", "tokens_per_s", "mfu"}
    assert {"base", "sft", "dpo"} <= set(facts["scores"])
    assert set(facts["scores"]["base"]["reference_loss"]) >= {"value", "low", "high", "n"}
    assert {"name", "path", "bytes", "sha256"} <= set(facts["artefacts"][0])


def test_every_row_is_accounted_for_in_every_stage(first_run):
    for name in ("ingest", "clean", "compose", "tokenize"):
        stage = summary(first_run[0])["stages"][name]
        assert stage["in"] == stage["kept"] + stage["dropped"] + stage["quarantined"], name
        assert stage["in"] > 0


def test_nothing_over_one_megabyte_is_written_outside_out_base(first_run):
    assert files_over_one_megabyte(ROOT) == first_run[2]


def test_mlflow_has_one_named_run_with_steps_parameters_and_reports(first_run):
    out = first_run[0]
    with sqlite3.connect(out / "mlflow.db") as database:
        runs = database.execute("select run_uuid, name, status from runs").fetchall()
        assert len(runs) == 1
        uuid, name, status = runs[0]
        assert name.startswith("default ")
        assert status == "FINISHED"
        tags = dict(database.execute("select key, value from tags where run_uuid = ?", (uuid,)).fetchall())
        parameters = dict(
            database.execute("select key, value from params where run_uuid = ?", (uuid,)).fetchall()
        )
        steps = database.execute(
            "select count(distinct step) from metrics where run_uuid = ? and key = 'sft/loss'", (uuid,)
        ).fetchone()[0]
    assert steps == 4
    assert "git_commit" in tags
    assert "version_saved.sft_adapter" in tags
    assert len(tags["sha256.token_blocks"]) == 64
    assert parameters["sft.lora.rank"] == "16"
    assert parameters["seed"] == "7"
    assert {"ingest", "clean", "compose", "sft", "deploy"}.isdisjoint(parameters)  # no block as one text
    assert list(out.glob("mlartifacts/**/report.html"))


def test_the_bundles_are_there(first_run):
    bundles = first_run[0] / "07_model_output"
    assert (bundles / "vllm_bundle" / "start.sh").is_file()
    assert "FROM" in (bundles / "ollama_bundle" / "Modelfile").read_text("utf-8")


@pytest.mark.timeout(900)
def test_a_second_run_gives_the_same_data_and_an_older_adapter_can_be_scored(first_run):
    out = first_run[0]
    data = [
        "documents.parquet",
        "clean_documents.parquet",
        "examples.parquet",
        "preferences.parquet",
        "token_blocks.arrow",
    ]
    first = {name: hashes(out, name) for name in data}
    (old,) = versions(out, "sft_adapter")
    run = kedro(out, "--pipelines=data,sft", "--params=sft.learning_rate=0.001")
    assert run.returncode == 0, run.stdout[-3000:] + run.stderr[-3000:]
    for name in data:
        assert hashes(out, name) == first[name], name
        assert len(set(first[name])) == 1
    assert len(versions(out, "sft_adapter")) == 2

    run = kedro(out, "--pipelines=evaluate", f"--load-versions=sft_adapter:{old}")
    assert run.returncode == 0, run.stdout[-3000:] + run.stderr[-3000:]
    with sqlite3.connect(out / "mlflow.db") as database:
        loaded = database.execute(
            "select value from tags where key = 'version_loaded.sft_adapter'"
        ).fetchall()
    assert (old,) in loaded


def hashes(out, name):
    """Hashes in the manifests of all versions of an output, without repeats."""
    return sorted({json.loads(p.read_text("utf-8"))["sha256"] for p in out.rglob(f"{name}.manifest.json")})


def versions(out, name):
    return sorted(p.name for p in (out / "06_models" / name).iterdir())


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ("sft.learnin_rate=0.1", "sft.learnin_rate"),
        ("sft.learning_rate=7", "learning_rate"),
        ("course=nowhere", "nowhere"),
        ("base_model=bundled:nothing", "bundled:smollm2-135m-instruct"),
    ],
)
def test_a_wrong_parameter_is_one_line_with_its_cure_and_a_non_zero_exit(tmp_path, parameters, said):
    run = kedro(tmp_path, "--pipelines=data", f"--params={parameters}")
    assert run.returncode != 0
    assert "Traceback" not in run.stdout + run.stderr
    errors = [line for line in run.stderr.splitlines() if line.startswith("Error: ")]
    assert len(errors) == 1
    assert said in errors[0]
