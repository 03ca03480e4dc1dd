"""A process that has imported everything a training needs, and forks a child for each job it is given.

To start Python with torch and TRL takes some ten seconds, which a proof with a hundred and more trainings
cannot wait for. It reads one job file a line on stdin; on stdout it names the child's process id, and, when
the child has ended, its exit status. Run by tests only, on POSIX.
"""

import gc
import json
import os
import sys
import traceback
from pathlib import Path


def record_order(path):
    """Have every training step append its number and the ids that it reads to a file."""
    from transformers import Trainer

    plain = Trainer.training_step

    def training_step(self, model, inputs, *args, **kwargs):
        read = {name: value.flatten().tolist() for name, value in inputs.items() if name.endswith("ids")}
        with path.open("a") as stream:
            row = {"step": self.state.global_step + 1, "by": os.getpid(), "read": read}
            stream.write(json.dumps(row) + "\n")
        return plain(self, model, inputs, *args, **kwargs)

    Trainer.training_step = training_step


def train(job_file):
    """Be the worker that `accelerate launch` would start."""
    from ta_pipeline.training import worker
    from ta_pipeline.training.job import TrainingJob

    job = TrainingJob.read(Path(job_file))
    log = os.open(Path(job.folder) / "child.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(log, 1)
    os.dup2(log, 2)
    record_order(Path(job.folder) / "order.jsonl")
    worker.run(job)


def main():
    """Serve jobs until stdin ends."""
    import deepspeed  # noqa: F401
    import peft  # noqa: F401
    import torch
    import trl  # noqa: F401

    from ta_pipeline.chat import template  # noqa: F401
    from ta_pipeline.training import preference, sft, worker  # noqa: F401

    torch.set_num_threads(1)  # a forked child has none of its parent's threads
    gc.freeze()  # what is imported is never garbage: each child would look through all of it
    print("ready", flush=True)
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            status = 1
            try:
                train(line.strip())
                status = 0
            except BaseException:
                traceback.print_exc()
            finally:
                os._exit(status)
        print(child, flush=True)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)


if __name__ == "__main__":
    main()
