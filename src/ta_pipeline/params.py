"""What a user may set, one frozen model a stage; unknown keys and impossible values are refused.

The values live in `conf/<env>/parameters_<stage>.yml`; the meaning and unit of each stand here. Kedro
reads the type hints of the nodes and validates every block before the first node runs.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator


class Strict(BaseModel):
    """Base of all parameter blocks: frozen, and a misspelt key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


#: What a set's columns stand for, by format, and which of them a set must name.
SET_FIELDS: dict[str, tuple[set[str], set[str]]] = {
    "dialogue": (set(), set()),
    "pair": ({"question", "answer"}, {"system", "input"}),
    "turns": ({"turns"}, {"system", "tools", "chosen", "rejected", "image"}),
    "reading": ({"passage", "question", "answers"}, {"title"}),
    "choices": ({"question", "choices", "answer"}, {"passage"}),
    "natural_questions": ({"question", "annotations"}, {"text", "tokens", "title"}),
    "guard": ({"question", "answer", "question_label", "answer_label", "categories"}, set()),
}


class PublicSet(Strict):
    """One public set: where it comes from, which files and columns it has, and what its licence allows."""

    hub: str | None = Field(default=None, description="id on the Hugging Face hub")
    modelscope: str | None = Field(default=None, description="id on ModelScope")
    files: list[str] = Field(
        default=[],
        description="globs over the files of the hub's repository, {split} filled in: what is downloaded",
    )
    split: str = Field(default="train", description="fills {split} in `files` and `pattern`")
    pattern: str | list[str] = Field(
        description="glob, or several, below the folder of public sets for files put there by hand"
    )
    format: Literal["dialogue", "pair", "turns", "reading", "choices", "natural_questions", "guard"] = Field(
        description="what a row holds; dialogue: any shape that files of a course may have"
    )
    fields: dict[str, str | list[str]] = Field(
        default={},
        description="column of each part of a row, dotted where nested; of several the first found",
    )
    keep: list[str] = Field(
        default=[], description="other columns that stay with the row, in `row` of its meta"
    )
    remove: list[str] = Field(default=[], description="regular expressions taken out of what is said")
    card: str = Field(description="address of the page that describes the set and states its licence")
    licence: str = Field(description="licence of the set, as its card or its authors state it")
    non_commercial: bool = Field(description="the licence forbids commercial use, or none is given")
    languages: list[str] = Field(min_length=1, description="ISO codes")
    capability: Literal[
        "general", "reading", "math", "reasoning", "safety", "tools", "preference", "identity", "multimodal"
    ] = Field(description="what the set teaches")

    @field_validator("remove")
    @classmethod
    def _compiles(cls, patterns: list[str]) -> list[str]:
        for pattern in patterns:
            try:
                re.compile(pattern)
            except re.error as error:
                raise ValueError(f"{pattern!r} is no regular expression: {error}") from error
        return patterns

    @model_validator(mode="after")
    def _names_the_fields_of_its_format(self) -> PublicSet:
        required, optional = SET_FIELDS[self.format]
        if wrong := sorted(required - set(self.fields)) + sorted(set(self.fields) - required - optional):
            raise ValueError(
                f"fields of the format {self.format} are {', '.join(sorted(required)) or 'none'}"
                f"{' and perhaps ' + ', '.join(sorted(optional)) if optional else ''}; look at {wrong[0]}"
            )
        return self


class SourcesParams(Strict):
    allow_non_commercial: bool = Field(
        description="read sets whose licence forbids commercial use; otherwise such a set stops the run"
    )
    rows_per_set: int = Field(ge=0, description="rows read from each public set, from its start")
    fill: dict[str, str] = Field(
        description="what {{name}} and {{author}} in identity rows become; an empty one leaves its rows out"
    )
    sets: dict[Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]*$")], PublicSet] = Field(
        description="public sets by name; rows have the origin `public:<name>`"
    )


class ArchiveParams(Strict):
    """What may come out of one archive, nested ones included; beyond it the archive is quarantined."""

    max_mb: float = Field(default=1024, gt=0, description="unpacked size, MiB")
    max_files: int = Field(default=10_000, ge=1, description="members, folders included")
    max_depth: int = Field(default=3, ge=1, description="archives inside each other, the outermost included")
    max_ratio: float = Field(default=200, ge=1, description="unpacked over packed size; text has 3 to 20")


class SpeechParams(Strict):
    """How recordings, audio and video, are transcribed by Whisper."""

    model: str = Field(
        min_length=1, description="size name, hub id or local folder of a faster-whisper model"
    )
    language: str | None = Field(
        description="ISO code of what is spoken; null: heard from the first speech of each recording"
    )
    device: Literal["auto", "cpu", "cuda"] = Field(description="auto: a GPU where CTranslate2 finds one")
    threads: int = Field(ge=0, description="CPU threads; 0: OMP_NUM_THREADS, or four where it is not set")
    max_file_mb: float = Field(gt=0, description="a larger recording is quarantined, MiB")
    max_hours: float = Field(gt=0, description="a longer recording is quarantined")


class IngestParams(Strict):
    max_file_mb: float = Field(gt=0, description="a larger file is quarantined, MiB")
    max_quarantined_share: float = Field(
        ge=0, le=1, description="the run stops when a larger share of the files is quarantined"
    )
    role_map: dict[str, Literal["system", "user", "assistant", "tool"]] = Field(
        description="speaker names in dialogue files and the role each stands for"
    )
    seconds_per_mb: float = Field(
        default=10, gt=0, description="time to read one file, for each MiB begun, before it is given up"
    )
    max_reader_memory_mb: int = Field(
        default=2048, ge=256, description="memory of the process that reads files, MiB"
    )
    max_ocr_pages: int = Field(default=500, ge=0, description="scanned pages read in one PDF")
    archives: ArchiveParams = Field(default=ArchiveParams(), description="limits on zip and tar files")
    speech: SpeechParams | None = Field(
        default=None, description="how recordings are transcribed; null: they are quarantined"
    )


class DedupParams(Strict):
    engine: Literal["embedded", "ray"] = Field(
        default="embedded", description="embedded: processes of this machine; ray: Daft on a Ray cluster"
    )
    method: Literal["minhash", "simhash"] = Field(
        default="minhash", description="what proposes pairs; exact Jaccard decides either way"
    )
    threshold: float = Field(gt=0, le=1, description="exact Jaccard similarity that counts as a copy")
    ngram: int = Field(ge=2, le=10, description="characters a shingle")
    bands: int = Field(ge=2, description="LSH bands; bands x rows is the number of permutations")
    rows: int = Field(ge=1, description="hashes a band")


class ProseLimits(Strict):
    """When a page or a transcript of one language does not read like prose.

    Tokens are words, in Chinese characters and words of Latin letters.
    """

    min_tokens: int = Field(ge=1, description="shorter pages are not asked")
    min_tokens_for_ngrams: int = Field(ge=1, description="shorter pages are not asked for repeated n-grams")
    top_ngrams: dict[Annotated[int, Field(ge=1, le=50)], Annotated[float, Field(gt=0, le=1)]] = Field(
        description="tokens of an n-gram: largest share of the characters in the most frequent one"
    )
    duplicate_ngrams: dict[Annotated[int, Field(ge=1, le=50)], Annotated[float, Field(gt=0, le=1)]] = Field(
        description="tokens of an n-gram: largest share of the characters in those seen before", min_length=1
    )
    duplicate_lines: float = Field(gt=0, le=1, description="largest share of lines seen before")
    duplicate_line_characters: float = Field(
        gt=0, le=1, description="largest share of characters in lines seen before"
    )
    word_length: tuple[float, float] = Field(description="least and largest mean length of a token")
    min_letter_share: float = Field(
        ge=0, le=1, description="tokens with a letter over tokens with a letter or a digit"
    )
    min_stop_words: int = Field(ge=0, description="places of `stop_words` that prose has at least")
    stop_words: list[str] = Field(description="the commonest tokens of the language")
    min_sentence_ends: float = Field(
        ge=0, le=1, description="lines that end a sentence over lines of prose; more are needed"
    )
    lines_per_token: float = Field(
        gt=0, description="lines of prose that end no sentence over tokens, at most"
    )


class ForbiddenParams(Strict):
    """What regulation forbids to be learned."""

    lexicon: str | None = Field(
        description="file of terms, below the project folder; `[category]` lines head them; null: none"
    )
    action: Literal["document", "line"] = Field(description="what goes where a term stands")


class CleanParams(Strict):
    simplify_chinese: bool = Field(description="turn traditional characters into simplified ones")
    min_words: int = Field(ge=0, description="shortest prose document; a CJK character is a word")
    max_symbol_share: float = Field(gt=0, le=1, description="symbols and OCR debris over characters")
    max_broken_word_share: float = Field(
        gt=0, le=1, description="words like ve1ocity, which scanners make, over words"
    )
    max_mojibake_share: float = Field(gt=0, le=1, description="undecodable characters over characters")
    languages: list[str] = Field(description="ISO codes of the languages that stay")
    min_course_similarity: float = Field(
        ge=0, le=1, description="an off-topic page shares a smaller share of its words with the course"
    )
    repeated_line_files: int = Field(
        ge=2, description="a short line found in at least so many files is boilerplate"
    )
    adverts: list[str] = Field(description="regular expressions; a line that matches is taken out")
    copyright_lines: list[str] = Field(description="the same for lines that say who owns a text")
    navigation_lines: list[str] = Field(description="the same for links and menus of a page")
    forbidden: ForbiddenParams
    prose: dict[str, ProseLimits] = Field(description="by ISO code of the language; others are not asked")
    person_name_allow_list: list[str] = Field(description="names that are never masked")
    presidio_model: str | None = Field(
        description="installed spaCy model by which Presidio helps with English names; null: the rules alone"
    )
    dedup: DedupParams


class ChunkParams(Strict):
    min_tokens: int = Field(ge=1, description="shorter neighbours under one heading are joined")
    max_tokens: int = Field(ge=32, description="tokens of the training tokenizer")
    overlap_tokens: int = Field(ge=0, description="tokens repeated across a cut")

    @model_validator(mode="after")
    def _ordered(self) -> ChunkParams:
        if not self.overlap_tokens < self.min_tokens <= self.max_tokens:
            raise ValueError("chunk sizes must satisfy overlap_tokens < min_tokens <= max_tokens")
        return self


class PassageParams(Strict):
    chars: int = Field(
        ge=50,
        description="length of one context passage in letters; a Chinese character counts as four",
    )
    distractors: int = Field(ge=0, description="passages of other lectures beside the right one")


class SplitParams(Strict):
    validation_share: float = Field(ge=0, lt=1)
    test_share: float = Field(ge=0, lt=1)


class RarerShares(Strict):
    """Rows of rarer kinds, each over the grounded rows of its language; 0: none."""

    follow_up: float = Field(default=0.0, ge=0, le=0.5, description="a second turn after an answer")
    premise: float = Field(
        default=0.0, ge=0, le=0.5, description="a claim about a term to judge, or a question that assumes one"
    )
    injection: float = Field(
        default=0.0, ge=0, le=0.5, description="instructions to the model hidden in a passage"
    )
    tool: float = Field(default=0.0, ge=0, le=0.5, description="the course searched, a recording played")


class TeacherPrices(Strict):
    prompt: float = Field(default=0.0, ge=0, description="price of a million prompt tokens")
    answer: float = Field(default=0.0, ge=0, description="price of a million tokens of the answers")


class TeacherParams(Strict):
    """A larger model behind an OpenAI-compatible URL; the key itself is no parameter."""

    url: str = Field(
        pattern=r"^https?://[^@?#\s]+$",
        description="base URL up to /v1, without user, password or query: http://127.0.0.1:8080/v1",
    )
    model: str = Field(min_length=1, description="name of the model, as the server calls it")
    api_key_env: str | None = Field(
        default=None,
        pattern=r"^[A-Z_][A-Z0-9_]*$",
        description="name of the environment variable that holds the API key; null: the server wants none",
    )
    questions_per_chunk: int = Field(default=3, ge=0, description="questions asked for on one chunk; 0: none")
    chunk_limit: int | None = Field(
        default=None, ge=1, description="chunks asked about, spread evenly; null: all"
    )
    score_preferences: bool = Field(default=True, description="drop pairs whose rejected answer it prefers")
    json_schema: bool = Field(
        default=True, description="send the answer's JSON schema; off for a server that refuses it"
    )
    temperature: float = Field(default=0.0, ge=0, le=2, description="0: the likeliest answer")
    max_tokens: int = Field(default=1024, ge=16, description="tokens of one answer, at most")
    concurrency: int = Field(default=4, ge=1, le=256, description="requests under way at once, at most")
    max_retries: int = Field(
        default=5, ge=0, description="further tries after 429, 5xx, timeouts and cut lines"
    )
    timeout_s: float = Field(default=120.0, gt=0, description="seconds to wait for one answer")
    prices: TeacherPrices = Field(default=TeacherPrices(), description="for the account of what it cost")

    @model_validator(mode="before")
    @classmethod
    def _hide_what_may_be_a_key(cls, given: Any) -> Any:
        """Blank values that do not fit, before the error message quotes them: one may be a key."""
        if not isinstance(given, dict):
            return given
        forms = {"url": r"https?://[^@?#\s]+", "api_key_env": r"[A-Z_][A-Z0-9_]*"}
        wrong = {
            name: "(not shown)"
            for name, form in forms.items()
            if isinstance(given.get(name), str) and not re.fullmatch(form, given[name])
        }
        return {**given, **wrong}


class ComposeParams(Strict):
    held_out: list[str] = Field(description="globs over lecture names that never enter training")
    chunk: ChunkParams
    passages: PassageParams
    templates: list[str] = Field(description="template families to make rows from")
    rows_per_chunk: int = Field(ge=0, description="template rows made from one chunk, at most")
    refusal_share: float = Field(ge=0, le=1, description="refusal rows over grounded rows of a language")
    rarer: RarerShares = Field(default=RarerShares(), description="shares of the rarer kinds of rows")
    replay_share: float = Field(ge=0, lt=1, description="public rows over all training rows")
    max_question_similarity: float = Field(
        gt=0,
        le=1,
        description="training questions nearer to a benchmark question are dropped (3-gram Jaccard)",
    )
    max_reference_similarity: float = Field(
        gt=0,
        le=1,
        description="training answers nearer to a benchmark reference are dropped (3-gram Jaccard)",
    )
    split: SplitParams
    preferences: int = Field(ge=0, description="preference pairs made from the course, at most")
    questions_per_lecture: int = Field(
        ge=1, description="questions made for a course that brings no benchmark of its own"
    )
    teacher: TeacherParams | None = Field(
        default=None, description="a larger model that writes questions and judges pairs; null: off"
    )


class TokenizeParams(Strict):
    max_seq_len: int = Field(ge=64, description="tokens a block makes the model read, and the longest row")
    packing: bool = Field(description="several rows in one block, attention kept apart")
    workers: int | None = Field(
        default=None, ge=1, description="processes that render and tokenize; null: one a core"
    )
    every_turn: bool = Field(
        default=False,
        description="learn earlier answers of talks over passages too, whose passages no longer stand there",
    )
    max_dropped_share: float = Field(
        default=0.05, ge=0, le=1, description="more rows without trustworthy labels than this end the run"
    )


class LoraParams(Strict):
    rank: int = Field(ge=1)
    alpha: int = Field(ge=1)
    dropout: float = Field(ge=0, lt=1)
    targets: Literal["attention", "attention+mlp"] = Field(description="projections that get an adapter")


class EarlyStopping(Strict):
    """End a training that has stopped getting better; the best checkpoint is what stays."""

    metric: Literal["validation_loss", "benchmark_score"] = Field(
        default="validation_loss",
        description="benchmark_score: share of the benchmark references' tokens that come first",
    )
    patience: int = Field(default=3, ge=1, description="evaluations without an improvement")
    min_change: float = Field(default=0.0, ge=0, description="a smaller change is no improvement")


class TrainParams(Strict):
    """What SFT and preference training share."""

    learning_rate: float = Field(gt=0, le=1)
    max_steps: int | None = Field(default=None, ge=1, description="optimizer steps; or name `epochs`")
    epochs: float | None = Field(default=None, gt=0, description="passes over the rows; or name `max_steps`")
    micro_batch_size: int = Field(
        default=1, ge=1, description="rows a rank reads at once; accumulation follows from the global batch"
    )
    warmup_share: float = Field(ge=0, lt=1, description="share of the steps with a rising rate")
    weight_decay: float = Field(ge=0)
    max_grad_norm: float = Field(gt=0)
    save_every: int = Field(ge=1, description="steps between checkpoints")
    eval_every: int | None = Field(
        default=None, ge=1, description="steps between looks at the validation rows; null: at the end"
    )
    early_stopping: EarlyStopping | None = Field(default=None, description="null: train to the last step")
    precision: Literal["auto", "bf16", "fp16", "fp32"] = Field(
        description="auto: bf16, else fp16 on a GPU, else fp32, by what the machine has hardware for"
    )
    gradient_checkpointing: bool
    fast_layers: bool = Field(
        default=True, description="layers computed by this project's own faster functions where they can be"
    )
    zero_stage: int = Field(ge=0, le=3, description="DeepSpeed ZeRO stage; 0 is plain data parallel")
    offload: Literal["none", "optimizer", "optimizer+parameters"] = Field(
        default="none", description="what ZeRO keeps in the memory of the CPU; parameters need stage 3"
    )
    num_processes: int = Field(ge=1, description="ranks on all machines together; one a GPU")
    hostfile: str | None = Field(
        default=None, description="file with `host slots=N` lines, below the project; null: this machine"
    )
    auto_fit: bool = Field(
        default=False, description="when memory runs out, take the next rung of the ladder and go on"
    )
    on_change: Literal["refuse", "fork", "restart"] = Field(
        default="refuse",
        description="what to do with an unfinished run of other data, parameters or code: stop, go on from "
        "its last checkpoint as a new run that names its parent, or begin anew",
    )

    @model_validator(mode="after")
    def _fits_together(self) -> TrainParams:
        if self.zero_stage and self.num_processes == 1 and self.offload == "none":
            raise ValueError("zero_stage shards over processes: set num_processes to 2 or more, or it to 0")
        if (self.max_steps is None) == (self.epochs is None):
            raise ValueError("name max_steps or epochs, and set the other to null")
        if self.offload != "none" and self.zero_stage == 0:
            raise ValueError("offload is ZeRO's: set zero_stage to 1, 2 or 3")
        if self.offload == "optimizer+parameters" and self.zero_stage != 3:
            raise ValueError("offload of parameters needs zero_stage 3")
        if self.early_stopping and not self.eval_every:
            raise ValueError("early_stopping looks at the validation rows: set eval_every")
        return self


class SftParams(TrainParams):
    global_batch_size: int = Field(ge=1, description="token blocks an optimizer step, over all ranks")
    label_smoothing: float = Field(ge=0, lt=1)
    opening_weight: float = Field(ge=1, description="weight of an answer's first tokens in the loss")
    adapter: Literal["lora", "dora", "full"] = Field(
        default="lora", description="what is trained; full: every weight of the base model"
    )
    qlora: Literal["never", "auto", "required"] = Field(
        default="never",
        description="frozen weights in 4 or 8 bits; auto: where bitsandbytes works, else plain LoRA",
    )
    quantized_base: Literal["nf4", "int8"] = Field(
        default="nf4", description="form of the frozen weights under QLoRA (int8: LLM.int8)"
    )
    lora: LoraParams
    continue_from: str | None = Field(
        default=None, description="adapter folder to go on from, or `last`: the newest sft_adapter"
    )

    @model_validator(mode="after")
    def _adapter_fits(self) -> SftParams:
        if self.adapter == "full" and self.qlora != "never":
            raise ValueError("quantized weights cannot be trained: adapter full needs qlora never")
        if self.qlora != "never" and self.zero_stage == 3:
            raise ValueError("ZeRO-3 does not shard bitsandbytes' weights: use zero_stage 2 with qlora")
        return self


class DpoParams(TrainParams):
    """Preference training goes on from the SFT adapter; DPO's reference is that adapter as SFT left it."""

    method: Literal["dpo", "orpo"] = Field(default="dpo", description="orpo needs no reference model")
    global_batch_size: int = Field(ge=1, description="pairs an optimizer step, over all ranks")
    beta: float = Field(gt=0, description="strength of the pull towards the reference; ORPO's lambda")
    sft_weight: float = Field(ge=0, description="weight of the chosen answer's own loss (RPO); not for ORPO")
    max_prompt_tokens: int = Field(ge=32)
    max_answer_tokens: int = Field(ge=8)


class EvaluateParams(Strict):
    limit: int | None = Field(description="questions answered an artefact (stratified); null: all")
    closed_book_limit: int = Field(ge=0, description="questions also asked without any passage")
    max_new_tokens: int = Field(ge=1)
    batch_tokens: int = Field(
        ge=64, description="tokens in the caches of the answers written at once, padding included"
    )
    loss_limit: int | None = Field(description="references scored an artefact; null: all")
    bootstrap_samples: int = Field(ge=100)
    precision: Literal["auto", "bf16", "fp32"]


class QuantizeParams(Strict):
    formats: list[Literal["f16", "q8_0", "q4_k_m"]] = Field(min_length=1)
    limit: int | None = Field(description="questions each GGUF answers (stratified); null: all")
    loss_limit: int | None = Field(description="references scored on each GGUF; null: all")
    parallel: int = Field(ge=1, description="llama.cpp slots answering at once")


class DeployParams(Strict):
    name: str = Field(pattern=r"^[a-z0-9][a-z0-9_-]*$", description="the name that both servers serve")
    ollama_format: Literal["f16", "q8_0", "q4_k_m"] = Field(description="GGUF that Ollama serves")
    temperature: float = Field(ge=0, le=2)
    repeat_penalty: float = Field(ge=0.5, le=2)
    max_model_len: int = Field(ge=256, description="tokens of context that the servers offer")
    gpu_memory_utilization: float = Field(gt=0, le=1)
    tensor_parallel_size: int = Field(ge=1)
    max_num_seqs: int = Field(ge=1)
    host: str = Field(description="address that the start scripts bind; loopback by default")
    port: int = Field(ge=1, le=65535)


#: Every block of `conf/*/parameters_<stage>.yml` and the model that it must fit.
BLOCKS: dict[str, type[Strict]] = {
    "sources": SourcesParams,
    "ingest": IngestParams,
    "clean": CleanParams,
    "compose": ComposeParams,
    "tokenize": TokenizeParams,
    "sft": SftParams,
    "dpo": DpoParams,
    "evaluate": EvaluateParams,
    "quantize": QuantizeParams,
    "deploy": DeployParams,
}


def problems_of(parameters: dict[str, Any]) -> list[str]:
    """List what is wrong with the parameters of all stages, each as `name: value: what is allowed`."""
    found = []
    for name, model in BLOCKS.items():
        try:
            model.model_validate(parameters.get(name, {}))
        except ValidationError as error:
            for problem in error.errors():
                path = ".".join([name, *map(str, problem["loc"])])
                found.append(f"{path}: {problem['input']!r:.60}: {problem['msg']}")
    return found
