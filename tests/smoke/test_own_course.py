"""A course of one's own, of Markdown files alone, without touching code or configuration."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SAMPLES = os.environ.get("TA_SAMPLES_DIR")

pytestmark = [
    pytest.mark.prove,
    pytest.mark.timeout(1200),
    pytest.mark.skipif(not SAMPLES, reason="set TA_SAMPLES_DIR to a folder of public samples"),
]


@pytest.fixture
def course():
    name = "own-course-test"
    folder = ROOT / "data" / "01_raw" / "courses" / name
    shutil.rmtree(folder, ignore_errors=True)
    subprocess.run([sys.executable, "-m", "ta_pipeline.cli", "new-course", name], cwd=ROOT, check=True)
    for file in (Path(SAMPLES) / "course_python").glob("*.md"):
        shutil.copy(file, folder / "lectures" if (folder / "lectures").is_dir() else folder)
    yield name
    shutil.rmtree(folder, ignore_errors=True)


def test_twelve_markdown_files_become_a_trained_and_scored_assistant(course, tmp_path):
    run = subprocess.run(
        [sys.executable, "-m", "kedro", "run", "--env=test", "--pipeline=train", f"--params=course={course}"],
        cwd=ROOT,
        env=dict(os.environ) | {"OUT_BASE": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout[-3000:] + run.stderr[-3000:]
    facts = json.loads((tmp_path / "08_reporting" / "summary.json").read_text("utf-8"))
    assert {"base", "sft", "dpo"} <= set(facts["scores"])
    assert facts["stages"]["ingest"]["kept"] >= 12
    compose = json.loads((tmp_path / "08_reporting" / "compose_report.json").read_text("utf-8"))
    assert sum(compose["examples"]["train"].values()) > 50
    assert compose["questions"]["held_out"] > 0
