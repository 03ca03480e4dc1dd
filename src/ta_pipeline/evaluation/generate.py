"""Answers from a model in this process, greedy, as rows of schema PREDICTION."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from ta_pipeline.chat.template import encode, end_of_turn, load_tokenizer, render
from ta_pipeline.evaluation.model import engine_name
from ta_pipeline.evaluation.prompts import Mode, encode_prompts
from ta_pipeline.records import PREDICTION

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


def generate_answers(
    model: Any,
    tokenizer_folder: Path,
    questions: pa.Table,
    artefact: str,
    mode: Mode,
    max_new_tokens: int,
    batch_tokens: int,
    precision: str,
) -> pa.Table:
    """Answer every question; returns rows of schema PREDICTION in the order of the questions."""
    from ta_pipeline.evaluation.reading import Task, read_and_answer

    tokenizer = load_tokenizer(tokenizer_folder)
    rows = questions.to_pylist()
    prompts = encode_prompts(tokenizer, rows, mode)
    stops = stop_ids(tokenizer, model)
    label = f"{artefact} answers {mode.replace('_', ' ')}"
    tasks = [Task(prompt) for prompt in prompts]
    outcomes = read_and_answer(model, tasks, label, stops, max_new_tokens, batch_tokens)
    return pa.Table.from_pylist(
        [
            prediction(tokenizer, artefact, row["id"], mode, prompt, outcome.answer, stops, precision)
            for row, prompt, outcome in zip(rows, prompts, outcomes, strict=True)
        ],
        PREDICTION,
    )


def prediction(
    tokenizer: PreTrainedTokenizerBase,
    artefact: str,
    question_id: str,
    mode: Mode,
    prompt: list[int],
    ids: list[int],
    stops: set[int],
    precision: str,
) -> dict[str, Any]:
    """Write what a model said to a prompt as a row of schema PREDICTION."""
    answer, finish_reason = _finish(tokenizer, ids, stops)
    return {
        "artefact": artefact,
        "question_id": question_id,
        "mode": mode,
        "answer": answer,
        "finish_reason": finish_reason,
        "prompt_tokens": len(prompt),
        "new_tokens": len(ids),
        "engine": engine_name(precision),
    }


def answer_messages(
    model: Any, tokenizer_folder: Path, messages: list[dict[str, str]], max_new_tokens: int
) -> str:
    """Answer one conversation greedily."""
    from ta_pipeline.evaluation.reading import Task, read_and_answer

    tokenizer = load_tokenizer(tokenizer_folder)
    prompt = encode(tokenizer, [render(tokenizer, messages, add_generation_prompt=True)])[0]
    stops = stop_ids(tokenizer, model)
    outcome = read_and_answer(model, [Task(prompt)], "answer", stops, max_new_tokens)[0]
    return _finish(tokenizer, outcome.answer, stops)[0]


def stop_ids(tokenizer: PreTrainedTokenizerBase, model: Any) -> set[int]:
    """Collect the tokens that end an answer: the template's end of turn and what the model is set to."""
    configured = model.generation_config.eos_token_id
    ids = set(configured if isinstance(configured, list) else [configured] if configured is not None else [])
    return ids | {end_of_turn(tokenizer)[1]}


def _finish(tokenizer: PreTrainedTokenizerBase, ids: list[int], stops: set[int]) -> tuple[str, str]:
    """Return the answer without its stop token, and "stop" or "length"."""
    stopped = ids[-1] in stops
    text = tokenizer.decode(ids[:-1] if stopped else ids, skip_special_tokens=True)
    return str(text).strip(), "stop" if stopped else "length"
