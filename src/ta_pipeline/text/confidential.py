"""Find the mark that makes a document internal or secret: 内部资料, 机密★启用前, CONFIDENTIAL.

A mark is a line of its own (a header, a footer, a stamp), or begins or ends the title or a line at the
top or the bottom of a document. A topic is none: 信息的机密性, "confidence interval", "internal energy".
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from ta_pipeline.text.markup import has_shield, shield
from ta_pipeline.text.sieve import Sieve

Row = dict[str, Any]

#: Characters at the top of a document where a line may say more than the mark, and its longest line.
_TOP = 200
_LONGEST_MARK = 60
#: Lines at the end of a document where a footer stands.
_LAST_LINES = 3

# Blanks are single ones here: the letters of a Chinese stamp are often set apart, and lines are folded.
_LEVEL = "(?:绝 ?密|机 ?密|秘 ?密)"
_TERM = r"(?:[★☆*＊] ?(?:启用前|考试(?:开始|结束)前|\d+ ?年|长期)|[(（]?保密期限?\W{0,2}\w{1,8}[)）]?)"
_INNER = (
    "(?:内部|内 部) ?(?:资 ?料|文 ?件|材 ?料|使 ?用|参 ?考|(?:学习|教学|培训|复习) ?资料|讲 ?义"
    "|文 ?档|传 ?阅|掌 ?握)"
    "|(?:仅限|仅供|只限|只供)(?:公司|校|院|企业|单位|本校)?内部(?:员工|人员)?(?:使用|参考|学习|交流|传阅)?"
    "|保 ?密 ?(?:文 ?件|资 ?料|材 ?料)"
)
_KEEP = (
    "(?:请勿|请 勿|严禁|严 禁|不得|禁止|切勿) ?(?:外 ?传|外泄|对外传播|向外传播|对外公开|泄露|扩散|外借)"
    "|注意保密|妥善保管|阅后即焚|不对外公开"
)
_CHINESE = rf"(?:密 ?级 ?[:：]? ?)?(?:{_LEVEL}(?:级|文件|资料|材料)? ?{_TERM}?|{_INNER}|{_KEEP})"
_OWNER = "(?:(?:strictly|company|highly|private and|privileged and|commercial[- ]in|school|university)[- ])*"
_LABEL = r"and proprietary|document|material|information|draft|property(?: of [\w .]{2,30})?"
_AUDIENCE = "staff|faculty|instructors?|teachers?"
_ENGLISH = (
    rf"{_OWNER}(?:confidential(?: (?:{_LABEL}))?|top secret|(?-i:CLASSIFIED)|proprietary and confidential"
    "|restricted (?:circulation|distribution))"
    "|(?:(?:for|company|strictly) )*internal (?:use|distribution|circulation|document|material)(?: only)?"
    rf"|for (?:{_AUDIENCE})['’]? (?:use |eyes )?only|eyes only"
    "|(?:please )?(?:do not (?:re)?distribute|do not circulate|do not share|do not copy or distribute"
    "|not (?:for|to be) (?:(?:re)?distribut|circulat|shar)(?:ed|ion|ing)|no (?:re)?distribution"
    "|no circulation)"
    r"(?: (?:outside|beyond|further|externally|without)[\w' ]{0,40})?"
)
_MARK = f"(?:{_CHINESE}|{_ENGLISH})"
#: Nothing but marks, with what decorates and joins them: "【内部资料】请勿外传".
_ONLY_MARKS = re.compile(rf"[\W_]*{_MARK}(?:[\W_]+(?:and )?{_MARK}|{_MARK})*[\W_]*", re.IGNORECASE)
#: What follows a mark and a pause is an owner, a copy or a page: "CONFIDENTIAL - Draft 3".
_MARK_FIRST = re.compile(
    rf"[\W_]*{_MARK}(?= ?[-–—:：,，.;；/|()（）【】\[\]、。!！·★]| ?$|(?<=前) )", re.IGNORECASE
)
_MARK_LAST = re.compile(
    rf"(?:[\[【(（「《<] ?{_MARK} ?[\]】)）」》>]|[-–—|:：,，。;；] ?{_MARK})[\W_]*$", re.IGNORECASE
)
_BLANKS = re.compile("[ \t]{2,}")
#: 秘密 is also the name of a story, so a heading or a title of nothing else is no mark.
_BARE_LEVEL = re.compile("(?:#+ ?)?秘 ?密")


def find_mark(document: Row) -> str | None:
    """Return the mark of a document and where it stands, or None. Dialogues are not documents."""
    if document["kind"] == "dialogue":
        return None
    title = _folded(document["title"])
    if is_mark(title) and not _BARE_LEVEL.fullmatch(title):
        return f"title: {title[:_LONGEST_MARK]}"
    text = "\n".join(segment["text"] for segment in document["segments"])
    text = _BLANKS.sub(" ", text) if "  " in text else text
    return _marked_line(document) if _sieve().candidates(text) else None


def is_mark(line: str) -> bool:
    """Tell whether a line is nothing but a mark of secrecy, or is headed or closed by one."""
    line = _folded(line)
    return bool(_sieve().candidates(line)) and (_is_only_mark(line) or _is_headed(line))


def _marked_line(document: Row) -> str | None:
    lines = [
        (segment["line"], _folded(line))
        for segment in document["segments"]
        for line in shield(segment["text"])[0].split("\n")
        if line.strip()
    ]
    top = 0
    for place, (number, line) in enumerate(lines):
        at_the_edge = top < _TOP or place >= len(lines) - _LAST_LINES
        top += len(line)
        if not _sieve().candidates(line) or has_shield(line):
            continue
        if _is_only_mark(line) or (at_the_edge and _is_headed(line)):
            where = "" if number is None else f" (segment at line {number} of the file)"
            return f"line {place + 1}{where}: {line[:_LONGEST_MARK]}"
    return None


def _folded(line: str) -> str:
    return " ".join(line.split())


def _is_only_mark(line: str) -> bool:
    if len(line) > _LONGEST_MARK or (line.startswith("#") and _BARE_LEVEL.fullmatch(line)):
        return False
    return _ONLY_MARKS.fullmatch(line) is not None


def _is_headed(line: str) -> bool:
    """Tell whether a short line begins with a mark and a pause, or ends with one in brackets."""
    if len(line) > _LONGEST_MARK or line.endswith(("?", "？")) or _BARE_LEVEL.fullmatch(line):
        return False
    return _MARK_FIRST.match(line) is not None or _MARK_LAST.search(line) is not None


@lru_cache(maxsize=1)
def _sieve() -> Sieve:
    return Sieve([_ONLY_MARKS, _MARK_FIRST, _MARK_LAST])
