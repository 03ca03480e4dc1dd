"""Find the copies among documents: which are compared with which, by what text, and which of them stays.

Pages and transcripts are compared with each other, conversations with conversations, preference pairs with
pairs, rejected answer included. A conversation about a passage or an image is a copy only of one about the
same: "Is it true? – Yes." is asked of many.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

from ta_pipeline.params import DedupParams
from ta_pipeline.records import stable_id
from ta_pipeline.text.duplicates.find import Copy
from ta_pipeline.text.duplicates.store import find_copies_again

Row = dict[str, Any]

_GROUPS = ("documents", "dialogues", "preferences")
#: What a conversation is about, beside its turns.
_CONTEXT = ("passage", "image", "tools")


def find_document_copies(
    documents: Sequence[Row], dedup: DedupParams, memory: pa.Table | None
) -> tuple[dict[int, Copy], pa.Table]:
    """Return the documents to drop by position, with what stays in their place, and the new memory.

    Files whose lecture has other files are preferred, so that the copy among the handouts is the one that
    goes; then those that come first.
    """
    compared = [_compared(document) for document in documents]
    order = _lectures_first(documents)
    copies: dict[int, Copy] = {}
    memories: list[pa.Table] = []
    for group in _GROUPS:
        members = [position for position in order if compared[position][0] == group]
        texts = [compared[position][1] for position in members]
        found, remembered = find_copies_again(texts, range(len(members)), dedup, memory, group)
        memories.append(remembered)
        for copy in found:
            index, kept = members[copy.index], members[copy.kept]
            copies[index] = Copy(index, kept, copy.similarity, copy.exact)
    return dict(sorted(copies.items())), pa.concat_tables(memories)


def survivors(documents: Sequence[Row], copies: Mapping[int, Copy]) -> list[Row]:
    """Return the documents that stay; each names in its meta, under `copies`, where its copies stood."""
    places: dict[int, list[Row]] = defaultdict(list)
    for position, copy in sorted(copies.items()):
        gone = documents[position]
        place = {"id": gone["id"], "source": gone["source"], "similarity": round(copy.similarity, 3)}
        places[copy.kept].append(place)
    return [
        _with_copies(document, places[position]) if position in places else document
        for position, document in enumerate(documents)
        if position not in copies
    ]


def _with_copies(document: Row, places: list[Row]) -> Row:
    meta = json.loads(document["meta"] or "{}") | {"copies": places}
    return {**document, "meta": json.dumps(meta, ensure_ascii=False, sort_keys=True)}


def _compared(document: Row) -> tuple[str, str]:
    """Return the group in which a document is compared, and the text by which."""
    text = "\n".join(segment["text"] for segment in document["segments"])
    if document["kind"] != "dialogue":
        return "documents", text
    meta = json.loads(document["meta"] or "{}")
    if context := [str(meta[name]) for name in _CONTEXT if meta.get(name)]:
        # Texts with other numbers are never copies: a number that stands for the context keeps them apart.
        text = f"{int(stable_id(*context), 16) % 10**8:08}\n{text}"
    rejected = meta.get("rejected")
    return ("dialogues", text) if rejected is None else ("preferences", f"{text}\n{rejected}")


def _lectures_first(documents: Sequence[Row]) -> list[int]:
    """Order the positions: first files whose lecture has another file, then the rest, as they stand."""
    files = {(row["course"], row["lecture"], row["source"]) for row in documents if row["kind"] != "dialogue"}
    siblings = Counter((course, lecture) for course, lecture, _ in files)
    alone = [siblings[row["course"], row["lecture"]] < 2 for row in documents]
    return sorted(range(len(documents)), key=lambda position: (alone[position], position))
