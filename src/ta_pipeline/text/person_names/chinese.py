"""Find names of persons in Chinese text.

A name is a family name that stands as a word of its own, followed by one or two characters that given
names are made of. How safely the family name tells a name, how name-like the rest is and what stands
around it are weighed against each other; a trigger ("我叫", "收件人：", "… 同学") tips the scale.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

from ta_pipeline.text.person_names import chinese_cues as cues
from ta_pipeline.text.person_names.chinese_lists import (
    CLEAR_SURNAMES,
    COMPOUND_SURNAMES,
    FOREIGN_CHARACTERS,
    GIVEN_CHARACTERS,
    JAPANESE_SURNAMES,
    LIKELY_SURNAMES,
    NAME_WORDS,
    NOT_GIVEN,
    RARELY_WORDS,
    WHOLE_NAMES,
)
from ta_pipeline.text.person_names.chinese_words import TAGGED_AS_NAMES
from ta_pipeline.text.sieve import required_words
from ta_pipeline.text.wordlists import NOT_CHINESE_NAMES

if TYPE_CHECKING:
    from ahocorasick_rs import AhoCorasick

Span = tuple[int, int]
#: Tells whether a place names a public person; with `whole=True`, whether all of it does.
Allowed = Callable[..., bool]

#: A name needs so much evidence; see `_weigh`.
_ENOUGH = 3.25
_LONGEST = 4
#: Characters looked at on each side, enough for the dictionary to find the words around a name.
_WINDOW = 6

_HAN = "\u3400-\u4dbf\u4e00-\u9fff"
_ANY_SURNAME = CLEAR_SURNAMES | LIKELY_SURNAMES | RARELY_WORDS
_BEGINS_SURNAME = _ANY_SURNAME | {name[0] for name in COMPOUND_SURNAMES}
_GIVEN_CLASS = "".join(sorted(GIVEN_CHARACTERS))
#: Where a family name may begin; a search for a set of characters skips everything else.
_SURE = "".join(sorted(CLEAR_SURNAMES | RARELY_WORDS | {name[0] for name in COMPOUND_SURNAMES}))
#: Nouns and adjectives too, which take two more characters to look like a name.
_WORDS_TOO = "金毛白段文常向单关管连"
_BARE = re.compile(
    rf"[{_SURE}{_WORDS_TOO}]"
    rf"(?:(?<=[{_SURE}])(?=[{''.join(sorted(GIVEN_CHARACTERS | {name[1] for name in COMPOUND_SURNAMES}))}])"
    rf"|(?<=[{_WORDS_TOO}])(?=[{_GIVEN_CLASS}]{{2}}))"
)

_PARTS_NAMES = frozenset("、，,/;；和与及") | {chr(code) for code in range(0x3001) if chr(code).isspace()}
_IN_LIST = re.compile(r"\s*[、，,/;；和与及]\s*|\s+")
_ITEM_BEFORE = re.compile(rf"(?:^|[^{_HAN}])([{_HAN}]{{2,4}})\s*[、，,/;；]\s*$")
#: Vietnamese women: 阮氏梅.
_VIETNAMESE_SURNAMES = "阮黎陈范黄武裴邓吴潘"
_VIETNAMESE = re.compile(rf"[{_VIETNAMESE_SURNAMES}]氏[{_GIVEN_CLASS}]{{1,2}}(?![{_HAN}])")
_FOREIGN = re.compile(rf"[{''.join(sorted(FOREIGN_CHARACTERS | GIVEN_CHARACTERS))}氏]{{3,5}}(?=[^{_HAN}]|$)")
_LIST_END = re.compile(rf"[^{_HAN}]|$|[和与及等]|(?:{cues.TITLES})")


#: Characters of given names that also follow a noun: "王子一人", "王国上下".
_AFTER_A_WORD = frozenset("一三四六上大可年有同时正通全用自从以所又亦永已为中士生家学长高果木山江河湖海州")
_THIRD = GIVEN_CHARACTERS - _AFTER_A_WORD


def find_chinese(text: str, allowed: Allowed, bare: bool) -> Iterator[Span]:
    """Yield spans of names, possibly overlapping; without `bare` only what somebody says of himself."""
    finders = (_spaced, _bare, _dotted, _owners) if bare else (_self_named, _owners)
    found = [span for finder in finders for span in finder(text, allowed)]
    if bare:
        words = _Words(text)
        worded = (_announced, _titled, _undotted, _nicknamed, _japanese, _peoples)
        found += [span for finder in worded for span in finder(text, words, allowed)]
    yield from found
    yield from _listed(text, found, allowed)


class _Words:
    """Where the words stand that expressions for names begin with, all looked up in one pass."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._starts: dict[str, set[int]] = {}
        automaton, owners = _word_finder()
        for number, start, _ in automaton.find_matches_as_indexes(text, overlapping=True):
            for owner in owners[number]:
                self._starts.setdefault(owner, set()).add(start)

    def matches(self, of: str) -> Iterator[re.Match[str]]:
        """Yield what a search through the text for one of the expressions would yield."""
        pattern, done = _begins_with()[of][0], 0
        for start in sorted(self._starts.get(of, ())):
            if start >= done and (match := pattern.match(self._text, start)):
                yield match
                done = match.end()


@lru_cache(maxsize=1)
def _begins_with() -> dict[str, tuple[re.Pattern[str], frozenset[str]]]:
    """Return each expression and words with one of which every match begins."""
    plain = {"trigger": cues.TRIGGER, "title": cues.TITLE}
    plain |= {"foreigner": cues.FOREIGNER_OR_TITLE, "nickname": cues.NICKNAMED}
    return {name: (pattern, required_words(pattern) or frozenset()) for name, pattern in plain.items()} | {
        "peoples": (_OF_PEOPLES, NAME_WORDS),
        "whole": (_WHOLE_NAMES, WHOLE_NAMES),
        "vietnamese": (_VIETNAMESE, frozenset(f"{surname}氏" for surname in _VIETNAMESE_SURNAMES)),
        "japanese": (_JAPANESE, JAPANESE_SURNAMES),
    }


@lru_cache(maxsize=1)
def _word_finder() -> tuple[AhoCorasick, list[list[str]]]:
    """Return the automaton for all words, and the expressions that begin with each."""
    from ahocorasick_rs import AhoCorasick, Implementation

    words: dict[str, list[str]] = {}
    for name, (_, begins) in _begins_with().items():
        for word in sorted(begins):
            words.setdefault(word, []).append(name)
    return AhoCorasick(list(words), implementation=Implementation.DFA), list(words.values())


def is_chinese_name(text: str) -> bool:
    """Tell whether a text is nothing but a full Chinese name."""
    width = _surname_width(text, 0)
    return (
        2 <= len(text) <= _LONGEST
        and width > 0
        and 1 <= len(text) - width <= 2
        and not any(character in NOT_GIVEN or not _is_han(character) for character in text[width:])
        and not is_chinese_word(text)
    )


@lru_cache(maxsize=1 << 16)
def is_chinese_word(name: str) -> bool:
    """Tell whether what looks like a name is a word: "方向", "任何", "高中生"."""
    if name in NOT_CHINESE_NAMES or name in TAGGED_AS_NAMES:
        return True
    words = _tagged(name)
    return len(words) == 1 and not words[0][1].startswith("nr")


def _bare(text: str, allowed: Allowed) -> Iterator[Span]:
    for match in _BARE.finditer(text):
        start = match.start()
        around = text[start - 1 : start + 2] if start else " " + text[:2]
        if around[0] in "·•‧・" or around == around[0] * 3:  # nobody is called 王王王
            continue
        if _is_in_a_word(around) and not _is_still_a_name(text, start):
            continue
        if (end := _best_end(text, start, allowed)) is not None:
            yield start, end


def _is_still_a_name(text: str, start: int) -> bool:
    """Tell a name from the word it begins with, by what the person does or by a third character: 汪子墨."""
    if cues.PERSONAL_ACT.match(text, start + 2):
        return True
    third = text[start + 2 : start + 3]
    return third in _THIRD and text[start] in CLEAR_SURNAMES and text[start : start + 2] in TAGGED_AS_NAMES


@lru_cache(maxsize=1 << 17)
def _is_in_a_word(around: str) -> bool:
    """Refuse the bulk of ordinary words by a family name and the characters to both sides of it."""
    if around[1:] in COMPOUND_SURNAMES:
        return False
    return is_chinese_word(around[1:]) or (
        around[1] not in CLEAR_SURNAMES and _is_han(around[0]) and is_chinese_word(around[:2])
    )


def _announced(text: str, words: _Words, allowed: Allowed) -> Iterator[Span]:
    for match in words.matches("trigger"):
        if (end := _best_end(text, match.end(), allowed, announced=True)) is not None:
            yield match.end(), end
    for match in cues.MENTION.finditer(text):  # one character, which costs next to nothing to find
        end = _best_end(text, match.end(), allowed, announced=True)
        if end is not None and not is_chinese_word(text[match.end() : end]):
            yield match.end(), end


def _self_named(text: str, allowed: Allowed) -> Iterator[Span]:
    for match in cues.SELF.finditer(text):
        if (end := _best_end(text, match.end(), allowed, announced=True)) is not None:
            yield match.end(), end


def _owners(text: str, allowed: Allowed) -> Iterator[Span]:
    """Yield names right beside contact data."""
    for data in cues.BEHIND_DATA.finditer(text):
        end = _best_end(text, data.end(), allowed, announced=True)
        if end is not None and cues.ENTRY_END.match(text, end):
            yield data.end(), end
    for data in cues.DATA.finditer(text):
        ends = cues.OWNER_ENDS.search(text, max(0, data.start() - 16), data.start())
        for start in range(max(0, ends.start() - _LONGEST), ends.start() - 1) if ends else ():
            if ends and _best_end(text, start, allowed) == ends.start():
                yield start, ends.start()
                break


def _titled(text: str, words: _Words, allowed: Allowed) -> Iterator[Span]:
    """Yield what stands before 老师 or 同学: a whole name, a family name or a given name alone."""
    for match in words.matches("title"):
        end = match.start()
        for start in range(max(0, end - _LONGEST), end):
            if _is_titled(text, start, end) and not allowed(text, start, end):
                yield start, end
                break


def _is_titled(text: str, start: int, end: int) -> bool:
    name = text[start:end]
    width = _surname_width(text, start)
    if not all(map(_is_han, name)) or not _begins_word(text, start, end):
        return False
    if width == len(name):
        return _is_lone_surname(text, start, name)
    if any(character in NOT_GIVEN for character in name[width:]):
        return False
    if width and len(name) - width <= 2:
        if is_chinese_word(name):
            return len(name) == 2 and _is_word_for_a_name(text, start, name)
        return _weigh(text, start, end, width) >= _ENOUGH
    return (
        len(name) == 2
        and all(character in GIVEN_CHARACTERS for character in name)
        and _is_given_word(name)
        and (start == 0 or not _is_han(text[start - 1]) or text[start - 1] in cues.ASKS_OR_GIVES)
    )


def _is_word_for_a_name(text: str, start: int, name: str) -> bool:
    """Accept a noun before a title where nothing stands before it: "马力同学问", not "高中同学"."""
    opens = start == 0 or not (_is_han(text[start - 1]) or text[start - 1].isalnum())
    return (
        opens
        and name not in NOT_CHINESE_NAMES
        and name[1] in GIVEN_CHARACTERS
        and _tagged(name)[0][1][:1] == "n"
    )


def _is_given_word(name: str) -> bool:
    words = _tagged(name)
    return len(words) > 1 or words[0][1].startswith("nr")


def _is_lone_surname(text: str, start: int, name: str) -> bool:
    before = text[start - 1 : start]
    if name in CLEAR_SURNAMES or name in COMPOUND_SURNAMES:
        return not (before and _is_han(before) and is_chinese_word(before + name))
    return name in LIKELY_SURNAMES - _NEVER_ALONE and (
        not before or not _is_han(before) or before in cues.ASKS_OR_GIVES or before in _BEFORE_A_SURNAME
    )


#: What may stand before a family name: an attribute, an office, a role ("教务科古老师", "辅导员古老师").
_BEFORE_A_SURNAME = "的小老科处部室院系所组店队厂馆员任"
#: Behind these 老师 is no title: "向老师请教", "和同学讨论", "全同学".
_NEVER_ALONE = frozenset("时向和全应明成单从于是会能关连海水东国将付代由有")


def _spaced(text: str, allowed: Allowed) -> Iterator[Span]:
    """Yield names of two characters that a roster sets apart: "王 芳"."""
    for match in _SPACED.finditer(text):
        before = text[match.start() - 1 : match.start()]
        if not (before.isalnum() or allowed(text, *match.span())):
            yield match.span()


_SPACED = re.compile(
    rf"[{''.join(sorted(CLEAR_SURNAMES))}][ \u3000]{{1,2}}[{_GIVEN_CLASS}](?=\s*(?:$|[，,、。；;）)"
    rf"|\ue000]))",
    re.MULTILINE,
)


def _dotted(text: str, allowed: Allowed) -> Iterator[Span]:
    """Yield foreign names in Chinese letters, which their dots give away: 约翰·多伊."""
    for match in _DOTTED.finditer(text):
        start = match.start()
        while start > max(0, match.start() - 5) and text[start - 1] in FOREIGN_CHARACTERS:
            start -= 1
        span = start, match.end()
        if match.start() - start >= 1 and not _is_public_foreigner(text, *span, allowed):
            yield span


def _is_public_foreigner(text: str, start: int, end: int, allowed: Allowed) -> bool:
    """Tell a public person by any part of the name, or by all of it where somebody of the course is meant."""
    if cues.FOREIGNERS.search(text, max(0, start - 5), start) or text.startswith("同学", end):
        return allowed(text, start, end, whole=True)
    return any(allowed(text, place, end) for place in range(start, end - 1))


_DOTTED = re.compile(
    rf"[·•‧・][{''.join(sorted(FOREIGN_CHARACTERS))}]{{1,6}}(?:[·•‧・][{''.join(sorted(FOREIGN_CHARACTERS))}]{{1,6}}){{0,2}}"
)


def _peoples(text: str, words: _Words, allowed: Allowed) -> Iterator[Span]:
    """Yield names of two and more words of Tibetan, Mongolian, Uyghur and the like: 扎西次仁."""
    for match in (*words.matches("peoples"), *words.matches("whole"), *words.matches("vietnamese")):
        if not allowed(text, *match.span()):
            yield match.span()


_NAME_WORD = f"(?:{'|'.join(sorted(NAME_WORDS, key=lambda word: (-len(word), word)))})"
_OF_PEOPLES = re.compile(rf"{_NAME_WORD}{_NAME_WORD}{{1,2}}")
_WHOLE_NAMES = re.compile("|".join(sorted(WHOLE_NAMES)))


def _japanese(text: str, words: _Words, allowed: Allowed) -> Iterator[Span]:
    for match in words.matches("japanese"):
        if not allowed(text, *match.span()):
            yield match.span()


_JAPANESE = re.compile(
    rf"(?:{'|'.join(sorted(JAPANESE_SURNAMES, key=lambda name: (-len(name), name)))})"
    r"([一二三太健大翔拓直和裕美真由香惠子理奈优花菜结衣樱悠斗莲阳凛葵爱咲诚学修治雄介郎之助平夫树辉明秀隆浩哉也志织里绘纪代久]{1,3}(?![\u4e00-\u9fff])"
    rf"|[{_GIVEN_CLASS}健太翔斗]{{0,2}}?(?={cues.TITLES}))"
)


def _undotted(text: str, words: _Words, allowed: Allowed) -> Iterator[Span]:
    """Yield foreign names without a dot, which need a role or a title: 交换生伊莎贝拉, 伊莎贝拉同学."""
    for match in words.matches("foreigner"):
        if match[0] == "同学":
            head = _FOREIGN_END.search(text, max(0, match.start() - _LONGEST - 2), match.start())
            start, end = head.start() if head else match.start(), match.start()
        else:
            tail = _FOREIGN_BEGIN.match(text, match.end())
            start, end = match.end(), tail.end() if tail else match.end()
        start += text[start : start + 1] in cues.ASKS_OR_GIVES
        public = any(allowed(text, place, end) for place in range(start, end - 1))
        if end - start >= 3 and not public and _is_foreign_name(text, start, end):
            yield start, end


_FOREIGN_BEGIN = re.compile(rf"[{''.join(sorted(FOREIGN_CHARACTERS))}]{{3,6}}")
_FOREIGN_END = re.compile(rf"{_FOREIGN_BEGIN.pattern}$")


def _is_foreign_name(text: str, start: int, end: int) -> bool:
    """Tell a foreign name from a place ("加拿大同学") and from the end of a longer word."""
    return not is_chinese_word(text[start:end]) and _begins_word(text, start, end)


def _nicknamed(text: str, words: _Words, allowed: Allowed) -> Iterator[Span]:
    for match in words.matches("nickname"):
        name = text[match.end() : match.end() + 2]
        if len(name) < 2 or not _is_han(name[1]) or name in _FIGURES or is_chinese_word(name):
            continue
        alone = not _is_han(text[match.end() + 2 : match.end() + 3] or " ")
        named = name[1] in GIVEN_CHARACTERS or (alone and name[1] not in NOT_GIVEN)
        if named and not allowed(text, match.end(), match.end() + 2):
            yield match.end(), match.end() + 2


#: Who walks to school and buys apples in exercises.
_FIGURES = frozenset(f"小{character}" for character in "明红刚华丽强芳军亮兰李王张")


def _best_end(text: str, start: int, allowed: Allowed, announced: bool = False) -> int | None:
    """Return where the likeliest name from `start` ends; None where there is none."""
    if text[start : start + 1] not in _BEGINS_SURNAME:
        return None
    left = max(0, start - _SEEN_LEFT)
    end = _best_end_in(text[left : start + _SEEN_RIGHT], start - left, allowed, announced)
    return None if end is None else left + end


#: Nothing farther away than a sentence tells on a name; see `_sentence`.
_SEEN_LEFT = 80
_SEEN_RIGHT = 100


@lru_cache(maxsize=1 << 12)  # a text is searched again when its values are masked; some repeat themselves
def _best_end_in(text: str, start: int, allowed: Allowed, announced: bool) -> int | None:
    width = _surname_width(text, start)
    if not width or (not announced and not _begins_word(text, start, start + width + 1)):
        return None
    best: tuple[float, int] | None = None
    for end in _ends(text, start, width):
        if text[start:end] in NOT_CHINESE_NAMES:
            return None
        weight = _weigh(text, start, end, width)
        if weight >= _ENOUGH and (best is None or weight > best[0]) and not allowed(text, start, end):
            best = (weight, end)
    return best[1] if best else None


def _ends(text: str, start: int, width: int) -> Iterator[int]:
    """Yield the ends that leave a given name of two characters or one, and cut no word behind it."""
    after = start + width
    for length in (2, 1):
        given = text[after : after + length]
        speaks = length == 2 and given[-1:] in cues.SPEAKS
        if len(given) == length and not speaks and all(_is_han(c) and c not in NOT_GIVEN for c in given):
            yield after + length


def _weigh(text: str, start: int, end: int, width: int) -> float:
    """Add up what speaks for a name from `start` to `end`, family name first.

    The weights were set by hand on sentences of the project's own.
    """
    weight = _weigh_surname(text, start, width) + _weigh_given(text[start:end], width)
    left, right = _weigh_left(text, start), _weigh_right(text, end)
    told = left > 2 or right >= cues.TOLD or (left >= cues.TOLD and cues.STOP.match(text, end) is not None)
    if not told and width == 1 and _in_transliteration(text, start, end):
        return weight - 1.0
    if weight + left + right < _ENOUGH - 1:  # the dictionary adds one at most
        return weight
    weight += _weigh_words(text, start, end, width, told) + left + right
    if max(left, right) >= cues.TOLD or weight < _ENOUGH:
        return weight
    sentence = _sentence(text, start, end)
    return weight - 2.0 * bool(cues.EXERCISE.search(sentence)) - 1.0 * bool(cues.FAME.search(sentence))


def _in_transliteration(text: str, start: int, end: int) -> bool:
    """Tell whether a place is cut out of a foreign word in Chinese letters: "苏佩" of 苏佩维埃尔."""
    first, last = start, end
    while first > 0 and start - first < _LONGEST and text[first - 1] in FOREIGN_CHARACTERS:
        first -= 1
    while last < len(text) and last - end < _LONGEST and text[last] in FOREIGN_CHARACTERS:
        last += 1
    enough = last - first >= 4 if end - start == 2 else last - first >= 5 and first < start
    return enough and FOREIGN_CHARACTERS.issuperset(text[start:end])


def _weigh_surname(text: str, start: int, width: int) -> float:
    surname = text[start : start + width]
    if width == 2:
        return 2.5
    if surname == "张" and cues.COUNTS.search(text[max(0, start - 2) : start]):
        return -3.0
    return 2.0 if surname in CLEAR_SURNAMES else (1.5 if surname in RARELY_WORDS else 1.0)


def _weigh_given(name: str, width: int) -> float:
    given = name[width:]
    named = sum(0.75 if character in GIVEN_CHARACTERS else -0.75 for character in given)
    return named if len(given) == 2 else named - 0.25


def _weigh_words(text: str, start: int, end: int, width: int, told: bool) -> float:
    """Weigh how the dictionary cuts the text: a name is its own word or falls apart into characters."""
    words = _words_from(text, start, end)
    first, tag = words[0]
    name = text[start:end]
    if len(first) > width:
        foreign = not GIVEN_CHARACTERS.issuperset(first[width:])
        if first in TAGGED_AS_NAMES and _goes_on(words, name, width):
            return -1.0
        if not tag.startswith("nr") or first in TAGGED_AS_NAMES or foreign:
            return -1.0 if told and tag[:1] in "ntzm" else -2.5
        return 1.0 if name == first else (0.0 if name.startswith(first) else -2.0)
    cut, position = 0.0, width
    for word, tag in words[1:]:
        if position >= len(name):
            break
        if position + len(word) > len(name):  # the name ends inside a word, unless it is "李 明说"
            cut = 0.0 if word[-1] in cues.SPEAKS and len(word) == 2 else -2.0
        elif len(word) == 2 and not tag.startswith("nr"):
            cut -= 1.5 if tag[:1] in "dcprmqut" and name[0] not in CLEAR_SURNAMES else 0.75
        position += len(word)
    return cut


def _goes_on(words: Sequence[tuple[str, str]], name: str, width: int) -> bool:
    """Tell whether a word that is mostly none of a person is one here, by the character behind it: 汪子墨."""
    clear = name[:width] in CLEAR_SURNAMES and len(words) > 1
    return clear and words[0][0] + words[1][0] == name and words[1][0] not in _AFTER_A_WORD


def _weigh_left(text: str, start: int) -> float:
    before = text[max(0, start - 9) : start]
    if not before or before[-1] == "\n":
        return 0.75
    return next((weight for pattern, weight in cues.BEFORE if pattern.search(before)), 0.0)


def _weigh_right(text: str, end: int) -> float:
    if cues.TITLE.match(text, end) or cues.OWN_DATA.match(text, end) or cues.CALLED.match(text, end):
        return 2.0
    if cues.PERSONAL_ACT.match(text, end):
        return 1.75
    if cues.COURSE_ACT.match(text, end):
        return 1.0
    if cues.STOP.match(text, end):
        return 0.75
    if not _is_han(text[end : end + 1]):  # a digit or letter of another script: 王浩宇¹
        return 0.0
    following = _words_from(text, end, end)[0]
    return (
        0.75
        if following[1][:1] in cues.BEHIND_NAMES
        or following[0][0] in cues.SPEAKS
        or following[0] in cues.TOGETHER
        else 0.0
    )


def _sentence(text: str, start: int, end: int) -> str:
    """Return the sentence around a place, at most 80 characters to each side."""
    left = max(text.rfind(mark, max(0, start - 80), start) for mark in "。！？\n")
    rights = [p for mark in "。！\n" if (p := text.find(mark, end, end + 80)) >= 0]
    return text[max(left + 1, start - 80) : min(rights, default=end + 80)]


def _listed(text: str, found: list[Span], allowed: Allowed) -> Iterator[Span]:
    """Yield the neighbours of names in a list; beside names a rare family name is one too."""
    known = set(found)
    for first in found:
        for neighbour, beside in ((_next_in_list, first[1]), (_previous_in_list, first[0] - 1)):
            if beside < 0 or text[beside : beside + 1] not in _PARTS_NAMES:
                continue
            span = neighbour(text, first)
            while span and span not in known and not allowed(text, *span):
                known.add(span)
                yield span
                span = neighbour(text, span)


def _next_in_list(text: str, span: Span) -> Span | None:
    separator = _IN_LIST.match(text, span[1])
    if separator is None:
        return None
    start = separator.end()
    width = _surname_width(text, start)
    for end in _ends(text, start, width) if width else ():
        if _LIST_END.match(text, end) and not _is_plain_word(text[start:end]):
            return start, end
    foreign = _FOREIGN.match(text, start)
    return foreign.span() if foreign and all(len(word) == 1 for word, _ in _tagged(foreign[0])) else None


def _previous_in_list(text: str, span: Span) -> Span | None:
    item = _ITEM_BEFORE.search(text, max(0, span[0] - _LONGEST - 3), span[0])
    if item is None:
        return None
    start, end = item.span(1)
    width = _surname_width(text, start)
    full = (
        width and 1 <= end - start - width <= 2 and not any(c in NOT_GIVEN for c in text[start + width : end])
    )
    return (start, end) if full and not _is_plain_word(text[start:end]) else None


def _is_plain_word(name: str) -> bool:
    """Tell an ordinary word from one that the dictionary takes for a name; in a list of names it is one."""
    words = _tagged(name)
    return name in NOT_CHINESE_NAMES or (len(words) == 1 and not words[0][1].startswith("nr"))


def _surname_width(text: str, start: int) -> int:
    if text[start : start + 2] in COMPOUND_SURNAMES:
        return 2
    return 1 if text[start : start + 1] in _ANY_SURNAME else 0


def _begins_word(text: str, start: int, end: int) -> bool:
    """Tell whether the dictionary begins a word at `start`."""
    left = start
    while left > 0 and start - left < _WINDOW and _is_han(text[left - 1]):
        left -= 1
    if left == start:
        return True
    position = left
    for word, _ in _tagged(text[left : max(end, start + _WINDOW)]):
        if position >= start:
            break
        position += len(word)
    return position == start


def _words_from(text: str, start: int, end: int) -> tuple[tuple[str, str], ...]:
    stop = start
    while stop < min(len(text), end + _WINDOW) and _is_han(text[stop]):
        stop += 1
    return _tagged(text[start:stop])


@lru_cache(maxsize=1 << 16)
def _tagged(text: str) -> tuple[tuple[str, str], ...]:
    """Cut a piece of text into the words of the dictionary, each with its part of speech."""
    import rjieba

    return tuple(rjieba.tag(text, False))


def _is_han(character: str) -> bool:
    return "\u4e00" <= character <= "\u9fff" or "\u3400" <= character <= "\u4dbf"
