"""What a training run is, and whether an unfinished one may be gone on from.

A run is its rows, template, base model, parameters and the code that trains. Its folder is named by all of
these, so a killed run of the very same job finds its own again. What is left of another run is protected: it
is gone on from or thrown away only when `on_change` says so. A finished run leaves nothing that could refuse.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import logging
import shutil
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from ta_pipeline.paths import work_dir
from ta_pipeline.records import InputError
from ta_pipeline.training import checkpoints
from ta_pipeline.training.checkpoints import Checkpoint
from ta_pipeline.training.job import REPORT, TrainingJob
from ta_pipeline.training.plan.ladder import Rung, applied, params_option

logger = logging.getLogger(__name__)

#: Parameters that do not change what comes out. A save draws no random number and changes no weight; a host
#: file says where the same ranks run; the precision that "auto" became stands in the job.
HARMLESS = frozenset({"on_change", "auto_fit", "save_every", "hostfile", "precision"})

#: Parameters that give a checkpoint its shape: another value of these cannot load it.
SHAPE = frozenset({"adapter", "lora.rank", "lora.targets", "zero_stage", "offload", "num_processes"})

#: A rung of these alone leaves weights, optimizer and order of rows as they are.
GOES_ON = frozenset({"micro_batch_size", "gradient_checkpointing"})

#: What turns text into tokens, in a model's folder.
_TOKENIZER = ("tokenizer*", "chat_template*", "special_tokens_map.json", "vocab*", "merges*", "*.model")
_LIBRARIES = ("torch", "transformers", "trl", "peft", "accelerate", "deepspeed", "bitsandbytes")

_RUN, _RUNGS = "run.json", "auto_fit.json"


def describe(job: TrainingJob, rows: pa.Table) -> dict[str, Any]:
    """Return what a run is: every value that its result depends on, large ones as hashes."""
    model, adapter = Path(job.model), Path(job.adapter) if job.adapter else None
    parameters = {name: value for name, value in job.parameters.items() if name not in HARMLESS}
    return {
        "method": job.method,
        "parameters": _flat(parameters),
        "seed": job.seed,
        "precision": job.precision,
        "rows": {"count": rows.num_rows, "sha256": _hash_table(rows)},
        "template": _hash_files(model, _TOKENIZER),
        "base_model": hash_weights(model),
        "starting_adapter": hash_weights(adapter) if adapter else None,
        "code": _hash_code(),
        "libraries": _versions(),
    }


def key_of(run: dict[str, Any]) -> str:
    """Name a run by everything that its result depends on."""
    return hashlib.sha256(json.dumps(run, sort_keys=True).encode()).hexdigest()[:16]


def differences(before: dict[str, Any], now: dict[str, Any]) -> list[str]:
    """Name what has changed between two runs, from what to what where that can be said."""
    method, found = now["method"], []
    old, new = before["parameters"], now["parameters"]
    found += [
        f"{method}.{name} {_shown(old.get(name))} -> {_shown(new.get(name))}"
        for name in sorted(old.keys() | new.keys())
        if old.get(name) != new.get(name)
    ]
    for name in ("seed", "precision"):
        if before[name] != now[name]:
            found.append(f"{name} {before[name]} -> {now[name]}")
    if before["rows"] != now["rows"]:
        counts = f"{before['rows']['count']:,} -> {now['rows']['count']:,} rows"
        found.append(f"the data ({counts}{_short(before['rows']['sha256'], now['rows']['sha256'])})")
    for name, words in (
        ("template", "the chat template or tokenizer"),
        ("base_model", "the base model"),
        ("starting_adapter", "the adapter it starts from"),
    ):
        if before[name] != now[name]:
            found.append(f"{words}{_short(before[name], now[name])}")
    files = [f"training/{name}" for name in _changed(before["code"], now["code"])]
    found += [f"the code in {', '.join(files)}"] if files else []
    found += [
        f"{name} {before['libraries'].get(name)} -> {now['libraries'].get(name)}"
        for name in _changed(before["libraries"], now["libraries"])
    ]
    return found


def prepare(job: TrainingJob, rows: pa.Table) -> TrainingJob:
    """Give a job its folder and write there what the child reads; a killed job finds its own again.

    Raises InputError where an unfinished run of other data, template, parameters or code is in the way and
    `on_change` does not say what to do with it.
    """
    run = describe(job, rows)
    folder = (work_dir() / f"{job.method}-{key_of(run)}").absolute()
    _forget(path for path in _folders(job.method, folder) if not _unfinished(path))
    if (folder / REPORT).is_file() and not (folder / "adapter").is_dir():
        shutil.rmtree(folder)  # finished and handed over; the same job again is trained again
    if not (folder / REPORT).is_file() and _newest(folder) is None:
        shutil.rmtree(folder / "checkpoints", ignore_errors=True)
        _begin(job, run, folder)
    job = dataclasses.replace(
        job, folder=str(folder), data=str(folder / "rows.arrow"), parameters=_fitted(job.parameters, folder)
    )
    with pa.OSFile(job.data, "wb") as sink, pa.ipc.new_file(sink, rows.schema) as writer:
        writer.write_table(rows)
    job.write()
    return job


def mark_finished(job: TrainingJob) -> None:
    """Forget what other runs of the stage have left: nothing may refuse the next one."""
    _forget(_folders(job.method, Path(job.folder)))


def lineage(job: TrainingJob) -> dict[str, Any]:
    """Return what the report says of where a run comes from: its parent, and the rungs that memory took."""
    return {"parent": read_run(job).get("parent"), "auto_fit": _rungs_of(Path(job.folder))}


def read_run(job: TrainingJob) -> dict[str, Any]:
    """Read what the job's run is, as `prepare` wrote it; empty for a job written by hand."""
    path = Path(job.folder) / _RUN
    run: dict[str, Any] = json.loads(path.read_text("utf-8")) if path.is_file() else {}
    return run


def hash_weights(folder: Path) -> str:
    """Hash what a folder's model or adapter is: its weights and their configuration."""
    return _hash_files(folder, ("config.json", "adapter_config.json", "*.safetensors"))


def take_rung(job: TrainingJob, rung: Rung) -> TrainingJob:
    """Change a job that ran out of memory, and record the rung with the step that it goes on from.

    Rows at once and checkpointing leave the run's state as it is; every other rung begins anew.
    """
    folder = Path(job.folder)
    last = _newest(folder) if rung.change.keys() <= GOES_ON else None
    if last is None:
        shutil.rmtree(job.checkpoints, ignore_errors=True)
        job.events.unlink(missing_ok=True)
    taken = {"rung": rung.name, "change": rung.change, "at_step": last.step if last else 0}
    checkpoints.replace_text(folder / _RUNGS, json.dumps([*_rungs_of(folder), taken], indent=1))
    job = dataclasses.replace(job, parameters=applied(job.parameters, rung.change))
    job.write()
    return job


def lived(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Leave out the steps that a kill took back: those seen before a resumed run came to them again."""
    kept: list[dict[str, Any]] = []
    for event in events:
        if event.get("loss") is not None:
            kept = [earlier for earlier in kept if earlier["step"] < event["step"]]
        kept.append(event)
    return kept


def longest_block(job: TrainingJob) -> int | None:
    """Return the tokens of the longest block that is read at once; None for preference pairs."""
    with pa.OSFile(job.data) as file:
        rows = pa.ipc.open_file(file).read_all()
    if "input_ids" not in rows.column_names:
        return None
    longest: int | None = pc.max(pc.list_value_length(rows.column("input_ids"))).as_py()
    return longest


def mend_events(path: Path) -> None:
    """Cut off a last line that a kill left half written, so that the next one is a line of its own."""
    if not path.is_file():
        return
    with path.open("rb+") as stream:
        content = stream.read()
        stream.truncate(content.rfind(b"\n") + 1)


def _begin(job: TrainingJob, run: dict[str, Any], folder: Path) -> None:
    """Start a run: from nothing, or from the last checkpoint of another where that is asked for."""
    others = [(path, last) for path in _folders(job.method, folder) if (last := _newest(path)) is not None]
    answer = job.parameters.get("on_change", "refuse")
    if others and answer == "restart":
        _forget(path for path, _ in others)
        others = []
    folder.mkdir(parents=True, exist_ok=True)
    if not others:
        checkpoints.replace_text(folder / _RUN, json.dumps(run, indent=1))
        return
    parent, last = max(others, key=lambda other: other[1].path.stat().st_mtime)
    _check_parent(job, run, parent, last, answer)
    _fork(run, folder, parent, last)


def _check_parent(job: TrainingJob, run: dict[str, Any], parent: Path, last: Checkpoint, answer: str) -> None:
    """Raise InputError where the unfinished run in `parent` may not be gone on from, or cannot be."""
    stage = job.method
    before: dict[str, Any] = json.loads((parent / _RUN).read_text("utf-8"))
    changed = differences(before, run)
    steps = before["parameters"].get("max_steps")
    of = f" of {steps}" if steps else ""
    stands = f"{stage}: an unfinished run stands at step {last.step}{of} ({parent})"
    restart = f"`{params_option(stage, {'on_change': 'restart'})}` throws it away and begins anew"
    misfit = _misfit(job, run, before, parent, last)
    if answer == "fork" and misfit:
        raise InputError(f"{stands}, and it cannot be forked: {misfit}. {restart.capitalize()}.")
    if answer == "refuse":
        fork = (
            f"`{params_option(stage, {'on_change': 'fork'})}` goes on from its last checkpoint as a new run"
        )
        cure = f"It cannot be forked ({misfit})" if misfit else f"{fork} that names its parent"
        raise InputError(
            f"{stands}, and this one differs from it: {'; '.join(changed)}. With these as they were it goes "
            f"on by itself. {cure}; {restart}."
        )


def _misfit(
    job: TrainingJob, run: dict[str, Any], before: dict[str, Any], parent: Path, last: Checkpoint
) -> str | None:
    """Say why a run cannot go on from another's checkpoint; None where it can."""
    if run["base_model"] != before["base_model"] or run["starting_adapter"] != before["starting_adapter"]:
        return "its adapter belongs to other weights"
    old = _flat(_fitted(_nested(before["parameters"]), parent))
    new = _flat(_fitted(job.parameters, parent))
    if shape := [name for name in sorted(SHAPE) if old.get(name) != new.get(name)]:
        return f"its checkpoint has another {', '.join(f'{job.method}.{name}' for name in shape)}"
    if (job.parameters["max_steps"] or last.step + 1) <= last.step:
        return f"{job.method}.max_steps={job.parameters['max_steps']} leaves no step after {last.step}"
    return None


def _fork(run: dict[str, Any], folder: Path, parent: Path, last: Checkpoint) -> None:
    """Copy the parent's last checkpoint, aside and renamed, after the parent has been written down."""
    named = {"run": parent.name, "checkpoint": last.path.name, "step": last.step}
    named["changed"] = differences(json.loads((parent / _RUN).read_text("utf-8")), run)
    checkpoints.replace_text(folder / _RUN, json.dumps(run | {"parent": named}, indent=1))
    if (parent / _RUNGS).is_file():
        shutil.copyfile(parent / _RUNGS, folder / _RUNGS)
    into = folder / "checkpoints"
    aside = into / checkpoints.ASIDE
    shutil.rmtree(aside, ignore_errors=True)
    shutil.copytree(last.path, aside / last.path.name)
    checkpoints.publish(aside / last.path.name, into, last.step, last.run)
    logger.info("Going on from %s of %s, as a run of its own", last.path.name, parent.name)


def _folders(method: str, own: Path) -> list[Path]:
    return [path for path in work_dir().glob(f"{method}-*") if path.absolute() != own.absolute()]


def _unfinished(folder: Path) -> bool:
    """Tell whether a folder holds a run worth protecting: not finished, and with a valid checkpoint."""
    described = (folder / _RUN).is_file() and not (folder / REPORT).is_file()
    return described and _newest(folder) is not None


def _newest(folder: Path) -> Checkpoint | None:
    return checkpoints.newest(folder / "checkpoints")


def _forget(folders: Iterable[Path]) -> None:
    for path in folders:
        shutil.rmtree(path, ignore_errors=True)


def _fitted(parameters: dict[str, Any], folder: Path) -> dict[str, Any]:
    for taken in _rungs_of(folder):
        parameters = applied(parameters, taken["change"])
    return parameters


def _rungs_of(folder: Path) -> list[dict[str, Any]]:
    path = folder / _RUNGS
    taken: list[dict[str, Any]] = json.loads(path.read_text("utf-8")) if path.is_file() else []
    return taken


def _flat(parameters: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Name nested parameters as they are typed: {"lora": {"rank": 8}} becomes {"lora.rank": 8}."""
    flat: dict[str, Any] = {}
    for name, value in parameters.items():
        flat |= _flat(value, f"{prefix}{name}.") if isinstance(value, dict) else {prefix + name: value}
    return flat


def _nested(flat: dict[str, Any]) -> dict[str, Any]:
    nested: dict[str, Any] = {}
    for name, value in flat.items():
        *heads, leaf = name.split(".")
        inner = nested
        for head in heads:
            inner = inner.setdefault(head, {})
        inner[leaf] = value
    return nested


def _shown(value: Any) -> str:
    return "null" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def _short(before: str | None, now: str | None) -> str:
    return f" (sha256 {(before or 'none')[:8]} -> {(now or 'none')[:8]})"


def _changed(before: dict[str, Any], now: dict[str, Any]) -> list[str]:
    return [name for name in sorted(before.keys() | now.keys()) if before.get(name) != now.get(name)]


def _hash_table(rows: pa.Table) -> str:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, rows.schema) as writer:
        writer.write_table(rows.combine_chunks())
    return hashlib.sha256(sink.getvalue()).hexdigest()


def _hash_files(folder: Path, patterns: Iterable[str]) -> str:
    digest = hashlib.sha256()
    for file in sorted({file for pattern in patterns for file in folder.glob(pattern)}):
        digest.update(file.name.encode())
        with file.open("rb") as stream:
            digest.update(hashlib.file_digest(stream, "sha256").digest())
    return digest.hexdigest()


def _hash_code() -> dict[str, str]:
    """Hash each module of the training rooms; the plan only forecasts, it trains nothing."""
    room = Path(__file__).parent
    files = [file for file in sorted(room.rglob("*.py")) if file.parent != room / "plan"]
    return {
        file.relative_to(room).as_posix(): hashlib.sha256(file.read_bytes()).hexdigest() for file in files
    }


def _versions() -> dict[str, str]:
    found = {}
    for name in _LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
