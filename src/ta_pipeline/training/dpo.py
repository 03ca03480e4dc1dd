"""Direct preference optimization of the SFT adapter, with TRL's DPOTrainer.

The adapter that SFT left is trained on; a frozen copy of it (TRL's adapter "ref") is the reference.
"""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import torch
from peft import PeftModel
from trl import DPOConfig, DPOTrainer

from datasets import Dataset
from ta_pipeline.training.job import TrainingJob, rows_per_step
from ta_pipeline.training.layers import row_attention
from ta_pipeline.training.layers.fused_lora import fuse_lora
from ta_pipeline.training.layers.shared_prefix import merge_rows, share_prefixes
from ta_pipeline.training.setup import common_arguments, load_model, read_rows
from ta_pipeline.training.watch.sets import evaluated_sets
from ta_pipeline.training.watch.steps import WatchedSteps

#: Tokens that pairs may take to be read at once. Four pairs of four prompts took 7.3 GiB; over one prompt
#: they are read like one.
AT_ONCE = 2048


class TokenizedDPOTrainer(WatchedSteps, DPOTrainer):  # type: ignore[misc]
    """DPOTrainer for pairs that already are token ids, made and proved by `tokenize`."""

    def _prepare_dataset(self, dataset: Dataset, *args: Any, **kwargs: Any) -> Dataset:
        return dataset


def score_answers_only() -> None:
    """Have TRL's log-probability head skip the prompt on a CPU too, as it does on a GPU.

    TRL 1.16 scores only the labelled positions where there is Triton, and every position elsewhere, to spare
    accelerators that compile for each shape. A CPU does not, and the head is a third of its step. The name
    that is replaced decides nothing else; a test holds both ways to the same loss.
    """
    from trl.trainer import utils

    utils._use_triton = lambda device: True


def pairs_at_once(pairs: pa.Table, job: TrainingJob) -> int:
    """Count the pairs that a rank may read at once: its share of a step, or an even part of that.

    `pairs` (schema PREFERENCE_TOKENS) are in the order of the steps; those that the job takes are looked at.
    The preference loss is the same either way; TRL's loss on the chosen answers is a mean over the tokens of
    what is read at once, and over those parts.
    """
    per_step = rows_per_step(job.method, job.parameters)
    share = per_step // job.parameters["num_processes"]
    taken = pairs.slice(0, per_step * job.parameters["max_steps"]).to_pylist()
    for count in (count for count in range(share, 1, -1) if share % count == 0):
        if all(_to_read(taken[start : start + count]) <= AT_ONCE for start in range(0, len(taken), count)):
            return count
    return 1


def _to_read(pairs: list[dict[str, Any]]) -> int:
    """Count the tokens that it takes to read pairs, what they share once."""
    rows = [
        torch.tensor(pair["prompt_ids"] + pair[answer])
        for pair in pairs
        for answer in ("chosen_ids", "rejected_ids")
    ]
    return merge_rows(torch.cat(rows), [len(row) for row in rows]).ids.numel()


def build_trainer(job: TrainingJob, callbacks: list[Any]) -> DPOTrainer:
    """Build the trainer of a job; nothing has been trained yet."""
    from ta_pipeline.chat.template import load_tokenizer

    score_answers_only()
    parameters = job.parameters
    pairs = read_rows(job)
    train = pairs.filter([split == "train" for split in pairs.column("split").to_pylist()])
    model = PeftModel.from_pretrained(load_model(job), job.adapter, is_trainable=True)
    by_row = model.config._attn_implementation == row_attention.NAME
    weights = [1.0, parameters["sft_weight"]]
    arguments = DPOConfig(
        **common_arguments(job, pairs_at_once(train, job) if by_row else 1),
        train_sampling_strategy="sequential",  # `tokenize` has drawn the order
        beta=parameters["beta"],
        loss_type=["sigmoid", "sft"] if parameters["sft_weight"] else ["sigmoid"],
        loss_weights=weights if parameters["sft_weight"] else None,
        max_length=None,
        remove_unused_columns=True,
    )
    columns = ["id", "prompt_ids", "chosen_ids", "rejected_ids"]
    if by_row:
        share_prefixes(model.get_base_model().base_model)
    trainer = TokenizedDPOTrainer(
        model=model,
        args=arguments,
        train_dataset=Dataset(train.select(columns)),
        eval_dataset={n: Dataset(t.select(columns)) for n, t in evaluated_sets(pairs).items()} or None,
        processing_class=load_tokenizer(job.model),
        callbacks=callbacks,
    )
    if parameters["zero_stage"] < 3:
        fuse_lora(trainer.model)
    return trainer
