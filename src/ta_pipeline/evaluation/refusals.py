"""Tell an answer that declines ("the notes don't say") from one that answers, in Chinese and English.

A refusal is recognised by its meaning: a sentence says that the material (passages, notes, course)
lacks the answer, or that the assistant cannot give it. Negations inside the subject matter ("friction
does not depend on the area") are not aimed at either and stay answers. So does a caveat beside a
substantive answer: one that comes before it, or one that follows it with a citation.
Held to labelled sentences in `tests/evaluation/refusal_sentences.jsonl`.
"""

from __future__ import annotations

import re

from ta_pipeline.evaluation.citations import strip_citations
from ta_pipeline.rag.prompt import INSTRUCTIONS

#: Word classes of the rules below; a rule names one as <class>.
_WORDS = {
    # what a refusal speaks of: the material of the course or of the prompt
    "material": r"""
        passages?(?: \d+)?|lectures?(?: \d+)?|excerpts?|extracts?|notes|materials?|transcripts?|recordings?
        |(?<!of )courses?|texts?|contexts?|sources|handouts?|documents?|textbook|syllabus|knowledge base
        |database|teacher|lecturer|instructor
        |(?:information|data|evidence) (?:provided|given|available|supplied)
        |what (?:i was given|i have|i can see|you gave me)""",
    "aside": r"(?:\s+(?:really|actually|yet|even|also|directly|explicitly|currently|quite))?",
    "not": r"(?:do|does|did|ca|can|could|is|are|was|were|has|have|would)(?:n't| not|not)(?: be)?<aside>",
    # what material does for a question, as a verb and as a participle
    "tell": r"""
        (?:mention|cover|contain|provide|say|state|specif(?:y|ie)|address|discuss|include|answer|give|tell
        |explain|describe|deals? with|touch (?:on|upon)|(?:go|goe|get) into|teach|treat|offer
        |talk (?:about|of)
        |indicate|reveal|present|define|refer to|list|name|prove|derive|support|speak of|bring up|supply
        |come up|appear|feature|(?:is|are) about|concern|relate to|bear on|help with|take up
        |have (?:the|an|any|that|enough)|hold (?:the|an|any) answer|reach (?:that|this))(?:e?s)?""",
    "told": r"""
        mentioned|covered|stated|specified|addressed|discussed|provided|included|given|found|explained
        |described|answered|treated|dealt with|taught|part|something|contained|available|present
        |there|in|touched on
        |named|listed|recorded""",
    "knowledge": r"""
        (?:information|answer|mention|figure|detail|explanation|data|hint|clue|indication|account|word|proof
        |number|definition|example|material|knowledge|idea|basis|record|reference|trace|passage|source|context
        |evidence)s?""",
    # between the material and its negation: a few words, none of which opens what the material does say
    "gap": r"""
        (?:[\s,]+(?!(?:that|says?|states?|explains?|shows?|tells?|gives?|why|how|because|means?|claims?
        |if)\b)[\w'-]+){0,8}?[\s,]+""",
    "i_fail": r"""
        \bi\s*(?:(?:do|did|could|would|ca|can)(?:n't| not|not)
        |(?:(?: am|'m)|was) (?:not able|unable) to)<aside>""",
    "find_out": r"(?:answer|determine|tell|say|find|found|conclude|infer|know|derive|establish|see)\w*",
    "资料": r"""
        资料|材料|讲义|讲稿|讲座|讲课|课程|课上|课堂|课件|课本|教材|笔记|段落|片段|文段|文本(?!框)|上文|上述|原文
        |文中|全文|内容|本课|本讲|这门课|这一讲|这几讲|哪一讲|各讲|这几段|这三段|几段话|老师|录音|字幕|知识库|来源|以上""",
    "没": r"没有|并没有|并没|都没|还没|也没|从没|没|并未|从未|未曾|不曾|尚未|未|并不|不|无",
    "就此": r"有|在|在\S{1,4}上|能|曾|作|做|再|具体|明确|专门|直接|进一步|任何",
    "讲": r"""
        教过?|提到|提及|提起|提过|谈|提供|讲|说|涉及|涵盖|介绍|解释|给|回答|答案|写|记载|记录|记述|出现
        |包括|包含|覆盖|交代|描述|讨论|列出|指出|告诉|透露|论述|证明|推导|相关|有关|关于|对应|这方面|这部分|这个|这一|你要
        |您要|作介绍|作说明|作解释|所需|足够|任何|可以|能|依据|答""",
    # what the material does say opens here, so a later negation belongs to the subject matter
    "引": r"说|指出|说明|表示|认为|告诉|强调|提醒|讲到|证明|给出|：|:",
    "不能": r"无法|没法|没办法|不能|不便|难以|无从",
    "抱歉": r"抱歉|对不起|不好意思|很遗憾|很抱歉|恕我",
}
_ENGLISH = [
    # "the passages do not mention it", "the notes are silent", "the text gives no figure"
    r"\b<material><gap>(?:<not>|never|fails? to|failed to|nowhere)\s+<tell>\b",
    r"\b<material>(?:<gap>|\s+)(?:(?:is|are) silent|(?:sa(?:y|id)|contain|offer|hold|give)s? nothing)\b",
    r"\b<material><gap>(?:gives?|gave|contains?|offers?|provides?|holds?|has|have)"
    r" (?:no|neither|not enough|insufficient|too little)(?: \w+)? <knowledge>\b",
    # "the notes skip this", "based on the passages it is not possible to tell"
    r"\b<material><gap>(?:skips?|omits?|ignores?|lacks?|makes? no mention|ha(?:s|ve) nothing)\b",
    r"\b<material><gap>leaves? (?:\w+ )?(?:out|[^.]{0,30}(?:open|unanswered))\b",
    r"\b<material><gap>(?:not possible|impossible|cannot be|can't be|no way) (?:to )?<find_out>",
    r"(?:not|n't) (?:come up|appear|feature|figure|turn up) (?:\w+ )?(?:in|among) (?:\w+ ){0,3}<material>\b",
    # "nothing in the lectures says", "none of them tells", "neither the notes nor the recordings explain"
    r"\b(?:nothing|nowhere|no \w+|not one)\b[^.]{0,45}"
    r"\b(?:in|of|from|among|within) (?:\w+ ){0,4}<material>\b",
    r"\bnone of (?:them|these|those|(?:the |these |your |my )?(?:\w+ )?<material>)(?: \w+){0,2} <tell>\b",
    r"\b(?:no|neither)(?: of)?(?: the| these)? <material>(?: \w+){0,6} <tell>\b",
    # "it isn't mentioned in the transcript", "the answer is not in the passages", "this was not discussed"
    r"(?:\bnot|n't|\bnowhere|\bnever)<aside> <told>\b[^.]{0,40}\b<material>\b",
    r"^(?:unfortunately,? |sorry,? )?(?:(?:it|that|this)(?: \w+)? (?:is|was)(?:n't| not)|not) "
    r"(?:mentioned|covered|discussed|stated|specified|addressed|treated)(?: anywhere| here)?\W*$",
    r"(?:n't|\bnot) any <knowledge>\b[^.]{0,20}\b(?:in|from) (?:\w+ ){0,3}<material>\b",
    r"\banswer (?:isn't|is not) (?:there|here)\b",
    # "beyond what the material covers", "outside the scope"
    r"\b(?:outside|beyond|exceeds?)(?: of)? (?:the scope of )?(?:\w+ ){0,3}<material>\b",
    r"\b(?:outside|beyond|exceeds?)(?: of)? (?:the |my )?scope\b",
    # the assistant itself: "I don't know", "I have no information", "I am not sure", "I must pass"
    r"(?<!if )(?<!when )(?<!because )(?<!since )<i_fail> "
    r"(?:know|answer|tell|say|find|help|determine|give you|provide|comment|explain"
    r"|see (?:an|any|the) answer)\b",
    r"\bi (?:have|got|see|find|found) (?:no|nothing|not enough|insufficient|too little)\b(?: \w+){0,2}? ?"
    r"(?:<knowledge>|on|about|in)\b",
    r"\bi (?:do(?:n't| not) have|lack|am missing)(?: \w+){0,2} (?:<knowledge>|access)\b",
    r"\bi (?:searched|looked|checked|went|read)\b[^.]{0,40}\b(?:nothing|no (?:answer|mention|trace))\b",
    r"\bi\b[^.]{0,45}\b(?:find|found|see|saw) (?:nothing|no (?:trace|mention|answer|information))\b",
    r"\bi(?: am|'m) (?:not sure|not certain|not aware|unsure)\b(?! (?:why you|that you))",
    r"\bi (?:have to|must|will|'ll) (?:pass|decline)\b",
    r"\bi(?: would|'d) (?:only be|be|rather not) guess(?:ing)?\b",
    r"\bwe (?:do|did)(?:n't| not) (?:treat|cover|discuss|teach) (?:that|this|it)\b",
    # "not possible to answer with the passages", "you won't find this in our notes", "insufficient context"
    r"\b(?:can't|cannot|can not|could not|couldn't|(?:impossible|not possible|unable|no way) to|won't"
    r"|will not) (?:be )?<find_out>\b[^.]{0,45}\b(?:in|from|with|by|based on|on) (?:\w+ ){0,3}<material>\b",
    r"^\W*(?:i )?(?:can't|cannot) (?:answer|say|tell)\b(?: (?:that|this|it))?\W*(?:because|since|as|:|$)",
    r"^\W*(?:there is |there's )?(?:not enough|insufficient|no|no relevant)"
    r" (?:information|context|evidence|answer)(?: available| provided| given| here)?\W*$",
    r"\b(?:not enough|insufficient|too little) (?:information|context|detail|evidence)"
    r"\b[^.]{0,30}\b<material>\b",
    r"^\W*(?:this is |it is )?unknown (?:from|to|in) (?:\w+ ){0,3}<material>\b",
    r"\b(?:not clear|unclear|not known|not evident) from (?:\w+ ){0,3}<material>\b",
]
_CHINESE = [
    # 资料没有提到；对此只字未提；没有哪一讲谈过；资料里没有……
    r"<资料>(?:(?!<引>)[^。！？]){0,16}<没><就此>{0,2}<讲>",
    r"<资料>[^。！？]{0,8}(?:只字未提|一字未提|一个字也没|没提|未提)",
    r"<资料>(?:里|中|上)?(?:没有|没讲|未讲|没说|没写)[。！!]?$",
    r"<没>(?:有)?(?:哪|任何)?一?(?:讲|段|份|份材料)[^。]{0,6}(?:谈|讲|说|提|写)(?:到|过|及)",
    r"^[^，。]{0,8}(?:资料|材料|讲义|讲稿|课件|教材|段落|片段|笔记)(?:里面|里|中|上)?(?:并|都|也|暂时)?没有",
    # 资料里找不到、看不出、没查到
    r"<资料>[^。！？]{0,10}(?:找|查|看|搜|得|读|推)不(?:到|出)|<资料>[^。]{0,4}查无",
    r"<资料>[^。！？]{0,6}(?:没有?|未能?)(?:找|查|看|搜|读|检索)到",
    r"(?:没有?|未能?)(?:找|查|搜|检索)到[^。]{0,8}(?:资料|内容|信息|答案|说明|依据)",
    # 超出范围、不属于本课程、与课程无关
    r"(?:超出|超过|不在|不属于|不是|脱离)(?:了)?[^，。]{0,8}(?:资料|材料|课程|本课|这门课|讲义|课堂|教学)|超纲",
    r"(?:与|和|跟)[^，。]{0,6}(?:问题|提问|课程|资料|本课|这门课)(?:内容)?"
    r"(?:没有关系|无关|毫无关系|毫不相干|不相关)",
    # 我不知道、我回答不了、我没有这方面的信息、抱歉……无法
    r"我(?!们)\S{0,3}?(?:不知道|不清楚|不了解|不确定|不能确定|不敢肯定|不掌握|不晓得|(?:回答|答)不(?:上来|了|出))",
    r"我(?!们)\S{0,4}?<不能>[^。，]{0,12}(?:回答|作答|告诉|判断|确定|解答|给出|提供|帮)",
    r"我[^，。]{0,6}(?:没有|缺少|缺乏)[^，。]{0,8}(?:信息|依据|资料|材料|答案|根据)",
    r"^(?:<抱歉>)?[，,]?\s*(?:不知道|不清楚|不太清楚|不了解|无可奉告|不详)(?:[，。,!！].*)?$",
    r"(?:<抱歉>)[^。]{0,14}(?:<不能>|答不|不了)",
    # 无法作答、无从得知、信息不足、暂无相关信息
    r"(?:^|[，,])(?:目前|暂时|现在|恐怕)?<不能>(?:回答|解答)(?:[，。,!！]|$)|无从(?:得知|判断|知晓)|不得而知",
    r"<不能>(?:作答|作出回答|回答(?:这|该|你|您|此)|给出答案|得出答案)",
    r"(?:这个|该|此|你的|您的)(?:问题|提问)[^，。]{0,4}(?:回答不了|答不上来|(?:无法|没法|不能)回答)",
    r"<资料>(?:(?!<引>)[^。！？]){0,10}(?:回答不了|帮不上忙"
    r"|(?:<不能>|不足以)[^，。]{0,6}(?:回答|判断|确定|得出|得知|推断|找到|知道))",
    r"<不能>(?:从|根据|依据|凭|由)[^，。]{0,8}<资料>",
    r"(?:信息|资料|材料|依据|证据)(?:并)?(?:不足|不够)(?!以)",
    r"(?:暂无|没有|未提供|缺少|缺乏|无)(?:任何|足够|与之|更多|具体)?的?(?:相关|有关|相应)?的?"
    r"(?:资料|材料|信息|依据|答案|记载|(?:相关|有关|课程)的?内容)(?:可|。|，|！|$|能)",
]
# Talk about the material, the question or oneself: it carries no answer of its own.
_TOPICAL = (
    r"\b<material>\b[^.]*\b(?:discuss|talk|cover|deal|concern|focus|mention|about|only|contain)"
    r"|\b(?:question|sorry|unfortunately|please|elsewhere|i)\b|\bthank"
    r"|只(?:讲|谈|说|提|涉及|介绍|有)|问题|抱歉|对不起|遗憾|请|我|您"
    r"|<资料>[^。]{0,6}(?:讲的是|谈的是|讨论的是|介绍的是|涉及|讲了)"
)


def _compile(rule: str) -> re.Pattern[str]:
    """Put the word classes into a rule; classes may name classes."""
    while re.search(r"<\w+>", rule):
        rule = re.sub(r"<(\w+)>", lambda name: "(?:" + re.sub(r"\n\s*", "", _WORDS[name[1]]) + ")", rule)
    return re.compile(rule)


_RULES_EN = [_compile(rule) for rule in _ENGLISH]
_RULES_ZH = [_compile(rule) for rule in _CHINESE]
_ASIDES = _compile(_TOPICAL)
_SENTENCE = re.compile(r"(?<=[。！？!?；;\n])|(?<=[.])\s+|\s+[-—–]+\s+")
_CLAUSE = re.compile(r"[,，;；。！？\n]|\bbut\b|\bhowever\b|\byet\b|但是?|不过|然而|而是|只是")
_CORRECTION = re.compile(r"而是|而说")
_SUBSTANCE_CHARACTERS = 4


def is_refusal(text: str) -> bool:
    """Say whether an answer declines to answer because the material or the assistant lacks it."""
    sentences = [part for part in _sentences(text) if not _repeats_instructions(part)]
    first = next((i for i, sentence in enumerate(sentences) if _refuses(sentence)), None)
    if first is None:
        return False
    if any(_has_substance(sentence) for sentence in sentences[:first]):
        return False
    return not any(_is_cited_answer(clause) for part in sentences[first:] for clause in _CLAUSE.split(part))


def _fold(text: str) -> str:
    return text.replace("’", "'").replace("`", "'").lower().strip()


def _sentences(text: str) -> list[str]:
    return [part.strip() for part in _SENTENCE.split(_fold(text)) if part.strip()]


def _repeats_instructions(sentence: str) -> bool:
    """Tell whether a sentence, perhaps cut off, is one of the prompt's own: it says when to refuse."""
    told = [part for instructions in INSTRUCTIONS.values() for part in _sentences(instructions)]
    return sentence in told or (len(sentence) >= 8 and any(part.startswith(sentence) for part in told))


def _refuses(sentence: str) -> bool:
    bare = strip_citations(sentence).strip()
    if any(rule.search(bare) for rule in _RULES_EN):
        return True
    return not _CORRECTION.search(bare) and any(rule.search(bare) for rule in _RULES_ZH)


def _has_substance(clause: str) -> bool:
    bare = strip_citations(clause).strip(" .,，。；;：:")
    return len(bare) >= _SUBSTANCE_CHARACTERS and not _ASIDES.search(bare) and not _refuses(bare)


def _is_cited_answer(clause: str) -> bool:
    return strip_citations(clause) != clause and _has_substance(clause)
