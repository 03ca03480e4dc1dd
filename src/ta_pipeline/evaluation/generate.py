"""Answers from a model in this process: greedy, in batches of similar length, padded on the left."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from ta_pipeline.chat.template import encode, end_of_turn, load_tokenizer, render
from ta_pipeline.evaluation.model import engine_name
from ta_pipeline.evaluation.prompts import Mode, batches_by_tokens, question_messages
from ta_pipeline.progress import Progress
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
    tokenizer = load_tokenizer(tokenizer_folder)
    rows = questions.to_pylist()
    prompts = encode(
        tokenizer,
        [render(tokenizer, question_messages(q, mode), add_generation_prompt=True) for q in rows],
    )
    stops = _stop_ids(tokenizer, model)
    answers: dict[int, tuple[str, str, int]] = {}
    budget = [len(p) + max_new_tokens for p in prompts]
    progress = Progress(f"{artefact} answers {mode.replace('_', ' ')}", len(rows), "questions")
    for batch in batches_by_tokens(budget, batch_tokens):
        new = _generate(
            model, [prompts[i] for i in batch], stops, max_new_tokens, int(tokenizer.pad_token_id)
        )
        for i, ids in zip(batch, new, strict=True):
            answers[i] = _finish(tokenizer, ids, stops)
        progress.advance(len(batch))
    progress.close()
    engine = engine_name(precision)
    return pa.Table.from_pylist(
        [
            {
                "artefact": artefact,
                "question_id": question["id"],
                "mode": mode,
                "answer": answers[i][0],
                "finish_reason": answers[i][1],
                "prompt_tokens": len(prompts[i]),
                "new_tokens": answers[i][2],
                "engine": engine,
            }
            for i, question in enumerate(rows)
        ],
        PREDICTION,
    )


def answer_messages(
    model: Any, tokenizer_folder: Path, messages: list[dict[str, str]], max_new_tokens: int
) -> str:
    """Answer one conversation greedily."""
    tokenizer = load_tokenizer(tokenizer_folder)
    prompt = encode(tokenizer, [render(tokenizer, messages, add_generation_prompt=True)])
    stops = _stop_ids(tokenizer, model)
    new = _generate(model, prompt, stops, max_new_tokens, int(tokenizer.pad_token_id))
    return _finish(tokenizer, new[0], stops)[0]


def _stop_ids(tokenizer: PreTrainedTokenizerBase, model: Any) -> set[int]:
    configured = model.generation_config.eos_token_id
    ids = set(configured if isinstance(configured, list) else [configured] if configured is not None else [])
    return ids | {end_of_turn(tokenizer)[1]}


def _generate(
    model: Any, prompts: list[list[int]], stops: set[int], max_new_tokens: int, pad: int
) -> list[list[int]]:
    import torch

    width = max(map(len, prompts))
    ids = torch.tensor([[pad] * (width - len(p)) + p for p in prompts], device=model.device)
    mask = torch.tensor([[0] * (width - len(p)) + [1] * len(p) for p in prompts], device=model.device)
    with torch.inference_mode():
        out = model.generate(
            input_ids=ids,
            attention_mask=mask,
            max_new_tokens=max_new_tokens,
            do_sample=False,
            num_beams=1,
            temperature=None,
            top_p=None,
            top_k=None,
            eos_token_id=sorted(stops),
            pad_token_id=pad,
        )
    return [row[width:].tolist() for row in out]


def _finish(tokenizer: PreTrainedTokenizerBase, ids: list[int], stops: set[int]) -> tuple[str, str, int]:
    """Cut at the first stop token; returns the answer, "stop" or "length", and the tokens made."""
    for i, token in enumerate(ids):
        if token in stops:
            return str(tokenizer.decode(ids[:i], skip_special_tokens=True)).strip(), "stop", i + 1
    return str(tokenizer.decode(ids, skip_special_tokens=True)).strip(), "length", len(ids)
