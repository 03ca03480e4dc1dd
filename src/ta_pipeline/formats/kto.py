"""TRL's KTO rows: `prompt`, `completion`, and `label`, true for an answer to learn from.

<https://huggingface.co/docs/trl/dataset_formats> (unpaired preference). LLaMA-Factory's `kto_tag` rows
are Alpaca or ShareGPT rows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from ta_pipeline.formats.fields import finished, lacking, with_columns
from ta_pipeline.formats.model import ROLES, Conversation, Row, RowError
from ta_pipeline.formats.prompt_completion import read_both, write_texts, write_turns
from ta_pipeline.formats.rules import refuse
from ta_pipeline.records import Role

NAME = "kto"
TEXT_NAME = "kto-text"
COLUMNS = {"prompt", "completion", "label"}


def read(row: Mapping[str, object], roles: Mapping[str, Role] = ROLES) -> Conversation:
    """Read a row of texts or turns."""
    label = row.get("label")
    if not isinstance(label, bool):
        raise RowError("bad_row", f"label {label!r} must be true or false")
    return with_columns(replace(read_both(row, roles), label=label), row, COLUMNS)


def write(conversation: Conversation) -> Row:
    """Write lists of turns with their label."""
    refuse(conversation, NAME, {"label", "tools", "completion"})
    return _labelled(write_turns(conversation, NAME), conversation, NAME)


def write_text(conversation: Conversation) -> Row:
    """Write texts with their label."""
    refuse(conversation, TEXT_NAME, {"label"})
    return _labelled(write_texts(conversation, TEXT_NAME), conversation, TEXT_NAME)


def _labelled(row: Row, conversation: Conversation, shape: str) -> Row:
    if conversation.label is None:
        raise lacking(shape, "a label")
    return finished({**row, "label": conversation.label}, conversation, COLUMNS, shape)
