"""Stretch a model's context by changing how it turns positions into angles, in its config.json.

What is written there is what training, evaluation, the merge, vLLM and llama.cpp read, so the methods need no
code of their own anywhere else. Position interpolation is Chen et al. 2023 (arXiv 2306.15595), YaRN Peng et
al. 2023 (arXiv 2309.00071); NTK-aware scaling is taken as one fixed base, which every engine has.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, ValidationError

from ta_pipeline.params import Strict
from ta_pipeline.records import InputError

#: Key of config.json that keeps what was asked for; a changed base alone does not tell that it was changed.
ASKED = "ta_rope_scaling"


class RopeScaling(Strict):
    method: Literal["linear", "ntk", "yarn", "dynamic"] = Field(
        description="linear: interpolated positions; ntk: a larger base; yarn: in between, by wavelength; "
        "dynamic: NTK by the length of each text, which only vLLM serves"
    )
    factor: float = Field(gt=1, description="longest context over that of the base model")


def rope_scaling_of(given: dict[str, Any] | None) -> RopeScaling | None:
    """Read `rope_scaling` of globals.yml; raises InputError where it does not fit."""
    if given is None:
        return None
    try:
        return RopeScaling.model_validate(dict(given))
    except (ValidationError, TypeError, ValueError) as error:
        raise InputError(
            f"rope_scaling: {given!r} does not fit. Write null or {{method: linear | ntk | yarn | dynamic, "
            "factor: 4.0}, with a factor above 1, in conf/base/globals.yml."
        ) from error


def scaled_config(config: dict[str, Any], rope: dict[str, Any], scaling: RopeScaling) -> dict[str, Any]:
    """Return a config.json with its rotary positions stretched and its longest context raised.

    `rope` is what transformers reads from that file as `rope_parameters`. Under `dynamic` the longest context
    stays: engines stretch from it, and a raised one would never be reached. transformers then takes its base
    by the text and vLLM by the whole stretched length, so that short texts read a little otherwise there.
    Raises InputError where positions are scaled already, or by kinds of layers.
    """
    _check_plain(rope)
    longest = int(config["max_position_embeddings"])
    kept = {key: value for key, value in rope.items() if key in ("rope_theta", "partial_rotary_factor")}
    stretched = kept | _parameters(scaling, float(rope["rope_theta"]), _rotary_width(config, rope), longest)
    old = ("rope_scaling", "rope_theta", "rope_parameters")
    return {key: value for key, value in config.items() if key not in old} | {
        "rope_parameters": stretched,
        "max_position_embeddings": longest
        if scaling.method == "dynamic"
        else round(longest * scaling.factor),
        ASKED: scaling.model_dump(),
    }


def _check_plain(rope: dict[str, Any]) -> None:
    if "rope_theta" not in rope:
        raise InputError(
            "rope_scaling: this model has no rotary positions, or others for each kind of layer "
            f"({', '.join(rope) or 'none'}). Set rope_scaling: null in globals.yml, or use another model."
        )
    if rope.get("rope_type", "default") != "default":
        raise InputError(
            f"rope_scaling: this model already scales its positions ({rope['rope_type']}, factor "
            f"{rope.get('factor')}). Set rope_scaling: null in globals.yml."
        )


def _rotary_width(config: dict[str, Any], rope: dict[str, Any]) -> int:
    """Count the dimensions of a head that turn with the position."""
    head = config.get("head_dim") or config["hidden_size"] // config["num_attention_heads"]
    return int(head * rope.get("partial_rotary_factor", 1.0))


def _parameters(scaling: RopeScaling, theta: float, width: int, longest: int) -> dict[str, Any]:
    """Return the `rope_parameters` of a method."""
    if scaling.method == "ntk":
        return {"rope_type": "default", "rope_theta": ntk_base(theta, scaling.factor, width)}
    parameters: dict[str, Any] = {"rope_type": scaling.method, "factor": scaling.factor}
    if scaling.method == "yarn":
        parameters["original_max_position_embeddings"] = longest
    return parameters


def ntk_base(theta: float, factor: float, width: int) -> float:
    """Return the base by which a head's slowest pair turns `factor` times slower, and its fastest as before.

    theta' = theta * factor^(d / (d - 2)): pair i turns by theta^(-2i/d) a token, the last one has 2i = d - 2.
    """
    return float(theta * factor ** (width / (width - 2)))
