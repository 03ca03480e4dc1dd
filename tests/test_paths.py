"""OUT_BASE, LOG_DIR and HF_HOME decide where things go."""

from pathlib import Path

from ta_pipeline import paths


def test_outputs_go_to_data_unless_out_base_says_otherwise(monkeypatch, tmp_path):
    monkeypatch.delenv("OUT_BASE", raising=False)
    monkeypatch.setattr(paths, "_configured", "data")
    assert paths.out_base() == Path("data")
    monkeypatch.setenv("OUT_BASE", str(tmp_path))
    assert paths.out_base() == tmp_path


def test_an_environment_may_keep_its_outputs_apart_but_out_base_goes_first(monkeypatch, tmp_path):
    monkeypatch.delenv("OUT_BASE", raising=False)
    monkeypatch.setattr(paths, "_configured", "data")  # so that it is put back afterwards
    paths.follow_configuration("data/test")
    assert paths.out_base() == Path("data/test")
    monkeypatch.setenv("OUT_BASE", str(tmp_path))
    assert paths.out_base() == tmp_path


def test_logs_follow_log_dir_then_the_outputs(monkeypatch, tmp_path):
    monkeypatch.setenv("OUT_BASE", str(tmp_path))
    monkeypatch.delenv("LOG_DIR", raising=False)
    assert paths.log_dir() == tmp_path / "logs"
    monkeypatch.setenv("LOG_DIR", str(tmp_path / "elsewhere"))
    assert paths.log_dir() == tmp_path / "elsewhere"
    assert paths.log_dir().is_dir()


def test_models_are_cached_below_hf_home_then_out_base_then_the_users_cache(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("HF_HOME", raising=False)
    monkeypatch.delenv("OUT_BASE", raising=False)
    assert paths.model_cache() == tmp_path / "cache" / "ta_pipeline"
    monkeypatch.setenv("OUT_BASE", str(tmp_path / "out"))
    assert paths.model_cache() == tmp_path / "out" / "cache"
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    assert paths.model_cache() == tmp_path / "hf" / "ta_pipeline"
