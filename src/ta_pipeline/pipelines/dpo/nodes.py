"""Node of `dpo`; the work is in `ta_pipeline.training`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa

from ta_pipeline.params import DpoParams
from ta_pipeline.tracking import log_step


def train_dpo(
    preference_tokens: pa.Table, base_model: Path, sft_adapter: Path, dpo: DpoParams, seed: int
) -> tuple[Path, pa.Table, dict[str, Any]]:
    """Go on training the SFT adapter on preference pairs in a child process."""
    from ta_pipeline.training.start import start_training

    return start_training("dpo", preference_tokens, base_model, sft_adapter, dpo, seed, log_step("dpo"))
