import pytest

from ta_pipeline.text.quality import (
    broken_word_share,
    count_words,
    course_similarity,
    find_faults,
    mojibake_share,
    symbol_share,
    text_of,
)

TEACHING = "Force is a push or a pull that one body exerts on another, and it is measured in newtons."


def fault(document, clean_params):
    faults = find_faults([document], clean_params)
    return faults[0].reason if faults else None


def test_an_ideograph_is_a_word():
    assert count_words("速度 is a vector, v = 3.") == 7


def test_good_documents_stay(make_document, clean_params):
    assert fault(make_document(TEACHING), clean_params) is None
    assert fault(make_document("速度是矢量，有方向。", language="zh"), clean_params) is None
    assert fault(make_document("F=ma?", "Yes.", kind="dialogue", language=""), clean_params) is None


@pytest.mark.parametrize(
    ("texts", "fields", "reason"),
    [
        ([], {}, "empty"),
        (["  \n"], {}, "empty"),
        (["Too short here."], {}, "too_short"),
        (["What is force?"], {"kind": "dialogue"}, "too_short"),
        (["What is force?", " "], {"kind": "dialogue"}, "too_short"),
        (["使用弹簧之å‰�，先看清é‡�程å�¦指å†�检查力计"], {"language": "zh"}, "mojibake"),
        (["Force is a \ufffd\ufffd push or a pull"], {"kind": "transcript"}, "mojibake"),
        (["force ¤§¶ ø ¬¦ ¿ ^ ¤¦¬ push ¨¯¤ or ¤§ pull ¦¬¶ on it"], {}, "symbols"),
        ([TEACHING], {"language": "fr"}, "language"),
        (["内部资料，请勿外传", TEACHING], {}, "confidential"),
        (["使用弹簧测力计之前先看清量程".encode().decode("gbk", "ignore")], {"language": "zh"}, "mojibake"),
        (["The ve1ocity of the b0dy and its acce1eration are vect0rs, as we kn0w."], {}, "ocr"),
        (["How do I pay?", "With an online casino bonus."], {"kind": "dialogue"}, "forbidden"),
        ([TEACHING, "这里代开发票"], {}, "forbidden"),
    ],
)
def test_a_bad_document_goes_with_its_reason(make_document, clean_params, texts, fields, reason):
    assert fault(make_document(*texts, **fields), clean_params) == reason


@pytest.mark.parametrize(
    ("text", "fields", "loosened"),
    [
        ("Too short here.", {}, {"min_words": 3}),
        ("Force is a \ufffd\ufffd push or a pull", {}, {"max_mojibake_share": 0.1}),
        ("force ¤§¶ ø ¬¦ ¿ ^ ¤¦¬ push ¨¯¤ or ¤§ pull ¦¬¶ on it", {}, {"max_symbol_share": 0.6}),
        (TEACHING, {"language": "fr"}, {"languages": ["fr"]}),
    ],
)
def test_each_limit_is_a_parameter(make_document, clean_params, text, fields, loosened):
    document = make_document(text, **fields)
    assert fault(document, clean_params) is not None
    assert fault(document, clean_params.model_copy(update=loosened)) is None


def test_short_text_in_a_doubtful_language_stays(make_document, clean_params):
    document = make_document("la force nette est nulle", language="fr")
    assert fault(document, clean_params) is None


@pytest.mark.parametrize(
    "text",
    [
        "Resolve: F·cos θ = m·a, so a = 4.3 m/s² ± 0.1; N + 60·sin 30° = m·g (see below).",
        "| a | b |\n|---|---|\n| 1 | 2 |\nA table of values",
        "=====\n* * *\n-----\nA plain text heading",
        "```\n@@##$$%%^^&&**((\n```\nCode does not count",
        "**粗体**：《力学》——第1讲……“质点”是什么？",
    ],
)
def test_formulas_tables_and_rules_are_no_debris(text):
    assert symbol_share(text) < 0.1


@pytest.mark.parametrize(
    "text",
    [
        "Émilie du Châtelet, naïve café, 25 °C ± 1, ½ Â, Å",
        "瑜伽、浏览器、浣熊、浊度与泸州",
        "鏈條的張力與衝量：銀河系裡恆星繞著銀心運動，鏡頭轉動時觀察錘頭與鋼絲。",
    ],
)
def test_accented_rare_and_traditional_letters_are_no_mojibake(text):
    assert mojibake_share(text) == 0


def test_words_that_a_scanner_broke_are_told_from_names_of_things():
    assert broken_word_share("the ve1ocity of a b|ock") == pytest.approx(2 / 8)
    assert broken_word_share("CO2, H2O, x1 and v0, 3D, B2B, x = 10, 5m, p(x|y)") == 0
    assert broken_word_share("数据库里要用utf8mb字符集，否则表情存不进去，查询也会出错，切记。") < 0.05


def test_every_fault_names_the_value_that_decided(make_document, clean_params):
    faults = find_faults(
        [
            make_document("Too short here."),
            make_document("Force is a \ufffd\ufffd push or a pull"),
            make_document("机密", TEACHING),
            make_document("fake diplomas for sale " + TEACHING),
        ],
        clean_params,
    )
    assert [faults[n].detail for n in range(4)] == [
        "3 words, 5 needed",
        "0.071 of the characters, 0.02 allowed",
        "line 1 (segment at line 1 of the file): 机密",
        "forged documents: segment 1, line 1",
    ]


LECTURE = (
    "velocity acceleration displacement gravity friction incline normal weight newton metre second energy"
)
CANTEEN = (
    "tomato soup chicken potatoes lasagne custard curry salad bread porridge coffee parking clamp bicycle"
)


def course(make_document, pages=6, **fields):
    return [
        make_document(f"{LECTURE} number{chr(97 + n) * 4} {LECTURE} {LECTURE}", source=f"{n}.md", **fields)
        for n in range(pages)
    ]


def test_a_page_of_other_words_is_off_topic(make_document, clean_params):
    documents = [*course(make_document), make_document(f"{CANTEEN} {CANTEEN} {CANTEEN}", source="menu.md")]
    faults = find_faults(documents, clean_params)
    assert {position: fault.reason for position, fault in faults.items()} == {6: "off_topic"}
    assert find_faults(documents, clean_params.model_copy(update={"min_course_similarity": 0.0})) == {}


def test_an_off_topic_page_and_its_copy_do_not_vouch_for_each_other(make_document):
    canteen = f"{CANTEEN} {CANTEEN} {CANTEEN}"
    pages = [make_document(canteen, source="menu.md"), make_document(canteen, source="menu.txt")]
    documents = dict(enumerate([*course(make_document), *pages]))
    shares = course_similarity(documents, {n: text_of(document) for n, document in documents.items()})
    assert shares[6] == shares[7] == 0


@pytest.mark.parametrize(
    "fields", [{"origin": "public:alpaca"}, {"kind": "dialogue"}, {"kind": "transcript"}, {"language": "zh"}]
)
def test_only_pages_of_the_course_are_asked_for_their_topic(make_document, clean_params, fields):
    other = make_document(f"{CANTEEN} {CANTEEN}", f"{CANTEEN} {CANTEEN}", source="menu.md", **fields)
    clean = clean_params.model_copy(update={"prose": {}})
    assert find_faults([*course(make_document), other], clean) == {}


def test_a_short_page_or_a_small_course_has_no_topic(make_document, clean_params):
    assert find_faults([*course(make_document), make_document(CANTEEN, source="m.md")], clean_params) == {}
    small = [*course(make_document, pages=3), make_document(f"{CANTEEN} {CANTEEN} {CANTEEN}", source="m.md")]
    assert find_faults(small, clean_params) == {}
