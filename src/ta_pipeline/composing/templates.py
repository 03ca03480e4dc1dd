"""Rows that rules make from the course's own text: six families of questions with their answers.

answer (what is X), extract (key points), locate (when was it said), summarise, make_questions, format
(JSON, bullets, length). A rule only takes sentences that stand on their own; what it cannot use it
leaves. At most `rows_per_chunk` rows are taken from one chunk, the families in turn.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from math import log
from random import Random
from typing import Any

from ta_pipeline.composing.contexts import Contexts
from ta_pipeline.composing.dialogues import SOLUTION, Grounded
from ta_pipeline.composing.passages import Material, Window, columns, has_mask, window_over
from ta_pipeline.composing.rows import ChunkFinder, Row, ask, cite, make_row
from ta_pipeline.composing.similarity import normalise
from ta_pipeline.composing.wordings import ANSWER_KEYS, KEYS, QUESTIONS, SAID

#: Columns of a sentence that answers a question: shorter says nothing, longer is no sentence or two.
_SHORTEST, _LONGEST = 24, 260
_SHORTEST_POINT = 10
#: The same of the line that announces a list.
_LONGEST_LEAD = 60
_STYLE = ("summarise", "make_questions", "format")
#: Families about one passage alone are asked with that passage alone: cheaper, and nothing to choose.
_ALONE = ("summarise", "make_questions")

_IMAGE = re.compile(r"!\[[^\]]*\]\([^)]*\)")
_LINK = re.compile(r"\[([^\]]+)\]\([^)]*\)")
_NUMBERING = re.compile(r"^(?:[一二三四五六七八九十]+、|\d+(?:\.\d+)*[.)、]?\s+|§\s*\d+\s*)")
_TASK = re.compile(
    r"^(?:题目|解答|习题|练习|Problem|Solution|Exercise|Challenge|Prerequisites|Episode|Callout|Objectives"
    r"|Questions|Discussion|Hint|Checklist)|(?:作业|Homework)$",
    re.IGNORECASE,
)
_NO_TOPIC = re.compile(
    r"^(?:例题|小结|第.{1,3}讲|Worked example|Example|Key ?points?|Summary|Lecture \d)", re.IGNORECASE
)
_BULLET = re.compile(r"^\s*(?:[-*+]|\d+[.)])\s+")
_EMPHASIS = re.compile(r"(?<![A-Za-z0-9_*])(\*{1,2})(?![\s*])([^*\n]+?)\1(?!\*)")
#: "牛顿指出" and "指向" say of nothing what it is.
_MEANS = "(?:是指|指的是|是(?!否)|指(?![出向明示导数针标定]))"
_DEFINED = {
    "zh": re.compile(r"^\*\*(?P<term>[^*，。]{2,16})\*\*(?:（[^）]*）)?" + _MEANS),
    "en": re.compile(
        r"^(?:(?P<article>An?|The)\s+)?\*\*(?P<term>[^*]{2,40})\*\*(?:\s*\([^)]*\))?\s+"
        r"(?:is|are|means|states|says)\b"
    ),
}
#: The same without bold type: "A list is a …", "`data.shape` is an …", "切片是一种……".
_PLAIN_DEFINED = {
    "zh": re.compile(r"^(?P<term>[\u4e00-\u9fffA-Za-z`]{2,10}?)(?:是指|指的是|是一种|是一个|是一类)"),
    "en": re.compile(
        r"^(?!(?:The|What|One|Some|Any|Another|Every|All|Because|If|When|Where|Whether|Although|Though|Unless|Until|After|Before"
        r"|For|With|By|At|In|On|Only|Not|No|What|How|Why|Who)\b)(?:(?P<article>An?)\s+)?"
        r"(?P<term>`[^`]{2,30}`|[A-Za-z][a-z-]+(?: [a-z-]+)?)\s+(?:is|means)\s+(?:an?|the(?! same\b))\s"
    ),
}
#: "To create a string, we add …" answers "How do we create a string?".
_HOW_TO = {
    "zh": re.compile(r"^(?:要(?!是|不是|不然)|为了|若要|如果要|想要)(?P<goal>[^，。]{3,25})，"),
    "en": re.compile(
        r"^To (?P<goal>(?![^,]*\b(?:this|that|so|it|them)\b)[a-z][^,.]{5,70}), "
        r"(?:we|you|Python|use|one|add)\b"
    ),
}
_AFTER_IS = re.compile(rf"^.{{2,60}}?(?:{_MEANS}|\sis\s|\sare\s|\smeans\s|\sstates that\s)(.+)$")
#: Sentences that lean on what stood before them, or talk about the text and its reader.
_LEANING = re.compile(
    r"^\W*(?:Hint|提示)|^(?:这|那|它|他|她|其|此|上述|因此|所以|于是|但|而|不过|可见|由此|同样|例如|比如|如图|下表|下图|解|首先"
    r"|其次|然后|另外|也|又|再|即|我们|接下来|现在|请|试|写出|计算|求|证明"
    r"|(?:This|That|These|Those|It|They|He|She|Its|Their|Here|There|Thus|Therefore|Hence|So|But|And|However"
    r"|For example|For instance|In this|In that|In the (?:example|case|output|code)|Also|Then|Now|Next"
    r"|Instead|Similarly|Such|Both|Each|Let|We|You|Our|Your|I|Again|Note|See|Which"
    r"|The (?:same|table|output|above|following|result|last|first)|Worked example"
    r"|As (?:we|you|an?|before|part)|Once|From now|While|Since|Sometimes|Separately|Using|Just|Moreover"
    r"|Finally|Lastly|First|Second|Below|Above|Remember|Recall|By default|In other words|Write|Modify"
    r"|Create|Read|Run|Take|Revise|Try|Fix|Change|Compare|Explain|Find|Rewrite|Consider|Calculate|Show"
    r"|Test)\b)"
)
#: A spoken cue that begins so is a reply, a count or a courtesy, nothing to look for.
_CHATTER = re.compile(
    r"^(?:好|嗯|对|哎|来|行|啊|是的|没错|学生|我是|谢谢|下课|同学们|大家好|ok|okay|right|yes|no\b|um|well"
    r"|student|good|thank|hello|i'm|my name)",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Opening:
    """How a section's lead is told: among how many of its first sentences, and what share of it it names."""

    sentences: int
    names: float


STRICT = Opening(2, 0.5)
#: Where nobody asked anything the rules have to give more.
WIDE = Opening(4, 0.34)


@dataclass(frozen=True)
class Made:
    """A question and answer that a rule made, with the units (first, last) the answer stands in."""

    family: str
    question: str
    answer: str
    material: Material
    first: int
    last: int
    document_id: str


@dataclass(frozen=True)
class Definition:
    """A sentence that says what a term is; `term` has its article, as a question needs it."""

    term: str
    sentence: str
    place: int


def askable(
    materials: Sequence[Material], chars: int, seed: int, opening: Opening = STRICT
) -> list[Grounded]:
    """Give the rules' own questions with their passages, for where students asked too few."""
    return [
        Grounded(
            document_id=row.document_id,
            rule="template:answer",
            language=row.material.language,
            question=row.question,
            answer=row.answer,
            history=(),
            gold=window_over(row.material, row.first, row.last, chars),
        )
        for material in materials
        for row in made_from(material, seed, opening)
        if row.family == "answer"
    ]


@dataclass(frozen=True)
class TemplateShape:
    """What template rows are made by: families, how many a chunk, the size of a passage, the leads."""

    families: Sequence[str]
    per_chunk: int
    chars: int
    seed: int
    opening: Opening = STRICT


def plain(text: str) -> str:
    """Take Markdown's bullets, emphasis, images, link targets and line breaks off a sentence."""
    bare = _EMPHASIS.sub(r"\2", _LINK.sub(r"\1", _IMAGE.sub("", _BULLET.sub("", text))))
    return " ".join(bare.split())


def definitions(material: Material) -> list[Definition]:
    """Find the sentences that say what a term is."""
    language = material.language
    found: list[Definition] = []
    for place, unit in enumerate(material.units):
        sentence = plain(unit.text)
        match = _DEFINED[language].match(unit.text.strip()) or _PLAIN_DEFINED[language].match(sentence)
        if match and _answers(sentence):
            article = (match.groupdict().get("article") or "").lower()
            term = f"{article} {_in_a_sentence(plain(match['term']))}".strip()
            found.append(Definition(term, sentence, place))
    return found


def how_tos(material: Material) -> list[tuple[str, str, int]]:
    """Find (goal, sentence, place) of the sentences that say how a goal is reached."""
    sentences = [(plain(unit.text), place) for place, unit in enumerate(material.units)]
    matches = [(_HOW_TO[material.language].match(sentence), sentence, place) for sentence, place in sentences]
    return [
        (match["goal"], sentence, place) for match, sentence, place in matches if match and _answers(sentence)
    ]


def _in_a_sentence(term: str) -> str:
    """Write "Weight" as it stands within a question; "Newton's first law" keeps its capital."""
    first = term.split(maxsplit=1)[0]
    named = "'s" in first or "’s" in first or any(character.isupper() for character in first[1:])
    return term if named else term[0].lower() + term[1:]


def leads(material: Material, within: Opening = STRICT) -> list[tuple[str, str, int]]:
    """Find (topic, sentence, place) of each section: an opening sentence that names it and stands alone."""
    found: dict[str, tuple[str, str, int]] = {}
    opening: Counter[str] = Counter()
    for place, unit in enumerate(material.units):
        topic, sentence = topic_of(unit.heading), plain(unit.text)
        opening[unit.heading] += 1
        usable = opening[unit.heading] <= within.sentences and topic not in ("", material.title)
        if not usable or unit.heading in found or not _answers(sentence):
            continue
        if _share_named(sentence, topic) >= within.names:
            found[unit.heading] = (topic, sentence, place)
    return list(found.values())


def _share_named(sentence: str, topic: str) -> float:
    """Return how many of the character pairs of a topic a sentence holds, as a share."""
    said, wanted = normalise(sentence), normalise(topic)
    pairs = {wanted[i : i + 2] for i in range(len(wanted) - 1)}
    return sum(pair in said for pair in pairs) / len(pairs) if pairs else 0.0


def topic_of(heading: str) -> str:
    """Give the last heading of a path without its number, "" where it names no subject."""
    topic = plain(_NUMBERING.sub("", heading.rsplit(" > ", maxsplit=1)[-1].strip()))
    return "" if _NO_TOPIC.match(topic) or columns(topic) > 50 else topic


def task_headings(material: Material) -> set[str]:
    """Name the headings of exercises and their solutions, which state no facts of the lecture."""
    headings = list(dict.fromkeys(unit.heading for unit in material.units))
    tasks = {heading for heading in headings if any(_TASK.search(part) for part in heading.split(" > "))}
    solved = {
        left for left, right in pairwise(headings) if SOLUTION.match(right.rsplit(" > ", maxsplit=1)[-1])
    }
    return tasks | solved


def _answers(sentence: str) -> bool:
    """Tell whether a sentence can stand as an answer: whole, of a sensible length, leaning on nothing."""
    ended = sentence.rstrip("”’」』\"')）").endswith(("。", "！", "!", "."))
    sized = _SHORTEST <= columns(sentence) <= _LONGEST
    sound = not any(mark in sentence for mark in ("```", "|", "$$", "\n\n")) and sentence.count("$") % 2 == 0
    return ended and sized and sound and not _LEANING.match(sentence) and not has_mask(sentence)


def _definition_rows(material: Material, rng: Random) -> Iterator[Made]:
    wordings = QUESTIONS[material.language]
    for item in definitions(material):
        question = rng.choice(wordings["define"]).format(x=item.term)
        yield Made("answer", question, item.sentence, material, item.place, item.place, material.id)
        a, b = rng.choice(KEYS[material.language])
        question = rng.choice(wordings["json_define"]).format(x=item.term, a=a, b=b)
        meaning = meaning_of(item)
        if meaning:
            answer = json.dumps({a: item.term, b: meaning}, ensure_ascii=False)
            yield Made("format", question, answer, material, item.place, item.place, material.id)


def meaning_of(item: Definition) -> str:
    """Give what comes after "X is", for a JSON value; "" for a formula, which JSON would escape."""
    match = _AFTER_IS.match(item.sentence)
    meaning = match[1].lstrip("：: ").rstrip("。. ") if match else ""
    return "" if "\\" in meaning or '"' in meaning else meaning


def _paired_terms(material: Material, rng: Random) -> Iterator[Made]:
    """Ask for two neighbouring terms as the keys of one JSON object."""
    found = definitions(material)
    for left, right in pairwise(found):
        near = right.place - left.place <= 2
        if not near or material.units[left.place].heading != material.units[right.place].heading:
            continue
        keys = [re.sub(r"^(?:an?|the) ", "", item.term) for item in (left, right)]
        values = [meaning_of(left), meaning_of(right)]
        if all(values) and keys[0] != keys[1]:
            question = rng.choice(QUESTIONS[material.language]["json_terms"]).format(a=keys[0], b=keys[1])
            answer = json.dumps(dict(zip(keys, values, strict=True)), ensure_ascii=False)
            yield Made("format", question, answer, material, left.place, right.place, material.id)


def _how_to_rows(material: Material, rng: Random) -> Iterator[Made]:
    for goal, sentence, place in how_tos(material):
        question = rng.choice(QUESTIONS[material.language]["how_to"]).format(x=goal)
        yield Made("answer", question, sentence, material, place, place, material.id)


def _topic_rows(material: Material, rng: Random, opening: Opening) -> Iterator[Made]:
    wordings = QUESTIONS[material.language]
    for topic, sentence, place in leads(material, opening):
        question = rng.choice(wordings["topic"]).format(x=topic)
        yield Made("answer", question, sentence, material, place, place, material.id)
        question = rng.choice(wordings["summarise"]).format(x=topic)
        yield Made("summarise", question, sentence, material, place, place, material.id)


def _list_rows(material: Material, rng: Random) -> Iterator[Made]:
    """Turn each bullet list of the notes into a list of exactly its points."""
    place = 0
    while place < len(material.units):
        last = place
        while last < len(material.units) and _BULLET.match(material.units[last].text):
            last += 1
        points = [plain(unit.text).rstrip("；;。.，, ") for unit in material.units[place:last]]
        topic = _subject_of_list(material, place)
        if topic and _make_a_list(points):
            question = rng.choice(QUESTIONS[material.language]["extract"]).format(x=topic, n=len(points))
            answer = "\n".join(f"- {point}" for point in points)
            yield Made("extract", question, answer, material, place, last - 1, material.id)
        place = max(last, place + 1)


def _subject_of_list(material: Material, first: int) -> str:
    """Give what a list is about: its section, where at most a lead opens that, or else what announces it."""
    heading = material.units[first].heading
    before = [unit.heading == heading for unit in material.units[max(0, first - 2) : first]]
    if not any(before) or (before[-2:] in ([False, True], [True]) and _is_lead(material, first - 1)):
        return topic_of(heading)
    lead = plain(material.units[first - 1].text)
    sized = _SHORTEST_POINT < columns(lead) <= _LONGEST_LEAD and not re.search("[。.！!]", lead)
    told = sized and _is_lead(material, first - 1) and not _LEANING.match(lead) and not has_mask(lead)
    return lead.rstrip("：: ") if told else ""


def _is_lead(material: Material, place: int) -> bool:
    return material.units[place].text.rstrip().endswith(("：", ":"))


def _make_a_list(points: Sequence[str]) -> bool:
    """Tell whether bullets are two to six points worth listing, not bare words, code or tasks."""
    sized = 2 <= len(points) <= 6 and sum(map(columns, points)) <= 2 * _LONGEST
    words = [re.sub(r"`[^`]*`|\$[^$]*\$", "", point) for point in points]
    told = all(columns(word) >= _SHORTEST_POINT for word in words)
    return sized and told and not any(_LEANING.match(point) or has_mask(point) for point in points)


def _point_rows(material: Material, rng: Random) -> Iterator[Made]:
    """Take the first sentences of two neighbouring paragraphs, both definitions, as two key points."""
    defined = {item.place: item.sentence for item in definitions(material)}
    starts = [0] + [i + 1 for i, unit in enumerate(material.units[:-1]) if unit.ends_segment]
    for left, right in pairwise(starts):
        heading = material.units[left].heading
        topic = topic_of(heading)
        if topic and heading == material.units[right].heading and left in defined and right in defined:
            question = rng.choice(QUESTIONS[material.language]["extract"]).format(x=topic, n=2)
            answer = "\n".join(f"- {defined[place].rstrip('。.')}" for place in (left, right))
            yield Made("extract", question, answer, material, left, right, material.id)


def _question_rows(material: Material, rng: Random) -> Iterator[Made]:
    """Ask for questions on a passage that says what two or more terms are."""
    wordings = QUESTIONS[material.language]
    found = definitions(material)
    for left, right in pairwise(found):
        same = material.units[left.place].heading == material.units[right.place].heading
        if same and left.term != right.term and right.place - left.place <= 3:
            request = rng.choice(wordings["make_questions"]).format(n=2)
            asked = [rng.choice(wordings["define"][:3]).format(x=item.term) for item in (left, right)]
            answer = "\n".join(f"- {question}" for question in asked)
            yield Made("make_questions", request, answer, material, left.place, right.place, material.id)


def _spoken_rows(material: Material, rng: Random, count: int = 8) -> Iterator[Made]:
    """Ask where the cues are that say the rarest things, greetings and the last words left out."""
    if material.kind != "transcript":
        return
    texts = [unit.text.strip() for unit in material.units]
    rarity = _rarity(texts)
    spoken = range(8, len(texts) - len(texts) // 20)
    usable = [place for place in spoken if _is_findable(texts[place], material.language)]
    usable = [n for n in usable if material.units[n].start is not None and material.units[n].voice.teaches]
    for place in sorted(sorted(usable, key=lambda p: (-rarity[p], p))[:count]):
        question = rng.choice(QUESTIONS[material.language]["locate"]).format(
            x=texts[place].rstrip("。，、.,；;")
        )
        said = SAID[material.language].format(x=texts[place].rstrip("，、,；;"))
        yield Made("locate", question, said, material, place, place, material.id)


def _is_findable(text: str, language: str) -> bool:
    least, most = (24, 70) if language == "zh" else (40, 120)
    return least <= columns(text) <= most and not _CHATTER.match(text) and not has_mask(text)


def _rarity(texts: Sequence[str]) -> list[float]:
    """Score cues by how rare their character pairs are in the lecture."""
    pairs = [{bare[i : i + 2] for i in range(len(bare) - 1)} for bare in map(normalise, texts)]
    known = Counter(pair for row in pairs for pair in sorted(row))
    return [sum(log(len(texts) / known[pair]) for pair in sorted(row)) / max(1, len(row)) for row in pairs]


def _asked_rows(item: Grounded, rng: Random) -> Iterator[Made]:
    """Ask a course question again with a demand: a place, and one of a JSON object, bullets, a length."""
    if item.history or has_mask(item.question) or has_mask(item.answer):
        return
    gold = item.gold
    span = (gold.material, gold.first, gold.last, item.document_id)
    asked = item.question.strip()
    asked += "" if asked.endswith(("？", "?", "。", ".")) else {"zh": "？", "en": "?"}[item.language]
    if gold.start is not None:
        wording = rng.choice(QUESTIONS[item.language]["locate_asked"])
        yield Made("locate", wording.format(q=asked), item.answer, *span)
    demands = [made for made in (_as_json(item, rng), _as_bullets(item), _within_limit(item)) if made]
    if demands:
        wording, answer, given = rng.choice(demands)
        question = rng.choice(QUESTIONS[item.language][wording]).format(q=asked, **given)
        yield Made("format", question, answer, *span)


Demand = tuple[str, str, dict[str, Any]]


def _as_json(item: Grounded, rng: Random) -> Demand | None:
    """Put the answer and where it is found into a JSON object; formulas would need escapes, so none."""
    if "\\" in item.answer or '"' in item.answer:
        return None
    a, b = rng.choice(ANSWER_KEYS[item.language])
    values = {a: item.answer.rstrip("。."), b: item.gold.cited.strip("[]")}
    return "json_asked", json.dumps(values, ensure_ascii=False), {"a": a, "b": b}


def _as_bullets(item: Grounded) -> Demand | None:
    parts = [part.strip() for part in re.split(r"[；;]\s*", item.answer.rstrip("。."))]
    if not 2 <= len(parts) <= 4 or any(columns(part) < 8 for part in parts) or "$" in item.answer:
        return None
    return "bullets", "\n".join(f"- {part}" for part in parts), {"n": len(parts)}


def _within_limit(item: Grounded) -> Demand | None:
    """Ask for at most so many characters as the answer has, rounded up to tens."""
    if len(item.answer) > 120 or "$" in item.answer:
        return None
    return "limit", item.answer, {"n": -(-len(item.answer) // 10) * 10}


Maker = Callable[[Material, Random], Iterator[Made]]


def _makers(opening: Opening) -> tuple[Maker, ...]:
    return (
        _definition_rows,
        _how_to_rows,
        _paired_terms,
        partial(_topic_rows, opening=opening),
        _list_rows,
        _point_rows,
        _question_rows,
        _spoken_rows,
    )


def made_from(material: Material, seed: int, opening: Opening = STRICT) -> list[Made]:
    """Make all rows that the rules find in one material."""
    rng = Random(f"{seed}:templates:{material.id}")
    tasks = task_headings(material)
    made = [made for maker in _makers(opening) for made in maker(material, rng)]
    return [row for row in made if material.units[row.first].heading not in tasks]


def template_rows(
    materials: Sequence[Material],
    grounded: Sequence[Grounded],
    contexts: dict[str, Contexts],
    chunks: Sequence[Row],
    shape: TemplateShape,
) -> list[Row]:
    """Make at most `shape.per_chunk` rows a chunk from the materials and the questions tied to them."""
    made = [row for material in materials for row in made_from(material, shape.seed, shape.opening)]
    for item in grounded:
        made += _asked_rows(item, Random(f"{shape.seed}:asked:{item.document_id}"))
    finder = ChunkFinder(chunks)
    known = {normalise(item.answer) for item in grounded}
    by_chunk: dict[str, list[Made]] = {}
    for row in made:
        fresh = row.family != "answer" or normalise(row.answer) not in known
        homes = finder.of_units(row.material.id, row.material.units[row.first : row.first + 1])
        if row.family in shape.families and fresh and homes:
            by_chunk.setdefault(homes[0], []).append(row)
    order = [chunk["id"] for chunk in chunks if chunk["id"] in by_chunk]
    chosen = [row for turn, name in enumerate(order) for row in _in_turn(by_chunk[name], turn, shape)]
    return [_laid_out(row, contexts, finder, shape) for row in chosen]


def _in_turn(made: list[Made], turn: int, shape: TemplateShape) -> list[Made]:
    """Take the rows of one chunk from different families, each chunk beginning with another one."""
    rng = Random(f"{shape.seed}:{turn}")
    by_family = {family: [row for row in made if row.family == family] for family in shape.families}
    for rows in by_family.values():
        rng.shuffle(rows)
    first = turn % len(shape.families)
    rotated = [*shape.families[first:], *shape.families[:first]]
    chosen: dict[tuple[int, int], Made] = {}  # one row a place, or the same sentence is learned twice
    while len(chosen) < shape.per_chunk and any(by_family.values()):
        for family in rotated:
            if by_family[family] and len(chosen) < shape.per_chunk:
                row = by_family[family].pop()
                chosen.setdefault((row.first, row.last), row)
    return list(chosen.values())


def _laid_out(made: Made, contexts: dict[str, Contexts], finder: ChunkFinder, shape: TemplateShape) -> Row:
    language = made.material.language
    rng = Random(f"{shape.seed}:{made.family}:{made.question}")
    gold = window_over(made.material, made.first, made.last, shape.chars)
    windows: tuple[Window, ...] = (gold,)
    if made.family not in _ALONE:
        quote = " ".join(unit.text for unit in made.material.units[made.first : made.last + 1])
        windows = contexts[language].over(gold, made.question, made.answer, quote, rng)
    cited = made.family in ("answer", "locate", "summarise")
    answer = cite(made.answer, gold) if cited else made.answer
    messages = ask(made.question, windows, language, answer)
    task = "style" if made.family in _STYLE else "rag"
    chunk_ids = finder.of_window(gold)
    return make_row(
        task, f"template:{made.family}", language, made.document_id, messages, chunk_ids=chunk_ids
    )
