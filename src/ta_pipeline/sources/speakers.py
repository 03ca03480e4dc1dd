"""Who speaks in a cue: voice tags of WebVTT, and names in front of a colon.

Pure functions over the texts of cues, for every reader of subtitles and speech. A name stays in the text;
whoever shows or chunks the cue sees what the file said.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence

_VOICE = re.compile(r"<v(?:\.[^\s<>]*)?\s+([^<>\s][^<>]*)>")
_OPENING = r"^(?:[-–—]\s*|>>+\s*)?[\[(（【]?\s*"
_CLOSING = r"\s*[\])）】]?\s*[：:](?!//)"
_NUMBER = r"(?:[A-Z0-9一二三四五六七八九十甲乙丙丁]{1,2})?"
#: Words for people are speakers wherever they stand before a colon, once or often.
_ROLE = re.compile(
    _OPENING
    + rf"((?:[\u4e00-\u9fff]{{0,2}}(?:学生|同学|老师|教师|教授|助教|主持人|讲师){_NUMBER})"
    + r"|(?:Student|Teacher|Professor|Instructor|Lecturer|Host|TA|Speaker)(?:[ _]?[0-9]{1,3}|[ _][A-Z])?)"
    + _CLOSING,
    re.IGNORECASE,
)
#: The commonest family names with a given name, and 小王, 老李, 阿强.
_HAN_NAME = (
    r"(?:[小老阿]|欧阳|司马|诸葛|上官"
    r"|[王李张刘陈杨赵吴徐孙朱胡郭林梁宋郑谢韩唐冯董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎潘杜戴钟汪姜范廖邹熊孟秦])"
    r"[\u4e00-\u9fff]{1,2}"
)
_LATIN_NAME = r"[A-Z][\w'’-]*\.?(?: [A-Z][\w'’-]*\.?){0,2}"
_NAME = re.compile(_OPENING + rf"({_HAN_NAME}|{_LATIN_NAME})" + _CLOSING)
#: What a lecture puts before a colon and is nobody.
_NOBODY = re.compile(
    r"a|answer|assumption|case|caution|claim|conclusion|corollary|definition|example|exercise|fact|figure"
    r"|first|formula|goal|hint|homework|important|input|lemma|method|nb|note|output|part|problem|proof"
    r"|property|ps|q|question|reason|recall|remark|result|rule|second|section|solution|step|summary|table"
    r"|task|theorem|third|tip|warning"
    r"|小[结节题数球车]|老化|许多|程[度序]|曾经|范[围例]|张力|林业|杜绝|[唐宋秦]代",
    re.IGNORECASE,
)


def voices(body: str) -> Iterator[tuple[str | None, str]]:
    """Yield (speaker, words) of a cue's raw text: `<v Ada>Hi <v Bob>Hello` has two speakers.

    What stands before the first tag has none; parts without any words are left out.
    """
    first, *voiced = _VOICE.split(body)
    for speaker, spoken in [(None, first), *zip(voiced[::2], voiced[1::2], strict=True)]:
        words = spoken.replace("</v>", "").strip()
        if words:
            yield (speaker.strip() or None) if speaker else None, words


def named_speakers(texts: Sequence[str]) -> list[str | None]:
    """Name the speaker of each cue of one file by the name before its colon, None where it has none.

    A word for a person (Teacher, 学生A) is taken at once. Any other name must open two cues, and the file
    must have two people who do: a lecture's "Newton: F = ma" is no dialogue.
    """
    roles = [_before_colon(_ROLE, text) for text in texts]
    names = [None if role else _before_colon(_NAME, text) for role, text in zip(roles, texts, strict=True)]
    openings = Counter(name for name in names if name and not _NOBODY.fullmatch(name.split()[0]))
    people = {name for name, count in openings.items() if count > 1}
    if len(people | {role for role in roles if role}) < 2:
        people = set()
    return [role or (name if name in people else None) for role, name in zip(roles, names, strict=True)]


def _before_colon(pattern: re.Pattern[str], text: str) -> str | None:
    match = pattern.match(text)
    return match[1].strip() if match else None
