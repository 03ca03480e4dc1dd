import hashlib
import os
import shutil
import sys

import gguf
import numpy as np
import pytest

from ta_pipeline.quantization.gguf import check_gguf, describe_gguf, export_gguf, run_logged
from ta_pipeline.records import InputError


def test_each_file_is_described_as_it_is_stored(tiny_gguf):
    folder, report = tiny_gguf
    f16, q8_0 = report["files"]
    assert [f["path"] for f in (f16, q8_0)] == ["teachingassistant-F16.gguf", "teachingassistant-Q8_0.gguf"]
    # Two layers of seven matrices and the embedding; five norms.
    assert f16["tensor_types"] == {"F16": 15, "F32": 5}
    assert q8_0["tensor_types"] == {"F32": 5, "Q8_0": 15}
    assert f16["bits_per_weight"] == pytest.approx(16, abs=0.01)
    assert q8_0["bits_per_weight"] == pytest.approx(8.5, abs=0.01)
    for file in report["files"]:
        content = (folder / file["path"]).read_bytes()
        assert (file["bytes"], file["sha256"]) == (len(content), hashlib.sha256(content).hexdigest())
        assert file["tool"].startswith("llama.cpp convert_hf_to_gguf") and "note" not in file


def test_the_file_carries_template_end_token_and_the_byte_level_tokenizer(tiny_gguf, tokenizer):
    fields = gguf.GGUFReader(tiny_gguf[0] / "teachingassistant-Q8_0.gguf").fields
    assert fields["tokenizer.chat_template"].contents() == tokenizer.chat_template
    assert fields["tokenizer.ggml.eos_token_id"].contents() == tokenizer.eos_token_id == 2
    assert fields["tokenizer.ggml.model"].contents() == "gpt2"
    assert fields["tokenizer.ggml.pre"].contents() == "smollm"


def test_a_file_with_another_template_is_refused(tiny_gguf, tiny_merged, tmp_path):
    shutil.copytree(tiny_merged, model := tmp_path / "model")
    (model / "chat_template.jinja").write_text("{{ messages[0]['content'] }}")
    with pytest.raises(InputError, match=r"tokenizer.chat_template is '.*Mend"):
        check_gguf(tiny_gguf[0] / "teachingassistant-F16.gguf", model)


def test_a_tool_that_fails_gives_its_last_line_and_its_log(tmp_path):
    failing = "import sys; print('reading'); print('no such architecture'); print(); sys.exit(3)"
    with pytest.raises(InputError, match=r"exit status 3: no such architecture \(all of it in .*x.log\)"):
        run_logged([sys.executable, "-c", failing], tmp_path / "x.log")
    assert "reading" in (tmp_path / "x.log").read_text()


def test_a_model_the_converter_does_not_know_is_a_plain_error(tiny_merged, tmp_path):
    shutil.copytree(tiny_merged, model := tmp_path / "model")
    config = model / "config.json"
    config.write_text(config.read_text().replace("LlamaForCausalLM", "UnheardOfForCausalLM"))
    with pytest.raises(InputError, match=r"convert_hf_to_gguf failed .*UnheardOfForCausalLM"):
        export_gguf(model, ["f16"], tmp_path, tmp_path)
    assert not list(tmp_path.glob("*.gguf"))


def test_llama_quantize_is_used_where_it_is_installed(tiny_merged, tmp_path, monkeypatch):
    program = tmp_path / "bin" / "llama-quantize"
    program.parent.mkdir()
    program.write_text('#!/bin/sh\necho "$3"\ncp "$1" "$2"\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent), prepend=os.pathsep)
    report = export_gguf(tiny_merged, ["q4_k_m"], tmp_path, tmp_path)
    assert report["files"][0]["tool"] == "llama.cpp llama-quantize"
    assert (tmp_path / "gguf-q4_k_m.log").read_text().splitlines()[-1] == "Q4_K_M"
    assert [p.name for p in tmp_path.glob("*.gguf")] == ["teachingassistant-Q4_K_M.gguf"]


def test_a_fallback_from_k_quants_is_told_in_words(tmp_path):
    writer = gguf.GGUFWriter(tmp_path / "x.gguf", "llama")
    for name, width, stored in (("a", 256, "Q4_K"), ("b", 64, "Q5_0"), ("c", 64, "Q8_0")):
        kind = gguf.GGMLQuantizationType[stored]
        block, size = gguf.GGML_QUANT_SIZES[kind]
        writer.add_tensor(name, np.zeros((2, width // block * size), np.uint8), raw_dtype=kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    report = describe_gguf(tmp_path / "x.gguf")
    assert report["tensor_types"] == {"Q4_K": 1, "Q5_0": 1, "Q8_0": 1}
    assert report["note"].startswith(
        "2 of 3 matrices are stored as Q5_0, Q8_0: their rows of 64 values are no multiple of 256"
    )


@pytest.mark.prove
def test_auto_round_writes_q4_k_m_without_calibration_text_or_hub(tiny_merged, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    report = export_gguf(tiny_merged, ["q4_k_m"], tmp_path, tmp_path)["files"][0]
    assert report["tool"].startswith("auto-round ")
    # Rows of 64 fall back; those of 128 too: only multiples of 256 are K-quants.
    assert set(report["tensor_types"]) <= {"F32", "Q5_0", "Q5_1", "Q8_0"}
    assert "no multiple of 256" in report["note"]
    assert [p.name for p in tmp_path.iterdir() if p.suffix != ".log"] == [report["path"]]
