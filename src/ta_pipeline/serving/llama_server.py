"""llama.cpp's own server for one GGUF file, on loopback, as a child process.

A process of its own keeps a crash in native code, the threads and the log of llama.cpp away from the
run; it ends when its standard input is closed, so it never outlives the process that started it.
Run as a program (`python -m … <gguf> <context> <slots>`) this file is that child.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from types import TracebackType
from typing import Any

from ta_pipeline.records import InputError

_READY = "listening on "
#: Seconds that one answer may take before it counts as lost.
_TIMEOUT = 600.0


def engine() -> str:
    """Name the engine as predictions record it."""
    return f"llama.cpp (xllamacpp {version('xllamacpp')})"


class LlamaServer:
    """A running server for one GGUF file; use it in a `with` statement.

    `context` is the tokens that each of the `slots` parallel conversations may hold; the server's own
    output goes to `log`. Entering raises `InputError` with the log's last line when the file cannot be
    loaded.
    """

    def __init__(self, gguf: Path, context: int, slots: int, log: Path) -> None:
        self._gguf, self._context, self._slots, self._log = gguf, context, slots, log
        self._process: subprocess.Popen[str] | None = None
        self.url = ""

    def __enter__(self) -> LlamaServer:
        command = [sys.executable, "-m", __name__, str(self._gguf), str(self._context), str(self._slots)]
        self._log.parent.mkdir(parents=True, exist_ok=True)
        with self._log.open("w", encoding="utf-8") as log:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                start_new_session=True,  # Ctrl-C reaches the run, which then closes this server
            )
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if line.startswith(_READY):
                self.url = line.removeprefix(_READY).strip()
                return self
        self.__exit__(None, None, None)
        lines = self._log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        raise InputError(
            f"{self._gguf}: llama.cpp cannot serve it: {lines[-1] if lines else 'no message'} "
            f"(all of it in {self._log}). Export the GGUF again."
        )

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process is not None
        if self._process.stdin is not None:
            self._process.stdin.close()
        try:
            self._process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()

    def post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """Send a JSON request and return the JSON answer; a refusal becomes an `InputError`."""
        request = urllib.request.Request(
            self.url + path, data=json.dumps(body).encode(), headers={"Content-Type": "application/json"}
        )
        try:
            with urllib.request.urlopen(request, timeout=_TIMEOUT) as response:
                answer: dict[str, Any] = json.load(response)
        except urllib.error.HTTPError as refusal:
            said = refusal.read().decode(errors="replace")[:300]
            raise InputError(f"{self._gguf.name}: llama.cpp refused {path}: {said}") from refusal
        return answer

    def prompt_tokens(self, messages: Sequence[dict[str, str]]) -> list[int]:
        """Return the tokens that the server makes of a conversation by the GGUF's own chat template."""
        prompt = self.post("/apply-template", {"messages": list(messages)})["prompt"]
        body = {"content": prompt, "add_special": True, "parse_special": True}
        return [int(token) for token in self.post("/tokenize", body)["tokens"]]

    def chat(self, messages: Sequence[dict[str, str]], max_new_tokens: int) -> dict[str, Any]:
        """Ask greedily over the OpenAI endpoint; return its whole answer.

        The prompt cache stays off: a prefix read in another batch rounds differently.
        """
        body = {
            "messages": list(messages),
            "max_tokens": max_new_tokens,
            "temperature": 0.0,
            "cache_prompt": False,
        }
        return self.post("/v1/chat/completions", body)


def serve(gguf: str, context: int, slots: int) -> None:
    """Serve a GGUF file on a free loopback port until standard input is closed."""
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = gguf
    params.n_ctx, params.n_parallel = context * slots, slots
    params.verbosity = 1  # errors
    params.ui = False
    server = xllamacpp.Server(params)
    print(f"{_READY}{server.listening_address}", flush=True)
    sys.stdin.read()
    sys.stdout.flush()
    os._exit(0)  # nothing to save, and tearing down native threads can hang


if __name__ == "__main__":
    serve(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
