"""Bytes counted by hand, and what each stage of ZeRO leaves of them on a rank."""

from dataclasses import replace

from ta_pipeline.training.plan.forecast import (
    CUDA_CONTEXT,
    GIB,
    NCCL_BUFFERS,
    NF4_BYTES,
    Fitted,
    billions,
    buffer_bytes,
    forecast,
    frozen_bytes,
    gradient_bytes,
    logit_bytes,
    optimizer_bytes,
    saved_per_token,
    trained_bytes,
    trained_parameters,
)
from ta_pipeline.training.plan.seeds import LORA
from ta_pipeline.training.plan.shapes import published_shape

LLAMA = published_shape("meta-llama/Llama-2-7b-hf")
QWEN = published_shape("Qwen/Qwen3-8B")
FULL = replace(LORA, adapter="full", rank=0, dropout=0.0)
PLAIN = Fitted(process=0.0, slack=1.0)


def part(shape, run, name):
    return next(part.bytes for part in forecast(shape, run, PLAIN).parts if part.name == name)


def test_7b_in_bf16_is_two_bytes_a_weight_and_13_gib():
    assert frozen_bytes(LLAMA, LORA) == 2 * 6_738_415_616
    assert round(frozen_bytes(LLAMA, LORA) / GIB) == 13
    assert frozen_bytes(LLAMA, replace(LORA, precision="fp32")) == 4 * 6_738_415_616


def test_nf4_is_half_a_byte_and_its_constants_while_embedding_head_and_norms_stay():
    assert round(NF4_BYTES, 4) == 0.5159
    matrices = 32 * (4 * 4096**2 + 3 * 4096 * 11008)
    rest = 2 * 32000 * 4096 + 65 * 4096
    assert matrices + rest == 6_738_415_616
    expected = matrices * NF4_BYTES + rest * 2
    assert frozen_bytes(LLAMA, replace(LORA, quantized="nf4")) == expected
    assert 3.5 < expected / GIB < 3.7


def test_int8_is_a_byte_and_a_float32_for_each_row_of_a_matrix():
    matrices, rows = 32 * (4 * 4096**2 + 3 * 4096 * 11008), 32 * (5 * 4096 + 2 * 11008)
    expected = matrices + 4 * rows + 2 * (2 * 32000 * 4096 + 65 * 4096)
    assert frozen_bytes(LLAMA, replace(LORA, quantized="int8")) == expected


def test_an_adapter_of_rank_64_takes_16_bytes_a_weight_and_a_copy_of_2():
    trained = 32 * 4 * 64 * (4096 + 4096)
    assert trained_parameters(LLAMA, LORA) == trained == 67_108_864
    assert optimizer_bytes(LLAMA, LORA) == 8 * trained  # AdamW's two float32
    assert gradient_bytes(LLAMA, LORA) == 4 * trained
    assert trained_bytes(LLAMA, LORA) == 6 * trained
    assert trained_bytes(LLAMA, replace(LORA, precision="fp32")) == 4 * trained
    assert trained_bytes(LLAMA, replace(LORA, dropout=0.0)) == 4 * trained  # fused: cast when it is needed


def test_dora_adds_a_magnitude_for_each_row_and_dpo_a_frozen_reference():
    dora = replace(LORA, adapter="dora")
    assert trained_parameters(LLAMA, dora) - trained_parameters(LLAMA, LORA) == 32 * 4 * 4096
    assert trained_bytes(LLAMA, replace(LORA, method="dpo")) == 2 * trained_bytes(LLAMA, LORA)
    assert trained_bytes(LLAMA, replace(LORA, method="orpo")) == trained_bytes(LLAMA, LORA)


def test_every_weight_in_bf16_is_kept_in_float32_without_deepspeed_and_beside_it_with():
    weights = 6_738_415_616
    assert frozen_bytes(LLAMA, FULL) == 0
    assert trained_bytes(LLAMA, FULL) == 6 * weights and optimizer_bytes(LLAMA, FULL) == 8 * weights
    sharded = replace(FULL, zero_stage=1, ranks=4)
    assert trained_bytes(LLAMA, sharded) == 2 * weights
    assert optimizer_bytes(LLAMA, sharded) == 12 * weights
    assert gradient_bytes(LLAMA, sharded) == (2 + 4 / 4) * weights
    assert gradient_bytes(LLAMA, replace(sharded, zero_stage=2)) == (2 / 4 + 4 / 4) * weights


def test_zero_3_halves_weights_optimizer_and_gradients_over_two_ranks():
    alone = replace(FULL, zero_stage=3, ranks=1)
    two = replace(alone, ranks=2)
    for name in ("trained weights", "optimizer", "gradients"):
        assert part(LLAMA, two, name) == part(LLAMA, alone, name) / 2
    frozen = replace(LORA, zero_stage=3, ranks=2)
    assert part(LLAMA, frozen, "frozen weights") == 6_738_415_616


def test_zero_2_shards_what_is_trained_and_leaves_frozen_weights_whole():
    two = replace(LORA, zero_stage=2, ranks=2)
    assert part(LLAMA, two, "frozen weights") == 2 * 6_738_415_616
    assert part(LLAMA, two, "optimizer") == 12 * 67_108_864 / 2


def test_offload_moves_states_and_then_weights_to_main_memory():
    two = replace(FULL, zero_stage=3, ranks=2)
    here, states = forecast(LLAMA, two, PLAIN), forecast(LLAMA, replace(two, offload="optimizer"), PLAIN)
    moved = part(LLAMA, two, "optimizer") + part(LLAMA, two, "gradients")
    assert here.peak - states.peak == states.offloaded == moved
    everything = forecast(LLAMA, replace(two, offload="optimizer+parameters"), PLAIN)
    assert everything.offloaded == moved + part(LLAMA, two, "trained weights")


def test_gradients_come_as_activations_go_unless_they_are_accumulated():
    once = replace(FULL, accumulation=1)
    gradients, activations = 4 * 6_738_415_616, part(LLAMA, once, "activations")
    assert part(LLAMA, once, "gradients") == max(gradients - activations, 0)
    assert part(LLAMA, FULL, "gradients") == gradients


def test_what_a_layer_keeps_of_a_token_of_qwen3_8b_counted_by_hand():
    run = replace(LORA, dropout=0.0, mlp=True)
    norms = 2 * (2 * 4096 + 4) + 2 * (4096 + 2 * 1024) + 4 * (32 + 8)  # inputs, joined q k v, scales
    attention = 2 * (4096 + 1024 + 1024 + 4096) + 4 * 32
    mlp = 2 * 2 * 12288
    inputs = 2 * (4096 + 4096 + 12288)  # after both norms, of down; of o it is attention's output
    ranks = 2 * 64 * 7
    assert saved_per_token(QWEN, run) == norms + attention + mlp + inputs + ranks


def test_checkpointing_keeps_an_input_a_layer_and_one_layer_whole():
    run = replace(LORA, checkpointing=True, tokens=10)
    ends = 4096 * 6
    assert part(LLAMA, run, "activations") == 10 * (32 * 2 * 4096 + saved_per_token(LLAMA, run) + ends)


def test_eager_attention_grows_with_the_square_of_the_row():
    eager = replace(LORA, attention="eager", longest=1024)
    more = saved_per_token(LLAMA, replace(eager, longest=2048)) - saved_per_token(LLAMA, eager)
    assert more == 32 * 1024 * 6  # heads, further keys, float32 and bf16
    plain = replace(LORA, longest=1024)
    assert saved_per_token(LLAMA, replace(plain, longest=2048)) == saved_per_token(LLAMA, plain)


def test_logits_are_there_where_they_are_scored_and_a_chunk_at_a_time_in_our_head():
    plain = replace(LORA, fast_layers=False, smoothing=False)
    assert logit_bytes(LLAMA, plain) == 1024 * 32000 * 14
    assert logit_bytes(LLAMA, replace(plain, precision="fp32")) == 1024 * 32000 * 12
    assert logit_bytes(LLAMA, replace(plain, smoothing=True)) == 1024 * 32000 * 18
    assert logit_bytes(LLAMA, LORA) == 256 * 32000 * 14
    assert logit_bytes(LLAMA, replace(LORA, scored=100)) == 100 * 32000 * 14
    assert logit_bytes(LLAMA, FULL) == 256 * 32000 * 14 + 4 * 32000 * 4096  # and the head's gradient


def test_buffers_are_the_context_the_ranks_and_what_is_gathered_or_dequantized():
    assert buffer_bytes(LLAMA, LORA) == CUDA_CONTEXT
    assert buffer_bytes(LLAMA, replace(LORA, device="cpu"), Fitted(7.0, 1.0)) == 7
    two = replace(LORA, ranks=2)
    assert buffer_bytes(LLAMA, two) == CUDA_CONTEXT + NCCL_BUFFERS + 4 * 67_108_864
    third = replace(two, zero_stage=3)
    assert buffer_bytes(LLAMA, third) == CUDA_CONTEXT + NCCL_BUFFERS + 2 * 5e8 + 2 * 1e9
    assert buffer_bytes(LLAMA, replace(LORA, quantized="nf4")) == CUDA_CONTEXT + 2 * 4096 * 11008


def test_the_parts_add_up_and_slack_is_on_activations_and_logits_alone():
    plain, slack = forecast(LLAMA, LORA, PLAIN), forecast(LLAMA, LORA, Fitted(0.0, 2.0))
    assert plain.peak == sum(each.bytes for each in plain.parts)
    assert slack.peak - plain.peak == part(LLAMA, LORA, "activations") + part(LLAMA, LORA, "logits")


def test_counts_are_written_with_three_figures():
    assert [billions(n) for n in (8_190_735_360, 174_587_904, 4_884_480, 999)] == [
        "8.19 B",
        "175 M",
        "4.88 M",
        "999",
    ]
