"""Direct preference optimization of the SFT adapter, with TRL's DPOTrainer.

The adapter that SFT left is trained on; a frozen copy of it (TRL's adapter "ref") is the reference.
"""

from __future__ import annotations

from typing import Any

from peft import PeftModel
from trl import DPOConfig, DPOTrainer

from datasets import Dataset
from ta_pipeline.training import row_attention
from ta_pipeline.training.fused_lora import fuse_lora
from ta_pipeline.training.job import TrainingJob
from ta_pipeline.training.setup import common_arguments, load_model, read_rows
from ta_pipeline.training.shared_prefix import share_prefixes


class TokenizedDPOTrainer(DPOTrainer):  # type: ignore[misc]
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


def build_trainer(job: TrainingJob, callbacks: list[Any]) -> DPOTrainer:
    """Build the trainer of a job; nothing has been trained yet."""
    from ta_pipeline.chat.template import load_tokenizer

    score_answers_only()
    parameters = job.parameters
    pairs = read_rows(job)
    train = pairs.filter([split == "train" for split in pairs.column("split").to_pylist()])
    model = PeftModel.from_pretrained(load_model(job), job.adapter, is_trainable=True)
    weights = [1.0, parameters["sft_weight"]]
    arguments = DPOConfig(
        **common_arguments(job),
        beta=parameters["beta"],
        loss_type=["sigmoid", "sft"] if parameters["sft_weight"] else ["sigmoid"],
        loss_weights=weights if parameters["sft_weight"] else None,
        max_length=None,
        remove_unused_columns=True,
    )
    columns = ["prompt_ids", "chosen_ids", "rejected_ids"]
    if model.config._attn_implementation == row_attention.NAME:
        share_prefixes(model.get_base_model().base_model)
    trainer = TokenizedDPOTrainer(
        model=model,
        args=arguments,
        train_dataset=Dataset(train.select(columns)),
        processing_class=load_tokenizer(job.model),
        callbacks=callbacks,
    )
    if parameters["zero_stage"] < 3:
        fuse_lora(trainer.model)
    return trainer
