"""Find names of persons in English text, and romanised names in Chinese text.

Capitalised words stand in runs ("Priya Raman", "J. Okafor", "Wang Xiaoming"). A run is a name where its
words are on the lists of names, where a trigger announces it ("Dear …", "Prof. …", "my name is …"), or
where it does what only a person does ("… asked"). Lower-case names need a greeting or a signature.
"""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from ta_pipeline.text.person_names.english_lists import GIVEN, MAYBE_GIVEN, NOT_NAMES, SURNAMES
from ta_pipeline.text.person_names.public_people import SHARED
from ta_pipeline.text.person_names.pinyin import is_pinyin_given, is_pinyin_name, is_pinyin_surname
from ta_pipeline.text.wordlists import word_set

Span = tuple[int, int]
Allowed = Callable[[str, int, int, bool], bool]

_UPPER = "A-ZÀ-ÖØ-ÞĀĂĄĆČĎĐĒĖĘĚĞĢĪĮİĶĹĻĽŁŃŅŇŌŐŒŘŚŞŠŢŤŪŮŰŲŹŻŽ"
_LOWER = "a-zß-öø-ÿāăąćčďđēėęěğģīįıķĺļľłńņňōőœřśşšţťūůűųźżž"
_WORD = (
    rf"(?:(?:[DO]['’]|Mc|Mac|Fitz|De|Di|La|Le|Van)?[{_UPPER}][{_LOWER}]+)(?:[-‐'’][{_UPPER}]?[{_LOWER}]{{2,}})*(?![A-Za-z0-9_])"
)
_INITIALS = rf"(?:[{_UPPER}]\.(?:[ -]?[{_UPPER}]\.)*)"
_PARTICLE = r"(?:van der|van den|van de|von der|de la|de los|van|von|der|den|de|del|della|di|da|dos|bin|ibn|al|el|ter|ten|la|le)"
#: A run of capitalised words on one line.
_RUN = re.compile(
    rf"(?:{_WORD}|{_INITIALS})(?:(?:[ \u00a0]{_PARTICLE})?[ \u00a0]?(?:(?<=[ \u00a0.]){_WORD}|(?<=[ \u00a0.]){_INITIALS}|(?<=[ \u00a0])[{_UPPER}](?=[ \u00a0][{_UPPER}][{_LOWER}])))*"
)
_TOKEN = re.compile(rf"{_WORD}|{_INITIALS}|[{_UPPER}]\b|[{_LOWER}]+")

_TITLES = word_set(
    "dr doctor prof professor mr mrs ms miss mx sir madam dame rev reverend fr sister brother coach nurse captain "
    "principal headmaster headmistress aunt uncle dean provost chancellor"
)
_ROLE = (
    r"(?:students?|classmates?|TAs?|GTAs?|tutors?|teacher|lecturer|instructor|advisor|adviser|supervisor|roommate|flatmate|housemate"
    r"|(?:lab\s+)?partner|team-?mates?|team\s+lead(?:er)?|friends?|colleagues?|coordinator|assistants?|graders?|markers?|mentor|mentee|demonstrators?"
    r"|convenor|convener|invigilators?|proctors?|examiners?|librarian|secretary|treasurer|president|captain|representative|rep"
    r"|presenter|speaker|moderator|organi[sz]er|author|co-author|contact|nurse|technician|warden|porter|registrar|administrator|admin"
    r"|son|daughter|brother|sister|mother|father|mum|mom|dad|husband|wife|cousin|uncle|aunt|nephew|niece|neighbou?r|guardian"
    r"|named|called|nickname[d]?|candidate|applicant|recipient|payee|cardholder|account\s+holder|holder|winners?|guest|intern|trainee|volunteer)"
)

_CALLED = (
    r"\b(?:(?:[Mm]y|[Hh]is|[Hh]er|[Tt]heir|[Ff]ull|[Ff]irst|[Ll]ast|[Ff]amily|[Ll]egal|[Pp]referred)\s+){1,2}(?:sur)?name"
    r"(?:\s+(?:is|was)|['’]s|:)?\s+|\b[Nn]ame(?:\s+is|['’]s)\s+"
)
_LABEL = (
    r"(?:^|[\n|;.,(\t]\s*|\s)(?:[Ff]ull\s)?(?:[Nn]ame|NAME|[Ii]nstructor|[Ll]ecturer|[Aa]uthor|[Cc]ontact(?:\sperson)?|[Ss]upervisor|[Tt]utor"
    r"|[Tt]eacher|[Ss]tudent|[Ff]rom|FROM|[Tt]o|TO|[Cc]c|CC|TA|[Pp]resenter|[Ss]peaker|[Ss]igned|[Ss]ignature|[Aa]ssignee|[Rr]eporter"
    r"|[Oo]wner|[Pp]ayee|[Aa]ttn|ATTN|[Gg]roup(?:\s\w+)?|[Tt]eam(?:\s\w+)?|[Mm]embers?|[Aa]bsent|[Pp]resent|[Cc]andidate|[Ee]xaminer|[Cc]hair|[Hh]ost"
    r"|[Mm]entor|[Aa]dvisor|[Nn]ote-?taker|[Ss]cribe|[Gg]rader|[Mm]arker|[Pp]roctor|[Ii]nvigilator|[Cc]onvenor)s?\s*[:：=–—-]\s*"
)
_GREETED = (
    r"\b(?:[Hh]i|[Hh]ello|[Hh]ey|[Hh]iya|[Dd]ear|[Ww]elcome|[Mm]orning|[Aa]fternoon|[Ee]vening|[Tt]hanks|[Tt]hank\s+you|[Tt]hx|[Cc]ongrat(?:s|ulations)"
    r"|[Ww]ell\s+done|[Ss]orry|[Bb]ye)(?:\s+(?:again|so\s+much|a\s+lot|to|there))?[,!]?\s+"
)
_BY = (
    r"\b(?:[Cc]ollected|[Gg]raded|[Mm]arked|[Ss]ubmitted|[Rr]ecorded|[Tt]aught|[Pp]repared|[Tt]ranscribed|[Aa]pproved|[Rr]eviewed|[Pp]osted"
    r"|[Aa]sked|[Ll]ed|[Cc]haired|[Ss]upervised|[Cc]hecked|[Ss]igned|[Rr]un|[Cc]overed|[Rr]eplaced|[Uu]ploaded)\s+(?:off\s+)?by\s+"
)
_ASKED = (
    r"\b(?:[Aa]sk(?:ed)?|[Tt]ell|[Tt]old|[Tt]hank(?:ed)?|[Rr]emind(?:ed)?|[Ii]nvited?|[Tt]ext(?:ed)?|[Pp]honed?|[Pp]aired?\s+(?:up\s+)?with"
    r"|[Ss]p(?:eak|oke)\s+(?:to|with)|[Ss]wap(?:ped)?\s+with|[Bb]orrow(?:ed)?\s+from|[Hh]eard\s+from|(?:[Rr]eply|[Cc]omment|[Mm]essage|[Ee]-?mail|[Nn]ote|[Qq]uestion|[Ff]eedback|[Aa]nnouncement|[Pp]ost|[Ll]etter|[Rr]equest)\s+(?:from|by)"
    r"|[Bb]elongs?\s+to|[Ss]hout-?out\s+to|[Oo]wned\s+by|[Pp]roperty\s+of|[Ll]end|[Aa]ttention|[Cc]are\s+of|c/o|[Bb]ehalf\s+of)\s+"
)
_MET = (
    r"\b(?:[Cc]ontact|[Ee]-?mail(?:ed)?|[Mm]essaged?|[Cc]all(?:ed)?|[Pp]ing(?:ed)?|[Mm]eet|[Mm]et|[Ss]ee|[Ff]ind|[Rr]each|[Nn]otify|[Ww]ork(?:ed|ing)?\s+with"
    r"|[Tt]alk(?:ed)?\s+to|[Gg]ive|[Gg]ave|[Ll]end|[Ss]end|[Ss]ent\s+to|[Bb]y|[Ff]rom|[Ww]ith|[Pp]uts|[Ff]or)\s+"
)
_I_AM = r"(?:\b[Ii]['’]?m|\bI\s+am|\b[Tt]his\s+is|\b[Ii]t['’]?s|\b[Ii]t\s+is)\s+"
_STRONG_BEFORE = re.compile(rf"(?:{_CALLED}|{_LABEL}|@)$")
_CLEAR_BEFORE = re.compile(rf"(?:{_GREETED}|{_BY}|\b{_ROLE}(?:\s*[:,–—(-]|\s+(?:is|was|are))?\s+(?:called\s+|named\s+)?)$")
_ASKED_BEFORE = re.compile(rf"(?:{_ASKED})$")
_WEAK_BEFORE = re.compile(rf"(?:{_I_AM})$")
_MET_BEFORE = re.compile(rf"(?:{_MET})$")
_SIGNED = re.compile(
    r"(?:(?:[Bb]est|[Kk]ind|[Ww]arm|[Mm]any|[Aa]ll\sthe)?\s?(?:[Rr]egards|[Ww]ishes|[Tt]hanks|[Cc]heers|[Ss]incerely|[Yy]ours(?:\s\w+)?|[Tt]hank\syou|[Bb]est|[Tt]ake\scare|[Ll]ove|[Rr]espectfully)[^\w]{1,3}\s*"
    r"|(?:^|[\n.!?…]\s*)[-–—~]{1,2}\s?)$"
)
_LINE_END = re.compile(r"\s*(?:$|\n|[,.;|(\ue000–—-])", re.MULTILINE)
_ARTICLE = re.compile(r"\b(?:[Tt]he|[Aa]n?|[Ee]ach|[Ee]very|[Tt]hese|[Tt]hose|[Nn]o)\s+$")
_PLACED = re.compile(r"\b(?:in|at|near|of|to|from|through|across|around|via|into|using|import)\s+$")
_SENTENCE_START = re.compile(r"(?:^|[.!?:…。！？“\"(\n•*#>-]\s*)$")
_ACTS = (
    r"\s+(?:(?:also|just|then|never|already|still|kindly|finally|has|had|have|will|would|did|is|was|may|can|could|should)\s+){0,2}"
    r"(?:ask(?:s|ed|ing)?|say(?:s|ing)?|said|wr(?:ote|ites|itten)|submit(?:s|ted)?|e?mail(?:s|ed|ing)?|answer(?:s|ed|ing)?|repl(?:ies|ied)|thinks|thought|suggest(?:s|ed)|point(?:s|ed)\s+out"
    r"|notice[ds]?|mention(?:s|ed)|explain(?:s|ed)?|present(?:s|ed|ing)?|miss(?:es|ed)|volunteer(?:s|ed)|join(?:s|ed|ing)?|grade[ds]?|mark(?:s|ed|ing)|forg[eo]t|raise[ds]|post(?:s|ed)|share[ds]?|hand(?:s|ed)|told|tells|left"
    r"|borrow(?:s|ed)|lent|tried|tries|used|uses|drew|computed|plugged|assumed|ended|kept|won|lost|broke|spilled|dropped|slept|came|went|sat|gave|made|makes|did|knows|knew|confirmed|promised|offered|agreed|objected|pointed|argued|added|corrected|caught|checked|ran|brought|arrived|collected|finished|started|worked|works|studies|studied|lives|upload(?:s|ed)|complain(?:s|ed)|apologi[sz]e[ds]|report(?:s|ed)|teach(?:es|ing)?|taught|call(?:s|ed)|phone[ds]|text(?:s|ed)|sent|sends|got|scored|passed|failed|enrol(?:l)?(?:s|ed)|register(?:s|ed)|attend(?:s|ed)?|absent|on leave|off sick|running late|out sick|away|wants|wanted|needs|leads|led|organi[sz]e[ds]|book(?:s|ed)|live[sd]|signed|chair(?:s|ed)|supervise[ds]|help(?:s|ed)\s+me|showed|shows\s+(?:me|us)|spotted|found|solved|derived|proved\s+it|fixed|typed|took|takes|agreed|agrees|claims|claimed|speaking|here|from\s+(?:the|your|our|my|section|group|class|room|tutorial))\b"
)
#: What only a person does, or a program; programs are among the words that are no names.
_SAYS = re.compile(r"\s+(?:(?:just|also|then|always)\s+)?(?:said|says|asked|asks|wrote|replied|goes,|goes:|was\s+like|emailed|texted|complained|apologi[sz]ed|volunteered|whispered|shouted|insisted|wondered)\b")
#: Words of history and science: who stands there is known for something.
_FAME = re.compile(
    r"\b(?:1[0-8]\d\d|19[0-6]\d)\b|\bcentury\b|\bBCE?\b|\bCE\b|\b(?:physicist|mathematician|philosopher|economist|chemist|biologist|astronomer|inventor|poet|novelist"
    r"|playwright|composer|painter|psychologist|sociologist|naturalist|statesman|emperor|king|queen|pope|saint|pharaoh|theologian|logician|statistician|geologist)s?\b"
    r"|\bdiscover(?:ed|y|er)|\binvent(?:ed|or|ion)\b|\bfound(?:ed|er)\b|\bpioneer(?:ed|s|ing)?\b|\bNobel\b|\bTuring Award\b|\btreatise\b|\b(?:novel|poem|sonnet|play|painting)s?\b|\btheory of\b"
)
_AUXILIARY = re.compile(r"\s+(?:will|won['’]t|would|has|had|is|was|isn['’]t|wasn['’]t|can|can['’]t|could|may|might|did|didn['’]t|does|doesn['’]t|gets?|got|by|next\s+to)\b")
_AFTER = re.compile(_ACTS)
_OWN_DATA = re.compile(
    r"\s*(?:[,(:;<–—|\t=-]|→|->|=>|['’]s)*\s*(?:\ue000|\(?(?:my\s+)?(?:QQ|WeChat|\d{8}|student\s+(?:number|no|id)|ID\b|matric|e-?mail|mobile|phone|tel|cell)\b)"
)
_POSSESSED = re.compile(
    r"['’]s?\s+(?:\w+\s+){0,1}(?:homework|assignment|notes?|slides?|question|answer|e-?mail|phone|number|office|laptop|notebook|solution|essay|report|presentation|project|lab|group|team|code|submission|draft|grade|mark|score|idea|comment|suggestion|point|tutorial|section|seminar|desk|room|birthday|mum|mom|dad|sister|brother|parents|account|handwriting|post|thread|reply|version|copy|work|thesis|talk|class|mistake)\b"
)
#: A run that ends so is a place, a building, a prize or a result.
_THINGS = word_set(
    "university college school institute academy hospital library hall hotel bank church cathedral station airport museum "
    "park street st road rd avenue ave lane square bridge river lake mount mountain island islands valley bay city town county state "
    "house tower building centre center lab laboratory theatre theater room court gardens garden field prize award medal lecture "
    "theorem lemma law laws principle equation equations formula series transform function functions method algorithm model constant effect "
    "rule test distribution inequality matrix number numbers set space group theory hypothesis conjecture paradox problem machine "
    "diagram curve cycle process point integral polynomial polynomials expansion approximation criterion condition conditions "
    "press journal review times post news magazine inc ltd llc corp corporation company foundation society association union "
    "committee department faculty office service software system systems project framework language edition book books "
    "day week festival cup league stadium club band award fund scholarship fellowship chair act treaty war empire dynasty "
    "palace castle gate hill hills forest beach coast desert canal harbour harbor telescope satellite mission comet crater "
    "unit scale cell bottle knot surface manifold sequence triangle circle line jar cage pump engine coil tube spring balance bell curve pendulum"
)
_CONCEPT_AFTER = re.compile(
    rf"(?:['’]s?)?\s+(?:{'|'.join(sorted(_THINGS - {'point', 'office', 'room', 'group', 'problem', 'lab', 'book', 'project', 'language', 'work'}))}|numerals?|coordinates?|mechanics|geometry|algebra|calculus|logic|statistics?|plot|chart|code|coding|decomposition|factori[sz]ation|elimination|sampling|prior|error|correction|ratio|motion|field|force|forces|radiation|scattering|shift|limit|sphere|lattice|zone|buffer|flask|burner|dish)\b"
)
_EXERCISE = re.compile(
    r"\b(?:how (?:many|much|far|long|fast|old|tall|high)|has|have|had|buys?|bought|sells?|sold|runs?|ran|walks?|walked|drives?|drove|rides?|rode|throws?|threw|drops?"
    r"|dropped|pushes|pulls|kicks|weighs|earns?|earned|pays?|paid|spends?|spent|saves?|bakes?|baked|eats?|ate|picks?|collects?|flips|rolls|tosses|draws|cycles|swims|travels|lends|invests?|owes|stands|climbs|jumps|lifts|cuts|paints|mows|reads?|plants?|gives|gave)\b[^.?!\n]{0,60}?\d|\b\d[\d,.]*\s+(?:apples|oranges|marbles|dollars|eggs|cookies|candies|pencils|books|stickers)\b",
    re.IGNORECASE,
)
#: Figures of exercises and protocols, in every textbook.
_FIGURES = word_set("alice bob carol charlie dave eve mallory trent peggy victor")


#: What stands before a name that somebody did not care to capitalise.
_LOWER_BEFORE = re.compile(
    r"(?:\b(?:hi|hey|hello|hiya|dear|thanks|thx|ty|cheers|im|i['’]m|i am|this is|it['’]s|its|name is|name['’]s|named|called|ask|asked|tell|told|from"
    r"|with|and|for|to|cc|by|regards|love|best|email|message|msg|text|ping|dm|see|find|sincerely|yours|said|prof|professor|dr|mr|mrs|ms|miss)[,:.!]?\s+"
    r"|@|[-–—~]\s?|^\s*)$",
    re.MULTILINE,
)
_LOWER_WORD = re.compile(rf"[{_LOWER}]{{3,}}")
#: The last words of all that may announce a name.
_ANNOUNCING = frozenset(re.findall(r"[a-z]{2,}", f"{_CALLED} {_LABEL} {_GREETED} {_BY} {_ASKED} {_MET} {_I_AM} {_ROLE}".casefold())) | _TITLES | word_set("am m s ta tas gta gtas")
_ENOUGH = 2.5


@dataclass(frozen=True)
class _Word:
    text: str
    start: int
    end: int

    @property
    def plain(self) -> str:
        """Return the word in lower case without accents, as the lists write it."""
        word = self.text.casefold().replace("’", "'")
        if word.isascii():
            return word
        return "".join(c for c in unicodedata.normalize("NFD", word) if not unicodedata.combining(c))

    @property
    def is_initial(self) -> bool:
        return self.text.endswith(".") or len(self.text) == 1


def find_english(text: str, allowed: Allowed, bare: bool) -> Iterator[Span]:
    """Yield spans of names, possibly overlapping; without `bare` only those that a trigger announces."""
    accepted: list[tuple[Span, float]] = []
    waiting: list[tuple[Span, float]] = []
    for match in _RUN.finditer(text):
        if " " not in match[0] and not _may_be_a_name(text, match[0].casefold(), *match.span()):
            continue
        if match.start() and _WORD_CHARACTER.match(text, match.start() - 1):
            continue
        for words in _name_runs(text, match):
            span = words[0].start, words[-1].end
            lexical = _weigh_words(words)
            if lexical < -2:
                continue
            context = _weigh_context(text, words)
            if allowed(text, *span, context >= 2) or allowed(text, *match.span(), True):
                continue
            if lexical + context >= _ENOUGH and (bare or context >= 1):
                accepted.append((span, lexical))
            elif lexical + context >= _ENOUGH - 2:
                waiting.append((span, lexical))
    yield from (span for span, _ in accepted)
    yield from _listed(text, [span for span, _ in accepted], [span for span, _ in waiting])
    yield from _lower_case(text, allowed)


_WORD_CHARACTER = re.compile(r"[A-Za-z0-9_]")
_MAYBE = MAYBE_GIVEN | SURNAMES


def _may_be_a_name(text: str, plain: str, start: int, end: int) -> bool:
    """Pass over most single words: on no list of names, or a word too, and nothing near that tells a name."""
    plain = plain.removesuffix("'s").removesuffix("’s")
    if plain in NOT_NAMES or plain in _TITLES:
        return False
    if plain in GIVEN or not plain.isascii() or "-" in plain or "." in plain:
        return True
    acts = (_AFTER, _POSSESSED, _OWN_DATA) if plain in _MAYBE or is_pinyin_given(plain) else (_OWN_DATA,)
    return any(pattern.match(text, end) for pattern in acts) or _may_be_announced(text, start, end)


def _may_be_announced(text: str, start: int, end: int) -> bool:
    """Spare most capitalised words a closer look: what is no known name needs a word right before it."""
    before = text[max(0, start - 20) : start].rstrip(" \u00a0")
    word = _LAST_WORD.search(before.rstrip("."))
    if before.endswith(".") and word and word[0].casefold() in _TITLES:
        return True
    if not before or before[-1] in ".!?。！？*#|>":
        return False
    return word is None or word[0].casefold() in _ANNOUNCING or _SAYS.match(text, end) is not None


_LAST_WORD = re.compile(r"[A-Za-z]+$")


def is_english_name(text: str) -> bool:
    """Tell whether a text is nothing but a full English name."""
    match = _RUN.fullmatch(text)
    if match is None:
        return False
    runs = list(_name_runs(text, match))
    return len(runs) == 1 and len(runs[0]) > 1 and (runs[0][0].start, runs[0][-1].end) == (0, len(text))


def _name_runs(text: str, match: re.Match[str]) -> Iterator[list[_Word]]:
    """Cut a run of capitalised words where a word stands that is no part of a name."""
    run: list[_Word] = []
    tokens = [_Word(t[0], *t.span()) for t in _TOKEN.finditer(text, match.start(), match.end())]
    for place, word in enumerate(tokens):
        plain = word.plain.removesuffix("'s")
        following = tokens[place + 1].plain if place + 1 < len(tokens) else ""
        first_name = plain in MAYBE_GIVEN and following and following not in NOT_NAMES and not run
        if (plain in NOT_NAMES and not first_name) or plain.rstrip(".") in _TITLES:
            yield from _trimmed(text, run)
            run = []
        else:
            run.append(word)
    yield from _trimmed(text, run)


def _trimmed(text: str, run: list[_Word]) -> Iterator[list[_Word]]:
    """Yield a run without particles and initials that end it, and without the verb that begins a sentence."""
    while run and (run[-1].text[0].islower() or (len(run) == 1 and run[-1].is_initial)):
        run = run[:-1]
    while run and run[0].text[0].islower():
        run = run[1:]
    if not run:
        return
    if len(run) > 1 and not _is_listed(run[0]) and _is_known(run[1]) and _starts_sentence(text, run[0].start):
        if not (run[1].plain in SURNAMES and run[1].plain not in GIVEN and len(run) == 2 and _looks_foreign(run[0])):
            run = run[1:]
    last = run[-1]
    if last.text.endswith(("'s", "’s")):
        run = [*run[:-1], _Word(last.text[:-2], last.start, last.end - 2)]
    yield run


def _looks_foreign(word: _Word) -> bool:
    return is_pinyin_given(word.plain) or any(ord(letter) > 127 for letter in word.text)


def _is_listed(word: _Word) -> bool:
    plain = word.plain
    return plain in GIVEN or plain in MAYBE_GIVEN or plain in SURNAMES or is_pinyin_surname(plain) or word.is_initial


def _is_known(word: _Word) -> bool:
    return _is_listed(word) or is_pinyin_given(word.plain)


def _starts_sentence(text: str, start: int) -> bool:
    return _SENTENCE_START.search(text, max(0, start - 4), start) is not None


def _weigh_words(words: list[_Word]) -> float:
    """Weigh a run by the lists alone."""
    plain = [word.plain for word in words if not word.text[0].islower()]
    parts = [set(word.split("-")) | {word} for word in plain]
    if plain[-1] in _THINGS and len(plain) > 1:
        in_both = plain[-1] in SURNAMES and (parts[0] & GIVEN or parts[0] & MAYBE_GIVEN)
        return (2.5 if parts[0] & GIVEN else 1.75) if in_both and len(plain) == 2 else -5.0
    if len(plain) == 1:
        return _weigh_single(plain[0], parts[0])
    if is_pinyin_name(plain) or (plain[0] in _VIETNAMESE and all(len(word) <= 6 for word in plain) and len(plain) > 2):
        return 3.5
    if words[0].is_initial or words[-1].is_initial:
        others = [word.plain for word in words if not word.is_initial and not word.text[0].islower()]
        if words[0].plain in _ABBREVIATIONS:
            return -2.0
        return 2.75 if any(_is_surname(w) or w in GIVEN for w in others) else 2.0
    first, last = parts[0], parts[-1]
    surname = _is_surname(plain[-1])
    if any(word.text[0].islower() for word in words[1:-1]):
        return 3.5 if surname or (first & GIVEN or first & MAYBE_GIVEN) else 2.0
    if first & GIVEN:
        return 4.0 if surname else 3.25
    if first & MAYBE_GIVEN:
        return 3.25 if surname else 1.5
    if last & GIVEN and (first & SURNAMES or is_pinyin_surname(plain[0])):
        return 3.0
    if "-" in plain[-1] + plain[0] and (surname or first & SURNAMES):
        return 3.0
    if is_pinyin_given(plain[0]) and surname:
        return 3.0
    return 1.75 if surname or last & GIVEN else 0.75


_VIETNAMESE = word_set("nguyen tran le pham huynh hoang phan vu vo dang bui do ho ngo duong ly dinh truong")


def _is_surname(word: str) -> bool:
    return (
        word in SURNAMES
        or is_pinyin_surname(word)
        or not SURNAMES.isdisjoint(word.split("-"))
        or (len(word) >= 6 and _ENDS_LIKE_A_SURNAME.search(word) is not None)
    )


_ENDS_LIKE_A_SURNAME = re.compile(
    r"(?:ova|eva|enko|ski|ska|sky|skaya|wicz|vich|vić|vic|poulos|idis|akis|shvili|escu|sson|ssen|nen|murthy|swamy|nathan|rajan|kumar"
    r"|zadeh|oglu|mann|stein|baum|feld|strom|qvist|quist|gren|worth|thwaite|wright|smith|bury|kova|ević|ović|ez|eau|elli|etti|ucci|ardi|inho|eira)$"
)
_ABBREVIATIONS = word_set("u.s. u.k. u.n. p.s. e.g. i.e. p.m. a.m. q.e.d. d.c. l.a. n.b. u.s.a. s. n. e. w. c. no. vs.") - {"s.", "n.", "e.", "w.", "c."}


def _weigh_single(word: str, parts: set[str]) -> float:
    if word in _FIGURES:
        return 0.5
    if word in SHARED:
        return -0.5
    if parts & GIVEN:
        return 2.5
    if is_pinyin_given(word):
        return 1.25
    return 1.0 if not _MAYBE.isdisjoint(parts) or is_pinyin_surname(word) else 0.0


def _weigh_context(text: str, words: list[_Word]) -> float:
    """Weigh what stands before and behind a run."""
    start, end = words[0].start, words[-1].end
    before = text[max(0, start - 48) : start]
    single = len(words) == 1
    weight = _weigh_before(text, before, start, end)
    if weight < 2 and _FAME.search(_sentence(text, start, end)):
        weight -= 2.0
    if _SAYS.match(text, end) and (_is_known(words[0]) or not _starts_sentence(text, start)):
        weight += 2.5
    elif _AFTER.match(text, end):
        weight += 1.5 if not single or _is_known(words[0]) or not _starts_sentence(text, start) else 0.5
    elif not single and _AUXILIARY.match(text, end):
        weight += 1.0
    if _OWN_DATA.match(text, end):
        weight += 1.75
    if _POSSESSED.match(text, end):
        weight += 1.75
    elif _CONCEPT_AFTER.match(text, end):
        weight -= 3.0
    if single and _EXERCISE.search(_sentence(text, start, end)):
        weight -= 1.5
    return weight


def _weigh_before(text: str, before: str, start: int, end: int) -> float:
    if _is_titled(before):
        return 3.5
    if _STRONG_BEFORE.search(before):
        return 2.5
    if _SIGNED.search(before) and _LINE_END.match(text, end):
        return 2.5
    if _CLEAR_BEFORE.search(before):
        return 2.0
    if _ASKED_BEFORE.search(before):
        return 2.5
    if _WEAK_BEFORE.search(before):
        return 1.25
    if _MET_BEFORE.search(before):
        return 0.75
    if _ARTICLE.search(before):
        return -2.5
    if before.endswith(" of ") and start + 24 > end:
        return -1.0
    if _PLACED.search(before) and text[start:end].casefold() not in GIVEN:
        return -0.5
    return 0.0


def _is_titled(before: str) -> bool:
    title = re.search(r"([A-Za-z]+)\.?[ \u00a0]$", before)
    return title is not None and title[1][0].isupper() and title[1].casefold() in _TITLES


def _sentence(text: str, start: int, end: int) -> str:
    """Return the sentence around a place, at most 120 characters to each side."""
    left = max(text.rfind(mark, max(0, start - 120), start) for mark in (". ", "! ", "? ", "\n"))
    rights = [p for mark in (". ", "! ", "\n") if (p := text.find(mark, end, end + 120)) >= 0]
    return text[max(left + 1, start - 120) : min(rights, default=end + 120)]


_SEPARATOR = re.compile(r"\s*(?:,|;|/|&|、)?\s*(?:(?:and|or|和|与|及)\s+)?")


def _listed(text: str, accepted: list[Span], waiting: list[Span]) -> Iterator[Span]:
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


def _lower_case(text: str, allowed: Allowed) -> Iterator[Span]:
    """Yield names without a capital in a greeting or a signature: "hi im ella"."""
    for word in sorted(_LOWER_GIVEN.intersection(_LOWER_WORD.findall(text))):
        for match in re.finditer(rf"{word}(?![\w@])", text):
            if not _LOWER_BEFORE.search(text[max(0, match.start() - 20) : match.start()]):
                continue
            surname = re.match(rf"\s([{_LOWER}]{{2,}})(?!\w)", text[match.end() : match.end() + 20])
            known = surname is not None and surname[1] in SURNAMES and surname[1] not in NOT_NAMES
            span = match.start(), match.end() + (surname.end() if surname and known else 0)
            if not allowed(text, *span, True):
                yield span


#: Given names that are no English word in lower case.
_LOWER_GIVEN = GIVEN - word_set("will mark bill jack tony dale josh mike art rob sue ray guy don pat nick dean")
