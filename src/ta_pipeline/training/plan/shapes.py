"""The shape of a model, from its config.json alone: no weights and no torch.

Known are the dense decoders that the project trains: Llama and what is built like it, Qwen 2 and 3, Mistral,
Gemma 1 to 3 (text), Phi 3, SmolLM 3, InternLM 2 and 3, Baichuan. A mixture of experts is refused: what its
activations take depends on where the router sends each token.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from ta_pipeline.records import InputError


@dataclass(frozen=True)
class Linear:
    """One linear layer of a decoder layer."""

    name: str
    inputs: int
    outputs: int
    bias: bool = False

    @property
    def weights(self) -> int:
        """Entries of the matrix, without the bias."""
        return self.inputs * self.outputs


@dataclass(frozen=True)
class ModelShape:
    """A dense decoder: sizes, and the linear layers of one of its layers."""

    name: str
    kind: str  # model_type
    hidden: int
    intermediate: int
    layers: int
    heads: int
    kv_heads: int
    head_dim: int
    vocabulary: int
    tied: bool
    attention: tuple[Linear, ...]
    mlp: tuple[Linear, ...]
    norms: int  # RMSNorms of a layer over the hidden width
    qk_norms: bool  # queries and keys are normalised head by head

    @property
    def query_width(self) -> int:
        """Width of all query heads together."""
        return self.heads * self.head_dim

    @property
    def key_width(self) -> int:
        """Width of all key heads together; the values have the same."""
        return self.kv_heads * self.head_dim

    @property
    def embedding(self) -> int:
        """Parameters of the embedding, which is the head too where they are tied."""
        return self.vocabulary * self.hidden

    @property
    def head(self) -> int:
        """Parameters of a head of its own; 0 where it is the embedding."""
        return 0 if self.tied else self.embedding

    @cached_property
    def matrices(self) -> int:
        """Parameters of the linear layers of all decoder layers, without biases: what NF4 and int8 shrink."""
        return self.layers * sum(linear.weights for linear in (*self.attention, *self.mlp))

    @cached_property
    def small(self) -> int:
        """Parameters of the norms and biases."""
        biases = sum(linear.outputs for linear in (*self.attention, *self.mlp) if linear.bias)
        heads = 2 * self.head_dim if self.qk_norms else 0
        return self.layers * (self.norms * self.hidden + heads + biases) + self.hidden

    @property
    def parameters(self) -> int:
        """All parameters, a tied head counted once."""
        return self.matrices + self.small + self.embedding + self.head

    def targets(self, mlp: bool) -> tuple[Linear, ...]:
        """Return the linear layers of one decoder layer that get a LoRA."""
        return (*self.attention, *self.mlp) if mlp else self.attention

    def lora_parameters(self, rank: int, mlp: bool, dora: bool = False) -> int:
        """Count the parameters of an adapter: rank x (in + out) a matrix, with DoRA one a row of it too."""
        found = self.targets(mlp)
        magnitudes = sum(linear.outputs for linear in found) if dora else 0
        return self.layers * (rank * sum(linear.inputs + linear.outputs for linear in found) + magnitudes)


def _separate(c: dict[str, Any]) -> tuple[tuple[Linear, ...], tuple[Linear, ...]]:
    """Lay the layers out as Llama does: every projection a matrix of its own."""
    hidden, q, kv, inner = c["hidden"], c["q"], c["kv"], c["intermediate"]
    attention = (
        Linear("q_proj", hidden, q, c["qkv_bias"]),
        Linear("k_proj", hidden, kv, c["qkv_bias"]),
        Linear("v_proj", hidden, kv, c["qkv_bias"]),
        Linear("o_proj", q, hidden, c["o_bias"]),
    )
    mlp = (
        Linear("gate_proj", hidden, inner, c["mlp_bias"]),
        Linear("up_proj", hidden, inner, c["mlp_bias"]),
        Linear("down_proj", inner, hidden, c["mlp_bias"]),
    )
    return attention, mlp


def _joined(qkv: str, out: str, mlp: tuple[str, ...]) -> Any:
    """Lay the layers out with queries, keys and values in one matrix; two names in `mlp`: gate and up too."""

    def lay_out(c: dict[str, Any]) -> tuple[tuple[Linear, ...], tuple[Linear, ...]]:
        hidden, inner = c["hidden"], c["intermediate"]
        first = len(mlp) - 1
        wide = tuple(Linear(name, hidden, inner * 2 // first) for name in mlp[:-1])
        attention = (Linear(qkv, hidden, c["q"] + 2 * c["kv"]), Linear(out, c["q"], hidden))
        return attention, (*wide, Linear(mlp[-1], inner, hidden))

    return lay_out


@dataclass(frozen=True)
class _Build:
    """What a `model_type` has that its config.json leaves unsaid."""

    layout: Any = _separate
    tied: bool = False
    head_dim: int | None = None
    qkv_bias: bool = False
    norms: int = 2
    qk_norms: bool = False


#: Read in the modeling and configuration files of transformers 5.17; InternLM's and Baichuan's in their own.
_BUILDS: dict[str, _Build] = {
    "llama": _Build(),
    "mistral": _Build(),
    "qwen2": _Build(qkv_bias=True),
    "qwen3": _Build(head_dim=128, qk_norms=True),
    "smollm3": _Build(tied=True),
    "gemma": _Build(tied=True, head_dim=256),
    "gemma2": _Build(tied=True, head_dim=256, norms=4),
    "gemma3_text": _Build(tied=True, head_dim=256, norms=4, qk_norms=True),
    "phi3": _Build(layout=_joined("qkv_proj", "o_proj", ("gate_up_proj", "down_proj"))),
    "internlm2": _Build(layout=_joined("wqkv", "wo", ("w1", "w3", "w2"))),
    "internlm3": _Build(),
    "baichuan": _Build(layout=_joined("W_pack", "o_proj", ("gate_proj", "up_proj", "down_proj"))),
}
_EXPERTS = ("num_experts", "num_local_experts", "n_routed_experts")


def shape_of(config: dict[str, Any], name: str) -> ModelShape:
    """Read the shape from the content of a config.json; `name` says in errors whose it is.

    Raises InputError for a mixture of experts, a type that is not known and a size that is missing.
    """
    config = config.get("text_config") or config
    kind = config.get("model_type")
    if any(config.get(key) for key in _EXPERTS):
        raise InputError(
            f"{name}: a mixture of experts ({kind}): its memory cannot be forecast. Plan a dense model."
        )
    if kind not in _BUILDS:
        raise InputError(
            f"{name}: model_type {kind!r} is not known to `ta plan`. Known: {', '.join(_BUILDS)}."
        )
    build = _BUILDS[kind]
    hidden, heads = _size(config, "hidden_size", name), _size(config, "num_attention_heads", name)
    kv_heads = config.get("num_key_value_heads") or heads
    head_dim = config.get("head_dim") or build.head_dim or hidden // heads
    bias = bool(config.get("attention_bias") or config.get("qkv_bias"))
    intermediate = _size(config, "intermediate_size", name)
    attention, mlp = build.layout(
        {
            "hidden": hidden,
            "intermediate": intermediate,
            "q": heads * head_dim,
            "kv": kv_heads * head_dim,
            "qkv_bias": build.qkv_bias or bias,
            "o_bias": bool(config.get("attention_bias")),
            "mlp_bias": bool(config.get("mlp_bias")),
        }
    )
    return ModelShape(
        name=name,
        kind=str(kind),
        hidden=hidden,
        intermediate=intermediate,
        layers=_size(config, "num_hidden_layers", name),
        heads=heads,
        kv_heads=kv_heads,
        head_dim=head_dim,
        vocabulary=_size(config, "vocab_size", name),
        tied=bool(config.get("tie_word_embeddings", build.tied)),
        attention=attention,
        mlp=mlp,
        norms=build.norms,
        qk_norms=build.qk_norms,
    )


def _size(config: dict[str, Any], key: str, name: str) -> int:
    value = config.get(key)
    if not isinstance(value, int) or value < 1:
        raise InputError(f"{name}: {key} is {value!r}; a model's config.json has a whole number there.")
    return value


def read_shape(path: Path, name: str | None = None) -> ModelShape:
    """Read the shape from a config.json, or from the folder that holds one; `name` is what to call the model.

    Raises InputError where there is none, or where it is no JSON object.
    """
    file = path / "config.json" if path.is_dir() else path
    try:
        config = json.loads(file.read_text("utf-8"))
    except FileNotFoundError as error:
        raise InputError(f"{file} is not there. Give a model's config.json, or its folder.") from error
    except ValueError as error:
        raise InputError(f"{file}: no JSON ({error}). Give a model's config.json.") from error
    if not isinstance(config, dict):
        raise InputError(f"{file}: a JSON {type(config).__name__}. A model's config.json is an object.")
    return shape_of(config, name or str(file))


def _published(
    kind: str, hidden: int, intermediate: int, layers: int, heads: int, kv: int, vocabulary: int, **more: Any
) -> dict[str, Any]:
    return {
        "model_type": kind,
        "hidden_size": hidden,
        "intermediate_size": intermediate,
        "num_hidden_layers": layers,
        "num_attention_heads": heads,
        "num_key_value_heads": kv,
        "vocab_size": vocabulary,
        "tie_word_embeddings": False,
    } | more


#: Well-known sizes, so that they can be planned without a network: the values of the config.json that
#: huggingface.co/<id>/blob/main/config.json shows. A test holds their parameters to the published counts.
PUBLISHED: dict[str, dict[str, Any]] = {
    "Qwen/Qwen3-0.6B": _published("qwen3", 1024, 3072, 28, 16, 8, 151936, tie_word_embeddings=True),
    "Qwen/Qwen3-1.7B": _published("qwen3", 2048, 6144, 28, 16, 8, 151936, tie_word_embeddings=True),
    "Qwen/Qwen3-4B": _published("qwen3", 2560, 9728, 36, 32, 8, 151936, tie_word_embeddings=True),
    "Qwen/Qwen3-8B": _published("qwen3", 4096, 12288, 36, 32, 8, 151936),
    "Qwen/Qwen3-14B": _published("qwen3", 5120, 17408, 40, 40, 8, 151936),
    "Qwen/Qwen2.5-7B-Instruct": _published("qwen2", 3584, 18944, 28, 28, 4, 152064),
    "Qwen/Qwen2.5-14B-Instruct": _published("qwen2", 5120, 13824, 48, 40, 8, 152064),
    "meta-llama/Llama-2-7b-hf": _published("llama", 4096, 11008, 32, 32, 32, 32000),
    "meta-llama/Llama-3.1-8B-Instruct": _published("llama", 4096, 14336, 32, 32, 8, 128256),
    "mistralai/Mistral-7B-Instruct-v0.3": _published("mistral", 4096, 14336, 32, 32, 8, 32768),
}


def published_shape(name: str) -> ModelShape | None:
    """Return the shape of a well-known model by its hub id, base or instruct; None for others."""
    wanted = _plain(name)
    for known, config in PUBLISHED.items():
        if _plain(known) == wanted:
            return shape_of(config, name)
    return None


def _plain(name: str) -> str:
    """Write an id so that a base model and what was tuned from it are one: they have one shape."""
    plain = name.removeprefix("modelscope:").lower()
    for ending in ("-instruct", "-base", "-hf", "-chat"):
        plain = plain.removesuffix(ending)
    return plain
