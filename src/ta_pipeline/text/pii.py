"""Mask personal data with typed placeholders that are consistent inside a document.

Formats decide for numbers and addresses, triggers for names (`names.py`). Order matters: a student
number looks like a phone number, so what has a trigger or a checksum goes first. Values never leave
this module; the audit counts places by kind.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from typing import Any

from ta_pipeline.text.fields import rewrite_document
from ta_pipeline.text.markup import is_fenced_code, shield, unshield
from ta_pipeline.text.names import NameFinder, is_chinese_word, is_full_name

Row = dict[str, Any]

_START = r"(?<![A-Za-z0-9])"
_MAIL_HOST = r"[A-Za-z0-9-]+(?:[.．][A-Za-z0-9-]+)*[.．][A-Za-z]{2,}"
_SPOKEN_END = r" dot (?:edu|com|org|net|cn|uk|ac)(?![A-Za-z])(?: dot [a-z]{2}(?![A-Za-z]))?"
_EMAIL = re.compile(
    rf"(?<![A-Za-z0-9._%+-])[A-Za-z0-9._%+-]+[@＠]{_MAIL_HOST}"
    rf"|{_START}\w+(?: dot \w+)* at [A-Za-z0-9-]+(?: dot [A-Za-z0-9-]+)*?{_SPOKEN_END}",
    re.ASCII,
)
_BIRTHDAY = r"(?:18|19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])"
_ID_NUMBER = re.compile(rf"{_START}[1-9]\d{{5}}\s?{_BIRTHDAY}\s?\d{{3}}[\dXx](?![\dA-Za-z])")
_ID_WITH_TRIGGER = re.compile(
    r"(?:身份证|ID\s+card|identity\s+(?:card|number))[^\d\n]{0,10}(?P<value>\d{17}[\dXx]|\d{15})(?![\dA-Za-z])",
    re.IGNORECASE,
)
_STUDENT_ID = re.compile(
    r"(?:(?:(?:学号|学生证号?|student\s+(?:id|number|no|num)|matric(?:ulation)?\s+(?:number|no))"
    r"[^\d\n。！？!?;；]{0,12}?(?<![A-Za-z])"
    r"|(?<!order )(?<!product )(?<!item )(?<!user )(?<!tracking )(?<!transaction )(?<!ticket )"
    rf"{_START}ID(?:\s+(?:number|no\.?))?\s*(?:is|是|为|[:：#=])?\s*"
    r"|<NAME_\d+>[，,（(\s]{1,2}(?=20)))"
    r"(?P<value>[A-Za-z]{0,3}\d{8,12})(?![\dA-Za-z])",
    re.IGNORECASE,
)
_MOBILE = r"(?:(?:\+|00)86[-\s]?)?1[3-9]\d[-\s]?\d{4}[-\s]?\d{4}"
_ACCOUNT = re.compile(
    rf"(?P<mine>{_START}my\s+)?(?:微信|扣扣|{_START}(?:WeChat|weixin|wx|vx|QQ)(?![A-Za-z]))(?:\s*(?:群|账号|帐号|号码|号|ID|account|number))*"
    rf"(?:\s*(?:[:：=]|是|为|is\b))?\s*(?!{_MOBILE})(?P<value>[A-Za-z][A-Za-z0-9_-]{{4,19}}|[1-9]\d{{4,11}})(?![A-Za-z0-9@＠])",
    re.IGNORECASE,
)
#: A digit string is a quantity behind a sign of arithmetic or before a unit.
_NO_SIGN = r"(?<![\dA-Za-z.,=≈×*/^<>~$¥￥+-])(?<![=≈×*/^<>~+]\s)"
_UNIT = (
    r"\s?(?:[kcmµn]?m|km/h|m/s|[mk]?g|N|[kM]?J|[kM]?W|[kM]?Pa|[kMG]?Hz|K|°C|s|ms|rad|eV|years?|people|dollars|met(?:re|er)s?"
    r"|seconds|times|million|billion)(?![A-Za-z])"
    r"|\s?(?:年|月|日|米|千米|公里|厘米|毫米|千克|公斤|克|吨|牛|焦|瓦|帕|赫|秒|小时|分钟|元|美元|人|个|次|倍|度|亿|万|%|[×*^=])"
    r"|\.\d|e[+-]?\d"
)
_NO_UNIT = rf"(?![\dA-Za-z])(?!{_UNIT})"
_PHONE = re.compile(
    rf"(?:{_NO_SIGN}{_MOBILE}|(?<![\dA-Za-z=.])\+86[-\s]?1[3-9]\d[-\s]?\d{{4}}[-\s]?\d{{4}}"
    r"|(?<![\dA-Za-z=.])(?<!\d\n)(?:\+\d{1,3}(?:[\s.-]?\(\d{1,4}\))?(?:[\s.-]\d{2,4}){2,5}|\+\d{11,13})"
    rf"|{_NO_SIGN}(?:0\d{{2,4}}[-\s]\d{{3,4}}[-\s]?\d{{4}}|0\d{{3,4}}\s\d{{6}}|0\d{{2,3}}-\d{{7}})"
    rf"|{_NO_SIGN}[(（]0\d{{2,3}}[)）]\s?\d{{3,4}}[-\s]?\d{{4}}"
    rf"|{_NO_SIGN}(?:\(\d{{3}}\)\s?|\d{{3}}[-.])\d{{3}}[-.]\d{{4}}"
    rf"|{_NO_SIGN}(?:555-\d{{4}}|400-?\d{{3,4}}-?\d{{3,4}}))"
    rf"{_NO_UNIT}(?:\s*(?:转|ext\.?|extension)\s*\d{{1,5}})?"
)
_PHONE_WITH_TRIGGER = re.compile(
    r"(?:(?:电话|手机|座机|联系方式|热线|传真|致电|拨打)(?:号码|号)?[\s:：是为,，]{0,3}"
    rf"|{_START}(?:phone|mobile|cell|tel|telephone|whatsapp|fax)(?:\s*(?:number|no\.?))?(?:\s+(?:is|on|at))?[\s:,.]{{0,3}}"
    rf"|{_START}(?:call|ring|text|reach|phone)\s+(?:me|us|him|her|my\s+\w+|the\s+office)\b[^\d\n.!?]{{0,20}})"
    r"(?P<value>0\d{9,11}|\d{7,8}|\d{3,4}[-\s]\d{4}|\+?\d{2,4}(?:[-\s]\d{2,4}){2,4})" + _NO_UNIT,
    re.IGNORECASE,
)
_CAP = r"[A-Z][a-z]+"
_HAN = r"[\u4e00-\u9fff]"
_HAN_DOOR = r"[\u4e00-\u9fffA-Za-z0-9#－-]"
_DOOR = r"(?:号楼|号院|号|室|弄|栋|幢|单元|楼|层|座)"
_STREET = r"(?:Street|St\.?|Road|Rd\.?|Avenue|Ave\.?|Lane|Boulevard|Blvd\.?|Crescent|Terrace|Drive)"
_ADDRESS = re.compile(
    rf"(?<![\d.])\d{{1,5}}[A-Z]?\s+(?!Hard\b|Flash\b|Disk\b|Wall\b)(?:{_CAP}\s+){{1,3}}{_STREET}(?![A-Za-z])"
    r"(?:,\s*(?:Apt|Apartment|Suite|Flat|Unit|Room)\.?\s*#?\w+)?"
    rf"(?:,\s*{_CAP}(?:\s{_CAP})?(?=,\s*[A-Z\d]|\s+[A-Z\d]|\s*[.\n]|\s*$)){{0,2}}"
    r"(?:,?\s+[A-Z]{2}\s+\d{5}(?:-\d{4})?|,?\s+[A-Z]{1,2}\d[A-Z\d]?\s*\d[A-Z]{2})?(?![A-Za-z0-9])"
    r"|(?:住址|地址|家住|住在|寄到|寄至)[^\S\n]*(?:[:：是为在]\s*)?"
    rf"(?P<value>{_HAN_DOOR}{{2,30}}?(?:路|街|道|巷|弄|胡同|村|镇|乡|小区|花园|大院|苑){_HAN_DOOR}{{0,20}}?\d+{_HAN_DOOR}{{0,8}}?{_DOOR}"
    rf"(?:[A-Za-z0-9#－-]*\d+{_DOOR}?)*)"
    rf"|(?:(?![住在是到从的于寄址]){_HAN}){{2,7}}(?:省|市|自治区){_HAN}{{1,8}}?(?:区|县|市){_HAN}{{1,12}}?(?:路|街|道|巷|胡同)\s?\d+\s?号"
    rf"(?:[A-Za-z0-9#－-]*\d+{_DOOR}?)*"
)
_YEARS = re.compile(r"(?:19|20)\d\d[-\s](?:19|20)\d\d")
#: Weights and check digits of an identity number (GB 11643-1999, ISO 7064 MOD 11-2).
_ID_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_ID_CHECK = "10X98765432"


def mask_document(document: Row, names: NameFinder) -> tuple[Row, Counter[str]]:
    """Return the document with personal data masked in all its fields, and the masked places by kind."""
    masker = Masker(names)
    first = rewrite_document(document, masker.mask, masker.mask_person)
    return rewrite_document(first, masker.mask_mentions, masker.mask_mentions), masker.counts


def mask_line(line: str, names: NameFinder) -> str:
    """Mask one line that stands alone, such as an excerpt for a report."""
    return Masker(names).mask(line)


class Masker:
    """Masks the texts of one document; the same value gets the same placeholder in all of them."""

    def __init__(self, names: NameFinder) -> None:
        """Start without any value."""
        self._names = names
        self._placeholders: dict[tuple[str, str], str] = {}
        self._bare: dict[str, str] = {}
        #: Masked places by kind.
        self.counts: Counter[str] = Counter()

    def mask(self, text: str) -> str:
        """Replace what a format or a trigger gives away; formulas stay, of fenced code only e-mail goes."""
        shielded, pieces = shield(text, inline_code=False)
        for kind, pattern, accept in _STEPS:
            shielded = self._replace(shielded, kind, pattern, accept)
        shielded = self._mask_names(shielded)
        shielded = self._replace(shielded, "STUDENT_ID", _STUDENT_ID, _always)
        return unshield(shielded, [self._mask_code(piece) for piece in pieces])

    def mask_person(self, text: str) -> str:
        """Mask a field that names a person, such as the author of a document."""
        if is_full_name(text) and not self._names.is_allowed(text.strip()):
            return self._placeholder("NAME", text.strip())
        return self.mask(text)

    def mask_mentions(self, text: str) -> str:
        """Replace bare mentions of the full names and numbers that `mask` has met so far."""
        if not self._bare:
            return text
        values = sorted(self._bare, key=lambda value: (-len(value), value))
        known = re.compile("|".join(rf"(?<![A-Za-z0-9]){re.escape(v)}(?![A-Za-z0-9])" for v in values))
        shielded, pieces = shield(text, inline_code=False)
        return unshield(known.sub(self._mention, shielded), pieces)

    def _mention(self, match: re.Match[str]) -> str:
        placeholder = self._bare[match[0]]
        self.counts[placeholder[1:].rsplit("_", 1)[0]] += 1
        return placeholder

    def _mask_code(self, piece: str) -> str:
        return self._replace(piece, "EMAIL", _EMAIL, _always) if is_fenced_code(piece) else piece

    def _mask_names(self, text: str) -> str:
        masked, done = "", 0
        for start, end in self._names.find(text):
            masked += text[done:start] + self._placeholder("NAME", text[start:end])
            done = end
        return masked + text[done:]

    def _replace(
        self, text: str, kind: str, pattern: re.Pattern[str], accept: Callable[[re.Match[str]], bool]
    ) -> str:
        def masked(match: re.Match[str]) -> str:
            if not accept(match):
                return match[0]
            value = _value(match)
            before, _, after = match[0].rpartition(value)
            return before + self._placeholder(kind, value) + after

        return pattern.sub(masked, text)

    def _placeholder(self, kind: str, value: str) -> str:
        """Return the placeholder of a value, a new one where it was not seen before."""
        self.counts[kind] += 1
        key = self._known_key(kind, _key(kind, value))
        if (kind, key) not in self._placeholders:
            number = 1 + sum(known == kind for known, _ in self._placeholders)
            self._placeholders[kind, key] = f"<{kind}_{number}>"
        if _is_telling(kind, value):
            self._bare[value] = self._placeholders[kind, key]
        return self._placeholders[kind, key]

    def _known_key(self, kind: str, key: str) -> str:
        """Take "Carter" for the Emily Carter met before, whose number it then shares."""
        if kind != "NAME" or " " in key:
            return key
        return next((name for k, name in self._placeholders if k == "NAME" and name.endswith(f" {key}")), key)


def _always(match: re.Match[str]) -> bool:
    return bool(match[0])


def _value(match: re.Match[str]) -> str:
    return str(match.groupdict().get("value") or match[0])


def _has_checksum(match: re.Match[str]) -> bool:
    digits = re.sub(r"\s", "", match[0]).upper()
    total = sum(int(digit) * weight for digit, weight in zip(digits, _ID_WEIGHTS))
    return digits[17] == _ID_CHECK[total % 11]


def _is_account(match: re.Match[str]) -> bool:
    """Tell an account from a word behind "WeChat": it has a digit, or a link announces it."""
    if match["mine"] or re.search(r"[\d_]", match["value"]):
        return True
    return match[0][: -len(match["value"])].rstrip().endswith((":", "：", "=", "号", "是", "为", "ID", "id"))


def _is_phone(match: re.Match[str]) -> bool:
    """Refuse spans of years, and groups of zeros and ones, which are binary."""
    value = _value(match)
    digits = re.sub(r"\D", "", value)
    enough = 9 if value.startswith("+") else 7
    return enough <= len(digits) <= 20 and not _YEARS.fullmatch(value) and not set(digits) <= {"0", "1"}


_STEPS: tuple[tuple[str, re.Pattern[str], Callable[[re.Match[str]], bool]], ...] = (
    ("EMAIL", _EMAIL, _always),
    ("ID_NUMBER", _ID_NUMBER, _has_checksum),
    ("ID_NUMBER", _ID_WITH_TRIGGER, _always),
    ("STUDENT_ID", _STUDENT_ID, _always),
    ("ACCOUNT", _ACCOUNT, _is_account),
    ("PHONE", _PHONE, _is_phone),
    ("PHONE", _PHONE_WITH_TRIGGER, _is_phone),
    ("ADDRESS", _ADDRESS, _always),
)


def _key(kind: str, value: str) -> str:
    """Return what makes two spellings of a value the same."""
    if kind == "PHONE":
        return re.sub(r"^(?:00)?86(?=1[3-9]\d{9})", "", re.sub(r"\D", "", value))
    return " ".join(value.split()).casefold()


def _is_telling(kind: str, value: str) -> bool:
    """Tell whether a value standing alone can only be itself: not a family name, not a common word."""
    if kind == "NAME":
        return " " in value or (len(value) > 1 and not value.isascii() and not is_chinese_word(value))
    return kind in ("STUDENT_ID", "ID_NUMBER", "ACCOUNT") or (kind == "PHONE" and len(value) >= 7)
