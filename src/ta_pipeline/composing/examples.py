"""All training rows of a course: dialogues, homework, templates, refusals, rarer kinds, public replay."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from random import Random

from ta_pipeline.composing.contexts import Contexts
from ta_pipeline.composing.dialogues import Grounded, homework_rows, meta_of, read_dialogues, turns_of
from ta_pipeline.composing.passages import columns, has_mask, held_out_lectures, read_materials
from ta_pipeline.composing.rarer import Ground, rarer_rows
from ta_pipeline.composing.refusals import refusal_rows
from ta_pipeline.composing.rows import ChunkFinder, Message, Row, ask, cite, make_row
from ta_pipeline.composing.templates import STRICT, WIDE, TemplateShape, askable, template_rows
from ta_pipeline.params import ComposeParams
from ta_pipeline.rag.prompt import INSTRUCTIONS, Passage, build_messages, citation
from ta_pipeline.records import InputError

#: Plain question/answer rows (homework) over all rows: they teach no passage, and they are long.
MOST_PLAIN = 0.05
#: A public row longer than this (display columns) costs a block for itself.
_LONGEST_REPLAY = 1200


def compose_examples(
    documents: Sequence[Row], chunks: Sequence[Row], compose: ComposeParams, seed: int
) -> list[Row]:
    """Make the candidate examples from everything but the held-out lectures, sorted by id.

    Raises InputError where nothing is left to learn from.
    """
    held_out = held_out_lectures(documents, compose.held_out)
    materials = read_materials(documents)
    trained = [material for material in materials if material.lecture not in held_out]
    chars = compose.passages.chars
    grounded, plain = read_dialogues(documents, materials, held_out, chars)
    grounded = [item for item in grounded if item.language in INSTRUCTIONS]
    known = [material for material in trained if material.language in INSTRUCTIONS]
    opening = STRICT if grounded else WIDE
    asked = [*grounded, *askable(known, chars, seed, opening)]
    finder = ChunkFinder(chunks)
    contexts = {
        language: Contexts(
            [material for material in known if material.language == language],
            [item.gold for item in asked if item.language == language],
            chars,
            compose.passages.distractors,
        )
        for language in INSTRUCTIONS
    }
    rows = [_grounded_row(item, contexts[item.language], finder, seed) for item in grounded]
    shape = TemplateShape(compose.templates, compose.rows_per_chunk, chars, seed, opening)
    if compose.templates:
        rows += template_rows(known, grounded, contexts, chunks, shape)
    languages = Counter(row["language"] for row in rows)
    refusals = {language: round(compose.refusal_share * count) for language, count in languages.items()}
    rows += refusal_rows(asked, contexts, refusals, seed)
    for language in INSTRUCTIONS:
        ground = Ground(language, known, asked, rows, contexts[language], finder)
        rows += rarer_rows(ground, compose, seed)
    rows += _sample([*plain, *homework_rows(documents, held_out)], MOST_PLAIN, len(rows), f"{seed}:plain")
    if not rows:
        raise InputError(
            "no lecture gives a row to learn from: there is none beside the held-out "
            f"{', '.join(sorted(held_out)) or 'ones'}; add lectures to the course folder."
        )
    rows += _sample(_replay_rows(documents), compose.replay_share, len(rows), f"{seed}:replay")
    return sorted({row["id"]: row for row in rows}.values(), key=lambda row: str(row["id"]))


def _grounded_row(item: Grounded, contexts: Contexts, finder: ChunkFinder, seed: int) -> Row:
    rng = Random(f"{seed}:{item.document_id}")
    windows = contexts.over(item.gold, item.question, item.answer, item.gold.text, rng)
    messages = ask(item.question, windows, item.language, cite(item.answer, item.gold), item.history)
    chunk_ids = finder.of_window(item.gold)
    return make_row("rag", item.rule, item.language, item.document_id, messages, chunk_ids=chunk_ids)


def _sample(rows: Sequence[Row], share: float, others: int, seed: str) -> list[Row]:
    """Draw rows so that they are at most `share` of all, both languages alike, the shorter ones first."""
    wanted = int(share / (1 - share) * others) if share < 1 else len(rows)
    rng = Random(seed)
    queues: dict[tuple[str, str], list[Row]] = {}
    for row in sorted(rows, key=lambda row: str(row["id"])):
        queues.setdefault((row["language"], row["task"]), []).append(row)
    for queue in queues.values():
        rng.shuffle(queue)
    drawn: list[Row] = []
    while len(drawn) < wanted and any(queues.values()):
        for key in sorted(queues):
            if queues[key] and len(drawn) < wanted:
                drawn.append(queues[key].pop())
    return drawn


def _replay_rows(documents: Sequence[Row]) -> list[Row]:
    """Make rows of the public dialogues: short ones, no preference rows, no unfilled placeholders, no images.

    A question on a passage is asked like one on a lecture.
    """
    rows: list[Row] = []
    for document in documents:
        if not document["origin"].startswith("public:") or document["kind"] != "dialogue":
            continue
        meta, messages = meta_of(document), turns_of(document)
        if "rejected" in meta or "image" in meta or not messages or messages[-1]["role"] != "assistant":
            continue
        # Of a text too short to tell its language there are few, which would be drawn as often as the others;
        # a mask may hide what the answer needs.
        if not document["language"] or any(has_mask(message["content"]) for message in messages):
            continue
        reads = isinstance(meta.get("passage"), str)
        if reads:
            messages = _over_passage(messages, meta, document["language"])
        text = "".join(message["content"] for message in messages)
        if "{{" in text or columns(text) > _LONGEST_REPLAY:
            continue
        tools = meta.get("tools") or None
        tools = tools if isinstance(tools, str) or tools is None else json.dumps(tools, ensure_ascii=False)
        tools = None if tools is not None and tools.strip() == "[]" else tools
        origin, task = document["origin"], "tool" if tools else "rag" if reads else "qa"
        language, name = document["language"], document["id"]
        rows.append(make_row(task, "replay", language, name, messages, origin=origin, tools=tools))
    return rows


def _over_passage(messages: Sequence[Message], meta: Row, language: str) -> list[Message]:
    """Put the passage of a reading set above the question, and its title before the answer."""
    *history, question, answer = messages
    title = meta.get("passage_title") or {"zh": "资料"}.get(language, "Passage")
    asked = build_messages(question["content"], [Passage(title, meta["passage"])], language, history)
    return [*asked, {"role": "assistant", "content": f"{citation(title, None)} {answer['content']}"}]
