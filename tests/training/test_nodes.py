"""Host files, the command of each machine, and what travels to the others."""

import shlex
import sys
from pathlib import Path

import pytest

from ta_pipeline.records import InputError
from ta_pipeline.training.nodes import (
    Host,
    Meeting,
    OtherNodes,
    arrange_meeting,
    launch_commands,
    read_hostfile,
    run_node,
    worker_line,
)

JOB = Path("/out/job.json")
WORKER = ["-m", "ta_pipeline.training.worker", "/out/job.json"]


def parameters(num_processes=1, zero_stage=0):
    return {"num_processes": num_processes, "zero_stage": zero_stage}


def test_one_cpu_process_is_started_with_cpu():
    assert launch_commands(JOB, parameters(), [], cpu=True) == [
        [sys.executable, "-m", "accelerate.commands.launch", "--num_processes", "1",
         "--mixed_precision", "no", "--dynamo_backend", "no", "--cpu", "--num_machines", "1", *WORKER]
    ]  # fmt: skip


def test_two_processes_are_two_ranks_on_a_free_port():
    (command,) = launch_commands(JOB, parameters(2), [], cpu=True)
    assert command[5:] == [
        "--mixed_precision", "no", "--dynamo_backend", "no", "--multi_gpu", "--main_process_port", "0",
        "--num_machines", "1", *WORKER,
    ]  # fmt: skip


@pytest.mark.parametrize("processes", [1, 2])
def test_zero_is_started_by_accelerates_deepspeed_launcher_of_one_process_too(processes):
    (command,) = launch_commands(JOB, parameters(processes, zero_stage=2), [], cpu=True)
    assert command[9:14] == [
        "--use_deepspeed", "--deepspeed_multinode_launcher", "standard", "--main_process_port", "0",
    ]  # fmt: skip


def test_every_machine_has_the_same_command_but_for_its_rank():
    hosts = [Host("gpu-a", 4), Host("gpu-b", 4)]
    first, second = launch_commands(JOB, parameters(8, 3), hosts, cpu=False, port=29511)
    assert first[12:] == [
        "--main_process_port", "29511", "--num_machines", "2", "--main_process_ip", "gpu-a",
        "--machine_rank", "0", *WORKER,
    ]  # fmt: skip
    assert [(a, b) for a, b in zip(first, second, strict=True) if a != b] == [("0", "1")]


def test_accelerate_understands_the_commands():
    """Its own parser reads them; two machines of four ranks are four ranks each."""
    from accelerate.commands.launch import launch_command_parser

    commands = launch_commands(
        JOB, parameters(8, 3), [Host("gpu-a", 4), Host("gpu-b", 4)], cpu=False, port=29511
    )
    arguments = launch_command_parser().parse_args(commands[1][3:])
    assert (arguments.num_machines, arguments.machine_rank, arguments.num_processes) == (2, 1, 8)
    assert (arguments.main_process_ip, arguments.main_process_port) == ("gpu-a", 29511)
    assert arguments.deepspeed_multinode_launcher == "standard"
    assert arguments.training_script_args == ["/out/job.json"]


def test_a_host_file_names_machines_and_slots(tmp_path):
    (tmp_path / "hosts").write_text("# two boxes\n\ngpu-a slots=4\r\n 10.0.0.2\tslots=4 \n")
    assert read_hostfile(tmp_path, "hosts", 8) == [Host("gpu-a", 4), Host("10.0.0.2", 4)]


@pytest.mark.parametrize(
    "line",
    [
        "gpu-a",
        "gpu-a slots=0",
        "gpu-a slots=four",
        "gpu-a slots=4 extra",
        "gpu-a slots=4; rm -rf ~",
        "-oProxyCommand=reboot slots=4",
        "root@gpu-a slots=4",
        "$(reboot) slots=4",
        "`reboot` slots=4",
        "gpu-a,gpu-b slots=4",
        "gpu\u2028a slots=4",
        "gpu\x00a slots=4",
        "ｇｐｕ slots=4",
        "fe80::1 slots=4",
        "gpu-a slots=٤",
        "a" * 300 + " slots=4",
    ],
)
def test_any_other_line_is_refused_with_its_place(tmp_path, line):
    (tmp_path / "hosts").write_text(f"gpu-z slots=4\n{line}\n", "utf-8")
    with pytest.raises(InputError, match=r"^hosts:2: .* is not `host slots=N`"):
        read_hostfile(tmp_path, "hosts", 8)


@pytest.mark.parametrize(
    ("text", "processes", "problem"),
    [
        ("a slots=4\na slots=4\n", 8, "a stands there twice"),
        ("a slots=4\nb slots=2\n", 6, "slots differ"),
        ("a slots=4\nb slots=4\n", 4, "8 slots in all, but num_processes is 4"),
        ("# nobody\n", 4, "0 slots in all, but num_processes is 4"),
        ("#" * 70000, 4, "over 65536 bytes"),
    ],
)
def test_slots_are_the_processes_in_equal_shares(tmp_path, text, processes, problem):
    (tmp_path / "hosts").write_text(text)
    with pytest.raises(InputError, match=problem):
        read_hostfile(tmp_path, "hosts", processes)


@pytest.mark.parametrize("name", ["../hosts", "/etc/hosts", "missing", "link", "."])
def test_a_host_file_lies_below_the_project(tmp_path, name):
    project = tmp_path / "project"
    project.mkdir()
    (tmp_path / "hosts").write_text("a slots=1\n")
    (project / "link").symlink_to(tmp_path / "hosts")
    with pytest.raises(InputError, match="no such file below"):
        read_hostfile(project, name, 1)


def test_only_variables_of_the_network_travel():
    inherited = {
        "NCCL_SOCKET_IFNAME": "eth0", "TORCH_NCCL_BLOCKING_WAIT": "1", "GLOO_SOCKET_IFNAME": "eth0",
        "DEEPSPEED_TIMEOUT": "60", "AWS_SECRET_ACCESS_KEY": "hidden", "HF_TOKEN": "hidden", "PATH": "/bin",
    }  # fmt: skip
    meeting = arrange_meeting([Host("127.0.0.1", 1), Host("b", 1)], True, inherited)
    assert meeting.environment == dict(list(inherited.items())[:4])
    assert meeting.port > 1023


def test_a_first_host_that_is_another_machine_is_warned_of(caplog):
    arrange_meeting([Host("192.0.2.1", 1), Host("b", 1)], True, {})  # an address of the documentation
    assert "put this machine first" in caplog.text
    caplog.clear()
    arrange_meeting([Host("127.0.0.1", 1), Host("b", 1)], True, {})
    assert caplog.text == ""


def test_what_the_machines_know_of_each_other_comes_back_as_it_was(tmp_path):
    meeting = Meeting([Host("a", 2), Host("b", 2)], 29511, False, {"NCCL_DEBUG": "INFO"})
    meeting.write(tmp_path / "job.json")
    assert Meeting.read(tmp_path / "job.json") == meeting


def test_a_job_of_one_machine_has_no_part_for_another(tmp_path):
    with pytest.raises(InputError, match="is no job of several machines"):
        run_node(tmp_path / "job.json", 1)


@pytest.mark.parametrize("rank", [0, 2])
def test_a_part_that_no_machine_has_is_refused(tmp_path, rank):
    Meeting([Host("a", 1), Host("b", 1)], 29511, True, {}).write(tmp_path / "job.json")
    with pytest.raises(InputError, match="the machines beside the first are 1 to 1"):
        run_node(tmp_path / "job.json", rank)


def test_a_machine_without_the_gpu_of_the_first_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr("ta_pipeline.training.launch.has_gpu", lambda: False)
    Meeting([Host("a", 1), Host("b", 1)], 29511, False, {}).write(tmp_path / "job.json")
    with pytest.raises(InputError, match="a trains on GPUs, this machine would not"):
        run_node(tmp_path / "job.json", 1)


def test_the_line_for_another_machine_is_safe_in_a_shell(tmp_path, monkeypatch):
    folder = tmp_path / "our course; $(reboot)"
    folder.mkdir()
    monkeypatch.chdir(folder)
    words = shlex.split(worker_line(Path("/out/a b/job.json"), 1))
    assert words[:3] == ["cd", str(folder), "&&"]
    assert words[4:] == ["worker", "/out/a b/job.json", "--node", "1"]


def test_a_job_of_one_machine_starts_nothing_else(tmp_path, monkeypatch):
    monkeypatch.setattr("subprocess.Popen", None)
    with OtherNodes(JOB, [Host("localhost", 2)], tmp_path / "sft.log") as others:
        others.check()
