"""Find names of persons by what stands around them, in Chinese and English.

A name needs a trigger: "我是周慧敏老师", "王浩，你来说", "I'm Doctor Emily Carter", "Dear …", "…, student
number …". A statistical tagger is no help in a physics course, where 牛顿 and "Newton's second law" are
matter and not persons; such names stand in the allow-list, and what no trigger announces stays.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from ta_pipeline.text.wordlists import NOT_CHINESE_NAMES, NOT_ENGLISH_NAMES

Span = tuple[int, int]

#: The most frequent family names (census of 2020); those that are mostly a word of their own (时, 向,
#: 常, 万, 应 …) count only behind the strong triggers below.
_SURNAMES = (
    "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶"
    "阎余潘杜戴夏钟汪田任姜范方石姚谭廖邹熊金陆郝孔白崔康毛邱秦江史顾侯邵孟龙段雷钱汤尹黎易武乔贺赖龚"
    "庞樊兰殷施陶洪翟安颜倪严芦季俞鲁葛韦申尤毕聂焦柳邢岳齐梅莫庄辛祝涂谷祁舒耿牟卜詹苗凌费纪靳盛童欧"
    "甄游裴席卫查屈鲍霍翁隋甘景薄柏宁柯阮桂闵"
)
_RARE_SURNAMES = "时向常万应文曲项成单包司米牛水车温章丛左关管连路位覃植于伍阳解明全和东"
_COMPOUND = "欧阳|司马|上官|诸葛|皇甫|尉迟|公孙|慕容|令狐|司徒|夏侯|端木|独孤|闻人|宇文"
#: Family names that are safe alone before 老师 or 同学 ("张老师"); 高, 方 or 谢 are not.
_LONE_SURNAMES = (
    "王李张刘陈杨赵黄周吴徐孙胡朱林郭马罗梁宋郑韩唐冯董曹袁邓许沈曾彭吕苏卢蒋蔡贾魏薛叶余潘杜戴夏钟汪"
    "姜范姚谭廖邹熊陆郝孔崔邱秦江顾侯邵孟段钱汤尹龚"
)
#: Characters that end a name instead of standing in it.
_NOT_GIVEN = (
    "的了是在和不这那我你他她它们个些位每都也还等着过给吗呢吧啊呀么什怎哪谁老师说讲问叫请就被把与地得"
)
_GIVEN = rf"(?![{_NOT_GIVEN}])[\u4e00-\u9fff]"
_CHINESE = rf"(?:(?:{_COMPOUND})|[{_SURNAMES}])(?:{_GIVEN}){{1,2}}"
_ANY_CHINESE = rf"(?:(?:{_COMPOUND})|[{_SURNAMES}{_RARE_SURNAMES}])(?:{_GIVEN}){{1,2}}"
#: A foreign name in Chinese letters, which its dots give away: 约翰·多伊.
_FOREIGN = r"[\u4e00-\u9fff]{1,6}(?:·[\u4e00-\u9fff]{1,6}){1,2}"
_PERSON = "老师|同学|教授|博士|导师|助教|学长|学姐|班长|主任"
_END = (
    r"(?=[\s，,。.！!？?；;：:、（()）~～—\-<“”\"]|$|学号|手机|电话|邮箱|微信|想|请|来自|是|今|昨|在|有个|有一|没|上课"
    rf"|{_PERSON})"
)
_STRONG = (
    r"(?:我叫|我的名字[是叫]|本人叫|姓名(?:\s*[:：]|是)|名字\s*[:：])\s*"
    rf"(?P<n>{_ANY_CHINESE}|{_FOREIGN}){_END}"
)
_LABEL = (
    r"(?:主讲(?:人|教师|老师)?|任课(?:老师|教师)|授课(?:人|教师|老师)?|讲师|教师|助教|联系人|作者|班主任|辅导员"
    rf"|指导(?:老师|教师)|老师)\s*[:：]\s*(?P<n>{_ANY_CHINESE}){_END}"
)
_WEAK = (
    rf"我是(?P<n>{_CHINESE}){_END}",
    rf"(?:老师|班主任|助教|同学)(?P<n>{_CHINESE})(?=[，,。、：:（(]|说|讲|回答|提问|$)",
    rf"(?:^|[，,。！？!?、：:\s“\"])(?P<n>{_CHINESE})(?=[，,]\s*(?:你|请|上来|起来|来[，,说回讲]))",
    rf"(?P<n>{_CHINESE})(?=\s*[，,（(：:]\s*<(?:EMAIL|PHONE|STUDENT_ID|ID_NUMBER|ACCOUNT)_\d+>)",
    rf"(?P<n>{_CHINESE})(?=\s*[，,（(]?\s*(?:学号|身份证))",
)
_CALLED = re.compile(r"老师|同学(?!们)|教授|博士|助教|学长|学姐")
#: Single characters that stand before a name and are not part of it.
_BEFORE_NAME = "请问让是和跟与由给叫找听对像说有按把被为到在的了下谢师学好向及小任员长"
_BEFORE_LONE = "请问让是和跟与由给叫找听小"
_PEOPLE = "人生们员家者班级量力度率线图"

_CAP = r"(?:[A-Z]['’])?[A-ZÀ-ÖØ-Þ][a-zß-öø-ÿ]+(?:[A-Z][a-zß-öø-ÿ]+)?(?:-[A-ZÀ-ÖØ-Þ][a-zß-öø-ÿ]+)*"
_ONE_TO_THREE = rf"{_CAP}(?:[^\S\n]+(?:[A-Z]\.[^\S\n]+)?{_CAP}){{0,2}}"
_TWO_OR_THREE = rf"{_CAP}(?:[^\S\n]+(?:[A-Z]\.[^\S\n]+)?{_CAP}){{1,2}}"
_OWN_DATA = (
    r"(?:<(?:EMAIL|PHONE|STUDENT_ID|ID_NUMBER|ACCOUNT|ADDRESS)_\d+>"
    r"|(?:my\s+)?(?:student\s+(?:number|no|id)|e-?mail|mobile|phone|tel)\b)"
)
_ORDER = (
    r"(?:come|could|can|would|will|please|isn['’]t|you|what|why|how|tell|do|did|go|stand|take|your|have|hold"
    r"|right|thank)\b"
)
_HELLO = (
    r"\b(?:[Hh]i|[Hh]ello|[Hh]ey)\b[^\w\n]{0,3}(?:(?:there|all|everyone|everybody|sir|prof)\b[^\w\n]{1,3})?"
)
_I_AM = r"\b(?:[Ii]['’]?m|I[^\S\n]+am)[^\S\n]+"
_TITLED = (
    r"\b(?:Dr|Doctor|Prof|Professor|Mr|Mrs|Ms|Miss|Mx)\b\.?[^\S\n]+"
    rf"(?P<n>(?:[A-Z]\.[^\S\n]+)?{_ONE_TO_THREE})"
)
_ENGLISH_ONE = (
    _TITLED,
    rf"\b[Mm]y[^\S\n]+(?:full[^\S\n]+)?name(?:['’]s|[^\S\n]+is)[^\S\n]+(?P<n>{_ONE_TO_THREE})",
    rf"{_HELLO}{_I_AM}(?P<n>{_CAP})(?=[,.!]|[^\S\n]+(?:and|from|here|your)\b)",
    rf"\bDear[^\S\n]+(?P<n>{_ONE_TO_THREE})(?=\s*[,:!]|\s*$)",
    rf"\b(?:[Rr]egards|[Ss]incerely|[Cc]heers|[Bb]est wishes|[Bb]est)\s*,?\s*\n\s*(?P<n>{_ONE_TO_THREE})\s*$",
)
_ENGLISH_TWO = (
    rf"{_I_AM}(?P<n>{_TWO_OR_THREE})\b",
    rf"{_HELLO}[Tt]his is[^\S\n]+(?P<n>{_TWO_OR_THREE})(?=[,.!;:]|[^\S\n]+[-–—(])",
    rf"\b[Tt]his is[^\S\n]+(?P<n>{_TWO_OR_THREE})(?=[^\S\n]+(?:speaking|from)\b)",
    rf"\b(?P<n>{_TWO_OR_THREE})[^\S\n]+here(?=\s*[,.;:!–—-]|\s*$)",
    rf"\b(?P<n>{_TWO_OR_THREE})(?=\s*[,(;:]\s*{_OWN_DATA}|[^\S\n]+<(?:EMAIL|PHONE|STUDENT_ID|ID_NUMBER)_\d+>)",
    rf"(?:^|[.!?,:;][^\S\n]+|[“\"])(?P<n>{_CAP}[^\S\n]+{_CAP})(?=,[^\S\n]+{_ORDER})",
    r"^[ \t]*(?:[-*][ \t]+)?(?:Name|Instructor|Lecturer|Author|Contact|Supervisor|Tutor|TA)[^\S\n]*[:：]"
    rf"[^\S\n]*(?P<n>{_TWO_OR_THREE})",
)


class NameFinder:
    """Finds spans of names; those of the allow-list are never among them."""

    def __init__(self, allowed: Iterable[str]) -> None:
        """Keep the allow-list; a full name is allowed where one of its words is."""
        self._allowed = frozenset(name.casefold() for name in allowed)

    def find(self, text: str) -> list[Span]:
        """Return start and end of each name, in order and without overlap."""
        found: list[Span] = []
        for start, end in sorted(self._candidates(text), key=lambda span: (span[0], -span[1])):
            if (not found or start >= found[-1][1]) and not self.is_allowed(text[start:end]):
                found.append((start, end))
        return found

    def is_allowed(self, name: str) -> bool:
        """Tell whether a name, or a word of it, is on the allow-list."""
        words = [name, *re.split(r"[\s-]+", name)]
        return any(word.casefold() in self._allowed for word in words)

    def _candidates(self, text: str) -> Iterator[Span]:
        if not text.isascii():
            for pattern in (_STRONG_NAME, _LABELLED_NAME):
                yield from (match.span("n") for match in pattern.finditer(text))
            for pattern in _WEAK_NAMES:
                yield from (m.span("n") for m in pattern.finditer(text) if not is_chinese_word(m["n"]))
            yield from _called(text)
        for pattern in _ENGLISH_ONE_NAMES:
            yield from _english(text, pattern, words=1)
        for pattern in _ENGLISH_TWO_NAMES:
            yield from _english(text, pattern, words=2)


def is_full_name(text: str) -> bool:
    """Tell whether a text is nothing but a name in full."""
    bare = text.strip()
    if re.fullmatch(_TWO_OR_THREE, bare):
        return not any(word.casefold() in NOT_ENGLISH_NAMES for word in bare.split())
    return re.fullmatch(_CHINESE, bare) is not None and not is_chinese_word(bare)


def is_chinese_word(name: str) -> bool:
    """Tell whether what looks like a name is a word: "方向", "任何", "高中生"."""
    import rjieba

    if name in NOT_CHINESE_NAMES:
        return True
    pieces = rjieba.cut(name, False)
    if len(pieces) == 1:
        return not rjieba.tag(name)[0][1].startswith("nr")
    return len(name) == 3 and len(pieces[0]) == 2 and name[-1] in _PEOPLE


def _called(text: str) -> Iterator[Span]:
    """Yield what stands before 老师 or 同学: three characters, two, or a family name alone."""
    for match in _CALLED.finditer(text):
        end = match.start()
        for length in (4, 3, 2, 1):
            start = end - length
            before = text[start - 1] if start > 0 else ""
            name = text[start:end] if start >= 0 else ""
            if _is_called(name, before):
                yield start, end
                break


def _is_called(name: str, before: str) -> bool:
    if len(name) == 1:
        return name in _LONE_SURNAMES and (not _is_han(before) or before in _BEFORE_LONE)
    if name.startswith(("谢谢", "和")) or (name[:1] == before == "谢"):
        return False
    whole = _CHINESE_NAME.fullmatch(name) is not None and not is_chinese_word(name)
    return whole and (not _is_han(before) or before in _BEFORE_NAME)


def _is_han(character: str) -> bool:
    return "\u4e00" <= character <= "\u9fff"


def _english(text: str, pattern: re.Pattern[str], words: int) -> Iterator[Span]:
    """Yield the names that a pattern finds, cut down to the words that can be part of one."""
    for match in pattern.finditer(text):
        run: list[re.Match[str]] = []
        for word in re.finditer(r"\S+", match["n"]):
            if word[0].casefold() not in NOT_ENGLISH_NAMES:
                run.append(word)
            elif run:
                break
        if len(run) >= words:
            yield match.start("n") + run[0].start(), match.start("n") + run[-1].end()


_CHINESE_NAME = re.compile(_CHINESE)
_STRONG_NAME = re.compile(_STRONG, re.MULTILINE)
_LABELLED_NAME = re.compile(_LABEL, re.MULTILINE)
_WEAK_NAMES = tuple(re.compile(pattern, re.MULTILINE) for pattern in _WEAK)
_ENGLISH_ONE_NAMES = tuple(re.compile(pattern, re.MULTILINE) for pattern in _ENGLISH_ONE)
_ENGLISH_TWO_NAMES = tuple(re.compile(pattern, re.MULTILINE) for pattern in _ENGLISH_TWO)
