import json
import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ta_pipeline.text.mojibake import common_share, repair_mojibake

LESSON = "速度是矢量，它的方向就是运动的方向。"
RIGHT = [
    "ÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÐÑÒÓÔÕÖØÙÚÛÜÝÞßàáâãäåæçèéêëìíîïðñòóôõöøùúûüýþÿ",
    "°±²³´µ¶·¸¹º»¼½¾¿",
    "VOCÊ É ÓTIMO, À PARTIR DE AMANHÃ",
    "Ångström, 25 °C ± 0.5, 3×10⁸ m·s⁻¹, x², ½, ①, ≈, √2, ∮, Ω",
    "« Où est l’été ? » demanda Zoë à Noël",
    "Здравствуйте, γειά σου, Việt Nam, 日本語の文章です",
    "鏈條、衝量、銀河、錛刃、瑯琊、茅台、瑜伽、浣熊",  # rare or traditional, and right
    "重力加速度會隨緯度改變，這裡取九點八。",
    "┌──┬──┐│ ok │ (╯°□°)╯",
    "£5, €20, ¥30, §12, †",
    "2×“速度”, a ×½, 3×² or É… and Å“quoted” é”",
]


@pytest.mark.parametrize("text", RIGHT)
def test_right_text_is_never_touched(text):
    assert repair_mojibake(text) == text


@pytest.mark.parametrize("wrong", ["latin-1", "cp1252"])
def test_utf_8_read_byte_by_byte_is_repaired(wrong):
    assert repair_mojibake("速度".encode().decode(wrong)) == "速度"
    assert repair_mojibake("don’t – café".encode().decode(wrong)) == "don’t – café"


def test_utf_8_read_as_gbk_is_repaired():
    assert repair_mojibake("閫熷害鍜屽姞閫熷害") == "速度和加速度"
    assert repair_mojibake("don鈥檛 stop") == "don’t stop"
    assert repair_mojibake("第一行\n閫熷害鍜屽姞閫熷害\n第三行") == "第一行\n速度和加速度\n第三行"


def test_gbk_read_as_latin_1_is_repaired_with_its_soft_hyphens():
    broken = "画一个受力图，谁受的力？".encode("gbk").decode("latin-1")
    assert "\xad" in broken
    assert repair_mojibake(broken) == "画一个受力图，谁受的力？"


def test_a_repair_that_would_lose_a_byte_is_not_made():
    lossy = LESSON.encode().decode("gbk", "replace")
    assert "\ufffd" in lossy
    assert "\ufffd" in repair_mojibake(lossy)
    assert repair_mojibake("a \ufffd\ufffd b") == "a \ufffd\ufffd b"


COMMON = st.builds(
    lambda first, second: bytes((first, second)).decode("gb2312"),
    st.integers(0xB0, 0xD6),
    st.integers(0xA1, 0xFE),
)


@settings(deadline=None)
@given(st.lists(COMMON, min_size=3, max_size=30).map("".join))
def test_common_chinese_read_in_the_wrong_encoding_comes_back_or_stays_as_it_was(text):
    for wrong in (text.encode().decode("latin-1"), text.encode().decode("gbk", "replace")):
        assert "\ufffd" in wrong or repair_mojibake(wrong) in (text, wrong)
    assert repair_mojibake(text) == text


@pytest.mark.skipif("TA_SAMPLES_DIR" not in os.environ, reason="TA_SAMPLES_DIR names no folder of samples")
def test_no_row_of_the_chinese_samples_is_changed_not_even_in_traditional_characters():
    from opencc import OpenCC

    path = Path(os.environ["TA_SAMPLES_DIR"]) / "instructions" / "alpaca_zh_demo.json"
    texts = [row["output"] for row in json.loads(path.read_text("utf-8"))]
    texts += map(OpenCC("s2tw").convert, list(texts))
    assert [text for text in texts if repair_mojibake(text) != text] == []


def test_the_share_of_common_characters_tells_chinese_from_its_mojibake():
    assert common_share(LESSON) == 1
    assert common_share(LESSON.encode().decode("gbk", "ignore")) < 0.35
    assert common_share("plain") == 1
