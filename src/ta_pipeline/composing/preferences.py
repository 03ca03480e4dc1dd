"""Preference pairs by rule: two answers to one prompt of the training rows, one better by construction.

Three rules pull in different directions on purpose: answer from the passage, refuse rather than
invent, and answer rather than refuse. With any of them alone a small model drifts to one end. Pairs are drawn
context by context: what several ask over the same passages is read once.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import zip_longest
from random import Random

from ta_pipeline.composing.dialogues import meta_of, turns_of
from ta_pipeline.composing.passages import columns
from ta_pipeline.composing.refusals import VARIED, WORDINGS
from ta_pipeline.composing.rows import Message, Row, context_of, question_of, without_citation
from ta_pipeline.composing.similarity import normalise
from ta_pipeline.composing.templates import plain
from ta_pipeline.params import ComposeParams
from ta_pipeline.rag.prompt import citation
from ta_pipeline.records import stable_id
from ta_pipeline.text.chunk import split_sentences

#: Each rule with its pairs over one context, four in all. To answer and to refuse are chosen over each other
#: equally often, so that DPO leaves the decision where SFT put it.
RULES = {"grounded_over_ungrounded": 2, "answer_over_refusal": 1, "refusal_over_invention": 1}
#: The pairs over one context.
PairsByRule = dict[str, list[Row]]
#: Share of the chosen refusals in another wording than SFT taught. With all of them DPO refuses less often,
#: with half of them it unlearns the other wordings.
OTHER_WORDING = 0.75
#: Public pairs over all pairs, at most.
MOST_PUBLIC = 0.2
#: Columns of the longest prompt: a pair is read twice by two models, so a long one costs four times.
_LONGEST = {"zh": 900, "en": 1800}
#: Columns of a sentence that may be taken for an answer.
_SHORTEST_COPY, _LONGEST_COPY = 24, 160
_HEADER = re.compile(r"^\[(?P<title>[^\[\]\n]+?)(?: (?P<start>\d+:\d\d)-\d+:\d\d)?\]$", re.MULTILINE)


def compose_preferences(
    examples: Sequence[Row], documents: Sequence[Row], compose: ComposeParams, seed: int
) -> list[Row]:
    """Make at most `compose.preferences` pairs, over as few contexts as will do, sorted by id."""
    public = _public_pairs(documents)
    rng = Random(f"{seed}:preferences")
    rng.shuffle(public)
    public = public[: int(MOST_PUBLIC * compose.preferences)]
    usable = [row for row in examples if _is_usable(row)]
    contexts = [_by_context(usable, language, seed) for language in WORDINGS]
    drawn = _draw(contexts, compose.preferences - len(public), rng)
    return sorted([*drawn, *public], key=lambda row: str(row["id"]))


def _by_context(usable: Sequence[Row], language: str, seed: int) -> list[PairsByRule]:
    """Make all pairs of a language over each context, but for the longest third of the contexts."""
    found: dict[str, PairsByRule] = {}
    for row in sorted(usable, key=lambda row: str(row["id"])):
        if row["language"] == language:
            pairs = found.setdefault(_context(row["messages"]), {rule: [] for rule in RULES})
            for rule in RULES:
                pairs[rule] += _pairs(rule, row, usable, seed)
    shorter = sorted(found, key=lambda context: (columns(context), context))
    return [found[context] for context in shorter[: (2 * len(shorter) + 2) // 3]]


def _draw(languages: Sequence[list[PairsByRule]], wanted: int, rng: Random) -> list[Row]:
    """Draw context by context, rules by their turns, and come back for what is left where that is not enough.

    Languages alternate, and contexts in which all rules have a pair come first.
    """
    for contexts in languages:
        rng.shuffle(contexts)
        contexts.sort(key=lambda pairs: -sum(map(bool, pairs.values())))
    order = [pairs for turn in zip_longest(*languages) for pairs in turn if pairs]
    drawn: list[Row] = []
    while len(drawn) < wanted and any(any(pairs.values()) for pairs in order):
        for pairs in order:
            for rule, turns in RULES.items():
                drawn += pairs[rule][:turns]
                del pairs[rule][:turns]
    return drawn[:wanted]


def _context(messages: Sequence[Message]) -> str:
    """Give the passages of a prompt; a usable row has one user turn."""
    return context_of(messages[1]["content"])


def _is_usable(row: Row) -> bool:
    """Take single questions over passages; a format answer has no citation to get wrong."""
    messages = row["messages"]
    asked = row["task"] in ("rag", "refusal") and len(messages) == 3 and row["rule"] != "template:extract"
    prompt = sum(columns(message["content"]) for message in messages[:-1])
    return bool(asked and row["language"] in WORDINGS and prompt <= _LONGEST[row["language"]])


def _pairs(rule: str, row: Row, rows: Sequence[Row], seed: int) -> Iterator[Row]:
    rng = Random(f"{seed}:{rule}:{row['id']}")
    refused = row["task"] == "refusal"
    if rule == "refusal_over_invention" and refused:
        rejected = _invention(row, rows, rng)
    elif rule == "answer_over_refusal" and not refused:
        rejected = rng.choice(WORDINGS[row["language"]])
    elif rule == "grounded_over_ungrounded" and not refused:
        rejected = _ungrounded(row, rows, rng)
    else:
        return
    chosen = row["messages"][-1]["content"]
    if refused and rng.random() < OTHER_WORDING:
        chosen = rng.choice(VARIED[row["language"]])
    if rejected and normalise(rejected) != normalise(chosen):
        yield _pair(rule, row, row["messages"][:-1], chosen, rejected)


def _ungrounded(row: Row, rows: Sequence[Row], rng: Random) -> str:
    """Spoil an answer: no citation, a wrong one, another question's answer, a wrong passage's sentence."""
    answer = row["messages"][-1]["content"]
    bare = without_citation(answer)
    wrong = [cited for cited in _citations(row) if not answer.startswith(cited)]
    other = _other_answer(row, rows, rng)
    choices = [bare, f"{answer.removesuffix(bare)}{other}" if other else ""]
    if wrong:
        choices += [f"{rng.choice(wrong)} {bare}", _copied(row, rng, wrong)]
    return rng.choice([choice for choice in choices if choice])


def _invention(row: Row, rows: Sequence[Row], rng: Random) -> str:
    """Answer what the passages do not hold: by another question's answer or a sentence lying near."""
    cited = _citations(row)
    if not cited:
        return ""
    same = [
        without_citation(other["messages"][-1]["content"])
        for other in rows
        if other["task"] == "rag" and _question(other) == _question(row)
    ]
    copied = _copied(row, rng, cited)
    told = same[0] if same else _other_answer(row, rows, rng)
    return rng.choice(
        [choice for choice in (copied, f"{rng.choice(cited)} {told}" if told else "") if choice] or [""]
    )


def _question(row: Row) -> str:
    return question_of(row["messages"][-2]["content"])


def _other_answer(row: Row, rows: Sequence[Row], rng: Random) -> str:
    """Draw the answer of another document's question, fluent and beside the point."""
    others = [
        other
        for other in rows
        if other["task"] == "rag"
        and other["language"] == row["language"]
        and other["document_id"] != row["document_id"]
        and _question(other) != _question(row)
    ]
    return without_citation(rng.choice(others)["messages"][-1]["content"]) if others else ""


def _passages(row: Row) -> list[tuple[str, str]]:
    """Read (citation, text) of each passage from the prompt."""
    text = context_of(row["messages"][-2]["content"])
    headers = list(_HEADER.finditer(text))
    ends = [match.start() for match in headers[1:]] + [len(text)]
    return [
        (citation(match["title"], _seconds(match["start"])), text[match.end() : end].strip())
        for match, end in zip(headers, ends, strict=True)
    ]


def _seconds(clock: str | None) -> float | None:
    return None if clock is None else float(clock.split(":")[0]) * 60 + float(clock.split(":")[1])


def _citations(row: Row) -> list[str]:
    return [cited for cited, _ in _passages(row)]


def _copied(row: Row, rng: Random, cited: Sequence[str]) -> str:
    """Copy a whole sentence of a passage as if it were the answer, with that passage's citation."""
    sentences = [
        f"{name} {plain(sentence)}"
        for name, text in _passages(row)
        if name in cited
        for sentence in split_sentences(text)
        if _SHORTEST_COPY <= columns(sentence) <= _LONGEST_COPY and sentence.strip()[-1] in "。.！!"
    ]
    return rng.choice(sentences) if sentences else ""


def _public_pairs(documents: Sequence[Row]) -> list[Row]:
    """Take the pairs of public preference sets whose prompt and answers are short."""
    pairs: list[Row] = []
    for document in sorted(documents, key=lambda d: str(d["id"])):
        rejected = meta_of(document).get("rejected") if document["origin"].startswith("public:") else None
        messages = turns_of(document)
        if not isinstance(rejected, str) or len(messages) < 2 or messages[-1]["role"] != "assistant":
            continue
        prompt, chosen = messages[:-1], messages[-1]["content"]
        size = sum(columns(message["content"]) for message in prompt) + max(
            columns(chosen), columns(rejected)
        )
        if size <= _LONGEST["zh"] and normalise(chosen) != normalise(rejected):
            pairs.append(_pair("public", document, prompt, chosen, rejected))
    return pairs


def _pair(rule: str, row: Row, prompt: Sequence[Message], chosen: str, rejected: str) -> Row:
    """Build a row of the schema PREFERENCE; `row` is the example or document it is made from."""
    asked = "\x1e".join(f"{message['role']}\x1d{message['content']}" for message in prompt)
    return {
        "id": stable_id("preference", rule, asked, chosen, rejected),
        "split": "",
        "language": row["language"],
        "origin": row["origin"],
        "rule": rule,
        "prompt": list(prompt),
        "chosen": chosen,
        "rejected": rejected,
        "chunk_ids": list(row.get("chunk_ids") or []),
    }
