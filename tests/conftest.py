"""Fixtures that many rooms share: the tiny model with the real tokenizer."""

import os
from pathlib import Path

import pytest

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")


@pytest.fixture(scope="session")
def tiny_model() -> Path:
    """A two-layer random model with the bundled tokenizer and chat template, made once on this machine."""
    from ta_pipeline.training.base_model import resolve_base_model

    return resolve_base_model("bundled:tiny-random")


@pytest.fixture(scope="session")
def tokenizer(tiny_model):
    """The bundled model's tokenizer."""
    from ta_pipeline.chat.template import load_tokenizer

    return load_tokenizer(tiny_model)


@pytest.fixture(scope="session")
def tiny_adapter(tiny_model, tmp_path_factory) -> Path:
    """A random rank-4 LoRA adapter of the tiny model, large enough to change its answers."""
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    folder = tmp_path_factory.mktemp("adapter") / "dpo_adapter"
    with torch.random.fork_rng():
        torch.manual_seed(3)
        config = LoraConfig(r=4, lora_alpha=8, target_modules="all-linear", init_lora_weights=False)
        model = AutoModelForCausalLM.from_pretrained(tiny_model, dtype=torch.float32)
        get_peft_model(model, config).save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def tiny_whole(tiny_model, tiny_adapter, tmp_path_factory) -> Path:
    """A whole model in float32, as full fine-tuning leaves it, that answers like the tiny adapter."""
    import torch

    from ta_pipeline.training.trained_model import load_trained, merged, write_record

    folder = tmp_path_factory.mktemp("whole") / "dpo_adapter"
    merged(load_trained(tiny_model, tiny_adapter, dtype=torch.float32)).save_pretrained(folder)
    write_record(folder, {"adapter": "full", "base_model": str(tiny_model)})
    return folder


@pytest.fixture(scope="session")
def tiny_merged(tiny_model, tiny_adapter, tmp_path_factory) -> Path:
    """The tiny model with its adapter merged in, as the pipeline writes it."""
    from ta_pipeline.quantization.merge import merge

    folder = tmp_path_factory.mktemp("merged") / "merged_model"
    merge(tiny_model, tiny_adapter, folder)
    return folder


@pytest.fixture(scope="session")
def tiny_gguf(tiny_merged, tmp_path_factory) -> tuple[Path, dict]:
    """Folder and report of the merged tiny model as f16 and Q8_0, written by llama.cpp's converter."""
    from ta_pipeline.quantization.gguf import export_gguf

    folder = tmp_path_factory.mktemp("gguf")
    return folder, export_gguf(tiny_merged, ["f16", "q8_0"], folder, tmp_path_factory.mktemp("logs"))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what needs a GPU where there is none; PyTorch is imported only if something does."""
    marked = [item for item in items if item.get_closest_marker("gpu")]
    if not marked:
        return
    import torch

    if not torch.cuda.is_available():
        for item in marked:
            item.add_marker(pytest.mark.skip(reason="needs a GPU (CUDA)"))
