"""The trainers' losses are the plain ones, computed where a label counts."""

import dataclasses

import pyarrow as pa
import pytest
import torch
from torch.nn.functional import cross_entropy

from ta_pipeline.chat.packing import BLOCK
from ta_pipeline.chat.rows import PREFERENCE_TOKENS
from ta_pipeline.training.job import TrainingJob

LORA = {"rank": 2, "alpha": 4, "dropout": 0.0, "targets": "attention+mlp"}
COMMON = {
    "learning_rate": 1e-3, "max_steps": 2, "global_batch_size": 1, "warmup_share": 0.0, "weight_decay": 0.0,
    "max_grad_norm": 1.0, "save_every": 1, "precision": "fp32", "gradient_checkpointing": False,
    "zero_stage": 0, "num_processes": 1,
}  # fmt: skip
CONTEXT = list(range(100, 120))  # long enough to be read once for both rows of SHARED
BLOCKS = [
    {"split": "train", "input_ids": [1, 50, 60, 2, 1, 70, 80, 90, 2], "labels": [-100, -100, 60, 2, -100, -100, 80, 90, 2],
     "seq_lengths": [4, 5], "example_ids": ["a", "b"], "read_tokens": 9},
]  # fmt: skip
SHARED = [
    {"split": "train", "input_ids": [*CONTEXT, 50, 60, 2, *CONTEXT, 70, 80, 90, 2],
     "labels": [-100] * 21 + [60, 2] + [-100] * 20 + [70, 80, 90, 2],
     "seq_lengths": [23, 24], "example_ids": ["a", "b"], "read_tokens": 47},
]  # fmt: skip
PAIRS = [
    {
        "id": "p",
        "split": "train",
        "prompt_ids": [1, 50, 60],
        "chosen_ids": [70, 2],
        "rejected_ids": [80, 90, 2],
    },
    {"id": "q", "split": "train", "prompt_ids": [1, 51], "chosen_ids": [71, 72, 2], "rejected_ids": [2]},
]


def job(tmp_path, method, rows, schema, model, adapter=None, **parameters):
    path = tmp_path / f"{method}.arrow"
    table = pa.Table.from_pylist(rows, schema)
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, schema) as writer:
        writer.write_table(table)
    return TrainingJob(method, str(model), adapter, str(path), COMMON | parameters, 7, "fp32", str(tmp_path))


def test_sft_loss_is_the_mean_over_supervised_tokens(tmp_path, tiny_model):
    from ta_pipeline.training.sft import build_trainer

    trainer = build_trainer(
        job(tmp_path, "sft", BLOCKS, BLOCK, tiny_model, lora=LORA, label_smoothing=0.0, opening_weight=1.0),
        callbacks=[],
    )
    batch = trainer.data_collator([trainer.train_dataset[0]])
    model = trainer.model.eval()
    with torch.no_grad():
        loss = trainer.compute_loss(model, dict(batch))
        losses, count = 0.0, 0
        for ids, labels in (
            ([1, 50, 60, 2], [-100, -100, 60, 2]),
            ([1, 70, 80, 90, 2], [-100, -100, 80, 90, 2]),
        ):
            logits = model(torch.tensor([ids]), use_cache=False).logits[0, :-1]
            losses += cross_entropy(logits, torch.tensor(labels[1:]), reduction="sum").item()
            count += sum(label != -100 for label in labels)
    assert count == 5
    assert loss.item() == pytest.approx(losses / count, abs=1e-4)


def loss_and_gradients(trainer):
    """Compute a training step's loss and gradients with an adapter that is far from zero."""
    torch.manual_seed(11)
    trained = [(name, p) for name, p in trainer.model.named_parameters() if p.requires_grad]
    for name, parameter in trained:
        if "lora_B" in name:
            torch.nn.init.normal_(parameter, std=0.1)
    batch = trainer.data_collator(list(trainer.train_dataset))
    loss = trainer.compute_loss(trainer.model.train(), dict(batch))
    loss.backward()
    return [loss, *(p.grad for _, p in trained)]


def without_shortcuts(monkeypatch):
    """Leave attention and adapters to transformers and PEFT."""
    monkeypatch.setattr("ta_pipeline.training.setup.wants_fast_layers", lambda job: False)


@pytest.mark.parametrize("blocks", [BLOCKS, SHARED], ids=["apart", "one_beginning"])
def test_an_sft_step_is_that_of_transformers_and_peft(blocks, tmp_path, tiny_model, monkeypatch):
    from ta_pipeline.training import sft

    each = job(tmp_path, "sft", blocks, BLOCK, tiny_model, lora=LORA, label_smoothing=0.0, opening_weight=1.0)
    trainer = sft.build_trainer(each, callbacks=[])
    assert trainer.model.config._attn_implementation == "sdpa_by_row"
    ours = loss_and_gradients(trainer)
    without_shortcuts(monkeypatch)
    trainer = sft.build_trainer(each, callbacks=[])
    assert trainer.model.config._attn_implementation == "sdpa"
    for a, b in zip(ours, loss_and_gradients(trainer), strict=True):
        torch.testing.assert_close(a, b, atol=1e-5, rtol=1e-5)


def test_a_beginning_that_rows_share_counts_once_in_the_tokens_read(tmp_path, tiny_model):
    from ta_pipeline.training.sft import build_trainer

    each = job(tmp_path, "sft", SHARED, BLOCK, tiny_model, lora=LORA, label_smoothing=0.0, opening_weight=1.0)
    trainer = build_trainer(each, callbacks=[])
    batch = trainer.data_collator(list(trainer.train_dataset))
    trainer.compute_loss(trainer.model.train(), dict(batch))
    assert trainer._metrics["train"]["num_tokens"] == [23 + 4]


def test_the_first_three_tokens_of_each_answer_weigh_more_and_the_mean_stays_one():
    from ta_pipeline.training.sft import opening_weights

    labels = torch.tensor([-100, 7, 7, 7, 7, 2, -100, -100, 8, 2])

    weights = opening_weights(labels, 3.0, torch.tensor([9]))[labels != -100]

    # 5 opening tokens (three and two) of weight 3 and 2 of weight 1: 17 in all, over 7 tokens
    assert weights.tolist() == pytest.approx([21 / 17] * 3 + [7 / 17] * 2 + [21 / 17] * 2)
    assert opening_weights(labels, 1.0, torch.tensor([9])).tolist() == [1.0] * 10


def test_what_follows_a_citation_is_an_opening_too():
    from ta_pipeline.training.sft import opening_weights

    labels = torch.tensor([-100, 5, 6, 6, 6, 9, 7, 7, 7, 7, 2])

    weights = opening_weights(labels, 3.0, torch.tensor([4, 9]))[1:]

    # [5 6 6] 6 9 [7 7 7] 7 2: six of weight 3 and four of weight 1, 22 over 10 tokens
    light, heavy = 10 / 22, 30 / 22
    assert weights.tolist() == pytest.approx([heavy] * 3 + [light] * 2 + [heavy] * 3 + [light] * 2)


def test_a_citation_ends_with_a_closing_bracket_alone_or_behind_others(tokenizer):
    from ta_pipeline.training.sft import closing_ids

    ids = set(closing_ids(tokenizer))
    for text in ("[Lecture 4 05:12]", "[第3讲]", "[Lecture 4]"):
        assert tokenizer(text, add_special_tokens=False)["input_ids"][-1] in ids


def test_label_smoothing_changes_the_sft_loss(tmp_path, tiny_model):
    from ta_pipeline.training.sft import build_trainer

    plain = job(
        tmp_path, "sft", BLOCKS, BLOCK, tiny_model, lora=LORA, label_smoothing=0.0, opening_weight=1.0
    )
    smooth = dataclasses.replace(plain, parameters=plain.parameters | {"label_smoothing": 0.2})
    losses = []
    for each in (plain, smooth):
        trainer = build_trainer(each, callbacks=[])
        batch = trainer.data_collator([trainer.train_dataset[0]])
        with torch.no_grad():
            losses.append(trainer.compute_loss(trainer.model.eval(), dict(batch)).item())
    assert losses[0] != pytest.approx(losses[1], abs=1e-5)


def test_attention_targets_leave_the_mlp_alone(tmp_path, tiny_model):
    from ta_pipeline.training.sft import build_trainer

    lora = LORA | {"targets": "attention"}
    trainer = build_trainer(
        job(tmp_path, "sft", BLOCKS, BLOCK, tiny_model, lora=lora, label_smoothing=0.0, opening_weight=1.0),
        callbacks=[],
    )
    trained = {name.split(".")[-4] for name, p in trainer.model.named_parameters() if p.requires_grad}
    assert trained == {"q_proj", "k_proj", "v_proj", "o_proj"}


def train_sft_adapter(tmp_path, tiny_model):
    """Train and save the adapter that DPO goes on from; gives its trainer."""
    from ta_pipeline.training import sft

    first = sft.build_trainer(
        job(tmp_path, "sft", BLOCKS, BLOCK, tiny_model, lora=LORA, label_smoothing=0.0, opening_weight=1.0),
        callbacks=[],
    )
    first.train()
    first.model.save_pretrained(str(tmp_path / "sft-adapter"))
    return first


def test_dpo_scored_on_answers_only_is_the_same_loss(tmp_path, tiny_model):
    from trl.trainer import utils

    from ta_pipeline.training import preference

    train_sft_adapter(tmp_path, tiny_model)
    pairs = job(
        tmp_path, "dpo", PAIRS, PREFERENCE_TOKENS, tiny_model, str(tmp_path / "sft-adapter"),
        beta=0.1, sft_weight=1.0, global_batch_size=2,
    )  # fmt: skip
    trainer = preference.build_trainer(pairs, callbacks=[])
    batch = trainer.data_collator([trainer.train_dataset[i] for i in range(2)])
    losses = []
    for compact in (True, False):
        utils._use_triton = lambda device, answer=compact: answer
        with torch.no_grad():
            losses.append(trainer.compute_loss(trainer.model, dict(batch)).item())
    assert losses[0] == pytest.approx(losses[1], abs=1e-5)


def test_a_dpo_step_is_that_of_trl_and_peft(tmp_path, tiny_model, monkeypatch):
    from ta_pipeline.training import preference

    train_sft_adapter(tmp_path, tiny_model)
    pairs = job(
        tmp_path, "dpo", PAIRS, PREFERENCE_TOKENS, tiny_model, str(tmp_path / "sft-adapter"),
        beta=0.1, sft_weight=1.0, global_batch_size=2,
    )  # fmt: skip
    ours = loss_and_gradients(preference.build_trainer(pairs, callbacks=[]))
    without_shortcuts(monkeypatch)
    theirs = loss_and_gradients(preference.build_trainer(pairs, callbacks=[]))
    assert max(gradient.abs().max() for gradient in theirs[1:]) > 1e-2
    for a, b in zip(ours, theirs, strict=True):
        torch.testing.assert_close(a, b, atol=1e-5, rtol=1e-5)


def test_dpo_goes_on_from_the_sft_adapter_and_refers_to_it(tmp_path, tiny_model):
    from ta_pipeline.training import preference

    first = train_sft_adapter(tmp_path, tiny_model)
    pairs = job(
        tmp_path, "dpo", PAIRS, PREFERENCE_TOKENS, tiny_model, str(tmp_path / "sft-adapter"),
        beta=0.1, sft_weight=0.0, global_batch_size=2,
    )  # fmt: skip
    trainer = preference.build_trainer(pairs, callbacks=[])
    trained = dict(trainer.model.named_parameters())
    for name, parameter in first.model.named_parameters():
        if "lora_B" in name:
            assert parameter.abs().max() > 0
            assert torch.equal(trained[name], parameter)
            assert torch.equal(trained[name.replace(".default.", ".ref.")], parameter)
            assert not trained[name.replace(".default.", ".ref.")].requires_grad


def over_one_prompt(*answers, prompt=range(100, 120)):
    return [
        {
            "id": str(i),
            "split": "train",
            "prompt_ids": list(prompt),
            "chosen_ids": [a, 2],
            "rejected_ids": [9, 2],
        }
        for i, a in enumerate(answers)
    ]


@pytest.mark.parametrize(
    ("limit", "processes", "expected"),
    [(30, 1, 4), (29, 1, 2), (26, 1, 2), (25, 1, 1), (26, 2, 2), (30, 4, 1)],
)
def test_as_many_pairs_are_read_at_once_as_fit(tmp_path, monkeypatch, limit, processes, expected):
    from ta_pipeline.training import preference

    monkeypatch.setattr(preference, "AT_ONCE", limit)
    rows = over_one_prompt(31, 32, 33, 34)  # a prompt of 20, four answers of 2, one of 2 that all reject
    pairs = job(
        tmp_path, "dpo", rows, PREFERENCE_TOKENS, "model", global_batch_size=4, num_processes=processes
    )
    assert preference.pairs_at_once(pa.Table.from_pylist(rows, PREFERENCE_TOKENS), pairs) == expected


def test_pairs_of_equal_length_read_at_once_are_the_step_of_pairs_read_one_after_another(
    tmp_path, tiny_model, monkeypatch
):
    from ta_pipeline.training import preference

    train_sft_adapter(tmp_path, tiny_model)
    adapters, logged = [], []
    for limit in (preference.AT_ONCE, 1):
        monkeypatch.setattr(preference, "AT_ONCE", limit)
        pairs = job(
            tmp_path, "dpo", over_one_prompt(31, 32, 33, 34), PREFERENCE_TOKENS, tiny_model,
            str(tmp_path / "sft-adapter"), beta=0.1, sft_weight=1.0, global_batch_size=4, max_steps=1,
        )  # fmt: skip
        trainer = preference.build_trainer(pairs, callbacks=[])
        assert trainer.args.per_device_train_batch_size == (4 if limit > 1 else 1)
        trainer.train()
        logged.append(trainer.state.log_history[0])
        adapters.append([p.detach().clone() for n, p in trainer.model.named_parameters() if ".default." in n])
    for a, b in zip(*adapters, strict=True):
        torch.testing.assert_close(a, b, atol=1e-6, rtol=1e-4)
    for figure in ("loss", "grad_norm"):  # Adam's first step hardly depends on the size of a gradient
        assert logged[0][figure] == pytest.approx(logged[1][figure], rel=1e-3)


def test_a_model_that_reads_rows_whole_gets_blocks_of_the_size_that_was_to_be_read(
    tmp_path, tiny_model, monkeypatch
):
    from ta_pipeline.training import setup
    from ta_pipeline.training.sft import build_trainer

    blocks = [SHARED[0] | {"read_tokens": 27}]
    each = job(tmp_path, "sft", blocks, BLOCK, tiny_model, lora=LORA, label_smoothing=0.0, opening_weight=1.0)
    assert len(build_trainer(each, callbacks=[]).train_dataset) == 1
    monkeypatch.setattr(setup, "use_row_attention", lambda model: False)
    assert len(build_trainer(each, callbacks=[]).train_dataset) == 2
