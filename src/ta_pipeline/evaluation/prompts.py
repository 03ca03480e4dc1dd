"""The prompts of the benchmark: every artefact is asked in the same words, by the one prompt function."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from ta_pipeline.chat.template import encode, render, tidied
from ta_pipeline.rag.prompt import Passage, build_messages

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

Mode = Literal["context", "closed_book"]


def question_messages(question: dict[str, Any], mode: Mode) -> list[dict[str, str]]:
    """Lay out one benchmark question (a row of schema QUESTION), with its passages or without."""
    passages = [] if mode == "closed_book" else [_passage(p) for p in question["passages"]]
    return tidied(build_messages(question["question"], passages, question["language"]))


def encode_prompts(
    tokenizer: PreTrainedTokenizerBase, questions: list[dict[str, Any]], mode: Mode
) -> list[list[int]]:
    """Turn questions into the ids that a model reads before it answers."""
    rendered = [render(tokenizer, question_messages(q, mode), add_generation_prompt=True) for q in questions]
    return encode(tokenizer, rendered)


def _passage(row: dict[str, Any]) -> Passage:
    return Passage(
        title=row["title"],
        text=row["text"],
        start=row["start"],
        end=row["end"],
        source=row["source"],
        chunk_id=row["chunk_id"],
    )
