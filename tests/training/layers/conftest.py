"""Tiny models of each family whose layers are replaced, with a LoRA adapter that is far from zero."""

import pytest
import torch
from peft import LoraConfig, get_peft_model
from transformers import AutoModelForCausalLM, LlamaConfig, MistralConfig, Qwen2Config, Qwen3Config

SHAPE = {
    "vocab_size": 160,
    "hidden_size": 48,
    "intermediate_size": 80,
    "num_hidden_layers": 2,
    "num_attention_heads": 6,
    "num_key_value_heads": 2,
    "max_position_embeddings": 128,
}
CONFIGS = {
    "llama": lambda: LlamaConfig(**SHAPE, tie_word_embeddings=True),
    "qwen2": lambda: Qwen2Config(**SHAPE),
    "qwen3": lambda: Qwen3Config(**SHAPE, head_dim=16),
    "mistral": lambda: MistralConfig(**SHAPE, sliding_window=4),
}
ALL = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]


def make_model(family, dtype=torch.float32, attention="sdpa", targets=ALL, **lora):
    """Make the same model every time; all its parameters are random, its LoRA B matrices too."""
    torch.manual_seed(3)
    model = AutoModelForCausalLM.from_config(CONFIGS[family](), attn_implementation=attention)
    for name, parameter in model.named_parameters():
        if parameter.dim() == 1:  # norms at 1 and biases at 0 would hide what is done to them
            torch.nn.init.normal_(parameter, mean=1.0 if "norm" in name else 0.0, std=0.3)
        else:
            torch.nn.init.normal_(parameter, std=0.1)
    config = LoraConfig(r=4, lora_alpha=8, target_modules=targets, init_lora_weights=False, **lora)
    return get_peft_model(model.to(dtype), config)


@pytest.fixture(params=list(CONFIGS))
def family(request):
    return request.param
