"""What every conversation must have, and what a shape can hold of it."""

from __future__ import annotations

from collections.abc import Sequence, Set

from ta_pipeline.formats.fields import answered, lossy
from ta_pipeline.formats.model import Conversation, Message, RowError
from ta_pipeline.formats.turns import said


def check(messages: Sequence[Message], *, has_answer: bool) -> None:
    """Refuse turns without a question, or without an answer where one is due."""
    if not any(message.role == "user" and message.content.strip() for message in messages):
        raise RowError("no_question", "no turn of the user has text; write the question")
    if has_answer:
        answered("".join(said(m) for m in messages if m.role == "assistant"), "assistant")


def refuse(conversation: Conversation, shape: str, holds: Set[str]) -> None:
    """Refuse to write what is not among what the shape `holds`: "pair", "label", "tools", "completion"."""
    check(conversation.messages, has_answer=not conversation.is_pair)
    if conversation.is_pair and "pair" not in holds:
        raise lossy(shape, "the rejected answer")
    if conversation.label is not None and "label" not in holds:
        raise lossy(shape, f"the label {conversation.label}")
    if conversation.tools and "tools" not in holds:
        raise lossy(shape, f"the schemas of {len(conversation.tools)} tools")
    if conversation.completion != 1 and "completion" not in holds:
        raise lossy(shape, f"that the last {conversation.completion} turns are one completion")
    if "tools" in holds:
        return
    for number, message in enumerate(conversation.all_messages, start=1):
        if not message.is_plain:
            lost = ", ".join(message.extra) or (
                "a tool's answer" if message.role == "tool" else "a tool call"
            )
            raise lossy(shape, f"{lost} of turn {number}")
