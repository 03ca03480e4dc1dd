"""What a run is, from its parameters."""

from pathlib import Path

import pytest
import yaml

from ta_pipeline.params import DpoParams, SftParams, TokenizeParams
from ta_pipeline.training.plan.runs import preference_run, sft_run

BASE = Path(__file__).resolve().parents[3] / "conf" / "base"


def block(model, name, **change):
    given = yaml.safe_load((BASE / f"parameters_{name}.yml").read_text("utf-8"))[name]
    return model.model_validate(given | change)


def test_a_fine_tuning_reads_its_micro_batch_and_accumulates_the_rest_of_its_share():
    sft = block(SftParams, "sft", global_batch_size=16, micro_batch_size=2, num_processes=2)
    run = sft_run(
        sft, block(TokenizeParams, "tokenize", max_seq_len=1000), "bf16", "cuda", supervised_share=0.3
    )
    assert (run.tokens, run.longest, run.scored, run.accumulation, run.ranks) == (2000, 1000, 600, 4, 2)
    assert run.autocast and run.width == 2


def test_under_deepspeed_nothing_is_cast_on_the_way():
    sft = block(SftParams, "sft", global_batch_size=2, num_processes=2, zero_stage=2)
    assert not sft_run(sft, block(TokenizeParams, "tokenize"), "bf16", "cuda").autocast


def test_full_fine_tuning_has_no_rank_and_qlora_its_form():
    tokenize = block(TokenizeParams, "tokenize")
    assert sft_run(block(SftParams, "sft", adapter="full"), tokenize, "fp32", "cpu").rank == 0
    run = sft_run(block(SftParams, "sft", qlora="auto", quantized_base="int8"), tokenize, "fp32", "cpu")
    assert run.quantized == "int8" and run.rank == 16


@pytest.mark.parametrize(
    ("change", "tokens", "at_once"),
    [
        ({"global_batch_size": 1}, 1408, 1),  # one prompt, two answers
        ({"global_batch_size": 4, "max_prompt_tokens": 256}, 1920, 3),  # 640 each: three fit 2,048
        ({"global_batch_size": 4, "fast_layers": False}, 2432, 1),  # the prompt before each answer
    ],
)
def test_pairs_share_their_prompt_where_attention_goes_by_row(change, tokens, at_once):
    run = preference_run(block(DpoParams, "dpo", **change), block(SftParams, "sft"), "fp32", "cpu")
    assert run.tokens == tokens and run.scored == at_once * 384 and run.method == "dpo"
