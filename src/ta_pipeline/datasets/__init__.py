"""Kedro datasets: atomic files with a manifest, model folders, source folders, base models."""

from ta_pipeline.datasets.atomic import AtomicDataset
from ta_pipeline.datasets.base_model import BaseModelDataset
from ta_pipeline.datasets.folder import FolderDataset
from ta_pipeline.datasets.last_version import LastVersionDataset
from ta_pipeline.datasets.remembered import RememberedDataset
from ta_pipeline.datasets.run_clock import RunClockDataset
from ta_pipeline.datasets.source_folder import SourceFolderDataset

__all__ = [
    "AtomicDataset",
    "BaseModelDataset",
    "FolderDataset",
    "LastVersionDataset",
    "RememberedDataset",
    "RunClockDataset",
    "SourceFolderDataset",
]
