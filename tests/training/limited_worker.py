"""The training worker with little memory left: `limited_worker.py MIB JOB.json` may allocate MIB more.

Once everything is imported, so that the limit does not depend on what the libraries take on a machine.
"""

import resource
import sys
from pathlib import Path

import deepspeed  # noqa: F401  (accelerate imports it in passing)
import trl  # noqa: F401

from ta_pipeline.chat import template  # noqa: F401
from ta_pipeline.training import preference, sft, worker  # noqa: F401
from ta_pipeline.training.job import TrainingJob

if __name__ == "__main__":
    status = dict(line.split(":") for line in Path("/proc/self/status").read_text().splitlines())
    limit = int(status["VmData"].split()[0]) * 1024 + int(sys.argv[1]) * 2**20
    resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
    worker.run(TrainingJob.read(Path(sys.argv[2])))
