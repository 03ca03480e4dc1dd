"""Rows that teach to say no: questions whose passages do not hold the answer.

They are asked over the very passages of questions that have an answer there, so that only the question tells
the two apart. A tenth of them are questions of the subject itself, asked over passages of other lectures, so
that the model has to look at the passages and not at the topic. The rest are far from the course: they teach
the plain case, where no word of the question stands in the passages. The wordings here are for training only;
the benchmark's references have their own.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil
from random import Random

from ta_pipeline.composing.contexts import tells
from ta_pipeline.composing.dialogues import Grounded
from ta_pipeline.composing.passages import Window, has_mask
from ta_pipeline.composing.rows import Row, ask, make_row

Context = tuple[Window, ...]

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
#: (question, topic): far off, near the subject, and about the running of a course.
OFF_TOPIC: dict[str, tuple[tuple[str, str], ...]] = {
    "zh": (
        ("篮球比赛中三秒违例是怎么规定的？", "三秒违例"),
        ("马拉松全程一共多少公里？", "马拉松的距离"),
        ("斯诺克一杆最多能得多少分？", "斯诺克的得分"),
        ("蒸鸡蛋羹怎样才能没有蜂窝？", "蒸鸡蛋羹"),
        ("红烧肉要不要先焯水？", "红烧肉的做法"),
        ("手冲咖啡的水温多少度合适？", "手冲咖啡"),
        ("《霸王别姬》的导演是谁？", "《霸王别姬》"),
        ("二胡有几根弦，定什么音？", "二胡"),
        ("租房合同提前解约要赔多少违约金？", "租房违约金"),
        ("试用期最长可以约定几个月？", "试用期"),
        ("感冒发烧吃布洛芬要间隔几小时？", "布洛芬的用法"),
        ("高血压病人能不能吃柚子？", "高血压饮食"),
        ("光合作用的暗反应发生在哪里？", "光合作用"),
        ("DNA 复制需要哪些酶？", "DNA 复制"),
        ("怎样用石蕊试纸判断溶液的酸碱性？", "石蕊试纸"),
        ("元素周期表里第三周期有几种元素？", "元素周期表"),
        ("电容器串联以后总电容怎么算？", "电容器串联"),
        ("理想变压器的电压比和匝数比有什么关系？", "变压器"),
        ("光电效应里的截止频率是什么意思？", "光电效应"),
        ("卡诺热机的效率由什么决定？", "卡诺热机"),
        ("凸透镜成像时物距和像距满足什么关系？", "凸透镜成像"),
        ("氢原子的能级公式怎么写？", "氢原子能级"),
        ("尺缩效应在多大的速度下才明显？", "尺缩效应"),
        ("补考的报名截止到几号？", "补考报名"),
        ("平时成绩和卷面成绩各占百分之多少？", "成绩比例"),
        ("助教的答疑地点在哪栋楼？", "答疑地点"),
        ("这门课可以申请免修吗？", "免修申请"),
        ("安史之乱是哪一年爆发的？", "安史之乱"),
        ("怎样给多肉植物换盆？", "多肉植物"),
        ("用什么命令可以合并两个 Git 分支？", "Git 分支"),
    ),
    "en": (
        ("How many players are on the ice for one hockey team?", "hockey teams"),
        ("What is the offside rule in football?", "the offside rule"),
        ("Who holds the record for the fastest marathon?", "marathon records"),
        ("How long should I knead sourdough before the first rise?", "sourdough"),
        ("Can I freeze a lasagne before baking it?", "lasagne"),
        ("Which herbs belong in a classic pesto?", "pesto"),
        ("Who directed the film Metropolis?", "the film Metropolis"),
        ("Which key is Beethoven's Moonlight Sonata in?", "the Moonlight Sonata"),
        ("How much notice must a landlord give before raising the rent?", "rent increases"),
        ("Can I return a sweater without the receipt?", "returning goods"),
        ("How often may an adult take paracetamol?", "paracetamol"),
        ("What are the early symptoms of measles?", "measles"),
        ("Where in the cell does the Krebs cycle take place?", "the Krebs cycle"),
        ("How do bees find their way back to the hive?", "honey bees"),
        ("What is the oxidation number of manganese in permanganate?", "oxidation numbers"),
        ("How is the pH of a buffer calculated?", "buffer solutions"),
        ("What is the total capacitance of two capacitors in parallel?", "capacitors"),
        ("Which way does the induced current flow by Lenz's law?", "Lenz's law"),
        ("Why does the photoelectric effect need a minimum frequency?", "the photoelectric effect"),
        ("What limits the efficiency of a Carnot engine?", "the Carnot engine"),
        ("How does a diffraction grating separate colours?", "diffraction gratings"),
        ("What is the half-life of carbon-14?", "radioactive decay"),
        ("How much does a clock slow down at half the speed of light?", "time dilation"),
        ("When do the registrations for the resit close?", "the resit"),
        ("How many credits is this module worth?", "credits"),
        ("Which building is the help desk of the department in?", "the help desk"),
        ("Are calculators allowed in the final?", "calculators in the final"),
        ("In which year did the Hanseatic League hold its last diet?", "the Hanseatic League"),
        ("How do I repot an orchid without breaking its roots?", "orchids"),
        ("How do I undo the last commit in git?", "git commits"),
    ),
}
#: Share of the refusals that are questions of the subject: the harder case, of which a small model that sees
#: some forty refusals in all learns only to refuse more.
SUBJECT_SHARE = 0.1
#: A passage with more of the question's or answer's 3-grams than this may be read as an answer.
_TELLS_TOO_MUCH = 0.35


def refusal_rows(
    grounded: Sequence[Grounded],
    contexts: dict[str, list[Context]],
    per_language: dict[str, int],
    seed: int,
) -> list[Row]:
    """Make `per_language` rows over contexts of that language, `SUBJECT_SHARE` of them on the subject.

    The contexts are those of questions that they do answer, each taken in turn.
    """
    rows: dict[str, Row] = {}
    for language, wanted in sorted(per_language.items()):
        rng = Random(f"{seed}:refusals:{language}")
        free = list(contexts.get(language, []))
        rng.shuffle(free)
        asked = [i for i in grounded if i.language == language and not i.history and not has_mask(i.question)]
        rng.shuffle(asked)
        asked.sort(key=lambda item: item.rule.startswith("template"))  # what people asked goes first
        subject = [
            row for item in asked[: ceil(SUBJECT_SHARE * wanted)] if (row := _subject_row(item, free, rng))
        ]
        far = _off_topic_rows(language, free, wanted - len(subject), rng)
        rows |= {row["id"]: row for row in [*subject, *far]}
    return list(rows.values())


def _take(free: list[Context], told: Sequence[str], lecture: str = "") -> Context | None:
    """Take the first context, not of that lecture, that tells too little of each text; it goes to the end."""
    for place, context in enumerate(free):
        own = lecture in {window.material.lecture for window in context}
        if not own and not tells(context, told, _TELLS_TOO_MUCH):
            free.append(free.pop(place))
            return context
    return None


def _subject_row(item: Grounded, free: list[Context], rng: Random) -> Row | None:
    """Ask a course question over passages of other lectures that share little with it or its answer."""
    context = _take(free, [item.answer, item.question], item.gold.material.lecture)
    if context is None:
        return None
    messages = ask(item.question, context, item.language, rng.choice(WORDINGS[item.language]))
    return make_row("refusal", "refusal:other_lecture", item.language, item.document_id, messages)


def _off_topic_rows(language: str, free: list[Context], wanted: int, rng: Random) -> list[Row]:
    rows: list[Row] = []
    questions = list(OFF_TOPIC[language])
    rng.shuffle(questions)
    for place in range(wanted):
        question, topic = questions[place % len(questions)]
        context = _take(free, [question])
        if context is None:
            break
        wording = rng.choice([*WORDINGS[language], *TOPIC_WORDINGS[language]]).format(topic=topic)
        messages = ask(question, context, language, wording)
        rows.append(make_row("refusal", "refusal:off_topic", language, "", messages))
    return rows
