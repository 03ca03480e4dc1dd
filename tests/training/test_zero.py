"""DeepSpeed's configuration follows from parameters alone."""

from ta_pipeline.training.zero import zero_config


def test_stage_zero_needs_no_deepspeed():
    assert zero_config(0, "bf16", 1.0) is None


def test_stage_two_shards_and_clips():
    assert zero_config(2, "bf16", 0.5) == {
        "zero_optimization": {"stage": 2, "overlap_comm": False, "contiguous_gradients": True},
        "bf16": {"enabled": True},
        "gradient_clipping": 0.5,
        "train_micro_batch_size_per_gpu": "auto",
        "gradient_accumulation_steps": "auto",
        "train_batch_size": "auto",
    }


def test_stage_three_gathers_weights_when_it_saves():
    config = zero_config(3, "fp32", 1.0)
    assert config["zero_optimization"]["stage3_gather_16bit_weights_on_model_save"] is True
    assert config["bf16"] == {"enabled": False}
