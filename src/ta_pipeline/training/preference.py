"""Preference training of what SFT left: DPO, or ORPO, over pairs that share one prompt.

An adapter goes on being trained beside the same frozen weights, a whole model as a whole. DPO's reference is
the model as SFT left it: a frozen copy of the adapter (TRL's adapter "ref"), or a second copy of the model.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import torch
from safetensors.torch import load_file
from torch.nn.functional import logsigmoid
from trl import DPOConfig, DPOTrainer
from trl.trainer.utils import add_fused_lm_head, use_adapter

from datasets import Dataset
from ta_pipeline.records import InputError
from ta_pipeline.training.adapters import kind_of, trained_weights_untouched, with_trained_weights
from ta_pipeline.training.job import TrainingJob, optimizer_steps, rows_per_step
from ta_pipeline.training.layers import row_attention
from ta_pipeline.training.layers.shared_prefix import merge_rows, share_prefixes
from ta_pipeline.training.precision import dtype_of
from ta_pipeline.training.safe_saving import SafeSaving
from ta_pipeline.training.setup import common_arguments, load_model, read_rows, replace_layers
from ta_pipeline.training.trained_model import is_adapter
from ta_pipeline.training.watch.sets import evaluated_sets
from ta_pipeline.training.watch.steps import WatchedSteps

#: What a trainer reads of PREFERENCE_TOKENS.
COLUMNS = ["id", "prompt_ids", "chosen_ids", "rejected_ids"]
#: Tokens that pairs may take to be read at once. Four pairs of four prompts took 7.3 GiB; over one prompt
#: they are read like one.
AT_ONCE = 2048
#: Largest difference of an answer's log-probability, over its size, that a second reading may give.
SAME = 1e-3


class TokenizedDPOTrainer(WatchedSteps, SafeSaving, DPOTrainer):  # type: ignore[misc]
    """DPOTrainer for pairs that already are token ids, made and proved by `tokenize`."""

    def _prepare_dataset(self, dataset: Dataset, *args: Any, **kwargs: Any) -> Dataset:
        return dataset


class OrpoTrainer(TokenizedDPOTrainer):
    """ORPO (Hong et al. 2024) on the same pairs: no reference, which is not made in the first place.

    TRL's own ORPOTrainer tokenizes text itself and learns the prompt too; here, as everywhere in this
    project, only what the assistant says is learned.
    """

    def _precompute_ref_logps(self, dataset: Dataset, name: str, batch_size: int) -> Dataset:
        return dataset

    def _compute_loss(self, model: Any, inputs: dict[str, torch.Tensor], return_outputs: bool) -> Any:
        """Return the mean of `orpo_losses` over the pairs of a batch."""
        labels = inputs["input_ids"].masked_fill(inputs["completion_mask"] == 0, -100)
        read = {name: inputs[name] for name in ("input_ids", "attention_mask")}
        outputs = model(**read, labels=labels, use_cache=False, fused_lm_head=True)
        said = inputs["completion_mask"][:, 1:]
        mean = outputs.log_probs.float().sum(1) / said.sum(1)
        chosen, rejected = mean.chunk(2)
        losses = orpo_losses(chosen, rejected, self.beta)
        hits = (outputs.is_top1 & said.bool()).chunk(2)[0].sum() / said.chunk(2)[0].sum()
        self._record(chosen.detach(), rejected.detach(), hits, inputs["attention_mask"].sum())
        return (losses.mean(), outputs) if return_outputs else losses.mean()

    def _record(
        self, chosen: torch.Tensor, rejected: torch.Tensor, accuracy: torch.Tensor, tokens: torch.Tensor
    ) -> None:
        """Record what DPO records too, under TRL's names; a reward is beta times the mean log-probability."""
        mode = "train" if self.model.training else "eval"
        chosen, rejected = self.accelerator.gather(chosen), self.accelerator.gather(rejected)
        if mode == "train":
            self._total_train_tokens += int(self.accelerator.gather(tokens).sum())
        figures = {
            "rewards/margins": self.beta * (chosen - rejected).mean(),
            "rewards/accuracies": (chosen > rejected).float().mean(),
            "logps/chosen": chosen.mean(),
            "logps/rejected": rejected.mean(),
            "mean_token_accuracy": self.accelerator.gather(accuracy).mean(),
        }
        for name, figure in figures.items():
            self._metrics[mode][name].append(figure.item())
        self._metrics[mode]["num_tokens"] = [self._total_train_tokens]


def orpo_losses(chosen: torch.Tensor, rejected: torch.Tensor, strength: float) -> torch.Tensor:
    """Return ORPO's loss of each pair from both answers' mean log-probability a token, shapes (pairs,).

    The chosen answer's own loss, and `strength` (the paper's lambda) times that of its odds over those of the
    rejected one (equations 4 to 7 of arXiv 2403.07691).
    """
    log_odds = (chosen - rejected) - (_log1mexp(chosen) - _log1mexp(rejected))
    return -chosen - strength * logsigmoid(log_odds)


def _log1mexp(x: torch.Tensor) -> torch.Tensor:
    """Compute log(1 - exp(x)) for x < 0; the better of two forms on each side of -log 2 (Mächler 2012)."""
    return torch.where(x < -0.6931471805599453, torch.log1p(-torch.exp(x)), torch.log(-torch.expm1(x)))


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

    At least `micro_batch_size`; more where their prompts, read once, let them fit AT_ONCE tokens. `pairs`
    (schema PREFERENCE_TOKENS) are in the order of the steps; those that the job takes are looked at.
    The preference loss is the same either way; TRL's loss on the chosen answers is a mean over the tokens of
    what is read at once, and over those parts.
    """
    per_step = rows_per_step(job.method, job.parameters)
    share = per_step // job.parameters["num_processes"]
    least = job.parameters.get("micro_batch_size", 1)
    steps = optimizer_steps(job.method, job.parameters, pairs.num_rows)
    taken = pairs.slice(0, per_step * steps).to_pylist()
    for count in (count for count in range(share, least, -1) if share % count == 0):
        if all(_to_read(taken[start : start + count]) <= AT_ONCE for start in range(0, len(taken), count)):
            return count
    return int(least)


def _to_read(pairs: list[dict[str, Any]]) -> int:
    """Count the tokens that it takes to read pairs, what they share once."""
    rows = [
        torch.tensor(pair["prompt_ids"] + pair[answer])
        for pair in pairs
        for answer in ("chosen_ids", "rejected_ids")
    ]
    return merge_rows(torch.cat(rows), [len(row) for row in rows]).ids.numel()


def build_trainer(job: TrainingJob, callbacks: list[Any]) -> DPOTrainer:
    """Build the trainer of a job; nothing has been trained yet.

    Raises InputError where DPO's reference is not the model that SFT left.
    """
    score_answers_only()
    pairs = read_rows(job)
    model = with_trained_weights(_loaded(job), job)
    trainer = _trainer(job, model, pairs, callbacks)
    if job.parameters.get("method", "dpo") == "dpo":
        check = check_reference if job.parameters["zero_stage"] < 3 else check_reference_weights
        check(trainer, job)
    trainer.replaced_layers = replace_layers(trainer.model, job)
    return trainer


def _loaded(job: TrainingJob) -> Any:
    """Load the model to start from, reading what pairs share once where it attends by row."""
    model = load_model(job)
    if model.config._attn_implementation == row_attention.NAME:
        share_prefixes(model.base_model)
    return model


def _trainer(job: TrainingJob, model: Any, pairs: pa.Table, callbacks: list[Any]) -> DPOTrainer:
    from ta_pipeline.chat.template import load_tokenizer

    train = pairs.filter([split == "train" for split in pairs.column("split").to_pylist()])
    orpo = job.parameters.get("method", "dpo") == "orpo"
    whole = kind_of(job) == "full"
    by_row = model.config._attn_implementation == row_attention.NAME
    at_once = pairs_at_once(train, job) if by_row else None
    with trained_weights_untouched(model):
        trainer = (OrpoTrainer if orpo else TokenizedDPOTrainer)(
            model=model,
            ref_model=_loaded(job) if whole and not orpo else None,
            args=DPOConfig(
                **common_arguments(job, train.num_rows, at_once),
                **_loss_arguments(job.parameters),
                train_sampling_strategy="sequential",  # `tokenize` has drawn the order
                precompute_ref_log_probs=whole and orpo,  # or TRL would load a reference
                max_length=None,
                remove_unused_columns=True,
            ),
            train_dataset=Dataset(train.select(COLUMNS)),
            eval_dataset={n: Dataset(t.select(COLUMNS)) for n, t in evaluated_sets(pairs).items()} or None,
            processing_class=load_tokenizer(Path(job.model)),
            callbacks=callbacks,
        )
    if orpo and not whole:
        trainer.model.delete_adapter("ref")
    elif job.parameters["zero_stage"] == 3:
        _cast_reference(trainer.model, dtype_of(job.precision))
    return trainer


def _cast_reference(model: Any, dtype: torch.dtype) -> None:
    """Give a reference adapter the type of all other weights, which ZeRO-3 needs; PEFT adds it in float32."""
    for name, parameter in model.named_parameters():
        if ".ref." in name:
            parameter.data = parameter.data.to(dtype)


def _loss_arguments(parameters: dict[str, Any]) -> dict[str, Any]:
    """Return the arguments of the loss; with `sft_weight` the chosen answer's own loss is added (RPO)."""
    loss: dict[str, Any] = {"beta": parameters["beta"]}
    if parameters.get("method", "dpo") == "dpo" and parameters["sft_weight"]:
        loss |= {"loss_type": ["sigmoid", "sft"], "loss_weights": [1.0, parameters["sft_weight"]]}
    return loss


def check_reference(trainer: DPOTrainer, job: TrainingJob) -> None:
    """Read the first pairs with the trainer's reference and with what SFT left, loaded afresh.

    The frozen weights below an adapter are not loaded again: nothing can have changed them. Raises InputError
    where both do not give every answer the same log-probability.
    """
    count = min(trainer.args.per_device_train_batch_size, len(trainer.train_dataset))
    batch = trainer.data_collator([trainer.train_dataset[i] for i in range(count)])
    batch = {name: value.to(trainer.model.device) for name, value in batch.items()}
    reference = torch.cat(trainer.compute_ref_log_probs(trainer.ref_model or trainer.model, batch))
    afresh = _log_probs_afresh(trainer, job, batch)
    off = ((reference - afresh).abs() / afresh.abs().clamp(min=1)).max().item()
    if not off <= SAME:
        raise InputError(
            f"dpo: the reference gives the first pairs other log-probabilities than {job.adapter} loaded "
            f"afresh ({reference[0]:.3f} instead of {afresh[0]:.3f}; {off:.2g} of it apart at most, {SAME:g} "
            "allowed): it is another model. Train sft again, and install the trl and peft of constraints.txt."
        )


def check_reference_weights(trainer: DPOTrainer, job: TrainingJob) -> None:
    """Hold the weights of the reference adapter against those that SFT left.

    Under ZeRO-3, where a model can read nothing before it is trained, and DeepSpeed has not sharded an
    adapter yet. A whole model is not checked then: it is whole on no rank. Raises InputError where a weight
    differs.
    """
    if kind_of(job) == "full":
        return
    left, dtype = load_file(Path(str(job.adapter)) / "adapter_model.safetensors"), dtype_of(job.precision)
    for name, parameter in trainer.model.named_parameters():
        if ".ref." in name:
            key = name.replace(".ref", "").replace("magnitude_vector.weight", "magnitude_vector")
            if not torch.equal(left.pop(key).to(dtype), parameter.cpu().to(dtype)):
                raise InputError(
                    f"dpo: {name} of the reference is not what {job.adapter} holds. Train sft again."
                )
    if left:
        raise InputError(f"dpo: the reference lacks {min(left)} of {job.adapter}. Train sft again.")


def _log_probs_afresh(trainer: DPOTrainer, job: TrainingJob, batch: dict[str, torch.Tensor]) -> torch.Tensor:
    """Return log-probabilities of the answers under what SFT left, read afresh: chosen, then rejected."""
    labels = batch["input_ids"].masked_fill(batch["completion_mask"] == 0, -100)
    read = {name: batch[name] for name in ("input_ids", "attention_mask")}

    def score(model: Any) -> torch.Tensor:
        with torch.no_grad(), trainer.accelerator.autocast():
            scored = model(**read, labels=labels, use_cache=False, fused_lm_head=True)
        return scored.log_probs.sum(1)

    if not is_adapter(Path(str(job.adapter))):
        whole = _loaded(job).to(trainer.model.device).eval()
        add_fused_lm_head(whole)
        return score(whole)
    model = trainer.model
    model.load_adapter(job.adapter, "afresh")
    was_training = model.training
    with use_adapter(model, "afresh"):
        result = score(model.eval())
    model.train(was_training)
    model.delete_adapter("afresh")
    return result
