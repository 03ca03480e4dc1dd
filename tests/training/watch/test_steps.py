"""What is known of every step, and what stops a run at once."""

import math

import pyarrow as pa
import pytest
import torch

from ta_pipeline.chat.rows import PREFERENCE_TOKENS
from ta_pipeline.params import DpoParams
from ta_pipeline.training.job import TrainingJob
from ta_pipeline.training.watch.batches import Work
from ta_pipeline.training.watch.steps import (
    Meter,
    NotANumberError,
    NothingToLearnError,
    refuse_not_finite,
    refuse_unlearned,
)

SHARED = list(range(100, 120))


def two_questions_on_one_passage():
    """One block of two rows that share 20 tokens, the way packing puts them."""
    ids = [*SHARED, 50, 60, 2, *SHARED, 70, 80, 90, 2]
    labels = [-100] * 21 + [60, 2] + [-100] * 20 + [70, 80, 90, 2]
    row = {"split": "train", "input_ids": ids, "labels": labels, "seq_lengths": [23, 24]}
    return row | {"example_ids": ["a", "b"], "read_tokens": 27}


def test_each_step_names_its_rows_and_counts_what_it_reads_and_learns(make_job, run_job, block):
    blocks = [two_questions_on_one_passage(), block("c", [1, *range(200, 210), 2])]

    events, report = run_job(make_job(blocks, max_steps=1, global_batch_size=2))

    [step] = [event for event in events if "loss" in event]
    assert sorted(step["example_ids"]) == ["a", "b", "c"]
    assert step["tokens_read"] == 23 + 4 + 12
    assert step["tokens_learned"] == 6 + 4
    assert step["tokens_per_second"] == pytest.approx(39 / step["step_seconds"], rel=0.01)
    assert 0 < step["mfu"] < 1
    assert 0 < step["cpu_share"] <= 1
    assert step["memory_gb"] > 0.05
    assert report["kept_step"] is None


def test_mfu_is_the_flop_of_the_rows_over_what_the_machine_could_do(make_job, monkeypatch):
    from ta_pipeline.training.sft import build_trainer

    job = make_job([two_questions_on_one_passage()], max_steps=1, global_batch_size=1)
    trainer = build_trainer(job, [])
    meter = trainer.meter
    meter.peak_flops, meter.count_flops = 1e9, lambda work: 1e6 * work.tokens
    trainer.train()
    flops = 27 * 1e6
    assert meter.figures["mfu"] == pytest.approx(flops / meter.figures["step_seconds"] / 1e9, rel=0.01)


def test_figures_are_summed_over_ranks(monkeypatch):
    times = iter([100.0, 100.0, 100.0, 102.0])
    monkeypatch.setattr("ta_pipeline.training.watch.steps.time.monotonic", lambda: next(times))
    meter = Meter()
    meter.peak_flops = 1e12
    meter.begin()
    meter.hold([([Work(["a"], 10, 4, [])], 1e9), ([Work(["b"], 20, 6, [])], 3e9)])
    meter.end([[0.5, 1.0, 0.0, 0.0, 0.0], [0.25, 2.0, 0.0, 0.0, 0.0]])
    figures = meter.figures
    assert meter.ids == ["a", "b"]
    assert (figures["tokens_read"], figures["tokens_learned"]) == (30, 10)
    assert (figures["step_seconds"], figures["tokens_per_second"]) == (2.0, 15.0)
    assert figures["mfu"] == 0.001  # 4e9 FLOP in 2 s, of two ranks that could do 1e12 each
    assert figures["memory_gb"] == 2.0


def test_the_rows_of_a_step_are_those_that_its_micro_batches_hold(make_job, monkeypatch, counting, events_of):
    from ta_pipeline.training.sft import PackedTrainer, build_trainer
    from ta_pipeline.training.watch.events import EventWriter

    seen = []
    original = PackedTrainer.compute_loss

    def compute_loss(self, model, inputs, **kwargs):
        seen.append(int(inputs["input_ids"][0, 1]))
        return original(self, model, inputs, **kwargs)

    monkeypatch.setattr(PackedTrainer, "compute_loss", compute_loss)
    job = make_job(counting(7), max_steps=6, global_batch_size=3)
    trainer = build_trainer(job, [])
    trainer.add_callback(EventWriter(job.events, trainer.meter))
    trainer.train()
    named = [name for event in events_of(job) if "loss" in event for name in event["example_ids"]]
    assert named == [f"train{(first - 300) // 7}" for first in seen]
    assert sorted(named[:7]) == sorted(named[7:]) == [f"train{i}" for i in range(7)]  # 3 + 3 + 1, twice


def test_a_batch_without_a_label_stops_the_run_and_names_its_rows(make_job, run_job, block, counting):
    masked = block("the_masked_one", [1, *range(200, 220), 2], prompt=22)
    job = make_job([*counting(3), masked], max_steps=4)
    with pytest.raises(NothingToLearnError, match=r"step [12]: nothing is learned from row the_masked_one"):
        run_job(job)
    assert not job.result.exists()


def test_a_masked_micro_batch_stops_the_run_though_the_step_has_other_labels():
    works = [Work(["good"], 10, 5, []), Work(["bad"], 10, 0, [])]
    with pytest.raises(NothingToLearnError, match="row bad: every label is masked"):
        refuse_unlearned(3, works)
    refuse_unlearned(3, works[:1])


def test_a_loss_that_is_no_number_stops_the_run_before_the_optimizer_and_saves_nothing(
    make_job, run_job, counting, events_of
):
    from ta_pipeline.training import sft

    job = make_job(counting(4), max_steps=4, save_every=1)
    build = sft.build_trainer

    def poisoned(job, callbacks):
        trainer = build(job, callbacks)
        next(p for n, p in trainer.model.named_parameters() if "lora_A" in n).data[0, 0] = math.nan
        return trainer

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sft, "build_trainer", poisoned)
        with pytest.raises(
            NotANumberError, match=r"step 1: the loss is nan on rows train\d, train\d, at learning"
        ):
            run_job(job)
    assert not job.result.exists()
    assert not list(job.checkpoints.glob("checkpoint-*"))
    assert events_of(job) == []


def test_only_the_rows_of_the_broken_micro_batches_are_named():
    losses = [(2.0, ["good"]), (math.inf, ["bad"])]
    with pytest.raises(NotANumberError, match=r"step 9: the loss is inf on row bad, at learning rate 0\.5"):
        refuse_not_finite(9, losses, 0.5)
    with pytest.raises(NotANumberError, match="a gradient is not finite on rows good, other"):
        refuse_not_finite(9, [(2.0, ["good", "other"])], 0.5)


def test_a_message_names_four_rows_and_counts_the_rest():
    works = [Work([f"r{i}" for i in range(6)], 10, 0, [])]
    with pytest.raises(NothingToLearnError, match="rows r0, r1, r2, r3 and 2 more"):
        refuse_unlearned(1, works)


def test_training_does_not_depend_on_being_watched(make_job, run_job, counting):
    """The meter draws no random number: the losses are those of the trainer alone."""
    from ta_pipeline.training.sft import build_trainer

    watched, _ = run_job(
        make_job(counting(4), "a", lora={"rank": 4, "alpha": 8, "dropout": 0.5, "targets": "attention"})
    )
    trainer = build_trainer(
        make_job(counting(4), "b", lora={"rank": 4, "alpha": 8, "dropout": 0.5, "targets": "attention"}), []
    )
    trainer.train()
    alone = [entry["loss"] for entry in trainer.state.log_history if "loss" in entry]
    assert [event["loss"] for event in watched if "loss" in event] == alone
    assert torch.is_grad_enabled()


PAIRS = [
    {
        "id": "p",
        "split": "train",
        "prompt_ids": [1, *SHARED],
        "chosen_ids": [70, 2],
        "rejected_ids": [80, 90, 2],
    },
    {"id": "q", "split": "validation", "prompt_ids": [1, 51], "chosen_ids": [71, 72, 2], "rejected_ids": [2]},
]


@pytest.fixture
def preference_job(tmp_path, tiny_model, tiny_adapter):
    def make(pairs, **changes):
        path = tmp_path / "pairs.arrow"
        with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, PREFERENCE_TOKENS) as writer:
            writer.write_table(pa.Table.from_pylist(pairs, PREFERENCE_TOKENS))
        parameters = {
            "learning_rate": 1e-3, "max_steps": 1, "global_batch_size": 1, "warmup_share": 0.0,
            "weight_decay": 0.0, "max_grad_norm": 1.0, "save_every": 9, "precision": "fp32",
            "gradient_checkpointing": False, "zero_stage": 0, "num_processes": 1, "method": "dpo", "beta": 0.1,
            "sft_weight": 1.0, "max_prompt_tokens": 64, "max_answer_tokens": 64,
        }  # fmt: skip
        parameters = DpoParams.model_validate(parameters | changes).model_dump()
        return TrainingJob(
            "dpo", str(tiny_model), str(tiny_adapter), str(path), parameters, 7, "fp32", str(tmp_path)
        )

    return make


@pytest.mark.parametrize("method", ["dpo", "orpo"])
def test_preference_training_counts_what_it_reads_too_and_names_its_pairs(preference_job, run_job, method):
    events, _ = run_job(preference_job(PAIRS, method=method, sft_weight=0.0))

    [step] = [event for event in events if "loss" in event]
    assert step["example_ids"] == ["p"]
    assert step["tokens_read"] == 21 + 2 + 3  # the prompt once; TRL's own count is 23 + 24
    assert step["tokens_learned"] == 2 + 3
    assert step["mfu"] > 0
    assert [event["validation_loss"] > 0 for event in events if "validation_loss" in event] == [True]


def test_a_pair_without_an_answer_stops_preference_training(preference_job, run_job):
    empty = PAIRS[0] | {"id": "mute", "chosen_ids": [], "rejected_ids": []}
    job = preference_job([empty])
    with pytest.raises(NothingToLearnError, match="row mute"):
        run_job(job)
    assert not job.result.exists()
