"""Fetch the files of a public set from the Hugging Face hub or ModelScope into its folder.

What was fetched stays when a download breaks off: the same command goes on from there.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from fnmatch import fnmatch
from pathlib import Path

from ta_pipeline.params import PublicSet
from ta_pipeline.records import InputError

logger = logging.getLogger(__name__)

_AGAIN = "what was fetched so far is kept; run the same command again to go on"


def files_of(declared: PublicSet) -> list[str]:
    """List the globs of the hub's files that hold the rows of the set's split."""
    return [pattern.replace("{split}", declared.split) for pattern in declared.files]


def fetch(name: str, declared: PublicSet, folder: Path, from_modelscope: bool = False) -> Path:
    """Download a set into `folder` and return that; raises InputError with the cure where it fails."""
    repository = declared.modelscope if from_modelscope else declared.hub
    if repository is None:
        cure = f"get its files from {declared.card} and put them into {folder}"
        if from_modelscope and declared.hub:
            cure = f"leave out --modelscope to take it from the hub ({declared.hub})"
        elif declared.modelscope:
            cure = f"take it from ModelScope by --modelscope ({declared.modelscope})"
        here = "ModelScope" if from_modelscope else "the hub"
        raise InputError(f"{name}: no id on {here} is declared: {cure}.")
    if from_modelscope:
        _from_modelscope(name, repository, files_of(declared), folder)
    else:
        other = "try --modelscope, " if declared.modelscope else ""
        _from_hub(name, repository, files_of(declared), folder, other)
    return folder


def _from_hub(name: str, repository: str, patterns: Sequence[str], folder: Path, other: str) -> None:
    """Download by huggingface_hub, which draws its own bars; HF_ENDPOINT names another hub."""
    from httpx import HTTPError
    from huggingface_hub import HfApi, snapshot_download
    from huggingface_hub.errors import (
        GatedRepoError,
        HfHubHTTPError,
        HFValidationError,
        LocalEntryNotFoundError,
        OfflineModeIsEnabled,
        RepositoryNotFoundError,
    )

    endpoint = os.environ.get("HF_ENDPOINT") or "https://huggingface.co"
    try:
        # Asked first: offline, `snapshot_download` takes a half-filled folder for the whole set.
        found = HfApi(endpoint=endpoint).dataset_info(repository, files_metadata=True)
        wanted = [
            file
            for file in found.siblings or []
            if any(fnmatch(file.rfilename, pattern) for pattern in patterns)
        ]
        if not wanted:
            raise InputError(
                f"{name}: {repository} at {endpoint} has no file like {', '.join(patterns)}. Look at its "
                f"files there and mend `sources.sets.{name}.files` in conf/base/parameters_sources.yml."
            )
        size = sum(file.size or 0 for file in wanted) / 2**20
        logger.info(
            "%s: %d files of %.1f MiB from %s/datasets/%s", name, len(wanted), size, endpoint, repository
        )
        snapshot_download(
            repository,
            repo_type="dataset",
            revision=found.sha,
            local_dir=folder,
            allow_patterns=list(patterns),
            endpoint=endpoint,
        )
    except GatedRepoError as error:
        raise InputError(
            f"{name}: {repository} is given only to those who accept its terms. Accept them at "
            f"{endpoint}/datasets/{repository} and set HF_TOKEN to a token of yours."
        ) from error
    except (RepositoryNotFoundError, HFValidationError) as error:
        raise InputError(
            f"{name}: there is no data set {repository} at {endpoint}. Mend `sources.sets.{name}.hub` in "
            "conf/base/parameters_sources.yml, or set HF_TOKEN where it is private."
        ) from error
    except OfflineModeIsEnabled as error:
        raise InputError(
            f"{name}: HF_HUB_OFFLINE forbids the way to {endpoint}. Set HF_HUB_OFFLINE=0, or copy the files "
            f"of {repository} into {folder}."
        ) from error
    except (HfHubHTTPError, LocalEntryNotFoundError, HTTPError, OSError) as error:
        raise InputError(
            f"{name}: {repository} was not fetched from {endpoint} ({_said(error)}); {_AGAIN}. Without a "
            f"network set HF_ENDPOINT to a mirror that can be reached, {other}or copy the files into "
            f"{folder}."
        ) from error


def _said(error: Exception) -> str:
    """Write what a client said as the first part of one line."""
    return f"{type(error).__name__}: {' '.join(str(error).split())[:160]}"


def _from_modelscope(name: str, repository: str, patterns: Sequence[str], folder: Path) -> None:
    try:
        from modelscope import dataset_snapshot_download
    except ImportError as error:
        raise InputError(f"{name}: --modelscope needs its client: pip install -e '.[modelscope]'") from error
    try:
        dataset_snapshot_download(repository, local_dir=str(folder), allow_patterns=list(patterns))
    except Exception as error:  # the client raises plain Exceptions of many kinds
        raise InputError(
            f"{name}: {repository} was not fetched from ModelScope ({_said(error)}); {_AGAIN}. "
            f"Check the network, leave out --modelscope, or copy the files into {folder}."
        ) from error
