import json
import shutil

import pytest
import torch
from safetensors.torch import load_file, save_file

from ta_pipeline.quantization.merge import check_adapter_fits, merge
from ta_pipeline.records import InputError


def _edited_config(adapter, folder, **changes):
    shutil.copytree(adapter, folder)
    path = folder / "adapter_config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))
    return folder


def test_the_merged_folder_holds_base_plus_scaled_product_in_bfloat16(tiny_model, tiny_adapter, tiny_merged):
    name = "model.layers.1.mlp.down_proj"
    base, merged = (load_file(f / "model.safetensors")[f"{name}.weight"] for f in (tiny_model, tiny_merged))
    lora = load_file(tiny_adapter / "adapter_model.safetensors")
    a, b = (lora[f"base_model.model.{name}.lora_{side}.weight"] for side in "AB")
    wanted = (base.float() + 8 / 4 * b @ a).to(torch.bfloat16)
    assert merged.dtype == torch.bfloat16
    assert not torch.equal(merged, base)
    # The product may be summed in another order: at most one bfloat16 step apart.
    torch.testing.assert_close(merged.float(), wanted.float(), rtol=2**-7, atol=1e-6)


def test_the_report_says_what_merging_and_rounding_did(tiny_model, tiny_adapter, tmp_path):
    report = merge(tiny_model, tiny_adapter, tmp_path / "merged")
    assert 0 <= report["float32"]["max_abs_difference"] < 1e-3
    assert report["float32"]["top1_agreement"] > 0.99
    assert report["bfloat16"]["max_abs_difference"] > report["float32"]["max_abs_difference"]
    assert report["prompts"] == 4 and report["positions"] > 100


def test_tokenizer_template_and_generation_config_travel_along(tokenizer, tiny_merged):
    from transformers import AutoTokenizer, GenerationConfig

    merged = AutoTokenizer.from_pretrained(tiny_merged)
    assert merged.chat_template == tokenizer.chat_template
    assert merged("5 apples, 12.5 kg").input_ids == tokenizer("5 apples, 12.5 kg").input_ids
    assert GenerationConfig.from_pretrained(tiny_merged).eos_token_id == tokenizer.eos_token_id


def test_an_adapter_of_another_base_model_is_refused(tiny_model, tiny_adapter, tmp_path):
    adapter = _edited_config(tiny_adapter, tmp_path / "a", base_model_name_or_path="/models/other-1b")
    with pytest.raises(InputError, match="was trained on '/models/other-1b'"):
        merge(tiny_model, adapter, tmp_path / "merged")
    assert not (tmp_path / "merged").exists()


def test_an_adapter_of_another_width_is_refused_with_both_shapes(tiny_model, tiny_adapter, tmp_path):
    shutil.copytree(tiny_adapter, adapter := tmp_path / "a")
    weights = load_file(adapter / "adapter_model.safetensors")
    key = "base_model.model.model.layers.0.mlp.down_proj.lora_A.weight"
    weights[key] = torch.zeros(4, 96)
    save_file(weights, adapter / "adapter_model.safetensors")
    with pytest.raises(InputError, match=r"lora_A.weight is \[4, 96\], which does not fit .*\[64, 128\]"):
        check_adapter_fits(tiny_model, adapter)


def test_a_folder_that_is_neither_adapter_nor_model_is_refused(tiny_model, tmp_path):
    with pytest.raises(InputError, match=r"adapter_config.json is not there"):
        check_adapter_fits(tiny_model, tmp_path)


def test_the_merge_of_a_whole_model_is_its_weights_rounded(tiny_model, tiny_whole, tmp_path):
    report = merge(tiny_model, tiny_whole, tmp_path / "merged")
    assert report["float32"] == {"max_abs_difference": 0.0, "top1_agreement": 1.0}
    assert report["bfloat16"]["max_abs_difference"] > 0
    whole, merged = (load_file(f / "model.safetensors") for f in (tiny_whole, tmp_path / "merged"))
    assert whole.keys() == merged.keys()
    assert all(torch.equal(merged[name], whole[name].to(torch.bfloat16)) for name in whole)
    assert (tmp_path / "merged" / "tokenizer_config.json").is_file()


def test_a_whole_model_of_another_shape_is_refused(tiny_model, tiny_whole, tmp_path):
    shutil.copytree(tiny_whole, whole := tmp_path / "whole")
    weights = load_file(whole / "model.safetensors")
    weights["model.norm.weight"] = torch.zeros(32)
    save_file(weights, whole / "model.safetensors")
    with pytest.raises(
        InputError, match=r"model.norm.weight is \[32\], but \[64\] in .*trained on another model"
    ):
        check_adapter_fits(tiny_model, whole)


def test_a_merge_that_moves_the_logits_names_the_cause(tiny_model, tiny_adapter, tmp_path):
    shutil.copytree(tiny_adapter, adapter := tmp_path / "a")
    weights = load_file(adapter / "adapter_model.safetensors")
    broken = {key: torch.full_like(value, float("nan")) for key, value in weights.items()}
    save_file(broken, adapter / "adapter_model.safetensors")
    with pytest.raises(InputError, match="not finite or very large"):
        merge(tiny_model, adapter, tmp_path / "merged")
    assert not (tmp_path / "merged").exists()
