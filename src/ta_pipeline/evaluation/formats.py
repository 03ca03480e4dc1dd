"""Check that an answer keeps the form its question asked for.

A form is a JSON object: `{"type": "json", "keys": [...]}`, `{"type": "bullets", "count": 3}` or
`{"type": "max_chars", "max": 40}`. Citations are no part of the form and are stripped first.
"""

from __future__ import annotations

import json
import re
from typing import Any

from ta_pipeline.evaluation.citations import strip_citations
from ta_pipeline.records import InputError

_FENCE = re.compile(r"\A```(?:json)?\s*\n(.*?)\n?```\Z", re.DOTALL | re.IGNORECASE)
# "*" needs a space, or bold text would be a bullet; "1." must not be the start of "1.5".
_BULLET = re.compile(r"^\s*(?:[-•]\s*|\*\s+|\d{1,2}[.)、](?!\d)\s*)\S")


def check(answer: str, format_json: str) -> bool:
    """Say whether an answer has the form of `format_json`.

    Raises:
        InputError: the form is none of the three known ones, or lacks its number or keys.
    """
    form = _read_form(format_json)
    bare = strip_citations(answer).strip()
    if form["type"] == "json":
        return _is_object_with(bare, form["keys"])
    if form["type"] == "bullets":
        return sum(bool(_BULLET.match(line)) for line in bare.splitlines()) == int(form["count"])
    return 0 < len(bare) <= int(form["max"])


_NEEDS: dict[str, tuple[str, type]] = {
    "json": ("keys", list),
    "bullets": ("count", int),
    "max_chars": ("max", int),
}


def _read_form(format_json: str) -> dict[str, Any]:
    try:
        form = json.loads(format_json)
        needed, kind = _NEEDS[form["type"]]
        if not isinstance(form[needed], kind):
            raise TypeError(needed)
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(
            f"benchmark: format {format_json!r} is not one of "
            '{"type": "json", "keys": [...]}, {"type": "bullets", "count": n} and '
            '{"type": "max_chars", "max": n}.'
        ) from error
    return dict(form)


def _is_object_with(text: str, keys: list[str]) -> bool:
    fenced = _FENCE.match(text)
    try:
        parsed = json.loads(fenced.group(1) if fenced else text)
    except ValueError:
        return False
    return isinstance(parsed, dict) and sorted(parsed) == sorted(keys)
