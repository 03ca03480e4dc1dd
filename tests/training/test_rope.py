"""Stretched contexts: a model read from its changed config.json gives the logits of the method's own formula.

The frequencies are computed here once more, from the papers, in NumPy, and put into a model whose config.json
was never touched.
"""

import json
import math

import numpy as np
import pytest
import torch
from transformers import AutoModelForCausalLM, LlamaConfig, LlamaForCausalLM

from ta_pipeline.records import InputError
from ta_pipeline.training.base_model import settled_model
from ta_pipeline.training.rope import RopeScaling, ntk_base, rope_scaling_of, scaled_config

ORIGINAL, WIDTH, THETA, LENGTH = 64, 16, 10_000.0, 200


@pytest.fixture(scope="module", autouse=True)
def own_cache(tmp_path_factory):
    """Keep what is derived here out of the user's cache."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HF_HOME", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    """A two-layer model for 64 positions whose attention is sharp enough to feel where a token stands."""
    folder = tmp_path_factory.mktemp("plain") / "plain"
    config = LlamaConfig(
        vocab_size=97, hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=2,
        num_key_value_heads=1, head_dim=WIDTH, max_position_embeddings=ORIGINAL, initializer_range=0.4,
        rope_parameters={"rope_type": "default", "rope_theta": THETA}, tie_word_embeddings=True,
    )  # fmt: skip
    with torch.random.fork_rng():
        torch.manual_seed(5)
        LlamaForCausalLM(config).save_pretrained(folder)
    (folder / "tokenizer_config.json").write_text("{}", "utf-8")
    return folder


def frequencies(method, factor, length):
    """Radians a token by pair of dimensions, and what cosine and sine are multiplied by."""
    pairs = np.arange(0, WIDTH, 2) / WIDTH
    usual = THETA**-pairs
    if method == "linear":  # Chen et al. 2023: position m / s
        return usual / factor, 1.0
    if method == "ntk":
        return (THETA * factor ** (WIDTH / (WIDTH - 2))) ** -pairs, 1.0
    if method == "dynamic":  # the same, by what the text needs
        grown = max(factor * length / ORIGINAL - (factor - 1), 1)
        return (THETA * grown ** (WIDTH / (WIDTH - 2))) ** -pairs, 1.0
    # YaRN (Peng et al. 2023, section 3): pairs that turn over 32 times within the original length stay, those
    # that turn less than once are interpolated, between them a ramp over the pairs; temperature 0.1 ln s + 1.
    low, high = (WIDTH * math.log(ORIGINAL / (n * 2 * math.pi)) / (2 * math.log(THETA)) for n in (32, 1))
    low, high = max(math.floor(low), 0), min(math.ceil(high), WIDTH - 1)
    ramp = np.clip((np.arange(WIDTH // 2) - low) / (high - low), 0, 1)
    return usual / factor * ramp + usual * (1 - ramp), 0.1 * math.log(factor) + 1


def logits(folder, length, turned=None):
    """Return float32 logits [length, vocabulary]; `turned` replaces what the model makes of its positions."""
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    if turned is not None:
        rotary = model.model.rotary_emb
        rotary.inv_freq = torch.tensor(turned[0], dtype=torch.float32)
        rotary.attention_scaling = turned[1]
    ids = (torch.arange(length)[None] * 31 + 7) % 97
    with torch.inference_mode():
        return model(input_ids=ids).logits[0]


@pytest.mark.parametrize("method", ["linear", "ntk", "yarn", "dynamic"])
def test_logits_beyond_the_original_length_are_those_of_the_methods_formula(plain, method):
    scaling = RopeScaling(method=method, factor=4.0)
    got = logits(settled_model(plain, rope_scaling=scaling), LENGTH)
    wanted = logits(plain, LENGTH, frequencies(method, 4.0, LENGTH))
    torch.testing.assert_close(got, wanted, atol=2e-4, rtol=0)
    assert (got - logits(plain, LENGTH))[ORIGINAL:].abs().max() > 0.1  # unscaled is something else


@pytest.mark.parametrize("method", ["linear", "ntk", "yarn"])
def test_a_stretched_model_is_another_one_within_the_original_length_too(plain, method):
    scaled = settled_model(plain, rope_scaling=RopeScaling(method=method, factor=4.0))
    assert (logits(scaled, 40) - logits(plain, 40)).abs().max() > 0.05


def test_dynamic_positions_change_nothing_within_the_original_length(plain):
    scaled = settled_model(plain, rope_scaling=RopeScaling(method="dynamic", factor=4.0))
    torch.testing.assert_close(logits(scaled, ORIGINAL), logits(plain, ORIGINAL), atol=1e-5, rtol=0)


@pytest.mark.parametrize(
    ("method", "rope", "longest"),
    [
        ("linear", {"rope_type": "linear", "factor": 4.0, "rope_theta": 1e4}, 256),
        ("ntk", {"rope_type": "default", "rope_theta": pytest.approx(1e4 * 4 ** (8 / 7))}, 256),
        (
            "yarn",
            {
                "rope_type": "yarn",
                "factor": 4.0,
                "rope_theta": 1e4,
                "original_max_position_embeddings": 64,
            },
            256,
        ),
        ("dynamic", {"rope_type": "dynamic", "factor": 4.0, "rope_theta": 1e4}, 64),
    ],
)
def test_what_config_json_says_of_each_method(plain, method, rope, longest):
    folder = settled_model(plain, rope_scaling=RopeScaling(method=method, factor=4.0))
    config = json.loads((folder / "config.json").read_text("utf-8"))
    assert config["rope_parameters"] == rope
    assert config["max_position_embeddings"] == longest
    assert config["ta_rope_scaling"] == {"method": method, "factor": 4.0}
    assert (folder / "model.safetensors").resolve() == plain / "model.safetensors"


def test_the_larger_base_slows_the_slowest_pair_by_the_factor_and_not_the_fastest():
    base = ntk_base(1e4, 4.0, 128)
    assert (1e4 / base) ** (126 / 128) == pytest.approx(1 / 4)
    assert base**0 == 1e4**0


def test_the_old_names_of_a_configuration_give_way():
    old = {"rope_theta": 1e6, "rope_scaling": None, "max_position_embeddings": 40960, "head_dim": 128}
    new = scaled_config(
        old, {"rope_type": "default", "rope_theta": 1e6}, RopeScaling(method="yarn", factor=2.5)
    )
    assert "rope_theta" not in new
    assert "rope_scaling" not in new
    assert new["max_position_embeddings"] == 102400
    assert old["max_position_embeddings"] == 40960


@pytest.mark.parametrize(
    ("rope", "said"),
    [
        ({"rope_type": "llama3", "rope_theta": 5e5, "factor": 8.0}, "already scales its positions .llama3"),
        ({"full_attention": {}, "sliding_attention": {}}, "full_attention, sliding_attention"),
        ({}, "no rotary positions"),
    ],
)
def test_a_model_that_cannot_be_stretched_plainly_is_refused_with_the_cure(rope, said):
    with pytest.raises(InputError, match=f"{said}.*rope_scaling: null"):
        scaled_config({"max_position_embeddings": 64}, rope, RopeScaling(method="linear", factor=2.0))


@pytest.mark.parametrize(
    "given", [{"method": "ntk-by-parts", "factor": 2}, {"method": "linear"}, "yarn", {"factor": 1}]
)
def test_a_wrong_parameter_is_quoted_with_what_fits(given):
    with pytest.raises(InputError, match=r"method: linear \| ntk \| yarn \| dynamic"):
        rope_scaling_of(given)


def test_nothing_asked_for_is_nothing_changed(plain):
    assert rope_scaling_of(None) is None
    assert settled_model(plain) == plain
