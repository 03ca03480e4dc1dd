"""The wordings in which template rows ask, in both languages: varied, so that no single one is learned."""

from __future__ import annotations

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
        "how_to": ("怎样{x}？", "要{x}，该怎么做？"),
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
        "how_to": ("How do we {x}?", "How can I {x}?", "What has to be done to {x}?"),
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
#: Keys asked of a JSON object: for a term and its meaning.
KEYS = {
    "zh": (("术语", "定义"), ("概念", "含义"), ("名称", "说明"), ("词", "解释")),
    "en": (("term", "definition"), ("concept", "meaning"), ("name", "explanation"), ("word", "sense")),
}
#: For an answer and where it is found.
ANSWER_KEYS = {
    "zh": (("答案", "出处"), ("回答", "位置"), ("结论", "来源"), ("内容", "讲次")),
    "en": (("answer", "source"), ("reply", "where"), ("result", "lecture"), ("explanation", "found_in")),
}
SAID = {"zh": "老师说：“{x}”", "en": 'The teacher says: "{x}"'}
