"""What happens around every run: the clock, manifests' lineage, MLflow tags and artefacts, unknown keys."""

from __future__ import annotations

import hashlib
import logging
import shutil
import time
from collections.abc import Sequence
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

from kedro.config import OmegaConfigLoader
from kedro.framework.context import KedroContext
from kedro.framework.hooks import hook_impl
from kedro.framework.project import settings
from kedro.io import DataCatalog
from kedro.pipeline import Pipeline
from kedro.pipeline.node import Node
from kedro_mlflow.framework.hooks import MlflowHook

from ta_pipeline.datasets.manifest import lineage, read_manifest, sha256_file
from ta_pipeline.datasets.versioned import ManifestedDataset
from ta_pipeline.params import BLOCKS, problems_of
from ta_pipeline.paths import follow_configuration, out_base
from ta_pipeline.records import InputError
from ta_pipeline.run_clock import clock
from ta_pipeline.training.rope import rope_scaling_of

logger = logging.getLogger(__name__)
PACKAGE = Path(__file__).parent
_PARAMETERS_A_CALL = 100  # MLflow's limit
_LONGEST_PARAMETER = 500  # characters
#: Declarations rather than settings: hundreds of lines that never differ between two runs to compare.
_UNLOGGED = ("sources.sets.",)
_LOADER_KEYS = ("base_env", "default_run_env", "merge_strategy")  # the resolvers are registered by now
_CODE = (".py", ".j2")
#: Values of globals.yml that the catalog's base_model takes and no stage reads itself.
CATALOG_PARAMETERS = ("thinking", "rope_scaling", "trust_remote_code")

#: The rooms whose code a stage's result depends on, besides its own folder under `pipelines/`.
ROOMS = {
    "ingest": ["sources", "formats"],
    "clean": ["text"],
    "compose": ["composing", "formats", "teacher", "text", "rag"],
    "tokenize": ["chat"],
    "sft": ["training"],
    "dpo": ["training"],
    "evaluate": ["evaluation", "rag", "chat"],
    "quantize": ["quantization", "evaluation"],
    "deploy": ["serving"],
    "report": ["evaluation"],
}


def code_hash(stage: str) -> str:
    """Hash the Python files and templates a stage runs: its pipeline folder and its rooms."""
    folders = [PACKAGE / "pipelines" / stage, *(PACKAGE / room for room in ROOMS.get(stage, []))]
    files = sorted(file for folder in folders for file in folder.rglob("*") if file.suffix in _CODE)
    return hashlib.sha256("".join(sha256_file(file) for file in files).encode()).hexdigest()[:16]


def pins_hash() -> str:
    """Hash the names and versions of everything installed."""
    pins = sorted(f"{d.metadata['Name']}=={d.version}" for d in distributions())
    return hashlib.sha256("\n".join(pins).encode()).hexdigest()[:16]


def unknown_keys(given: dict[str, Any], known: dict[str, Any], path: str = "") -> list[str]:
    """List the dotted names in `given` that `known` does not have."""
    unknown = []
    for key, value in given.items():
        if key not in known:
            unknown.append(f"{path}{key}")
        elif isinstance(value, dict) and isinstance(known[key], dict):
            unknown += unknown_keys(value, known[key], f"{path}{key}.")
    return unknown


def unknown_parameters(given: dict[str, Any], configured: dict[str, Any]) -> list[str]:
    """List the names that were typed and are no parameter.

    A stage's block is held against its model, which refuses what it does not know and has parameters that no
    file need set: `sft.on_change`, say, which an error tells to type.
    """
    return unknown_keys({name: value for name, value in given.items() if name not in BLOCKS}, configured)


def run_name(pipelines: Sequence[str], given: dict[str, Any], when: str) -> str:
    """Name a run by its pipelines, the parameters that were typed (as far as they fit) and its time."""
    changed = [f"{name}={value}" for name, value in flattened(given).items()]
    return " ".join(["+".join(pipelines).strip("_"), *changed])[:100] + f" {when}"


def flattened(parameters: dict[str, Any], path: str = "") -> dict[str, Any]:
    """Flatten nested parameters to `{"sft.lora.rank": 16}`; long values are cut, as MLflow refuses them."""
    flat: dict[str, Any] = {}
    for key, value in parameters.items():
        if isinstance(value, dict):
            flat |= flattened(value, f"{path}{key}.")
        else:
            flat[f"{path}{key}"] = str(value)[:_LONGEST_PARAMETER]
    return flat


def settings_of(parameters: dict[str, Any]) -> list[tuple[str, str]]:
    """List what two runs can differ in, by dotted name; declarations of public sets are left out."""
    flat = sorted(flattened(parameters).items())
    return [(name, value) for name, value in flat if not name.startswith(_UNLOGGED)]


class RunTracking(MlflowHook):
    """kedro-mlflow's hooks without its parameters: it writes each block, a model, as one long text.

    `RunHooks` logs every parameter under its dotted name instead. The settings register this class in the
    place of the plugin's own.
    """

    @hook_impl
    def before_node_run(
        self, node: Node, catalog: DataCatalog, inputs: dict[str, Any], is_async: bool
    ) -> None:
        """Keep the MLflow run of this session active in the node's thread."""
        super().before_node_run(node, catalog, {}, is_async)


class RunHooks:
    """Hooks in the order in which Kedro calls them."""

    @hook_impl
    def after_context_created(self, context: KedroContext) -> None:
        """Learn where outputs go; refuse parameters that do not exist or cannot be, before anything runs.

        Kedro checks the blocks of the pipelines that run; a wrong value of a later stage would be found
        an hour later, in the next command.
        """
        follow_configuration(context.config_loader["globals"]["out"])
        if problems := problems_of(context.config_loader["parameters"]):
            raise InputError(
                f"{'; '.join(problems)}. Change it in --params or in conf/*/parameters_<stage>.yml."
            )
        self._parameters = context.config_loader["parameters"]
        given = self._given = context.config_loader.runtime_params or {}
        loader = OmegaConfigLoader(
            conf_source=context.config_loader.conf_source,
            env=context.config_loader.env,
            **{key: settings.CONFIG_LOADER_ARGS[key] for key in _LOADER_KEYS},
        )
        rope_scaling_of(given.get("rope_scaling", loader["globals"]["rope_scaling"]))
        of_the_catalog = {name: loader["globals"][name] for name in CATALOG_PARAMETERS}
        if unknown := unknown_parameters(given, loader["parameters"] | of_the_catalog):
            raise InputError(
                f"--params: {', '.join(unknown)} is no parameter of this project. "
                "The names stand in conf/base/parameters*.yml."
            )

    @hook_impl(trylast=True)  # after kedro-mlflow has opened its run
    def before_pipeline_run(
        self, run_params: dict[str, Any], pipeline: Pipeline, catalog: DataCatalog
    ) -> None:
        """Start the clock and tell MLflow where this run comes from."""
        self._nodes, self._done = len(pipeline.nodes), 0
        self._pins = pins_hash()
        clock.reset(run_params.get("run_id") or run_params.get("session_id") or "")
        clock.watch_memory()
        names = run_params.get("pipeline_names") or [run_params.get("pipeline_name") or "__default__"]
        read = {name.removeprefix("params:") for name in pipeline.inputs()}
        self._log_parameters({name: value for name, value in self._parameters.items() if name in read})
        self._tag(
            {
                "mlflow.runName": run_name(names, self._given, time.strftime("%Y-%m-%d %H:%M:%S")),
                "git_commit": _git_commit_or_none(),
                "pins": self._pins,
            }
        )

    @hook_impl
    def before_node_run(self, node: Node, catalog: DataCatalog, inputs: dict[str, Any]) -> None:
        """Say which step begins, and tell its outputs' manifests what they are made of."""
        self._done += 1
        stage = next(iter(sorted(node.tags)), "")
        logger.info("[%d/%d] %s · %s", self._done, self._nodes, stage, node.name.replace("_", " "))
        lineage.set(
            {
                "node": node.name,
                "parameters": {name: _plain(value) for name, value in inputs.items() if _is_parameter(name)},
                "inputs": {
                    name: digest
                    for name in inputs
                    if not _is_parameter(name) and (digest := _digest(catalog, name))
                },
                "code": code_hash(stage),
                "pins": self._pins,
            }
        )
        self._node_started = time.monotonic()

    @hook_impl
    def after_node_run(self, node: Node) -> None:
        """Count the node's time to its stage."""
        clock.add(next(iter(sorted(node.tags)), ""), time.monotonic() - self._node_started)

    @hook_impl
    def after_dataset_loaded(self, dataset_name: str, data: Any, node: Node) -> None:
        """Remember which version of a dataset was read."""
        self._remember("loaded", dataset_name)

    @hook_impl
    def after_catalog_created(self, catalog: DataCatalog) -> None:
        """Keep the catalog, whose datasets know their versions."""
        self._catalog = catalog

    @hook_impl
    def after_dataset_saved(self, dataset_name: str, data: Any, node: Node) -> None:
        """Remember which version was written and its hash."""
        self._remember("saved", dataset_name)
        if digest := _digest(self._catalog, dataset_name):
            clock.hashes[dataset_name] = digest

    @hook_impl(tryfirst=True)  # before kedro-mlflow closes its run
    def after_pipeline_run(self, pipeline: Pipeline, catalog: DataCatalog) -> None:
        """Copy the summary to its fixed place, and give MLflow reports, versions and hashes."""
        clock.stop()
        saved = {name for name in pipeline.outputs() | pipeline.all_outputs() if name in clock.hashes}
        if "summary" in saved:
            _copy_to_fixed_place(catalog["summary"], out_base() / "08_reporting" / "summary.json")
        self._log_to_mlflow(catalog, saved)
        if "report" in saved:
            logger.info(
                "Finished in %.0f s, %.1f GiB at most. Open %s",
                clock.figures()["seconds"],
                clock.figures()["peak_memory_gb"],
                (out_base() / "08_reporting" / "report.html").absolute(),
            )

    @hook_impl
    def on_pipeline_error(self, error: Exception) -> None:
        """Stop the clock; the error itself is shown by `errors.show`."""
        clock.stop()

    def _remember(self, how: str, name: str) -> None:
        dataset = _dataset(self._catalog, name)
        if isinstance(dataset, ManifestedDataset) and dataset._version:
            version = dataset.resolve_load_version() if how == "loaded" else dataset.resolve_save_version()
            clock.versions[how][name] = str(version)

    def _tag(self, tags: dict[str, Any]) -> None:
        import mlflow

        if mlflow.active_run() is not None:
            mlflow.set_tags({key: value for key, value in tags.items() if value})

    def _log_parameters(self, parameters: dict[str, Any]) -> None:
        """Log every parameter under its dotted name."""
        import mlflow

        if mlflow.active_run() is not None:
            flat = settings_of(parameters)
            for start in range(0, len(flat), _PARAMETERS_A_CALL):
                mlflow.log_params(dict(flat[start : start + _PARAMETERS_A_CALL]))

    def _log_to_mlflow(self, catalog: DataCatalog, saved: set[str]) -> None:
        import mlflow

        if mlflow.active_run() is None:
            return
        self._tag({f"version_loaded.{name}": v for name, v in clock.versions["loaded"].items()})
        self._tag({f"version_saved.{name}": v for name, v in clock.versions["saved"].items()})
        self._tag({f"sha256.{name}": digest for name, digest in clock.hashes.items()})
        figures = clock.figures()
        mlflow.log_metrics({"seconds": figures["seconds"], "peak_memory_gb": figures["peak_memory_gb"]})
        mlflow.log_metrics({f"seconds/{stage}": s for stage, s in figures["stage_seconds"].items()})
        for name in sorted(saved):
            dataset = _dataset(catalog, name)
            if isinstance(dataset, ManifestedDataset) and (dataset.metadata or {}).get("mlflow_artifact"):
                mlflow.log_artifact(str(dataset._get_load_path()), artifact_path="reports")
        if "scores" in saved:
            mlflow.log_metrics(_flat_scores(catalog.load("scores")))
        if "artefact_scores" in saved:
            mlflow.log_metrics(_flat_scores(catalog.load("artefact_scores")))


def _git_commit_or_none() -> str | None:
    from ta_pipeline.tracking import git_commit

    return git_commit()


def _flat_scores(scores: dict[str, Any]) -> dict[str, float]:
    return {
        f"scores/{artefact}/{metric}": figure["value"]
        for artefact, metrics in scores["artefacts"].items()
        for metric, figure in metrics.items()
        if figure.get("value") is not None
    }


def _copy_to_fixed_place(dataset: Any, target: Path) -> None:
    temporary = target.with_name(f".{target.name}")
    shutil.copyfile(str(dataset._get_load_path()), temporary)
    temporary.replace(target)


def _is_parameter(name: str) -> bool:
    return name == "parameters" or name.startswith("params:")


def _plain(value: Any) -> Any:
    return value.model_dump() if hasattr(value, "model_dump") else value


def _dataset(catalog: DataCatalog, name: str) -> Any:
    return catalog.get(name) if name in catalog else None


def _digest(catalog: DataCatalog, name: str) -> str | None:
    dataset = _dataset(catalog, name)
    if isinstance(dataset, ManifestedDataset):
        digest: str = read_manifest(Path(dataset._get_load_path()))["sha256"]
        return digest
    return None
