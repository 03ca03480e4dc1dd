"""The rows of `bench.json`: one figure each, beside at most one peer."""

from typing import Any


def figure(
    name: str, value: float, unit: str, work: str, peer: str | None = None, peer_value: float | None = None
) -> dict[str, Any]:
    """Make a row; with a peer, `value` and `peer_value` are rates of one run, and more is better."""
    return {
        "name": name,
        "value": float(value),
        "unit": unit,
        "work": work,
        "peer": peer,
        "peer_value": peer_value,
        "ratio": None if peer_value is None else value / peer_value,
    }
