"""Have a teacher write questions on a chunk, and take only those that can be checked.

Each question comes with its answer and with the words of the chunk that the answer rests on; a question whose
quote does not stand in the chunk is dropped, so that nothing is learned that the course does not say.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ta_pipeline.teacher.answers import Fault, read_items
from ta_pipeline.teacher.client import Reply, Request

_WANTED = {
    "en": (
        "Below is a passage of a course. Write {n} questions that a student of the course might ask and that "
        "the passage answers. Ask about the matter itself; do not mention the passage. Answer each in one to "
        "three sentences, from the passage alone. Give as quote the words of the passage that the answer "
        "rests on, copied exactly.\n"
        'Reply with JSON only: {{"questions": [{{"question": "…", "answer": "…", "quote": "…"}}]}}\n\n'
        "{where}\n{text}"
    ),
    "zh": (
        "下面是一段课程资料。请写出 {n} 个学生可能会问、而且资料能回答的问题。直接问内容本身，"
        "不要提到“资料”或“本文”。"
        "每个问题用一到三句话回答，只依据这段资料。quote 填回答所依据的原文，逐字抄写。\n"
        '只输出 JSON：{{"questions": [{{"question": "…", "answer": "…", "quote": "…"}}]}}\n\n'
        "{where}\n{text}"
    ),
}
_FIELDS = ("question", "answer", "quote")
SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "questions": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {name: {"type": "string"} for name in _FIELDS},
                "required": list(_FIELDS),
                "additionalProperties": False,
            },
        }
    },
    "required": ["questions"],
    "additionalProperties": False,
}
#: Characters of a question and of an answer: fewest and most.
_QUESTION_LENGTH, _ANSWER_LENGTH = (5, 300), (2, 900)
#: Letters of the shortest quote: a single word stands anywhere.
_SHORTEST_QUOTE = {"zh": 6, "en": 12}
_CHINESE = re.compile(r"[\u4e00-\u9fff]")
#: Who asks such a question has the passage in front of them; a student has not.
_LEANING = re.compile(
    r"\b(?:this|the|above) (?:passage|text|excerpt|section|paragraph)\b"
    r"|(?:这段|本段|上述|上面的?|以上|该)(?:资料|文字|文本|内容|材料)"
    r"|本文|文中|资料中",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class TaughtQuestion:
    """A question that a teacher wrote on a chunk, its answer, and the chunk's words it rests on."""

    chunk_id: str
    question: str
    answer: str
    quote: str


def question_request(chunk: Mapping[str, Any], count: int) -> Request:
    """Ask for `count` questions on a chunk (a row of the schema CHUNK), in its language."""
    wanted = _WANTED.get(chunk["language"], _WANTED["en"])
    where = " > ".join(part for part in (chunk["title"], chunk["heading"]) if part)
    said = wanted.format(n=count, where=f"[{where}]", text=chunk["text"])
    return Request(chunk["id"], ({"role": "user", "content": said},), SCHEMA)


def read_questions(
    chunk: Mapping[str, Any], reply: Reply, count: int
) -> tuple[list[TaughtQuestion], list[Fault]]:
    """Return the questions of an answer that hold, at most `count`, and why the others do not."""
    items, fault = read_items(reply, "questions", "question")
    kept: list[TaughtQuestion] = []
    dropped: list[Fault] = [fault] if fault else []
    for item in items:
        if found := next(_faults(item, chunk, kept, count), None):
            dropped.append(found)
        else:
            kept.append(TaughtQuestion(chunk["id"], *(item[name].strip() for name in _FIELDS)))
    return kept, dropped


def _faults(
    item: dict[str, Any], chunk: Mapping[str, Any], kept: list[TaughtQuestion], count: int
) -> Iterator[Fault]:
    """Yield why a question is not used."""
    wrong = [name for name in _FIELDS if not isinstance(item.get(name), str) or not item[name].strip()]
    if wrong:
        yield "missing_field", ", ".join(wrong)
        return
    question, answer, quote = (item[name].strip() for name in _FIELDS)
    for name, text, (least, most) in (
        ("question", question, _QUESTION_LENGTH),
        ("answer", answer, _ANSWER_LENGTH),
    ):
        if not least <= len(text) <= most:
            yield "bad_length", f"{name} of {len(text)} characters"
    chinese = chunk["language"] == "zh"
    if bool(_CHINESE.search(question)) != chinese:
        yield "wrong_language", question[:80]
    if _LEANING.search(question):
        yield "leans_on_passage", question[:80]
    words = plain_letters(quote)
    if len(words) < _SHORTEST_QUOTE["zh" if chinese else "en"] or words not in plain_letters(chunk["text"]):
        yield "quote_not_in_chunk", quote[:80]
    if any(plain_letters(other.question) == plain_letters(question) for other in kept):
        yield "duplicate", question[:80]
    if len(kept) >= count:
        yield "too_many", f"{count} were asked for"


def plain_letters(text: str) -> str:
    """Keep letters and digits in lower case, so that marks and spaces do not part the same words."""
    return "".join(character for character in text.lower() if character.isalnum())
