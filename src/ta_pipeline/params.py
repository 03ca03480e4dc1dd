"""What a user may set, one frozen model a stage; unknown keys and impossible values are refused.

The values live in `conf/<env>/parameters_<stage>.yml`; the meaning and unit of each stand here. Kedro
reads the type hints of the nodes and validates every block before the first node runs.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator


class Strict(BaseModel):
    """Base of all parameter blocks: frozen, and a misspelt key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class PublicSet(Strict):
    """One public instruction or preference file mixed into the course rows."""

    name: str = Field(description="short name, shown as origin `public:<name>`")
    pattern: str = Field(description="glob below the folder of public sets")
    licence: str = Field(description="licence of the set, as its card states it")


class IngestParams(Strict):
    max_file_mb: float = Field(gt=0, description="a larger file is quarantined, MiB")
    max_quarantined_share: float = Field(
        ge=0, le=1, description="the run stops when a larger share of the files is quarantined"
    )
    role_map: dict[str, Literal["system", "user", "assistant", "tool"]] = Field(
        description="speaker names in dialogue files and the role each stands for"
    )
    public_sets: list[PublicSet] = Field(description="public sets to read where they are present")
    public_limit: int = Field(ge=0, description="rows read from each public set, from its start")


class DedupParams(Strict):
    threshold: float = Field(gt=0, le=1, description="exact Jaccard similarity that counts as a copy")
    ngram: int = Field(ge=2, le=10, description="characters a shingle")
    bands: int = Field(ge=1, description="LSH bands; bands x rows is the number of permutations")
    rows: int = Field(ge=1, description="hashes a band")


class CleanParams(Strict):
    min_words: int = Field(ge=0, description="shortest prose document; a CJK character is a word")
    max_symbol_share: float = Field(gt=0, le=1, description="symbols and OCR debris over characters")
    max_mojibake_share: float = Field(gt=0, le=1, description="undecodable characters over characters")
    languages: list[str] = Field(description="ISO codes of the languages that stay")
    min_course_similarity: float = Field(
        ge=0, le=1, description="an off-topic page shares a smaller share of its words with the course"
    )
    repeated_line_files: int = Field(
        ge=2, description="a short line found in at least so many files is boilerplate"
    )
    adverts: list[str] = Field(description="regular expressions; a line that matches is taken out")
    person_name_allow_list: list[str] = Field(description="names that are never masked")
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


class ComposeParams(Strict):
    held_out: list[str] = Field(description="globs over lecture names that never enter training")
    chunk: ChunkParams
    passages: PassageParams
    templates: list[str] = Field(description="template families to make rows from")
    rows_per_chunk: int = Field(ge=0, description="template rows made from one chunk, at most")
    refusal_share: float = Field(ge=0, le=1, description="refusal rows over grounded rows of a language")
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


class TokenizeParams(Strict):
    max_seq_len: int = Field(ge=64, description="tokens a block makes the model read, and the longest row")
    packing: bool = Field(description="several rows in one block, attention kept apart")


class LoraParams(Strict):
    rank: int = Field(ge=1)
    alpha: int = Field(ge=1)
    dropout: float = Field(ge=0, lt=1)
    targets: Literal["attention", "attention+mlp"] = Field(description="projections that get an adapter")


class TrainParams(Strict):
    """What SFT and DPO share."""

    learning_rate: float = Field(gt=0, le=1)
    max_steps: int = Field(ge=1, description="optimizer steps")
    warmup_share: float = Field(ge=0, lt=1, description="share of the steps with a rising rate")
    weight_decay: float = Field(ge=0)
    max_grad_norm: float = Field(gt=0)
    save_every: int = Field(ge=1, description="steps between checkpoints")
    precision: Literal["auto", "bf16", "fp32"] = Field(
        description="auto: bf16 where the machine has hardware for it"
    )
    gradient_checkpointing: bool
    zero_stage: int = Field(ge=0, le=3, description="DeepSpeed ZeRO stage; 0 is plain data parallel")
    num_processes: int = Field(ge=1, description="ranks that `accelerate launch` starts")

    @model_validator(mode="after")
    def _shards_need_ranks(self) -> TrainParams:
        if self.zero_stage and self.num_processes == 1:
            raise ValueError("zero_stage shards over processes: set num_processes to 2 or more, or it to 0")
        return self


class SftParams(TrainParams):
    global_batch_size: int = Field(ge=1, description="token blocks an optimizer step")
    label_smoothing: float = Field(ge=0, lt=1)
    opening_weight: float = Field(ge=1, description="weight of an answer's first tokens in the loss")
    lora: LoraParams


class DpoParams(TrainParams):
    """DPO goes on training the SFT adapter; its reference is that adapter as SFT left it."""

    global_batch_size: int = Field(ge=1, description="pairs an optimizer step")
    beta: float = Field(gt=0, description="strength of the pull towards the reference")
    sft_weight: float = Field(ge=0, description="weight of the chosen answer's own loss (RPO)")
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
