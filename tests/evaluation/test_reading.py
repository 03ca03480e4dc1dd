"""Reading prompts once and answering many together changes neither an answer nor a loss."""

import random

import pytest
import torch
from torch.nn.functional import cross_entropy
from transformers import AutoModelForCausalLM, LlamaConfig, Qwen3Config

from ta_pipeline.evaluation import reading
from ta_pipeline.evaluation.model import load_for_evaluation
from ta_pipeline.evaluation.reading import Task, read_and_answer

LIMIT = 9
#: Token that no model here ever picks: its logit is 0.
NEVER = 1


def ids(seed, count):
    return random.Random(seed).choices(range(10, 400), k=count)


BEGINNING = ids(0, 40)
PROMPTS = [
    BEGINNING + ids(1, 200),
    BEGINNING + ids(2, 5),
    BEGINNING,
    ids(3, 2),
    BEGINNING + ids(2, 5) + ids(4, 60),
    BEGINNING + ids(2, 5),
    ids(5, 31),
]
REFERENCES = [ids(10 + n, count) for n, count in enumerate([30, 1, 12, 50, 3, 7, 4])]


def random_model(family=Qwen3Config, **more):
    """A random model of two layers with weights large enough that its answers are no repetition."""
    sizes = {
        "vocab_size": 400, "hidden_size": 48, "intermediate_size": 64, "num_hidden_layers": 2, "head_dim": 16,
        "num_attention_heads": 6, "num_key_value_heads": 2, "max_position_embeddings": 512,
    }  # fmt: skip
    with torch.random.fork_rng():
        torch.manual_seed(1)
        config = family(**sizes, initializer_range=0.3, eos_token_id=NEVER, **more)
        model = AutoModelForCausalLM.from_config(config, attn_implementation="sdpa").eval()
    torch.nn.init.zeros_(model.lm_head.weight.data[NEVER])
    return model


@pytest.fixture(scope="module", params=["llama", "qwen3", "qwen3 with sliding windows", "penalty"])
def model(request):
    if request.param == "llama":
        return random_model(LlamaConfig)
    if request.param == "qwen3 with sliding windows":
        return random_model(use_sliding_window=True, sliding_window=16, max_window_layers=1)
    made = random_model()
    if request.param == "penalty":
        made.generation_config.repetition_penalty = 1.3
    return made


def plain_answer(model, prompt, stops=(NEVER,), limit=LIMIT):
    """One prompt through the model's own `generate`."""
    with torch.no_grad():
        out = model.generate(
            torch.tensor([prompt]), attention_mask=torch.ones(1, len(prompt)), max_new_tokens=limit,
            do_sample=False, eos_token_id=list(stops), pad_token_id=NEVER,
        )  # fmt: skip
    return out[0, len(prompt) :].tolist()


def plain_loss(model, prompt, reference):
    """The whole sequence at once, every logit computed."""
    with torch.no_grad():
        logits = model(torch.tensor([prompt + reference])).logits[0, len(prompt) - 1 : -1]
    return cross_entropy(logits, torch.tensor(reference)).item()


def answers(model, prompts, batch_tokens, stops=frozenset({NEVER}), limit=LIMIT):
    tasks = [Task(prompt) for prompt in prompts]
    return [out.answer for out in read_and_answer(model, tasks, "test", stops, limit, batch_tokens)]


@pytest.mark.parametrize("batch_tokens", [1, 300, 100_000])
def test_rows_of_very_different_lengths_answer_as_each_does_alone(model, batch_tokens):
    assert answers(model, PROMPTS, batch_tokens) == [plain_answer(model, prompt) for prompt in PROMPTS]


def test_a_row_that_stops_leaves_the_others_as_they_were(model):
    alone = [plain_answer(model, prompt) for prompt in PROMPTS]
    # Stops that the rows meet at different steps, one of them as its very first token.
    stops = {NEVER, alone[0][0], alone[1][3], alone[3][5]}
    expected = [plain_answer(model, prompt, stops) for prompt in PROMPTS]
    assert len(expected[0]) == 1
    assert len({len(answer) for answer in expected}) > 2
    assert answers(model, PROMPTS, 100_000, stops) == expected


def test_when_all_rows_stop_at_once_nothing_more_is_made(model):
    firsts = {plain_answer(model, prompt)[0] for prompt in PROMPTS}
    expected = [plain_answer(model, prompt, firsts) for prompt in PROMPTS]
    assert answers(model, PROMPTS, 100_000, firsts) == expected
    assert {len(answer) for answer in expected} == {1}


@pytest.mark.parametrize("limit", [1, 2])
def test_an_answer_is_no_longer_than_its_limit(model, limit):
    assert answers(model, PROMPTS[:3], 100_000, limit=limit) == [
        plain_answer(model, prompt, limit=limit) for prompt in PROMPTS[:3]
    ]


def test_one_row_alone_is_a_batch(model):
    assert answers(model, PROMPTS[:1], 100_000) == [plain_answer(model, PROMPTS[0])]


def test_losses_are_those_of_whole_sequences_read_alone(model):
    tasks = [Task(p, r, answer=n % 2 == 0) for n, (p, r) in enumerate(zip(PROMPTS, REFERENCES, strict=True))]
    outcomes = read_and_answer(model, tasks, "test", {NEVER}, LIMIT, 300)
    for task, outcome in zip(tasks, outcomes, strict=True):
        assert outcome.loss == pytest.approx(plain_loss(model, task.prompt, task.reference), abs=1e-4)
        assert outcome.answer == (plain_answer(model, task.prompt) if task.answer else [])


def test_bfloat16_scores_within_its_own_rounding():
    exact, rounded = random_model(), random_model().to(torch.bfloat16)
    tasks = [Task(p, r) for p, r in zip(PROMPTS, REFERENCES, strict=True)]
    for task, outcome in zip(tasks, read_and_answer(rounded, tasks, "test", {NEVER}, 3, 500), strict=True):
        assert outcome.loss == pytest.approx(plain_loss(exact, task.prompt, task.reference), rel=0.02)


def count_tokens(model, monkeypatch):
    """Note the (rows, tokens) of every forward pass."""
    seen, forward = [], model.forward
    monkeypatch.setattr(
        model, "forward", lambda **given: seen.append(tuple(given["input_ids"].shape)) or forward(**given)
    )
    return seen


def test_what_prompts_share_is_read_once_and_no_prompt_twice(monkeypatch):
    model = random_model()
    seen = count_tokens(model, monkeypatch)
    tasks = [Task([*BEGINNING, n], [7, 8]) for n in range(300, 304)]
    read_and_answer(model, tasks, "test", {NEVER}, 1)
    assert seen == [(1, 43), (1, 3), (1, 3), (1, 3)]


def test_rows_answer_together_and_leave_when_they_have_stopped(monkeypatch):
    model = random_model()
    alone = [plain_answer(model, prompt) for prompt in PROMPTS]
    stops = {NEVER, alone[1][3]}
    lengths = [len(plain_answer(model, prompt, stops)) for prompt in PROMPTS]
    seen = count_tokens(model, monkeypatch)
    answers(model, PROMPTS, 100_000, stops)
    steps = [rows for rows, tokens in seen[len(PROMPTS) :]]
    assert steps == [sum(length > made for length in lengths) for made in range(1, max(lengths))]
    assert steps[-1] < len(PROMPTS)


def test_rows_answered_together_stay_within_the_budget(monkeypatch):
    sizes = []
    real = reading._answer
    monkeypatch.setattr(
        reading,
        "_answer",
        lambda model, rows, lengths, *rest: sizes.append(lengths) or real(model, rows, lengths, *rest),
    )
    answers(random_model(), PROMPTS, 300)
    assert sorted(length for rows in sizes for length in rows) == sorted(map(len, PROMPTS))
    assert all(len(rows) * (max(rows) + LIMIT) <= 300 for rows in sizes)
    assert max(map(len, sizes)) > 1


def test_the_model_attends_afterwards_as_it_did_before(tiny_model):
    model = load_for_evaluation(tiny_model, "fp32")
    before = plain_answer(model, PROMPTS[1])
    answers(model, PROMPTS, 300)
    assert model.config._attn_implementation == "sdpa"
    padded = torch.tensor([[0] * 7 + PROMPTS[1]])
    out = model.generate(padded, attention_mask=(torch.arange(padded.size(1)) >= 7)[None].long(),
                         max_new_tokens=LIMIT, do_sample=False, eos_token_id=NEVER, pad_token_id=0)  # fmt: skip
    assert out[0, padded.size(1) :].tolist() == before
