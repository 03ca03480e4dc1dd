"""Tell a person what a long step is doing: a bar on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import logging
import os
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from typing import TypeVar

T = TypeVar("T")
logger = logging.getLogger(__name__)

#: Seconds between two lines where there is no terminal.
LINE_EVERY = 20.0


class Progress:
    """Count finished pieces of one long step and show them.

    On a terminal a tqdm bar is drawn; elsewhere a log line is written every `LINE_EVERY` seconds and
    at the end of steps that took longer than that.
    """

    def __init__(self, label: str, total: int, unit: str = "it") -> None:
        self.label, self.total, self.unit = label, total, unit
        self.done = 0
        self._started = self._last_line = time.monotonic()
        self._bar = None
        self._above = ExitStack()
        if sys.stderr.isatty():
            from tqdm import tqdm
            from tqdm.contrib.logging import logging_redirect_tqdm

            self._bar = tqdm(total=total, desc=label, unit=unit, leave=False, dynamic_ncols=True)
            # A line logged meanwhile goes above the bar, not to its end.
            self._above.enter_context(logging_redirect_tqdm([logging.getLogger("ta_pipeline")]))

    def advance(self, count: int = 1, note: str = "") -> None:
        """Record `count` more finished pieces; `note` is shown beside the count."""
        self.done += count
        if self._bar is not None:
            self._bar.set_postfix_str(note)
            self._bar.update(count)
        elif time.monotonic() - self._last_line > LINE_EVERY:
            self._say(note)

    def _say(self, note: str) -> None:
        self._last_line = time.monotonic()
        seconds = self._last_line - self._started
        left = seconds / self.done * (self.total - self.done) if self.done else 0.0
        tail = f" · {note}" if note else ""
        logger.info(
            "%s: %d of %d %s, %.0f s left%s", self.label, self.done, self.total, self.unit, left, tail
        )

    def close(self) -> None:
        """Take the bar away; the step's own log line says what came out."""
        if self._bar is not None:
            self._above.close()
            self._bar.close()


def quiet_loading() -> None:
    """Have transformers load and save without bars and notes of its own; our lines say what is done."""
    import torch
    from transformers import modeling_gguf_pytorch_utils
    from transformers.utils import logging as transformers_logging

    if not torch.cuda.is_available():
        os.environ.setdefault("DS_ACCELERATOR", "cpu")  # or DeepSpeed warns that it has found no GPU
    transformers_logging.disable_progress_bar()
    modeling_gguf_pytorch_utils.tqdm = transformers_logging.tqdm  # its own bar does not heed the line above
    transformers_logging.set_verbosity_error()


def track(items: Iterable[T], label: str, total: int, unit: str = "it") -> Iterator[T]:
    """Yield `items` and show how many are done."""
    progress = Progress(label, total, unit)
    try:
        for item in items:
            yield item
            progress.advance()
    finally:
        progress.close()
