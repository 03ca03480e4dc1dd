"""An unfinished run is gone on from only when nothing has changed, or when one says so."""

import dataclasses
import json
import shutil
from pathlib import Path

import pyarrow as pa
import pytest

from ta_pipeline.chat.packing import BLOCK
from ta_pipeline.records import InputError
from ta_pipeline.training import checkpoints, resume
from ta_pipeline.training.job import TrainingJob
from ta_pipeline.training.plan.ladder import Rung
from ta_pipeline.training.resume import describe, differences, key_of, lineage, lived, mend_events, prepare

PARAMETERS = {
    "learning_rate": 0.0025, "max_steps": 85, "save_every": 20, "zero_stage": 0, "num_processes": 1,
    "gradient_checkpointing": False, "on_change": "refuse", "auto_fit": False, "hostfile": None,
    "precision": "auto", "adapter": "lora", "micro_batch_size": 1, "lora": {"rank": 16, "alpha": 32},
}  # fmt: skip
ROWS = pa.Table.from_pylist(
    [
        {"split": "train", "input_ids": [1, 2, 3], "labels": [-100, 2, 3], "seq_lengths": [3]}
        | {"example_ids": ["a"], "read_tokens": 3}
    ],
    BLOCK,
)


@pytest.fixture
def job(tmp_path, monkeypatch):
    """A job with a model folder of its own, outputs below tmp_path."""
    monkeypatch.setenv("OUT_BASE", str(tmp_path / "out"))
    model = tmp_path / "model"
    model.mkdir()
    for name in ("config.json", "model.safetensors", "tokenizer.json", "chat_template.jinja"):
        (model / name).write_text(name)
    return TrainingJob("sft", str(model), None, "", PARAMETERS, 7, "fp32", "")


def changed(job, **parameters):
    return dataclasses.replace(job, parameters=job.parameters | parameters)


def reach(job, step):
    """Have a prepared run save a checkpoint."""
    aside = job.checkpoints / ".saving" / f"checkpoint-{step}"
    aside.mkdir(parents=True)
    (aside / "adapter_model.safetensors").write_text(f"weights at {step}")
    checkpoints.publish(aside, job.checkpoints, step, resume.read_run(job))


def finish(job):
    job.result.mkdir()
    (Path(job.folder) / "report.json").write_text("{}")


def test_the_same_run_finds_its_checkpoints_again(job):
    first = prepare(job, ROWS)
    reach(first, 20)
    again = prepare(job, ROWS)
    assert again.folder == first.folder
    assert checkpoints.newest(again.checkpoints).step == 20


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("save_every", 5),
        ("auto_fit", True),
        ("on_change", "fork"),
        ("hostfile", "hosts"),
        ("precision", "fp32"),
    ],
)
def test_what_does_not_change_the_result_may_change(job, name, value):
    first = prepare(job, ROWS)
    reach(first, 20)
    assert prepare(changed(job, **{name: value}), ROWS).folder == first.folder


@pytest.mark.parametrize(
    ("name", "value"),
    [("learning_rate", 1e-3), ("max_steps", 90), ("lora", {"rank": 8, "alpha": 32}), ("micro_batch_size", 2)],
)
def test_other_parameters_are_another_run(job, name, value):
    assert key_of(describe(changed(job, **{name: value}), ROWS)) != key_of(describe(job, ROWS))


@pytest.mark.parametrize("change", [{"seed": 8}, {"precision": "bf16"}, {"method": "dpo"}])
def test_seed_precision_and_method_are_part_of_a_run(job, change):
    assert key_of(describe(dataclasses.replace(job, **change), ROWS)) != key_of(describe(job, ROWS))


def test_where_the_model_lies_is_not_part_of_a_run(job, tmp_path):
    moved = shutil.copytree(job.model, tmp_path / "elsewhere")
    there = dataclasses.replace(job, model=str(moved), folder="/f", data="/d")
    assert key_of(describe(there, ROWS)) == key_of(describe(job, ROWS))


def test_a_changed_parameter_is_refused_by_name_with_both_cures(job):
    first = prepare(job, ROWS)
    reach(first, 40)
    with pytest.raises(InputError) as refusal:
        prepare(changed(job, learning_rate=0.001, lora={"rank": 16, "alpha": 64}), ROWS)
    message = str(refusal.value)
    assert message.startswith(f"sft: an unfinished run stands at step 40 of 85 ({first.folder})")
    assert "sft.learning_rate 0.0025 -> 0.001; sft.lora.alpha 32 -> 64. " in message
    assert "`--params sft.on_change=fork` goes on from its last checkpoint" in message
    assert "`--params sft.on_change=restart` throws it away" in message
    assert checkpoints.newest(first.checkpoints).step == 40  # nothing was touched


def change_template(job, monkeypatch):
    (Path(job.model) / "chat_template.jinja").write_text("other")
    return ROWS


def change_weights(job, monkeypatch):
    (Path(job.model) / "model.safetensors").write_text("other")
    return ROWS


def change_rows(job, monkeypatch):
    return pa.concat_tables([ROWS, ROWS])


def change_one_label(job, monkeypatch):
    row = ROWS.to_pylist()[0] | {"labels": [-100, -100, 3]}
    return pa.Table.from_pylist([row], BLOCK)


def change_code(job, monkeypatch):
    plain = resume._hash_code()
    monkeypatch.setattr(resume, "_hash_code", lambda: plain | {"sft.py": "other"})
    return ROWS


def change_library(job, monkeypatch):
    plain = resume._versions()
    monkeypatch.setattr(resume, "_versions", lambda: plain | {"torch": "9.9"})
    return ROWS


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (change_template, "the chat template or tokenizer (sha256 "),
        (change_weights, "the base model (sha256 "),
        (change_rows, "the data (1 -> 2 rows (sha256 "),
        (change_one_label, "the data (1 -> 1 rows (sha256 "),
        (change_code, "the code in training/sft.py. "),
        (change_library, " -> 9.9. "),
    ],
)
def test_data_template_model_and_code_are_refused_and_named(job, monkeypatch, change, words):
    reach(prepare(job, ROWS), 20)
    with pytest.raises(InputError) as refusal:
        prepare(job, change(job, monkeypatch))
    assert words in str(refusal.value)


def test_restart_throws_the_unfinished_run_away(job):
    first = prepare(job, ROWS)
    reach(first, 20)
    other = prepare(changed(job, learning_rate=0.001, on_change="restart"), ROWS)
    assert checkpoints.newest(other.checkpoints) is None
    assert not Path(first.folder).exists()
    assert lineage(other)["parent"] is None


def test_a_fork_goes_on_from_the_last_checkpoint_and_names_its_parent(job):
    first = prepare(job, ROWS)
    reach(first, 20)
    reach(first, 40)
    fork = prepare(changed(job, learning_rate=0.001, on_change="fork"), ROWS)
    copied = checkpoints.newest(fork.checkpoints)
    assert copied.step == 40
    assert (copied.path / "adapter_model.safetensors").read_text() == "weights at 40"
    assert lineage(fork)["parent"] == {
        "run": Path(first.folder).name,
        "checkpoint": "checkpoint-40",
        "step": 40,
        "changed": ["sft.learning_rate 0.0025 -> 0.001"],
    }
    assert checkpoints.newest(first.checkpoints).step == 40  # the parent stays until the fork is finished


def test_a_killed_fork_goes_on_by_itself_and_still_names_its_parent(job):
    reach(prepare(job, ROWS), 20)
    reach(prepare(changed(job, learning_rate=0.001, on_change="fork"), ROWS), 40)
    again = prepare(changed(job, learning_rate=0.001, on_change="refuse"), ROWS)
    assert checkpoints.newest(again.checkpoints).step == 40
    assert lineage(again)["parent"]["step"] == 20


def test_a_finished_run_leaves_nothing_that_could_refuse(job):
    reach(prepare(job, ROWS), 20)
    fork = prepare(changed(job, learning_rate=0.001, on_change="fork"), ROWS)
    finish(fork)
    resume.mark_finished(fork)
    third = prepare(changed(job, learning_rate=0.002), ROWS)
    assert checkpoints.newest(third.checkpoints) is None


def test_a_run_killed_before_its_first_save_protects_nothing(job):
    first = prepare(job, ROWS)
    prepare(changed(job, learning_rate=0.001), ROWS)
    assert not Path(first.folder).exists()


def test_a_run_whose_only_checkpoint_is_bent_begins_anew(job):
    first = prepare(job, ROWS)
    reach(first, 20)
    (first.checkpoints / "checkpoint-20" / "adapter_model.safetensors").write_text("bent")
    assert list(prepare(job, ROWS).checkpoints.glob("*")) == []


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"lora": {"rank": 8, "alpha": 32}}, "its checkpoint has another sft.lora.rank"),
        ({"zero_stage": 2, "num_processes": 2}, "has another sft.num_processes, sft.zero_stage"),
        ({"max_steps": 40}, "sft.max_steps=40 leaves no step after 40"),
    ],
)
@pytest.mark.parametrize("on_change", ["fork", "refuse"])
def test_a_checkpoint_that_does_not_fit_cannot_be_forked(job, change, reason, on_change):
    reach(prepare(job, ROWS), 40)
    with pytest.raises(InputError) as refusal:
        prepare(changed(job, on_change=on_change, **change), ROWS)
    assert reason in str(refusal.value)
    assert "sft.on_change=restart" in str(refusal.value)
    assert "sft.on_change=fork" not in str(refusal.value)


def test_other_base_weights_cannot_be_forked(job, monkeypatch):
    reach(prepare(job, ROWS), 40)
    change_weights(job, monkeypatch)
    with pytest.raises(InputError, match="cannot be forked: its adapter belongs to other weights"):
        prepare(changed(job, on_change="fork"), ROWS)


def test_rows_at_once_are_lowered_in_place_and_the_run_goes_on(job):
    first = prepare(job, ROWS)
    reach(first, 20)
    fitted = resume.take_rung(first, Rung("gradient checkpointing", {"gradient_checkpointing": True}, ""))
    assert fitted.parameters["gradient_checkpointing"] is True
    assert checkpoints.newest(fitted.checkpoints).step == 20
    assert lineage(fitted)["auto_fit"] == [
        {"rung": "gradient checkpointing", "change": {"gradient_checkpointing": True}, "at_step": 20}
    ]
    assert TrainingJob.read(Path(first.folder) / "job.json") == fitted
    assert prepare(job, ROWS) == fitted  # killed and started again, it keeps its rungs


def test_another_rank_begins_anew(job):
    first = prepare(job, ROWS)
    reach(first, 20)
    first.events.write_text('{"step": 20, "loss": 1.0}\n')
    change = {"lora.rank": 8, "lora.alpha": 16}
    fitted = resume.take_rung(first, Rung("LoRA rank 8", change, ""))
    assert checkpoints.newest(fitted.checkpoints) is None
    assert not fitted.events.exists()
    assert lineage(fitted)["auto_fit"] == [{"rung": "LoRA rank 8", "change": change, "at_step": 0}]


def test_a_fork_keeps_the_rungs_of_its_parent(job):
    first = prepare(job, ROWS)
    first = resume.take_rung(first, Rung("LoRA rank 8", {"lora.rank": 8, "lora.alpha": 16}, ""))
    reach(first, 20)
    fork = prepare(changed(job, learning_rate=0.001, on_change="fork"), ROWS)
    assert fork.parameters["lora"] == {"rank": 8, "alpha": 16}
    assert lineage(fork)["auto_fit"][0]["rung"] == "LoRA rank 8"


def test_steps_that_a_kill_took_back_count_once():
    seen = [
        {"step": 1, "loss": 3.0},
        {"step": 2, "loss": 2.0},
        {"step": 3, "loss": 9.0},
        {"step": 2, "loss": 2.0},
        {"step": 2, "loss": None, "validation_loss": 2.5},
        {"step": 3, "loss": 1.0},
    ]
    assert lived(seen) == [seen[0], *seen[3:]]


def test_half_a_line_is_cut_off(tmp_path):
    events = tmp_path / "events.jsonl"
    events.write_text('{"step": 1}\n{"st')
    mend_events(events)
    assert events.read_text() == '{"step": 1}\n'
    mend_events(tmp_path / "none.jsonl")


def test_a_new_file_of_the_training_rooms_is_named(job):
    run = describe(job, ROWS)
    assert "training/new.py" in differences(run, run | {"code": run["code"] | {"new.py": "x"}})[0]
    assert "plan/ladder.py" not in run["code"]  # a forecast trains nothing
    assert json.loads(json.dumps(run)) == run
