"""What stands around a name in English: the words that announce it, and those that speak against it.

Phrases are looked up whole, which costs the same for ten of them and for a thousand.
"""

from __future__ import annotations

import re

from ta_pipeline.text.wordlists import word_set


def _phrases(text: str) -> frozenset[str]:
    """Return the phrases between commas."""
    return frozenset(" ".join(phrase.split()) for phrase in text.split(","))


def _weighed(*cues: tuple[frozenset[str], float]) -> dict[str, float]:
    """Return the weight of each phrase; of two weights the first counts."""
    return {phrase: weight for phrases, weight in reversed(cues) for phrase in phrases}


TITLES = word_set(
    """
    dr doctor prof professor mr mrs ms miss mx sir madam dame rev reverend fr sister brother coach nurse
    captain
    principal headmaster headmistress aunt uncle dean provost chancellor
    """
)
#: What people are to a course and to each other.
_ROLES = _phrases(
    """
    student, students, classmate, classmates, ta, tas, gta, gtas, tutor, tutors, teacher, lecturer,
    instructor, advisor, adviser, supervisor, roommate, flatmate, housemate, partner, teammate, teammates,
    team-mate, team lead, team leader, friend, friends, colleague, colleagues, coordinator, assistant,
    assistants, grader, graders, marker, markers, mentor, mentee, demonstrator, convenor, convener,
    invigilator, invigilators, proctor, examiner, librarian, secretary, treasurer, president, captain,
    representative, rep, presenter, speaker, moderator, organiser, organizer, author, co-author, contact,
    nurse, technician, warden, porter, registrar, administrator, admin, son, daughter, brother, sister,
    mother, father, mum, mom, dad, husband, wife, cousin, uncle, aunt, nephew, niece, neighbour, neighbor,
    guardian, named, called, nickname, nicknamed, candidate, applicant, recipient, payee, cardholder,
    account holder, holder, winner, winners, guest, intern, trainee, volunteer
    """
)
#: What forms, letters and rosters put before a colon.
_LABELS = _phrases(
    """
    name, full name, instructor, lecturer, author, contact, contact person, supervisor, tutor, teacher,
    student, from, to, cc, ta, tas, presenter, speaker, signed, signature, assignee, reporter, owner,
    payee, attn, group, team, member, members, absent, present, candidate, candidates, examiner, chair,
    host, mentor, advisor, note-taker, scribe, grader, marker, proctor, invigilator, invigilators,
    reviewer, reviewers, editor, organiser, organizer, coordinator, helper, helpers, volunteer,
    submitted by, written by,    prepared by, checked by, approved by,
    convenor, preferred name, legal name, surname, given name,
    first name, last name, family name
    """
)
_GREETINGS = _phrases(
    """
    hi, hello, hey, hiya, dear, welcome, morning, afternoon, evening, thanks, thank you, thx, congrats,
    congratulations, well done, sorry, bye, hi there, hello there, hey there, thanks again, thanks so
    much, thanks a lot, thanks to, thank you so much, thank you to, congrats to, congratulations to,
    welcome to, well done to, good morning, good afternoon, good evening
    """
)
#: Behind these, "by" names somebody of the course.
_DONE_BY = _phrases(
    """
    collected, graded, marked, submitted, recorded, taught, prepared, transcribed, approved, reviewed,
    posted, asked, led, chaired, supervised, checked, signed, signed off, run, covered, replaced, uploaded
    """
)
#: One does so with a person and with nothing else.
_TALKED_TO = _phrases(
    """
    ask, asked, tell, told, thank, thanked, remind, reminded, invite, invited, text, texted, phone,
    phoned, paired with, paired up with, speak to, speak with, spoke to, spoke with, swap with, swapped
    with, borrow from, borrowed from, heard from, belongs to, belong to, shout-out to, shoutout to, owned
    by, property of, lend, attention, care of, c/o, behalf of, reply from, comment from, comment by,
    message from, e-mail from, email from, note from, question from, question by, feedback from,
    announcement from, post by, post from, letter from, request from
    """
)
#: One does so with persons, and with offices and things.
_MET = _phrases(
    """
    contact, email, emailed, e-mail, message, messaged, call, called, ping, pinged, meet, met, see, find,
    reach, notify, work with, worked with, working with, talk to, talked to, give, gave, send, sent to,
    by, from, with, puts, for
    """
)
_CALLED = frozenset(
    f"{name} {verb}".strip()
    for name in ("name", "full name", "first name", "last name", "surname", "family name", "legal name")
    for verb in ("is", "was")
) | {"name's", "called", "named", "i go by"}
#: In a transcript these stand before what is said.
_SPEAKERS = _phrases(
    "student, students, teacher, instructor, lecturer, professor, speaker, host, presenter, ta, tutor, q, a"
)
_SAID_TO_BE = _phrases("i'm, im, i am, this is, it's, its, it is")
_ARTICLES = _phrases("the, a, an, each, every, these, those, no")
_PLACES = _phrases("in, at, near, of, to, through, across, around, via, into, using, import")

#: Weights of what stands right before a name, by what lies between: white space, a colon or dash, a comma.
BEFORE = _weighed(
    (_CALLED | _TALKED_TO, 2.5),
    (_GREETINGS | _ROLES | {f"{done} by" for done in _DONE_BY}, 2.0),
    (frozenset(f"{role} {verb}" for role in _ROLES for verb in ("is", "was", "are", "called", "named")), 2.0),
    (_SAID_TO_BE, 1.25),
    (_MET, 0.75),
    (_ARTICLES, -2.5),
    (frozenset({"of"}), -1.0),
    (_PLACES, -0.5),
)
BEFORE_COLON = _weighed((_SPEAKERS, 1.5), (_LABELS, 2.5), (_ROLES, 2.0))
BEFORE_COMMA = _weighed((_GREETINGS | _ROLES, 2.0))
#: Words of the longest of these phrases.
LONGEST = 4
LAST_WORDS = frozenset(
    phrase.rpartition(" ")[2] for table in (BEFORE, BEFORE_COLON, BEFORE_COMMA) for phrase in table
)
#: "Group 3: …" and "Team B: …"
NUMBERED = _phrases("group, team, table, pair, bench")
#: A letter ends so, and on the next line or behind a comma stands who wrote it.
SIGNED = re.compile(
    r"(?P<closing>\b(?:[Rr]egards|[Ww]ishes|[Tt]hanks|[Cc]heers|[Ss]incerely|[Yy]ours(?:\s\w+)?|[Tt]hank\syou|[Bb]est"
    r"|[Tt]ake\scare|[Ll]ove|[Rr]espectfully)[^\w]{1,3}\s*)$|(?:^|[\n.!?…]\s*)[-–—~]{1,2}\s?$"
)
LINE_END = re.compile(r"\s*(?:$|\n|[,.;|(\ue000–—-])", re.MULTILINE)
#: Where a row of a roster begins.
ROW_START = re.compile(r"(?:^|[;:|\n\t•*/-]\s*|\d[.)]?\s)$")
SENTENCE_START = re.compile(r"(?:^|[.!?:…。！？“\"(\n•*#>-]\s*)$")

ADVERBS = word_set(
    "also just then never always already still kindly finally has had have will would did is was may can "
    "could should"
)
#: What only a person does, or a program; programs are among the words that are no names.
SAYS = _phrases(
    """
    said, says, asked, asks, wrote, replied, goes, was like, emailed, texted, complained, apologised,
    apologized, volunteered, whispered, shouted, insisted, wondered
    """
)
#: What people do in a course.
ACTS = _phrases(
    """
    asking, saying, writes, written, submit, submits, submitted, email, emails, emailing, answer, answers,
    answered, replies, thinks, thought, suggests, suggested, points out, pointed out, notice, noticed,
    mentions, mentioned, explain, explains, explained, present, presents, presented, presenting, misses,
    missed, joins, joined, join, grade, grades, graded, marks, marked, marking, forgot, raises, raised,
    posts, posted, shares, shared, hands, handed, told, tells, left, borrows, borrowed, lent, uploads,
    uploaded, reports, reported, teaches, taught, teaching, calls, called, phoned, sends, sent, got,
    scored, passed, failed, enrolled, registered, attend, attends, attended, absent, on leave, off sick,
    running late, away, wants, wanted, needs, leads, led, organises, organised, organized, books, booked,
    lives, lived, signed, chairs, chaired, supervises, helps me, helped me, showed, shows me, shows us,
    spotted, found, solved, derived, proved it, fixed, typed, took, takes, agrees, agreed, claims,
    claimed, speaking, here, from the, from your, from our, from my, from section, from group, from class,
    from room, from tutorial, tried, tries, used, uses, drew, computed, plugged, assumed, ended, kept,
    won, lost, broke, spilled, dropped, slept, came, went, sat, gave, made, makes, did, knows, knew,
    confirmed, promised, offered, objected, pointed, argued, added, corrected, caught, checked, ran,
    brought, arrived, collected, finished, started, worked, works, studies, studied
    """
)
HELPS_A_VERB = _phrases(
    """
    will, won't, would, has, had, is, was, isn't, wasn't, can, can't, could, may, might, did, didn't,
    does, doesn't, get, gets, got, by, next to
    """
)
#: Contact data, masked or labelled, stands right behind the person it belongs to.
OWN_DATA = re.compile(
    r"\s*(?:[,(:;<–—|\t=-]|→|->|=>|['’]s)*\s*(?:\ue000|\(?(?:my\s+)?(?:QQ|WeChat|\d{8}|student\s+(?:number"
    r"|no|id)|ID\b|matric"
    r"|e-?mail|mobile|phone|tel|cell)\b)"
)
POSSESSED = re.compile(r"['’]s?\s+(\w[\w-]*)(?:\s+(\w[\w-]*))?")
#: What somebody of a course has.
BELONGINGS = word_set(
    """
    homework assignment notes note slides slide question answer email e-mail phone number office laptop
    notebook solution essay report presentation project lab group team code submission draft grade mark
    score idea comment suggestion point tutorial section seminar desk room birthday mum mom dad sister
    brother parents account handwriting post thread reply version copy work thesis talk class mistake
    """
)
#: A run that ends so is a place, a building, a prize or a result.
THINGS = word_set(
    """
    university college school institute academy hospital library hall hotel bank church cathedral station
    airport museum park
    street st road rd avenue ave lane square bridge river lake mount mountain island islands valley bay
    city town county state
    house tower building centre center lab laboratory theatre theater room court gardens garden field prize
    award medal
    lecture theorem lemma law laws principle equation equations formula series transform function functions
    method algorithm
    model constant effect rule test distribution inequality matrix number numbers set space group theory
    hypothesis conjecture
    paradox problem machine diagram curve cycle process point integral polynomial polynomials expansion
    approximation criterion
    condition conditions press journal review times post news magazine inc ltd llc corp corporation company
    foundation society
    association union committee department faculty office service software system systems project framework
    language edition
    book books day week festival cup league stadium club band fund scholarship fellowship chair act treaty
    war empire dynasty
    palace castle gate hill hills forest beach coast desert canal harbour harbor telescope satellite
    mission comet crater unit
    scale cell bottle knot surface manifold sequence triangle circle line jar cage pump engine coil tube
    spring balance bell
    pendulum
    """
)
#: Behind a family name these make the two a result: "Jordan curve", "Taylor's theorem".
CONCEPTS = (THINGS - word_set("point office room group problem lab book project language")) | word_set(
    """
    numeral numerals coordinate coordinates mechanics geometry algebra calculus logic statistic statistics
    plot chart code coding
    decomposition factorisation factorization elimination sampling prior error correction ratio motion
    force forces radiation
    scattering shift limit sphere lattice zone buffer flask burner dish
    """
)
#: What a famous reagent is called; "Priya's solution" is somebody's homework.
REAGENT = re.compile(
    "(?:benedict|fehling|tollens|barfoed|ringer|lugol|nessler|hank|earle|locke|dakin|lucas|schiff|biuret)"
    r"(?:['’]?s?['’]?)?\s+(?:solution|reagent|test|stain)s?\b",
    re.IGNORECASE,
)
#: Behind the name of a ruler: "Louis XIV", "Elizabeth I ruled".
REGNAL = re.compile(
    r"\sthe\s[A-Z][a-z]+|\s(?:[IVX]{2,5}|[IVX](?=\s(?:of|ruled|reigned|was|and)\b|[,.]))(?![A-Za-z])"
)
#: Somebody is spoken to at the beginning of a sentence: "Xiaofeng, could you …".
ADDRESSED = re.compile(
    r"[,!]\s+(?:could|can|would|will|please|do|did|are|have|your|you(?!th)|you['’]\w+|come"
    r"|thank(?:s| you)|well done|nice|good)\b"
)
CONCEPT_BEHIND = re.compile(r"(?:['’]s?)?\s+([a-z]+)\b")
#: Words of history and science: who stands there is known for something.
FAME = re.compile(
    r"\b(?:1[0-8]\d\d|19[0-6]\d)\b|\b(?:century|BCE?|CE|Nobel|Turing Award|treatise)\b"
    r"|\b(?:physicist|mathematician|philosopher|economist|chemist|biologist|astronomer|inventor|poet"
    r"|novelist|playwright|composer"
    r"|painter|psychologist|sociologist|naturalist|statesman|emperor|king|queen|pope|saint|pharaoh"
    r"|theologian|logician"
    r"|statistician|geologist)s?\b"
    r"|\b(?:discover(?:ed|y|er)|invent(?:ed|or|ion)|found(?:ed|er)|pioneer(?:ed|s|ing)?|(?:novel|poem"
    r"|sonnet|painting)s?|reign(?:s|ed)?|ruled|throne|crowned)\b|['’]s plays?\b"
    r"|\btheory of\b|《|\b(?:Press|[Ee]dition|[Tt]extbook|Fundamentals of|Introduction to|Principles of"
    r"|et al)\b"
)
#: Exercises have figures who buy apples and ride bicycles; they are nobody.
EXERCISE = re.compile(
    r"\b(?:how (?:many|much|far|long|fast|old|tall|high)|has|have|had|buys?|bought|sells?|sold|runs?|ran"
    r"|walks?|walked|drives?|drove"
    r"|rides?|rode|throws?|threw|drops?|dropped|pushes|pulls|kicks|weighs|earns?|earned|pays?|paid|spends?"
    r"|spent|saves?|bakes?"
    r"|baked|eats?|ate|picks?|collects?|flips|rolls|tosses|draws|cycles|swims|travels|lends|invests?|owes"
    r"|stands|climbs|jumps|lifts"
    r"|cuts|paints|mows|reads?|plants?|gives|gave)\b[^.?!\n]{0,60}?\d"
    r"|\b\d[\d,.]*\s+(?:apples|oranges|marbles|dollars|eggs|cookies|candies|pencils|books|stickers)\b",
    re.IGNORECASE,
)
#: What stands before a name that somebody did not care to capitalise.
LOWER_BEFORE = re.compile(
    r"(?:\b(?:hi|hey|hello|hiya|dear|thanks|thx|ty|cheers|im|i['’]m|i am|this is|it['’]s|its|name is"
    r"|name['’]s|named|called|ask"
    r"|asked|tell|told|from|with|and|for|to|cc|by|regards|love|best|email|message|msg|text|ping|dm|see|find"
    r"|sincerely|yours|said"
    r"|prof|professor|dr|mr|mrs|ms|miss)[,:.!]?\s+|@|[-–—~]\s?|^\s*)$",
    re.MULTILINE,
)
