"""Find names of persons in English text, and romanised names in Chinese text.

Capitalised words stand in runs ("Priya Raman", "J. Okafor", "Wang Xiaoming"). How name-like a run is by
the lists of names and what stands around it (`english_cues.py`) are weighed against each other: "Dear …",
"Prof. …" and "… asked" speak for a name, "the …", "… theorem" and "in the 17th century" against it.
"""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from ta_pipeline.text.person_names import english_cues as cues
from ta_pipeline.text.person_names.english_lists import GIVEN, MAYBE_GIVEN, NOT_NAMES, SURNAMES
from ta_pipeline.text.person_names.pinyin import is_pinyin_given, is_pinyin_name, is_pinyin_surname
from ta_pipeline.text.person_names.public_people import SHARED
from ta_pipeline.text.wordlists import word_set

if TYPE_CHECKING:
    from ahocorasick_rs import AhoCorasick

Span = tuple[int, int]
#: Tells whether a place names a public person; the last argument, whether a trigger announces it.
Allowed = Callable[[str, int, int, bool], bool]

#: A name needs so much evidence. The weights were set by hand on sentences of the project's own.
_ENOUGH = 2.5
#: What misses so much of it is a name beside another name.
_BESIDE_A_NAME = 2.0
#: A context of this weight says by itself that a person is meant.
_ANNOUNCED = 2.0
#: What it weighs that a tagger sees a person in more than one word; of lone words it is wrong too often.
_SEEN = 1.75

_UPPER = "A-ZÀ-ÖØ-ÞĀĂĄĆČĎĐĒĖĘĚĞĢĪĮİĶĹĻĽŁŃŅŇŌŐŒŘŚŞŠŢŤŪŮŰŲŹŻŽ"
_LOWER = "a-zß-öø-ÿāăąćčďđēėęěğģīįıķĺļľłńņňōőœřśşšţťūůűųźżž"
#: Patterns below begin with the set of capitals, which lets the search skip to the next one.
_AFTER_CAPITAL = (
    rf"(?:['’][{_UPPER}])?[{_LOWER}]+(?:[{_UPPER}][{_LOWER}]+)?"
    rf"(?:[-‐'’][{_UPPER}]?[{_LOWER}]{{2,}})*(?![A-Za-z0-9_])"
)
_WORD = rf"[{_UPPER}]{_AFTER_CAPITAL}"
_AFTER_INITIAL = rf"\.(?:[ -]?[{_UPPER}]\.)*"
_INITIALS = rf"[{_UPPER}]{_AFTER_INITIAL}"
_LONE_INITIAL = rf"[{_UPPER}](?=[ \u00a0][{_UPPER}][{_LOWER}])"
_PARTICLE = (
    "(?:van der|van den|van de|von der|de la|de los|van|von|der|den|de|del|della|di|da|dos|bin|ibn|al|el|"
    "ter|ten|la|le)"
)
#: A run of capitalised words on one line.
_RUN = re.compile(
    rf"[{_UPPER}](?:{_AFTER_CAPITAL}|{_AFTER_INITIAL})"
    rf"(?:(?:[ \u00a0]{_PARTICLE})?[ \u00a0]?(?<=[ \u00a0.])(?:{_WORD}|{_INITIALS}"
    rf"|(?<=[ \u00a0]){_LONE_INITIAL}))*"
)
_TOKEN = re.compile(rf"{_WORD}|{_INITIALS}|[{_UPPER}]\b|[{_LOWER}]+")
#: Between sentences nothing announces what follows, but for "Dr. ", whose dot is no end.
#: Letters that are no others with an accent.
_NO_ACCENTS = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "ð": "d", "ı": "i", "æ": "ae", "œ": "oe", "þ": "th"}
)
_SENTENCE_GAPS = frozenset(("? ", "! ", "。", "！", "？"))
_PUNCTUATION = ".,;:!?…()\"'’“”@*_~–—-"
_WORD_ENDS = re.compile(rf"[{re.escape(_PUNCTUATION)}]*+(?:\s|$)")
#: Neither a mailbox nor an identifier is a name.
_JOINS = frozenset("@_")
#: Every exercise has one; most sentences have none.
_DIGIT = re.compile(r"\d")
_SECOND_LOWER_WORD = re.compile(rf"\s([{_LOWER}]{{2,}})(?!\w)")
_WORD_CHARACTER = re.compile(r"[A-Za-z0-9_]")
#: A family name before its comma, and the given name behind it: commas are rarer than capitals.
_FAMILY_BEFORE = re.compile(rf"{_WORD}$")
_LONGEST_WORD = 64
_GIVEN_BEHIND = re.compile(rf", ({_WORD})(?=\s*(?:$|[;|(\n\t\ue000/]|,\s*\d|\s\d|[–—-]\s))", re.MULTILINE)
_TITLE = re.compile(r"\b(?:Dr|Doctor|Prof|Professor|Mr|Mrs|Ms|Miss)\.?[ \u00a0]$")
_LOWER_BEHIND = re.compile(r"[ \u00a0][a-z]+[ \u00a0][a-z]")
#: At most four words behind a name.
_FOLLOWING = re.compile(r"[ \t]+([A-Za-z'’]+(?: [A-Za-z'’]+){0,3})")
_SEPARATOR = re.compile(r"\s*(?:,|;|/|&|、)?\s*(?:(?:and|or|和|与|及)\s+)?")
_ENDS_LIKE_A_SURNAME = re.compile(
    r"(?:ova|eva|enko|ski|ska|sky|skaya|wicz|vich|vic|poulos|idis|akis|shvili|escu|sson|ssen|nen|murthy"
    r"|swamy|nathan|rajan|kumar"
    r"|zadeh|oglu|mann|stein|baum|feld|strom|qvist|quist|gren|worth|thwaite|wright|smith|bury|ez|eau|elli"
    r"|etti|ucci|ardi|inho|eira)$"
)
_LOWER_HYPHEN = re.compile(rf"[-‐][{_LOWER}]")
_SYLLABLE = "[bcdghjkmnpstwy]{0,2}[aeiouwy]{1,3}(?:ng|[nmklph])?"
_KOREAN = re.compile(rf"{_SYLLABLE}-{_SYLLABLE}")
_KOREAN_SURNAMES = word_set(
    "kim lee park choi jung jeong kang cho yoon jang lim oh seo shin kwon hwang ahn ryu yoo hong jeon ko "
    "moon bae baek paik heo nam noh joo min woo cha chun eom gong"
)
_VIETNAMESE = word_set("nguyen tran le pham huynh hoang phan vu vo dang bui do ho ngo duong ly dinh truong")
_ABBREVIATIONS = word_set("u.s. u.k. u.n. p.s. e.g. i.e. p.m. a.m. q.e.d. d.c. l.a. n.b. u.s.a.")
#: Figures of exercises and protocols, in every textbook.
_FIGURES = word_set("alice bob carol charlie dave eve mallory trent peggy victor adam")
_MAYBE = MAYBE_GIVEN | SURNAMES
_NO_NAMES = NOT_NAMES | (frozenset(f"{word}s" for word in NOT_NAMES) - SURNAMES - GIVEN)
#: Behind these stands a church, a town or a day.
_SAINTS = word_set("st saint san santa sankt")
#: Given names that are no English word in lower case.
_LOWER_GIVEN = GIVEN - word_set(
    "elif harsh maxim will mark bill jack tony dale josh mike art rob sue ray guy don pat nick dean"
)


class _Word(NamedTuple):
    text: str
    start: int
    end: int

    @property
    def plain(self) -> str:
        """Return the word in lower case without accents, as the lists write it."""
        return _plain(self.text)

    @property
    def is_initial(self) -> bool:
        return self.text.endswith(".") or len(self.text) == 1

    @property
    def is_particle(self) -> bool:
        return self.text[0].islower()

    @property
    def is_known(self) -> bool:
        plain = self.plain
        listed = plain in GIVEN or plain in _MAYBE or is_pinyin_surname(plain)
        korean = "-" in plain and _KOREAN.fullmatch(plain) is not None
        return listed or korean or self.is_initial or is_pinyin_given(plain)


@lru_cache(maxsize=1 << 13)
def _plain(text: str) -> str:
    word = text.casefold().replace("’", "'")
    if word.isascii():
        return word
    word = unicodedata.normalize("NFD", word.translate(_NO_ACCENTS))
    return "".join(c for c in word if not unicodedata.combining(c))


def find_english(text: str, allowed: Allowed, bare: bool, seen: bytes | bytearray = b"") -> Iterator[Span]:
    """Yield spans of names, possibly overlapping; without `bare` only what somebody says of himself.

    `seen` has a 1 for each character where a tagger sees a person.
    """
    if not bare:
        yield from _self_named(text, allowed)
        return
    accepted: list[Span] = []
    waiting: list[Span] = []
    for words, whole in _runs(text):
        span = words[0].start, words[-1].end
        lexical = _weigh_words(words) + _SEEN * (len(words) > 1 and any(seen[slice(*span)]))
        if lexical < -_BESIDE_A_NAME:
            continue
        context = _weigh_context(text, words, lexical)
        if lexical + context < _ENOUGH - _BESIDE_A_NAME or cues.REAGENT.match(text, span[0]):
            continue
        if allowed(text, *span, context >= _ANNOUNCED) or allowed(text, *whole, True):
            continue
        (accepted if lexical + context >= _ENOUGH else waiting).append(span)
    yield from accepted
    yield from _listed(text, accepted, waiting)
    yield from _turned(text, allowed)
    yield from _lower_case(text, allowed)


def _self_named(text: str, allowed: Allowed) -> Iterator[Span]:
    """Yield "my name is …", and names with contact data right behind them."""
    if "ame" not in text and "\ue000" not in text:
        return
    for words, whole in _runs(text):
        start, end = words[0].start, words[-1].end
        named = _MY_NAME.search(text, max(0, start - 16), start) is not None
        labelled = _NAME_LABEL.search(text, max(0, start - 8), start) is not None
        owner = "\ue000" in text[end : end + 4] and cues.OWN_DATA.match(text, end) is not None
        # Products and games have a line "Name:" too.
        lists = _weigh_words(words) if owner or labelled else 0.0
        if (named or (owner and lists >= 1) or (labelled and lists >= 1.5)) and not allowed(
            text, *whole, True
        ):
            yield start, end


_MY_NAME = re.compile(r"\b[Mm]y name(?: is|['’]s)\s+$")
_NAME_LABEL = re.compile(r"\b[Nn]ame:\s+$")


def is_english_name(text: str) -> bool:
    """Tell whether a text is nothing but a full English name."""
    if _RUN.fullmatch(text) is None:
        return False
    runs = [words for words, _ in _runs(text)]
    return len(runs) == 1 and len(runs[0]) > 1 and (runs[0][0].start, runs[0][-1].end) == (0, len(text))


def _runs(text: str) -> Iterator[tuple[list[_Word], Span]]:
    """Yield the words of each run that may be a name, with the place of the whole run."""
    for match in _RUN.finditer(text):
        run = match[0]
        if " " not in run and (_is_no_name(run) or not _may_be_a_name(text, run.casefold(), *match.span())):
            continue
        if match.start() and _WORD_CHARACTER.match(text, match.start() - 1):
            continue
        for words in _cut([_Word(t[0], *t.span()) for t in _TOKEN.finditer(text, *match.span())]):
            if words := _trimmed(text, words):
                yield words, match.span()


@lru_cache(maxsize=1 << 12)
def _is_no_name(word: str) -> bool:
    """Pass over the bulk of capitalised words, which no context makes a name."""
    plain = word.casefold().removesuffix("'s").removesuffix("’s")
    return (plain in _NO_NAMES or plain in cues.TITLES) and plain not in SURNAMES


def _may_be_a_name(text: str, plain: str, start: int, end: int) -> bool:
    """Pass over most single words: on no list of names, or a word too, and nothing near that tells a name."""
    plain = plain.removesuffix("'s").removesuffix("’s")
    if plain in _NO_NAMES or plain in cues.TITLES:
        return plain in SURNAMES and _TITLE.search(text, max(0, start - 12), start) is not None
    if plain in GIVEN or not plain.isascii() or "-" in plain or "." in plain:
        return True
    if _weigh_before(text, start, end) > 0 or cues.OWN_DATA.match(text, end):
        return True
    act = _weigh_act(text, end, single=True, tells=True)
    return act > 2 or (
        (plain in _MAYBE or is_pinyin_given(plain)) and (act > 0 or _weigh_behind(text, end) > 0)
    )


def _cut(words: Sequence[_Word]) -> Iterator[list[_Word]]:
    """Cut a run where a word stands that is no part of a name; "Will" and "May" may begin one."""
    run: list[_Word] = []
    titled = len(words) == 1  # a lone word is here only because it may be a name
    for word, following in itertools.zip_longest(words, words[1:]):
        plain = word.plain.removesuffix("'s").removesuffix("’s")
        begins = plain in MAYBE_GIVEN and following and following.plain not in NOT_NAMES and not run
        title = plain.rstrip(".") in cues.TITLES
        ends = following is None and run and run[-1].plain in GIVEN and plain not in cues.THINGS
        if title or (plain in _NO_NAMES and not begins and not ((titled or ends) and plain in SURNAMES)):
            yield run
            run = []
        else:
            run.append(word)
        titled = title
    yield run


def _trimmed(text: str, run: list[_Word]) -> list[_Word]:
    """Return a run without particles at its ends, a possessive, and the word that begins a sentence."""
    while run and run[-1].is_particle:
        run = run[:-1]
    while run and run[0].is_particle:
        run = run[1:]
    if len(run) > 1 and not run[0].is_known and run[1].is_known and _starts_sentence(text, run[0].start):
        full = len(run) == 2 and run[1].plain in SURNAMES - GIVEN and not run[0].text.isascii()
        run = run if full else run[1:]
    if not run or (len(run) == 1 and run[0].is_initial):
        return []
    last = run[-1]
    if last.text.endswith(("'s", "’s")):
        run = [*run[:-1], _Word(last.text[:-2], last.start, last.end - 2)]
    return run


def _starts_sentence(text: str, start: int) -> bool:
    return cues.SENTENCE_START.search(text, max(0, start - 4), start) is not None


def _weigh_words(words: Sequence[_Word]) -> float:
    """Weigh a run by the lists alone."""
    plain = [word.plain for word in words if not word.is_particle]
    if len(plain) == 1:
        return _weigh_single(plain[0])
    if any(_LOWER_HYPHEN.search(word.text) and word.plain.split("-")[0] not in GIVEN for word in words):
        return _weigh_korean(plain)
    if plain[-1] in cues.THINGS:
        return _weigh_thing(plain)
    if words[0].is_initial or words[-1].is_initial:
        return _weigh_initials(words)
    vietnamese = plain[0] in _VIETNAMESE and len(plain) > 2 and all(len(word) <= 6 for word in plain)
    if vietnamese or is_pinyin_name(plain):
        return 3.5
    return _weigh_full(plain, particle=any(word.is_particle for word in words))


def _weigh_single(word: str) -> float:
    parts = {word, *word.split("-")}
    if word in _FIGURES or word in SHARED:
        return 0.5 if word in _FIGURES else -0.5
    if parts & GIVEN or ("-" in word and parts - {word} <= MAYBE_GIVEN):
        return 2.5
    if is_pinyin_given(word):
        return 1.25
    return 1.0 if parts & _MAYBE or is_pinyin_surname(word) else 0.0


def _weigh_korean(plain: Sequence[str]) -> float:
    """Weigh "Soo-jin Park" and "Park Soo-jin", and against it "Long-term Perspective"."""
    given = any(_KOREAN.fullmatch(word) for word in plain)
    surname = any(word in _KOREAN_SURNAMES or _is_surname(word) for word in plain)
    return (3.0 if surname else 1.5) if given else 0.0


def _weigh_thing(plain: Sequence[str]) -> float:
    """Weigh "Grace Park", which may be a person, and "Victoria Station", which is none."""
    if len(plain) > 2 or plain[-1] not in SURNAMES:
        return -5.0
    return 2.5 if plain[0] in GIVEN else (1.75 if plain[0] in MAYBE_GIVEN else -5.0)


def _weigh_initials(words: Sequence[_Word]) -> float:
    if words[0].plain in _ABBREVIATIONS:
        return -5.0
    others = [word.plain for word in words if not word.is_initial and not word.is_particle]
    return 2.75 if any(_is_surname(word) or word in GIVEN for word in others) else 2.0


def _weigh_full(plain: Sequence[str], particle: bool) -> float:
    first, surname = {plain[0], *plain[0].split("-")}, _is_surname(plain[-1])
    given, maybe, turned = first & GIVEN, first & MAYBE_GIVEN, plain[-1] in GIVEN
    for holds, weight in (
        (given and surname, 4.0),
        (particle and (surname or given or maybe), 3.5),
        (given or (maybe and surname), 3.25),
        (turned and _is_surname(plain[0]), 3.0),
        ("-" in plain[-1] + plain[0] and (surname or first & SURNAMES), 3.0),
        (is_pinyin_given(plain[0]) and surname, 3.0),
        (particle, 2.0),
        (surname or turned, 1.75),
        (maybe, 1.5),
    ):
        if holds:
            return weight
    return 0.75


def _is_surname(word: str) -> bool:
    if word in SURNAMES or is_pinyin_surname(word) or not SURNAMES.isdisjoint(word.split("-")):
        return True
    return len(word) >= 6 and _ENDS_LIKE_A_SURNAME.search(word) is not None


def _weigh_context(text: str, words: Sequence[_Word], lexical: float) -> float:
    """Weigh what stands before and behind a run."""
    start, end = words[0].start, words[-1].end
    single = len(words) == 1
    before = _weigh_before(text, start, end)
    tells = not single or words[0].is_known or not _starts_sentence(text, start)
    weight = before + _weigh_act(text, end, single, tells) + _weigh_behind(text, end)
    if lexical + weight < _ENOUGH - _BESIDE_A_NAME:
        return weight
    sentence = _sentence(text, start, end)
    if before < _ANNOUNCED and cues.FAME.search(sentence):
        weight -= 2.0
    exercise = single and _DIGIT.search(sentence) and cues.EXERCISE.search(sentence)
    return weight - 1.5 if exercise else weight


def _weigh_before(text: str, start: int, end: int) -> float:
    """Look up the words right before a run; what lies between says in which table."""
    if text[start - 2 : start] in _SENTENCE_GAPS or start == 0:
        return 0.0
    before = text[max(0, start - 40) : start]
    bare = before.rstrip(' \u00a0\t\n,!:：=–—-(“"')
    between = before[len(bare) :]
    if bare.endswith("@"):
        return 2.5
    words = bare[-32:].replace("’", "'").casefold().split()[-cues.LONGEST :]
    title = words[-1].rstrip(".").lstrip("(") if words and between in " \u00a0" else ""
    if title in cues.TITLES or title in _SAINTS:
        return 3.5 if title in cues.TITLES else -3.0
    if "\n" in between or not words or words[-1][-1] in ".?。！？;":
        return _weigh_signature(before, text, end)
    table = _table(between)
    weight = 0.0
    if words[-1].strip('("“*') in cues.LAST_WORDS:  # which most words are not
        endings = (" ".join(words[first:]).strip('("“*') for first in range(len(words)))
        weight = next((table[ending] for ending in endings if table.get(ending)), 0.0)
    if table is cues.BEFORE_COLON and len(words) > 1 and words[-2] in cues.NUMBERED and len(words[-1]) < 3:
        weight = weight or 2.5
    if weight and table is cues.BEFORE_COLON and _begins_text(text, start, end):
        return 0.0
    return weight or _weigh_signature(before, text, end)


def _begins_text(text: str, start: int, end: int) -> bool:
    """Tell a lone word on no list with more behind it, no name: "Team: Assign staff to each step"."""
    plain = text[start:end].casefold()
    return (
        _LOWER_BEHIND.match(text, end) is not None
        and " " not in plain
        and plain not in GIVEN
        and plain not in _MAYBE
        and not is_pinyin_given(plain)
    )


def _table(between: str) -> dict[str, float]:
    if not between.strip():
        return cues.BEFORE
    return cues.BEFORE_COMMA if between[0] in ",!(" else cues.BEFORE_COLON


def _weigh_signature(before: str, text: str, end: int) -> float:
    """Weigh a name that ends a letter: alone on what is left of its line, behind "Best regards" or a dash."""
    signed = before[-1:] in "\n,-–—~ " and cues.LINE_END.match(text, end) and cues.SIGNED.search(before)
    if not signed:
        return 0.0
    return 2.5 if signed["closing"] else 1.5  # a dash begins the items of a list too


def _weigh_act(text: str, end: int, single: bool, tells: bool) -> float:
    """Weigh what somebody does; an unknown word that begins a sentence may be any noun."""
    following = _FOLLOWING.match(text, end)
    if following is None:
        return 0.0
    words = following[1].replace("’", "'").casefold().split()
    helped = not single and (words[0] in cues.HELPS_A_VERB or " ".join(words[:2]) in cues.HELPS_A_VERB)
    while len(words) > 1 and words[0] in cues.ADVERBS and " ".join(words[:2]) not in cues.SAYS:
        words = words[1:]
    phrases = {words[0], " ".join(words[:2])}
    if phrases & cues.SAYS:
        return 2.5 if tells else 0.5
    if phrases & cues.ACTS:
        return 1.5 if tells else 0.5
    return 1.0 if helped else 0.0


def _weigh_behind(text: str, end: int) -> float:
    weight = 1.75 if cues.OWN_DATA.match(text, end) else 0.0
    has = cues.POSSESSED.match(text, end)
    if has and (has[1] in cues.BELONGINGS or has[2] in cues.BELONGINGS):
        return weight + 1.75
    if cues.REGNAL.match(text, end):
        return weight - 3.0
    weight += 1.25 * bool(cues.ADDRESSED.match(text, end))
    concept = cues.CONCEPT_BEHIND.match(text, end)
    return weight - 3.0 if concept and concept[1] in cues.CONCEPTS else weight


def _sentence(text: str, start: int, end: int) -> str:
    """Return the sentence around a place, at most 120 characters to each side."""
    left = max(text.rfind(mark, max(0, start - 120), start) for mark in (". ", "! ", "? ", "\n"))
    rights = [p for mark in (". ", "! ", "\n") if (p := text.find(mark, end, end + 120)) >= 0]
    return text[max(left + 1, start - 120) : min(rights, default=end + 120)]


def _listed(text: str, accepted: Sequence[Span], waiting: Sequence[Span]) -> Iterator[Span]:
    """Yield the runs that stand in a list with a name: "Priya, Kwabe and Tom"."""
    names = set(accepted)
    order = sorted([*accepted, *waiting])
    for spans in (order, order[::-1]):
        for one, other in itertools.pairwise(spans):
            if one in names and other not in names and _is_beside(text, one, other):
                names.add(other)
                yield other


def _is_beside(text: str, one: Span, other: Span) -> bool:
    first, second = sorted((one, other))
    between = text[first[1] : second[0]]
    return 0 < len(between) <= 8 and bool(between.strip()) and _SEPARATOR.fullmatch(between) is not None


def _turned(text: str, allowed: Allowed) -> Iterator[Span]:
    """Yield names of a roster, family name first: "Dunne, Fergal; Rao, Priya"."""
    done = 0
    for behind in _GIVEN_BEHIND.finditer(text):
        before = _FAMILY_BEFORE.search(text, max(done, behind.start() - _LONGEST_WORD), behind.start())
        if before is None:
            continue
        start, done = before.start(), behind.end()
        family, given = _Word(before[0], 0, 0).plain, _Word(behind[1], 0, 0).plain
        if family in NOT_NAMES or given in NOT_NAMES or (family in GIVEN and family not in SURNAMES):
            continue
        opens = cues.ROW_START.search(text, max(0, start - 4), start) is not None
        known = (given in GIVEN or given in MAYBE_GIVEN) + _is_surname(family)
        if known + opens >= 2 and not allowed(text, start, done, True):
            yield start, done


def _lower_case(text: str, allowed: Allowed) -> Iterator[Span]:
    """Yield names without a capital in a greeting or a signature: "hi im ella".

    What is a word of its own once is looked at wherever it stands: "hi ella", "thanks to ella's notes".
    """
    automaton, names = _lower_name_finder()
    places: dict[str, list[Span]] = {}
    for number, start, end in automaton.find_matches_as_indexes(text, overlapping=True):
        if not text[end : end + 1].isalnum() and not text[start - 1 : start].isalnum():
            places.setdefault(names[number], []).append((start, end))
    for spans in places.values():
        for start, end in spans if any(_is_a_word(text, *span) for span in spans) else ():
            if text[end : end + 1] in _JOINS or not cues.LOWER_BEFORE.search(
                text[max(0, start - 20) : start]
            ):
                continue
            second = _SECOND_LOWER_WORD.match(text, end)
            surname = second is not None and second[1] in SURNAMES and second[1] not in NOT_NAMES
            span = start, second.end() if second and surname else end
            if not allowed(text, *span, True):
                yield span


@lru_cache(maxsize=1)
def _lower_name_finder() -> tuple[AhoCorasick, list[str]]:
    from ahocorasick_rs import AhoCorasick, Implementation

    names = sorted(_LOWER_GIVEN)
    return AhoCorasick(names, implementation=Implementation.DFA), names


def _is_a_word(text: str, start: int, end: int) -> bool:
    """Tell whether nothing but punctuation stands between a place and the blanks around it."""
    before = text[max(0, start - _LONGEST_WORD) : start].rstrip(_PUNCTUATION)
    return (not before or before[-1].isspace()) and _WORD_ENDS.match(text, end) is not None
