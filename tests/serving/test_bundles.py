import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from ta_pipeline.params import DeployParams
from ta_pipeline.records import InputError
from ta_pipeline.serving.bundle import client_host, place
from ta_pipeline.serving.ollama import modelfile, write_ollama_bundle
from ta_pipeline.serving.vllm import base_command, lora_arguments, vllm_arguments, write_vllm_bundle

DEPLOY = DeployParams(
    name="teachingassistant",
    ollama_format="q8_0",
    temperature=0.3,
    repeat_penalty=1.05,
    max_model_len=2048,
    gpu_memory_utilization=0.8,
    tensor_parallel_size=2,
    max_num_seqs=16,
    host="0.0.0.0",
    port=8123,
)
FIGURE = {"value": 0.5, "low": 0.4, "high": 0.6, "n": 60}
SCORES = {
    "artefacts": {"base": {"reference_loss": FIGURE}, "dpo": {"reference_loss": FIGURE, "refusal_f1": FIGURE}}
}


@pytest.fixture
def vllm_bundle(tiny_merged, tiny_adapter, tmp_path):
    folder = tmp_path / "vllm"
    folder.mkdir()
    write_vllm_bundle(tiny_merged, tiny_adapter, SCORES, "bundled:tiny-random", DEPLOY, folder)
    return folder


@pytest.fixture
def ollama_bundle(tiny_merged, tiny_gguf, tmp_path):
    folder = tmp_path / "ollama"
    folder.mkdir()
    gguf = tiny_gguf[0] / "teachingassistant-Q8_0.gguf"
    write_ollama_bundle(tiny_merged, gguf, SCORES, "bundled:tiny-random", DEPLOY, folder)
    return folder


def test_a_bundle_of_a_whole_model_has_no_adapter_and_says_nothing_of_one(tiny_merged, tiny_whole, tmp_path):
    write_vllm_bundle(tiny_merged, tiny_whole, SCORES, "bundled:tiny-random", DEPLOY, tmp_path)
    assert not (tmp_path / "adapter").exists()
    assert "adapter" not in (tmp_path / "README.md").read_text()
    assert "Weights in this bundle: bfloat16\n" in (tmp_path / "MODEL_CARD.md").read_text()


def test_vllm_gets_no_dora_which_it_refuses(tiny_merged, tiny_adapter, tmp_path):
    import shutil

    shutil.copytree(tiny_adapter, adapter := tmp_path / "dora")
    config = json.loads((adapter / "adapter_config.json").read_text()) | {"use_dora": True}
    (adapter / "adapter_config.json").write_text(json.dumps(config))
    (tmp_path / "bundle").mkdir()
    write_vllm_bundle(tiny_merged, adapter, SCORES, "bundled:tiny-random", DEPLOY, tmp_path / "bundle")
    assert not (tmp_path / "bundle" / "adapter").exists()
    assert "--enable-lora" not in (tmp_path / "bundle" / "README.md").read_text()


def _fake_program(folder, name, script):
    folder.mkdir(exist_ok=True)
    (folder / name).write_text("#!/usr/bin/env bash\n" + script)
    (folder / name).chmod(0o755)
    return {"PATH": f"{folder}:/usr/local/bin:/usr/bin:/bin"}


def test_vllm_arguments_are_a_list_with_todays_flags():
    assert vllm_arguments("model", 1024, DEPLOY) == [
        "serve",
        "model",
        "--served-model-name",
        "teachingassistant",
        "--host",
        "0.0.0.0",
        "--port",
        "8123",
        "--dtype",
        "auto",
        "--max-model-len",
        "1024",
        "--gpu-memory-utilization",
        "0.8",
        "--tensor-parallel-size",
        "2",
        "--max-num-seqs",
        "16",
        "--override-generation-config",
        '{"temperature": 0.3, "repetition_penalty": 1.05}',
    ]


def test_the_adapter_takes_the_served_name_on_its_base_model():
    arguments = lora_arguments("Qwen/Qwen3-8B", 24, 1024, DEPLOY)
    assert arguments[:4] == ["serve", "Qwen/Qwen3-8B", "--served-model-name", "base"]
    # vLLM takes ranks of a fixed list: the next one up.
    assert arguments[-5:] == [
        "--enable-lora",
        "--max-lora-rank",
        "32",
        "--lora-modules",
        "teachingassistant=adapter",
    ]


def test_vllm_bundle_has_all_it_needs_and_shares_the_weights_on_disk(vllm_bundle, tiny_merged):
    files = {p.relative_to(vllm_bundle).as_posix() for p in vllm_bundle.rglob("*") if p.is_file()}
    assert files >= {
        "model/model.safetensors",
        "model/chat_template.jinja",
        "adapter/adapter_model.safetensors",
        "vllm_args.json",
        "start.sh",
        "client.py",
        "requirements.txt",
        "README.md",
        "MODEL_CARD.md",
    }
    assert "adapter/README.md" not in files
    assert (vllm_bundle / "model/model.safetensors").samefile(tiny_merged / "model.safetensors")


@pytest.mark.parametrize("bundle", ["vllm_bundle", "ollama_bundle"])
def test_scripts_are_valid_bash_and_python(bundle, request):
    folder = request.getfixturevalue(bundle)
    subprocess.run(["bash", "-n", folder / "start.sh"], check=True)
    compile((folder / "client.py").read_text(), "client.py", "exec")


def test_vllm_start_script_hands_on_the_list_and_what_is_added(vllm_bundle, tmp_path):
    environment = _fake_program(tmp_path / "bin", "vllm", 'printf "%s\\n" "$PWD" "$@"\n')
    ran = subprocess.run(
        [vllm_bundle / "start.sh", "--seed", "a b"],
        env=environment, cwd="/", check=True, capture_output=True, text=True,
    )  # fmt: skip
    expected = json.loads((vllm_bundle / "vllm_args.json").read_text())
    assert ran.stdout.splitlines() == [str(vllm_bundle), *expected, "--seed", "a b"]


def commands_of(readme):
    """The last commands of a README: each block of shell lines."""
    return [block.split("```")[0].strip() for block in readme.read_text().split("```bash\n")[1:]]


def test_the_readme_fetches_a_bundled_base_model_for_the_adapter_as_written(vllm_bundle, tmp_path):
    environment = _fake_program(tmp_path / "bin", "vllm", 'printf "%s\\n" "$@"\n')
    environment["PATH"] = f"{Path(sys.executable).parent}:{environment['PATH']}"
    fetch, serve = commands_of(vllm_bundle / "README.md")[-2:]
    ran = [
        subprocess.run(
            ["bash", "-euc", command],
            env=dict(os.environ) | environment, cwd=vllm_bundle, check=True, capture_output=True, text=True,
        )
        for command in (fetch, serve)
    ]  # fmt: skip
    assert (vllm_bundle / "base" / "model.safetensors").is_file()
    assert ran[1].stdout.splitlines()[:2] == ["serve", "base"]
    assert "<" not in fetch + serve


def test_a_local_base_model_is_copied_and_one_of_a_hub_is_fetched_by_vllm(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "my model").mkdir()
    assert base_command("my model") == f"cp -r '{tmp_path / 'my model'}' base"
    assert base_command("Qwen/Qwen3-8B") is None
    assert base_command("modelscope:OWNER/NAME").endswith('modelscope:OWNER/NAME)" base')


def test_ollama_start_script_creates_then_runs_the_served_name(ollama_bundle, tmp_path):
    environment = _fake_program(tmp_path / "bin", "ollama", 'echo "$OLLAMA_HOST|$*"\n')
    ran = subprocess.run(
        [ollama_bundle / "start.sh", "why?"],
        env=environment, cwd="/", check=True, capture_output=True, text=True,
    )  # fmt: skip
    assert ran.stdout.splitlines() == [
        "0.0.0.0:11434|create teachingassistant -f Modelfile",
        "0.0.0.0:11434|run teachingassistant why?",
    ]


@pytest.mark.parametrize("bundle", ["vllm_bundle", "ollama_bundle"])
def test_start_scripts_say_what_to_install(bundle, request):
    folder = request.getfixturevalue(bundle)
    ran = subprocess.run(
        [folder / "start.sh"], env={"PATH": "/usr/bin:/bin"}, check=False, capture_output=True, text=True
    )
    assert ran.returncode == 1 and "is not on the PATH" in ran.stderr


def test_clients_ask_the_served_name_on_this_machine(vllm_bundle, ollama_bundle):
    vllm, ollama = ((f / "client.py").read_text() for f in (vllm_bundle, ollama_bundle))
    assert "base_url='http://127.0.0.1:8123/v1'" in vllm and "model='teachingassistant'" in vllm
    assert "host='http://127.0.0.1:11434'" in ollama and "model='teachingassistant'" in ollama
    assert client_host("10.0.0.7") == "10.0.0.7"


def test_the_modelfile_says_everything_about_the_model(ollama_bundle):
    text = (ollama_bundle / "Modelfile").read_text()
    head, _, rest = text.partition('TEMPLATE """')
    template, _, tail = rest.partition('"""\n')
    assert head == "FROM ./teachingassistant.gguf\n"
    assert template.startswith("{{ range") and template.endswith("<|im_start|>assistant\n")
    assert "You are a helpful AI assistant named SmolLM" in template
    assert tail.splitlines() == [
        "PARAMETER temperature 0.3",
        "PARAMETER repeat_penalty 1.05",
        "PARAMETER num_ctx 2048",
        'PARAMETER stop "<|im_end|>"',
        'PARAMETER stop "<|im_start|>"',
        'LICENSE """Apache-2.0"""',
    ]
    assert (ollama_bundle / "teachingassistant.gguf").stat().st_size > 1_000_000


def test_every_stop_string_is_printed_by_the_template(ollama_bundle):
    text = (ollama_bundle / "Modelfile").read_text()
    stops = [line.split('"')[1] for line in text.splitlines() if line.startswith("PARAMETER stop")]
    template = text.split('"""')[1]
    assert stops and all(stop in template for stop in stops)


def test_quotes_that_a_modelfile_cannot_hold_are_refused():
    with pytest.raises(InputError, match="prints quotes where a Modelfile cannot hold them"):
        modelfile("x.gguf", "{{ x }}", ['"end"'], 128, "", DEPLOY)


def test_a_format_that_was_not_exported_names_the_setting(tiny_merged, tmp_path):
    with pytest.raises(InputError, match=r"deploy.ollama_format is 'q8_0'. Add it to quantize.formats"):
        write_ollama_bundle(tiny_merged, tmp_path / "no.gguf", SCORES, "x", DEPLOY, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_context_longer_than_the_model_reads_is_cut_with_a_warning(
    tiny_merged, tiny_adapter, tmp_path, caplog
):
    deploy = DEPLOY.model_copy(update={"max_model_len": 100_000})
    write_vllm_bundle(tiny_merged, tiny_adapter, SCORES, "x", deploy, tmp_path)
    arguments = json.loads((tmp_path / "vllm_args.json").read_text())
    assert arguments[arguments.index("--max-model-len") + 1] == "8192"
    assert "reads 8192 tokens at most" in caplog.text


def test_the_card_is_honest_about_the_bundled_model_and_quotes_measured_figures(vllm_bundle):
    card = (vllm_bundle / "MODEL_CARD.md").read_text()
    assert "dequantized 4-bit file of 135 M parameters, mostly English" in card
    assert "Licence of the base model: Apache-2.0" in card
    assert "| base | dpo |" in card
    assert "| F1 of refusing what the course does not cover |  | 0.500 (0.400 to 0.600, n=60) |" in card
    assert "ROUGE-L" not in card  # not measured here


def test_the_card_of_another_base_model_claims_no_licence(tiny_merged, tiny_adapter, tmp_path):
    write_vllm_bundle(tiny_merged, tiny_adapter, SCORES, "Qwen/Qwen3-8B", DEPLOY, tmp_path)
    card = (tmp_path / "MODEL_CARD.md").read_text()
    assert "dequantized" not in card and "Apache" not in card
    assert "that of Qwen/Qwen3-8B" in card
    assert "vllm serve Qwen/Qwen3-8B --served-model-name base" in (tmp_path / "README.md").read_text()


def test_a_disk_without_hard_links_gets_copies(tmp_path, monkeypatch):
    def refuse(*_):
        raise OSError(18, "Invalid cross-device link")

    monkeypatch.setattr("os.link", refuse)
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "b" / "c").write_text("x")
    place(tmp_path / "a", tmp_path / "z")
    assert (tmp_path / "z" / "b" / "c").read_text() == "x"
    assert not (tmp_path / "z" / "b" / "c").samefile(tmp_path / "a" / "b" / "c")
