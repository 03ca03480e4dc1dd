"""Answers and losses of a small real model as rows, each asked by the one prompt."""

import pyarrow as pa
import pyarrow.compute as pc
import pytest
import torch
from torch.nn.functional import cross_entropy

from ta_pipeline.chat.template import encode, render
from ta_pipeline.evaluation.generate import generate_answers
from ta_pipeline.evaluation.model import engine_name, load_for_evaluation
from ta_pipeline.evaluation.prompts import question_messages
from ta_pipeline.evaluation.sampling import stratified_sample
from ta_pipeline.evaluation.suite import answer_and_score
from ta_pipeline.evaluation.teacher_forced import score_with
from ta_pipeline.params import EvaluateParams
from ta_pipeline.rag.prompt import Passage, build_messages
from ta_pipeline.records import PREDICTION, QUESTION, REFERENCE_LOSS

PASSAGE = {
    "chunk_id": "c",
    "source": "a.srt",
    "title": "第3讲 抛体运动",
    "start": 65.0,
    "end": 90.0,
    "text": "抛体做匀变速运动。",
}


def question(name, text, reference, passages=(PASSAGE,), language="zh"):
    return {"id": name, "kind": "fact", "language": language, "question": text, "reference": reference,
            "format": None, "lecture": "03", "held_out": False, "source": "a.srt", "quote": "q", "start": 65.0,
            "end": 90.0, "passages": list(passages)}  # fmt: skip


QUESTIONS = pa.Table.from_pylist(
    [
        question("a", "抛体做什么运动？", "匀变速运动 [第3讲 01:05]"),
        question("b", "What is it?", "It is a projectile, moving under gravity alone.", [PASSAGE] * 3, "en"),
        question("c", "短", "是"),
    ],
    QUESTION,
)


@pytest.fixture(scope="module")
def model(tiny_model):
    return load_for_evaluation(tiny_model, "fp32")


def test_a_question_is_asked_by_the_one_prompt_function():
    row = QUESTIONS.to_pylist()[0]
    passage = Passage("第3讲 抛体运动", "抛体做匀变速运动。", 65.0, 90.0, "a.srt", "c")
    assert question_messages(row, "context") == build_messages("抛体做什么运动？", [passage], "zh")
    assert question_messages(row, "closed_book") == [{"role": "user", "content": "抛体做什么运动？"}]


def test_the_loss_is_over_the_reference_and_its_end_token(model, tiny_model, tokenizer):
    losses = score_with(model, tiny_model, QUESTIONS, "base", "test")
    assert losses.schema.equals(REFERENCE_LOSS)
    row = QUESTIONS.to_pylist()[2]
    messages = question_messages(row, "context")
    start = len(encode(tokenizer, [render(tokenizer, messages, add_generation_prompt=True)])[0])
    full = encode(tokenizer, [render(tokenizer, [*messages, {"role": "assistant", "content": "是"}])])[0][:-1]
    assert tokenizer.decode(full[start:]) == "是<|im_end|>"
    with torch.no_grad():
        logits = model(torch.tensor([full])).logits[0]
    expected = cross_entropy(logits[start - 1 : -1], torch.tensor(full[start:])).item()
    assert losses.to_pylist()[2]["loss"] == pytest.approx(expected, abs=1e-4)
    assert losses.to_pylist()[2]["tokens"] == len(full) - start


def test_a_prompt_that_is_scored_and_answered_counts_as_in_a_pass_of_its_own(model, tiny_model):
    evaluate = EvaluateParams(
        limit=2,
        closed_book_limit=1,
        max_new_tokens=6,
        batch_tokens=1000,
        loss_limit=None,
        bootstrap_samples=100,
        precision="fp32",
    )
    predictions, losses = answer_and_score("base", QUESTIONS, tiny_model, None, evaluate, seed=7)
    assert predictions.schema.equals(PREDICTION)
    alone = score_with(model, tiny_model, QUESTIONS, "base", engine_name("fp32"))
    assert losses.drop(["loss"]).equals(alone.drop(["loss"]))
    assert losses.column("loss").to_pylist() == pytest.approx(alone.column("loss").to_pylist(), abs=1e-4)
    for mode, limit in (("context", 2), ("closed_book", 1)):
        asked = stratified_sample(QUESTIONS, limit, 7)
        expected = generate_answers(model, tiny_model, asked, "base", mode, 6, 1000, "fp32")
        assert predictions.filter(pc.equal(predictions["mode"], mode)).equals(expected)


def test_a_question_that_is_answered_but_not_scored_has_no_loss(tiny_model):
    evaluate = EvaluateParams(
        limit=None,
        closed_book_limit=1,
        max_new_tokens=2,
        batch_tokens=64,
        loss_limit=1,
        bootstrap_samples=100,
        precision="fp32",
    )
    predictions, losses = answer_and_score("base", QUESTIONS, tiny_model, None, evaluate, seed=7)
    with_passages = predictions.filter(pc.equal(predictions["mode"], "context"))
    assert sorted(with_passages.column("question_id").to_pylist()) == ["a", "b", "c"]
    assert losses.num_rows == 1


def answers(model, tiny_model, batch_tokens):
    return generate_answers(model, tiny_model, QUESTIONS, "base", "context", 6, batch_tokens, "fp32")


def test_answers_do_not_depend_on_the_batches(model, tiny_model):
    together, alone = answers(model, tiny_model, 100_000), answers(model, tiny_model, 1)
    assert together.schema.equals(PREDICTION)
    assert together.column("question_id").to_pylist() == ["a", "b", "c"]
    assert together.column("answer").to_pylist() == alone.column("answer").to_pylist()


def test_an_answer_that_never_stops_says_so(model, tiny_model):
    assert set(answers(model, tiny_model, 1).column("finish_reason").to_pylist()) <= {"length", "stop"}
    row = answers(model, tiny_model, 1).to_pylist()[0]
    assert row["new_tokens"] <= 6
    assert row["prompt_tokens"] > 20
