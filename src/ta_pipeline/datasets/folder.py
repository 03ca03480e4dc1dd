"""A folder (a model, an adapter, a bundle) that is moved into place whole."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from ta_pipeline.datasets.versioned import ManifestedDataset


class FolderDataset(ManifestedDataset):
    """Save the folder a node has filled (it is moved); load its path."""

    def _write(self, data: str | Path, path: Path) -> dict[str, Any]:
        shutil.move(str(data), str(path))
        return {}

    def _read(self, path: Path) -> Path:
        return path
