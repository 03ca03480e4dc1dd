"""The environment of vLLM on a CPU gets what fits together."""

import sys
from importlib.metadata import version

from ta_pipeline.serving.vllm_cpu import answer_for_vllm, wanted


def test_requirements_of_extras_of_other_machines_and_of_pictures_and_sound_are_left_out():
    asked = [
        "regex",
        "torchvision; platform_machine != 'riscv64'",
        "torchaudio",
        "numba==0.65.0",
        "pandas; extra == 'bench'",
        "torch==2.13.0; platform_system == 'Darwin'",
        "fastapi[standard]<0.137.0,>=0.133.0; platform_system != 'Darwin'",
    ]
    assert list(wanted(asked)) == ["regex", "numba==0.65.0", "fastapi[standard]<0.137.0,>=0.133.0"]


def test_the_version_of_vllm_is_found_where_only_vllm_cpu_is_installed(tmp_path, monkeypatch):
    answer_for_vllm(tmp_path, "0.32.0")
    monkeypatch.setattr(sys, "path", [str(tmp_path)])
    assert version("vllm") == "0.32.0+cpu"
