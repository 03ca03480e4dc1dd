"""Let TRL's SFTTrainer prepare and pack one Parquet file of examples, as a process of its own.

`python -m benchmarks._tokenize_trl SOURCE FOLDER PROCESSES`; the cache of `datasets` must be empty.
"""

import json
import sys
import time
from typing import Any

from transformers import AutoModelForCausalLM
from trl import SFTConfig, SFTTrainer

from datasets import Dataset
from ta_pipeline.chat.template import load_tokenizer
from ta_pipeline.training.base_model import resolve_base_model


class TimedTrainer(SFTTrainer):
    """Notes how long the preparation takes, which the constructor does among other things."""

    seconds = 0.0

    def _prepare_dataset(self, *args: Any, **kwargs: Any) -> Any:
        start = time.perf_counter()
        dataset = super()._prepare_dataset(*args, **kwargs)
        self.seconds += time.perf_counter() - start
        return dataset


def main(source: str, folder: str, processes: str) -> dict[str, Any]:
    """Prepare the rows of `source`; return seconds and tokens."""
    model = resolve_base_model("bundled:tiny-random")
    tokenizer = load_tokenizer(model)
    start = time.perf_counter()
    rows = Dataset.from_parquet(source, columns=["messages"])
    reading = time.perf_counter() - start
    config = SFTConfig(
        output_dir=folder,
        max_length=2048,
        packing=True,
        dataset_num_proc=None if processes == "1" else int(processes),
        use_cpu=True,
        bf16=False,
        report_to=[],
    )
    trainer = TimedTrainer(
        model=AutoModelForCausalLM.from_pretrained(model),
        args=config,
        train_dataset=rows,
        processing_class=tokenizer,
    )
    start = time.perf_counter()
    trainer.train_dataset.save_to_disk(folder)
    writing = time.perf_counter() - start
    tokens = sum(sum(lengths) for lengths in trainer.train_dataset["seq_lengths"])
    return {"seconds": reading + trainer.seconds + writing, "tokens": tokens}


if __name__ == "__main__":
    print(json.dumps(main(*sys.argv[1:])))
