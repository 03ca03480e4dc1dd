"""Supervised fine-tuning on token blocks, of an adapter or of every weight, with TRL's SFTTrainer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pyarrow as pa
import torch
from datasets.table import InMemoryTable
from trl import SFTConfig, SFTTrainer

from datasets import Dataset
from ta_pipeline.chat.packing import divide
from ta_pipeline.records import IGNORE_INDEX
from ta_pipeline.training.adapters import trained_weights_untouched, with_trained_weights
from ta_pipeline.training.job import TrainingJob
from ta_pipeline.training.layers import row_attention
from ta_pipeline.training.layers.shared_prefix import Merged, merge_rows
from ta_pipeline.training.safe_saving import SafeSaving
from ta_pipeline.training.setup import common_arguments, load_model, read_rows, replace_layers
from ta_pipeline.training.watch.sets import evaluated_sets
from ta_pipeline.training.watch.steps import WatchedSteps

#: Tokens of an answer, and of what follows its citation, that count as an opening: with them it is decided
#: whether to answer or to refuse.
OPENING = 3


def opening_weights(labels: torch.Tensor, weight: float, closings: torch.Tensor) -> torch.Tensor:
    """Weigh the openings of each answer by `weight`; the mean over all learned tokens is 1.

    `labels` (tokens) holds IGNORE_INDEX where nothing is learned; the weights there mean nothing. `closings`
    are the ids that end a citation.
    """
    counts = labels != IGNORE_INDEX
    place = torch.arange(len(labels), device=labels.device)
    before = ~counts | torch.isin(labels, closings)
    last = torch.where(before, place, -1).cummax(0).values
    last_before = torch.cat([last.new_tensor([-1]), last[:-1]])
    opening = counts & (place - last_before <= OPENING)
    weights = torch.where(opening, weight, 1.0)
    return weights / weights[counts].mean()


def closing_ids(tokenizer: Any) -> list[int]:
    """List the tokens that a citation ends with."""
    return sorted(index for token, index in tokenizer.get_vocab().items() if token.endswith("]"))


class PackedTrainer(WatchedSteps, SafeSaving, SFTTrainer):  # type: ignore[misc]
    """SFTTrainer that computes the head only where a label counts.

    TRL scores every position where there is no Triton, and 40 % of its step on a CPU goes there; most
    positions of a row are its passages, which nobody learns. The loss is the same function. Several blocks
    read at once are one sequence to it (TRL's padding-free collator), so that nothing is padded.
    """

    label_smoothing = 0.0
    opening_weight = 1.0
    closings = torch.empty(0, dtype=torch.long)
    #: Kinds of layers that this project's own have taken the place of.
    replaced_layers: Sequence[str] = ()

    def compute_loss(
        self,
        model: Any,
        inputs: dict[str, Any],
        return_outputs: bool = False,
        num_items_in_batch: Any = None,
    ) -> Any:
        """Return the cross entropy of the supervised tokens over their number; in training it is weighted."""
        mode = "train" if self.model.training else "eval"
        targets = inputs["labels"][0, 1:]
        keep = (targets != IGNORE_INDEX).nonzero()[:, 0]
        weights = None
        if self.model.training:
            closings = self.closings.to(targets.device)
            weights = opening_weights(targets, self.opening_weight, closings)[keep]
        read = self._merged(inputs)
        outputs = model(
            input_ids=read.ids,
            position_ids=read.positions,
            supervised_at=read.places[keep],
            targets=targets[keep],
            target_weights=weights,
            label_smoothing=self.label_smoothing,
            use_cache=False,
            **({"rows": read.rows} if read.rows else {}),
        )
        count = num_items_in_batch if num_items_in_batch is not None else len(keep)
        loss = outputs.loss / torch.as_tensor(count).clamp(min=1)
        if self.args.average_tokens_across_devices and num_items_in_batch is not None:
            loss = loss * self.accelerator.num_processes
        self._record(mode, outputs.correct, read.ids.numel())
        return (loss, outputs) if return_outputs else loss

    def _merged(self, inputs: dict[str, Any]) -> Merged:
        """Read common beginnings once where the model attends by row, else take the block as it is."""
        ids, positions, bounds = inputs["input_ids"], inputs["position_ids"], inputs["cu_seq_lens_q"]
        if self.model.config._attn_implementation == row_attention.NAME:
            return merge_rows(ids[0], bounds.diff().tolist())
        return Merged(ids, positions, [], torch.arange(ids.size(1), device=ids.device))

    def _record(self, mode: str, correct: torch.Tensor, read: int) -> None:
        """Record accuracy and tokens; a beginning that rows share counts once, as it is read."""
        hits = self.accelerator.gather(correct.sum()).sum()
        seen = self.accelerator.gather(torch.tensor(len(correct), device=correct.device)).sum()
        self._metrics[mode]["mean_token_accuracy"].append((hits / seen.clamp(min=1)).item())
        if mode == "train":
            local = torch.tensor(read, device=correct.device)
            self._total_train_tokens += int(self.accelerator.gather(local).sum())
        self._metrics[mode]["num_tokens"] = [self._total_train_tokens]


def build_trainer(job: TrainingJob, callbacks: list[Any]) -> SFTTrainer:
    """Build the trainer of a job; nothing has been trained yet."""
    from ta_pipeline.chat.template import load_tokenizer

    parameters = job.parameters
    model, blocks = load_model(job), read_rows(job)
    if model.config._attn_implementation != row_attention.NAME:
        blocks = InMemoryTable(divide(blocks))
    train = blocks.filter([split == "train" for split in blocks.column("split").to_pylist()])
    columns = ["input_ids", "labels", "seq_lengths", "example_ids"]
    arguments = SFTConfig(
        **common_arguments(job, train.num_rows),
        train_sampling_strategy=_sampling(train, parameters.get("micro_batch_size", 1)),
        padding_free=True,
        max_length=None,
        dataset_kwargs={"skip_prepare_dataset": True},
        remove_unused_columns=True,
    )
    model = with_trained_weights(model, job)
    with trained_weights_untouched(model):
        trainer = PackedTrainer(
            model=model,
            args=arguments,
            train_dataset=Dataset(train.select(columns)),
            eval_dataset={n: Dataset(t.select(columns)) for n, t in evaluated_sets(blocks).items()} or None,
            processing_class=load_tokenizer(job.model),
            callbacks=callbacks,
        )
    trainer.label_smoothing = parameters["label_smoothing"]
    trainer.opening_weight = parameters["opening_weight"]
    trainer.closings = torch.tensor(closing_ids(trainer.processing_class), dtype=torch.long)
    trainer.replaced_layers = replace_layers(trainer.model, job)
    return trainer


def _sampling(blocks: pa.Table, micro_batch_size: int) -> str:
    """Read rows of like length together where each is a block of its own and several are read at once.

    So every reading, and every rank's share of a step, is about as long as the others.
    """
    alone = all(len(lengths) == 1 for lengths in blocks.column("seq_lengths"))
    return "group_by_length" if alone and micro_batch_size > 1 else "random"
