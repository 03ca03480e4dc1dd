"""Find the mark that makes a document internal or secret: 内部资料, 机密★启用前, CONFIDENTIAL.

A mark is a line of its own (a header, a footer, a stamp, a heading), begins or ends the title, the file's
name or a line at the top or the bottom of a document, is what the document says of itself there ("本资料仅供
内部使用"), or stands in its front matter ("classification: internal"). A topic is none: 信息的机密性,
"confidence interval", "Confidential information" above a chapter of contract law, a list of the levels.
"""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import PurePosixPath
from typing import Any

from ta_pipeline.text.markup import has_shield, shield
from ta_pipeline.text.sieve import Sieve

Row = dict[str, Any]

#: Characters at the top of a document where a line may say more than the mark, and its longest line.
_TOP = 200
_LONGEST_MARK = 60
#: Longest line in which a document says of itself that it is internal.
_LONGEST_STATEMENT = 160
#: Lines at the end of a document where a footer stands.
_LAST_LINES = 3

# Blanks are single ones here: the letters of a Chinese stamp are often set apart, and lines are folded.
_LEVEL = "(?:绝 ?密|机 ?密|秘 ?密)"
_TERM = r"(?:[★☆*＊] ?(?:启用前|考试(?:开始|结束)前|\d+ ?年|长期)|[(（]?保密期限?\W{0,2}\w{1,8}[)）]?)"
_INNER = (
    "(?:内部|内 部) ?(?:资 ?料|文 ?件|材 ?料|使 ?用|参 ?考|(?:学习|教学|培训|复习) ?资料|讲 ?义"
    "|文 ?档|传 ?阅|掌 ?握|公 ?开)"
    "|(?:仅限|仅供|只限|只供)(?:公司|校|院|企业|单位|本校|学校|教师|教研组)?内部(?:员工|人员|教师)?"
    "(?:使用|参考|学习|交流|传阅)?"
    "|保 ?密 ?(?:文 ?件|资 ?料|材 ?料)"
)
_KEEP = (
    "(?:请勿|请 勿|严禁|严 禁|不得|禁止|切勿) ?(?:外 ?传|外泄|对外传播|向外传播|对外公开|泄露|扩散|外借)"
    "|注意保密|妥善保管|阅后即焚|不对外公开"
)
_GRADE = "(?:密 ?级|保密(?:级别|等级)) ?[:：] ?(?:内部|受限|限制|商密)"
_CHINESE = rf"(?:{_GRADE}|(?:密 ?级 ?[:：]? ?)?(?:{_LEVEL}(?:级|文件|资料|材料)? ?{_TERM}?|{_INNER}|{_KEEP}))"
_OWNER = "(?:(?:strictly|company|highly|private and|privileged and|commercial[- ]in|school|university)[- ])*"
_LABEL = r"and proprietary|document|material|information|draft|property(?: of [\w .]{2,30})?"
_AUDIENCE = "staff|faculty|instructors?|teachers?"
_CLASSES = "internal|restricted|confidential|secret|proprietary"
_ENGLISH = (
    rf"{_OWNER}(?:confidential(?: (?:{_LABEL}))?|top secret|(?-i:CLASSIFIED)|proprietary and confidential"
    "|restricted (?:circulation|distribution))"
    "|(?:(?:for|company|strictly) )*internal (?:use|distribution|circulation|document|material)(?: only)?"
    "|(?:strictly )?internal only|(?:for )?official use only"
    rf"|(?:classification|sensitivity)(?: level)? ?[:：] ?(?:strictly )?(?:{_CLASSES})"
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
#: What a document says of itself: "本试卷为内部资料", "This handout is strictly confidential".
_STATEMENT = re.compile(
    "[\\W_]*(?:本|此|该)(?:份|套|次)?(?:文件(?!系统|夹)|文档|资料|材料|讲义|课件|试卷|试题|题库|题目|手册"
    "|报告|教案|教材|视频|录音|课程|培训|内容)(?:[中的所有全部]{0,4}内容)?"
    "(?:均?(?:为|是|属于?|系)[^。？?！!不非无未没]{0,8}?|[均只仅，, ]{0,2})"
    f"{_CHINESE}(?![\u4e00-\u9fff\\w])"
    r"|[\W_]*(?:this|these) (?:document|file|handout|presentation|report|exam(?:ination)?|paper|manual"
    r"|e-?mail|recording|material|deck|slide|note|page)s?(?: and [\w ]{1,24})?"
    " (?:is|are|contains?|may contain)"
    "(?: (?:a|an|strictly|highly|marked|meant|intended|considered|classified|treated|provided|as|only))*"
    rf" {_MARK}(?=[\W_]*$| ?[.,;:–—-]| (?:and|or|of|to|belonging|until)\b)",
    re.IGNORECASE,
)
_BLANKS = re.compile("[ \t]{2,}")
#: 秘密 is also the name of a story, so a heading or a title of nothing else is no mark.
_BARE_LEVEL = re.compile("(?:#+ ?)?秘 ?密")
#: What a chapter or an item of a list may be about; in capitals it is a stamp all the same.
_TOPIC = re.compile(
    "(?:#+ ?)?(?:(?:Confidential|confidential) (?:[Ii]nformation|[Mm]aterials?|[Dd]ocuments?)"
    "|(?:Internal|internal) (?:[Uu]se|[Dd]ocuments?|[Mm]aterials?|[Dd]istribution|[Cc]irculation))"
)
_LISTED = re.compile(r"[-*+•·] \w(?:.*\w)?$")
_ANY_LEVEL = re.compile(
    rf"\W*({_LEVEL}|内部|公开|(?:top )?secret|confidential|restricted|internal|public|unclassified)\W*",
    re.IGNORECASE,
)
#: In the front matter of a Markdown file, and in whatever else `meta` holds.
_MARKED_META = re.compile(
    '"((?:(?:data|document|security)[ _-]?)?classification|confidential(?:ity)?|sensitivity|密级|保密级别'
    '|保密等级)": ?"?(?:true|yes|(?:strictly |company )?confidential|internal(?:[ -]use)?(?:[ -]only)?'
    '|(?:top )?secret|restricted|内部[资文材使]?[料件用]?|机密|秘密|绝密)[",}]',
    re.IGNORECASE,
)


def find_mark(document: Row) -> str | None:
    """Return the mark of a document and where it stands, or None. Dialogues are not documents."""
    if document["kind"] == "dialogue":
        return None
    if field := _MARKED_META.search(document["meta"]):
        return f"field {field[1]}"
    title, name = _folded(document["title"]), _folded(PurePosixPath(document["source"]).stem)
    if is_mark(title) and not _may_be_a_topic(title):
        return f"title: {title[:_LONGEST_MARK]}"
    if is_mark(name) and not (_may_be_a_topic(name) or _ANY_LEVEL.fullmatch(name)):
        return f"file name: {name[:_LONGEST_MARK]}"
    text = "\n".join(segment["text"] for segment in document["segments"])
    text = _BLANKS.sub(" ", text) if "  " in text else text
    return (_marked_line(document) if _sieve().candidates(text) else None) or _marked_heading(document)


def is_mark(line: str) -> bool:
    """Tell whether a line is nothing but a mark of secrecy, is headed or closed by one, or says so."""
    line = _folded(line)
    return bool(_sieve().candidates(line)) and (_is_only_mark(line) or _is_headed(line) or _is_stated(line))


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
        beside = [other for _, other in (*lines[max(0, place - 1) : place], *lines[place + 1 : place + 2])]
        alone = _is_only_mark(line)
        told = at_the_edge and not alone and (_is_headed(line) or _is_stated(line))
        if told or (alone and _is_stamp(line, beside, at_the_edge)):
            where = "" if number is None else f" (segment at line {number} of the file)"
            return f"line {place + 1}{where}: {line[:_LONGEST_MARK]}"
    return None


def _marked_heading(document: Row) -> str | None:
    """Return a heading that is a mark; below the first block a bare level is what a chapter is about."""
    seen: set[str] = set()
    if not _sieve().candidates("\n".join({segment["heading"] for segment in document["segments"]})):
        return None
    for place, segment in enumerate(document["segments"]):
        if segment["heading"] in seen:
            continue
        seen.add(segment["heading"])
        for part in map(_folded, segment["heading"].split(" > ")):
            topic = _may_be_a_topic(part) or (place > 0 and _ANY_LEVEL.fullmatch(part) and not part.isupper())
            if not topic and _sieve().candidates(part) and _is_only_mark(part):
                return f"heading: {part[:_LONGEST_MARK]}"
    return None


def _folded(line: str) -> str:
    return " ".join(line.split())


def _is_stamp(line: str, beside: list[str], at_the_edge: bool) -> bool:
    """Tell a stamp from an item of a list and from the levels of secrecy one below the other."""
    if _LISTED.match(line) or (_TOPIC.fullmatch(line) and not at_the_edge):
        return False
    level = _ANY_LEVEL.fullmatch(line)
    others = (_ANY_LEVEL.fullmatch(other) for other in beside) if level else ()
    return not (level and any(other and other[1] != level[1] for other in others))


def _may_be_a_topic(line: str) -> bool:
    return _BARE_LEVEL.fullmatch(line) is not None or _TOPIC.fullmatch(line) is not None


def _is_only_mark(line: str) -> bool:
    if len(line) > _LONGEST_MARK or (line.startswith("#") and _BARE_LEVEL.fullmatch(line)):
        return False
    return _ONLY_MARKS.fullmatch(line) is not None and len(set(re.findall(_LEVEL, line))) < 2


def _is_headed(line: str) -> bool:
    """Tell whether a short line begins with a mark and a pause, or ends with one in brackets."""
    if len(line) > _LONGEST_MARK or line.endswith(("?", "？")) or _BARE_LEVEL.fullmatch(line):
        return False
    if _LISTED.match(line) or len(set(re.findall(_LEVEL, line))) > 1:
        return False
    return _MARK_FIRST.match(line) is not None or _MARK_LAST.search(line) is not None


def _is_stated(line: str) -> bool:
    """Tell whether a document says of itself that it is not to leave the house."""
    asks = line.endswith(("?", "？"))
    return len(line) <= _LONGEST_STATEMENT and not asks and _STATEMENT.match(line) is not None


@lru_cache(maxsize=1)
def _sieve() -> Sieve:
    return Sieve([_ONLY_MARKS, _MARK_FIRST, _MARK_LAST])  # a statement holds a mark too
