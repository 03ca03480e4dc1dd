"""One function tells an adapter from a whole model."""

import pytest

from ta_pipeline.records import InputError
from ta_pipeline.training.trained_model import base_model_named_by, is_adapter, read_record


def test_each_folder_is_what_its_config_says(tiny_adapter, tiny_whole, tiny_model):
    assert [is_adapter(folder) for folder in (tiny_adapter, tiny_whole, tiny_model)] == [True, False, False]


def test_a_folder_that_is_neither_is_refused_with_the_cure(tmp_path):
    with pytest.raises(InputError, match=r"neither an adapter nor a whole model. Run the sft and dpo stages"):
        is_adapter(tmp_path)


def test_either_knows_its_base_model(tiny_adapter, tiny_whole, tiny_model, tmp_path):
    assert base_model_named_by(tiny_adapter) == base_model_named_by(tiny_whole) == str(tiny_model)
    (tmp_path / "config.json").write_text("{}")
    assert base_model_named_by(tmp_path) is None
    assert read_record(tmp_path) == {}
