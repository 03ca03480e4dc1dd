"""Put benchmark questions to a GGUF file through llama.cpp, as every other artefact is asked.

The prompt is that of `evaluation.prompts`, rendered by the template inside the GGUF; before the first
answer every prompt's tokens are held against those that the training side makes of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pyarrow as pa

from ta_pipeline.chat.template import encode, load_tokenizer, render
from ta_pipeline.evaluation.prompts import question_messages
from ta_pipeline.progress import Progress
from ta_pipeline.records import PREDICTION, InputError
from ta_pipeline.serving.llama_server import LlamaServer, engine


def answer_questions(
    gguf: Path, artefact: str, questions: pa.Table, model: Path, max_new_tokens: int, slots: int, log: Path
) -> pa.Table:
    """Answer `questions` greedily with a GGUF file; return one PREDICTION row a question, in their order.

    `model` is the folder the GGUF was made of: its tokenizer says which tokens a prompt must be. Raises
    `InputError` where llama.cpp reads a prompt differently.

    With one slot the same input gives the same answers. With more, what shares a batch depends on timing,
    sums round differently, and near ties fall either way: five of eight answers differed in a trial.
    """
    if questions.num_rows == 0:
        return PREDICTION.empty_table()
    tokenizer = load_tokenizer(model)
    rows = questions.to_pylist()
    prompts = [question_messages(row, "context") for row in rows]
    tokens = encode(tokenizer, [render(tokenizer, m, add_generation_prompt=True) for m in prompts])
    context = max(map(len, tokens)) + max_new_tokens + 8
    with LlamaServer(gguf, context, slots, log) as server:
        for row, prompt, wanted in zip(rows, prompts, tokens):
            check_same_tokens(f"{gguf.name}, question {row['id']}", wanted, server.prompt_tokens(prompt))
        answers = _ask_all(server, prompts, max_new_tokens, slots, f"Answering with {artefact}")
    return pa.Table.from_pylist(
        [_prediction(artefact, row["id"], answer) for row, answer in zip(rows, answers)], schema=PREDICTION
    )


def check_same_tokens(what: str, wanted: Sequence[int], got: Sequence[int]) -> None:
    """Raise `InputError` at the first token where llama.cpp's prompt leaves the training side's."""
    if list(wanted) == list(got):
        return
    first = next((i for i, (a, b) in enumerate(zip(wanted, got)) if a != b), min(len(wanted), len(got)))
    raise InputError(
        f"{what}: llama.cpp reads token {first} of the prompt as {list(got[first : first + 1])}, training as "
        f"{list(wanted[first : first + 1])} ({len(got)} and {len(wanted)} tokens). The tokenizer was not "
        "carried over whole; look at tokenizer.json of the base model."
    )


def _ask_all(
    server: LlamaServer, prompts: list[list[dict[str, str]]], max_new_tokens: int, slots: int, label: str
) -> list[dict[str, Any]]:
    progress = Progress(label, len(prompts), "question")

    def ask(prompt: list[dict[str, str]]) -> dict[str, Any]:
        answer = server.chat(prompt, max_new_tokens)
        progress.advance()
        return answer

    try:
        with ThreadPoolExecutor(slots) as pool:
            return list(pool.map(ask, prompts))
    finally:
        progress.close()


def _prediction(artefact: str, question_id: str, answer: dict[str, Any]) -> dict[str, Any]:
    choice, usage = answer["choices"][0], answer["usage"]
    return {
        "artefact": artefact,
        "question_id": question_id,
        "mode": "context",
        "answer": choice["message"]["content"] or "",
        "finish_reason": choice["finish_reason"],
        "prompt_tokens": usage["prompt_tokens"],
        "new_tokens": usage["completion_tokens"],
        "engine": engine(),
    }
