"""The child's command, environment and reports."""

import pytest

from ta_pipeline.training.job import TrainingJob
from ta_pipeline.training.launch import _plan, _read_events, _what_failed, child_environment
from ta_pipeline.training.nodes import Meeting


def test_ranks_share_the_threads_and_stay_offline(monkeypatch):
    monkeypatch.setattr("os.cpu_count", lambda: 8)
    inherited = {"PATH": "/bin", "NCCL_TIMEOUT": "7"}
    environment = child_environment({"zero_stage": 0}, 2, cpu=True, inherited=inherited)
    assert environment["OMP_NUM_THREADS"] == "4"
    assert environment["OMP_WAIT_POLICY"] == "passive"
    assert environment["GOMP_SPINCOUNT"] == "6000"
    assert environment["MALLOC_MMAP_THRESHOLD_"] == "1048576"
    assert environment["HF_HUB_OFFLINE"] == "1"
    assert environment["PATH"] == "/bin"
    assert environment["NCCL_TIMEOUT"] == "7"


@pytest.mark.parametrize(("stage", "expected"), [(0, "true"), (2, None)])
def test_zero_on_a_cpu_is_not_told_to_use_the_cpu(stage, expected):
    """accelerate would train plain data parallel then, without a word."""
    environment = child_environment({"zero_stage": stage}, 2, cpu=True, inherited={})
    assert environment.get("ACCELERATE_USE_CPU") == expected
    assert environment["DS_ACCELERATOR"] == "cpu"
    assert environment["CUDA_VISIBLE_DEVICES"] == ""


def test_the_host_file_of_a_job_is_read_in_the_project(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "hosts").write_text("127.0.0.1 slots=2\nlocalhost slots=2\n")
    parameters = {"num_processes": 4, "zero_stage": 2, "hostfile": "hosts"}
    job = TrainingJob("sft", "m", None, "d", parameters, 7, "fp32", str(tmp_path))
    meeting, command = _plan(job, cpu=True)
    assert [host.slots for host in meeting.hosts] == [2, 2]
    assert Meeting.read(tmp_path / "job.json") == meeting
    assert command[command.index("--machine_rank") + 1] == "0"
    assert command[command.index("--main_process_port") + 1] == str(meeting.port)


def test_a_host_file_of_this_machine_alone_is_a_job_of_one_machine(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "hosts").write_text("localhost slots=2\n")
    parameters = {"num_processes": 2, "zero_stage": 2, "hostfile": "hosts"}
    job = TrainingJob("sft", "m", None, "d", parameters, 7, "fp32", str(tmp_path))
    _, command = _plan(job, cpu=True)
    assert "--machine_rank" not in command
    assert not (tmp_path / "nodes.json").exists()


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
