"""What both bundles share: files rendered from values, model files linked, not copied, the model card."""

from __future__ import annotations

import json
import logging
import os
import shutil
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ta_pipeline.params import DeployParams

if TYPE_CHECKING:
    from jinja2 import Environment

logger = logging.getLogger(__name__)

#: What the card tells about each figure of `scores`, in words for readers who know no metric names.
_METRICS = {
    "reference_loss": "loss on the reference answers, nats a token (less is better)",
    "rouge_l": "ROUGE-L by characters",
    "f1": "F1 with the reference answer",
    "refusal_f1": "F1 of refusing what the course does not cover",
    "false_refusal_rate": "share of answerable questions refused (less is better)",
    "citation_validity": "share of answers that cite a lecture and minute of their passages",
    "format_validity": "share of answers in the format asked for",
}


def place(source: Path, target: Path) -> None:
    """Put a file, or every file of a folder, at `target`: a hard link where the disk allows, else a copy."""
    if source.is_dir():
        target.mkdir(parents=True)
        for child in sorted(source.iterdir()):
            place(child, target / child.name)
        return
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


def write_from(template: str, target: Path, values: Mapping[str, Any], executable: bool = False) -> None:
    """Render one of this room's templates into a file."""
    target.write_text(_environment().get_template(template).render(values), encoding="utf-8")
    if executable:
        target.chmod(0o755)


@lru_cache(maxsize=1)
def _environment() -> Environment:
    import shlex

    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("ta_pipeline.serving"),
        undefined=StrictUndefined,
        trim_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {"shell": shlex.quote, "python": repr}
    return environment


def context_length(model: Path, deploy: DeployParams) -> int:
    """Return the tokens of context to offer: what was asked, or all that the model was made for."""
    config = json.loads((model / "config.json").read_text(encoding="utf-8"))
    longest = int(config.get("max_position_embeddings") or deploy.max_model_len)
    rope = config.get("rope_parameters") or {}
    if rope.get("rope_type") == "dynamic":  # config.json keeps the length it stretches from
        longest = int(longest * rope["factor"])
    if longest < deploy.max_model_len:
        logger.warning(
            "deploy.max_model_len is %d, but the model reads %d tokens at most; the bundle offers %d.",
            deploy.max_model_len, longest, longest,
        )  # fmt: skip
    return min(longest, deploy.max_model_len)


def client_host(host: str) -> str:
    """Return the address a client on the same machine uses for a server bound to `host`."""
    return "127.0.0.1" if host in ("0.0.0.0", "::") else host


def card_values(base_model: str, scores: Mapping[str, Any], deploy: DeployParams) -> dict[str, Any]:
    """Collect what the model card says; a figure that was not measured is left out, never guessed."""
    bundled = base_model.startswith("bundled:")
    return {
        "name": deploy.name,
        "base_model": base_model,
        "bundled": bundled,
        "licence": "Apache-2.0" if bundled else f"that of {base_model}; read its own card first",
        "score_rows": score_rows(scores),
    }


def score_rows(scores: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Lay out the figures of every scored artefact: one row a metric, one cell an artefact."""
    artefacts: Mapping[str, Any] = scores["artefacts"]
    return [
        {
            "metric": words,
            "cells": {
                name: _cell(figures[key]) if key in figures else "" for name, figures in artefacts.items()
            },
        }
        for key, words in _METRICS.items()
        if any(key in figures for figures in artefacts.values())
    ]


def _cell(figure: Mapping[str, Any]) -> str:
    return f"{figure['value']:.3f} ({figure['low']:.3f} to {figure['high']:.3f}, n={figure['n']})"
