"""Read prompts one after another, score references and answer, on caches of keys and values.

On a CPU three things make an evaluation slow, and each is met here. Figures are the bundled model in
float32 on two cores, prompts of 640 tokens:

- A prompt that is both scored and answered, or that begins like another one, is read again. Here the order
  is lexicographic, and what a prompt shares with the one before stays in the cache: 17 % of the benchmark's
  tokens, 11 % of the time. One row at a time needs no padding and reads 950 tokens a second; 13 rows at once
  read 770, because their temporaries are so large that the allocator hands them back and they are faulted
  in again.
- In a step of decoding the stock attention copies the cache and repeats it for every query head: 35 ms a
  row, however many rows. With a buffer that is written in place, and query heads folded over the key head
  that they share, 12 rows take 9 ms each, 24 take 5 and 48 take 4: the weights are read once for all.
- A finished row costs as much as one that goes on. Here it leaves the batch.

Models with other caches than plain ones (sliding windows, states) are asked one prompt at a time through
`model.generate`. What tokens mean, and what an answer is worth, is not known here.
"""

from __future__ import annotations

from collections.abc import Iterator, Set
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import torch
from torch.nn.functional import cross_entropy, pad, scaled_dot_product_attention
from transformers import AttentionInterface, DynamicCache
from transformers.cache_utils import DynamicLayer
from transformers.integrations.sdpa_attention import sdpa_attention_forward

from ta_pipeline.progress import Progress

_ATTENTION = "sdpa_without_copies"
#: Settings of a model's generation config with which the likeliest token is not always the one taken.
_OTHER_CHOICES = (
    "repetition_penalty",
    "no_repeat_ngram_size",
    "bad_words_ids",
    "min_length",
    "min_new_tokens",
    "forced_bos_token_id",
    "forced_eos_token_id",
    "exponential_decay_length_penalty",
    "suppress_tokens",
    "begin_suppress_tokens",
    "sequence_bias",
    "guidance_scale",
    "watermarking_config",
)


@dataclass(frozen=True)
class Task:
    """A prompt to read, as ids: to score the reference that follows it (where there is one), to answer."""

    prompt: list[int]
    reference: list[int] = field(default_factory=list)
    answer: bool = True


@dataclass
class Outcome:
    """What came of a task: mean loss of the reference in nats a token, ids of the answer with its stop."""

    loss: float = float("nan")
    answer: list[int] = field(default_factory=list)


def read_and_answer(
    model: Any,
    tasks: list[Task],
    label: str,
    stops: Set[int] = frozenset(),
    max_new_tokens: int = 1,
    batch_tokens: int = 0,
) -> list[Outcome]:
    """Do every task, in any order; `label` names the work to whoever waits.

    An answer is greedy and ends with the first of `stops` or after `max_new_tokens`. `batch_tokens` bounds
    the caches of the rows that are answered together, room for the answers included; a row that is longer
    is answered alone.
    """
    progress = Progress(label, len(tasks) + sum(task.answer for task in tasks), "prompts and answers")
    with torch.inference_mode():
        if _keeps_plain_caches(model):
            with _attention_without_copies(model):
                outcomes = _together(model, tasks, stops, max_new_tokens, batch_tokens, progress)
        else:
            outcomes = [_alone(model, task, stops, max_new_tokens, progress) for task in tasks]
    progress.close()
    return outcomes


def _keeps_plain_caches(model: Any) -> bool:
    """Tell whether every layer keeps all it has read, attends by SDPA, and the likeliest token is taken."""
    config = model.generation_config
    return (
        all(type(layer) is DynamicLayer for layer in DynamicCache(config=model.config).layers)
        and model.config._attn_implementation == "sdpa"
        and all(getattr(config, name, None) in (None, 0, 1.0) for name in _OTHER_CHOICES)
    )


def _together(
    model: Any, tasks: list[Task], stops: Set[int], limit: int, batch_tokens: int, progress: Progress
) -> list[Outcome]:
    """Read the tasks on one cache, each after its neighbour, and answer whenever `batch_tokens` is full."""
    outcomes = [Outcome() for _ in tasks]
    cache, held = DynamicCache(config=model.config), list[int]()
    for chunk in _chunks(tasks, limit, batch_tokens):
        lengths = [len(tasks[i].prompt) for i in chunk if tasks[i].answer]
        rows: list[_Rows] = []
        for i in chunk:
            held, logits = _read(model, cache, held, tasks[i])
            outcomes[i].loss = _loss(logits, tasks[i].reference)
            progress.advance()
            if tasks[i].answer:
                outcomes[i].answer = [int(logits[0].argmax())]
                rows = rows or [_Rows(layer, lengths, limit) for layer in cache.layers]
                for own, layer in zip(rows, cache.layers, strict=True):
                    own.take(layer)
        answers = [outcomes[i].answer for i in chunk if tasks[i].answer]
        _answer(model, rows, lengths, answers, stops, limit, progress)
    return outcomes


def _chunks(tasks: list[Task], limit: int, batch_tokens: int) -> list[list[int]]:
    """Cut the tasks, in the order of their ids, where the rows to answer would exceed `batch_tokens`."""
    chunks: list[list[int]] = [[]]
    lengths: list[int] = []
    for i in sorted(range(len(tasks)), key=lambda i: tasks[i].prompt + tasks[i].reference):
        if tasks[i].answer:
            lengths.append(len(tasks[i].prompt) + limit)
            if len(lengths) > 1 and len(lengths) * max(lengths) > batch_tokens:
                chunks.append([])
                lengths = lengths[-1:]
        chunks[-1].append(i)
    return chunks


def _read(model: Any, cache: DynamicCache, held: list[int], task: Task) -> tuple[list[int], torch.Tensor]:
    """Bring the cache from the ids it holds to those of a task; return them and the logits of what follows.

    Logits are (1 + reference, vocabulary): those of the prompt's last token come first.
    """
    ids = task.prompt + task.reference
    shared = _common_prefix(held, ids[: len(task.prompt) - 1])
    cache.crop(shared - len(held))
    new = torch.tensor([ids[shared:]], device=model.device)
    keep = len(task.reference) + 1
    return ids, model(input_ids=new, past_key_values=cache, use_cache=True, logits_to_keep=keep).logits[0]


def _common_prefix(a: list[int], b: list[int]) -> int:
    return next((i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))


def _loss(logits: torch.Tensor, reference: list[int]) -> float:
    if not reference:
        return float("nan")
    return float(cross_entropy(logits[:-1].float(), torch.tensor(reference, device=logits.device)))


def _answer(
    model: Any,
    rows: list[_Rows],
    prompts: list[int],
    answers: list[list[int]],
    stops: Set[int],
    limit: int,
    progress: Progress,
) -> None:
    """Go on with answers that have their first token, all at once, until each stops or has `limit` tokens.

    `rows` holds the keys and values of the prompts, a layer each, and `prompts` their lengths.
    """
    if not answers:
        return
    device, widest = model.device, max(prompts)
    lengths = torch.tensor(prompts, device=device)
    cache = DynamicCache(config=model.config)
    cache.layers = rows
    padding = torch.arange(widest + limit, device=device) < (widest - lengths)[:, None]
    mask = torch.zeros(padding.shape, dtype=model.dtype, device=device)
    mask = mask.masked_fill(padding, torch.finfo(model.dtype).min)[:, None, None]
    for step in range(limit):
        going = [i for i, answer in enumerate(answers) if answer[-1] not in stops and step < limit - 1]
        progress.advance(len(answers) - len(going))
        if not going:
            return
        if len(going) < len(answers):
            going = _with_few_moves(going)
            kept = torch.tensor(going, device=device)
            cache.batch_select_indices(kept)
            answers, lengths, mask = [answers[i] for i in going], lengths[kept], mask[kept]
        out = model(
            input_ids=torch.tensor([answer[-1:] for answer in answers], device=device),
            position_ids=lengths[:, None] + step,
            attention_mask=mask[..., : widest + step + 1],
            past_key_values=cache,
            use_cache=True,
            logits_to_keep=1,
        )
        for answer, token in zip(answers, out.logits[:, -1].argmax(-1).tolist(), strict=True):
            answer.append(token)


def _with_few_moves(kept: list[int]) -> list[int]:
    """Order ascending rows so that those already among the first `len(kept)` stay, and others fill gaps."""
    staying = set(kept) & set(range(len(kept)))
    moving = iter([row for row in kept if row not in staying])
    return [place if place in staying else next(moving) for place in range(len(kept))]


class _Rows(DynamicLayer):
    """Keys and values of rows that end in the same column, in buffers with room for what is to come.

    Buffers are (rows, heads, longest + room, size) and filled as the prompts are read, so that nothing is
    held twice; memory that is not yet written is not yet taken.
    """

    def __init__(self, like: DynamicLayer, lengths: list[int], room: int) -> None:
        super().__init__()
        self._lengths, self._used, self._rows = lengths, max(lengths), 0
        self._buffers = [
            states.new_empty(len(lengths), states.shape[1], self._used + room, states.shape[3])
            for states in (like.keys, like.values)
        ]
        self.dtype, self.device, self.is_initialized = like.keys.dtype, like.keys.device, True

    def take(self, layer: DynamicLayer) -> None:
        """Copy the prompt of the next row; in a layer that is longer the reference follows it."""
        length = self._lengths[self._rows]
        for buffer, states in zip(self._buffers, (layer.keys, layer.values), strict=True):
            buffer[self._rows, :, : self._used - length] = 0  # masked, yet what is there must be finite
            buffer[self._rows, :, self._used - length : self._used] = states[0, :, :length]
        self._rows += 1
        self._look()

    def _look(self) -> None:
        self.keys, self.values = (buffer[: self._rows, :, : self._used] for buffer in self._buffers)

    def update(
        self, key_states: torch.Tensor, value_states: torch.Tensor, *args: Any, **kwargs: Any
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Write one more column in place."""
        for buffer, states in zip(self._buffers, (key_states, value_states), strict=True):
            buffer[: self._rows, :, self._used : self._used + 1] = states
        self._used += 1
        self._look()
        return self.keys, self.values

    def batch_select_indices(self, indices: torch.Tensor) -> None:
        """Keep these rows; none may stand before the place that it moves to."""
        for place, row in enumerate(indices.tolist()):
            if place != row:
                for buffer in self._buffers:
                    buffer[place, :, : self._used] = buffer[row, :, : self._used]
        self._rows = len(indices)
        self._look()


@contextmanager
def _attention_without_copies(model: Any) -> Iterator[None]:
    """Have the model attend by `_attend`; only reads without padding and steps with a 4-D mask may follow."""
    before = model.config._attn_implementation
    AttentionInterface.register(_ATTENTION, _attend)
    model.set_attn_implementation(_ATTENTION)
    try:
        yield
    finally:
        model.set_attn_implementation(before)


def _attend(
    module: Any,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    scaling: float | None = None,
    **kwargs: Any,
) -> tuple[torch.Tensor, None]:
    """Attend as SDPA does, to a long cache without copying it; shapes are (rows, heads, tokens, size).

    One new token: the query heads of a key head become its queries, which saves repeating keys and values.
    Several on a cache: causal SDPA lines up the first tokens of both sides, so empty queries stand in for
    what was read before; a mask instead would cost twice the attention.
    """
    rows, heads, tokens, size = query.shape
    before = key.shape[2] - tokens
    if tokens == 1:
        query = query.reshape(rows, key.shape[1], -1, size)
        out = scaled_dot_product_attention(query, key, value, attn_mask=attention_mask, scale=scaling)
        return out.reshape(rows, 1, heads, value.shape[3]), None
    query = pad(query, (0, 0, before, 0))
    out, _ = sdpa_attention_forward(
        module, query, key, value, None, scaling=scaling, is_causal=True, **kwargs
    )
    return out[:, before:], None


def _alone(model: Any, task: Task, stops: Set[int], limit: int, progress: Progress) -> Outcome:
    outcome = Outcome()
    if task.reference:
        ids = torch.tensor([task.prompt + task.reference], device=model.device)
        logits = model(input_ids=ids, use_cache=False, logits_to_keep=len(task.reference) + 1).logits[0]
        outcome.loss = _loss(logits, task.reference)
    progress.advance()
    if task.answer:
        outcome.answer = _generate(model, task.prompt, stops, limit)
        progress.advance()
    return outcome


def _generate(model: Any, prompt: list[int], stops: Set[int], limit: int) -> list[int]:
    ids = torch.tensor([prompt], device=model.device)
    out = model.generate(
        input_ids=ids,
        attention_mask=torch.ones_like(ids),
        max_new_tokens=limit,
        do_sample=False,
        num_beams=1,
        temperature=None,
        top_p=None,
        top_k=None,
        eos_token_id=sorted(stops),
        pad_token_id=min(stops),
    )
    return [int(token) for token in out[0, len(prompt) :]]
