"""A stretched context and a decided template go through merge and conversion into the files that are served."""

import json

import gguf
import pytest

from ta_pipeline.quantization.gguf import check_gguf, export_gguf, gguf_name
from ta_pipeline.quantization.merge import merge
from ta_pipeline.records import InputError
from ta_pipeline.training.base_model import settled_model
from ta_pipeline.training.rope import RopeScaling, ntk_base


@pytest.fixture(scope="module", autouse=True)
def own_cache(tiny_model, tmp_path_factory):
    """Keep what is derived here out of the user's cache; the tiny model is in it already."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HF_HOME", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="module")
def merged(tiny_model, tiny_adapter, tmp_path_factory):
    """Return what merges the adapter into the tiny model stretched by a method."""

    def make(method):
        folder = tmp_path_factory.mktemp(method) / "merged_model"
        base = settled_model(tiny_model, rope_scaling=RopeScaling(method=method, factor=4.0))
        merge(base, tiny_adapter, folder)
        return folder

    return make


def rope_of(model, tmp_path, fmt):
    export_gguf(model, [fmt], tmp_path, tmp_path / "logs")
    fields = gguf.GGUFReader(tmp_path / gguf_name(fmt)).fields
    wanted = ("llama.rope", "llama.context_length")
    values = {key: field.contents() for key, field in fields.items() if key.startswith(wanted)}
    return {key.removeprefix("llama."): value for key, value in values.items()}


WRITTEN = {
    "linear": {"rope.freq_base": 1e5, "rope.scaling.type": "linear", "rope.scaling.factor": 4.0},
    "ntk": {"rope.freq_base": pytest.approx(ntk_base(1e5, 4.0, 16))},
    "yarn": {
        "rope.freq_base": 1e5,
        "rope.scaling.type": "yarn",
        "rope.scaling.factor": 4.0,
        "rope.scaling.original_context_length": 8192,
    },
}


@pytest.mark.parametrize(
    ("method", "fmt"),
    [
        ("yarn", "f16"),
        pytest.param("linear", "f16", marks=pytest.mark.prove),
        pytest.param("ntk", "f16", marks=pytest.mark.prove),
        pytest.param("yarn", "q4_k_m", marks=pytest.mark.prove),
        pytest.param("linear", "q4_k_m", marks=pytest.mark.prove),
        pytest.param("ntk", "q4_k_m", marks=pytest.mark.prove),
    ],
)
def test_what_a_gguf_says_of_each_method(merged, tmp_path, method, fmt):
    kept = {"rope.dimension_count": 16, "context_length": 32768}
    assert rope_of(merged(method), tmp_path, fmt) == kept | WRITTEN[method]


def test_the_merged_model_says_how_its_context_was_stretched(merged):
    config = json.loads((merged("linear") / "config.json").read_text("utf-8"))
    assert config["rope_parameters"] == {"factor": 4.0, "rope_theta": 1e5, "rope_type": "linear"}
    assert config["max_position_embeddings"] == 32768
    assert config["ta_rope_scaling"] == {"factor": 4.0, "method": "linear"}


def test_dynamic_positions_stop_the_export_with_the_cure(merged, tmp_path):
    with pytest.raises(InputError, match=r"dynamic NTK \(factor 4.0\).*rope_scaling.method.*vLLM"):
        export_gguf(merged("dynamic"), ["f16"], tmp_path, tmp_path / "logs")
    assert not list(tmp_path.glob("*.gguf"))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"rope_type": "yarn", "factor": 4.0}, "rope.scaling.type is None"),
        ({"rope_theta": 2e5}, "rope.freq_base is 100000.0"),
    ],
)
def test_a_file_that_lost_the_stretched_context_is_refused(tiny_merged, tiny_gguf, tmp_path, change, said):
    model = tmp_path / "model"
    model.mkdir()
    for file in tiny_merged.iterdir():
        (model / file.name).symlink_to(file)
    config = json.loads((tiny_merged / "config.json").read_text("utf-8"))
    config["rope_parameters"] |= change
    (model / "config.json").unlink()
    (model / "config.json").write_text(json.dumps(config), "utf-8")
    with pytest.raises(InputError, match=f"{said}.*rope_scaling: null"):
        check_gguf(tiny_gguf[0] / gguf_name("f16"), model)
