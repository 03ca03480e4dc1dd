from ta_pipeline.params import DeployParams
from ta_pipeline.pipelines.deploy import nodes

DEPLOY = DeployParams(
    name="teachingassistant",
    ollama_format="f16",
    temperature=0.3,
    repeat_penalty=1.05,
    max_model_len=1024,
    gpu_memory_utilization=0.9,
    tensor_parallel_size=1,
    max_num_seqs=8,
    host="127.0.0.1",
    port=8000,
)
SCORES = {"artefacts": {}}


def test_bundles_are_filled_in_the_work_folder(tiny_merged, tiny_adapter, tiny_gguf, tmp_path, monkeypatch):
    monkeypatch.setenv("OUT_BASE", str(tmp_path))
    vllm = nodes.build_vllm_bundle(tiny_merged, tiny_adapter, SCORES, "bundled:tiny-random", DEPLOY)
    ollama = nodes.build_ollama_bundle(tiny_merged, tiny_gguf[0], SCORES, "bundled:tiny-random", DEPLOY)
    assert {vllm.parent, ollama.parent} == {tmp_path / "tmp"}
    assert (vllm / "model" / "model.safetensors").is_file()
    size = (tiny_gguf[0] / "teachingassistant-F16.gguf").stat().st_size
    assert (ollama / "teachingassistant.gguf").stat().st_size == size
    assert "teachingassistant.gguf" in (ollama / "Modelfile").read_text()
