"""DeepSpeed's configuration follows from parameters alone."""

import pytest

from ta_pipeline.training.zero import zero_config


def parameters(stage, offload="none", max_grad_norm=1.0):
    return {"zero_stage": stage, "offload": offload, "max_grad_norm": max_grad_norm}


def test_stage_zero_needs_no_deepspeed():
    assert zero_config(parameters(0), "bf16") is None


def test_stage_two_shards_and_clips():
    assert zero_config(parameters(2, max_grad_norm=0.5), "bf16") == {
        "zero_optimization": {"stage": 2, "overlap_comm": False, "contiguous_gradients": True},
        "bf16": {"enabled": True},
        "fp16": {"enabled": False},
        "gradient_clipping": 0.5,
        "train_micro_batch_size_per_gpu": "auto",
        "gradient_accumulation_steps": "auto",
        "train_batch_size": "auto",
    }


@pytest.mark.parametrize(
    ("precision", "bf16", "fp16"), [("bf16", True, False), ("fp16", False, True), ("fp32", False, False)]
)
def test_the_precision_is_the_jobs(precision, bf16, fp16):
    config = zero_config(parameters(1), precision)
    assert (config["bf16"]["enabled"], config["fp16"]["enabled"]) == (bf16, fp16)


def test_stage_three_gathers_weights_when_it_saves():
    assert zero_config(parameters(3), "fp32")["zero_optimization"] == {
        "stage": 3,
        "overlap_comm": False,
        "contiguous_gradients": True,
        "stage3_gather_16bit_weights_on_model_save": True,
    }


def test_the_optimizer_may_lie_in_main_memory():
    assert zero_config(parameters(2, "optimizer"), "bf16")["zero_optimization"] == {
        "stage": 2,
        "overlap_comm": False,
        "contiguous_gradients": True,
        "offload_optimizer": {"device": "cpu", "pin_memory": True},
    }


def test_parameters_may_lie_in_main_memory_too():
    zero = zero_config(parameters(3, "optimizer+parameters"), "bf16")["zero_optimization"]
    assert zero["offload_optimizer"] == zero["offload_param"] == {"device": "cpu", "pin_memory": True}


def test_weights_of_one_process_are_taken_as_they_are():
    import torch

    from ta_pipeline.training.zero import trained_weights

    model = torch.nn.Sequential(torch.nn.Linear(2, 2, bias=False), torch.nn.Linear(2, 1, bias=False))
    model[0].requires_grad_(False)
    weights = trained_weights(model)
    assert list(weights) == ["1.weight"]
    assert torch.equal(weights["1.weight"], model[1].weight)


def test_nothing_is_sharded_while_it_is_loaded_below_stage_three():
    from transformers.integrations import is_deepspeed_zero3_enabled

    from ta_pipeline.training.zero import sharded_loading

    for stage, expected in ((0, False), (2, False), (3, True)):
        with sharded_loading(zero_config(parameters(stage), "bf16")):
            assert is_deepspeed_zero3_enabled() is expected
        assert is_deepspeed_zero3_enabled() is False
