"""Say what is wrong with a model's answers as texts: loops, nothing, debris, no end.

The seed's table (3.1, quality of inference) names them. What an answer says is not judged here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from ta_pipeline.text.repetition import TokenBatch
from ta_pipeline.training.watch.diagnosis import Finding

#: An answer loops where over half of its characters stand in runs of four tokens that it has said before;
#: Gopher drops web pages from 0.15 to 0.2 on (Rae et al. 2021, table A1), and a list of like items has 0.3.
LOOP, RUN, LEAST_TOKENS = 0.5, 4, 20
#: Shares of the answers from which on it is no accident.
MANY_LOOPS, MANY_EMPTY, MANY_ENDLESS = 0.05, 0.02, 0.5
#: What is never in an answer: undecodable bytes, and markers that should have ended it.
_DEBRIS = re.compile(r"\ufffd|<\|[a-z_]+\|>|<(?:/?s|eos|bos|end_of_turn|start_of_turn)>|\[/?INST\]")


def loops(answers: Sequence[str]) -> list[bool]:
    """Tell for each answer whether it says the same again and again."""
    batch = TokenBatch([answer.lower() for answer in answers], by_character=True)
    shares = batch.duplicate_shares(RUN)
    return [bool(share > LOOP and n >= LEAST_TOKENS) for share, n in zip(shares, batch.counts, strict=True)]


def diagnose_answers(rows: Sequence[Mapping[str, Any]]) -> list[Finding]:
    """Name what is wrong with answers, for each artefact that wrote them.

    Rows have `artefact`, `answer` (None where it was not asked) and `finish_reason`, as in PREDICTION.
    """
    answered = [row for row in rows if row["answer"] is not None]
    found = []
    for artefact in dict.fromkeys(row["artefact"] for row in answered):
        own = [row for row in answered if row["artefact"] == artefact]
        answers, reasons = [row["answer"] for row in own], [row["finish_reason"] for row in own]
        found += [*_repeated(artefact, answers), *_stops_wrongly(artefact, answers, reasons)]
    return found


def _repeated(artefact: str, answers: Sequence[str]) -> list[Finding]:
    looping = [answer for answer, loop in zip(answers, loops(answers), strict=True) if loop]
    if len(looping) < MANY_LOOPS * len(answers) or not looping:
        return []
    return [
        Finding(
            "repeated_output",
            "warning",
            None,
            f"{artefact}: {len(looping)} of {len(answers)} answers repeat themselves, such as "
            f"{looping[0].strip()[:60]!r}.",
            [
                "overfitting",
                "decoding without a penalty on repetition",
                "a stop token that was never learned",
            ],
            [
                "deploy.repeat_penalty 1.05 to 1.1 (above 1.2 the model dares not repeat a term).",
                "fewer epochs, or early_stopping.",
                "label_report: every trained turn must end in its stop token.",
            ],
        )
    ]


def _stops_wrongly(artefact: str, answers: Sequence[str], reasons: Sequence[str]) -> list[Finding]:
    """Find answers that are empty, hold debris, or never end: a stop token that is mapped wrongly."""
    empty = sum(not answer.strip() for answer in answers)
    debris = sum(bool(_DEBRIS.search(answer)) for answer in answers)
    endless = sum(reason == "length" for reason in reasons)
    counts = (
        (empty, MANY_EMPTY, "are empty"),
        (debris, MANY_EMPTY, "hold undecodable characters or markers of the template"),
        (endless, MANY_ENDLESS, "were cut at the token limit"),
    )
    said = [f"{n} {words}" for n, least, words in counts if n and n > least * len(answers)]
    if not said:
        return []
    return [
        Finding(
            "stop_token",
            "warning",
            None,
            f"{artefact}: of {len(answers)} answers {', '.join(said)}.",
            [
                "the end-of-turn token is mapped wrongly, or was masked in training",
                "max_new_tokens is too small",
            ],
            [
                "compare eos_token_id of generation_config.json with the template's end of a turn.",
                "label_report: every trained turn must end in its stop token.",
                "a larger evaluate.max_new_tokens.",
            ],
        )
    ]
