"""Markdown: blocks with the headings above them.

markdown-it-py finds the blocks and their lines; their text stays the author's own Markdown, because a
table or a formula says more to a model than what a renderer makes of it. Only what is no text goes:
front matter, comments, HTML tags, the `:::` marker lines of divs, link targets of images.

A div (`::: challenge`, `::: {.solution}`) without a heading is headed by its class in words. One for
those who teach the lesson (`::: instructor`) is left out like a comment: learners never see it.
"""

from __future__ import annotations

import re
from functools import cache

from markdown_it import MarkdownIt
from markdown_it.ruler import RuleOptionsType
from markdown_it.rules_block import StateBlock
from markdown_it.token import Token

from ta_pipeline.sources.drafts import Draft, Fault, Found, Segment
from ta_pipeline.sources.headings import Headings

_FIELD = re.compile(r"^(\w[\w -]*):\s+(\S.*)$")
_MARKER = re.compile(r"^[^\S\n]*:{3,}[^\n]*\n?", re.MULTILINE)
_OPEN_COMMENT = re.compile(r"<!--.*", re.DOTALL)
_TAG = re.compile(r"</?[A-Za-z][^<>]*>")
_QUOTE_SIGN = re.compile(r"^ {0,3}> ?", re.MULTILINE)
_IMAGE = re.compile(
    r"!\[(?P<alt>[^\[\]]*)\](?:\((?:[^()]|\([^()]*\))*\)|\[[^\]]*\])(?:\{(?P<attributes>[^{}]*)\})?"
    r"|<img\b(?P<html>[^<>]*)>"
)
_ALT_ATTRIBUTE = re.compile(r"""\balt=(['"])(.*?)\1""", re.DOTALL)
_FORMULA_ENDS = {"$$": "$$", "\\[": "\\]"}
#: Lines in which a formula must end: an opening without an end is not looked for through the whole file.
_LONGEST_FORMULA = 200
_CODE = ("fence", "code_block", "formula")
_CLASSES = re.compile(r"\{([^}]*)\}|([\w-]+)")
_CLASS = re.compile(r"(?:^\s*\.?|\s\.)([A-Za-z][\w-]*)(?=\s|$)")
_TO_INSTRUCTORS = {"instructor", "instructors"}
#: What divs of lessons, books and slides are called: The Carpentries, Quarto, MyST, Docusaurus.
_CLASS_NAMES = {
    "callout": "Callout",
    "caution": "Caution",
    "challenge": "Exercise",
    "checklist": "Checklist",
    "danger": "Warning",
    "definition": "Definition",
    "discussion": "Discussion",
    "example": "Example",
    "exercise": "Exercise",
    "hint": "Hint",
    "important": "Important",
    "keypoints": "Key points",
    "note": "Note",
    "objectives": "Objectives",
    "prereq": "Prerequisites",
    "proof": "Proof",
    "questions": "Questions",
    "solution": "Solution",
    "theorem": "Theorem",
    "tip": "Tip",
    "warning": "Warning",
}
#: These are about the whole lesson, wherever they stand in it.
_OF_LESSON = ("Key points", "Objectives", "Prerequisites", "Questions")


def read_markdown(text: str) -> Found:
    """Yield one "text" draft; its title is the first H1, else the front matter's `title`."""
    lines = text.split("\n")
    fields, start = _front_matter(lines)
    tokens = _parser().parse("\n".join([""] * start + lines[start:]))
    segments: list[Segment] = []
    headings = Headings()
    hidden = _to_instructors(tokens)
    for position, token in enumerate(tokens):
        if token.level or token.map is None or position in hidden:
            continue
        line, raw = token.map[0] + 1, "\n".join(lines[token.map[0] : token.map[1]])
        if token.type == "heading_open":
            headings.enter(int(token.tag[1]), _prose(tokens[position + 1].content))
        elif token.type == "colon_fence":
            _cross(headings, token.content, tokens[position + 1 : position + 2])
        elif block := _block_text(token, raw):
            segments.append(Segment(block, line, str(headings)))
        if token.type == "html_block" and raw.rfind("<!--") > raw.rfind("-->"):
            yield Fault(line, "unclosed_comment", "`<!--` without `-->` hides the rest; close it")
    title = headings.title or fields.pop("title", "")
    if segments:
        yield Draft("text", segments, title, dict(fields))


def _cross(headings: Headings, marker: str, following: list[Token]) -> None:
    """Go into the div that a marker names, or out of the innermost where it names none."""
    if not marker:
        headings.close_div()
        return
    name = next((_CLASS_NAMES[name] for name in _classes(marker) if name in _CLASS_NAMES), "")
    has_own = bool(following) and following[0].type == "heading_open"
    headings.open_div("" if has_own else name, of_document=name in _OF_LESSON)


def _to_instructors(tokens: list[Token]) -> set[int]:
    """Find the tokens inside divs for instructors; a div that never closes hides nothing."""
    hidden: set[int] = set()
    opened: list[int] = []
    for position, token in enumerate(tokens):
        if token.type != "colon_fence" or token.level:
            continue
        if token.content:
            opened.append(position)
        elif opened and _TO_INSTRUCTORS.intersection(_classes(tokens[opened[-1]].content)):
            hidden.update(range(opened.pop(), position + 1))
        elif opened:
            opened.pop()
    return hidden


def _classes(marker: str) -> list[str]:
    """Take the classes of a div from what stands after its colons: `challenge`, `{.a #id .b}`, `{note}`."""
    match = _CLASSES.match(marker)
    if match is None:
        return []
    found = _CLASS.findall(match[1]) if match[1] is not None else [match[2]]
    return [name.lower().removeprefix("callout-") for name in found]


def _block_text(token: Token, raw: str) -> str:
    if token.type in _CODE:
        return raw.strip("\n").rstrip()
    if token.type == "hr":
        return ""
    if token.type == "html_block":
        raw = _OPEN_COMMENT.sub("", _uncommented(raw))
        raw = _TAG.sub("", _IMAGE.sub(_alt_text, raw))
    if token.type == "blockquote_open":
        raw = _QUOTE_SIGN.sub("", raw)
    return _prose(_MARKER.sub("", raw))


def _prose(markdown: str) -> str:
    return _IMAGE.sub(_alt_text, _uncommented(markdown)).strip()


def _uncommented(text: str) -> str:
    """Take out closed comments; a pattern would look for the end of each open one through the whole text."""
    kept, at = [], 0
    while (start := text.find("<!--", at)) >= 0 and (end := text.find("-->", start + 4)) >= 0:
        kept.append(text[at:start])
        at = end + 3
    return "".join(kept) + text[at:]


def _alt_text(image: re.Match[str]) -> str:
    """Take the words of an image from its brackets, from the `{alt='…'}` behind it, or from HTML."""
    attribute = _ALT_ATTRIBUTE.search(image["attributes"] or image["html"] or "")
    return image["alt"] or (attribute[2] if attribute else "")


def _front_matter(lines: list[str]) -> tuple[dict[str, str], int]:
    """Return the `key: value` lines between leading `---` fences, and how many lines they take.

    Read by line and not as YAML: an unquoted colon in a title must not cost the lecture.
    """
    if lines[0].rstrip() != "---":
        return {}, 0
    ends = (n for n, line in enumerate(lines[1:], start=1) if line.rstrip() in ("---", "..."))
    end = next(ends, None)
    if end is None or not any(_FIELD.match(line) for line in lines[1:end]):
        return {}, 0
    found = (_FIELD.match(line) for line in lines[1:end])
    return {m[1].strip(): m[2].strip().strip("\"'") for m in found if m}, end + 1


@cache
def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark").enable("table").disable("inline", ignoreInvalid=True)
    interrupts: RuleOptionsType = {"alt": ["paragraph", "reference", "blockquote", "list"]}
    parser.block.ruler.before("fence", "colon_fence", _colon_fence, interrupts)
    parser.block.ruler.before("fence", "formula", _formula, interrupts)
    return parser


def _colon_fence(state: StateBlock, start: int, _end: int, silent: bool) -> bool:
    """Take a line that opens or closes a `:::` div as a block; its content is what names the div."""
    if state.is_code_block(start) or not _line(state, start).startswith(":::"):
        return False
    if not silent:
        state.line = start + 1
        token = state.push("colon_fence", "", 0)
        token.map = [start, start + 1]
        token.content = _line(state, start).strip(": \t")
    return True


def _formula(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """Take `$$ … $$` or `\\[ … \\]` as one block, or its `=` lines would make headings.

    An opening without its end before the next heading or code fence is ordinary text.
    """
    first = _line(state, start)
    close = _FORMULA_ENDS.get(first[:2])
    if close is None or state.is_code_block(start):
        return False
    last = start
    if not (len(first) >= 4 and first.endswith(close)):
        if close in first[2:]:
            return False
        last, end = start + 1, min(end, start + _LONGEST_FORMULA)
        while last < end and not _line(state, last).endswith(close):
            if _line(state, last).startswith(("#", "```", "~~~", ":::")):
                return False
            last += 1
    if last >= end:
        return False
    if not silent:
        state.line = last + 1
        state.push("formula", "", 0).map = [start, last + 1]
    return True


def _line(state: StateBlock, number: int) -> str:
    return state.src[state.bMarks[number] + state.tShift[number] : state.eMarks[number]].rstrip()
