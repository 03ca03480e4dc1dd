"""Find e-mail addresses, WeChat names and IPv6 addresses, which are told by their form or a label."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ta_pipeline.text.personal_data.checks import is_machine_address
from ta_pipeline.text.personal_data.span import Found
from ta_pipeline.text.wordlists import word_set

_AT_SIGNS = tuple(re.compile(rf"{sign}(?=[A-Za-z0-9])") for sign in "@＠")
_MAILBOX = re.compile(r"[A-Za-z0-9._%+-]+$")
_LONGEST_MAILBOX = 64
_HOST = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,62})(?:[.．][A-Za-z0-9](?:[A-Za-z0-9-]{0,62})){0,8}")
#: What stands behind a dot in code, where an @ is a product of matrices: "A@B.T".
_ATTRIBUTES = word_set(
    "t h shape dot transpose inv conj values weight bias data size ndim to detach reshape mean sum numpy "
    "float double real imag mt adj"
)
_BRACKETED_AT = re.compile(r"[\[(（{<]\s?(?:at|AT|@|艾特)\s?[\])）}>]")
#: Without the opening bracket, on which the search would stop more often than on "at)".
_AT_CLOSED = tuple(re.compile(rf"{at}\s?[\])）}}>]") for at in ("at", "AT", "@", "艾特"))
_SPELT_AT = re.compile(r" at (?=[A-Za-z0-9-]+ (?:dot|\[dot\]|\(dot\)) )")
_SPOKEN_BOX = re.compile(r"[A-Za-z0-9_+-]+(?:(?:\.|\s(?:dot|DOT)\s|\s?[\[(]dot[\])]\s?)[A-Za-z0-9_+-]+)*\s?$")
_SPOKEN_HOST = re.compile(
    r"\s?[A-Za-z0-9-]+(?:(?:\.|\s(?:dot|DOT)\s|\s?[\[(（{](?:dot|DOT|点)[\])）}]\s?)[A-Za-z0-9-]+){1,5}"
)

_LABEL = re.compile(
    r"[微薇威WwVvXx扣Qq](?:信|扣|[Qq]|[Ee][Cc][Hh][Aa][Tt]|[Ee][Ii][Xx][Ii][Nn]|[Xx](?![A-Za-z])|信)"
)
_VALUE = r"(?P<value>[A-Za-z][A-Za-z0-9_-]{3,19})"
_LINKED = re.compile(
    r"(?P<link>(?:\s*(?:群|账号|帐号|号码|号|名|昵称|[Ii][Dd]|[Aa]ccount|[Nn]umber|[Nn]ame|[Hh]andle|is|was"
    r"|[:：=＝]|是|为|叫|加|搜索?|[（(“\"'‘]|at\b|on\b|me\b|to\b|add\b|for\b|as\b|under\b|—|-|～"
    r"|~)){0,4})\s*" + _VALUE + r"(?![A-Za-z0-9@＠./])"
)
_BEFORE_LABEL = re.compile(
    rf"(?<![A-Za-z0-9@_./-]){_VALUE}\s*(?:[（(]\s*|on\s+|is\s+my\s+|是我的?|[，,]?同)$"
)
#: Words that stand behind WeChat and are no account.
_NOT_ACCOUNTS = word_set(
    "group groups chat chats message messages account accounts official mini program programs pay payment "
    "moments work app apps "
    "public article articles link links post posts python java code login user users number channel "
    "channels please thread threads "
    "notification notifications reminder announcement announcements before after instead during while "
    "which where when there "
    "because popular friends friend contact contacts version windows android about with from have this "
    "that will just only here "
    "video voice call calls sticker stickers handle name username mail email article today tomorrow "
    "screenshot screenshots "
    "space music browser desktop client server service"
)

_MAY_BE_IPV6 = re.compile(r":(?::[0-9A-Fa-f]|[0-9A-Fa-f]{1,4}:[0-9A-Fa-f]{0,4}:)")
_HEX = re.compile(
    r"(?<![\w:.])(?:[0-9A-Fa-f]{1,4}:{1,2}"
    r"|::)(?:[0-9A-Fa-f]{1,4}:{0,2}){1,8}(?:\d{1,3}(?:\.\d{1,3}){3})?(?![\w:])"
)


def find_emails(text: str) -> Iterator[Found]:
    """Yield e-mail addresses, those too that are spelt out to hide from machines."""
    for at in _at_signs(text):
        box = _MAILBOX.search(text[max(0, at.start() - _LONGEST_MAILBOX) : at.start()])
        host = _HOST.match(text, at.end())
        if box and host and _is_mail(text, box[0], host):
            yield Found(at.start() - len(box[0].lstrip(".-")), host.end(), "EMAIL")
    for at in _spelt_signs(text):
        box = _SPOKEN_BOX.search(text[max(0, at.start() - _LONGEST_MAILBOX) : at.start()])
        host = _SPOKEN_HOST.match(text, at.end())
        if box and host:
            yield Found(at.start() - len(box[0]), host.end(), "EMAIL")


def _at_signs(text: str) -> Iterator[re.Match[str]]:
    """Yield every @ before a letter or digit; a set of both signs would cost ten times the two searches."""
    for pattern in _AT_SIGNS:
        yield from pattern.finditer(text) if pattern.pattern[0] in text else ()


def _spelt_signs(text: str) -> Iterator[re.Match[str]]:
    if any(closed.search(text) for closed in _AT_CLOSED):
        yield from _BRACKETED_AT.finditer(text)
    if "dot" in text:
        yield from _SPELT_AT.finditer(text)


def _is_mail(text: str, box: str, host: re.Match[str]) -> bool:
    labels = re.split("[.．]", host[0])
    if len(labels) < 2 or not labels[-1].isalpha() or len(labels[-1]) < 2:
        return False
    names_a_repository = box == "git" and text[host.end() :][:1] in ":/"
    return not names_a_repository and labels[-1].casefold() not in _ATTRIBUTES


def find_accounts(text: str) -> Iterator[Found]:
    """Yield WeChat names, and the rare QQ name, behind their label."""
    for label in _LABEL.finditer(text):
        if (
            label.start()
            and label[0].isascii()
            and text[label.start() - 1].isascii()
            and text[label.start() - 1].isalnum()
        ):
            continue
        kind = "QQ" if label[0].casefold() in ("qq", "扣扣") else "WECHAT"
        behind = _LINKED.match(text, label.end())
        if behind and _is_account(behind["link"], behind["value"]):
            yield Found(*behind.span("value"), kind)
        offset = max(0, label.start() - 40)
        before = _BEFORE_LABEL.search(text[offset : label.start()])
        if before and (re.search(r"[\d_-]", before["value"]) or "是我" in before[0] or "is my" in before[0]):
            yield Found(offset + before.start("value"), offset + before.end("value"), kind)


def _is_account(link: str, value: str) -> bool:
    """Tell an account from a word behind "WeChat": it has a digit, or a link announces it."""
    if value.casefold() in _NOT_ACCOUNTS:
        return False
    if re.search(r"[\d_-]", value):
        return True
    return (
        len(value) >= 6
        and re.search(r"[:：=＝号是为叫搜加]|[Ii][Dd]\b|\b(?:is|as|for|under)\b|handle", link) is not None
    )


def find_ipv6(text: str) -> Iterator[Found]:
    """Yield IPv6 addresses of machines."""
    for match in _HEX.finditer(text) if _MAY_BE_IPV6.search(text) else ():
        if re.search(r"\d", match[0]) and len(match[0]) >= 6 and is_machine_address(match[0]):
            yield Found(match.start(), match.end(), "IP")
