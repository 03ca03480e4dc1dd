"""The conversation that every shape is read into and written from.

Two conversations are equal when they teach the same: how one shape spells a thing (`spelling`) is kept
for writing that shape again and never compared.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ta_pipeline.records import Role

Row = dict[str, Any]

#: What dialogue files call their speakers; `ingest.role_map` takes its place in the pipeline.
ROLES: dict[str, Role] = {
    "system": "system",
    "user": "user",
    "human": "user",
    "assistant": "assistant",
    "gpt": "assistant",
    "function_call": "assistant",
    "tool": "tool",
    "observation": "tool",
}


class RowError(ValueError):
    """A row that cannot be read or written: a reason to count by, and a detail that says the cure."""

    def __init__(self, reason: str, detail: str) -> None:
        """Keep both parts for the fault."""
        super().__init__(detail)
        self.reason = reason


@dataclass(frozen=True)
class Call:
    """A tool the assistant asks for; `id` is what its result refers to, "" where the shape has none."""

    name: str
    arguments: dict[str, Any]
    id: str = ""


@dataclass(frozen=True)
class Message:
    """One turn. `call_id` names the call whose result a tool's turn is; `extra` is what else it says."""

    role: Role
    content: str = ""
    calls: tuple[Call, ...] = ()
    call_id: str = ""
    extra: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_plain(self) -> bool:
        """Tell whether the turn is its text and nothing else."""
        return not (self.calls or self.call_id or self.extra or self.role == "tool")


@dataclass(frozen=True)
class Conversation:
    """A row: its turns, the tools on offer, and what else it says.

    A preference pair has its prompt in `messages` and both ends in `chosen` and `rejected`. `label` says
    of a KTO row whether its last turn is a good answer. `tools` are flat function schemas, without the
    `{"type": "function"}` around them. `input` is the end of the last question that Alpaca keeps apart,
    `completion` the number of turns at the end that a prompt/completion row has as its completion.
    `meta` is the row's own `meta`, `extra` its further columns.
    """

    messages: tuple[Message, ...]
    tools: tuple[dict[str, Any], ...] = ()
    meta: Mapping[str, Any] = field(default_factory=dict)
    extra: Mapping[str, Any] = field(default_factory=dict)
    chosen: tuple[Message, ...] = ()
    rejected: tuple[Message, ...] = ()
    label: bool | None = None
    input: str = ""
    completion: int = 1
    #: By shape: columns as the row wrote them, where the shape has two ways to write one thing.
    spelling: Mapping[str, Mapping[str, Any]] = field(default_factory=dict, compare=False)

    @property
    def is_pair(self) -> bool:
        """Tell whether this is a prompt with two answers."""
        return bool(self.chosen or self.rejected)

    @property
    def all_messages(self) -> tuple[Message, ...]:
        """Every turn, those of both answers included."""
        return (*self.messages, *self.chosen, *self.rejected)

    @property
    def question(self) -> str:
        """The text of the last turn of the user, "" where there is none."""
        return next((m.content for m in reversed(self.messages) if m.role == "user"), "")
