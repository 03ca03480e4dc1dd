"""Ask an OpenAI-compatible server many things at once, and each of them only once.

Answers are kept on disk by the hash of the URL and the whole request, so a second run asks nothing. The API
key is read from the environment when a `Teacher` is made; it goes into one HTTP header and nowhere else.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from threading import Event, Lock
from typing import TYPE_CHECKING, Any

from ta_pipeline.params import TeacherParams
from ta_pipeline.progress import Progress
from ta_pipeline.records import InputError

if TYPE_CHECKING:
    import httpx
    from tenacity import RetryCallState

logger = logging.getLogger(__name__)

#: Requests in a row that may fail before the run stops: the server is down or the quota is spent.
_GIVE_UP = 10
#: Seconds of the longest pause between two tries, whatever the server's `Retry-After` says.
_LONGEST_PAUSE = 120.0
_LONGEST_DETAIL = 200
#: Faults of the moment: too many requests, a busy or restarting server.
_LATER = frozenset({408, 409, 425, 429})
_KEY_REFUSED = (401, 403)


@dataclass(frozen=True)
class Request:
    """One thing to ask: chat messages, and the JSON schema that the answer must fit.

    `subject` is the id of the row it is about.
    """

    subject: str
    messages: tuple[dict[str, str], ...]
    schema: dict[str, Any]


@dataclass(frozen=True)
class Reply:
    """What came back. `fault` says why there is no answer ("timeout", "http_503", …), else it is ""."""

    id: str
    text: str = ""
    refusal: str = ""
    finish_reason: str = ""
    prompt_tokens: int = 0
    new_tokens: int = 0
    fault: str = ""
    detail: str = ""


class _Later(Exception):
    """A fault that may pass: worth another try, after `pause` seconds if the server named them."""

    def __init__(self, fault: str, detail: str, pause: float | None = None) -> None:
        super().__init__(detail)
        self.fault, self.pause = fault, pause


class Teacher:
    """A server that answers chat requests; make one for a run and call `ask`.

    `cache` is the folder of kept answers. `sleep` waits between tries; the default wakes up when the run
    stops. Raises `InputError` where the environment variable for the key is not set.
    """

    def __init__(
        self, teacher: TeacherParams, cache: Path, sleep: Callable[[float], None] | None = None
    ) -> None:
        self._teacher, self._cache = teacher, cache
        self._url = f"{teacher.url.rstrip('/')}/chat/completions"
        self._key = _api_key(teacher.api_key_env)
        self._stopped, self._lock, self._failed = Event(), Lock(), 0
        self._sleep = self._wait if sleep is None else sleep
        self.asked = self.retried = self.found = 0

    def ask(self, requests: Sequence[Request], label: str) -> list[Reply]:
        """Answer all requests, from the cache where they were asked before; replies are in their order.

        Raises `InputError` where nobody listens at the URL, the key or the model is refused, or so many
        requests in a row fail that the rest would too. What was answered until then stays in the cache.
        """
        bodies = {self._name(body): body for body in map(self._body, requests)}
        limit = min(_GIVE_UP, len(bodies))
        progress = Progress(label, len(bodies), "request")
        with self._client() as client, ThreadPoolExecutor(self._teacher.concurrency) as pool:

            def answer(item: tuple[str, dict[str, Any]]) -> Reply:
                if self._stopped.is_set():
                    return Reply(item[0], fault="stopped")
                reply = self._kept(*item) or self._asked(client, *item, limit)
                progress.advance()
                return reply

            try:
                replies = dict(zip(bodies, pool.map(answer, bodies.items()), strict=True))
            finally:
                self._stopped.set()
                progress.close()
        self._stopped.clear()
        logger.info(
            "%s: %d requests, %d answers were in the cache, %d tries again",
            label, len(bodies), self.found, self.retried,
        )  # fmt: skip
        return [replies[self._name(self._body(request))] for request in requests]

    def _wait(self, seconds: float) -> None:
        self._stopped.wait(seconds)

    def _body(self, request: Request) -> dict[str, Any]:
        body: dict[str, Any] = {
            "model": self._teacher.model,
            "messages": list(request.messages),
            "temperature": self._teacher.temperature,
            "max_tokens": self._teacher.max_tokens,
        }
        if self._teacher.json_schema:
            shape = {"name": "answer", "strict": True, "schema": request.schema}
            body["response_format"] = {"type": "json_schema", "json_schema": shape}
        return body

    def _name(self, body: dict[str, Any]) -> str:
        said = json.dumps([self._url, body], ensure_ascii=False, sort_keys=True)
        return hashlib.sha256(said.encode()).hexdigest()

    def _client(self) -> httpx.Client:
        import httpx

        headers = {"Authorization": f"Bearer {self._key}"} if self._key else {}
        limits = httpx.Limits(max_connections=self._teacher.concurrency)
        return httpx.Client(headers=headers, timeout=self._teacher.timeout_s, limits=limits)

    def _path(self, name: str) -> Path:
        return self._cache / name[:2] / f"{name}.json"

    def _kept(self, name: str, body: dict[str, Any]) -> Reply | None:
        """Return the answer of an earlier run; a damaged file counts as none."""
        try:
            kept = json.loads(self._path(name).read_text("utf-8"))
            reply = Reply(**kept["reply"])
        except (OSError, ValueError, KeyError, TypeError):
            return None
        if kept.get("request") != body:
            return None
        with self._lock:
            self.found += 1
        return reply

    def _keep(self, reply: Reply, body: dict[str, Any]) -> None:
        path = self._path(reply.id)
        path.parent.mkdir(parents=True, exist_ok=True)
        kept = {"url": self._url, "request": body, "reply": asdict(reply)}
        with tempfile.NamedTemporaryFile("w", encoding="utf-8", dir=path.parent, delete=False) as file:
            json.dump(kept, file, ensure_ascii=False, indent=1)
        os.replace(file.name, path)

    def _asked(self, client: httpx.Client, name: str, body: dict[str, Any], limit: int) -> Reply:
        """Ask until there is an answer, the tries are used up or the run stops."""
        from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, stop_when_event_set

        tries = Retrying(
            stop=stop_after_attempt(1 + self._teacher.max_retries) | stop_when_event_set(self._stopped),
            wait=_pause,
            retry=retry_if_exception_type(_Later),
            before_sleep=self._count_retry,
            sleep=self._sleep,
            reraise=True,
        )
        try:
            reply = tries(self._once, client, name, body)
        except _Later as fault:
            reply = Reply(name, fault=fault.fault, detail=str(fault))
        if reply.fault:
            self._note_failure(reply, limit)
        else:
            with self._lock:
                self.asked, self._failed = self.asked + 1, 0
            self._keep(reply, body)
        return reply

    def _count_retry(self, _: RetryCallState) -> None:
        with self._lock:
            self.retried += 1

    def _note_failure(self, reply: Reply, limit: int) -> None:
        """Stop the run when too many requests fail in a row."""
        with self._lock:
            self._failed += 1
            failed = self._failed
        if failed >= limit:
            raise self._stop(
                f"{failed} requests in a row failed, the last with {reply.fault}: "
                f"{reply.detail or 'no message'}. Look at the server, its quota and compose.teacher; then "
                "run the stage again, answers so far are kept."
            )

    def _stop(self, why: str) -> InputError:
        """Have the other requests stop, and build the error that says why."""
        self._stopped.set()
        return InputError(f"compose.teacher.url {self._teacher.url}: {why}")

    def _once(self, client: httpx.Client, name: str, body: dict[str, Any]) -> Reply:
        import httpx

        try:
            response = client.post(self._url, json=body)
        except httpx.TimeoutException as error:
            raise _Later("timeout", f"no answer in {self._teacher.timeout_s:g} s") from error
        except httpx.ConnectError as error:
            raise _Later("unreachable", self._said(str(error))) from error
        except httpx.TransportError as error:
            raise _Later("connection", self._said(str(error))) from error
        except httpx.InvalidURL as error:
            raise self._stop(f"{error}. Mend it.") from error
        if response.status_code != 200:
            return self._not_answered(response, name)
        return self._read(response, name)

    def _not_answered(self, response: httpx.Response, name: str) -> Reply:
        status, said = response.status_code, self._said(response.text)
        if status in _KEY_REFUSED:
            raise self._stop(
                f"the server refuses the key (HTTP {status}: {said}). Put a valid one into the variable that "
                "compose.teacher.api_key_env names."
            )
        if status == 404:
            raise self._stop(
                f"no such page or model (HTTP 404: {said}). Give the URL up to /v1, and a model the server "
                f"has instead of {self._teacher.model!r}."
            )
        if status in _LATER or status >= 500:
            raise _Later(f"http_{status}", said, _seconds(response.headers.get("retry-after")))
        return Reply(name, fault=f"http_{status}", detail=said)

    def _read(self, response: httpx.Response, name: str) -> Reply:
        """Read a chat completion; raise `_Later` where the body is none."""
        try:
            body = response.json()
            choice, usage = body["choices"][0], body.get("usage") or {}
            message = choice["message"]
            return Reply(
                name,
                text=self._without_key(str(message.get("content") or "")),
                refusal=str(message.get("refusal") or ""),
                finish_reason=str(choice.get("finish_reason") or ""),
                prompt_tokens=int(usage.get("prompt_tokens") or 0),
                new_tokens=int(usage.get("completion_tokens") or 0),
            )
        except (ValueError, KeyError, IndexError, TypeError, AttributeError) as error:
            raise _Later("bad_response", self._said(response.text)) from error

    def _said(self, text: str) -> str:
        return " ".join(self._without_key(text).split())[:_LONGEST_DETAIL]

    def _without_key(self, text: str) -> str:
        """Blank the key: some servers repeat it in their messages."""
        return text.replace(self._key, "(key)") if self._key else text


def _api_key(variable: str | None) -> str:
    if variable is None:
        return ""
    if key := os.environ.get(variable, "").strip():
        return key
    raise InputError(
        f"compose.teacher.api_key_env: the environment variable {variable} is not set. "
        f"Set it to the server's API key: export {variable}=…"
    )


def _pause(state: RetryCallState) -> float:
    """Wait as long as the server says, else twice as long as before, with some chance in it."""
    from tenacity import wait_exponential_jitter

    fault = state.outcome.exception() if state.outcome else None
    named = fault.pause if isinstance(fault, _Later) else None
    pause = wait_exponential_jitter(initial=1, max=_LONGEST_PAUSE / 2)(state) if named is None else named
    return min(pause, _LONGEST_PAUSE)


def _seconds(retry_after: str | None) -> float | None:
    """Read `Retry-After`; a date instead of seconds counts as none."""
    try:
        return max(0.0, float(retry_after)) if retry_after else None
    except ValueError:
        return None
