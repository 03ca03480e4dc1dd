"""The process in which files are read: `python -m ta_pipeline.sources.worker FD MEMORY_MB`.

`isolation.py` starts it, hands it one job after another over the connection FD, and ends it where a file
hangs it. It is a fence against crashes, hangs and memory, not against code that a file might smuggle in.
"""

from __future__ import annotations

import importlib
import resource
import signal
import sys
from collections.abc import Iterator
from itertools import islice
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from ta_pipeline.params import IngestParams
from ta_pipeline.sources.archives import Allowance, unpack
from ta_pipeline.sources.public_sets import read_set
from ta_pipeline.sources.read import library_of, read_file

#: Drafts and faults sent at once.
BATCH = 256
#: Seconds behind the parent's own limit after which the process ends itself, should the parent be gone.
_GRACE = 60.0


def main() -> None:
    """Do jobs until the connection closes."""
    connection = Connection(int(sys.argv[1]))
    limit = int(sys.argv[2]) * 2**20
    resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
    connection.send(("ready", None))
    while True:
        try:
            job, ingest, path, seconds, *rest = connection.recv()
        except EOFError:
            return
        if job != "unpack" and (library := library_of(path)):
            importlib.import_module(library)
        connection.send(("started", None))
        batch: list[Any] = []
        for found in _Job(connection, seconds).run(job, ingest, path, *rest):
            batch.append(found)
            if len(batch) == BATCH:
                connection.send(("found", batch))
                batch = []
        signal.setitimer(signal.ITIMER_REAL, 0)
        connection.send(("end", batch))


class _Job:
    """One job and the time it has left."""

    def __init__(self, connection: Connection[Any, Any], seconds: float) -> None:
        self._connection = connection
        signal.setitimer(signal.ITIMER_REAL, seconds + _GRACE)

    def run(self, job: str, ingest: IngestParams, path: Path, *rest: Any) -> Iterator[Any]:
        """Read a file or a public set's file, or unpack an archive into a folder with an allowance."""
        if job == "read":
            return read_file(path, ingest, self._lengthen)
        if job == "read_set":
            reader, most = rest
            return islice(read_set(path, int(ingest.max_file_mb * 2**20), reader), most)
        folder, allowance = rest
        return unpack(path, folder, ingest.archives, Allowance(*allowance))

    def _lengthen(self, seconds: float) -> None:
        left = signal.getitimer(signal.ITIMER_REAL)[0]
        signal.setitimer(signal.ITIMER_REAL, left + seconds)
        self._connection.send(("more", seconds))


if __name__ == "__main__":
    main()
