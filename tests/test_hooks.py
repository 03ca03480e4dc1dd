"""What the hooks decide: unknown parameters, code hashes, score metrics."""

from ta_pipeline.hooks import (
    ROOMS,
    _flat_scores,
    code_hash,
    flattened,
    pins_hash,
    run_name,
    settings_of,
    unknown_keys,
    unknown_parameters,
)
from ta_pipeline.pipeline_registry import register_pipelines


def test_a_misspelt_parameter_is_found_at_any_depth():
    known = {"sft": {"lora": {"rank": 16}}, "seed": 7}
    assert unknown_keys({"sft": {"lora": {"rnak": 8}}, "sed": 1}, known) == ["sft.lora.rnak", "sed"]
    assert unknown_keys({"sft": {"lora": {"rank": 8}}}, known) == []


def test_a_parameter_that_an_error_tells_to_type_need_not_stand_in_a_file():
    known = {"sft": {"save_every": 20}, "seed": 7}
    assert unknown_parameters({"sft": {"on_change": "fork", "auto_fit": True}, "sed": 1}, known) == ["sed"]


def test_parameters_are_logged_under_dotted_names():
    parameters = {"seed": 7, "sft": {"max_steps": 4, "lora": {"rank": 16}}, "clean": {"adverts": ["x" * 900]}}
    flat = flattened(parameters)
    assert flat["sft.lora.rank"] == "16"
    assert flat["sft.max_steps"] == "4"
    assert len(flat["clean.adverts"]) == 500
    assert flat["seed"] == "7"


def test_what_the_public_sets_declare_is_not_logged_as_a_setting():
    sets = {"gsm8k": {"hub": "openai/gsm8k"}}
    parameters = {"sources": {"rows_per_set": 9, "sets": sets}, "seed": 7}
    assert settings_of(parameters) == [("seed", "7"), ("sources.rows_per_set", "9")]


def test_a_run_is_named_by_what_was_typed():
    assert run_name(["__default__"], {}, "2026-11-22 05:30:00") == "default 2026-11-22 05:30:00"
    given = {"sft": {"learning_rate": 0.003}, "course": "python"}
    name = run_name(["data", "sft"], given, "2026-11-22 05:30:00")
    assert name == "data+sft sft.learning_rate=0.003 course=python 2026-11-22 05:30:00"
    assert len(run_name(["train"], {"course": "x" * 900}, "now")) == 104


def test_every_stage_names_the_rooms_its_result_depends_on():
    stages = set(register_pipelines()) - {"data", "train", "__default__"}
    assert set(ROOMS) == stages


def test_the_code_hash_of_a_stage_changes_with_its_rooms(tmp_path, monkeypatch):
    from ta_pipeline import hooks

    (tmp_path / "pipelines" / "clean").mkdir(parents=True)
    (tmp_path / "text").mkdir()
    (tmp_path / "text" / "a.py").write_text("x = 1")
    monkeypatch.setattr(hooks, "PACKAGE", tmp_path)
    before = code_hash("clean")
    (tmp_path / "text" / "a.py").write_text("x = 2")
    changed = code_hash("clean")
    assert changed != before
    (tmp_path / "text" / "page.md.j2").write_text("A page")
    assert code_hash("clean") != changed


def test_the_pins_hash_is_stable():
    assert pins_hash() == pins_hash()
    assert len(pins_hash()) == 16


def test_scores_become_flat_metrics_without_the_undefined_ones():
    scores = {"artefacts": {"sft": {"f1": {"value": 0.5, "low": 0.4}, "refusal_f1": {"value": None}}}}
    assert _flat_scores(scores) == {"scores/sft/f1": 0.5}
