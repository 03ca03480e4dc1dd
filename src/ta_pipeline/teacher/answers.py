"""Read JSON out of what a model wrote, mending what models get wrong, and say why there is none.

Mended are Markdown fences, words around the JSON, Chinese quotation marks, commas and colons outside
strings, single quotes, unescaped quotes inside strings, commas before a closing bracket, and answers that
break off (the objects that are whole are kept).
"""

from __future__ import annotations

import json
import re
from typing import Any

from ta_pipeline.teacher.client import Reply

Item = dict[str, Any]
#: Why an answer, or one item of it, is not used: a reason to count by, and what was seen.
Fault = tuple[str, str]

_SHOWN = 80
_THOUGHT = re.compile(r"<think>.*?(?:</think>|\Z)", re.DOTALL)
_FENCED = re.compile(r"```[A-Za-z]*\n?(.*?)(?:```|\Z)", re.DOTALL)
_REFUSED = re.compile(
    r"^\W*(?:i(?:'m| am|’m)? (?:sorry|unable|cannot|can['’]?t|can not)|sorry|as an ai"
    r"|i apologi[sz]e|i won['’]?t"
    r"|(?:很|非常)?抱歉|对不起|作为(?:一个|一名)?(?:人工智能|AI|语言模型)|我(?:无法|不能|没有办法))",
    re.IGNORECASE,
)
_CLOSING = {'"': '"', "“": "”", "'": "'", "＂": "＂"}
_OUTSIDE = {"，": ",", "：": ":", "【": "[", "】": "]", "｛": "{", "｝": "}"}
_BRACKET = re.compile(r"[{\[【｛]")
#: What may follow the quote that ends a string. Behind a comma comes another string, or it stood inside.
_AFTER_STRING = re.compile(r"\s*(?:\Z|[:：\]}】｝]|[,，]\s*(?:\Z|[\"“'＂{\[\]}]))")
_DECODER = json.JSONDecoder(strict=False)  # a line break inside a string is let pass


def read_items(reply: Reply, name: str, key: str) -> tuple[list[Item], Fault | None]:
    """Return the objects of an answer that holds a list `name` of objects with `key`, or the fault.

    A bare list and a lone object are taken too.
    """
    if reply.fault:
        return [], (reply.fault, reply.detail)
    if reply.refusal or reply.finish_reason == "content_filter":
        return [], ("refused", reply.refusal[:_SHOWN])
    text = _THOUGHT.sub("", reply.text).strip()
    if not text:
        return [], ("empty", "no text")
    if items := _items(_read_json(text), name, key) or _whole_objects(text, key):
        return items, None
    if _REFUSED.match(text):
        return [], ("refused", text[:_SHOWN])
    return [], ("cut_off" if reply.finish_reason == "length" else "no_json", text[:_SHOWN])


def _items(value: Any, name: str, key: str) -> list[Item]:
    if isinstance(value, dict):
        value = value[name] if isinstance(value.get(name), list) else [value]
    if not isinstance(value, list):
        return []
    return [item for item in value if isinstance(item, dict) and key in item]


def _read_json(text: str) -> Any:
    """Return the first JSON value of a text, None where there is none even after mending."""
    fenced = _FENCED.search(text)
    for candidate in [fenced[1], text] if fenced else [text]:
        bare = _from_bracket(candidate)
        for form in (bare, mend(bare)):
            try:
                return _DECODER.raw_decode(form)[0]
            except (ValueError, RecursionError):
                continue
    return None


def _from_bracket(text: str) -> str:
    """Cut off what stands before the JSON, where an apostrophe would be taken for a quote."""
    begin = _BRACKET.search(text)
    return text[begin.start() :] if begin else ""


def _whole_objects(text: str, key: str) -> list[Item]:
    """Collect the complete objects with `key` of a text that is no JSON as a whole."""
    form, found, at = mend(_from_bracket(text)), list[Item](), 0
    while (at := form.find("{", at)) >= 0:
        try:
            value, end = _DECODER.raw_decode(form, at)
        except (ValueError, RecursionError):
            at += 1
            continue
        found += [value] if key in value else []
        at = end
    return found


def mend(text: str) -> str:
    """Rewrite nearly-JSON as JSON: plain quotes, commas and colons outside strings, no trailing commas."""
    out: list[str] = []
    closing = ""
    for at, sign in enumerate(text):
        escaped = closing and at and text[at - 1] == "\\"
        if not closing and sign in _CLOSING:
            closing = _CLOSING[sign]
            out.append('"')
        elif not closing:
            out.append(_OUTSIDE.get(sign, sign))
        elif sign == closing and not escaped and _ends_string(text, at):
            closing = ""
            out.append('"')
        else:
            out.append('\\"' if sign == '"' and not escaped else sign)
    return re.sub(r",(\s*[\]}])", r"\1", "".join(out))


def _ends_string(text: str, at: int) -> bool:
    """Tell a quote that ends a string from one that stands in it."""
    return _AFTER_STRING.match(text, at + 1) is not None
