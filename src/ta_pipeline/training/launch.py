"""Start the training child with `accelerate launch`, follow it, and bring its result home.

The node that calls this stays one process, however many ranks are started, so that `kedro run` itself
never runs once a rank.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import re
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from ta_pipeline.paths import log_dir
from ta_pipeline.progress import Progress
from ta_pipeline.records import InputError
from ta_pipeline.training import memory_errors, resume
from ta_pipeline.training.job import REPORT, TrainingJob, optimizer_steps
from ta_pipeline.training.memory_errors import MemoryWatch
from ta_pipeline.training.nodes import (
    Host,
    Meeting,
    OtherNodes,
    arrange_meeting,
    launch_commands,
    read_hostfile,
)

logger = logging.getLogger(__name__)

#: The line of a traceback that names the exception, with or without the rank before it; C++ calls it what().
_EXCEPTION = re.compile(r"^(\[rank\d+\]: )?([\w.]*(Error|Exception|Interrupt)|what\(\)): ")
#: What the launcher of several ranks says of one that was killed: its memory, as a rule.
_KILLED = re.compile(r"Signal \d+ \(\w+\) received by PID \d+")
#: A line that only divides.
_RULE = re.compile(r"^[\W_]*$")

#: glibc comes to keep freed blocks of up to 32 MiB on its heap, where what autograd still holds lies between
#: them, so that nothing goes back: layers that took 1,024 tokens of the bundled model and 510 MiB had 806,
#: with checkpointing 412 instead of 136. Told a limit, it maps larger blocks and gives each back. That
#: costs a quarter of the speed without checkpointing: whoever sets the variable keeps his own.
MALLOC = {"MALLOC_MMAP_THRESHOLD_": str(2**20)}

Result = tuple[Path, pa.Table, dict[str, Any]]


def child_environment(
    parameters: dict[str, Any], ranks: int, cpu: bool, inherited: Mapping[str, str]
) -> dict[str, str]:
    """Return the child's environment: threads shared by this machine's ranks, no hub, no buffering.

    Everything else is inherited: NCCL's time-outs and interfaces, say.
    """
    threads = max(1, (os.cpu_count() or 1) // ranks)
    environment = dict(inherited) | {
        "OMP_NUM_THREADS": str(threads),
        # Spinning threads make a small model slower on a busy machine; to sleep at once costs 11 % on an idle
        # one. So wait for a fraction of a millisecond, then sleep.
        "OMP_WAIT_POLICY": inherited.get("OMP_WAIT_POLICY", "passive"),
        "GOMP_SPINCOUNT": inherited.get("GOMP_SPINCOUNT", "6000"),
        **{name: inherited.get(name, value) for name, value in MALLOC.items()},
        "TOKENIZERS_PARALLELISM": "false",
        "HF_HUB_OFFLINE": "1",
        "PYTHONUNBUFFERED": "1",
    }
    if cpu:
        environment |= {"DS_ACCELERATOR": "cpu", "CUDA_VISIBLE_DEVICES": ""}
        if not parameters["zero_stage"]:  # with it accelerate would leave DeepSpeed out: see zero.join_ranks
            environment["ACCELERATE_USE_CPU"] = "true"
    return environment


def has_gpu() -> bool:
    """Tell whether PyTorch sees a GPU."""
    import torch

    return torch.cuda.is_available()


def run(job: TrainingJob, on_step: Callable[[dict[str, Any]], None]) -> Result:
    """Run a prepared job to its end; returns the adapter's folder, the history and the report.

    Where memory runs out and `auto_fit` is set, the ladder's next rung is taken and the run goes on. Raises
    InputError that names the log, and the next rung, where the child failed.
    """
    from ta_pipeline.training.watch.events import once

    log = (log_dir() / f"{job.method}.log").absolute()
    show = once(lambda step, figures, _: on_step({"step": step} | figures))
    while not (Path(job.folder) / REPORT).is_file():  # there already: trained, but never saved
        watch = MemoryWatch()
        code, elsewhere = _run_child(job, show, log, watch)
        if code == 0:
            break
        job = _fit(job, code, elsewhere, log, watch)
    resume.mark_finished(job)
    return _result(job, resume.lived(_read_events(job.events, 0)[0]))


def _run_child(
    job: TrainingJob, show: Callable[[int, dict[str, float], float], None], log: Path, watch: MemoryWatch
) -> tuple[int, str]:
    """Start the child and show its figures; returns its exit code and what went wrong on other machines."""
    from ta_pipeline.training.watch.board import Board
    from ta_pipeline.training.watch.events import Replay

    cpu = not has_gpu()
    job_file = Path(job.folder) / "job.json"
    meeting, command = _plan(job, cpu)
    progress = Progress(f"training {job.method}", _steps(job), "steps")
    others = OtherNodes(job_file, meeting.hosts, log)
    board = Board(log_dir() / "tensorboard" / Path(job.folder).name)
    replay = Replay(resume.lived(_read_events(job.events, 0)[0]), [show, board.show])
    with log.open("w", encoding="utf-8") as stream, others, board:
        child = subprocess.Popen(
            command,
            stdout=stream,
            stderr=subprocess.STDOUT,
            env=child_environment(job.parameters, meeting.hosts[0].slots, cpu, os.environ),
            start_new_session=True,  # one group for launcher and ranks, so that all can be ended together
        )
        try:
            _follow(child, job.events, progress, replay, (watch.look, others.check))
        except BaseException:
            _end_group(child)
            raise
        finally:
            replay.close()
            progress.close()
    return int(child.returncode), others.failures()


def _fit(job: TrainingJob, code: int, elsewhere: str, log: Path, watch: MemoryWatch) -> TrainingJob:
    """Return the job changed by the ladder's next rung; InputError where that is not the way on."""
    from ta_pipeline.training.watch.events import history
    from ta_pipeline.training.watch.summary import say_what_is_wrong

    printed = log.read_text("utf-8", errors="replace")
    words = memory_errors.ran_out_of_memory(printed, code, watch)
    say_what_is_wrong(job, history(resume.lived(_read_events(job.events, 0)[0])), printed)
    if words is None:
        raise InputError(f"{_what_failed(job.method, code, log)} {elsewhere}".rstrip())
    rung = memory_errors.next_rung(job)
    if rung is None or not job.parameters.get("auto_fit"):
        advice = memory_errors.advice(job, resume.longest_block(job))
        raise InputError(f"{job.method}: out of memory: {words[:200]} {advice} The whole log is {log}.")
    logger.warning("%s: out of memory; %s: %s", job.method, rung.name, rung.why)
    return resume.take_rung(job, rung)


def _plan(job: TrainingJob, cpu: bool) -> tuple[Meeting, list[str]]:
    """Find this job's machines and this machine's command; write down what the others have to know."""
    parameters, job_file = job.parameters, Path(job.folder) / "job.json"
    hosts = [Host("localhost", parameters["num_processes"])]
    if name := parameters["hostfile"]:
        hosts = read_hostfile(Path.cwd(), name, parameters["num_processes"])
    if len(hosts) == 1:
        return Meeting(hosts, 0, cpu, {}), launch_commands(job_file, parameters, hosts, cpu)[0]
    meeting = arrange_meeting(hosts, cpu, os.environ)
    meeting.write(job_file)
    return meeting, launch_commands(job_file, parameters, hosts, cpu, meeting.port)[0]


def _steps(job: TrainingJob) -> int:
    """Count the steps that a job takes over the rows it was given.

    Where attention is not by row, the child divides blocks, and `epochs` of them are more steps than this.
    """
    with pa.memory_map(job.data) as file:
        rows = pa.ipc.open_file(file).read_all()
    trained = rows.filter(pc.equal(rows.column("split"), "train")).num_rows
    return optimizer_steps(job.method, job.parameters, trained)


def _result(job: TrainingJob, events: list[dict[str, Any]]) -> Result:
    """Bring together what a finished child has left: adapter, history, report."""
    report = json.loads((Path(job.folder) / REPORT).read_text("utf-8"))
    from ta_pipeline.training.watch.events import history
    from ta_pipeline.training.watch.summary import say_what_is_wrong, sum_up

    steps = history(events)
    findings = {"findings": say_what_is_wrong(job, steps)}
    return (
        job.result,
        steps,
        report | sum_up(events, report.get("kept_step")) | resume.lineage(job) | findings,
    )


def _end_group(child: subprocess.Popen[Any]) -> None:
    """End the launcher and every rank it has started."""
    for sign in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, sign)
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(timeout=20)


def _follow(
    child: subprocess.Popen[Any],
    path: Path,
    progress: Progress,
    on_step: Callable[[dict[str, Any]], None],
    looks: Sequence[Callable[[], None]],
) -> None:
    """Hand on the child's events as they come until it has ended; `looks` are taken while waiting."""
    _, offset = _read_events(path, 0)  # a line that a kill left half written is cut off by the child
    while True:
        ended = child.poll() is not None
        fresh, offset = _read_events(path, offset)
        for event in fresh:
            on_step(event)
            if event.get("loss") is not None:
                progress.advance(event["step"] - progress.done, f"loss {event['loss']:.3f}")
        if ended:
            return
        for look in looks:
            look()
        time.sleep(0.5)


def _read_events(path: Path, offset: int) -> tuple[list[dict[str, Any]], int]:
    """Read whole lines from `offset` on; a line still being written waits for the next call."""
    if not path.is_file():
        return [], offset
    with path.open("rb") as stream:
        stream.seek(offset)
        chunk = stream.read()
    end = chunk.rfind(b"\n") + 1
    return [json.loads(line) for line in chunk[:end].splitlines()], offset + end


def _what_failed(method: str, code: int, log: Path) -> str:
    """Say in one line why the child ended, from the last error in its log."""
    text = log.read_text("utf-8", errors="replace")
    lines = [line.strip() for line in text.splitlines() if not _RULE.match(line)]
    errors = [line for line in lines if _EXCEPTION.match(line) and "ChildFailedError" not in line]
    last = (errors or _KILLED.findall(text) or lines or ["it printed nothing"])[-1]
    return f"{method}: training ended with exit code {code}: {last[:400]} The whole log is {log}."
