"""One contestant of the training benchmark, in a process of its own: `… CONTEST.json`.

It trains over the contest's steps and prints seconds and loss of each. Data, adapter, its first values,
optimizer and learning rates are the same for all; what differs is the trainer.
"""

import json
import math
import sys
import time
from pathlib import Path
from typing import Any

import pyarrow as pa
import torch
from transformers import TrainerCallback

LEARNING_RATE, RANK, ALPHA = 2e-4, 16, 32


class Clock(TrainerCallback):
    """Time every step, and sample between them what the machine could do."""

    def __init__(self, peak: Any) -> None:
        self.seconds: list[float] = []
        self.losses: list[float] = []
        self._peak = peak
        self._started = 0.0

    def on_step_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Start the step's clock."""
        self._started = time.perf_counter()

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Stop it, then sample."""
        self.seconds.append(time.perf_counter() - self._started)
        self._peak.sample(0.1)

    def on_log(self, args: Any, state: Any, control: Any, logs: dict[str, Any], **kwargs: Any) -> None:
        """Keep the loss."""
        if "loss" in logs:
            self.losses.append(float(logs["loss"]))


def main() -> None:
    """Train and print one line of JSON."""
    from transformers import AutoConfig

    from ta_pipeline.training.watch.flops import Peak

    contest = json.loads(Path(sys.argv[1]).read_text("utf-8"))
    config = AutoConfig.from_pretrained(contest["model"])
    clock = Clock(Peak(config.hidden_size, config.intermediate_size, contest["precision"]))
    started = time.perf_counter()
    build = {"ours": ours, "padded": padded, "packed": packed}[contest["trainer"]]
    trainer = build(contest, clock)
    set_first_values(trainer.model)
    built = time.perf_counter() - started
    trainer.train()
    result = {
        "seconds": clock.seconds,
        "losses": clock.losses,
        "built": built,
        "compiled": compile_seconds(),
        "rates": clock._peak.rates,
        "flops": flops(contest, trainer) if contest["trainer"] == "ours" else [],
        "replaced": list(getattr(trainer, "replaced_layers", ())),
    }
    print(json.dumps(result))


def ours(contest: dict[str, Any], clock: Clock) -> Any:
    """Build this project's trainer; each step is one block."""
    from ta_pipeline.chat.packing import BLOCK
    from ta_pipeline.params import LoraParams, SftParams
    from ta_pipeline.training.job import TrainingJob
    from ta_pipeline.training.sft import build_trainer

    steps = contest["steps"]
    params = SftParams(
        learning_rate=LEARNING_RATE,
        max_steps=len(steps),
        warmup_share=0.0,
        weight_decay=0.0,
        max_grad_norm=1.0,
        save_every=10_000,
        precision=contest["precision"],
        gradient_checkpointing=False,
        zero_stage=0,
        num_processes=1,
        global_batch_size=1,
        label_smoothing=0.0,
        opening_weight=1.0,
        lora=LoraParams(rank=RANK, alpha=ALPHA, dropout=0.0, targets="attention+mlp"),
    )
    data = Path(contest["folder"]) / "blocks.arrow"
    table = pa.Table.from_pylist([_block(rows) for rows in steps], BLOCK)
    with pa.OSFile(str(data), "wb") as sink, pa.ipc.new_file(sink, BLOCK) as writer:
        writer.write_table(table)
    job = TrainingJob(
        method="sft",
        model=contest["model"],
        adapter=None,
        data=str(data),
        parameters=params.model_dump(),
        seed=1,
        precision=contest["precision"],
        folder=contest["folder"],
    )
    trainer = build_trainer(job, [clock])
    trainer.args.train_sampling_strategy = "sequential"
    trainer.args.save_strategy = "no"
    if contest["compiled"]:
        compile_layers(trainer)
    return trainer


def _block(rows: list[dict[str, list[int]]]) -> dict[str, Any]:
    return {
        "split": "train",
        "input_ids": [token for row in rows for token in row["input_ids"]],
        "labels": [label for row in rows for label in row["labels"]],
        "seq_lengths": [len(row["input_ids"]) for row in rows],
        "example_ids": [str(place) for place in range(len(rows))],
        "read_tokens": sum(len(row["input_ids"]) for row in rows),
    }


_compiled: list[float] = []


def compile_layers(trainer: Any) -> None:
    """Have the small functions compiled, and remember how long that takes."""
    from ta_pipeline.training.layers.elementwise import compile_kernels

    first = next(trainer.model.parameters())
    started = time.perf_counter()
    if not compile_kernels(first.device.type, first.dtype):
        raise RuntimeError("nothing was compiled: no compiler here")
    _compiled.append(time.perf_counter() - started)


def compile_seconds() -> float | None:
    """Seconds that compiling took, None where nothing was compiled."""
    return _compiled[0] if _compiled else None


def padded(contest: dict[str, Any], clock: Clock) -> Any:
    """Build TRL's trainer as it comes: a step's rows are padded to the longest of them."""
    rows = [row for step in contest["steps"] for row in step]
    return _trl(contest, clock, rows, per_device_train_batch_size=len(contest["steps"][0]), max_length=None)


def packed(contest: dict[str, Any], clock: Clock) -> Any:
    """Build TRL's trainer with its packing; each step is one block."""
    trainer = _trl(
        contest,
        clock,
        contest["rows"],
        per_device_train_batch_size=1,
        max_length=contest["block"],
        packing=True,
    )
    made = [trainer.train_dataset[place]["input_ids"] for place in range(len(contest["steps"]))]
    expected = [_block(rows)["input_ids"] for rows in contest["steps"]]
    if [list(ids) for ids in made] != expected:
        raise RuntimeError("TRL packed other blocks than those that this project's trainer gets")
    return trainer


def _trl(contest: dict[str, Any], clock: Clock, rows: list[dict[str, list[int]]], **options: Any) -> Any:
    from peft import LoraConfig
    from transformers import AutoModelForCausalLM, AutoTokenizer
    from trl import SFTConfig, SFTTrainer

    from datasets import Dataset

    half = contest["precision"] == "bf16"
    model = AutoModelForCausalLM.from_pretrained(
        contest["model"], dtype=torch.bfloat16 if half else torch.float32, attn_implementation="sdpa"
    )
    arguments = SFTConfig(
        output_dir=contest["folder"],
        max_steps=len(contest["steps"]),
        learning_rate=LEARNING_RATE,
        lr_scheduler_type="cosine",
        weight_decay=0.0,
        max_grad_norm=1.0,
        bf16=half,
        use_cpu=not torch.cuda.is_available(),
        gradient_checkpointing=False,
        train_sampling_strategy="sequential",
        logging_steps=1,
        save_strategy="no",
        report_to=[],
        dataloader_pin_memory=False,
        disable_tqdm=True,
        seed=1,
        **options,
    )
    lora = LoraConfig(r=RANK, lora_alpha=ALPHA, target_modules="all-linear", task_type="CAUSAL_LM")
    return SFTTrainer(
        model=model,
        args=arguments,
        train_dataset=Dataset.from_list(rows),
        processing_class=AutoTokenizer.from_pretrained(contest["model"]),
        peft_config=lora,
        callbacks=[clock],
    )


def set_first_values(model: Any) -> None:
    """Give every adapter the same first values, drawn name by name."""
    trained = sorted((name, p) for name, p in model.named_parameters() if p.requires_grad)
    draw = torch.Generator().manual_seed(3)
    with torch.no_grad():
        for name, parameter in trained:
            if "lora_A" in name:
                bound = 1 / math.sqrt(parameter.shape[1])  # PEFT's own: Kaiming's with a = sqrt(5)
                parameter.copy_(torch.empty(parameter.shape).uniform_(-bound, bound, generator=draw))
            else:
                parameter.zero_()


def flops(contest: dict[str, Any], trainer: Any) -> list[float]:
    """Count the work of each step."""
    from ta_pipeline.records import IGNORE_INDEX
    from ta_pipeline.training.layers.shared_prefix import merge_rows
    from ta_pipeline.training.watch.flops import lora_flops

    counts = []
    for rows in contest["steps"]:
        block = _block(rows)
        read = merge_rows(torch.tensor(block["input_ids"]), block["seq_lengths"])
        supervised = sum(label != IGNORE_INDEX for row in rows for label in row["labels"][1:])
        counts.append(lora_flops(trainer.model, read.rows, supervised))
    return counts


if __name__ == "__main__":
    main()
