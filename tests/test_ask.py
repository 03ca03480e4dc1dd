"""`ta ask` on a hand-filled catalog: which passages are picked, and that the model is really asked."""

import pyarrow as pa
import pytest
from kedro.io import DataCatalog, MemoryDataset

from ta_pipeline import ask as asking
from ta_pipeline.ask import LastRun, ask, base_model_of, find_passages, refuse_other_course
from ta_pipeline.evaluation.generate import generate_answers
from ta_pipeline.evaluation.model import load_for_evaluation
from ta_pipeline.rag.prompt import Passage
from ta_pipeline.records import CHUNK, DOCUMENT, QUESTION, InputError


def segment(text, start=None, end=None):
    return {"text": text, "heading": "", "page": None, "line": 1, "start": start, "end": end, "speaker": None}


CUES = [
    segment("We begin with friction on a slope.", 60.0, 70.0),
    segment("A pendulum is slow when its string is long.", 70.0, 80.0),
    segment("Now to springs and what holds them.", 80.0, 90.0),
]


def chunk(number, text, start=None, end=None):
    return {
        "id": f"c{number}", "course": "mechanics", "document_id": f"d{number}", "source": f"{number}.md",
        "lecture": f"{number}", "title": f"Lecture {number}", "language": "en", "heading": "", "page": None,
        "start": start, "end": end, "text": text, "tokens": 30,
    }  # fmt: skip


def document(number, kind, segments):
    return {
        "id": f"d{number}", "course": "mechanics", "origin": "course", "source": f"{number}.md", "kind": kind,
        "lecture": f"{number}", "title": f"Lecture {number}", "language": "en", "segments": segments,
        "meta": "{}",
    }  # fmt: skip


CHUNKS = [
    chunk(1, "Momentum is mass times velocity. Impulse changes it."),
    chunk(2, " ".join(cue["text"] for cue in CUES), 60.0, 90.0),
    chunk(3, "A lever has two arms."),
    chunk(4, "Planets move on ellipses."),
]
EARLIER = segment("The pendulum is a topic of a later minute.", 0.0, 10.0)
DOCUMENTS = [document(2, "transcript", [EARLIER, *CUES])]


def test_three_passages_are_picked_and_the_nearest_stands_first():
    passages = find_passages("How slow is a pendulum?", CHUNKS, DOCUMENTS, 400)
    assert len(passages) == 3
    assert (passages[0].chunk_id, passages[0].source, passages[0].title) == ("c2", "2.md", "Lecture 2")


def test_a_spoken_passage_is_the_cue_that_answers_with_its_own_time():
    passages = find_passages("How slow is a pendulum?", CHUNKS, DOCUMENTS, 50)
    assert passages[0] == Passage(
        "Lecture 2", "A pendulum is slow when its string is long.", 70.0, 80.0, "2.md", "c2"
    )


def test_a_written_passage_is_the_sentence_that_answers_and_has_no_time():
    passages = find_passages("What changes by an impulse?", CHUNKS, DOCUMENTS, 30)
    assert passages[0] == Passage("Lecture 1", "Impulse changes it.", None, None, "1.md", "c1")


def test_a_spoken_chunk_whose_document_is_gone_keeps_its_own_times():
    passages = find_passages("How slow is a pendulum?", CHUNKS, [], 400)
    assert (passages[0].start, passages[0].end) == (60.0, 90.0)


def test_a_course_that_the_last_run_was_not_about_is_refused_with_the_command():
    refuse_other_course(None, ["mechanics"])
    refuse_other_course("mechanics", ["mechanics"])
    with pytest.raises(InputError, match=r"about mechanics\. .* --params course=python"):
        refuse_other_course("python", ["mechanics"])


@pytest.fixture
def run(tiny_model, tiny_adapter, tiny_gguf):
    outputs = {
        "chunks": pa.Table.from_pylist(CHUNKS, CHUNK),
        "clean_documents": pa.Table.from_pylist(DOCUMENTS, DOCUMENT),
        "base_model": tiny_model,
        "dpo_adapter": tiny_adapter,
        "gguf_files": tiny_gguf[0],
    }
    parameters = {
        "compose": {"passages": {"chars": 400}},
        "evaluate": {"precision": "fp32"},
        "deploy": {"ollama_format": "q8_0"},
    }
    return LastRun(DataCatalog({name: MemoryDataset(data) for name, data in outputs.items()}), parameters)


def test_an_adapter_answers_in_other_words_than_its_base_model(run, monkeypatch):
    monkeypatch.setattr(asking, "_MAX_NEW_TOKENS", 8)
    tuned, base = (ask(run, "How slow is a pendulum?", artefact) for artefact in ("dpo", "base"))
    assert tuned.text and tuned.text != base.text
    assert tuned.passages == base.passages == find_passages("How slow is a pendulum?", CHUNKS, DOCUMENTS, 400)


def test_the_answer_is_the_one_that_the_benchmark_would_get(run, tiny_model, tiny_adapter, monkeypatch):
    monkeypatch.setattr(asking, "_MAX_NEW_TOKENS", 8)
    question = "How slow is a pendulum?"
    answer = ask(run, question)
    row = {"id": "q", "language": "en", "question": question, "passages": [vars(p) for p in answer.passages]}
    model = load_for_evaluation(tiny_model, "fp32", tiny_adapter)
    rows = generate_answers(
        model, tiny_model, pa.Table.from_pylist([row], QUESTION), "dpo", "context", 8, 4096, "fp32"
    )
    assert rows.column("answer").to_pylist() == [answer.text]


def test_the_gguf_that_ollama_serves_can_be_asked(run, monkeypatch, tmp_path):
    monkeypatch.setattr(asking, "_MAX_NEW_TOKENS", 8)
    monkeypatch.setenv("LOG_DIR", str(tmp_path))
    assert ask(run, "How slow is a pendulum?", "gguf").text


@pytest.mark.parametrize("artefact", ["dpo", "gguf"])
def test_an_answer_is_cut_where_it_is_asked_to_be(run, artefact, monkeypatch, tmp_path):
    monkeypatch.setenv("LOG_DIR", str(tmp_path))
    monkeypatch.setattr(asking, "_MAX_NEW_TOKENS", 16)
    short = ask(run, "How slow is a pendulum?", artefact, max_new_tokens=2).text
    whole = ask(run, "How slow is a pendulum?", artefact).text
    assert len(short) < len(whole)


@pytest.mark.parametrize("artefact", ["dpo", "base", "gguf"])
def test_the_base_model_is_that_of_the_run_whatever_the_configuration_says(
    run, artefact, monkeypatch, tmp_path
):
    monkeypatch.setenv("LOG_DIR", str(tmp_path))
    usual = ask(run, "How slow is a pendulum?", artefact, max_new_tokens=4)
    run.catalog["base_model"] = MemoryDataset(tmp_path / "another-model")
    assert ask(run, "How slow is a pendulum?", artefact, max_new_tokens=4) == usual


def test_a_whole_model_answers_in_the_place_of_the_base_model(run, tiny_whole, tiny_model, monkeypatch):
    monkeypatch.setattr(asking, "_MAX_NEW_TOKENS", 8)
    base, adapted = (ask(run, "How slow is a pendulum?", artefact) for artefact in ("base", "dpo"))
    run.catalog["dpo_adapter"] = MemoryDataset(tiny_whole)
    assert base_model_of(run, None) == base_model_of(run, tiny_whole) == tiny_model
    assert ask(run, "How slow is a pendulum?", "base") == base
    assert ask(run, "How slow is a pendulum?") == adapted != base


def test_the_configuration_names_the_base_model_where_the_adapters_own_is_gone(run, tiny_model, tmp_path):
    (tmp_path / "adapter_config.json").write_text('{"base_model_name_or_path": "/gone/model"}')
    assert base_model_of(run, tmp_path) == tiny_model
    assert base_model_of(LastRun(DataCatalog({"base_model": MemoryDataset(tmp_path)}), {}), None) == tmp_path


def test_an_output_that_no_run_has_left_is_asked_for_by_name(run):
    with pytest.raises(InputError, match="no run has left sft_adapter there yet. Run `make run` first"):
        ask(run, "How slow is a pendulum?", "sft")


def test_an_empty_question_is_refused(run):
    with pytest.raises(InputError, match="question is empty"):
        ask(run, "  ")
