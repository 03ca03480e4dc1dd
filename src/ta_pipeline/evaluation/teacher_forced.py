"""How likely a model finds the reference answers: teacher-forced loss, in nats a token."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from ta_pipeline.chat.template import encode, end_of_turn, load_tokenizer, render
from ta_pipeline.evaluation.model import engine_name, load_for_evaluation
from ta_pipeline.evaluation.prompts import Mode, batches_by_tokens, question_messages
from ta_pipeline.progress import Progress
from ta_pipeline.records import REFERENCE_LOSS, InputError

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


def score_references(
    model_folder: Path,
    questions: pa.Table,
    artefact: str,
    precision: str,
    batch_tokens: int,
    adapter: Path | None = None,
    gguf_file: str | None = None,
    tokenizer_folder: Path | None = None,
    mode: Mode = "context",
) -> pa.Table:
    """Load an artefact and score it on every question's reference; rows of schema REFERENCE_LOSS."""
    model = load_for_evaluation(model_folder, precision, adapter, gguf_file)
    engine = engine_name(precision, gguf=gguf_file is not None)
    folder = tokenizer_folder or model_folder
    return score_with(model, folder, questions, artefact, engine, batch_tokens, mode)


def score_with(
    model: Any,
    tokenizer_folder: Path,
    questions: pa.Table,
    artefact: str,
    engine: str,
    batch_tokens: int,
    mode: Mode = "context",
) -> pa.Table:
    """Score a loaded model; the loss is over the reference's tokens and the token that ends the turn."""
    tokenizer = load_tokenizer(tokenizer_folder)
    rows = questions.to_pylist()
    prompts, full = _sequences(tokenizer, rows, mode)
    losses: dict[int, float] = {}
    progress = Progress(f"{artefact} reads the references", len(rows), "questions")
    for batch in batches_by_tokens([len(ids) for ids in full], batch_tokens):
        for i, loss in zip(batch, _losses(model, [full[i] for i in batch], [prompts[i] for i in batch])):
            losses[i] = loss
        progress.advance(len(batch))
    progress.close()
    return pa.Table.from_pylist(
        [
            {
                "artefact": artefact,
                "question_id": question["id"],
                "mode": mode,
                "loss": losses[i],
                "tokens": len(full[i]) - prompts[i],
                "engine": engine,
            }
            for i, question in enumerate(rows)
        ],
        REFERENCE_LOSS,
    )


def _sequences(
    tokenizer: PreTrainedTokenizerBase, rows: list[dict[str, Any]], mode: Mode
) -> tuple[list[int], list[list[int]]]:
    """Encode prompt and reference; returns each prompt's length and the whole ids up to the stop token."""
    stop = end_of_turn(tokenizer)[1]
    messages = [question_messages(q, mode) for q in rows]
    prompts = encode(tokenizer, [render(tokenizer, m, add_generation_prompt=True) for m in messages])
    answered = [
        [*m, {"role": "assistant", "content": q["reference"]}] for m, q in zip(messages, rows, strict=True)
    ]
    full = encode(tokenizer, [render(tokenizer, m) for m in answered])
    for i, (prompt, ids) in enumerate(zip(prompts, full, strict=True)):
        if ids[: len(prompt)] != prompt:
            raise InputError(
                f"question {rows[i]['id']}: the template renders the prompt differently once an answer "
                "follows, so the reference cannot be scored. Use a template whose generation prompt is a "
                "prefix of the answered conversation."
            )
        full[i] = ids[: ids.index(stop, len(prompt)) + 1]
    return [len(p) for p in prompts], full


def _losses(model: Any, sequences: list[list[int]], starts: list[int]) -> list[float]:
    """Mean loss of each sequence from its start on; the head is computed only there.

    Rows are padded on the right and no mask is given: causal attention never looks at what follows.
    """
    import torch
    from torch.nn.functional import cross_entropy

    width = max(map(len, sequences))
    ids = torch.tensor([s + [s[-1]] * (width - len(s)) for s in sequences], device=model.device)
    with torch.inference_mode():
        hidden = model.base_model(input_ids=ids, use_cache=False).last_hidden_state
        head = model.get_output_embeddings()
        losses = []
        for row, (sequence, start) in enumerate(zip(sequences, starts, strict=True)):
            logits = head(hidden[row, start - 1 : len(sequence) - 1]).float()
            targets = ids[row, start : len(sequence)]
            losses.append(float(cross_entropy(logits, targets)))
    return losses
