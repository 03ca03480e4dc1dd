"""`ta plan`: what a training takes of memory and time, before a weight is fetched.

Parameters come from the configuration as `kedro run` sees it, the model's shape from its config.json or from
the table of well-known models. Nothing is trained, and for a GPU that is only named PyTorch is not imported.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Literal

from pydantic import BaseModel, ValidationError

from ta_pipeline.params import DpoParams, SftParams, TokenizeParams
from ta_pipeline.paths import follow_configuration, out_base
from ta_pipeline.records import InputError
from ta_pipeline.training.job import optimizer_steps, rows_per_step
from ta_pipeline.training.plan.duration import (
    Gpu,
    known_gpu,
    model_utilisation,
    step_seconds,
    typical_gpu,
    utilisation,
)
from ta_pipeline.training.plan.forecast import GIB, Forecast, forecast
from ta_pipeline.training.plan.ladder import Rung, applied, rungs, shorter_blocks
from ta_pipeline.training.plan.runs import (
    SUPERVISED_SHARE,
    Precision,
    Run,
    preference_run,
    sft_run,
)
from ta_pipeline.training.plan.seeds import Claim, claims
from ta_pipeline.training.plan.shapes import ModelShape, published_shape, read_shape

Stage = Literal["sft", "dpo"]


@dataclass(frozen=True)
class Machine:
    """What will train: a device's memory in GiB, how many, and its peak in FLOP/s as far as known."""

    device: Literal["cuda", "cpu"]
    gib: float
    name: str
    peak_flops: float
    precision: Precision
    attention: Literal["sdpa", "flash"]
    named: bool  # by `--gpu`, so that its kind is a guess


@dataclass(frozen=True)
class Setting:
    """The blocks of parameters that a plan reads, validated, and the model's name."""

    sft: SftParams
    dpo: DpoParams
    tokenize: TokenizeParams
    base_model: str


@dataclass(frozen=True)
class Seen:
    """What the last run's label report says of its blocks; `rows` is None where there is no report."""

    rows: int | None
    supervised_share: float


@dataclass(frozen=True)
class Step:
    """One rung of the ladder with what it saves and the peak that is left, bytes."""

    rung: Rung
    saves: float
    peak: float


@dataclass(frozen=True)
class Plan:
    """All that `ta plan` says."""

    stage: Stage
    shape: ModelShape
    machine: Machine
    run: Run
    forecast: Forecast
    ladder: list[Step]
    shorter: Step | None
    change: dict[str, Any]  # the rungs that make it fit, together; empty where none do or none are needed
    step_rows: int  # blocks or pairs of an optimizer step, over all ranks
    steps: int | None
    step_seconds: float
    mfu: float
    seen: Seen
    seed: list[Claim]

    @property
    def fits(self) -> bool:
        """Tell whether the peak is within the device's memory."""
        return self.forecast.peak <= self.machine.gib * GIB


def read_setting(root: Path, env: str | None, typed: str, stage: Stage, gpus: int | None) -> Setting:
    """Read the parameters of an environment, with what was typed as `--params` and as `--gpus`.

    Raises InputError for an unknown environment and for values that the parameters do not allow.
    """
    from kedro.framework.project import settings
    from kedro.framework.startup import bootstrap_project

    name = env or os.environ.get("KEDRO_ENV")
    source = root / "conf"
    if name and not (source / name).is_dir():
        known = sorted(folder.name for folder in source.iterdir() if folder.is_dir())
        raise InputError(f"--env {name}: no folder conf/{name}. There are {', '.join(known)}.")
    bootstrap_project(root)
    loader = settings.CONFIG_LOADER_CLASS(
        conf_source=str(source), env=name, runtime_params=_typed(typed), **settings.CONFIG_LOADER_ARGS
    )
    follow_configuration(loader["globals"]["out"])
    blocks = dict(loader["parameters"])
    if gpus is not None:
        blocks[stage] = blocks[stage] | {"num_processes": gpus}
    return Setting(
        sft=_block(SftParams, "sft", blocks),
        dpo=_block(DpoParams, "dpo", blocks),
        tokenize=_block(TokenizeParams, "tokenize", blocks),
        base_model=str(blocks["base_model"]),
    )


def _typed(params: str) -> dict[str, Any]:
    """Read `--params` as Kedro does: NAME=VALUE pairs, commas between them, dots for nesting."""
    import click
    from kedro.framework.cli.utils import _split_params

    option = SimpleNamespace(name="--params")
    found: dict[str, Any] = _split_params(click.get_current_context(), option, params)
    return found


def _block(model: type[BaseModel], name: str, blocks: dict[str, Any]) -> Any:
    try:
        return model.model_validate(blocks.get(name, {}))
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join([name, *map(str, first["loc"])])
        value = "" if isinstance(first["input"], dict) else f" {first['input']!r}"
        raise InputError(f"{place}:{value} {first['msg']}. Correct it in conf or in --params.") from error


def find_shape(name: str, config: Path | None) -> ModelShape:
    """Find the shape of a model: from a config.json that is named, a folder, the table, a hub.

    Of a hub only config.json is fetched. Raises InputError where there is none.
    """
    if config is not None:
        return read_shape(config)
    if Path(name).is_dir():
        return read_shape(Path(name), name)
    if name.startswith("bundled:"):
        from ta_pipeline.training.base_model import resolve_base_model

        return read_shape(resolve_base_model(name), name)
    return published_shape(name) or read_shape(_fetched(name), name)


def _fetched(name: str) -> Path:
    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

    try:
        return Path(hf_hub_download(name, "config.json"))
    except (HfHubHTTPError, HFValidationError, LocalEntryNotFoundError, OSError) as error:
        raise InputError(
            f"base_model {name}: not among the shapes known here, no folder, and its config.json was not "
            f"fetched ({type(error).__name__}). Save that file from the model's page, and --config FILE"
        ) from error


def named_machine(gib: float, asked: str) -> Machine:
    """Describe a machine of which only the memory of a GPU is known; `asked` is the parameter `precision`."""
    gpu = typical_gpu(gib)
    return Machine("cuda", gib, gpu.name, gpu.tflops * 1e12, _precision(asked, gpu), "sdpa", named=True)


def _precision(asked: str, gpu: Gpu) -> Precision:
    if asked == "auto":
        return "bf16" if gpu.bf16 else "fp16"
    return asked  # type: ignore[return-value]


def this_machine(asked: str, hidden: int) -> Machine:
    """Describe this machine's first GPU, or its CPU, whose peak is measured on products `hidden` wide."""
    import torch

    from ta_pipeline.doctor.machine import main_memory
    from ta_pipeline.training.precision import attention_implementation, resolve_precision
    from ta_pipeline.training.watch.flops import peak_flops

    precision = resolve_precision(asked)
    flash = attention_implementation(precision) == "flash_attention_2"
    attention: Literal["sdpa", "flash"] = "flash" if flash else "sdpa"
    if torch.cuda.is_available():
        device = torch.cuda.get_device_properties(0)
        known = known_gpu(device.name)
        peak = known.tflops * 1e12 if known and precision != "fp32" else peak_flops(hidden, precision)
        return Machine(
            "cuda", device.total_memory / GIB, device.name, peak, precision, attention, named=False
        )
    peak = peak_flops(hidden, precision)
    return Machine("cpu", main_memory() / GIB, "this CPU", peak, precision, attention, named=False)


def last_labels() -> Seen:
    """Read how many blocks the last run made, and what share of their tokens is learned."""
    file = out_base() / "08_reporting" / "label_report.json"
    try:
        report = json.loads(file.read_text("utf-8"))
        return Seen(int(report["blocks"]), report["supervised_tokens"] / report["tokens"])
    except (OSError, ValueError, KeyError, ZeroDivisionError):
        return Seen(None, SUPERVISED_SHARE)


def make_plan(stage: Stage, setting: Setting, shape: ModelShape, machine: Machine, seen: Seen) -> Plan:
    """Forecast a stage, and climb down the ladder where it does not fit."""
    run = _run(stage, setting, machine, seen)
    base = forecast(shape, run)
    parameters = (setting.sft if stage == "sft" else setting.dpo).model_dump()
    ladder = [] if base.peak <= machine.gib * GIB else _climb(stage, setting, shape, machine, seen)
    lowest = ladder[-1].peak if ladder else base.peak
    fitting = [number for number, step in enumerate(ladder) if step.peak <= machine.gib * GIB]
    change: dict[str, Any] = {}
    for step in ladder[: fitting[0] + 1] if fitting else []:
        change |= step.rung.change
    needs_shorter = bool(ladder) and not fitting and stage == "sft"
    return Plan(
        stage=stage,
        shape=shape,
        machine=machine,
        run=run,
        forecast=base,
        ladder=ladder,
        shorter=_shorter(setting, shape, machine, seen, ladder, lowest) if needs_shorter else None,
        change=change,
        step_rows=rows_per_step(stage, parameters),
        steps=_steps(stage, parameters, seen),
        step_seconds=step_seconds(shape, run, machine.peak_flops),
        mfu=model_utilisation(shape, run),
        seen=seen,
        seed=claims(),
    )


def _run(stage: Stage, setting: Setting, machine: Machine, seen: Seen) -> Run:
    if stage == "dpo":
        return preference_run(setting.dpo, setting.sft, machine.precision, machine.device, machine.attention)
    return sft_run(
        setting.sft,
        setting.tokenize,
        machine.precision,
        machine.device,
        machine.attention,
        seen.supervised_share,
    )


def _climb(stage: Stage, setting: Setting, shape: ModelShape, machine: Machine, seen: Seen) -> list[Step]:
    """Take one rung after the other, each on top of those before it."""
    parameters = (setting.sft if stage == "sft" else setting.dpo).model_dump()
    before = forecast(shape, _run(stage, setting, machine, seen)).peak
    steps = []
    for rung in rungs(parameters):
        parameters = applied(parameters, rung.change)
        after = forecast(shape, _run(stage, _with(setting, stage, parameters), machine, seen)).peak
        steps.append(Step(rung, before - after, after))
        before = after
    return steps


def _with(setting: Setting, stage: Stage, parameters: dict[str, Any]) -> Setting:
    if stage == "sft":
        return Setting(
            SftParams.model_validate(parameters), setting.dpo, setting.tokenize, setting.base_model
        )
    return Setting(setting.sft, DpoParams.model_validate(parameters), setting.tokenize, setting.base_model)


def _shorter(
    setting: Setting, shape: ModelShape, machine: Machine, seen: Seen, ladder: list[Step], lowest: float
) -> Step | None:
    """Forecast shorter blocks below the whole ladder."""
    rung = shorter_blocks(setting.tokenize.max_seq_len)
    if rung is None:
        return None
    parameters = setting.sft.model_dump()
    for step in ladder:
        parameters = applied(parameters, step.rung.change)
    blocks = TokenizeParams.model_validate(setting.tokenize.model_dump() | rung.change)
    shortened = Setting(SftParams.model_validate(parameters), setting.dpo, blocks, setting.base_model)
    peak = forecast(shape, _run("sft", shortened, machine, seen)).peak
    return Step(rung, lowest - peak, peak)


def _steps(stage: Stage, parameters: dict[str, Any], seen: Seen) -> int | None:
    """Return the optimizer steps, None where they depend on rows that nobody has counted yet."""
    if parameters["max_steps"] is not None:
        return int(parameters["max_steps"])
    if stage == "dpo" or seen.rows is None:
        return None
    return optimizer_steps(stage, parameters, seen.rows)


def as_json(plan: Plan) -> dict[str, Any]:
    """Write a plan for programs: sizes in GiB, times in seconds."""
    return {
        "fits": plan.fits,
        "peak_gib": round(plan.forecast.peak / GIB, 3),
        "available_gib": round(plan.machine.gib, 3),
        "offloaded_gib": round(plan.forecast.offloaded / GIB, 3),
        "parts": [
            {"name": part.name, "gib": round(part.bytes / GIB, 3), "why": part.why}
            for part in plan.forecast.parts
        ],
        "ladder": [_rung_json(step) for step in plan.ladder],
        "shorter_blocks": _rung_json(plan.shorter) if plan.shorter else None,
        "change": plan.change,
        "time": {
            "steps": plan.steps,
            "step_seconds": round(plan.step_seconds, 3),
            "utilisation_taken": utilisation(plan.run),
            "mfu": round(plan.mfu, 4),
            "peak_flops": plan.machine.peak_flops,
        },
        "model": plan.shape.name,
        "parameters": plan.shape.parameters,
        "run": asdict(plan.run),
        "seed": [asdict(claim) for claim in plan.seed],
    }


def _rung_json(step: Step) -> dict[str, Any]:
    return {
        "name": step.rung.name,
        "change": step.rung.change,
        "saves_gib": round(step.saves / GIB, 3),
        "peak_gib": round(step.peak / GIB, 3),
    }
