"""The number format follows the machine, and what it cannot do is refused."""

import pytest
import torch

from ta_pipeline.records import InputError
from ta_pipeline.training import precision
from ta_pipeline.training.precision import attention_implementation, dtype_of, resolve_precision


@pytest.fixture
def machine(monkeypatch):
    """Pretend to have a GPU, with bf16 or not, or a CPU with AMX or not."""

    def have(gpu=False, bf16=False):
        monkeypatch.setattr(torch.cuda, "is_available", lambda: gpu)
        monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation: bf16)
        monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda: bf16)

    return have


@pytest.mark.parametrize(
    ("gpu", "bf16", "asked", "expected"),
    [
        (True, True, "auto", "bf16"),
        (True, False, "auto", "fp16"),
        (True, True, "fp16", "fp16"),
        (True, True, "fp32", "fp32"),
        (False, True, "auto", "bf16"),
        (False, False, "auto", "fp32"),
        (False, False, "bf16", "bf16"),
    ],
)
def test_bf16_then_fp16_on_a_gpu_then_fp32(machine, gpu, bf16, asked, expected):
    machine(gpu=gpu, bf16=bf16)
    assert resolve_precision(asked) == expected


def test_fp16_on_a_cpu_is_refused(machine):
    machine()
    with pytest.raises(InputError, match="fp16 needs a GPU.*Set it to auto, bf16 or fp32"):
        resolve_precision("fp16")


def test_bf16_on_a_gpu_without_it_is_refused(machine):
    machine(gpu=True)
    with pytest.raises(InputError, match="bf16 is not supported by this GPU"):
        resolve_precision("bf16")


@pytest.mark.parametrize(
    ("gpu", "installed", "asked", "expected"),
    [
        (True, True, "bf16", "flash_attention_2"),
        (True, True, "fp16", "flash_attention_2"),
        (True, True, "fp32", "sdpa"),
        (True, False, "bf16", "sdpa"),
        (False, True, "bf16", "sdpa"),
    ],
)
def test_flash_attention_where_it_can_work_else_sdpa(machine, monkeypatch, gpu, installed, asked, expected):
    machine(gpu=gpu)
    monkeypatch.setattr(precision.importlib.util, "find_spec", lambda name: object() if installed else None)
    assert attention_implementation(asked) == expected


def test_each_format_is_a_type_of_pytorch():
    assert [dtype_of(p) for p in ("bf16", "fp16", "fp32")] == [torch.bfloat16, torch.float16, torch.float32]
