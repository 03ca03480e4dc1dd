"""One line for what a user can mend, a traceback for what only we can.

Set `TA_DEBUG=1` to see the traceback of every error.
"""

from __future__ import annotations

import os
import sys
from types import TracebackType

from ta_pipeline.records import InputError


def explain(error: BaseException) -> str | None:
    """Return the one line that says what is wrong and what to do, or None for a fault of ours."""
    from kedro.io import DatasetError
    from kedro.validation import ParameterValidationError

    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, InputError):
            return str(cause)
        if isinstance(cause, OSError) and cause.errno == 28:
            return (
                f"{cause.filename or 'the output folder'}: the disk is full. Free some room or set OUT_BASE "
                "to a folder on a larger disk; nothing half-written was kept, so run the same command again."
            )
        cause = cause.__cause__ or cause.__context__
    if isinstance(error, ParameterValidationError | DatasetError):
        return " ".join(str(error).split())
    return None


def show(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Print an uncaught error: one line if `explain` knows it, else as Python does."""
    line = None if os.environ.get("TA_DEBUG") else explain(error)
    if line is None:
        sys.__excepthook__(kind, error, trace)
    else:
        print(f"Error: {line}", file=sys.stderr)


def install() -> None:
    """Have uncaught errors shown by `show`."""
    sys.excepthook = show
