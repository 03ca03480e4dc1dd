"""Training on several machines: the host file, each machine's command, and how the others are started.

accelerate's "standard" launcher: every machine runs the same command with its own rank, and they meet at the
first one. The machine that calls starts its own part, and the others' by ssh; where ssh does not lead there,
the line to be typed there is logged, and the first machine waits for it. DeepSpeed's pdsh launcher is not
used: it writes the whole environment, keys and all, into a file of the home folder and cleans up by
`pkill -f`.

All machines see the project, its environment, the model and the outputs under the same paths (a shared file
system); only variables of the network travel.
"""

from __future__ import annotations

import json
import logging
import os
import re
import shlex
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ta_pipeline.records import InputError

logger = logging.getLogger(__name__)

#: Letters, digits, dots, dashes and underscores; begins with a letter or digit, so it is never an option.
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,252}")
_LINE = re.compile(r"(?P<name>\S+)[ \t]+slots=(?P<slots>[1-9]\d{0,2})")
#: A host file of a thousand machines is smaller.
_MAX_BYTES = 65536

#: Variables that the other machines get from the first one: how NCCL and gloo find and time each other.
_NETWORK = re.compile(r"(NCCL|GLOO|TORCH_NCCL|DEEPSPEED_TIMEOUT|TP_SOCKET|UCX)[A-Z0-9_]*")

#: Beside the job: what every machine has to know of the others.
MEETING = "nodes.json"

#: Seconds that this machine gets to notice itself that another one's part has failed: it may be the one that
#: failed first.
GRACE = 20

_SSH = ["ssh", "-o", "BatchMode=yes", "-o", "ConnectTimeout=10"]


@dataclass(frozen=True)
class Host:
    """A machine and how many ranks it runs."""

    name: str
    slots: int


@dataclass(frozen=True)
class Meeting:
    """Where and how the machines of one job meet."""

    hosts: list[Host]
    port: int  # of the first host
    cpu: bool
    environment: dict[str, str]  # of the network

    def write(self, job_file: Path) -> None:
        """Write it beside the job."""
        job_file.with_name(MEETING).write_text(json.dumps(asdict(self), indent=1), "utf-8")

    @staticmethod
    def read(job_file: Path) -> Meeting:
        """Read what `write` has written; raises InputError where the job is of one machine."""
        path = job_file.with_name(MEETING)
        if not path.is_file():
            raise InputError(f"{path}: no such file, so {job_file} is no job of several machines.")
        facts = json.loads(path.read_text("utf-8"))
        return Meeting(**facts | {"hosts": [Host(**host) for host in facts["hosts"]]})


def read_hostfile(root: Path, name: str, num_processes: int) -> list[Host]:
    """Read a file of `host slots=N` lines below `root`; comments begin with #.

    Raises InputError that names file, line and cure: outside of `root`, not such lines, a machine twice, or
    slots that are not `num_processes` in equal shares.
    """
    path = (root / name).resolve()
    if not path.is_relative_to(root.resolve()) or not path.is_file():
        raise InputError(f"hostfile {name}: no such file below {root}. Put it there, say in conf/local.")
    if path.stat().st_size > _MAX_BYTES:
        raise InputError(f"hostfile {name}: over {_MAX_BYTES} bytes. It holds one `host slots=N` a line.")
    text = path.read_text("utf-8", errors="replace")
    lines = [(number, line.strip()) for number, line in enumerate(text.split("\n"), 1)]
    hosts = [_host(line, f"{name}:{number}") for number, line in lines if line and not line.startswith("#")]
    _check_shares(hosts, name, num_processes)
    return hosts


def _host(line: str, place: str) -> Host:
    match = _LINE.fullmatch(line)
    if match is None or not _NAME.fullmatch(match["name"]):
        raise InputError(
            f"{place}: {line[:80]!r} is not `host slots=N` with the name or IPv4 address of a machine. "
            "User names, ports and keys go into ~/.ssh/config."
        )
    return Host(match["name"], int(match["slots"]))


def _check_shares(hosts: list[Host], name: str, num_processes: int) -> None:
    names = [host.name for host in hosts]
    if twice := sorted({host for host in names if names.count(host) > 1}):
        raise InputError(f"{name}: {twice[0]} stands there twice. Name each machine once.")
    if len({host.slots for host in hosts}) > 1:
        raise InputError(f"{name}: slots differ; accelerate starts the same number on each. Level them.")
    if (total := sum(host.slots for host in hosts)) != num_processes:
        raise InputError(
            f"{name}: {total} slots in all, but num_processes is {num_processes}. Make them the same."
        )


def launch_commands(
    job_file: Path, parameters: dict[str, Any], hosts: list[Host], cpu: bool, port: int = 0
) -> list[list[str]]:
    """Return the command of each machine, in the order of `hosts`; none named: this machine alone.

    `port` is the first host's, where the ranks meet; 0 takes a free one, which only a machine alone can.
    """
    processes = parameters["num_processes"]
    command = [sys.executable, "-m", "accelerate.commands.launch", "--num_processes", str(processes)]
    command += ["--mixed_precision", "no", "--dynamo_backend", "no", *_kind(parameters, cpu)]
    if processes > 1 or parameters["zero_stage"]:
        command += ["--main_process_port", str(port)]
    worker = ["-m", "ta_pipeline.training.worker", str(job_file)]
    if len(hosts) < 2:
        return [[*command, "--num_machines", "1", *worker]]
    command += ["--num_machines", str(len(hosts)), "--main_process_ip", hosts[0].name]
    return [[*command, "--machine_rank", str(rank), *worker] for rank in range(len(hosts))]


def _kind(parameters: dict[str, Any], cpu: bool) -> list[str]:
    """Choose accelerate's launcher; all but that of one process alone are torchrun."""
    if parameters["zero_stage"]:
        return ["--use_deepspeed", "--deepspeed_multinode_launcher", "standard"]
    if parameters["num_processes"] > 1:
        # accelerate's name for "one torchrun rank a process"; ACCELERATE_USE_CPU makes them gloo ranks.
        return ["--multi_gpu"]
    return ["--cpu"] if cpu else []


def arrange_meeting(hosts: list[Host], cpu: bool, inherited: Mapping[str, str]) -> Meeting:
    """Say where the machines of a job meet: at the first host, at a port that is free now."""
    _warn_of_a_first_host_elsewhere(hosts[0].name)
    with socket.socket() as free:
        free.bind(("", 0))
        port = free.getsockname()[1]
    network = {name: value for name, value in inherited.items() if _NETWORK.fullmatch(name)}
    return Meeting(hosts, port, cpu, network)


def _warn_of_a_first_host_elsewhere(name: str) -> None:
    try:
        with socket.socket() as here:
            here.bind((socket.gethostbyname(name), 0))
    except OSError as error:
        logger.warning(
            "The first host, %s, has no address of this machine (%s). The others look for it there: put this "
            "machine first in the host file.",
            name,
            error,
        )


def worker_line(job_file: Path, rank: int) -> str:
    """Return the line that starts the part of machine number `rank`, for a shell in any folder."""
    ta = Path(sys.executable).with_name("ta")
    start = shlex.join([str(ta), "worker", str(job_file), "--node", str(rank)])
    return f"cd {shlex.quote(str(Path.cwd()))} && {start}"


class OtherNodes:
    """The other machines' parts of a job: started on entering, ended on leaving."""

    def __init__(self, job_file: Path, hosts: list[Host], log: Path) -> None:
        self._job_file, self._hosts, self._log = job_file, hosts, log
        self._started: dict[int, subprocess.Popen[bytes]] = {}
        self._failed_at: float | None = None

    def __enter__(self) -> OtherNodes:
        for rank in range(1, len(self._hosts)):
            self._start(rank)
        return self

    def __exit__(self, *exception: object) -> None:
        for child in self._started.values():
            if exception[0] is not None:
                child.terminate()  # ssh -tt: what runs over there gets the hangup
            try:
                child.wait(timeout=30)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()

    def failures(self) -> str:
        """Say which machines' parts have failed and where their logs are; empty where none has."""
        return " ".join(
            f"The part of {self._hosts[rank].name} ended with exit code {child.returncode}; its log is "
            f"{self._log_of(rank)}."
            for rank, child in self._started.items()
            if child.poll()
        )

    def check(self) -> None:
        """Raise InputError where a machine's part has failed and this one still waits for it."""
        if failures := self.failures():
            self._failed_at = self._failed_at or time.monotonic()
            if time.monotonic() - self._failed_at > GRACE:
                raise InputError(failures)

    def _log_of(self, rank: int) -> Path:
        return self._log.with_name(f"{self._log.stem}.node{rank}.log")

    def _start(self, rank: int) -> None:
        host, line = self._hosts[rank].name, worker_line(self._job_file, rank)
        if not _is_reached(host):
            logger.warning(
                "%s is not reached by ssh without a password. Within 15 minutes type there: %s", host, line
            )
            return
        logger.info("Starting the part of %s by ssh; its log is %s", host, self._log_of(rank))
        with self._log_of(rank).open("wb") as log:
            self._started[rank] = subprocess.Popen(
                [*_SSH, "-tt", host, line], stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT
            )


def _is_reached(host: str) -> bool:
    try:
        probe = subprocess.run(
            [*_SSH, host, "true"], stdin=subprocess.DEVNULL, capture_output=True, timeout=30, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return probe.returncode == 0


def run_node(job_file: Path, rank: int) -> int:
    """Run machine number `rank`'s part of a job that the first machine has started; returns the exit code."""
    from ta_pipeline.training.job import TrainingJob
    from ta_pipeline.training.launch import child_environment, has_gpu

    meeting = Meeting.read(job_file)
    if not 0 < rank < len(meeting.hosts):
        raise InputError(f"--node {rank}: the machines beside the first are 1 to {len(meeting.hosts) - 1}.")
    if has_gpu() == meeting.cpu:
        raise InputError(
            f"{meeting.hosts[0].name} trains on {'the CPU' if meeting.cpu else 'GPUs'}, this machine would "
            "not. Check with `ta doctor` that both have the same PyTorch and driver."
        )
    parameters = TrainingJob.read(job_file).parameters
    command = launch_commands(job_file, parameters, meeting.hosts, meeting.cpu, meeting.port)[rank]
    inherited = dict(os.environ) | meeting.environment
    return subprocess.call(
        command, env=child_environment(parameters, meeting.hosts[rank].slots, meeting.cpu, inherited)
    )
