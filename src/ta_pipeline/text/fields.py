"""Rewrite every text of a document: its title, headings, segments, speakers, and what `meta` holds."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from ta_pipeline.records import ROLES
from ta_pipeline.text.wordlists import word_set

Row = dict[str, Any]
Rewrite = Callable[[str], str]

#: Fields of `meta` that name a person, and those that are provenance and stay as they are.
_PERSON_FIELDS = word_set(
    "author authors teacher lecturer instructor speaker student user 姓名 教师 老师 作者 学生 主讲 "
    "主讲人 提问人"
)
_PROVENANCE_FIELDS = word_set("source timestamp lecture")


def rewrite_document(document: Row, text: Rewrite, person: Rewrite) -> Row:
    """Apply `text` to all texts of a document, and `person` to fields that name somebody.

    A heading is rewritten once, however many segments it heads. Roles of a dialogue stay.
    """
    headings: dict[str, str] = {}

    def heading(value: str) -> str:
        if value not in headings:
            headings[value] = text(value)
        return headings[value]

    def speaker(value: str | None) -> str | None:
        return value if value is None or value in ROLES else person(value)

    title = heading(document["title"])
    segments = [
        {**s, "heading": heading(s["heading"]), "speaker": speaker(s["speaker"]), "text": text(s["text"])}
        for s in document["segments"]
    ]
    meta = _rewrite_meta(document["meta"], text, person)
    return {**document, "title": title, "segments": segments, "meta": meta}


def texts_of(document: Row) -> tuple[list[str], list[str]]:
    """Return what `rewrite_document` would give to `text` and to `person`, once each, in order."""
    texts: dict[str, None] = {document["title"]: None}
    persons: dict[str, None] = {}
    for segment in document["segments"]:
        texts[segment["heading"]] = None
        texts[segment["text"]] = None
        speaker = segment["speaker"]
        if speaker is not None and speaker not in ROLES:
            persons[speaker] = None
    _rewrite_meta(document["meta"], _kept_in(texts), _kept_in(persons))
    return list(texts), list(persons)


def _kept_in(seen: dict[str, None]) -> Rewrite:
    def keep(text: str) -> str:
        seen[text] = None
        return text

    return keep


def _rewrite_meta(meta: str, text: Rewrite, person: Rewrite) -> str:
    def rewrite(value: Any, field: str) -> Any:
        if isinstance(value, dict):
            return {name: rewrite(inner, str(name).lower()) for name, inner in value.items()}
        if isinstance(value, list):
            return [rewrite(inner, field) for inner in value]
        if not isinstance(value, str) or field in _PROVENANCE_FIELDS:
            return value
        return person(value) if field in _PERSON_FIELDS else text(value)

    if meta in ("", "{}"):
        return meta
    before = json.loads(meta)
    after = rewrite(before, "")
    return meta if after == before else json.dumps(after, ensure_ascii=False, sort_keys=True)
