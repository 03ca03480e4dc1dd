"""The rows that travel between stages, as Arrow schemas and the few constants every room shares.

A stage hands on `pyarrow.Table`s with exactly one of these schemas. This module imports nothing of
the project, so that any room may import it.
"""

from __future__ import annotations

import hashlib
from typing import Literal

import pyarrow as pa

Role = Literal["system", "user", "assistant", "tool"]
ROLES: tuple[str, ...] = ("system", "user", "assistant", "tool")

#: Label of a position that must not be learned (PyTorch's `CrossEntropyLoss.ignore_index`).
IGNORE_INDEX = -100

#: A document is a list of segments: a paragraph, a subtitle cue, or one turn of a dialogue.
#: `start` and `end` are seconds into a recording; `speaker` is a `Role` for dialogue turns.
SEGMENT = pa.struct(
    [
        ("text", pa.string()),
        ("heading", pa.string()),  # heading path, "Kinematics > Velocity"; "" where there is none
        ("page", pa.int32()),
        ("line", pa.int32()),  # first line in the source file, from 1
        ("start", pa.float64()),
        ("end", pa.float64()),
        ("speaker", pa.string()),
    ]
)

#: What `ingest` reads. `kind` is "text" (prose), "transcript" (timed cues) or "dialogue" (turns).
#: `lecture` groups the files of one lecture (its files share a name before the first dot).
#: `origin` is "course" for a school's own material, "public:<name>" for an instruction set.
DOCUMENT = pa.schema(
    [
        ("id", pa.string()),
        ("course", pa.string()),
        ("origin", pa.string()),
        ("source", pa.string()),  # path below the source folder, with forward slashes
        ("kind", pa.string()),
        ("lecture", pa.string()),
        ("title", pa.string()),
        ("language", pa.string()),  # "zh", "en", or "" before `clean` has looked
        ("segments", pa.list_(SEGMENT)),
        ("meta", pa.string()),  # JSON object with whatever else the source said
    ]
)

#: Input that could not be read: one row for each file or line, never silently skipped.
QUARANTINED = pa.schema(
    [
        ("id", pa.string()),
        ("source", pa.string()),
        ("line", pa.int32()),
        ("reason", pa.string()),
        ("detail", pa.string()),
    ]
)

#: A row that a stage took out, with why and (for copies) which row stayed. The whole of it has the same
#: `id` in the stage's input: `masked_documents` for `clean`, `candidate_examples` and
#: `candidate_preferences` for `compose`.
DROPPED = pa.schema(
    [
        ("stage", pa.string()),
        ("id", pa.string()),
        ("source", pa.string()),
        ("reason", pa.string()),
        ("detail", pa.string()),
        ("kept_id", pa.string()),
        ("excerpt", pa.string()),
    ]
)

#: What was masked where; never the value itself.
PII_AUDIT = pa.schema(
    [
        ("id", pa.string()),
        ("source", pa.string()),
        ("place", pa.string()),  # "title", "meta", or "segment 3" (from 1) with its heading and speaker
        ("kind", pa.string()),
        ("count", pa.int32()),
    ]
)

#: A passage of course text that fits a prompt and still knows where it comes from.
CHUNK = pa.schema(
    [
        ("id", pa.string()),
        ("course", pa.string()),
        ("document_id", pa.string()),
        ("source", pa.string()),
        ("lecture", pa.string()),
        ("title", pa.string()),
        ("language", pa.string()),
        ("heading", pa.string()),
        ("page", pa.int32()),
        ("start", pa.float64()),
        ("end", pa.float64()),
        ("text", pa.string()),
        ("tokens", pa.int32()),
    ]
)

MESSAGE = pa.struct([("role", pa.string()), ("content", pa.string())])

#: One conversation to learn from. `task` is "rag", "style", "qa", "refusal" or "tool".
EXAMPLE = pa.schema(
    [
        ("id", pa.string()),
        ("split", pa.string()),  # "train", "validation" or "test"
        ("task", pa.string()),
        ("language", pa.string()),
        ("origin", pa.string()),  # "course" or "public:<name>"
        ("rule", pa.string()),  # what made it: "faq", "question_log", "template:summarise", …
        ("messages", pa.list_(MESSAGE)),
        ("tools", pa.string()),  # JSON list of tool schemas, or null
        ("chunk_ids", pa.list_(pa.string())),
        ("document_id", pa.string()),
    ]
)

#: Two answers to one identical prompt.
PREFERENCE = pa.schema(
    [
        ("id", pa.string()),
        ("split", pa.string()),
        ("language", pa.string()),
        ("origin", pa.string()),
        ("rule", pa.string()),
        ("prompt", pa.list_(MESSAGE)),
        ("chosen", pa.string()),
        ("rejected", pa.string()),
        ("chunk_ids", pa.list_(pa.string())),
    ]
)

#: One answer of a teacher model, with all that led to it. `job` is "questions" or "scores", `subject_id` the
#: chunk or pair it is about. `used` and `dropped` count the questions or scores read out of it.
TEACHER_ANSWER = pa.schema(
    [
        ("id", pa.string()),  # hash of URL and request, the name of its file in the cache
        ("job", pa.string()),
        ("subject_id", pa.string()),
        ("url", pa.string()),
        ("model", pa.string()),
        ("prompt", pa.list_(MESSAGE)),
        ("answer", pa.string()),
        ("finish_reason", pa.string()),
        ("prompt_tokens", pa.int32()),
        ("new_tokens", pa.int32()),
        ("cost", pa.float64()),
        ("used", pa.int32()),
        ("dropped", pa.list_(pa.struct([("reason", pa.string()), ("detail", pa.string())]))),
        ("chosen_score", pa.float64()),  # 1 to 10, for "scores"
        ("rejected_score", pa.float64()),
    ]
)

PASSAGE = pa.struct(
    [
        ("chunk_id", pa.string()),
        ("source", pa.string()),
        ("title", pa.string()),
        ("start", pa.float64()),
        ("end", pa.float64()),
        ("text", pa.string()),
    ]
)

#: A benchmark question with the passages it is asked with. `kind` is "fact", "explain",
#: "refusal", "format" or "citation"; `format` is a JSON object for "format" questions.
QUESTION = pa.schema(
    [
        ("id", pa.string()),
        ("kind", pa.string()),
        ("language", pa.string()),
        ("question", pa.string()),
        ("reference", pa.string()),
        ("format", pa.string()),
        ("lecture", pa.string()),
        ("held_out", pa.bool_()),
        ("source", pa.string()),
        ("quote", pa.string()),
        ("start", pa.float64()),
        ("end", pa.float64()),
        ("passages", pa.list_(PASSAGE)),
    ]
)

#: One answer of one artefact ("base", "sft", "dpo", "gguf-q8_0", …) to one question.
#: `mode` is "context" (asked with passages) or "closed_book".
PREDICTION = pa.schema(
    [
        ("artefact", pa.string()),
        ("question_id", pa.string()),
        ("mode", pa.string()),
        ("answer", pa.string()),
        ("finish_reason", pa.string()),  # "stop" or "length"
        ("prompt_tokens", pa.int32()),
        ("new_tokens", pa.int32()),
        ("engine", pa.string()),
    ]
)

#: Teacher-forced loss of one artefact on one reference, in nats a token.
REFERENCE_LOSS = pa.schema(
    [
        ("artefact", pa.string()),
        ("question_id", pa.string()),
        ("mode", pa.string()),
        ("loss", pa.float64()),
        ("tokens", pa.int32()),
        ("engine", pa.string()),
    ]
)


class InputError(Exception):
    """Something a user can mend: the message names the place, the value and the cure, in one line."""


def stable_id(*parts: str) -> str:
    """Name a row by what it is: 16 hexadecimal digits that do not change between runs."""
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:16]
