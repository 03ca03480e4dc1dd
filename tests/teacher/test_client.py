"""The client against a server that fails in every way servers do; nothing is asked twice, no key is kept."""

import json
import logging
import socket
from threading import Barrier

import pytest
from pydantic import ValidationError

from ta_pipeline.params import TeacherParams
from ta_pipeline.records import InputError
from ta_pipeline.teacher.client import Request, Teacher

KEY = "sk-very-secret-0123456789"


def requests(count):
    return [
        Request(f"c{n}", ({"role": "user", "content": f"question {n}"},), {"type": "object"})
        for n in range(count)
    ]


class Naps(list):
    """Instead of sleeping."""

    def __call__(self, seconds):
        self.append(seconds)


@pytest.fixture
def naps():
    return Naps()


@pytest.fixture
def ask(params, tmp_path, naps):
    def run(count=1, **more):
        teacher = Teacher(params(**more), tmp_path, sleep=naps)
        return teacher, teacher.ask(requests(count), "Asking")

    return run


def test_a_request_is_a_chat_completion_with_the_schema_of_its_answer(ask, fake):
    _, (reply,) = ask(temperature=0.5, max_tokens=77)
    assert fake.paths == ["/v1/chat/completions"]
    assert fake.bodies[0] == {
        "model": "wise",
        "messages": [{"role": "user", "content": "question 0"}],
        "temperature": 0.5,
        "max_tokens": 77,
        "response_format": {
            "type": "json_schema",
            "json_schema": {"name": "answer", "strict": True, "schema": {"type": "object"}},
        },
    }
    assert (reply.text, reply.finish_reason, reply.prompt_tokens, reply.new_tokens) == ("ok", "stop", 100, 20)


def test_a_server_that_knows_no_schema_is_sent_none(ask, fake):
    ask(json_schema=False)
    assert "response_format" not in fake.bodies[0]


def test_replies_are_in_the_order_of_the_requests(ask, fake, complete):
    fake.answer = lambda body, _: complete(body["messages"][0]["content"].upper())
    _, replies = ask(20, concurrency=6)
    assert [reply.text for reply in replies] == [f"QUESTION {n}" for n in range(20)]


def test_as_many_requests_are_under_way_as_allowed_and_no_more(ask, fake):
    fake.barrier = Barrier(3)  # opens only when three wait at once
    ask(9, concurrency=3)
    assert fake.most_together == 3


def test_a_second_run_asks_nothing_and_answers_the_same(ask, fake):
    first, replies = ask(5)
    second, again = ask(5)
    assert len(fake.bodies) == 5 and replies == again
    assert (first.asked, first.found, second.asked, second.found) == (5, 0, 0, 5)


def test_equal_requests_of_one_run_are_asked_once(params, tmp_path, fake):
    replies = Teacher(params(concurrency=4), tmp_path).ask(requests(1) * 6, "Asking")
    assert len(fake.bodies) == 1 and len(replies) == 6


@pytest.mark.parametrize("change", [{"temperature": 1.0}, {"max_tokens": 20}, {"json_schema": False}])
def test_what_changes_the_request_is_asked_anew(ask, fake, change):
    ask()
    ask(**change)
    assert len(fake.bodies) == 2


def test_another_model_or_url_is_asked_anew(fake, tmp_path):
    for model, url in (("a", fake.url), ("b", fake.url), ("a", fake.url.replace("127.0.0.1", "localhost"))):
        Teacher(TeacherParams(url=url, model=model), tmp_path).ask(requests(1), "Asking")
    assert len(fake.bodies) == 3


def test_a_damaged_file_of_the_cache_is_asked_anew(ask, fake, tmp_path):
    ask()
    (file,) = tmp_path.rglob("*.json")
    file.write_text(file.read_text("utf-8")[:50], "utf-8")
    _, (reply,) = ask()
    assert reply.text == "ok" and len(fake.bodies) == 2
    assert json.loads(file.read_text("utf-8"))["reply"]["text"] == "ok"


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503])
def test_a_fault_of_the_moment_is_asked_again_with_growing_pauses(ask, fake, complete, naps, status):
    fake.answer = lambda _, number: complete("ok") if number > 3 else (status, {}, "busy")
    teacher, (reply,) = ask()
    assert reply.text == "ok" and len(fake.bodies) == 4 and teacher.retried == 3
    assert 1 <= naps[0] <= 2 <= naps[1] <= 3 and 4 <= naps[2] <= 5


def test_the_pause_that_the_server_names_is_kept_within_reason(ask, fake, complete, naps):
    pauses = iter(["7", "100000", "Wed, 21 Oct 2026 07:28:00 GMT"])
    fake.answer = lambda _, number: (
        complete("ok") if number > 3 else (429, {"Retry-After": next(pauses)}, "slow down")
    )
    ask()
    assert naps[:2] == [7.0, 120.0] and 4 <= naps[2] <= 5


@pytest.mark.parametrize(
    "body", ["", "<html>", "[]", "{}", '{"choices": []}', '{"choices": [{"message": null}]}']
)
def test_garbage_instead_of_a_completion_is_asked_again(ask, fake, complete, body):
    fake.answer = lambda _, number: complete("ok") if number > 1 else (200, {}, body)
    assert ask()[1][0].text == "ok"


def test_a_cut_line_is_asked_again(ask, fake, complete):
    fake.answer = lambda _, number: complete("ok") if number > 1 else None
    assert ask()[1][0].text == "ok"


def test_a_timeout_is_asked_again_and_has_its_name_when_the_tries_are_used_up(params, tmp_path, naps):
    with socket.create_server(("127.0.0.1", 0)) as silent:  # takes the connection and says nothing
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/v1"
        teacher = Teacher(
            TeacherParams(url=url, model="m", timeout_s=0.05, max_retries=2), tmp_path, sleep=naps
        )
        with pytest.raises(
            InputError, match=r"1 requests in a row failed, the last with timeout: no answer in 0.05 s"
        ):
            teacher.ask(requests(1), "Asking")
    assert len(naps) == 2


def test_one_request_without_an_answer_does_not_stop_the_others_and_is_not_kept(ask, fake, complete):
    fake.answer = lambda body, _: (503, {}, "no") if "question 2" in str(body) else complete("ok")
    _, replies = ask(5, max_retries=1, concurrency=1)
    assert [reply.fault for reply in replies] == ["", "", "http_503", "", ""]
    fake.answer = lambda body, _: complete("now")
    assert [reply.text for reply in ask(5)[1]] == ["ok", "ok", "now", "ok", "ok"]


def test_a_prompt_that_the_server_refuses_is_not_asked_again(ask, fake, complete, naps):
    fake.answer = lambda body, _: (400, {}, "too   long") if "question 1" in str(body) else complete("ok")
    _, replies = ask(3)
    assert (replies[1].fault, replies[1].detail) == ("http_400", "too long")
    assert len(fake.bodies) == 3 and naps == []


def test_ten_failures_in_a_row_stop_the_run(ask, fake):
    fake.answer = lambda *_: (429, {}, "quota exceeded")
    with pytest.raises(
        InputError, match="10 requests in a row failed, the last with http_429: quota exceeded"
    ):
        ask(500, max_retries=0, concurrency=2)
    assert len(fake.bodies) <= 14


def test_a_url_where_nobody_listens_stops_the_run_with_its_name(tmp_path, naps):
    with socket.create_server(("127.0.0.1", 0)) as free:
        url = f"http://127.0.0.1:{free.getsockname()[1]}/v1"
    with pytest.raises(InputError, match=f"{url}: .* unreachable: .*[Cc]onnection refused"):
        Teacher(TeacherParams(url=url, model="m", max_retries=1), tmp_path, sleep=naps).ask(
            requests(3), "Asking"
        )


@pytest.mark.parametrize(
    ("status", "cure"), [(401, "api_key_env"), (403, "api_key_env"), (404, "URL up to /v1")]
)
def test_a_refused_key_or_a_wrong_page_stops_the_run_at_once(ask, fake, status, cure):
    fake.answer = lambda *_: (status, {}, "no")
    with pytest.raises(InputError, match=cure):
        ask(50, concurrency=1)
    assert len(fake.bodies) == 1


def test_the_key_comes_from_the_environment_and_goes_into_one_header_only(
    ask, fake, complete, monkeypatch, tmp_path, caplog
):
    monkeypatch.setenv("TEACHER_KEY", f" {KEY}\n")
    caplog.set_level(logging.DEBUG, "ta_pipeline")
    answers = iter([(500, {}, f"bad key {KEY}"), complete(f"your key is {KEY}")])
    fake.answer = lambda *_: next(answers)
    _, (reply,) = ask(api_key_env="TEACHER_KEY")
    assert fake.headers[0]["Authorization"] == f"Bearer {KEY}"
    assert reply.text == "your key is (key)"
    kept = "".join(path.read_text("utf-8") for path in tmp_path.rglob("*.json"))
    assert kept and KEY not in kept and KEY not in caplog.text and KEY not in str(fake.bodies)


def test_a_message_of_the_server_that_repeats_the_key_is_shown_without_it(ask, fake, monkeypatch):
    monkeypatch.setenv("TEACHER_KEY", KEY)
    fake.answer = lambda *_: (401, {}, f"Incorrect API key provided: {KEY}")
    with pytest.raises(InputError) as raised:
        ask(api_key_env="TEACHER_KEY")
    assert "provided: (key)" in str(raised.value) and KEY not in str(raised.value)


def test_a_key_that_is_not_there_is_named_by_its_variable(params, tmp_path, monkeypatch):
    monkeypatch.delenv("TEACHER_KEY", raising=False)
    with pytest.raises(InputError, match="environment variable TEACHER_KEY is not set"):
        Teacher(params(api_key_env="TEACHER_KEY"), tmp_path)


@pytest.mark.parametrize(
    "wrong",
    [{"api_key_env": KEY}, {"url": f"https://me:{KEY}@host/v1"}, {"url": f"https://host/v1?key={KEY}"}],
)
def test_a_key_in_the_wrong_place_is_refused_and_not_quoted(wrong):
    with pytest.raises(ValidationError) as raised:
        TeacherParams(**{"url": "http://host/v1", "model": "m"} | wrong)
    assert KEY not in str(raised.value) and KEY not in str(raised.value.errors())
