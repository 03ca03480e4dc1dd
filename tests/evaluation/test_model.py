"""What was trained is loaded as one model, whatever of it was trained."""

import torch
from transformers import AutoModelForCausalLM

from ta_pipeline.evaluation.model import load_for_evaluation

IDS = torch.tensor([[1, 50, 60, 2]])


def logits(model):
    with torch.no_grad():
        return model(IDS).logits


def test_a_whole_model_takes_the_place_of_the_base_model(tiny_model, tiny_whole):
    alone = AutoModelForCausalLM.from_pretrained(tiny_whole, dtype=torch.float32)
    loaded = load_for_evaluation(tiny_model, "fp32", tiny_whole)
    assert torch.equal(logits(loaded), logits(alone))
    assert not torch.equal(logits(loaded), logits(load_for_evaluation(tiny_model, "fp32")))


def test_an_adapter_is_merged_in(tiny_model, tiny_adapter):
    from peft import PeftModel

    base = AutoModelForCausalLM.from_pretrained(tiny_model, dtype=torch.float32)
    loaded = load_for_evaluation(tiny_model, "fp32", tiny_adapter)
    assert not hasattr(loaded, "peft_config") or not isinstance(loaded, PeftModel)
    torch.testing.assert_close(logits(loaded), logits(PeftModel.from_pretrained(base, tiny_adapter)))


def test_the_precision_is_that_asked_for(tiny_model, tiny_whole):
    assert load_for_evaluation(tiny_model, "bf16", tiny_whole).dtype == torch.bfloat16
