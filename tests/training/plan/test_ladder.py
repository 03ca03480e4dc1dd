"""The ladder is the seed's, in its order, and only what still helps is on it."""

import pytest

from ta_pipeline.params import SftParams
from ta_pipeline.training.plan.ladder import Rung, applied, params_option, rungs, shorter_blocks

SFT = {
    "num_processes": 2, "global_batch_size": 16, "micro_batch_size": 4, "gradient_checkpointing": False,
    "zero_stage": 0, "adapter": "lora", "qlora": "never", "quantized_base": "nf4",
    "lora": {"rank": 32, "alpha": 64, "dropout": 0.0, "targets": "attention"},
}  # fmt: skip
DPO = {
    name: SFT[name]
    for name in (
        "num_processes",
        "global_batch_size",
        "micro_batch_size",
        "gradient_checkpointing",
        "zero_stage",
    )
}


def names(parameters, **options):
    return [rung.name for rung in rungs(parameters, **options)]


def test_the_ladder_goes_from_batch_to_four_bits():
    assert [(rung.name, rung.change) for rung in rungs(SFT)] == [
        ("micro batch 2", {"micro_batch_size": 2}),
        ("micro batch 1", {"micro_batch_size": 1}),
        ("gradient checkpointing", {"gradient_checkpointing": True}),
        ("ZeRO-2", {"zero_stage": 2}),
        ("LoRA rank 16", {"lora.rank": 16, "lora.alpha": 32}),
        ("LoRA rank 8", {"lora.rank": 8, "lora.alpha": 16}),
        ("8-bit weights", {"qlora": "required", "quantized_base": "int8"}),
        ("4-bit weights", {"qlora": "required", "quantized_base": "nf4"}),
    ]


@pytest.mark.parametrize(
    ("changes", "gone"),
    [
        ({"num_processes": 1}, {"ZeRO-2"}),
        ({"zero_stage": 2}, {"ZeRO-2"}),
        ({"zero_stage": 3}, {"ZeRO-2", "8-bit weights", "4-bit weights"}),
        ({"gradient_checkpointing": True}, {"gradient checkpointing"}),
        ({"micro_batch_size": 1}, {"micro batch 2", "micro batch 1"}),
        ({"adapter": "full"}, {"LoRA rank 16", "LoRA rank 8", "8-bit weights", "4-bit weights"}),
        ({"qlora": "auto", "quantized_base": "int8"}, {"8-bit weights"}),
        ({"qlora": "required", "quantized_base": "nf4"}, {"8-bit weights", "4-bit weights"}),
    ],
)
def test_a_rung_that_changes_nothing_is_not_on_the_ladder(changes, gone):
    assert set(names(SFT)) - set(names(SFT | changes)) == gone


def test_without_bitsandbytes_there_are_no_quantized_weights():
    assert names(SFT, quantizable=False)[-1] == "LoRA rank 8"


def test_preference_training_has_no_rank_and_no_quantized_weights_of_its_own():
    assert names(DPO) == ["micro batch 2", "micro batch 1", "gradient checkpointing", "ZeRO-2"]


def test_the_bottom_of_the_ladder_has_no_rung():
    parameters = SFT
    for rung in rungs(SFT):
        parameters = applied(parameters, rung.change)
    assert rungs(parameters) == []


def test_rows_at_once_keep_sharing_a_step_evenly():
    # 6 rows a rank: 6 at once, then 3, then 1
    six = SFT | {"global_batch_size": 12, "micro_batch_size": 6}
    assert [rung.change for rung in rungs(six)][:2] == [{"micro_batch_size": 3}, {"micro_batch_size": 1}]
    # a rank has only two rows of a step, whatever micro_batch_size asks for
    two = SFT | {"global_batch_size": 4, "micro_batch_size": 8}
    assert rungs(two)[0].change == {"micro_batch_size": 1}


def test_alpha_follows_the_rank_and_the_rank_stops_at_eight():
    odd = SFT | {"lora": SFT["lora"] | {"rank": 12, "alpha": 24}}
    lowered = [rung.change for rung in rungs(odd) if "lora.rank" in rung.change]
    assert lowered == [{"lora.rank": 8, "lora.alpha": 16}]


def test_every_rung_leaves_parameters_that_the_stage_accepts():
    base = SFT | {
        "learning_rate": 1e-4, "max_steps": 3, "warmup_share": 0.0, "weight_decay": 0.0, "max_grad_norm": 1.0,
        "save_every": 1, "precision": "fp32", "label_smoothing": 0.0, "opening_weight": 1.0,
    }  # fmt: skip
    parameters = SftParams.model_validate(base).model_dump()
    for rung in rungs(parameters):
        parameters = applied(parameters, rung.change)
        SftParams.model_validate(parameters)


def test_changes_are_applied_to_a_copy():
    assert applied(SFT, {"lora.rank": 8, "zero_stage": 1})["lora"]["rank"] == 8
    assert SFT["lora"]["rank"] == 32 and SFT["zero_stage"] == 0


def test_a_rung_is_printed_as_it_is_typed():
    assert params_option("sft", {"lora.rank": 8, "lora.alpha": 16}) == (
        "--params sft.lora.rank=8,sft.lora.alpha=16"
    )
    assert (
        params_option("dpo", {"gradient_checkpointing": True}) == "--params dpo.gradient_checkpointing=true"
    )


def test_shorter_blocks_are_a_rung_of_tokenize():
    rung = shorter_blocks(2048)
    assert isinstance(rung, Rung)
    assert params_option("tokenize", rung.change) == "--params tokenize.max_seq_len=1024"
    assert shorter_blocks(400) is None
