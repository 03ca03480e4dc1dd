"""Put one example together: passages in order, the prompt, the answer, and where it comes from."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from ta_pipeline.composing.passages import Window
from ta_pipeline.rag.prompt import build_messages
from ta_pipeline.records import stable_id
from ta_pipeline.text.chunk import Unit

Row = dict[str, Any]
Message = dict[str, str]

_QUESTION_MARK = re.compile(r"\n\n(?:Question: |问题：)")
#: As `evaluation/citations.py` knows one: words in brackets, no JSON and no list of numbers.
_CITATION = r"\[(?=[^\]\n]*[^\W\d_])[^\[\]{}\"\n]{1,60}\]"
_AT_START = re.compile(rf"^\s*{_CITATION}\s*")
_AT_END = re.compile(rf"\s*{_CITATION}\s*$")


def context_of(text: str) -> str:
    """Give what stands above the question of a user turn: the passages with their headers."""
    return text[: text.rfind(question_of(text))].rpartition("\n\n")[0]


def question_of(text: str) -> str:
    """Give the question of a user turn, without the passages above it."""
    return _QUESTION_MARK.split(text)[-1].strip()


def without_citation(answer: str) -> str:
    """Take the citation off an answer, which begins with it, or else ends with it."""
    bare = _AT_START.sub("", answer)
    return bare if bare != answer else _AT_END.sub("", answer)


def cite(answer: str, gold: Window) -> str:
    """Begin an answer with the citation of its passage."""
    return f"{gold.cited} {answer.strip()}"


def make_row(
    task: str,
    rule: str,
    language: str,
    document_id: str,
    messages: Sequence[Message],
    *,
    chunk_ids: Sequence[str] = (),
    origin: str = "course",
    tools: str | None = None,
) -> Row:
    """Build a row of the schema EXAMPLE; its split is decided later."""
    content = "\x1e".join(f"{message['role']}\x1d{message['content']}" for message in messages)
    return {
        "id": stable_id("example", rule, content),
        "split": "",
        "task": task,
        "language": language,
        "origin": origin,
        "rule": rule,
        "messages": list(messages),
        "tools": tools,
        "chunk_ids": list(chunk_ids),
        "document_id": document_id,
    }


def ask(
    question: str, windows: Sequence[Window], language: str, answer: str, history: Sequence[Message] = ()
) -> list[Message]:
    """Lay out a question with its passages and the answer to learn, through the one prompt function."""
    prompt = build_messages(question, [window.passage for window in windows], language, history)
    return [*prompt, {"role": "assistant", "content": answer}]


def with_one_other(windows: Sequence[Window], gold: Window) -> list[Window]:
    """Keep the gold passage and one other, in their order, for rows that share their beginning with none."""
    other = next((window for window in windows if window.key != gold.key), None)
    return [window for window in windows if window.key == gold.key or window is other]


class ChunkFinder:
    """Find the chunks that hold a window's units."""

    def __init__(self, chunks: Sequence[Row]) -> None:
        self._by_document: dict[str, list[tuple[str, str]]] = {}
        for chunk in chunks:
            bare = "".join(chunk["text"].split())
            self._by_document.setdefault(chunk["document_id"], []).append((chunk["id"], bare))

    def of_units(self, document_id: str, units: Sequence[Unit]) -> list[str]:
        """List the ids of a document's chunks in which any of the units stands, in order."""
        wanted = ["".join(unit.text.split()) for unit in units]
        chunks = self._by_document.get(document_id, [])
        return [name for name, text in chunks if any(unit in text for unit in wanted)]

    def of_window(self, window: Window) -> list[str]:
        """List the ids of the chunks that overlap a window."""
        return self.of_units(window.material.id, window.units)
