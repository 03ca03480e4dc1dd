import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ta_pipeline.text.normalise import normalise_document, normalise_text, simplify_chinese

#: What lessons are made of: nothing here is a fault.
RIGHT = st.sampled_from(
    [
        "速度",
        "力是矢量",
        "，",
        "。",
        "：",
        "“",
        "”",
        "（",
        "）",
        "！",
        "～",
        "％",
        "＝",
        "a",
        "F",
        "7",
        "x²",
        "½",
        "①",
        "10⁻³",
        "°C",
        "×",
        "≥",
        "µ",
        "Δ",
        "é",
        "ﬁ",
        "—",
        "…",
        "·",
        "`",
        "$",
        "\\",
        "#",
        "|",
    ]
)
BLANKS = st.sampled_from([" ", "\n", "\t", "👩\u200d🔬"])
FAULTS = st.sampled_from(
    [
        "Ａ",
        "９",
        "\u3000",
        "\u200b",
        "\r",
        "\r\n",
        "\x00",
        "\ufeff",
        "â€™",
        "é€Ÿåº¦",
        "閫熷害",
        "ËÙ¶È",
        "\u200d",
    ]
)
#: Pieces that stay byte-identical whatever is wrong around them.
PROTECTED = st.sampled_from(
    [
        "```python\nx = '１２３　ａ'  # â€™\u200b\n```",
        "$Ｆ\u3000＝ｍａ$",
        "$$ａ\u200b＝１$$",
        "\\[ｖ＝é€Ÿ\\]",
        "\\begin{align}ａ&＝１\\end{align}",
        "`ｘ\u3000＝１`",
    ]
)


@settings(deadline=None)
@given(st.lists(RIGHT | BLANKS, max_size=30).map("".join))
def test_text_without_faults_is_returned_as_it_is(text):
    assert normalise_text(text) == text


@settings(deadline=None, max_examples=200)
@given(st.lists(RIGHT | BLANKS | FAULTS | PROTECTED, max_size=20).map("".join))
def test_a_second_pass_changes_nothing(text):
    once = normalise_text(text)
    assert normalise_text(once) == once


@settings(deadline=None)
@given(st.lists(FAULTS, max_size=6).map("".join), PROTECTED, st.lists(FAULTS, max_size=6).map("".join))
def test_code_and_formulas_survive_any_faults_around_them(before, protected, after):
    assert protected in normalise_text(f"{before}\n\n{protected}\n\n{after}")


def test_traditional_characters_become_simplified_only_where_asked():
    lesson = "重力加速度會隨緯度改變，x² 與 ½ 不變。"
    assert normalise_text(lesson) == lesson
    assert normalise_text(lesson, simplify=True) == "重力加速度会随纬度改变，x² 与 ½ 不变。"


def test_simplified_chinese_code_and_formulas_are_not_converted():
    assert simplify_chinese("乾坤、著名、瞭望、头发") == "乾坤、著名、瞭望、头发"
    assert simplify_chinese("`變量` $\\text{變}$ 變") == "`變量` $\\text{變}$ 变"


def test_a_document_is_simplified_in_all_its_texts(make_document):
    document = make_document("變", title="題", meta='{"rejected": "錯"}')
    clean = normalise_document(document, simplify=True)
    assert (clean["title"], clean["segments"][0]["text"], clean["meta"]) == ("题", "变", '{"rejected": "错"}')
    assert normalise_document(document) == document


def test_escaped_text_in_meta_is_normalised_too(make_document):
    clean = normalise_document(make_document("a", meta='{"rejected": "\\uff21"}'))
    assert clean["meta"] == '{"rejected": "A"}'


@pytest.mark.parametrize(
    "text",
    [
        "x² + ½at² ≥ 3×10⁻¹¹ N·m²/kg², ①②, 20 °C ± 0.5, µ = 0.3, Å, ﬁne",
        "他说：“速度，加速度；对吗？”（全角标点不变）！～％＝＋－．／",
        "naïve café, l’été, “quoted” – dash",
        "a\tb\n\nc  d ",
    ],
)
def test_what_is_no_fault_stays_as_it_is(text):
    assert normalise_text(text) == text


def test_full_width_letters_digits_and_the_ideographic_space_are_folded():
    assert (
        normalise_text("\u3000质量６０ｋｇ，取ｇ为９.８ｍ/ｓ²，Ａ点，Ｚ") == " 质量60kg，取g为9.8m/s²，A点，Z"
    )


def test_line_ends_controls_and_zero_width_characters_are_removed():
    assert normalise_text("\ufeffa\r\nb\rc\x00\x07d\u200be\u200cf\u2060g\u00adh\x85\n") == "a\nb\ncdefgh\n"


def test_a_joined_emoji_stays_joined():
    assert normalise_text("👩\u200d🔬 x\u200dy") == "👩\u200d🔬 xy"


@pytest.mark.parametrize(
    ("broken", "text"),
    [
        ("速度和公式是牛顿的".encode().decode("latin-1"), "速度和公式是牛顿的"),
        ("é€Ÿåº¦", "速度"),
        ("重力加é€Ÿåº¦是", "重力加速度是"),
        ("donâ€™t, cafÃ©, 2 mÂ²", "don’t, café, 2 m²"),
    ],
)
def test_double_decoded_text_is_repaired(broken, text):
    assert normalise_text(broken) == text


def test_a_byte_that_looks_like_a_line_end_does_not_stop_the_repair():
    broken = "公式".encode().decode("latin-1")
    assert "\x85" in broken
    assert normalise_text(f"first\n{broken}\nlast") == "first\n公式\nlast"


@pytest.mark.parametrize(
    "protected",
    [
        "```python\nx = '１２３　ａ'  # â€™\u200b\n```",
        "~~~\nＡＢＣ\n~~~",
        "$Ｆ＝ｍａ，\\ ｘ_１$",
        "$$\nａ＝１\n$$",
        "\\[ｖ＝１\\]",
        "\\(ｘ\\)",
        "\\begin{align}ａ&＝１\\end{align}",
        "`ｘ＝１`",
        "```\nＡ never closed",
    ],
)
def test_code_and_formulas_stay_byte_identical(protected):
    assert normalise_text(f"Ａ\n{protected}") == f"A\n{protected}"


def test_dollars_of_money_are_no_formula():
    assert normalise_text("costs $５ and $１０ more") == "costs $5 and $10 more"


def test_private_use_characters_of_the_source_survive():
    assert normalise_text("\U000f0000 Ａ $１$ \U000f0001") == "\U000f0000 A $１$ \U000f0001"


def test_all_texts_of_a_document_are_normalised_and_empty_segments_disappear(make_document):
    document = make_document("Ａ", "\u200b \n", title="Ｔ", meta='{"rejected": "Ｎｏ", "source": "Ｓ.md"}')
    document["segments"][0]["heading"] = "Ｈ"
    clean = normalise_document(document)
    assert [s["text"] for s in clean["segments"]] == ["A"]
    assert (clean["title"], clean["segments"][0]["heading"]) == ("T", "H")
    assert clean["meta"] == '{"rejected": "No", "source": "Ｓ.md"}'


@pytest.mark.parametrize(
    ("text", "chosen"),
    [
        ("又名-{zh-hant:猴面包树;zh-hans:猢狲树;zh-tw:猴面包树}-、树", "又名猢狲树、树"),
        ("海拔450-{zh-cn:米; zh-hk:米; zh-tw:公尺}-处", "海拔450米处"),
        ("安帝夫妇及何-{后}-西退", "安帝夫妇及何后西退"),
        ("-{T|Gtk#}-Gtk#是", "Gtk#是"),
        ("$x^{-{a}-}$ 与 -{b}-", "$x^{-{a}-}$ 与 -{b}-"),
        ("-{zh-tw:職人;}-", "職人"),
    ],
)
def test_words_by_region_are_chosen(text, chosen):
    assert normalise_text(text) == chosen
