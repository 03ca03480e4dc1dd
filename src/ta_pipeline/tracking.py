"""Send figures to the MLflow run of this Kedro session, if there is one."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from typing import Any


def log_step(prefix: str) -> Callable[[dict[str, Any]], None]:
    """Make a function that logs one training step's figures as `<prefix>/<name>` to MLflow.

    They are written by MLflow's own queue, many steps at a time, and are all there when the run is closed:
    a step takes milliseconds on a small model, and so does a transaction of SQLite.
    """
    import mlflow

    def log(row: dict[str, Any]) -> None:
        if mlflow.active_run() is None:
            return
        figures = {
            f"{prefix}/{name}": value for name, value in row.items() if name != "step" and value is not None
        }
        mlflow.log_metrics(figures, step=int(row["step"]), synchronous=False)

    return log


def git_commit() -> str | None:
    """Name the commit the project stands at, with `+` where files differ from it; None outside git."""
    try:
        commit = subprocess.run(
            ["git", "rev-parse", "HEAD"], capture_output=True, text=True, check=True, timeout=10
        ).stdout.strip()
        dirty = subprocess.run(
            ["git", "status", "--porcelain", "-uno"], capture_output=True, text=True, check=True, timeout=10
        ).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return None
    return commit + ("+" if dirty else "")
