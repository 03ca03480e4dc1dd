"""A run that no longer gets better ends, and its best weights are the result."""

from types import SimpleNamespace

import pytest
from peft import set_peft_model_state_dict
from safetensors.torch import load_file

from ta_pipeline.training.sft import build_trainer
from ta_pipeline.training.watch.early_stopping import Best, EarlyStopper, best_of


def test_the_best_is_the_lowest_loss_and_waiting_counts_from_it():
    values = [(2, 3.0), (4, 2.0), (6, 2.5), (8, 2.2)]
    assert best_of(values, less=True, min_change=0.0) == Best(4, 2.0, 2)
    assert best_of(values, less=False, min_change=0.0) == Best(2, 3.0, 3)
    assert best_of([], less=True, min_change=0.0) is None


def test_a_change_of_no_more_than_min_change_is_no_improvement():
    values = [(2, 3.0), (4, 2.95), (6, 2.8)]
    assert best_of(values, less=True, min_change=0.1) == Best(6, 2.8, 0)
    assert best_of(values[:2], less=True, min_change=0.1) == Best(2, 3.0, 1)


class Recorded:
    """A stopper whose weights are files that say which step they are from."""

    def __init__(self, folder, patience=2):
        self.state = SimpleNamespace(global_step=0, log_history=[], is_world_process_zero=True)
        self.control = SimpleNamespace(should_training_stop=False)
        self.stopper = EarlyStopper(
            folder, "validation_loss", patience, 0.0, lambda path: path.mkdir(parents=True)
        )

    def evaluate(self, step, loss):
        logs = {"eval_validation_loss": loss}
        self.state.global_step = step
        self.state.log_history.append(logs | {"step": step})
        self.stopper.on_log(None, self.state, self.control, logs)
        self.stopper.on_evaluate(None, self.state, self.control)
        return self.control.should_training_stop


def test_the_run_ends_when_the_best_is_patience_evaluations_old(tmp_path):
    run = Recorded(tmp_path / "best")
    assert [run.evaluate(2, 3.0), run.evaluate(4, 2.0), run.evaluate(6, 2.1), run.evaluate(8, 2.05)] == [
        False,
        False,
        False,
        True,
    ]
    assert run.stopper.best(run.state).step == 4


def test_weights_that_a_resumed_run_could_want_stay_until_a_checkpoint_follows(tmp_path):
    run = Recorded(tmp_path / "best")
    run.evaluate(2, 3.0)
    run.evaluate(4, 2.0)
    assert sorted(path.name for path in (tmp_path / "best").iterdir()) == ["step-2", "step-4"]
    run.stopper.on_save(None, run.state, run.control)
    assert [path.name for path in (tmp_path / "best").iterdir()] == ["step-4"]


def test_training_losses_are_no_evaluations(tmp_path):
    run = Recorded(tmp_path / "best")
    run.state.log_history.append({"loss": 0.1, "step": 1})
    assert run.stopper.best(run.state) is None


@pytest.fixture
def overfitting(counted, schooled_model, make_job):
    """Three rows of which a quarter is chance, read twenty times: the validation loss turns at step 16."""
    rows = [counted(f"few{i}", 9 * i, wrong=0.25) for i in range(3)]
    rows += [counted(f"seen{i}", 3 * i + 1, split="validation") for i in range(6)]
    lora = {"rank": 32, "alpha": 64, "dropout": 0.0, "targets": "attention+mlp"}
    return lambda name, **changes: make_job(
        rows, name, schooled_model, max_steps=60, eval_every=8, warmup_share=0.1, lora=lora, **changes
    )


def validation_loss(job, adapter):
    """Evaluate a saved adapter by itself."""
    trainer = build_trainer(job, [])
    set_peft_model_state_dict(trainer.model, load_file(adapter / "adapter_model.safetensors"))
    return trainer.evaluate()["eval_validation_loss"]


@pytest.mark.prove
def test_a_run_that_overfits_ends_early_with_the_weights_of_its_best_evaluation(overfitting, run_job):
    job = overfitting("stopped", early_stopping={"patience": 2})
    events, report = run_job(job)

    seen = {event["step"]: event["validation_loss"] for event in events if "validation_loss" in event}
    best = min(seen, key=seen.get)
    assert report["kept_step"] == best > 0
    assert max(seen) == best + 16 < 60
    assert max(event["step"] for event in events) == max(seen)
    assert validation_loss(job, job.result) == pytest.approx(seen[best], abs=1e-4)
    assert seen[max(seen)] > seen[best] + 0.05


def test_patience_ends_a_run_at_once_where_nothing_is_an_improvement(make_job, run_job, counting):
    """min_change is more than one step can gain: the untrained adapter of step 0 stays the best."""
    stopping = {"patience": 1, "min_change": 5.0}
    rows = counting(4) + counting(2, "validation")
    events, report = run_job(make_job(rows, eval_every=2, max_steps=6, early_stopping=stopping))
    assert [event["step"] for event in events] == [0, 1, 2, 2]
    assert report["kept_step"] == 0


def test_a_run_without_early_stopping_goes_on_to_the_last_step_and_keeps_that(make_job, run_job, counting):
    rows = counting(4) + counting(2, "validation")
    events, report = run_job(make_job(rows, eval_every=2, max_steps=3))
    assert [event["step"] for event in events] == [0, 1, 2, 2, 3, 3]
    assert report["kept_step"] is None


def test_the_benchmark_score_is_the_share_of_reference_tokens_that_come_first(make_job, run_job, counting):
    """The best is the highest, and it is taken from the benchmark's rows alone."""
    rows = counting(4) + counting(2, "validation") + counting(3, "benchmark")
    stopping = {"metric": "benchmark_score", "patience": 1, "min_change": 0.9}
    events, report = run_job(make_job(rows, eval_every=2, max_steps=6, early_stopping=stopping))
    scores = [event["benchmark_score"] for event in events if "benchmark_score" in event]
    assert len(scores) == 2
    assert all(0 <= score <= 1 for score in scores)
    assert max(event["step"] for event in events) == 2
    assert report["kept_step"] == 0
