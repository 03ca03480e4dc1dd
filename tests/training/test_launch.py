"""The child's command, environment and reports."""

import sys
from pathlib import Path

import pytest

from ta_pipeline.training.launch import _read_events, _what_failed, child_environment, launch_command


def test_one_cpu_process_is_started_with_cpu():
    command = launch_command(Path("job.json"), 1, cpu=True)
    assert command[:3] == [sys.executable, "-m", "accelerate.commands.launch"]
    assert "--cpu" in command
    assert command[-3:] == ["-m", "ta_pipeline.training.worker", "job.json"]


def test_two_processes_are_two_ranks_on_a_free_port():
    command = launch_command(Path("job.json"), 2, cpu=True)
    assert command[command.index("--num_processes") + 1] == "2"
    assert command[command.index("--main_process_port") + 1] == "0"


def test_ranks_share_the_threads_and_stay_offline(monkeypatch):
    monkeypatch.setattr("os.cpu_count", lambda: 8)
    environment = child_environment(2, cpu=True, inherited={"PATH": "/bin"})
    assert environment["OMP_NUM_THREADS"] == "4"
    assert environment["OMP_WAIT_POLICY"] == "passive"
    assert environment["GOMP_SPINCOUNT"] == "6000"
    assert environment["MALLOC_MMAP_THRESHOLD_"] == "1048576"
    assert environment["HF_HUB_OFFLINE"] == "1"
    assert environment["PATH"] == "/bin"


def test_a_line_still_being_written_waits(tmp_path):
    path = tmp_path / "events.jsonl"
    path.write_text('{"step": 1}\n{"st')
    events, offset = _read_events(path, 0)
    assert events == [{"step": 1}]
    path.write_text('{"step": 1}\n{"step": 2}\n')
    assert _read_events(path, offset)[0] == [{"step": 2}]


def test_the_error_names_the_exception_and_the_log(tmp_path):
    log = tmp_path / "sft.log"
    log.write_text("[rank0]: ValueError: batch is wrong\n  raise ChildFailedError(\nx.ChildFailedError: \n")
    message = _what_failed("sft", 1, log)
    assert "ValueError: batch is wrong" in message
    assert str(log) in message
    assert "\n" not in message


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "step 1\n  traceback : Signal 9 (SIGKILL) received by PID 42\n========\n",
            "Signal 9 (SIGKILL) received by PID 42",
        ),
        ("terminate called\n  what():  connection closed\n========\n", "what():  connection closed"),
        ("step 1\n========\n--------\n", "step 1"),
        ("", "it printed nothing"),
    ],
)
def test_the_error_of_a_rank_without_a_traceback_is_no_dividing_line(tmp_path, text, expected):
    log = tmp_path / "sft.log"
    log.write_text(text)
    assert _what_failed("sft", 1, log).startswith(
        f"sft: training ended with exit code 1: {expected} The whole log"
    )
