"""Work on the rows of a table in groups, in this process or in several, with the same result.

Byte-pair encoding is nearly all of the work and takes one core a process: tokenizers' own threads would
fight over the cores, so that they are off in the workers.
"""

from __future__ import annotations

import gc
import os
import pickle
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any, TypeVar

import pyarrow as pa

from ta_pipeline.progress import track

R = TypeVar("R")
#: Rows that are worked on at once.
GROUP = 2_000
#: Fewer rows are done in this process: others take some seconds to start.
ALONE = 6_000

#: What a worker does with its groups, put there by `_begin`.
_task: list[Callable[[pa.Table], Any]] = []


def in_groups(
    work: Callable[[pa.Table], R], rows: pa.Table, workers: int | None, label: str, alone: int = ALONE
) -> Iterator[R]:
    """Yield `work` of each group of rows, in order.

    `workers` None is one a core; fewer rows than `alone` are done in this process.
    """
    groups = [rows.slice(start, GROUP) for start in range(0, rows.num_rows, GROUP)]
    processes = min(workers or os.cpu_count() or 1, len(groups))
    if processes <= 1 or rows.num_rows < alone:
        yield from map(work, groups)
        return
    yield from track(_in_processes(work, groups, processes), label, len(groups), "groups")


def _in_processes(work: Callable[[pa.Table], R], groups: list[pa.Table], processes: int) -> Iterator[R]:
    """Run groups in processes that begin without our threads; only a few wait in memory at a time."""
    context = get_context("forkserver")
    context.set_forkserver_preload(["__main__", "ta_pipeline.chat.rows", "transformers"])
    with ProcessPoolExecutor(processes, context, _begin, (pickle.dumps(work),)) as pool:
        waiting: deque[Future[R]] = deque()
        for group in groups:
            waiting.append(pool.submit(_run, _to_bytes(group)))
            if len(waiting) > 2 * processes:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def _begin(work: bytes) -> None:
    """Prepare a worker: one thread, and no garbage collector, which walks over all tokens for nothing."""
    os.environ |= {"RAYON_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false"}
    gc.disable()
    _task[:] = [pickle.loads(work)]


def _run(group: bytes) -> Any:
    return _task[0](pa.ipc.open_stream(group).read_all())


def _to_bytes(group: pa.Table) -> pa.Buffer:
    """Write a slice as a stream: pickled, it would carry the whole table's buffers."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, group.schema) as stream:
        stream.write_table(group)
    return sink.getvalue()
