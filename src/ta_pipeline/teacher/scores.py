"""Have a teacher judge preference pairs, blind: it does not know which answer a rule chose.

The order of the two answers is drawn for each pair, because judges favour one place (Zheng et al. 2023,
"Judging LLM-as-a-judge", section 3.4).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from random import Random
from typing import Any

from ta_pipeline.teacher.answers import Fault, read_items
from ta_pipeline.teacher.client import Reply, Request

Row = dict[str, Any]

_WANTED = {
    "en": (
        "Judge two answers of a teaching assistant to the same conversation. A good answer rests on the "
        "given passages, is right, answers what was asked, cites its source as it was told to, and "
        "admits that it does not know where the passages do not say it. Give each answer a score from 1 "
        "(bad) to 10 (good).\n"
        'Reply with JSON only: {{"score_a": …, "score_b": …, "reason": "…"}}\n\n'
        "<conversation>\n{prompt}\n</conversation>\n\n<answer_a>\n{a}\n</answer_a>\n\n"
        "<answer_b>\n{b}\n</answer_b>"
    ),
    "zh": (
        "请评判课程助教对同一段对话的两个回答。好的回答以所给资料为依据，内容正确，答其所问，按要求注明出处；资料里没有"
        "答案时承认不知道。请给每个回答打 1（差）到 10（好）分。\n"
        '只输出 JSON：{{"score_a": …, "score_b": …, "reason": "…"}}\n\n'
        "<conversation>\n{prompt}\n</conversation>\n\n<answer_a>\n{a}\n</answer_a>\n\n"
        "<answer_b>\n{b}\n</answer_b>"
    ),
}
_SCORES = ("score_a", "score_b")
SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        **{name: {"type": "integer", "minimum": 1, "maximum": 10} for name in _SCORES},
        "reason": {"type": "string"},
    },
    "required": [*_SCORES, "reason"],
    "additionalProperties": False,
}


def score_request(pair: Mapping[str, Any], seed: int) -> Request:
    """Ask for a score of each answer of a pair (a row of the schema PREFERENCE)."""
    prompt = "\n\n".join(f"{turn['role']}: {turn['content']}" for turn in pair["prompt"])
    a, b = pair["chosen"], pair["rejected"]
    if not _chosen_first(pair, seed):
        a, b = b, a
    said = _WANTED.get(pair["language"], _WANTED["en"]).format(prompt=prompt, a=a, b=b)
    return Request(pair["id"], ({"role": "user", "content": said},), SCHEMA)


def read_scores(
    pair: Mapping[str, Any], reply: Reply, seed: int
) -> tuple[tuple[float, float] | None, Fault | None]:
    """Return the scores of the chosen and of the rejected answer, or why there are none."""
    items, fault = read_items(reply, "scores", _SCORES[0])
    if fault:
        return None, fault
    scores = [_score(items[0].get(name)) for name in _SCORES]
    if scores[0] is None or scores[1] is None:
        return None, ("bad_score", str({name: items[0].get(name) for name in _SCORES})[:80])
    first, second = scores[0], scores[1]
    return ((first, second) if _chosen_first(pair, seed) else (second, first)), None


def misjudged(scores: Sequence[Row]) -> dict[str, Fault]:
    """Say which pairs must go, by their id: the teacher scores the rejected answer as high or higher.

    A pair without valid scores stays as its rule made it.
    """
    found: dict[str, Fault] = {}
    for row in scores:
        chosen, rejected = row["chosen_score"], row["rejected_score"]
        if chosen is None or rejected is None or chosen > rejected:
            continue
        reason = "teacher_prefers_rejected" if chosen < rejected else "teacher_sees_no_difference"
        found[row["subject_id"]] = (reason, f"chosen {chosen:g}, rejected {rejected:g}")
    return found


def _chosen_first(pair: Mapping[str, Any], seed: int) -> bool:
    return Random(f"{seed}:scores:{pair['id']}").random() < 0.5


def _score(value: Any) -> float | None:
    """Read a score from 1 to 10; a number written as text is one."""
    try:
        score = float(value) if not isinstance(value, bool) else 0.0
    except (TypeError, ValueError):
        return None
    return score if 1 <= score <= 10 else None
