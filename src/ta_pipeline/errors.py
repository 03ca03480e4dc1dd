"""One line for what a user can mend, a traceback for what only we can; no warning that nobody can mend.

Set `TA_DEBUG=1` to see the traceback of every error.
"""

from __future__ import annotations

import errno
import os
import sys
import warnings
from functools import partial
from types import TracebackType
from typing import Any

from ta_pipeline.records import InputError

_OF_KEDRO_MLFLOW = "Add type hints to the `predict` method"


def explain(error: BaseException) -> str | None:
    """Return the one line that says what is wrong and what to do, or None for a fault of ours."""
    from kedro.io import DatasetError
    from kedro.validation import ParameterValidationError

    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, InputError):
            return str(cause)
        if _is_full_disk(cause):
            where = getattr(cause, "filename", None) or "the output folder"
            return (
                f"{where}: the disk is full. Free some room or set OUT_BASE to a folder on a larger disk; "
                "nothing half-written was kept, so run the same command again."
            )
        cause = cause.__cause__ or cause.__context__
    if isinstance(error, ParameterValidationError | DatasetError):
        return " ".join(str(error).split())
    return None


def _is_full_disk(error: BaseException) -> bool:
    """Tell a full disk also where a library (safetensors, SQLite) has an error of its own for it."""
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        return True
    return any(word in str(error) for word in ("No space left on device", "database or disk is full"))


def show(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Print an uncaught error: one line if `explain` knows it, else as Python does."""
    line = None if os.environ.get("TA_DEBUG") else explain(error)
    if line is None:
        sys.__excepthook__(kind, error, trace)
    else:
        print(f"Error: {line}", file=sys.stderr)


def show_warning(before: Any, message: Warning | str, *place: Any, **more: Any) -> None:
    """Show a warning as `before` does, but for one that MLflow gives of a class in kedro-mlflow.

    MLflow gives it under a filter of its own, `once`, that comes before any filter set from outside.
    """
    if _OF_KEDRO_MLFLOW not in str(message):
        before(message, *place, **more)


def install() -> None:
    """Have uncaught errors shown by `show`, and warnings by `show_warning`."""
    sys.excepthook = show
    warnings.showwarning = partial(show_warning, warnings.showwarning)
