"""What is asked of a hub, and what is said where it cannot be reached. The hub is a server in this process."""

import json
import os
import subprocess
import sys
import threading
import types
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

import pytest

from ta_pipeline.params import PublicSet
from ta_pipeline.records import InputError
from ta_pipeline.sources.download import fetch

COMMIT = "a" * 40
FILES = {
    "main/train-00000-of-00001.parquet": b"PAR1 rows PAR1",
    "main/test-00000-of-00001.parquet": b"others",
    "README.md": b"card",
}
GSM8K = PublicSet(
    hub="openai/gsm8k",
    modelscope="AI-ModelScope/gsm8k",
    files=["main/{split}-*.parquet"],
    pattern="**/gsm8k*",
    format="pair",
    fields={"question": "question", "answer": "answer"},
    card="https://hub/gsm8k",
    licence="MIT",
    non_commercial=False,
    languages=["en"],
    capability="math",
)
#: huggingface_hub reads its environment when it is imported, so that each call has a process of its own.
FETCH = """
import sys
from pathlib import Path
from ta_pipeline.params import PublicSet
from ta_pipeline.records import InputError
from ta_pipeline.sources.download import fetch
try:
    print(fetch("gsm8k", PublicSet.model_validate_json(sys.argv[1]), Path(sys.argv[2])))
except InputError as error:
    print(error)
"""


class Hub(BaseHTTPRequestHandler):
    """The calls of the hub's API that a download needs; a data set of another name is not there."""

    asked: ClassVar[list[str]] = []

    def do_HEAD(self):
        self.do_GET()

    def do_GET(self):
        path = self.path.split("?")[0]
        self.asked.append(f"{self.command} {path}")
        if "openai/gsm8k" not in path:
            self.answer(404, b"{}", {"X-Error-Code": "RepoNotFound"})
        elif "/tree/" in path:
            rows = [{"type": "file", "path": n, "size": len(c), "oid": "b" * 40} for n, c in FILES.items()]
            self.answer(200, json.dumps(rows).encode())
        elif path.startswith("/api/"):
            siblings = [{"rfilename": name, "size": len(content)} for name, content in FILES.items()]
            self.answer(200, json.dumps({"id": "openai/gsm8k", "sha": COMMIT, "siblings": siblings}).encode())
        else:
            content = FILES[path.split(f"/resolve/{COMMIT}/")[1]]
            self.answer(200, content, {"ETag": f'"{"b" * 40}"', "X-Repo-Commit": COMMIT})

    def answer(self, status, body, headers=None):
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)

    def log_message(self, *arguments):
        pass


@pytest.fixture
def hub():
    Hub.asked = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


def fetched(endpoint, folder, declared=GSM8K, **more) -> str:
    environment = os.environ | {"HF_ENDPOINT": endpoint, "HF_HUB_OFFLINE": "0"} | more
    for proxy in ("http_proxy", "https_proxy", "all_proxy"):
        environment.pop(proxy, None)
        environment.pop(proxy.upper(), None)
    command = [sys.executable, "-W", "ignore", "-c", FETCH, declared.model_dump_json(), str(folder)]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout.strip()


def test_the_files_of_the_split_come_from_the_endpoint_into_the_sets_folder(hub, tmp_path):
    folder = tmp_path / "public" / "gsm8k"
    assert fetched(hub, folder) == str(folder)
    written = [
        path.relative_to(folder).as_posix() for path in folder.rglob("*.*") if ".cache" not in path.parts
    ]
    assert written == ["main/train-00000-of-00001.parquet"]
    assert (folder / written[0]).read_bytes() == FILES[written[0]]
    assert f"GET /datasets/openai/gsm8k/resolve/{COMMIT}/{written[0]}" in Hub.asked
    assert not any("test-00000" in call for call in Hub.asked)
    Hub.asked.clear()
    assert fetched(hub, folder) == str(folder)
    assert not any(
        call.startswith("GET /datasets") for call in Hub.asked
    )  # what is here is not fetched again


def test_a_set_without_such_files_names_what_to_mend(hub, tmp_path):
    said = fetched(hub, tmp_path / "gsm8k", GSM8K.model_copy(update={"split": "validation"}))
    assert "has no file like main/validation-*.parquet" in said and "`sources.sets.gsm8k.files`" in said
    assert "\n" not in said and not (tmp_path / "gsm8k").exists()


def test_an_id_that_is_not_there_names_what_to_mend(hub, tmp_path):
    said = fetched(hub, tmp_path / "gsm8k", GSM8K.model_copy(update={"hub": "openai/gsm9k"}))
    assert said.startswith(f"gsm8k: there is no data set openai/gsm9k at {hub}.")
    assert "`sources.sets.gsm8k.hub`" in said and "\n" not in said


@pytest.mark.parametrize("half_filled", [False, True])
def test_without_a_network_one_line_says_what_to_do(tmp_path, half_filled):
    folder = tmp_path / "gsm8k"
    if half_filled:  # the hub's client would take this for the whole set
        (folder / "main").mkdir(parents=True)
        (folder / "main" / "train-00000-of-00002.parquet").write_bytes(b"x")
    said = fetched("http://127.0.0.1:9", folder)
    assert said.startswith("gsm8k: openai/gsm8k was not fetched from http://127.0.0.1:9 (ConnectError")
    for cure in ("run the same command again", "HF_ENDPOINT", "--modelscope", str(folder)):
        assert cure in said
    assert "\n" not in said


def test_a_client_that_is_set_offline_says_so(tmp_path):
    said = fetched("http://127.0.0.1:9", tmp_path / "gsm8k", HF_HUB_OFFLINE="1")
    assert "HF_HUB_OFFLINE=0" in said and "\n" not in said


def test_modelscope_is_asked_for_the_same_files(tmp_path, monkeypatch):
    asked = []
    client = types.SimpleNamespace(
        dataset_snapshot_download=lambda *given, **more: asked.append((given, more))
    )
    monkeypatch.setitem(sys.modules, "modelscope", client)
    folder = tmp_path / "gsm8k"
    assert fetch("gsm8k", GSM8K, folder, from_modelscope=True) == folder
    expected = {"local_dir": str(folder), "allow_patterns": ["main/train-*.parquet"]}
    assert asked == [(("AI-ModelScope/gsm8k",), expected)]


def test_without_modelscopes_client_or_network_one_line_says_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "modelscope", None)
    with pytest.raises(InputError, match=r"pip install -e '\.\[modelscope\]'"):
        fetch("gsm8k", GSM8K, tmp_path, from_modelscope=True)

    def unreachable(*given, **more):
        raise RuntimeError("no way\nto it")

    monkeypatch.setitem(
        sys.modules, "modelscope", types.SimpleNamespace(dataset_snapshot_download=unreachable)
    )
    with pytest.raises(InputError, match="RuntimeError: no way to it.*leave out --modelscope"):
        fetch("gsm8k", GSM8K, tmp_path, from_modelscope=True)


def test_a_set_that_a_hub_does_not_have_is_to_be_had_elsewhere(tmp_path):
    none = GSM8K.model_copy(update={"hub": None, "modelscope": None})
    with pytest.raises(
        InputError, match=f"get its files from https://hub/gsm8k and put them into {tmp_path}"
    ):
        fetch("gsm8k", none, tmp_path)
    with pytest.raises(InputError, match=r"leave out --modelscope to take it from the hub \(openai/gsm8k\)"):
        fetch("gsm8k", GSM8K.model_copy(update={"modelscope": None}), tmp_path, from_modelscope=True)
    with pytest.raises(InputError, match=r"take it from ModelScope by --modelscope"):
        fetch("gsm8k", GSM8K.model_copy(update={"hub": None}), tmp_path)
