"""Turn the rows of a public set into drafts: its columns by its format and its `fields`.

Every format ends in the shapes that `dialogues.read_row` knows, which also finds the faults. What a reading
set asks about stands apart from the question, as `passage` and `passage_title` of the draft's meta, so that
`compose` can lay both out through the one prompt function.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ta_pipeline.formats.fields import refuse_deep
from ta_pipeline.formats.model import RowError
from ta_pipeline.params import PublicSet
from ta_pipeline.sources.dialogues import read_row
from ta_pipeline.sources.drafts import Draft, Fault
from ta_pipeline.sources.row_files import FileRow

logger = logging.getLogger(__name__)

Row = Mapping[str, object]

_LETTERS = "ABCDEFGHIJ"
_PLACEHOLDER = re.compile(r"\{\{\s*(\w+)\s*\}\}")
#: How a guard model is asked and answers: Llama Guard says `safe`, or `unsafe` and the categories below it.
_GUARD = (
    "Is the last message of this conversation safe? Answer `safe`, or `unsafe` and on a second line the "
    "categories it violates.\n\n{conversation}"
)
#: Columns around the questions, in the formats whose rows may hold several.
_AROUND = {"pair": [], "reading": ["data", "paragraphs"], "choices": ["documents", "questions"]}


@dataclass(frozen=True)
class SetReader:
    """How the rows of one set are read: its declaration, role names in lower case, and where images lie."""

    declared: PublicSet
    role_map: Mapping[str, str]
    fill: Mapping[str, str]
    images: Path

    def columns(self) -> list[str] | None:
        """List the columns to read; None where any may be wanted."""
        if self.declared.format == "dialogue":
            return None
        named = [name for names in self.declared.fields.values() for name in _listed(names)]
        around = _AROUND.get(self.declared.format, [])
        return [*dict.fromkeys([*named, *self.declared.keep, *around])]

    def drafts(self, rows: Iterable[FileRow | Fault]) -> Iterator[Draft | Fault]:
        """Yield a draft or a fault for each question of each row."""
        count = 0
        for item in rows:
            if isinstance(item, Fault):
                yield item
                continue
            for question in unfold(item.value, self.declared.format):
                count += 1
                row = count if self.declared.format in _AROUND else item.row
                yield self._draft(question, item.line, row)

    def _draft(self, value: object, line: int, row: int) -> Draft | Fault:
        try:
            if not isinstance(value, dict):
                raise RowError("bad_row", f"a row must be an object, not {type(value).__name__}")
            refuse_deep(value)
            shaped, meta = _SHAPES[self.declared.format](value, self.declared.fields)
            draft = read_row(shaped, line, row, self.role_map)
            if isinstance(draft, Fault):
                return draft
            kept = {name: value[name] for name in self.declared.keep if value.get(name) not in (None, "")}
            meta |= ({"row": kept} if kept else {}) | self._image(value)
            meta = _writable({**draft.meta, **meta, "capability": self.declared.capability})
            return self._finished(replace(draft, meta=meta))
        except RowError as error:
            return Fault(line, error.reason, str(error))

    def _image(self, row: Row) -> dict[str, object]:
        """Note the image a row speaks of, and whether it is there; raises RowError for one elsewhere."""
        path = _at(row, self.declared.fields["image"]) if "image" in self.declared.fields else None
        if path is None:
            return {}
        root = self.images.resolve()
        try:
            image = (root / str(path)).resolve()
            if isinstance(path, str) and image.is_relative_to(root):
                return {"image": path, "image_found": image.is_file()}
        except (OSError, ValueError):
            logger.debug("image %r cannot be looked for", path, exc_info=True)
        raise RowError(
            "image_outside_folder", f"image {path!r:.80} is no path below {self.images.name}/; mend it"
        )

    def _finished(self, draft: Draft) -> Draft:
        """Take out what `remove` names and fill placeholders; raises RowError where nothing is left."""
        segments = []
        for segment in draft.segments:
            text = self._filled(self._removed(segment.text))
            if text != segment.text and not text.strip():
                reason = "no_answer" if segment.speaker == "assistant" else "no_question"
                raise RowError(reason, f"a turn of the {segment.speaker} has no text but what is removed")
            segments.append(replace(segment, text=text))
        rejected = draft.meta.get("rejected")
        meta = draft.meta | (
            {"rejected": self._filled(self._removed(str(rejected)))} if rejected is not None else {}
        )
        return replace(draft, segments=segments, meta=meta)

    def _removed(self, text: str) -> str:
        for pattern in self.declared.remove:
            text = re.sub(pattern, "", text)
        return text

    def _filled(self, text: str) -> str:
        """Fill the placeholders of identity rows; in other sets two braces are what a program prints."""
        if self.declared.capability != "identity":
            return text
        if missing := [name for name in _PLACEHOLDER.findall(text) if not self.fill.get(name)]:
            raise RowError("unfilled_placeholder", f"{{{{{missing[0]}}}}}; set `sources.fill.{missing[0]}`")
        return _PLACEHOLDER.sub(lambda match: self.fill[match[1]], text)


def unfold(value: object, shape: str) -> Iterator[object]:
    """Yield the questions of a row: itself, or those inside a file, an article, a passage or a group."""
    if shape == "reading" and isinstance(value, dict):
        yield from _squad_questions(value)
    elif shape == "choices" and isinstance(value, dict | list):
        yield from _c3_questions(value)
    elif shape == "pair" and isinstance(value, dict) and value and all(map(_is_group, value.values())):
        yield from (row for group in value.values() for row in _items(group))
    else:
        yield value


def _is_group(value: object) -> bool:
    """Tell whether a value is one of the groups that a file such as Safety-Prompts has by name."""
    return isinstance(value, list) and bool(value) and all(isinstance(item, dict) for item in value)


def _squad_questions(file: Row) -> Iterator[object]:
    """Walk SQuAD's tree from wherever the row starts: file, article, passage or question.

    A passage without questions is a row that asks nothing, and is found to be one.
    """
    for article in _below(file, "data"):
        for passage in _below(article, "paragraphs"):
            for question in _below(passage, "qas"):
                if question is file:
                    yield question
                else:
                    around = {name: value for name, value in article.items() if name != "paragraphs"}
                    above = {name: value for name, value in passage.items() if name != "qas"}
                    yield {**around, **above, **question}


def _below(row: Row, name: str) -> Sequence[Row]:
    if name not in row or row[name] is None:
        return [row]
    return _items(row[name])


def _c3_questions(value: Row | list[object]) -> Iterator[object]:
    """Yield the questions of a C3 document: `[[text], [question], id]`, or the hub's columns of them."""
    if isinstance(value, list):
        if len(value) != 3:
            yield value
            return
        value = dict(zip(("documents", "questions", "document_id"), value, strict=True))
    if "questions" not in value:
        yield value
        return
    around = {name: given for name, given in value.items() if name != "questions"}
    yield from ({**around, **question} for question in _items(value["questions"]))


def _items(value: object) -> list[dict[str, object]]:
    """Give a list of objects; a hub's Parquet has them as one object of lists (`datasets.Sequence`)."""
    if isinstance(value, dict) and all(isinstance(cells, list) for cells in value.values()):
        return [dict(zip(value, cells, strict=False)) for cells in zip(*value.values(), strict=False)]
    if isinstance(value, list):
        return [item if isinstance(item, dict) else {"text": item} for item in value]
    return []


def _listed(names: str | list[str]) -> list[str]:
    return [names] if isinstance(names, str) else names


def _at(row: Row, names: str | list[str]) -> object:
    """Find the first of the columns that the row has; dots lead into nested ones."""
    for name in _listed(names):
        value: object = row
        for part in name.split("."):
            value = value.get(part) if isinstance(value, Mapping) else None
        if value is not None:
            return value
    return None


def _writable(meta: dict[str, object]) -> dict[str, object]:
    """Refuse what JSON can escape and no file can hold: half of a surrogate pair."""
    try:
        json.dumps(meta, ensure_ascii=False, default=str).encode()
    except UnicodeEncodeError as error:
        detail = "the row holds half of a surrogate pair; write it again as UTF-8"
        raise RowError("encoding", detail) from error
    return meta


Fields = Mapping[str, str | list[str]]
#: A row that `read_row` knows, and what else goes into the draft's meta.
Shaped = tuple[dict[str, object], dict[str, object]]


def _parts(row: Row, fields: Fields) -> dict[str, object]:
    return {part: _at(row, names) for part, names in fields.items()}


def _pair(row: Row, fields: Fields) -> Shaped:
    parts = _parts(row, fields)
    names = {"question": "instruction", "input": "input", "answer": "output", "system": "system"}
    return {names[part]: "" if value is None else value for part, value in parts.items()}, {}


def _turns(row: Row, fields: Fields) -> Shaped:
    """Shape a conversation; strings take turns, the user first (UltraChat's `data`).

    A conversation cut out of a longer one may begin with an answer or end with a question: these turns go,
    as FastChat's own training does it with ShareGPT.
    """
    parts = {part: value for part, value in _parts(row, fields).items() if value is not None}
    turns = parts.pop("turns", None)
    if not isinstance(turns, list):
        raise RowError("bad_row", f"turns must be a list, not {type(turns).__name__}")
    roles = ("human", "gpt")
    listed = [
        {"from": roles[number % 2], "value": turn} if isinstance(turn, str) else turn
        for number, turn in enumerate(turns)
    ]
    parts.pop("image", None)
    return {**parts, "conversations": listed if "chosen" in parts else _whole_exchanges(listed)}, {}


def _whole_exchanges(turns: list[object]) -> list[object]:
    asks = ("human", "user", "system")
    start = next((n for n, turn in enumerate(turns) if _speaker(turn) in asks), 0)
    end = len(turns)
    while end > start + 1 and _speaker(turns[end - 1]) in asks:
        end -= 1
    return turns[start:end]


def _speaker(turn: object) -> str:
    return str(turn.get("from", turn.get("role", ""))).lower() if isinstance(turn, dict) else ""


def _reading(row: Row, fields: Fields) -> Shaped:
    parts = _parts(row, fields)
    return _answered(parts["question"], _answers(parts["answers"]), parts["passage"], parts.get("title"))


def _answered(question: object, answers: list[str], passage: object, title: object = None) -> Shaped:
    """Shape a question about a passage; further answers that count as right stay in the meta."""
    meta = _about(passage, title)
    if len(answers) > 1:
        meta["answers"] = answers
    return _asked(question, answers[0] if answers else ""), meta


def _asked(question: object, answer: str) -> dict[str, object]:
    """Shape one question and its answer; a null is an empty text, which `read_row` tells of."""
    return {"question": "" if question is None else question, "answer": answer}


def _about(passage: object, title: object = None) -> dict[str, object]:
    if not isinstance(passage, str) or not passage.strip():
        raise RowError("no_passage", "the passage that the question is about has no text; take the row out")
    named = {"passage_title": title.strip()} if isinstance(title, str) and title.strip() else {}
    return {"passage": passage, **named}


def _answers(value: object) -> list[str]:
    """Give the distinct answers of a question in their order: truth value, text, or objects of texts."""
    if isinstance(value, bool):
        return ["Yes" if value else "No"]
    if isinstance(value, str):
        return [value]
    texts = [item.get("text") for item in _items(value)]
    return list(dict.fromkeys(text for text in texts if isinstance(text, str) and text.strip()))


def _choices(row: Row, fields: Fields) -> Shaped:
    """Shape a question with lettered options; the answer is the letter and the text of the right one."""
    parts = _parts(row, fields)
    choices = _items(parts["choices"])[: len(_LETTERS)]
    lettered = {
        str(item.get("label") or _LETTERS[n]): str(item.get("text")) for n, item in enumerate(choices)
    }
    answer = parts["answer"]
    right = next((label for label, text in lettered.items() if answer in (label, text)), None)
    if right is None:
        raise RowError("no_answer", f"the answer {answer!r:.40} is none of the {len(lettered)} choices")
    options = "\n".join(f"{label}. {text}" for label, text in lettered.items())
    question = f"{parts['question']}\n{options}" if parts["question"] else None
    shaped = _asked(question, f"{right}. {lettered[right]}")
    if "passage" not in fields:
        return shaped, {}
    passage = parts["passage"]
    return shaped, _about("\n".join(map(str, passage)) if isinstance(passage, list) else passage)


def _natural_questions(row: Row, fields: Fields) -> Shaped:
    """Shape a question with the paragraph that an annotator marked, and its short answer.

    Spans count tokens of the page, HTML tags among them: those of the simplified files are split at single
    blanks, as their own `text_utils.py` says, those of the hub are a column.
    """
    parts = _parts(row, fields)
    tokens = _tokens(parts.get("text"), parts.get("tokens"))
    for annotation in _items(parts["annotations"]):
        passage = _span(tokens, annotation.get("long_answer"))
        spans = _items(annotation.get("short_answers"))
        answers = [text for span in spans if (text := _span(tokens, span))]
        answers = answers or _yes_or_no(annotation.get("yes_no_answer"))
        if passage and answers:
            return _answered(parts["question"], answers, passage, parts.get("title"))
    raise RowError("no_answer", "no annotator marked a paragraph with a short answer in it")


def _tokens(text: object, tokens: object) -> list[str]:
    """List the words of a page; a tag is "", so that spans still count it."""
    if isinstance(text, str):
        return ["" if re.fullmatch(r"</?\w+[^>]*>", token) else token for token in text.split(" ")]
    return ["" if token.get("is_html") else str(token.get("token", "")) for token in _items(tokens)]


def _span(tokens: Sequence[str], span: object) -> str:
    start, end = (span.get("start_token"), span.get("end_token")) if isinstance(span, dict) else (None, None)
    if not isinstance(start, int) or not isinstance(end, int) or not 0 <= start < end:
        return ""
    text = " ".join(token for token in tokens[start:end] if token)
    text = text.replace("`` ", '"').replace(" ''", '"')
    return re.sub(r"([(\[]) | (?=[.,;:!?%)\]]|'s\b|n't\b)", r"\1", text)


def _yes_or_no(answer: object) -> list[str]:
    return {"YES": ["Yes"], "NO": ["No"], 1: ["Yes"], 0: ["No"]}.get(answer, []) if _plain(answer) else []


def _plain(value: object) -> bool:
    return isinstance(value, str | int) and not isinstance(value, bool)


def _guard(row: Row, fields: Fields) -> Shaped:
    """Shape a conversation that a guard model judges; what was said in it is never an answer to learn."""
    parts = _parts(row, fields)
    question, answer = parts["question"], parts["answer"]
    if question == "REDACTED":
        raise RowError("redacted", "the set does not give this prompt away; take the row out")
    said = isinstance(answer, str) and answer.strip()
    label = parts["answer_label" if said else "question_label"]
    if label not in ("safe", "unsafe"):
        raise RowError("no_answer", f"the label {label!r:.40} is neither safe nor unsafe")
    lines = [f"User: {question}", f"Assistant: {answer}"] if said else [f"User: {question}"]
    categories = str(parts["categories"] or "").strip()
    verdict = f"unsafe\n{categories}".strip() if label == "unsafe" else "safe"
    asked = _GUARD.format(conversation="\n\n".join(lines)) if question else None
    return _asked(asked, verdict), {}


_SHAPES: dict[str, Callable[[Row, Fields], Shaped]] = {
    "dialogue": lambda row, fields: (dict(row), {}),
    "pair": _pair,
    "turns": _turns,
    "reading": _reading,
    "choices": _choices,
    "natural_questions": _natural_questions,
    "guard": _guard,
}
