"""The seed's own figures stand beside ours, and what cannot be is called so."""

from ta_pipeline.training.plan.seeds import claims


def test_every_figure_of_the_seed_is_told():
    assert [(claim.what, claim.seed) for claim in claims()] == [
        ("LoRA", "~16 GB"),
        ("LoRA, checkpointing", "~10 GB"),
        ("QLoRA", "6-8 GB"),
        ("QLoRA, checkpointing", "6-8 GB"),
        ("full, checkpointing", "48-80 GB"),
        ("ZeRO-1, full", "~4x"),
        ("ZeRO-2, full", "~8x"),
    ]


def test_ten_gb_for_7b_in_bf16_cannot_be_since_the_weights_take_13():
    verdicts = {claim.what: claim.verdict for claim in claims()}
    assert verdicts["LoRA, checkpointing"] == "cannot be: weights alone take 12.6"
    # float32 weights and gradients, and AdamW's two: 16 bytes of 6.74 B
    assert verdicts["full, checkpointing"] == "cannot be: states alone take 100.4"


def test_qlora_with_checkpointing_is_as_the_seed_says():
    assert {claim.what: claim.verdict for claim in claims()}["QLoRA, checkpointing"] == ""


def test_zero_saves_four_and_eight_times_with_every_weight_and_nearly_nothing_with_lora():
    found = {claim.what: claim for claim in claims()}
    assert found["ZeRO-1, full"].ours == "4.7x" and found["ZeRO-2, full"].ours == "8.8x"
    assert found["ZeRO-1, full"].verdict == "for LoRA 1.1x: most is frozen"
