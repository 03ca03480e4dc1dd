"""Liger is switched on where it can run, and nowhere else."""

import sys
from types import ModuleType, SimpleNamespace

import pytest
import torch

from ta_pipeline.training.accelerators import liger_families, use_liger


def model_of(family):
    config = SimpleNamespace(model_type=family)
    config.get_text_config = lambda: config
    return SimpleNamespace(config=config)


def test_liger_takes_the_layers_and_leaves_the_losses(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    install_liger(monkeypatch)
    called = []
    monkeypatch.setattr(
        "transformers.integrations.liger.apply_liger_kernel",
        lambda model, parts: called.append((model, parts)),
    )
    model = model_of("qwen3")
    assert use_liger(model)
    assert called == [(model, {"cross_entropy": False, "fused_linear_cross_entropy": False})]


def test_a_family_without_kernels_trains_without_them(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    install_liger(monkeypatch)
    assert not use_liger(model_of("gemma9"))


def test_without_a_gpu_there_are_no_kernels(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    install_liger(monkeypatch)
    assert liger_families() == frozenset()


def test_with_a_gpu_liger_says_what_it_has_kernels_for(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    install_liger(monkeypatch)
    assert liger_families() == {"llama", "qwen3"}


def test_with_a_gpu_and_without_the_extra_there_are_none(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert liger_families() == frozenset()


def install_liger(monkeypatch):
    """Stand in for liger-kernel 0.8.5, whose table this is in the same place."""
    table = SimpleNamespace(MODEL_TYPE_TO_APPLY_LIGER_FN={"llama": None, "qwen3": None})
    for name in ("liger_kernel", "liger_kernel.transformers"):
        monkeypatch.setitem(sys.modules, name, ModuleType(name))
    monkeypatch.setitem(sys.modules, "liger_kernel.transformers.monkey_patch", table)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: object())


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU (CUDA)")
def test_liger_on_this_gpu_knows_the_families_of_the_recipes():
    pytest.importorskip("liger_kernel", reason="needs the extra liger on a GPU")
    assert {"llama", "qwen3"} <= liger_families()
