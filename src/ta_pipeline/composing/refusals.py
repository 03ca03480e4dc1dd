"""Rows that teach to say no: questions whose passages do not hold the answer.

They are asked over the very passages of questions that have an answer there, so that only the question tells
the two apart. Some are questions of the subject itself, asked over passages of other lectures, so that the
model has to look at the passages and not at the topic. The rest are far from the course. The wordings here
are for training only; the benchmark's references have their own.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil
from random import Random

from ta_pipeline.composing.contexts import Contexts
from ta_pipeline.composing.dialogues import Grounded
from ta_pipeline.composing.off_topic import OFF_TOPIC
from ta_pipeline.composing.passages import has_mask
from ta_pipeline.composing.rows import Row, ask, make_row

#: Few, and alike in how they begin: to refuse or to answer is decided by the first tokens, and a small model
#: that sees some forty refusals learns it only where they share those. With twelve wordings that began in as
#: many ways it refused none of twelve held-back questions after 62 steps. "There is no" is also where the
#: bundled model, before any training, tells the two kinds apart best (area under the ROC curve 0.84 over 35
#: questions; "The passages do not" 0.49, "I do not know" 0.55).
WORDINGS: dict[str, tuple[str, ...]] = {
    "zh": (
        "没有找到答案：资料里没有讲到这一点，我不知道。",
        "没有找到答案：这几段资料没有提到它，我不知道。",
    ),
    "en": (
        "There is no answer to this in the passages, so I do not know.",
        "There is no mention of this in the passages, so I do not know.",
    ),
}
#: Used only where the topic of the question is known.
TOPIC_WORDINGS: dict[str, tuple[str, ...]] = {
    "zh": ("没有找到答案：资料里没有讲到{topic}，我不知道。",),
    "en": ("There is no mention of {topic} in the passages, so I do not know.",),
}
#: What preference pairs choose: that the model refuses is decided by then, and with these it does not unlearn
#: every other way to say it.
VARIED: dict[str, tuple[str, ...]] = {
    "zh": (
        "抱歉，这几段资料没有提到这个问题，我不知道。",
        "上面的资料回答不了这个问题，我不能乱说。",
        "我不知道：给出的段落没有讲这个。",
        "这个问题在所给的段落里没有答案。",
        "资料里没有说到这件事，我没有把握回答。",
        "很遗憾，以上几段都没有谈到它，所以我不知道。",
    ),
    "en": (
        "I'm afraid the lectures quoted here do not deal with this.",
        "I do not know: these passages say nothing about it.",
        "Sorry, I cannot answer this from the passages above.",
        "The passages above are silent on this, so I would be guessing.",
        "None of these passages answers the question.",
        "This is not something the passages talk about, so I do not know it.",
    ),
}
#: Share of the refusals that are questions of the subject: the harder case.
SUBJECT_SHARE = 0.3
#: A passage with more of the question's or answer's 3-grams than this may be read as an answer.
TELLS_TOO_MUCH = 0.35


def refusal_rows(
    grounded: Sequence[Grounded], contexts: dict[str, Contexts], per_language: dict[str, int], seed: int
) -> list[Row]:
    """Make `per_language` rows over contexts of that language, `SUBJECT_SHARE` of them on the subject."""
    rows: dict[str, Row] = {}
    for language, wanted in sorted(per_language.items()):
        rng = Random(f"{seed}:refusals:{language}")
        asked = [i for i in grounded if i.language == language and not i.history and not has_mask(i.question)]
        rng.shuffle(asked)
        asked.sort(key=lambda item: item.rule.startswith("template"))  # what people asked goes first
        subject = [
            row
            for item in asked[: ceil(SUBJECT_SHARE * wanted)]
            if (row := _subject_row(item, contexts[language], rng))
        ]
        far = _off_topic_rows(language, contexts[language], wanted - len(subject), rng)
        rows |= {row["id"]: row for row in [*subject, *far]}
    return list(rows.values())


def _subject_row(item: Grounded, contexts: Contexts, rng: Random) -> Row | None:
    """Ask a course question over passages of other lectures that share little with it or its answer."""
    told, lecture = [item.answer, item.question], item.gold.material.lecture
    context = contexts.without_answer(told, TELLS_TOO_MUCH, rng, lecture)
    if not context:
        return None
    messages = ask(item.question, context, item.language, rng.choice(WORDINGS[item.language]))
    return make_row("refusal", "refusal:other_lecture", item.language, item.document_id, messages)


def _off_topic_rows(language: str, contexts: Contexts, wanted: int, rng: Random) -> list[Row]:
    rows: list[Row] = []
    questions = list(OFF_TOPIC[language])
    rng.shuffle(questions)
    for place in range(wanted):
        question, topic = questions[place % len(questions)]
        context = contexts.without_answer([question], TELLS_TOO_MUCH, rng)
        if not context:
            break
        wording = rng.choice([*WORDINGS[language], *TOPIC_WORDINGS[language]]).format(topic=topic)
        messages = ask(question, context, language, wording)
        rows.append(make_row("refusal", "refusal:off_topic", language, "", messages))
    return rows
