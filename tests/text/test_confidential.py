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
