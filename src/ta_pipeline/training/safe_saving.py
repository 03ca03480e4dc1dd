"""Saving and resuming that a kill cannot break, for any of transformers' trainers.

Mixed in before the trainer's class: `class PackedTrainer(SafeSaving, SFTTrainer)`. A checkpoint is written
below `.saving` and renamed by rank 0 when all ranks have written their part, so the folder of checkpoints
must be one that all machines of a training see. transformers 5.17 loads optimizer, scheduler, scaler and
random state with `weights_only`; `training_args.bin` is never loaded. DeepSpeed 0.19 unpickles its own
shards, which is why a checkpoint is only ever taken from the job's own folder, and only where its hashes are
right.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ta_pipeline.training import checkpoints

#: The newest two: should the disk bend one, there is another.
KEEP = 2


class SafeSaving:
    """Checkpoints aside and renamed, and a resume that is the run it resumes; for a transformers Trainer."""

    #: What the run is, for the manifest of each checkpoint.
    run: dict[str, Any] = {}  # noqa: RUF012  (set for one trainer, never changed in place)

    _aside: Path | None = None
    _ended = False
    _decays: list[float] = []  # noqa: RUF012  (set with the optimizer)

    def _get_output_dir(self, trial: Any) -> str:
        return str(self._aside or super()._get_output_dir(trial))  # type: ignore[misc]

    def _save_checkpoint(self: Any, model: Any, trial: Any) -> None:
        """Write a checkpoint aside, all ranks together, and have rank 0 give it its name."""
        folder, step = Path(self.args.output_dir), int(self.state.global_step)
        self._aside = folder / checkpoints.ASIDE
        if self.is_world_process_zero():
            checkpoints.clear_leftovers(folder)
            self._aside.mkdir(parents=True)
        self.accelerator.wait_for_everyone()
        try:
            super()._save_checkpoint(model, trial)  # type: ignore[misc]
        finally:
            written, self._aside = self._aside / checkpoints.name_of(step), None
        self.accelerator.wait_for_everyone()
        self._name_the_best(folder)
        if self.is_world_process_zero():
            self.state.save_to_json(str(written / "trainer_state.json"))
            checkpoints.publish(written, folder, step, self.run)
            best = self.state.best_model_checkpoint
            checkpoints.rotate(folder, KEEP, Path(best) if best else None)
        self.accelerator.wait_for_everyone()  # the best checkpoint is looked for by every rank

    def _name_the_best(self: Any, folder: Path) -> None:
        """Name the best checkpoint where it is or will be; a fork does not have that of its parent."""
        best = self.state.best_global_step
        if best and (best == self.state.global_step or (folder / checkpoints.name_of(best)).is_dir()):
            self.state.best_model_checkpoint = str(folder / checkpoints.name_of(best))
        elif best:
            self.state.best_model_checkpoint = self.state.best_metric = self.state.best_global_step = None

    def _load_from_checkpoint(self: Any, checkpoint: str, model: Any = None) -> None:
        """Load weights; of an adapter with others beside it, too, the one that is trained.

        PEFT saves the adapter "default" in the folder itself and DPO's "ref" in one below. Where there is one
        below, transformers 5.17 loads only that, and DPO would go on from the adapter that SFT left.
        """
        super()._load_from_checkpoint(checkpoint, model)  # type: ignore[misc]
        model = model or self.model
        others = set(getattr(model, "peft_config", {})) - {"default"}
        if others and (Path(checkpoint) / "adapter_model.safetensors").is_file():
            model.load_adapter(checkpoint, "default", is_trainable=True)
            model.set_adapter("default")

    def create_optimizer(self: Any, *args: Any, **kwargs: Any) -> Any:
        """Make the optimizer, and remember its groups' decay before a checkpoint is loaded."""
        optimizer = super().create_optimizer(*args, **kwargs)  # type: ignore[misc]
        # DeepSpeed leaves out a group that is empty, as that without decay is under LoRA.
        self._decays = [group["weight_decay"] for group in optimizer.param_groups if group["params"]]
        return optimizer

    def _init_training_state(self: Any, max_steps: int, *args: Any) -> Any:
        """Start or go on; a checkpoint's state brings its own intervals, which may have changed since."""
        places = super()._init_training_state(max_steps, *args)  # type: ignore[misc]
        self.state.compute_steps(self.args, max_steps)
        self._name_the_best(Path(self.args.output_dir))
        self._ended = self.control.should_training_stop or self.state.global_step >= max_steps
        return places

    def _prepare_for_training(self: Any, max_steps: int, dataloader: Any, checkpoint: Any) -> Any:
        """Load a checkpoint, but take rates and decay from this run's parameters.

        An optimizer's and a scheduler's state bring their old rates along, so a fork with another
        learning rate would go on with its parent's. For an unchanged run these are the same values.
        """
        prepared = super()._prepare_for_training(max_steps, dataloader, checkpoint)  # type: ignore[misc]
        if checkpoint is not None and hasattr(self.lr_scheduler, "lr_lambdas"):
            self._take_own_rates()
        return prepared

    def _take_own_rates(self: Any) -> None:
        scheduler, base = self.lr_scheduler, self.args.learning_rate
        rate = base * scheduler.lr_lambdas[0](scheduler.last_epoch)
        scheduler.base_lrs = [base] * len(scheduler.base_lrs)
        scheduler._last_lr = [rate] * len(scheduler.base_lrs)
        for group in self.optimizer.param_groups:
            group.update({"lr": rate, "initial_lr": base})
        groups = self.optimizer.param_groups
        # Sharded by ZeRO-3 a group holds no parameters any more; those left out are no longer there then.
        whole = len(groups) == len(self._decays)
        trained = groups if whole else [group for group in groups if group["params"]]
        for group, decay in zip(trained, self._decays, strict=True):
            group["weight_decay"] = decay

    def _run_epoch(self: Any, *args: Any, **kwargs: Any) -> None:
        """Run an epoch, unless the checkpoint is that of the last step: transformers would add one more."""
        if self._ended or self.control.should_training_stop:  # a callback may know when training begins
            self.control.should_training_stop = True
            return
        super()._run_epoch(*args, **kwargs)  # type: ignore[misc]
