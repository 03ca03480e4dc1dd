"""What a teacher answered and what it cost: rows of the schema TEACHER_ANSWER, and their sums."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any, Literal

from ta_pipeline.params import TeacherParams
from ta_pipeline.teacher.answers import Fault
from ta_pipeline.teacher.client import Reply, Request

Row = dict[str, Any]


def answer_row(
    job: Literal["questions", "scores"],
    request: Request,
    reply: Reply,
    teacher: TeacherParams,
    used: int,
    dropped: Sequence[Fault],
) -> Row:
    """Write down one answer: what was asked of whom, what came back, what became of it, what it cost.

    The cost is that of the first time; an answer from the cache costs nothing more.
    """
    prices = teacher.prices
    return {
        "id": reply.id,
        "job": job,
        "subject_id": request.subject,
        "url": teacher.url,
        "model": teacher.model,
        "prompt": list(request.messages),
        "answer": reply.text,
        "finish_reason": reply.finish_reason,
        "prompt_tokens": reply.prompt_tokens,
        "new_tokens": reply.new_tokens,
        "cost": (reply.prompt_tokens * prices.prompt + reply.new_tokens * prices.answer) / 1e6,
        "used": used,
        "dropped": [{"reason": reason, "detail": detail} for reason, detail in dropped],
        "chosen_score": None,
        "rejected_score": None,
    }


def summarise(rows: Sequence[Row]) -> dict[str, Any]:
    """Sum up answers by job: requests, what they gave, what of that is used, dropped by reason, cost."""
    return {job: _sums([row for row in rows if row["job"] == job]) for job in ("questions", "scores")}


def _sums(rows: Sequence[Row]) -> dict[str, Any]:
    reasons = Counter(fault["reason"] for row in rows for fault in row["dropped"])
    used = sum(row["used"] for row in rows)
    return {
        "requests": len(rows),
        "in": used + reasons.total(),
        "used": used,
        "dropped": reasons.total(),
        "by_reason": dict(sorted(reasons.items())),
        "prompt_tokens": sum(row["prompt_tokens"] for row in rows),
        "new_tokens": sum(row["new_tokens"] for row in rows),
        "cost": round(sum(row["cost"] for row in rows), 6),
    }
