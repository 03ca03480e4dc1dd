"""Node of `sft`; the work is in `ta_pipeline.training`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa

from ta_pipeline.params import SftParams
from ta_pipeline.tracking import log_step


def train_sft(
    token_blocks: pa.Table, base_model: Path, sft: SftParams, seed: int
) -> tuple[Path, pa.Table, dict[str, Any]]:
    """Train a LoRA adapter on the token blocks in a child process."""
    from ta_pipeline.training.start import start_training

    return start_training("sft", token_blocks, base_model, None, sft, seed, log_step("sft"))
