"""What every output of the project shares: a temporary name, a rename, a manifest, pruned versions."""

from __future__ import annotations

import os
from abc import abstractmethod
from pathlib import Path, PurePosixPath
from typing import Any

from kedro.io import AbstractVersionedDataset, DatasetError, Version

from ta_pipeline.datasets import manifest


class ManifestedDataset(AbstractVersionedDataset[Any, Any]):
    """An output on the local disk that either is whole, with its manifest, or is not there."""

    def __init__(
        self,
        filepath: str,
        version: Version | None = None,
        keep_versions: int | None = None,
        metadata: dict[str, Any] | None = None,
    ) -> None:
        """Keep `filepath`; with `keep_versions`, saving removes all but the newest versions."""
        super().__init__(
            PurePosixPath(Path(filepath).absolute().as_posix()),
            version,
            exists_function=lambda path: manifest.is_complete(Path(path)),
        )
        self._keep_versions = keep_versions
        self.metadata = metadata

    @abstractmethod
    def _write(self, data: Any, path: Path) -> dict[str, Any]:
        """Write `data` at `path`; return facts for the manifest."""

    @abstractmethod
    def _read(self, path: Path) -> Any:
        """Read what `_write` wrote."""

    def save(self, data: Any) -> None:
        """Write aside, flush, rename, write the manifest, prune old versions."""
        target = Path(self._get_save_path())
        target.parent.mkdir(parents=True, exist_ok=True)
        temporary = target.with_name(f".{os.getpid()}.{target.name}")
        try:
            facts = self._write(data, temporary)
            manifest.flush(temporary)
            manifest.manifest_path(target).unlink(missing_ok=True)
            if target.is_dir():
                manifest.remove(target)
            os.replace(temporary, target)
        except BaseException:
            manifest.remove(temporary)
            if self._version and not any(target.parent.iterdir()):
                target.parent.rmdir()
            raise
        manifest.write_manifest(target, **facts)
        self._prune()

    def load(self) -> Any:
        """Read the output after holding its bytes against its manifest."""
        path = Path(self._get_load_path())
        if not manifest.is_complete(path):
            raise DatasetError(f"{path} is not there or was never finished. Run the stage that makes it.")
        if manifest.changed_since_manifest(path):
            raise DatasetError(
                f"{path} is not what its manifest describes: it was changed or damaged after it was "
                "written. Remove it and run the stage that makes it again."
            )
        return self._read(path)

    def manifest(self) -> dict[str, Any]:
        """Read the manifest of the version that `load` would read."""
        return manifest.read_manifest(Path(self._get_load_path()))

    def _prune(self) -> None:
        if not self._version or self._keep_versions is None:
            return
        for old in self._get_versions()[self._keep_versions :]:
            manifest.remove(Path(old).parent)

    def _exists(self) -> bool:
        return manifest.is_complete(Path(self._get_load_path()))

    def _describe(self) -> dict[str, Any]:
        return {"filepath": str(self._filepath), "version": self._version}
