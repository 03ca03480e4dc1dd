"""Find what is told by its digits: identity, student, phone and card numbers, QQ, and IP addresses.

Every run of digits is looked at once. Its form says what it may be, a check digit or the nearest word
that names a kind of number ("学号", "phone", "order no.") says what it is: the sentence decides, for a
student number looks like a phone number and a prime like a mobile one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

from ta_pipeline.text.characters import code_points
from ta_pipeline.text.personal_data.checks import is_identity_number, is_machine_address, passes_luhn
from ta_pipeline.text.personal_data.span import Found

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

Span = tuple[int, int]

#: Most numbers are decimals, dates and ranges; one search passes over them to what may be personal.
_MAY_BE_PERSONAL = re.compile(
    r"\d(?:\d{4}|\d{2,3}[ \u00a0\-‐‑–.)）]{1,2}\d{3}"
    r"|\d{0,2}\.\d{1,3}\.\d{1,3}\.\d|\d{1,3}[A-Za-z]{1,4}-?\d{3}"
    r"|\d{3}-\d{2,4}-\d{3}|\d(?:[ -]\d{2}){3}|\d \d{4} \d|\d?[ )）.-]{1,2}\d{2,4}[ .-]\d{3})"
)
#: From the first digit of such a number to the fourth it is no farther: 12ABCD-345.
_CROWD = 8
#: No character from here on is a digit.
_NO_DIGITS = 0x20000
#: A run of digits with what may stand between them.
_RUN = re.compile(r"\d[\d \u00a0\-‐‑–.()（）/]*+(?:[A-Za-z]{1,4}-?\d[\d\-/]*+)*")
_LONGEST = 48

_PHONE_WORDS = (
    "电话|手机|座机|联系方式|热线|专线|传真|致电|来电|拨打|打给|回电|短信|分机|总机|呼叫|号码|联络|值班室"
    "|紧急联系|请拨|拨"
    r"|telephone|phones?\b|mobile\b|cell(?:phone)?\b|tel\b|whatsapp|fax\b|call(?:ing)?\b|ring\b"
    r"|text(?:ing)?\b|sms\b|dial\b|hotline|landline"
    r"|ext(?:ension)?\b|reach(?:able)?\b|helpline|voicemail|switchboard"
)
_STUDENT_WORDS = (
    "学号|学籍|学生证号?|学生编号|校园卡号?|一卡通号?|准考证号?|考生号|考号|报名号|学工号|工号|借书证号?"
    "|注册号"
    r"|student\s+(?:id|numbers?|nos?|nums?|card|code|record|#)|matric(?:ulation)?\b|candidate\s+(?:number"
    r"|no|id)|(?:campus|library)\s+card|enrol?l?ment\s+(?:number|no|id)|roll\s+(?:number|no)"
    r"|(?:uni|school|university|college|campus|exam|admission|registration|learner)\s+(?:id|number|no)\b"
    r"|sids?\b|ids?(?:\s+(?:numbers?|nos?))?\b|my\s+(?:own\s+)?number\b"
)
#: Where pupils are spoken of, a number as long as theirs is one.
_PUPIL_WORDS = (
    "同学|学生|考生|缺考|缺勤|旷课|缺交|未交|补考|迟到|名单|点名|座位|报名|作业命名|文件名|成绩单|挂科"
    r"|absent\b|students?\b|candidates?\b|roster\b|enrol+ed\b|submissions?\b|registered\b|gradebook\b"
    r"|attendance\b|seat(?:ed|ing)?\b|file\s*nam(?:e|es|ing)\b|accounts\b"
)
_ID_WORDS = (
    r"身份证|公民身份|证件号|identity\s+(?:card|number)|id\s+card|national\s+id|resident\s+id|citizen\s+id"
)
_CARD_WORDS = (
    "银行卡|卡号|储蓄卡|信用卡|借记卡|账号|帐号|账户|帐户|工行|农行|建行|中行|交行|招行|邮储|银行|打款|汇款"
    "|转账|收款|付款|户名|刷卡"
    r"|bank\b|debit\b|credit\b|visa\b|mastercard|master\s+card|amex\b|union\s?pay|payment\b|card\b|account\b"
)
_QQ_WORDS = r"qq|q群|q号|扣扣|企鹅号?|群号|加群|交流群|答疑群|班群|课程群|学习群|学生群"
_WECHAT_WORDS = r"微信|薇信|威信|wechat\b|weixin\b|wx\b|vx\b"
_IP_WORDS = (
    r"ipv[46]\b|ip\b|服务器|主机|网关|地址|路由器|打印机|内网|外网|机器|登录|代理|dns\b|ssh\b|ping\b|"
    r"host\b|server\b|gateway\b|node\b|router\b|printer\b|login\b|proxy\b"
)
_OTHER_WORDS = (
    "订单|单号|流水|编号|货号|条码|条形码|书号|序列号|版本|型号|产品|邮编|邮政编码|价格|金额|发票|税号|账单"
    "|快递|运单|物流|合同|批号|种子|项目号|课程号|课号|案例号"
    "|质数|素数|因数|因子|整数|余数|阶乘|第\\s*\\d*\\s*项|数列|常数|圆周率|时间戳|毫秒|人口|字节|样本|等于"
    "|结果|输出|乘积|之和|求和|计算|大数|取模|模|哈希|校验|密码|验证码"
    "|房间|教室|第[一二三四五六七八九十\\d.]+\\s?[章节讲版]|图\\s?(?=\\d)|表\\s?(?=\\d)|公式\\s?(?=\\d)"
    "|[章节]\\s?(?=\\d)"
    "|掩码|协议|光速|距离|质量|电荷|频率"
    r"|isbn\b|issn\b|doi\b|arxiv\b|order\b|tracking\b|invoice\b|serial\b|ticket\b|parts?\b|model\b"
    r"|versions?\b|release\b|firmware\b|build\b|zip\b|postal\b|postcode\b|case\s+(?:no|number)|reference\b"
    r"|commit\b|seeds?\b|primes?\b|integers?\b|factor(?:s|i[sz]e|ial)?\b|fibonacci\b|sum\b|product\b"
    r"|remainder\b|mod(?:ulo)?\b|hash\b|timestamps?\b|epoch\b|population\b|bytes?\b|samples?\b|equals?\b"
    r"|outputs?\b|prints?\b|compute\b|evaluates?\b|constant\b|pi\b|checksum\b|password\b|pin\b|code\b"
    r"|sections?\b|chapters?\b|figures?\b|tables?\b|paragraphs?\b|§|netmask\b|mask\b|subnet\b"
    r"|barcode\b|sku\b|patent\b|grant\b|permit\b|clause\b|package\b|item\b|transaction\b|multipl(?:y|ied)\b"
    r"|divid(?:e|ed)\b|upgraded?\b|install(?:ed)?\b|v\.?\s?$"
)
#: An identifier of something else than a person: "order ID".
_OTHER_ID_WORDS = (
    r"(?:award|grant|project|asset|case|course|class|job|module|batch|meeting|order|product|item|user|tracking|ticket|session|process|commit|transaction|object|message|device"
    r"|request)"
    r"\s+ids?\b"
)
_KINDS = {
    "ID_NUMBER": _ID_WORDS,
    "OTHER_ID": _OTHER_ID_WORDS,
    "STUDENT_ID": _STUDENT_WORDS,
    "PUPIL": _PUPIL_WORDS,
    "QQ": _QQ_WORDS,
    "WECHAT": _WECHAT_WORDS,
    "IP": _IP_WORDS,
    "BANK_CARD": _CARD_WORDS,
    "PHONE": _PHONE_WORDS,
    "OTHER": _OTHER_WORDS,
}
#: For text in lower case. Every branch begins with a letter, which lets the search skip quickly; whether a
#: word begins there is checked afterwards.
_TRIGGER = re.compile("|".join(f"(?P<{kind}>{words})" for kind, words in _KINDS.items()))
_FAR = 64
_NEAR = 16
#: Behind a number so many characters lead to a word that tells its kind, and so many hold that word.
_REACH = 24
_SENTENCE_END = re.compile(r"[。！？!?\n]|(?<=[a-z]{3})(?<!tel)(?<!ext)[.)]\s+(?=[A-Z])")

_DIGIT_BEFORE = re.compile(r"[\dA-Za-z_]$|\d[.,]$")
_ARITHMETIC_BEFORE = re.compile(r"(?:[=≈×*/^<>~$¥￥√∑_]|(?<!\w)[-−+])\s?$|\d\s?[-−+]\s?$")
_UNIT_AFTER = re.compile(
    r"\s?(?:[kcmµn]?m|km/h|m/s|[mk]?g|N|[kM]?J|[kM]?W|[kM]?Pa|[kMG]?Hz|K|°C|s|ms|rad|eV|years?|people"
    r"|dollars|met(?:re|er)s?"
    r"|seconds|times|million|billion|bytes?|[KMGT]B)(?![A-Za-z])"
    r"|\s?(?:年|月|日|米|千米|公里|厘米|毫米|千克|公斤|克|吨|牛|焦|瓦|帕|赫|秒|小时|分钟|元|美元|人|个|次"
    r"|倍|度|亿|万|%|[×*^=+÷]|的(?:平方|立方|因数|余数|质因数|位数))"
    r"|\s?是(?:质|素|合|奇|偶)数|\s+is\s+(?:a\s+)?(?:prime|even|odd|composite|divisible)|\s+(?:mod"
    r"|modulo)\b|e[+-]?\d|!|[)）]?\s?(?:mod|%)"
)

_ID_NUMBER = re.compile(
    r"(?<![\dA-Za-z])[1-9]\d{5}[ \u00a0-]?\d{4}[ \u00a0-]?\d{4}[ \u00a0-]?\d{3}[\dXx](?![\dA-Za-z])"
)
_OLD_ID_NUMBER = re.compile(r"(?<![\dA-Za-z])(?:\d{17}[\dXx]|\d{15})(?![\dA-Za-z])")
_IPV4 = re.compile(r"(?<![\d.A-Za-z])\d{1,3}(?:\.\d{1,3}){3}(?![\d.]?\d)")
_CARD = re.compile(
    r"(?<![\dA-Za-z])(?:\d{15,19}|\d{4}(?:[ \u00a0-]\d{4}){3}(?:[ \u00a0-]?\d{1,3})?"
    r"|\d{4}[ \u00a0-]\d{6}[ \u00a0-]\d{5}|\d{6}[ \u00a0-]\d{9,13}|\d{4}[ \u00a0-]\d{11,15})(?![\dA-Za-z])"
)
_GROUPED = re.compile(r"[ \u00a0-]")
_STUDENT = re.compile(
    r"(?:(?<![A-Za-z\d])[A-Za-z]{1,5}[-/]?)?(?<!\d)\d{2,14}(?:(?:[-/.]"
    r"|[A-Za-z]{1,4}-?)\d{2,8}){0,3}[A-Za-z]?(?![\dA-Za-z])"
)
#: One or two letters and seven to ten digits: the form of a student number and of little else.
_LETTERED = re.compile(r"(?<![A-Za-z\d_.#/-])[A-Za-z]{1,2}\d{7,10}(?![\dA-Za-z-])")
_PUPIL = re.compile(r"(?<![\dA-Za-z.-])(?:\d{8,12}|(?:19|20)\d{2}-\d{2,4}-\d{3,5})(?![\dA-Za-z-]|\.\d)")
_QQ = re.compile(r"(?<!\d)[1-9]\d{4,10}(?!\d)")
_SEP = r"[-‐‑–\s\u00a0.]?"
_MOBILE = re.compile(
    rf"(?:(?<![\d])(?:[(（]?(?:\+"
    rf"|00)?86[)）]?{_SEP}))?(?<![\d])[(（]?1[3-9]\d[)）]?{_SEP}\d{{4}}{_SEP}\d{{4}}(?!\d)|(?<!\d)(?:(?:\+"
    rf"|00)86{_SEP})?1[3-9]\d{_SEP}\d{{3}}{_SEP}\d{{2}}{_SEP}\d{{3}}(?!\d)"
)
_LANDLINE = re.compile(
    r"(?:(?<![\dA-Za-z])[(（]?(?:\+|00)86[)）]?[-\s]?)?(?<![\d])(?:[(（]0?\d{2,3}[)）][-\s]?"
    r"|0\d{2,3}[-–\s])\d{3,4}[-–\s]?\d{4}(?!\d)"
    r"|(?<!\d)(?:\+86[-\s]?)\d{2,3}[-\s]\d{3,4}[-\s]?\d{4}(?!\d)"
    r"|(?<!\d)0(?:10|2\d|[3-9]\d{2})\d{7,8}(?!\d)"
    r"|(?<!\d)[48]00[-–\s]?\d{3,4}[-–\s]?\d{3,4}(?!\d)"
)
_FOREIGN = re.compile(
    r"(?<![\d.])(?:\+"
    r"|00(?=[1-9]\d{0,2}[\s-]))\d{1,3}(?:[ \u00a0.-]?\(0?\d{0,4}\))?(?:[ \u00a0.-]?\d{1,9}){1,6}(?!\d)"
    r"|(?<![\dA-Za-z.])(?:1[-.\s])?(?:\(\d{3}\)\s?|\d{3}[-.\s])\d{3}[-.\s]\d{4}(?!\d)"
    r"|(?<![\dA-Za-z.])\(?0\d{2,4}\)?[\s-]\d{3,4}[\s-]?\d{3,4}(?:[\s-]\d{2,4})?(?!\d)"
    r"|(?<![\dA-Za-z.])0\d{3,4}[\s-]\d{6}(?!\d)|(?<![\dA-Za-z.])07\d{9}(?!\d)"
    r"|(?<![\dA-Za-z.-])555[-\s]\d{4}(?!\d)"
)
_ANY_PHONE = re.compile(r"(?<![\d.])\+?[(（]?\d{2,5}[)）]?(?:[-–.\s]?\d{2,5}){1,4}(?!\d)")
_EXTENSION = re.compile(
    r"[\s,，(（]*(?:转|分机|#|x|ext\.?|extension)\s*(?:分机\s*)?\d{1,6}[)）]?(?!\d)", re.IGNORECASE
)
_YEARS = re.compile(r"(?:19|20)\d\d[-–/\s.](?:(?:19|20)\d\d|\d{1,2}(?:[-–/\s.]\d{1,2})?)")
#: A number is also told by what stands behind it: "… is my phone", "… （手机）".
_TOLD_AFTER = re.compile(
    r"\s*(?:[（(]\s*|is\s+|was\s+|on\s+|via\s+|by\s+|in\s+|是|为|就是)?(?:我的|你的|他的|她的|本人的?"
    r"|办公室?的?|my\s+|the\s+|his\s+|her\s+|our\s+)?(?=\S)",
    re.IGNORECASE,
)


def find_numbers(text: str) -> Iterator[Found]:
    """Yield every number that is personal data, without overlap."""
    position = 0
    for start in _where_digits_crowd(text):
        first = _MAY_BE_PERSONAL.match(text, start) if start >= position else None
        if first:
            run = _RUN.match(text, start)
            position = max(run.end() if run else 0, first.end())
            yield from _in_run(text, start, position)


def _where_digits_crowd(text: str) -> list[int]:
    """Return where digits stand that three more follow closely, as in all that may be personal.

    A table of characters finds them several times faster than an expression, which stops at each digit.
    """
    import numpy as np

    digits = np.flatnonzero(_digit_table().take(code_points(text), mode="clip"))
    crowded: list[int] = digits[:-3][digits[3:] - digits[:-3] <= _CROWD].tolist()
    return crowded


@lru_cache(maxsize=1)
def _digit_table() -> npt.NDArray[np.bool_]:
    """Return for each code point whether it is a digit of any script, as the expressions understand it."""
    import numpy as np

    return np.fromiter((chr(code).isdecimal() for code in range(_NO_DIGITS + 1)), np.bool_)


def _in_run(text: str, start: int, end: int) -> Iterator[Found]:
    if end - start > 4 * _LONGEST and max(map(len, re.findall(r"\d+", text[start:end]))) > _LONGEST:
        return
    begin = max(0, start - 6)
    taken = bytearray(end + 8 - begin)  # a list of thousands of numbers may be one run
    for kind, pattern, accept in _STEPS:
        for match in pattern.finditer(text, begin, min(len(text), end + 8)):
            first, last = match.span()
            if first >= end or last > end + 2 or any(taken[first - begin : last - begin]):
                continue
            if accept(text, match):
                last = _with_extension(text, last) if kind == "PHONE" else last
                taken[first - begin : last - begin] = b"\1" * (last - first)
                yield Found(first, last, kind)


def beside_numbers(text: str, found: Sequence[Found]) -> Iterator[Found]:
    """Yield numbers in a list with a student's: who knows one of them knows the kind of the others."""
    known = [place for place in found if place.kind == "STUDENT_ID"]
    starts, ends = {place.start for place in known}, {place.end for place in known}
    beside: set[Span] = set()
    for place in known:
        for match in _PUPIL.finditer(text, max(0, place.start - _BESIDE_REACH), place.end + _BESIDE_REACH):
            before = _BESIDE_BEFORE.search(text[max(0, match.start() - 8) : match.start()])
            behind = _BESIDE.match(text, match.end())
            if (before and match.start() - len(before[0]) in ends) or (behind and behind.end() in starts):
                beside.add(match.span())
    yield from (Found(*span, "STUDENT_ID") for span in sorted(beside))


#: More characters than the longest number of a pupil and what parts it from its neighbour.
_BESIDE_REACH = 32
_BESIDE = re.compile(r"\s?[,，、;；/]\s?(?:and\s|和)?|\s?(?:and|or|和|与|及|或)\s?")
_BESIDE_BEFORE = re.compile(r"(?:\s?[,，、;；/]\s?(?:and\s|和)?|\s?(?:and|or|和|与|及|或)\s?)$")


def _with_extension(text: str, end: int) -> int:
    match = _EXTENSION.match(text, end)
    if match is None:
        return end
    opened = "(" in match[0] or "（" in match[0]
    return match.end() if opened or not match[0].endswith((")", "）")) else match.end() - 1


def _told(text: str, match: re.Match[str]) -> str:
    """Return the kind that the nearest word of the sentence names, "" where none does."""
    start, end = match.span()
    return _told_between(text[max(0, start - _FAR) : start], text[end : end + 2 * _REACH])


@lru_cache(maxsize=1 << 12)  # each step asks for the same number again
def _told_between(before: str, after: str) -> str:
    link = _TOLD_AFTER.match(after, 0, _REACH)
    behind = _TRIGGER.match(after[link.end() : link.end() + _REACH].lower()) if link else None
    before = _SENTENCE_END.split(before)[-1].lower()
    last = None
    for word in _TRIGGER.finditer(before):
        inside = word.start() and word[0][0].isascii() and before[word.start() - 1].isascii()
        if not (inside and before[word.start() - 1].isalpha()):
            last = word
    if behind and (last is None or len(before) - last.end() > _NEAR // 2):
        last = behind
    kind = (last.lastgroup or "") if last else ""
    return "OTHER" if kind == "OTHER_ID" else kind


def _is_quantity(text: str, match: re.Match[str]) -> bool:
    """Tell whether digits stand behind a sign of arithmetic or before a unit."""
    before = text[max(0, match.start() - 3) : match.start()]
    if not match[0].startswith("+") and _ARITHMETIC_BEFORE.search(before):
        return True
    return _DIGIT_BEFORE.search(before) is not None or _UNIT_AFTER.match(text, match.end()) is not None


def _is_identity(_: str, match: re.Match[str]) -> bool:
    return is_identity_number(match[0])


def _is_told_identity(text: str, match: re.Match[str]) -> bool:
    return _told(text, match) == "ID_NUMBER"


def _is_ip(text: str, match: re.Match[str]) -> bool:
    octets = [int(octet) for octet in match[0].split(".")]
    if not is_machine_address(match[0]) or (octets[3] == 0 and text[match.end() :][:1] == "/"):
        return False
    told = _told(text, match)
    if told in ("IP", "OTHER"):
        return told == "IP" or (octets[0] in (10, 172, 192) and max(octets) > 99)
    return max(octets) > 31


def _is_card(text: str, match: re.Match[str]) -> bool:
    digits = re.sub(r"\D", "", match[0])
    if not 15 <= len(digits) <= 19 or not passes_luhn(digits):
        return False
    told = _told(text, match)
    if told in ("BANK_CARD", "OTHER", "STUDENT_ID", "ID_NUMBER"):
        return told == "BANK_CARD"
    return digits[0] in "3456" and (_GROUPED.search(match[0]) is not None or len(digits) in (16, 19))


def _is_student(text: str, match: re.Match[str]) -> bool:
    digits = sum(map(str.isdigit, match[0]))
    return 6 <= digits <= 20 and not _YEARS.fullmatch(match[0]) and _told(text, match) == "STUDENT_ID"


def _is_lettered(text: str, match: re.Match[str]) -> bool:
    return _told(text, match) not in ("OTHER", "BANK_CARD", "PHONE") and not _is_quantity(text, match)


def _is_pupil(text: str, match: re.Match[str]) -> bool:
    return _told(text, match) == "PUPIL" and not _MOBILE.fullmatch(match[0]) and not _is_quantity(text, match)


def _is_qq(text: str, match: re.Match[str]) -> bool:
    return _told(text, match) == "QQ" and not _is_quantity(text, match)


def _is_wechat(text: str, match: re.Match[str]) -> bool:
    return (
        _told(text, match) == "WECHAT" and not _is_quantity(text, match) and not _MOBILE.fullmatch(match[0])
    )


def _is_mobile(text: str, match: re.Match[str]) -> bool:
    told = _told(text, match)
    if told == "PHONE":
        return not _DIGIT_BEFORE.search(text[max(0, match.start() - 2) : match.start()])
    return told != "OTHER" and not _is_quantity(text, match)


def _is_landline(text: str, match: re.Match[str]) -> bool:
    told = _told(text, match)
    if told == "PHONE":
        return not _YEARS.fullmatch(match[0])
    return (
        told != "OTHER"
        and re.search(r"\D", match[0]) is not None
        and not _is_quantity(text, match)
        and not _YEARS.fullmatch(match[0])
        and not set(re.sub(r"\D", "", match[0])) <= {"0", "1"}
    )


def _is_foreign(text: str, match: re.Match[str]) -> bool:
    digits = re.sub(r"\D", "", match[0])
    if not (9 if match[0].startswith("+") else 7) <= len(digits) <= 15 or set(digits) <= {"0", "1"}:
        return False
    told = _told(text, match)
    if told == "PHONE":
        return not _YEARS.fullmatch(match[0])
    reached = re.search(
        r"\b(?:at|on|to|or|and)\s$|[:：]\s?$", text[max(0, match.start() - 5) : match.start()]
    )
    separated = re.search(r"[-.()+]|^0", match[0]) is not None or reached is not None
    return separated and told != "OTHER" and not _is_quantity(text, match) and not _YEARS.fullmatch(match[0])


def _is_told_phone(text: str, match: re.Match[str]) -> bool:
    digits = re.sub(r"\D", "", match[0])
    return (
        7 <= len(digits) <= 13
        and _told(text, match) == "PHONE"
        and not _is_quantity(text, match)
        and not _YEARS.fullmatch(match[0])
    )


_STEPS: tuple[tuple[str, re.Pattern[str], Callable[[str, re.Match[str]], bool]], ...] = (
    ("ID_NUMBER", _ID_NUMBER, _is_identity),
    ("ID_NUMBER", _OLD_ID_NUMBER, _is_told_identity),
    ("IP", _IPV4, _is_ip),
    ("BANK_CARD", _CARD, _is_card),
    ("STUDENT_ID", _STUDENT, _is_student),
    ("STUDENT_ID", _LETTERED, _is_lettered),
    ("STUDENT_ID", _PUPIL, _is_pupil),
    ("QQ", _QQ, _is_qq),
    ("PHONE", _MOBILE, _is_mobile),
    ("PHONE", _FOREIGN, _is_foreign),
    ("PHONE", _LANDLINE, _is_landline),
    ("WECHAT", _QQ, _is_wechat),
    ("PHONE", _ANY_PHONE, _is_told_phone),
)
