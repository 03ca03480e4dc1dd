"""DPO and ORPO of what SFT left; tests of their steps against TRL's are in test_trainers.py."""

import math

import pytest
import torch
from safetensors.torch import load_file

from ta_pipeline.records import InputError
from ta_pipeline.training import preference
from ta_pipeline.training.adapters import save_trained
from ta_pipeline.training.trained_model import is_adapter, load_trained, read_record


def batch_of(trainer):
    return trainer.data_collator([trainer.train_dataset[i] for i in range(2)])


def mean_log_probs(model, pairs):
    """Score each answer by itself: the mean log-probability of its tokens."""
    scores = []
    for prompt, *answers in pairs:
        for answer in answers:
            with torch.no_grad():
                logits = model(torch.tensor([[*prompt, *answer]])).logits[0].float()
            logs = logits.log_softmax(-1)[len(prompt) - 1 : -1]
            scores.append(logs.gather(1, torch.tensor(answer)[:, None]).mean())
    return torch.stack(scores).view(-1, 2)


@pytest.mark.parametrize("adapter", ["lora", "dora", "full"])
def test_the_first_dpo_loss_is_log_2(trained, dpo_job, adapter):
    trainer = preference.build_trainer(dpo_job(trained(adapter=adapter)), callbacks=[])
    with torch.no_grad():
        loss = trainer.compute_loss(trainer.model, batch_of(trainer))
    assert loss.item() == pytest.approx(math.log(2), abs=1e-6)


@pytest.mark.parametrize("adapter", ["lora", "full"])
def test_dpo_moves_away_from_a_reference_that_stays(trained, dpo_job, adapter):
    folder = trained(adapter=adapter)
    trainer = preference.build_trainer(dpo_job(folder), callbacks=[])
    before = torch.cat(trainer.compute_ref_log_probs(trainer.ref_model or trainer.model, batch_of(trainer)))
    trainer.train()
    after = torch.cat(trainer.compute_ref_log_probs(trainer.ref_model or trainer.model, batch_of(trainer)))
    assert torch.equal(before, after)
    assert trainer.state.log_history[1]["loss"] < math.log(2) - 1e-3


def test_a_reference_that_is_the_bare_base_model_is_found_out(trained, dpo_job, monkeypatch):
    """What TRL falls back to where an adapter "ref" cannot be added."""
    folder = trained()
    make = preference._trainer

    def without_reference(*arguments):
        trainer = make(*arguments)
        trainer.model.delete_adapter("ref")
        return trainer

    monkeypatch.setattr(preference, "_trainer", without_reference)
    with pytest.raises(InputError, match=r"other log-probabilities than .*left-by-sft"):
        preference.build_trainer(dpo_job(folder), callbacks=[])


def test_a_whole_reference_with_other_weights_is_found_out(trained, dpo_job, monkeypatch):
    folder = trained(adapter="full")
    make = preference._trainer

    def with_another_reference(*arguments):
        trainer = make(*arguments)
        with torch.no_grad():
            next(iter(trainer.ref_model.parameters())).mul_(1.5)
        return trainer

    monkeypatch.setattr(preference, "_trainer", with_another_reference)
    with pytest.raises(InputError, match="it is another model"):
        preference.build_trainer(dpo_job(folder), callbacks=[])


def test_checking_the_reference_leaves_the_trainer_as_it_was(trained, dpo_job):
    model = preference.build_trainer(dpo_job(trained()), callbacks=[]).model
    assert model.active_adapter == "default"
    assert set(model.peft_config) == {"default", "ref"}
    for name, parameter in model.named_parameters():
        assert parameter.requires_grad is (".default." in name), name


@pytest.mark.parametrize("adapter", ["lora", "dora"])
def test_under_zero_3_the_references_weights_are_held_against_those_of_sft(trained, dpo_job, adapter):
    job = dpo_job(trained(adapter=adapter))
    trainer = preference.build_trainer(job, callbacks=[])
    preference.check_reference_weights(trainer, job)
    reference = [p for name, p in trainer.model.named_parameters() if ".ref." in name]
    reference[-1].data += 1e-3
    with pytest.raises(InputError, match=r"\.ref\..* of the reference is not what"):
        preference.check_reference_weights(trainer, job)
    trainer.model.delete_adapter("ref")
    with pytest.raises(InputError, match=r"the reference lacks base_model\.model"):
        preference.check_reference_weights(trainer, job)


def test_the_log_odds_ratio_is_trls_on_literal_numbers():
    from types import SimpleNamespace

    from trl.experimental.orpo import ORPOTrainer

    chosen, rejected = torch.tensor([-0.2, -1.5, -3.0]), torch.tensor([-2.0, -0.4, -3.0])
    theirs = ORPOTrainer.odds_ratio_loss(
        SimpleNamespace(beta=0.1, accelerator=SimpleNamespace(device="cpu")), chosen, rejected
    )[0]
    ours = preference.orpo_losses(chosen, rejected, 0.1)
    torch.testing.assert_close(ours, -chosen - theirs)
    # by hand: odds of e^-0.2 are 4.5167, of e^-2 0.1565; log of their ratio 3.3624; log sigmoid of it -0.0341
    assert ours[0].item() == pytest.approx(0.2 + 0.1 * 0.0341, abs=1e-5)
    # equal answers: log sigmoid of 0 is -log 2
    assert ours[2].item() == pytest.approx(3.0 + 0.1 * math.log(2), abs=1e-6)


@pytest.mark.parametrize("adapter", ["lora", "full"])
def test_orpo_learns_the_chosen_answers_and_their_odds(trained, dpo_job, tiny_model, adapter):
    folder = trained(adapter=adapter)
    pairs = [([*range(100, 120), 50], [70, 2], [80, 90, 2]), ([1, 51], [71, 72, 2], [2])]
    trainer = preference.build_trainer(dpo_job(folder, pairs, method="orpo", beta=0.5), callbacks=[])
    with torch.no_grad():
        loss = trainer.compute_loss(trainer.model, batch_of(trainer)).item()
    chosen, rejected = mean_log_probs(load_trained(tiny_model, folder, dtype=torch.float32), pairs).T
    odds = chosen - rejected - torch.log1p(-chosen.exp()) + torch.log1p(-rejected.exp())
    assert loss == pytest.approx(
        (-chosen - 0.5 * torch.nn.functional.logsigmoid(odds)).mean().item(), abs=1e-4
    )


@pytest.mark.parametrize("adapter", ["lora", "full"])
def test_orpo_has_no_reference_and_leaves_what_sft_left_trained_further(trained, dpo_job, tmp_path, adapter):
    folder = trained(adapter=adapter)
    job = dpo_job(folder, method="orpo")
    trainer = preference.build_trainer(job, callbacks=[])
    assert trainer.ref_model is None
    assert "ref" not in getattr(trainer.model, "peft_config", {})
    trainer.train()
    logged = trainer.state.log_history[0]
    assert {
        "loss",
        "rewards/margins",
        "rewards/accuracies",
        "mean_token_accuracy",
        "num_tokens",
    } <= logged.keys()
    save_trained(trainer, job, tmp_path / "after")
    assert is_adapter(tmp_path / "after") is (adapter == "lora")
    assert read_record(tmp_path / "after")["method"] == "orpo"
    file = "model.safetensors" if adapter == "full" else "adapter_model.safetensors"
    before, after = load_file(folder / file), load_file(tmp_path / "after" / file)
    assert before.keys() == after.keys()
    assert any(not torch.equal(before[name], after[name]) for name in before)


def test_orpo_read_one_pair_after_another_is_the_same_step(trained, dpo_job):
    folder = trained()
    logged = []
    for at_once in (1, 2):
        job = dpo_job(folder, method="orpo", micro_batch_size=at_once, fast_layers=False, max_steps=1)
        trainer = preference.build_trainer(job, callbacks=[])
        assert trainer.args.gradient_accumulation_steps == 2 // at_once
        trainer.train()
        logged.append(trainer.state.log_history[0])
    for figure in ("loss", "grad_norm"):
        assert logged[0][figure] == pytest.approx(logged[1][figure], rel=1e-4)


def test_micro_batches_of_pairs_are_at_least_what_is_asked_for(dpo_job, tmp_path, monkeypatch):
    monkeypatch.setattr(preference, "AT_ONCE", 1)
    job = dpo_job("left", micro_batch_size=2)
    from ta_pipeline.training.setup import read_rows

    assert preference.pairs_at_once(read_rows(job), job) == 2
