"""Read files in a process of their own, so that a hostile file costs itself and not the run.

The process is reused from file to file. It is ended, and a fresh one started for the next file, where a
file takes longer than its size allows, crashes it, or leaves it fat.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path
from types import TracebackType
from typing import Any

from ta_pipeline.params import IngestParams
from ta_pipeline.sources.archives import Allowance, Member
from ta_pipeline.sources.drafts import WHOLE_FILE, Draft, Fault
from ta_pipeline.sources.read import seconds_for
from ta_pipeline.sources.set_fields import SetReader

#: The module that runs in the process.
_WORKER = "ta_pipeline.sources.worker"
#: Seconds in which a new process must answer, and in which a reader must import its library.
_START = 120.0
#: A process that has grown beyond this share of its memory is replaced.
_FAT = 0.5


class _GoneError(Exception):
    """The process ended itself, or was ended by the system."""


class IsolatedReader:
    """A process that reads files; a context manager, started when the first file comes."""

    def __init__(self, ingest: IngestParams) -> None:
        self._ingest = ingest
        self._process: subprocess.Popen[bytes] | None = None
        self._connection: Connection[Any, Any] | None = None

    def __enter__(self) -> IsolatedReader:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop()

    def read(self, path: Path) -> list[Draft | Fault]:
        """Return what is in a file; of one that had to be stopped only the fault that says so."""
        return self._do("read", path)

    def unpack(self, path: Path, folder: Path, allowance: Allowance) -> list[Member | Fault]:
        """Unpack an archive into a folder; a Fault among what is returned refuses the whole."""
        return self._do("unpack", path, folder, (allowance.size, allowance.files))

    def read_set(self, path: Path, reader: SetReader, most: int) -> list[Draft | Fault]:
        """Return what is in a file of a public set, at most so many rows and faults."""
        return self._do("read_set", path, reader, most)

    def _do(self, job: str, path: Path, *rest: Any) -> list[Any]:
        seconds = seconds_for(path, self._ingest)
        if self._process and self._process.poll() is not None:
            self._stop()  # between two files, which is no fault of the next one
        try:
            connection = self._connection or self._start()
            connection.send((job, self._ingest, path, seconds, *rest))
            found = self._answer(connection, seconds)
        except TimeoutError as error:
            self._stop(at_once=True)
            cure = "export it again, split it, or raise `ingest.seconds_per_mb`"
            return [Fault(WHOLE_FILE, "timed_out", f"not read in {error.args[0]:g} s; {cure}")]
        except (EOFError, OSError):
            how = self._stop()
            return [Fault(WHOLE_FILE, "reader_crashed", f"{how} while reading it; export the file again")]
        self._replace_if_fat()
        return found

    def _answer(self, connection: Connection[Any, Any], seconds: float) -> list[Any]:
        """Collect what is found until the job ends. Raises TimeoutError with the seconds it was given."""
        found: list[Any] = []
        given, end = seconds, time.monotonic() + _START
        while True:
            if not connection.poll(max(0.0, end - time.monotonic())):
                raise TimeoutError(given)
            kind, content = connection.recv()
            if kind == "started":
                end = time.monotonic() + given
            elif kind == "more":
                given, end = given + content, end + content
            else:
                found += content
            if kind == "end":
                return found

    def _start(self) -> Connection[Any, Any]:
        ours, theirs = Pipe()
        command = [sys.executable, "-m", _WORKER, str(theirs.fileno())]
        command.append(str(self._ingest.max_reader_memory_mb))
        quiet = None if os.environ.get("TA_DEBUG") else subprocess.DEVNULL
        self._process = subprocess.Popen(
            command,
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=quiet,
            # OpenBLAS reserves 40 MB a core: many cores would leave a reader no memory.
            env={
                **os.environ,
                "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
                "OPENBLAS_NUM_THREADS": "1",
            },
        )
        theirs.close()
        self._connection = ours
        if not ours.poll(_START) or _first(ours) != "ready":
            raise RuntimeError(f"the process that reads files does not start: {self._stop()}; set TA_DEBUG=1")
        return ours

    def _stop(self, at_once: bool = False) -> str:
        """End the process and say how it ended; one that waits for a job ends with its connection."""
        if self._connection:
            self._connection.close()
            self._connection = None
        process, self._process = self._process, None
        if process is None:
            return "no process"
        try:
            code = process.wait(timeout=0 if at_once else 1)
        except subprocess.TimeoutExpired:
            process.kill()
            code = process.wait()
        return f"ended by {signal.Signals(-code).name}" if code < 0 else f"ended with code {code}"

    def _replace_if_fat(self) -> None:
        import psutil

        if self._process is None:
            return
        try:
            size = psutil.Process(self._process.pid).memory_info().rss
        except psutil.Error:
            size = 0
        if size > _FAT * self._ingest.max_reader_memory_mb * 2**20:
            self._stop()


def _first(connection: Connection[Any, Any]) -> str:
    try:
        return str(connection.recv()[0])
    except EOFError:
        return ""
