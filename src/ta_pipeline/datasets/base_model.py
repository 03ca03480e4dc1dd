"""The model that training starts from, by name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from kedro.io import AbstractDataset, DatasetError


class BaseModelDataset(AbstractDataset[None, Path]):
    """Resolve a model name (bundled, folder, hub id, ModelScope id) to a safetensors folder."""

    def __init__(self, name: str, metadata: dict[str, Any] | None = None) -> None:
        self._name = name
        self.metadata = metadata

    def load(self) -> Path:
        """Return the folder, making or fetching it first where that is needed."""
        from ta_pipeline.training.base_model import resolve_base_model

        return resolve_base_model(self._name)

    def save(self, data: None) -> None:
        """Refuse: the base model is an input."""
        raise DatasetError(f"{self._name} is the base model and is never written by the pipeline.")

    def _exists(self) -> bool:
        return True

    def _describe(self) -> dict[str, Any]:
        return {"name": self._name}
