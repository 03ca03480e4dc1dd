import pytest

from ta_pipeline.text.confidential import find_mark, is_mark

TEACHING = "Force is a push or a pull that one body exerts on another, and it is measured in newtons. " * 6


@pytest.mark.parametrize(
    "mark",
    [
        "机密",
        "绝密★启用前",
        "密级：机密",
        "机密★10年",
        "内部资料",
        "内 部 资 料",
        "【内部资料】请勿外传",
        "内部文件，严禁外传",
        "（内部资料，注意保密）",
        "仅限内部使用",
        "仅供内部参考",
        "保密文件",
        "CONFIDENTIAL",
        "*** CONFIDENTIAL ***",
        "[Confidential]",
        "Strictly confidential - do not share",
        "Private and Confidential",
        "Confidential and proprietary",
        "For internal use only",
        "INTERNAL  USE  ONLY",
        "Do not distribute",
        "DO NOT DISTRIBUTE OUTSIDE THE SCHOOL",
        "Not for distribution",
        "For staff only",
        "TOP SECRET",
        "Classification: Internal",
        "密级：内部",
        "For official use only",
    ],
)
def test_a_line_that_is_only_a_mark_is_found_wherever_it_stands(make_document, mark):
    assert find_mark(make_document(mark, TEACHING)).startswith("line 1 ")
    assert find_mark(make_document(TEACHING, f"{TEACHING}\n{mark}\n{TEACHING}")).startswith("line 3 ")
    assert find_mark(make_document(TEACHING, title=mark)).startswith("title: ")
    assert is_mark(mark)


@pytest.mark.parametrize(
    "line",
    ["Confidential – Draft 3", "Confidential: exam paper", "绝密★启用前 试卷类型：A", "期末试题（内部资料）"],
)
def test_a_mark_with_more_on_its_line_counts_at_the_top_and_the_bottom_only(make_document, line):
    assert find_mark(make_document(line, TEACHING))
    assert find_mark(make_document(TEACHING, TEACHING, line))
    assert find_mark(make_document(TEACHING, line, *["A line.", "Another.", "A third.", "The last."])) is None


@pytest.mark.parametrize(
    "topic",
    [
        "信息的机密性与完整性",
        "机密性",
        "机密计算",
        "秘密共享方案",
        "秘密花园",
        "# 秘密",
        "保守国家秘密法",
        "内部能量与热力学第一定律",
        "内能",
        "系统内部的力是内力",
        "内部文件系统的结构",
        "内部使用哈希表实现",
        "Confidentiality, integrity, availability",
        "Confidential computing",
        "confidence interval",
        "Internal energy and the first law",
        "Internal resistance",
        "Use internal forces only inside the system",
        "Secret sharing",
        "The data is classified",
        "Classified ads",
        "This is not distributed evenly",
        "Do not distribute the minus sign over the product incorrectly",
        "Is this document confidential?",
        "What does 'internal use only' mean in this licence?",
    ],
)
def test_a_topic_is_no_mark(make_document, topic):
    for document in (make_document(topic, TEACHING), make_document(TEACHING, topic, title=topic)):
        assert find_mark(document) is None


def test_code_and_dialogues_are_not_marked(make_document):
    assert find_mark(make_document("```\nCONFIDENTIAL\n```", TEACHING)) is None
    assert find_mark(make_document("CONFIDENTIAL", "Yes.", kind="dialogue")) is None


@pytest.mark.parametrize(
    "heading",
    ["内部资料，请勿外传", "期末试题 > 【仅限内部使用】 > 第一部分", "Exam 2 > FOR STAFF ONLY > Questions"],
)
def test_a_heading_is_a_mark_too(make_document, heading):
    document = make_document(TEACHING, TEACHING)
    document["segments"][1]["heading"] = heading
    assert find_mark(document).startswith("heading: ")


@pytest.mark.parametrize(
    "heading", ["国家秘密 > 机密", "Data classes > Confidential", "Contracts > Confidential information"]
)
def test_a_chapter_about_secrecy_is_none(make_document, heading):
    document = make_document(TEACHING, TEACHING)
    document["segments"][1]["heading"] = heading
    assert find_mark(document) is None


@pytest.mark.parametrize(
    "statement",
    [
        "本资料仅供内部使用",
        "本试卷为内部资料，未经许可不得复制。",
        "本课件内容属于公司机密，请勿外传。",
        "此文件仅限校内部教师使用。",
        "This document is confidential.",
        "This handout is strictly confidential and must not leave the department.",
        "These slides and notes are for internal use only.",
        "This file contains confidential information.",
    ],
)
def test_what_a_document_says_of_itself_counts_at_its_edges(make_document, statement):
    assert find_mark(make_document(f"{statement}\n{TEACHING}"))
    assert find_mark(make_document(TEACHING, statement))
    assert (
        find_mark(make_document(TEACHING, statement, *["A line.", "Another.", "A third.", "The last."]))
        is None
    )
    assert is_mark(statement)  # a footer of many files must not go as one


@pytest.mark.parametrize(
    "text",
    [
        "国家秘密分为三级：\n- 绝密\n- 机密\n- 秘密",
        "国家秘密的密级\n绝密\n机密\n秘密",
        "密级从高到低：绝密、机密、秘密",
        "绝密、机密、秘密",
        "Data classes\nPublic\nInternal\nConfidential\nRestricted",
        "* Confidential\n* Internal use\n* Public",
        "本课程不涉及机密信息。",
        "本文件系统内部使用哈希表。",
        "本报告是内部资料管理的案例。",
        "This paper contains confidential computing benchmarks.",
        "This paper is about confidential transactions.",
        "Is this document confidential?",
    ],
)
def test_what_only_speaks_of_secrecy_stays(make_document, text):
    assert find_mark(make_document(text, TEACHING)) is None
    assert find_mark(make_document(TEACHING, text)) is None


def test_a_chapter_of_contract_law_may_be_called_confidential_information(make_document):
    after = [TEACHING] * 4
    assert find_mark(make_document(TEACHING, "Confidential information", *after)) is None
    assert find_mark(make_document(TEACHING, title="Confidential Information")) is None
    assert find_mark(make_document(TEACHING, "CONFIDENTIAL INFORMATION", *after))


@pytest.mark.parametrize(
    "meta", ['{"classification": "internal"}', '{"confidential": true}', '{"密级": "机密"}']
)
def test_front_matter_marks_a_document(make_document, meta):
    assert find_mark(make_document(TEACHING, meta=meta)).startswith("field ")


@pytest.mark.parametrize(
    "meta", ['{"classification": "public"}', '{"confidential": false}', '{"classification": "linear"}']
)
def test_other_front_matter_does_not(make_document, meta):
    assert find_mark(make_document(TEACHING, meta=meta)) is None


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("exams/【内部资料】期末试题.docx", True),
        ("CONFIDENTIAL - final exam.pdf", True),
        ("机密.md", False),
        ("confidential_computing.md", False),
        ("内部类与接口.md", False),
    ],
)
def test_a_file_name_is_a_mark_where_it_says_more_than_the_level(make_document, source, found):
    mark = find_mark(make_document(TEACHING, source=source))
    assert (mark is not None and mark.startswith("file name: ")) is found
