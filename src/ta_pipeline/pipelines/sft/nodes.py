"""Node of `sft`; the work is in `ta_pipeline.training`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa

from ta_pipeline.chat.selection import in_few_steps
from ta_pipeline.params import SftParams
from ta_pipeline.tracking import log_step


def train_sft(
    token_blocks: pa.Table,
    questions: pa.Table,
    base_model: Path,
    previous_sft_adapter: Path | None,
    sft: SftParams,
    task: str,
    seed: int,
) -> tuple[Path, pa.Table, dict[str, Any]]:
    """Train on the token blocks in a child process, from the base model or from an earlier adapter.

    The benchmark's `questions` are looked at only where early stopping asks for their score.
    """
    from ta_pipeline.training.start import start_training, starting_point

    parent = starting_point(sft.continue_from, previous_sft_adapter)
    sft = in_few_steps(sft, task)
    if sft.early_stopping and sft.early_stopping.metric == "benchmark_score":
        from ta_pipeline.evaluation.teacher_forced import reference_blocks

        token_blocks = pa.concat_tables([token_blocks, reference_blocks(base_model, questions)])
    return start_training("sft", token_blocks, base_model, parent, sft, seed, log_step("sft"))
