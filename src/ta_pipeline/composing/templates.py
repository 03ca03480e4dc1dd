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
from itertools import pairwise
from math import log
from random import Random
from typing import Any

from ta_pipeline.composing.dialogues import SOLUTION, Grounded
from ta_pipeline.composing.passages import Material, PassagePool, Window, columns, has_mask, window_around
from ta_pipeline.composing.rows import ChunkFinder, Row, ask, cite, lay_out, make_row
from ta_pipeline.composing.similarity import normalise

#: Columns of a sentence that answers a question: shorter says nothing, longer is no sentence or two.
_SHORTEST, _LONGEST = 24, 260
_STYLE = ("summarise", "make_questions", "format")
#: Families about one passage alone are asked with that passage alone: cheaper, and nothing to choose.
_ALONE = ("summarise", "make_questions")

_LINK = re.compile(r"\[([^\]]+)\]\([^)]*\)")
_NUMBERING = re.compile(r"^(?:[一二三四五六七八九十]+、|\d+(?:\.\d+)*[.)、]?\s+|§\s*\d+\s*)")
_NO_TOPIC = re.compile(
    r"^(?:题目|解答|习题|例题|练习|作业|小结|第.{1,3}讲|Problem|Solution|Exercise|Worked example|Example"
    r"|Challenge|Key ?points?|Summary|Lecture \d)|(?:作业|Homework)$",
    re.IGNORECASE,
)
_BULLET = re.compile(r"^\s*(?:[-*+]|\d+[.)])\s+")
_BOLD = re.compile(r"\*\*([^*]{2,40})\*\*")
_DEFINED = {
    "zh": re.compile(r"^\*\*(?P<term>[^*，。]{2,16})\*\*(?:（[^）]*）)?(?:是指|指的是|是|指)"),
    "en": re.compile(
        r"^(?:(?P<article>An?|The)\s+)?\*\*(?P<term>[^*]{2,40})\*\*(?:\s*\([^)]*\))?\s+"
        r"(?P<verb>is|are|means|states|says)\b"
    ),
}
_PLAIN_DEFINED = re.compile(
    r"^(?P<article>An?|The)\s+(?P<term>[a-z][a-z-]*(?: [a-z-]+)?)\s+(?P<verb>is)\s+(?:an?|the)\s"
)
_AFTER_IS = re.compile(r"^.{2,60}?(?:是指|指的是|是|指|\sis\s|\sare\s|\smeans\s|\sstates that\s)(.+)$")
#: Sentences that lean on what stood before them.
_LEANING = re.compile(
    r"^(?:这|那|它|他|她|其|此|上述|因此|所以|于是|但|而|不过|可见|由此|同样|例如|比如|如图|下表|下图|解|首先|其次|然后|另外|也|又|再|即"
    r"|(?:This|That|These|Those|It|They|He|She|Its|Their|Here|There|Thus|Therefore|Hence|So|But|And|However"
    r"|For example|For instance|In this|In that|Also|Then|Now|Next|Instead|Similarly|Such|Both|Each|Let|We"
    r"|Again|Note|See|Which|The same|The table|Worked example)\b)"
)
#: A spoken cue that begins so is a reply, a count or a courtesy, nothing to look for.
_CHATTER = re.compile(
    r"^(?:好|嗯|对|哎|来|行|啊|是的|没错|学生|我是|谢谢|下课|同学们|大家好|ok|okay|right|yes|no\b|um|well"
    r"|student|good|thank|hello|i'm|my name)",
    re.IGNORECASE,
)

#: Wordings of each demand; {x} a term or topic, {q} a question, {n} a number, {a} and {b} keys.
QUESTIONS: dict[str, dict[str, tuple[str, ...]]] = {
    "zh": {
        "define": (
            "什么是{x}？",
            "{x}是什么意思？",
            "{x}的定义是什么？",
            "请解释一下{x}。",
            "讲义里怎样说明{x}？",
            "{x}指的是什么？",
        ),
        "topic": ("关于“{x}”，讲义里是怎么说的？", "资料怎样说明“{x}”？", "“{x}”这部分讲了什么？"),
        "extract": (
            "列出资料中“{x}”的 {n} 个要点，每条以“- ”开头。",
            "请用恰好 {n} 条以“- ”开头的要点说明“{x}”。",
            "“{x}”有哪些要点？请写成 {n} 条，每条前加“- ”，不要写别的。",
        ),
        "summarise": (
            "用一句话概括上面关于“{x}”的资料。",
            "上面这段“{x}”的资料主要讲什么？",
            "请简短总结“{x}”这段资料。",
        ),
        "make_questions": (
            "根据资料给学生出 {n} 道思考题，每行一道，以“- ”开头。",
            "请就上面的资料提 {n} 个问题，每个以“- ”开头。",
        ),
        "locate": (
            "老师在哪一讲、什么时候说到“{x}”？",
            "“{x}”这句话出现在课上的什么位置？",
            "我想回看老师讲“{x}”的地方，是第几讲的几分几秒？",
        ),
        "locate_asked": (
            "{q}这是在哪一讲的什么时候讲的？",
            "{q}请指出老师在哪一讲、几分几秒说到。",
            "我想重听这一段：{q}在课上的什么位置？",
        ),
        "json_define": (
            "请用 JSON 对象回答，键为“{a}”和“{b}”：资料怎样定义{x}？",
            "{x}是什么？只输出一个 JSON 对象，包含“{a}”和“{b}”两个键。",
        ),
        "json_terms": (
            "用一个 JSON 对象回答，键为“{a}”和“{b}”：它们各是什么？",
            "请只输出 JSON，键为“{a}”和“{b}”，值为各自的含义。",
        ),
        "json_asked": (
            "{q}请用 JSON 对象回答，键为“{a}”和“{b}”。",
            "{q}只输出一个 JSON 对象，包含“{a}”和“{b}”两个键。",
        ),
        "limit": ("{q}回答不超过{n}个字。", "请用不超过{n}个字回答：{q}", "{q}（{n}字以内）"),
        "bullets": ("{q}请用恰好 {n} 条以“- ”开头的要点回答。", "{q}请列成 {n} 条，每条以“- ”开头。"),
    },
    "en": {
        "define": (
            "What is {x}?",
            "What does {x} mean?",
            "How do the notes define {x}?",
            "Explain {x} in a sentence.",
            "Define {x}.",
            "What is meant by {x}?",
        ),
        "topic": (
            'What do the notes say about "{x}"?',
            'What does the material explain under "{x}"?',
            'Tell me what the notes say on "{x}".',
        ),
        "extract": (
            'List {n} key points on "{x}", each on a line that starts with "- ".',
            'Give exactly {n} bullet points starting with "- " about "{x}".',
            'What are the main points of "{x}"? Write {n} lines, each starting with "- ", and nothing else.',
        ),
        "summarise": (
            'Sum up the passage on "{x}" in one sentence.',
            'What is the passage on "{x}" mainly about?',
            'Give a short summary of the passage on "{x}".',
        ),
        "make_questions": (
            'Write {n} questions for students on this passage, one a line, each starting with "- ".',
            'Ask {n} questions about the passage, each starting with "- ".',
        ),
        "locate": (
            'In which lecture, and when, does the teacher say "{x}"?',
            'Where in the recordings do I find "{x}"?',
            'At what point of which lecture comes the sentence "{x}"?',
        ),
        "locate_asked": (
            "{q} In which lecture, and when, is that said?",
            "{q} Please point me to the lecture and the minute.",
            "Where in the recordings is this explained: {q}",
        ),
        "json_define": (
            'How do the notes define {x}? Reply as a JSON object with the keys "{a}" and "{b}".',
            'What is {x}? Answer with one JSON object that has the keys "{a}" and "{b}".',
        ),
        "json_terms": (
            'Say what each of these is, as a JSON object with the keys "{a}" and "{b}".',
            'Reply in JSON with the keys "{a}" and "{b}", each with its meaning.',
        ),
        "json_asked": (
            '{q} Reply as a JSON object with the keys "{a}" and "{b}".',
            '{q} Answer with one JSON object that has the keys "{a}" and "{b}".',
        ),
        "limit": (
            "{q} Answer in at most {n} characters.",
            "In no more than {n} characters: {q}",
            "{q} Use at most {n} characters.",
        ),
        "bullets": (
            '{q} Answer with exactly {n} bullet points starting with "- ".',
            '{q} Reply as {n} lines, each starting with "- ".',
        ),
    },
}
_KEYS = {
    "zh": (("术语", "定义"), ("概念", "含义"), ("名称", "说明"), ("词", "解释")),
    "en": (("term", "definition"), ("concept", "meaning"), ("name", "explanation"), ("word", "sense")),
}
_ANSWER_KEYS = {
    "zh": (("答案", "出处"), ("回答", "位置"), ("结论", "来源"), ("内容", "讲次")),
    "en": (("answer", "source"), ("reply", "where"), ("result", "lecture"), ("explanation", "found_in")),
}
_SAID = {"zh": "老师说：“{x}”", "en": 'The teacher says: "{x}"'}


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


@dataclass(frozen=True)
class TemplateShape:
    """What template rows are made by: families, how many a chunk, and the size of their prompts."""

    families: Sequence[str]
    per_chunk: int
    chars: int
    distractors: int
    seed: int


def plain(text: str) -> str:
    """Take Markdown's emphasis and link targets off a sentence; formulas stay."""
    return _LINK.sub(r"\1", _BULLET.sub("", text)).replace("**", "").replace("*", "").strip()


def definitions(material: Material) -> list[Definition]:
    """Find the sentences that say what a term is."""
    found: list[Definition] = []
    for place, unit in enumerate(material.units):
        text = unit.text.strip()
        match = _DEFINED.get(material.language, _DEFINED["en"]).match(text)
        if match is None and material.language == "en":
            match = _PLAIN_DEFINED.match(text)
        if match and _answers(plain(text)):
            article = (match.groupdict().get("article") or "").lower()
            term = f"{article} {_in_a_sentence(plain(match['term']))}".strip()
            found.append(Definition(term, plain(text), place))
    return found


def _in_a_sentence(term: str) -> str:
    """Write "Weight" as it stands within a question; "Newton's first law" keeps its capital."""
    first = term.split(maxsplit=1)[0]
    named = "'s" in first or "’s" in first or any(character.isupper() for character in first[1:])
    return term if named else term[0].lower() + term[1:]


def leads(material: Material) -> list[tuple[str, str, int]]:
    """Find (topic, first sentence, place) of each section whose first sentence stands on its own."""
    found: list[tuple[str, str, int]] = []
    seen = {material.title}
    for place, unit in enumerate(material.units):
        if unit.heading in seen:
            continue
        seen.add(unit.heading)
        topic = topic_of(unit.heading)
        sentence = plain(unit.text)
        if topic and topic != material.title and _answers(sentence):
            found.append((topic, sentence, place))
    return found


def topic_of(heading: str) -> str:
    """Give the last heading of a path without its number, "" where it names no subject."""
    topic = plain(_NUMBERING.sub("", heading.rsplit(" > ", maxsplit=1)[-1].strip()))
    return "" if _NO_TOPIC.search(topic) or columns(topic) > 50 else topic


def is_homework(material: Material) -> bool:
    """Tell whether a material is problems with their solutions, which teach no facts of their own."""
    return any(SOLUTION.match(unit.heading.rsplit(" > ", maxsplit=1)[-1]) for unit in material.units)


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
        a, b = rng.choice(_KEYS[material.language])
        question = rng.choice(wordings["json_define"]).format(x=item.term, a=a, b=b)
        meaning = _meaning(item)
        if meaning:
            answer = json.dumps({a: item.term, b: meaning}, ensure_ascii=False)
            yield Made("format", question, answer, material, item.place, item.place, material.id)


def _meaning(item: Definition) -> str:
    """Give what comes after "X is", for a JSON value; "" for a formula, which JSON would escape."""
    match = _AFTER_IS.match(item.sentence)
    meaning = match[1].rstrip("。. ").strip() if match else ""
    return "" if "\\" in meaning or '"' in meaning else meaning


def _paired_terms(material: Material, rng: Random) -> Iterator[Made]:
    """Ask for two neighbouring terms as the keys of one JSON object."""
    found = definitions(material)
    for left, right in pairwise(found):
        near = right.place - left.place <= 2
        if not near or material.units[left.place].heading != material.units[right.place].heading:
            continue
        keys = [re.sub(r"^(?:an?|the) ", "", item.term) for item in (left, right)]
        values = [_meaning(left), _meaning(right)]
        if all(values) and keys[0] != keys[1]:
            question = rng.choice(QUESTIONS[material.language]["json_terms"]).format(a=keys[0], b=keys[1])
            answer = json.dumps(dict(zip(keys, values, strict=True)), ensure_ascii=False)
            yield Made("format", question, answer, material, left.place, right.place, material.id)


def _topic_rows(material: Material, rng: Random) -> Iterator[Made]:
    wordings = QUESTIONS[material.language]
    for topic, sentence, place in leads(material):
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
        topic = topic_of(material.units[place].heading)
        fits = sum(columns(point) for point in points) <= 2 * _LONGEST
        if 2 <= len(points) <= 6 and topic and fits and not any(has_mask(point) for point in points):
            question = rng.choice(QUESTIONS[material.language]["extract"]).format(x=topic, n=len(points))
            answer = "\n".join(f"- {point}" for point in points)
            yield Made("extract", question, answer, material, place, last - 1, material.id)
        place = max(last, place + 1)


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
        if same and right.place - left.place <= 3:
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
    usable = [place for place in usable if material.units[place].start is not None]
    for place in sorted(sorted(usable, key=lambda p: (-rarity[p], p))[:count]):
        question = rng.choice(QUESTIONS[material.language]["locate"]).format(
            x=texts[place].rstrip("。，、.,；;")
        )
        said = _SAID[material.language].format(x=texts[place].rstrip("，、,；;"))
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
    a, b = rng.choice(_ANSWER_KEYS[item.language])
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
_MAKERS: tuple[Maker, ...] = (
    _definition_rows,
    _paired_terms,
    _topic_rows,
    _list_rows,
    _point_rows,
    _question_rows,
    _spoken_rows,
)


def made_from(material: Material, seed: int) -> list[Made]:
    """Make all rows that the rules find in one material."""
    if is_homework(material):
        return []
    rng = Random(f"{seed}:templates:{material.id}")
    return [made for maker in _MAKERS for made in maker(material, rng)]


def template_rows(
    materials: Sequence[Material],
    grounded: Sequence[Grounded],
    pools: dict[str, PassagePool],
    chunks: Sequence[Row],
    shape: TemplateShape,
) -> list[Row]:
    """Make at most `shape.per_chunk` rows a chunk from the materials and the questions tied to them."""
    made = [row for material in materials for row in made_from(material, shape.seed)]
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
    return [_laid_out(row, pools, finder, shape) for row in chosen]


def _in_turn(made: list[Made], turn: int, shape: TemplateShape) -> list[Made]:
    """Take the rows of one chunk from different families, each chunk beginning with another one."""
    rng = Random(f"{shape.seed}:{turn}")
    by_family = {family: [row for row in made if row.family == family] for family in shape.families}
    for rows in by_family.values():
        rng.shuffle(rows)
    first = turn % len(shape.families)
    rotated = [*shape.families[first:], *shape.families[:first]]
    chosen: list[Made] = []
    while len(chosen) < shape.per_chunk and any(by_family.values()):
        for family in rotated:
            if by_family[family] and len(chosen) < shape.per_chunk:
                chosen.append(by_family[family].pop())
    return chosen


def _laid_out(made: Made, pools: dict[str, PassagePool], finder: ChunkFinder, shape: TemplateShape) -> Row:
    language = made.material.language
    rng = Random(f"{shape.seed}:{made.family}:{made.question}")
    gold = window_around(made.material, made.first, made.last, shape.chars)
    others: list[Window] = []
    if made.family not in _ALONE:
        quote = " ".join(unit.text for unit in made.material.units[made.first : made.last + 1])
        own = {made.material.lecture}
        others = pools[language].near(made.question, own, made.answer, quote, shape.distractors)
    cited = made.family in ("answer", "locate", "summarise")
    answer = cite(made.answer, gold) if cited else made.answer
    messages = ask(made.question, lay_out(gold, others, rng), language, answer)
    task = "style" if made.family in _STYLE else "rag"
    chunk_ids = finder.of_window(gold)
    return make_row(
        task, f"template:{made.family}", language, made.document_id, messages, chunk_ids=chunk_ids
    )
