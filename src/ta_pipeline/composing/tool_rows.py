"""Rows in which the assistant looks things up: a call, what came back, and the answer that rests on it.

The tools are those that a course can offer: a search over its lectures, and a player that opens a recording
at a minute. They are named in the system turn too, because the template of many small models shows no tools.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from random import Random
from typing import Any

from ta_pipeline.composing.contexts import Contexts
from ta_pipeline.composing.dialogues import Grounded
from ta_pipeline.composing.off_topic import OFF_TOPIC
from ta_pipeline.composing.passages import Window
from ta_pipeline.composing.refusals import TELLS_TOO_MUCH, WORDINGS
from ta_pipeline.composing.rows import ChunkFinder, Message, Row, cite, make_row, with_one_other
from ta_pipeline.formats.fields import dumps
from ta_pipeline.formats.model import Call
from ta_pipeline.formats.turns import write_calls
from ta_pipeline.rag.prompt import clock, passage_header, short_title

SYSTEM = {
    "zh": (
        "你是课程助教。需要查资料时，只输出一个 JSON 对象来调用工具：search_course(query) 检索课程资料，"
        "open_recording(lecture, start) 播放录音。拿到资料后只根据资料回答，并用方括号注明讲次和时间；"
        "资料里没有答案时，请说不知道。"
    ),
    "en": (
        "You are a teaching assistant. To use a tool reply with one JSON object and nothing else: "
        "search_course(query) searches the course, open_recording(lecture, start) plays a recording. Then "
        "answer only from what was found and cite the lecture and time in square brackets. If it does not "
        "hold the answer, say that you do not know."
    ),
}
_DESCRIPTIONS = {
    "zh": {
        "search_course": "检索课程的讲义和字幕，返回最相关的段落",
        "query": "要查的内容",
        "open_recording": "从指定的时间开始播放一讲的录音",
        "lecture": "讲次，如“第3讲”",
        "start": "开始的时间，分:秒",
    },
    "en": {
        "search_course": "Search the notes and transcripts of the course; returns the best passages",
        "query": "what to look for",
        "open_recording": "Play the recording of a lecture from a given time",
        "lecture": "the lecture, for example Lecture 3",
        "start": "where to begin, mm:ss",
    },
}
_ARGUMENTS = {"search_course": ("query",), "open_recording": ("lecture", "start")}
#: What is asked after an answer from a recording. The same words in many rows, so `splits` knows such a row
#: by all its turns.
RECORDING_RULE = "tool:recording"
PLAY = {
    "zh": ("请放这一段给我听。", "从那里开始播放吧。"),
    "en": ("Please play that part.", "Start the recording there."),
}
_PLAYED = {"zh": "录音从这里开始播放。", "en": "The recording plays from here."}
#: Passages that a search in vain gives back, as many as one that finds the answer.
_FOUND = 2
#: Every so many-th row is a question whose answer the search does not find.
_REFUSED = 4


def tools_of(language: str) -> str:
    """Give the tools as a JSON list of function schemas, described in the language."""
    told = _DESCRIPTIONS[language]
    return dumps(
        [
            {
                "name": name,
                "description": told[name],
                "parameters": {
                    "type": "object",
                    "properties": {key: {"type": "string", "description": told[key]} for key in arguments},
                    "required": list(arguments),
                },
            }
            for name, arguments in _ARGUMENTS.items()
        ]
    )


def tool_rows(
    asked: Sequence[Grounded],
    language: str,
    contexts: Contexts,
    finder: ChunkFinder,
    wanted: int,
    rng: Random,
) -> list[Row]:
    """Make at most `wanted` rows of one language, a quarter of them refusals after the search."""
    answered = _answered(rng.sample(asked, len(asked)), contexts, finder, rng)
    refused = _refused(language, contexts, rng)
    rows: list[Row] = []
    while len(rows) < wanted:
        source = refused if len(rows) % _REFUSED == _REFUSED - 1 else answered
        row = next(source, None)
        if row is None:
            break
        rows.append(row)
    return rows


def _answered(
    asked: Sequence[Grounded], contexts: Contexts, finder: ChunkFinder, rng: Random
) -> Iterator[Row]:
    """Search, answer, and of what was recorded play every second one."""
    plays = False
    for item in asked:
        windows = contexts.over(item.gold, item.question, item.answer, item.gold.text, rng)
        found = with_one_other(windows, item.gold)
        messages = _searched(item.question, item.language, found, cite(item.answer, item.gold))
        rule = "tool:search"
        if item.gold.start is not None:
            plays = not plays
            if plays:
                messages += _played(item.gold, item.language, item.gold.start, rng)
                rule = RECORDING_RULE
        chunk_ids = finder.of_window(item.gold)
        yield _row(rule, item.language, item.document_id, messages, chunk_ids)


def _refused(language: str, contexts: Contexts, rng: Random) -> Iterator[Row]:
    for question, _ in rng.sample(OFF_TOPIC[language], len(OFF_TOPIC[language])):
        found = contexts.without_answer([question], TELLS_TOO_MUCH, rng)[:_FOUND]
        if found:
            messages = _searched(question, language, found, rng.choice(WORDINGS[language]))
            yield _row("tool:refusal", language, "", messages)


def _searched(question: str, language: str, found: Sequence[Window], answer: str) -> list[Message]:
    passages = "\n\n".join(f"{passage_header(w.passage)}\n{w.passage.text.strip()}" for w in found)
    return [
        {"role": "system", "content": SYSTEM[language]},
        {"role": "user", "content": question},
        _called("search_course", {"query": question.strip().rstrip("？?。.！!")}),
        {"role": "tool", "content": passages},
        {"role": "assistant", "content": answer},
    ]


def _played(gold: Window, language: str, start: float, rng: Random) -> list[Message]:
    place = {"lecture": short_title(gold.material.title), "start": clock(start)}
    return [
        {"role": "user", "content": rng.choice(PLAY[language])},
        _called("open_recording", place),
        {"role": "tool", "content": dumps({"status": "playing", **place})},
        {"role": "assistant", "content": cite(_PLAYED[language], gold)},
    ]


def _called(name: str, arguments: dict[str, Any]) -> Message:
    return {"role": "assistant", "content": write_calls((Call(name, arguments),))}


def _row(
    rule: str, language: str, document_id: str, messages: Sequence[Message], chunk_ids: Sequence[str] = ()
) -> Row:
    tools = tools_of(language)
    return make_row("tool", rule, language, document_id, messages, chunk_ids=chunk_ids, tools=tools)
