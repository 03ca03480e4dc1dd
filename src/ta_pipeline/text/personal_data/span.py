"""One place that holds personal data."""

from __future__ import annotations

from typing import NamedTuple


class Found(NamedTuple):
    """Where it stands, and what kind it is; never the value."""

    start: int
    end: int
    kind: str
