"""The model that training starts from, by name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from kedro.io import AbstractDataset, DatasetError


class BaseModelDataset(AbstractDataset[None, Path]):
    """Resolve a model name (bundled, folder, hub id, ModelScope id) to a safetensors folder.

    `thinking`, `rope_scaling` ({method, factor}) and `trust_remote_code` are decided here, once, for
    everything that reads the folder.
    """

    def __init__(
        self,
        name: str,
        thinking: bool = False,
        rope_scaling: dict[str, Any] | None = None,
        trust_remote_code: bool = False,
        metadata: dict[str, Any] | None = None,
    ) -> None:
        self._name = name
        self._thinking = thinking
        self._rope_scaling = rope_scaling
        self._trust_remote_code = trust_remote_code
        self.metadata = metadata

    def load(self) -> Path:
        """Return the folder, making or fetching it first where that is needed."""
        from ta_pipeline.training.base_model import resolve_base_model, settled_model
        from ta_pipeline.training.rope import rope_scaling_of

        scaling = rope_scaling_of(self._rope_scaling)
        folder = resolve_base_model(self._name)
        return settled_model(folder, self._thinking, scaling, self._trust_remote_code)

    def save(self, data: None) -> None:
        """Refuse: the base model is an input."""
        raise DatasetError(f"{self._name} is the base model and is never written by the pipeline.")

    def _exists(self) -> bool:
        return True

    def _describe(self) -> dict[str, Any]:
        return {
            "name": self._name,
            "thinking": self._thinking,
            "rope_scaling": self._rope_scaling,
            "trust_remote_code": self._trust_remote_code,
        }
