import shutil

import pyarrow as pa
import pytest

from ta_pipeline.chat.template import encode, render
from ta_pipeline.records import PREDICTION, QUESTION, InputError
from ta_pipeline.serving.gguf_answers import answer_questions, check_same_tokens
from ta_pipeline.serving.llama_server import LlamaServer, engine
from ta_pipeline.serving.parity import CORPUS


@pytest.fixture(scope="module")
def server(tiny_gguf, tmp_path_factory):
    log = tmp_path_factory.mktemp("llama") / "llama.log"
    with LlamaServer(tiny_gguf[0] / "teachingassistant-F16.gguf", 1024, 2, log) as running:
        yield running


def _question(name, text, language):
    passage = {
        "chunk_id": "c1",
        "source": "04.srt",
        "title": "Lecture 4: Newton",
        "start": 312.0,
        "end": 330.0,
        "text": "F = ma.",
    }
    row = dict.fromkeys(QUESTION.names) | {"id": name, "question": text, "language": language}
    return row | {"kind": "fact", "reference": "F = ma", "passages": [passage]}


QUESTIONS = pa.Table.from_pylist(
    [_question(f"q{n}", f"What is {n} + {n}?", "en") for n in range(4)]
    + [_question("q9", "力是什么？", "zh")],
    schema=QUESTION,
)


@pytest.mark.parametrize("talk", CORPUS, ids=range(len(CORPUS)))
def test_llama_cpp_reads_every_conversation_as_training_does(server, tokenizer, talk):
    assert server.prompt_tokens(talk) == encode(tokenizer, [render(tokenizer, talk, True)])[0]


def test_answers_come_over_http_greedily_and_say_why_they_end(server):
    talk = [{"role": "user", "content": "Hello"}]
    first, second = server.chat(talk, 5), server.chat(talk, 5)
    assert first["choices"][0]["finish_reason"] == "length"
    assert first["usage"]["completion_tokens"] == 5
    assert first["choices"][0]["message"]["content"] == second["choices"][0]["message"]["content"]


def test_a_prompt_longer_than_the_context_is_a_plain_error(server):
    with pytest.raises(InputError, match=r"refused /v1/chat/completions: .*context"):
        server.chat([{"role": "user", "content": "long " * 2000}], 5)


def test_the_server_ends_with_its_with_statement(tiny_gguf, tmp_path):
    with LlamaServer(tiny_gguf[0] / "teachingassistant-Q8_0.gguf", 128, 1, tmp_path / "l.log") as running:
        process = running._process
        assert running.url.startswith("http://127.0.0.1:") and process.poll() is None
    assert process.poll() is not None


def test_a_file_that_is_no_gguf_is_a_plain_error(tmp_path):
    broken = tmp_path / "broken.gguf"
    broken.write_bytes(b"not a model")
    with (
        pytest.raises(InputError, match=r"broken.gguf: llama.cpp cannot serve it: .+"),
        LlamaServer(broken, 128, 1, tmp_path / "l.log"),
    ):
        pass


def test_every_question_gets_one_row_in_order(tiny_gguf, tiny_merged, tokenizer, tmp_path, capfd):
    gguf = tiny_gguf[0] / "teachingassistant-F16.gguf"
    rows = answer_questions(gguf, "gguf-f16", QUESTIONS, tiny_merged, 6, 2, tmp_path / "l.log")
    assert rows.schema == PREDICTION
    assert rows.column("question_id").to_pylist() == ["q0", "q1", "q2", "q3", "q9"]
    assert set(rows.column("engine").to_pylist()) == {engine()}
    assert all(1 <= n <= 6 for n in rows.column("new_tokens").to_pylist())
    first = rows.to_pylist()[0]
    assert (first["artefact"], first["mode"], first["finish_reason"]) == ("gguf-f16", "context", "length")
    assert first["prompt_tokens"] > 60 and len(first["answer"]) > 0
    assert "llama" not in "".join(capfd.readouterr())


def test_one_slot_gives_the_same_answers_again(tiny_gguf, tiny_merged, tmp_path):
    gguf = tiny_gguf[0] / "teachingassistant-Q8_0.gguf"
    first, second = (
        answer_questions(gguf, "gguf-q8_0", QUESTIONS, tiny_merged, 24, 1, tmp_path / "l.log")
        for _ in range(2)
    )
    assert first.equals(second)


def test_the_first_different_token_is_named():
    check_same_tokens("x", [1, 2, 3], [1, 2, 3])
    with pytest.raises(InputError, match=r"reads token 1 of the prompt as \[9\], training as \[2\]"):
        check_same_tokens("x", [1, 2, 3], [1, 9, 3])
    with pytest.raises(
        InputError, match=r"token 3 of the prompt as \[4\], training as \[\] \(4 and 3 tokens\)"
    ):
        check_same_tokens("x", [1, 2, 3], [1, 2, 3, 4])


def test_a_gguf_with_another_tokenizer_is_found_before_it_answers(tiny_gguf, tiny_merged, tmp_path):
    shutil.copytree(tiny_merged, model := tmp_path / "model")
    template = model / "chat_template.jinja"
    template.write_text(template.read_text().replace("message['content']", "message['content'] + '!'"))
    gguf = tiny_gguf[0] / "teachingassistant-F16.gguf"
    with pytest.raises(InputError, match=r"question q0: llama.cpp reads token"):
        answer_questions(gguf, "gguf-f16", QUESTIONS, model, 6, 2, tmp_path / "l.log")
