"""A small OpenAI-compatible server on loopback that answers as a test tells it to."""

import json
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Barrier, Lock, Thread

import pytest

from ta_pipeline.params import TeacherParams


class FakeServer:
    """`answer(body, number)` gives (status, headers, payload); a dict is sent as JSON, a str as it is."""

    def __init__(self):
        self.bodies, self.headers, self.paths = [], [], []
        self.answer = lambda body, number: completion("ok")
        self.together, self.most_together = 0, 0
        self.barrier: Barrier | None = None
        self.lock = Lock()
        self.url = ""


def completion(text, **more):
    message = {"role": "assistant", "content": text} | more.pop("message", {})
    usage = {"prompt_tokens": 100, "completion_tokens": 20}
    choice = {"message": message, "finish_reason": more.pop("finish_reason", "stop")}
    return 200, {}, {"choices": [choice], "usage": usage} | more


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        fake = self.server.fake
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        with fake.lock:
            fake.bodies.append(body)
            fake.headers.append(dict(self.headers))
            fake.paths.append(self.path)
            fake.together += 1
            fake.most_together = max(fake.most_together, fake.together)
            number = len(fake.bodies)
        if fake.barrier:
            fake.barrier.wait(10)
        given = fake.answer(body, number)
        with fake.lock:
            fake.together -= 1
        if given is None:  # the line is cut
            self.close_connection = True
            return
        status, headers, payload = given
        raw = (payload if isinstance(payload, str) else json.dumps(payload)).encode()
        self.send_response(status)
        for name, value in ({"Content-Length": str(len(raw))} | headers).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(raw)

    def log_message(self, *_):
        pass


@contextmanager
def serving():
    fake = FakeServer()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    server.fake = fake
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    fake.url = f"http://127.0.0.1:{server.server_port}/v1"
    try:
        yield fake
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def fake():
    with serving() as server:
        yield server


@pytest.fixture
def params(fake):
    """Make parameters of the fake server's teacher."""
    return lambda **more: TeacherParams(url=fake.url, model="wise", **more)


@pytest.fixture
def complete():
    return completion
