"""Seconds by stage and the memory of the whole process tree."""

import subprocess
import sys

import psutil

from ta_pipeline.run_clock import RunClock, tree_memory


def test_seconds_of_a_stage_add_up():
    clock = RunClock()
    clock.reset("r1")
    clock.add("sft", 1.0)
    clock.add("sft", 2.5)
    clock.add("dpo", 1.0)
    assert clock.figures()["stage_seconds"] == {"sft": 3.5, "dpo": 1.0}
    assert clock.figures()["run_id"] == "r1"


def test_a_new_run_starts_from_nothing():
    clock = RunClock()
    clock.add("sft", 1.0)
    clock.reset("r2")
    assert clock.figures()["stage_seconds"] == {}
    assert clock.figures()["peak_memory_gb"] == 0.0


def test_a_childs_memory_counts():
    before = tree_memory(psutil.Process())
    code = "x = bytearray(200 * 2**20); print('ready', flush=True); input()"
    child = subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert child.stdout.readline().strip() == "ready"
        assert tree_memory(psutil.Process()) - before > 190 * 2**20
    finally:
        child.communicate("\n")
