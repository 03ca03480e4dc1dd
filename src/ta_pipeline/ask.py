"""Ask the model of the last run: find passages in its chunks, answer, and give both back.

What is read comes from the catalog as `kedro run` wrote it. No session is opened: its hooks would make
the MLflow database before there is anything to track.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

from ta_pipeline.paths import follow_configuration, log_dir, out_base
from ta_pipeline.rag.lexical import search
from ta_pipeline.rag.prompt import Passage, build_messages
from ta_pipeline.records import InputError

Artefact = Literal["dpo", "sft", "base", "gguf"]
ARTEFACTS: tuple[str, ...] = get_args(Artefact)
#: The catalog entries of the adapters, the last one trained first.
_ADAPTERS = {"dpo": "dpo_adapter", "sft": "sft_adapter"}
#: Passages in a prompt: as many as training and the benchmark show.
_PASSAGES = 3
#: Longest answer, tokens. The benchmark cuts earlier, to compare many answers in little time.
_MAX_NEW_TOKENS = 256


@dataclass(frozen=True)
class Answer:
    """What the model said, and the passages it was given."""

    text: str
    passages: list[Passage]


@dataclass(frozen=True)
class LastRun:
    """The catalog and the parameters of the project, as its configuration names them."""

    catalog: Any
    parameters: dict[str, Any]

    def load(self, name: str) -> Any:
        """Load a finished output; raises InputError where no run has left one."""
        if not self.catalog.exists(name):
            raise InputError(
                f"{out_base()}: no run has left {name} there yet. Run `make run` first, or set OUT_BASE to "
                "the folder of the run to ask (data/test after --env=test)."
            )
        return self.catalog.load(name)


def open_last_run(root: Path) -> LastRun:
    """Read the configuration of the project in `root`; `KEDRO_ENV` names an overlay, as for `kedro run`."""
    from kedro.framework.project import settings
    from kedro.framework.startup import bootstrap_project

    bootstrap_project(root)
    loader = settings.CONFIG_LOADER_CLASS(
        conf_source=str(root / settings.CONF_SOURCE),
        env=os.environ.get("KEDRO_ENV"),
        **settings.CONFIG_LOADER_ARGS,
    )
    follow_configuration(loader["globals"]["out"])
    return LastRun(settings.DATA_CATALOG_CLASS.from_config(loader["catalog"]), loader["parameters"])


def ask(
    run: LastRun,
    question: str,
    artefact: Artefact = "dpo",
    course: str | None = None,
    max_new_tokens: int | None = None,
) -> Answer:
    """Answer a question with an artefact of the last run, from three passages of its course.

    `max_new_tokens` cuts the answer; None leaves it 256. Raises InputError before any run, and for a
    course that the last run was not about.
    """
    from ta_pipeline.text.language import detect_language

    if not question.strip():
        raise InputError('The question is empty. Write it in quotes: ta ask "What is inertia?"')
    chunks = run.load("chunks").to_pylist()
    refuse_other_course(course, sorted({chunk["course"] for chunk in chunks}))
    adapter = run.load(_ADAPTERS[artefact]) if artefact in _ADAPTERS else None
    gguf_files = run.load("gguf_files") if artefact == "gguf" else None
    documents = run.load("clean_documents").to_pylist()
    limit = run.parameters["compose"]["passages"]["chars"]
    passages = find_passages(question, chunks, documents, limit)
    messages = build_messages(question, passages, detect_language(question))
    longest = _MAX_NEW_TOKENS if max_new_tokens is None else max_new_tokens
    return Answer(_answer(run, adapter, gguf_files, messages, longest), passages)


def base_model_of(run: LastRun, adapter: Path | None) -> Path:
    """Return the folder of the base model that an adapter (None: the run's last one) was trained on.

    The configuration may name another: that of the run may have come from `--params`. It is asked only
    where there is no adapter, or where its base model is no longer where it was. `adapter` may be a whole
    model, which says the same in its record.
    """
    from ta_pipeline.training.base_model import resolve_base_model
    from ta_pipeline.training.trained_model import base_model_named_by

    if adapter is None:
        made = next((name for name in _ADAPTERS.values() if run.catalog.exists(name)), None)
        adapter = run.load(made) if made else None
    if adapter is not None:
        folder = base_model_named_by(adapter)
        if folder and Path(folder).is_dir():
            return resolve_base_model(folder)
    named: Path = run.load("base_model")
    return named


def refuse_other_course(asked: str | None, known: list[str]) -> None:
    """Raise InputError where the course asked about is none of those the last run read."""
    if asked is not None and asked not in known:
        raise InputError(
            f"--course {asked}: the last run was about {', '.join(known)}. Train on it first: "
            f"kedro run --pipeline=train --params course={asked}"
        )


def find_passages(
    question: str, chunks: list[dict[str, Any]], documents: list[dict[str, Any]], limit: int
) -> list[Passage]:
    """Pick the chunks nearest to the question, and of each the part that says most about it.

    `limit` is in display columns, as for the passages of training: a whole chunk is several times
    longer than what the model has learned to read, and its start is minutes before what is cited.
    """
    named = [f"{chunk['title']} {chunk['heading']} {chunk['text']}" for chunk in chunks]
    by_id = {document["id"]: document for document in documents}
    return [
        _best_part(question, chunks[place], by_id.get(chunks[place]["document_id"]), limit)
        for place in search(question, named, _PASSAGES)
    ]


def _best_part(question: str, chunk: dict[str, Any], document: dict[str, Any] | None, limit: int) -> Passage:
    from ta_pipeline.composing.passages import Material, window_around
    from ta_pipeline.text.chunk import units_of

    kind, segments = _segments(chunk, document)
    units = tuple(units_of({"kind": kind, "segments": segments}))
    names = {name: chunk[name] for name in ("source", "lecture", "title", "language")}
    material = Material(id=chunk["document_id"], kind=kind, units=units, **names)
    windows = [window_around(material, place, place, limit) for place in range(len(units))]
    best = windows[search(question, [window.text for window in windows], 1)[0]]
    return Passage(chunk["title"], best.text, best.start, best.end, chunk["source"], chunk["id"])


def _segments(chunk: dict[str, Any], document: dict[str, Any] | None) -> tuple[str, list[dict[str, Any]]]:
    """Take the cues of a spoken chunk from its document, which knows the time of each; else its text."""
    if document is not None and chunk["start"] is not None:
        spoken = [s for s in document["segments"] if s["start"] is not None]
        inside = [s for s in spoken if chunk["start"] <= s["start"] and s["end"] <= chunk["end"]]
        if inside:
            return "transcript", inside
    return "text", [{name: chunk[name] for name in ("text", "heading", "page", "start", "end")}]


def _answer(
    run: LastRun,
    adapter: Path | None,
    gguf_files: Path | None,
    messages: list[dict[str, str]],
    longest: int,
) -> str:
    base_model = base_model_of(run, adapter)
    if gguf_files is not None:
        from ta_pipeline.quantization.gguf import gguf_name

        gguf = gguf_files / gguf_name(run.parameters["deploy"]["ollama_format"])
        return _answer_with_gguf(gguf, base_model, messages, longest)
    from transformers.utils.logging import disable_progress_bar

    from ta_pipeline.evaluation.generate import answer_messages
    from ta_pipeline.evaluation.model import load_for_evaluation
    from ta_pipeline.quantization.merge import check_adapter_fits
    from ta_pipeline.training.precision import resolve_precision

    disable_progress_bar()  # "Loading weights", in the middle of an answer
    if adapter is not None:
        check_adapter_fits(base_model, adapter)
    precision = resolve_precision(run.parameters["evaluate"]["precision"])
    loaded = load_for_evaluation(base_model, precision, adapter)
    return answer_messages(loaded, base_model, messages, longest)


def _answer_with_gguf(
    gguf: Path, tokenizer_folder: Path, messages: list[dict[str, str]], longest: int
) -> str:
    """Answer with the file that the Ollama bundle serves, through llama.cpp."""
    from ta_pipeline.chat.template import encode, load_tokenizer, render
    from ta_pipeline.serving.llama_server import LlamaServer

    tokenizer = load_tokenizer(tokenizer_folder)
    prompt = encode(tokenizer, [render(tokenizer, messages, add_generation_prompt=True)])[0]
    context = len(prompt) + longest + 8
    with LlamaServer(gguf, context, 1, log_dir() / "llama-ask.log") as server:
        answer = server.chat(messages, longest)
    return str(answer["choices"][0]["message"]["content"] or "").strip()
