"""Every flag of a training reaches its trainer and does there what its name says."""

import pytest
import torch

from ta_pipeline.records import InputError
from ta_pipeline.training.job import optimizer_steps, rows_per_step
from ta_pipeline.training.setup import common_arguments
from ta_pipeline.training.sft import build_trainer


def row(prompt, answer):
    """Make a block of one row."""
    ids = [*prompt, *answer]
    facts = {"split": "train", "input_ids": ids, "labels": [-100] * len(prompt) + answer}
    return facts | {"seq_lengths": [len(ids)], "example_ids": ["a"], "read_tokens": len(ids)}


ROWS = [row([1, 50 + i], [60 + i, *range(70, 70 + i), 2]) for i in range(8)]


def train(job):
    trainer = build_trainer(job, callbacks=[])
    trainer.train()
    return trainer


def first_steps(trainer):
    return [entry for entry in trainer.state.log_history if "loss" in entry]


@pytest.mark.parametrize(
    ("parameters", "name", "value"),
    [
        ({"learning_rate": 3e-4}, "learning_rate", 3e-4),
        ({"max_steps": 7}, "max_steps", 7),
        ({"max_steps": 50, "warmup_share": 0.03}, "warmup_steps", 2),
        ({"weight_decay": 0.02}, "weight_decay", 0.02),
        ({"max_grad_norm": 0.3}, "max_grad_norm", 0.3),
        ({"save_every": 9}, "save_steps", 9),
        ({"gradient_checkpointing": True}, "gradient_checkpointing", True),
        ({"gradient_checkpointing": True}, "gradient_checkpointing_kwargs", {"use_reentrant": False}),
        ({"micro_batch_size": 2, "global_batch_size": 8}, "per_device_train_batch_size", 2),
        ({"micro_batch_size": 2, "global_batch_size": 8}, "gradient_accumulation_steps", 4),
        ({"num_processes": 2, "global_batch_size": 8}, "gradient_accumulation_steps", 4),
    ],
)
def test_a_parameter_is_an_argument_of_the_trainer(sft_job, parameters, name, value):
    assert common_arguments(sft_job(**parameters), rows=8)[name] == value


@pytest.mark.parametrize(
    ("precision", "expected"), [("bf16", (True, False)), ("fp16", (False, True)), ("fp32", (False, False))]
)
def test_a_precision_is_the_trainers_autocast_and_fp16_its_scaler(sft_job, precision, expected):
    arguments = common_arguments(sft_job(precision=precision), rows=8)
    assert (arguments["bf16"], arguments["fp16"]) == expected


def test_epochs_are_steps_and_a_pass_is_a_whole_number_of_them():
    ten_rows_of_four_a_step = {"max_steps": None, "global_batch_size": 4, "num_processes": 1}
    assert optimizer_steps("sft", ten_rows_of_four_a_step | {"epochs": 3.0}, 10) == 9
    assert optimizer_steps("sft", ten_rows_of_four_a_step | {"epochs": 0.5}, 10) == 2
    assert optimizer_steps("sft", ten_rows_of_four_a_step | {"max_steps": 5, "epochs": None}, 10) == 5


def test_epochs_read_every_row_so_often(sft_job):
    trainer = train(sft_job(ROWS[:5], max_steps=None, epochs=2, global_batch_size=2, warmup_share=0.5))
    assert trainer.state.global_step == 6  # three a pass, the last of one row
    assert trainer.state.num_train_epochs == trainer.state.epoch == 2
    assert trainer.args.warmup_steps == 3
    assert trainer._total_train_tokens == 2 * sum(r["read_tokens"] for r in ROWS[:5])


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ((3, 2, 1), "global_batch_size=3 cannot be shared by 2 processes"),
        ((6, 1, 4), r"micro_batch_size=4 does not divide the 6 rows .* \(6\) a multiple of 1 x 4"),
        ((8, 4, 4), r"micro_batch_size=4 does not divide the 2 rows .* \(8\) a multiple of 4 x 4"),
    ],
)
def test_a_batch_that_does_not_divide_is_refused_with_the_cure(parameters, message):
    names = ("global_batch_size", "num_processes", "micro_batch_size")
    with pytest.raises(InputError, match=message):
        rows_per_step("sft", dict(zip(names, parameters, strict=True)))


@pytest.mark.parametrize("fast", [True, False])
def test_blocks_read_at_once_are_the_step_of_blocks_read_one_after_another(sft_job, fast):
    logged = []
    for at_once in (1, 4):
        job = sft_job(ROWS[:4], micro_batch_size=at_once, global_batch_size=4, max_steps=1, fast_layers=fast)
        trainer = train(job)
        assert trainer.args.per_device_train_batch_size == at_once
        logged.append(first_steps(trainer)[0])
    for figure in ("loss", "grad_norm", "num_tokens"):
        assert logged[0][figure] == pytest.approx(logged[1][figure], rel=1e-5)


def test_rows_of_like_length_are_read_together_where_nothing_is_packed(sft_job):
    two_in_one = ROWS[7] | {"seq_lengths": [4, len(ROWS[7]["input_ids"]) - 4]}
    spreads = []
    for blocks in (ROWS * 32, [*(ROWS * 32)[:-1], two_in_one]):
        trainer = build_trainer(sft_job(blocks, micro_batch_size=4, global_batch_size=4), callbacks=[])
        sizes = [batch["cu_seq_lens_q"].diff() for batch in trainer.get_train_dataloader()]
        spreads.append(sum(int(size.max() - size.min()) for size in sizes) / len(sizes))
    assert spreads[0] < 1
    assert spreads[1] > 3


def gradients(trainer):
    torch.manual_seed(3)
    for name, parameter in trainer.model.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(parameter, std=0.1)
    batch = trainer.data_collator([trainer.train_dataset[i] for i in range(len(trainer.train_dataset))])
    trainer.compute_loss(trainer.model.train(), dict(batch)).backward()
    return {name: p.grad for name, p in trainer.model.named_parameters() if p.grad is not None}


@pytest.mark.parametrize("adapter", ["lora", "full"])
def test_checkpointing_gradients_changes_none_of_them(sft_job, adapter):
    """Rows and shared beginnings reach the layers again when they are computed a second time."""
    beginning = list(range(100, 120))
    blocks = [row([*beginning, 50 + i], [60 + i, 2]) for i in range(3)]
    plain = gradients(build_trainer(sft_job(blocks, adapter=adapter), callbacks=[]))
    trainer = build_trainer(sft_job(blocks, adapter=adapter, gradient_checkpointing=True), callbacks=[])
    trainer.model.gradient_checkpointing_enable(trainer.args.gradient_checkpointing_kwargs)
    layers = trainer.model.get_submodule(
        "base_model.model.model.layers" if adapter == "lora" else "model.layers"
    )
    calls = []
    for layer in layers:
        layer.register_forward_pre_hook(lambda *_: calls.append(1))
    again = gradients(trainer)
    assert len(calls) == 4  # two layers, forward and once more
    assert plain.keys() == again.keys()
    for name in plain:
        torch.testing.assert_close(again[name], plain[name], atol=1e-6, rtol=1e-5)


def test_the_rate_rises_for_its_share_and_falls_like_a_cosine(sft_job):
    trainer = train(sft_job(ROWS, max_steps=4, warmup_share=0.25, learning_rate=0.01))
    rates = [entry["learning_rate"] for entry in first_steps(trainer)]
    # one step up from 0, then cosine over the other three: 1, 3/4, 1/4
    assert rates == pytest.approx([0.0, 0.01, 0.0075, 0.0025])


def test_clipping_bounds_the_step(sft_job):
    """With plain gradient descent a step is the gradient, so its length is what clipping leaves."""
    moved = []
    for limit in (1e9, 1e-3):
        trainer = build_trainer(sft_job(ROWS, max_steps=1, max_grad_norm=limit), callbacks=[])
        trained = [p for p in trainer.model.parameters() if p.requires_grad]
        before = [p.detach().clone() for p in trained]
        trainer.optimizer = torch.optim.SGD(trained, lr=1.0)
        trainer.lr_scheduler = torch.optim.lr_scheduler.ConstantLR(trainer.optimizer, factor=1.0)
        trainer.train()
        moved.append(sum((p - b).pow(2).sum() for p, b in zip(trained, before, strict=True)).sqrt().item())
    assert moved[0] > 0.1
    assert moved[1] == pytest.approx(1e-3, rel=1e-2)


def test_weight_decay_pulls_weights_towards_zero(sft_job):
    weights = []
    for decay in (0.0, 0.5):
        trainer = build_trainer(
            sft_job(ROWS, max_steps=1, learning_rate=0.1, weight_decay=decay), callbacks=[]
        )
        a = next(p for name, p in trainer.model.named_parameters() if "lora_A" in name)
        before = a.detach().clone()
        trainer.train()
        weights.append(a.detach())
    # AdamW: the second run's weights are the first's less rate x decay x what they were
    torch.testing.assert_close(weights[1], weights[0] - 0.1 * 0.5 * before)


def test_without_fast_layers_transformers_and_peft_compute(sft_job):
    fast = build_trainer(sft_job(ROWS), callbacks=[]).model
    plain = build_trainer(sft_job(ROWS, fast_layers=False), callbacks=[]).model
    assert fast.config._attn_implementation == "sdpa_by_row"
    assert plain.config._attn_implementation == "sdpa"
    name = "base_model.model.model.layers.0.mlp.up_proj"
    assert "forward" in vars(fast.get_submodule(name))
    assert "forward" not in vars(plain.get_submodule(name))
