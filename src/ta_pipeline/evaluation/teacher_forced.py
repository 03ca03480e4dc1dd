"""How likely a model finds the reference answers: teacher-forced loss, in nats a token."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from ta_pipeline.chat.packing import BLOCK
from ta_pipeline.chat.template import encode, end_of_turn, load_tokenizer, render
from ta_pipeline.evaluation.model import engine_name, load_for_evaluation
from ta_pipeline.evaluation.prompts import Mode, encode_prompts, question_messages
from ta_pipeline.records import IGNORE_INDEX, REFERENCE_LOSS, InputError

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

    from ta_pipeline.evaluation.reading import Task


def score_references(
    model_folder: Path,
    questions: pa.Table,
    artefact: str,
    precision: str,
    adapter: Path | None = None,
    gguf_file: str | None = None,
    tokenizer_folder: Path | None = None,
    mode: Mode = "context",
) -> pa.Table:
    """Load an artefact and score it on every question's reference; rows of schema REFERENCE_LOSS."""
    model = load_for_evaluation(model_folder, precision, adapter, gguf_file)
    engine = engine_name(precision, gguf=gguf_file is not None)
    return score_with(model, tokenizer_folder or model_folder, questions, artefact, engine, mode)


def score_with(
    model: Any,
    tokenizer_folder: Path,
    questions: pa.Table,
    artefact: str,
    engine: str,
    mode: Mode = "context",
) -> pa.Table:
    """Score a loaded model; the loss is over the reference's tokens and the token that ends the turn."""
    from ta_pipeline.evaluation.reading import read_and_answer

    rows = questions.to_pylist()
    tasks = scoring_tasks(load_tokenizer(tokenizer_folder), rows, mode)
    outcomes = read_and_answer(model, tasks, f"{artefact} reads the references")
    return pa.Table.from_pylist(
        [
            reference_loss(artefact, row["id"], mode, task, outcome.loss, engine)
            for row, task, outcome in zip(rows, tasks, outcomes, strict=True)
        ],
        REFERENCE_LOSS,
    )


def reference_loss(
    artefact: str, question_id: str, mode: Mode, task: Task, loss: float, engine: str
) -> dict[str, Any]:
    """Write the loss of a task as a row of schema REFERENCE_LOSS."""
    return {
        "artefact": artefact,
        "question_id": question_id,
        "mode": mode,
        "loss": loss,
        "tokens": len(task.reference),
        "engine": engine,
    }


def reference_blocks(tokenizer_folder: Path, questions: pa.Table) -> pa.Table:
    """Return each question with its reference as a token block (schema BLOCK) of the split "benchmark".

    Training looks at them by their share of reference tokens that the model puts first; it never learns from
    them.
    """
    rows = questions.to_pylist()
    blocks = []
    for row, task in zip(rows, scoring_tasks(load_tokenizer(tokenizer_folder), rows, "context"), strict=True):
        ids = [*task.prompt, *task.reference]
        block = {
            "split": "benchmark",
            "input_ids": ids,
            "seq_lengths": [len(ids)],
            "example_ids": [row["id"]],
        }
        blocks.append(
            block
            | {"labels": [IGNORE_INDEX] * len(task.prompt) + list(task.reference), "read_tokens": len(ids)}
        )
    return pa.Table.from_pylist(blocks, BLOCK)


def scoring_tasks(tokenizer: PreTrainedTokenizerBase, rows: list[dict[str, Any]], mode: Mode) -> list[Task]:
    """Encode each question's prompt, and its reference up to the token that ends the turn."""
    from ta_pipeline.evaluation.reading import Task

    stop = end_of_turn(tokenizer)[1]
    prompts = encode_prompts(tokenizer, rows, mode)
    answered = [
        [*question_messages(row, mode), {"role": "assistant", "content": row["reference"]}] for row in rows
    ]
    tasks = []
    for row, prompt, ids in zip(
        rows, prompts, encode(tokenizer, [render(tokenizer, m) for m in answered]), strict=True
    ):
        if ids[: len(prompt)] != prompt:
            raise InputError(
                f"question {row['id']}: the template renders the prompt differently once an answer "
                "follows, so the reference cannot be scored. Use a template whose generation prompt is a "
                "prefix of the answered conversation."
            )
        reference = ids[len(prompt) : ids.index(stop, len(prompt)) + 1]
        tasks.append(Task(prompt, reference, answer=False))
    return tasks
