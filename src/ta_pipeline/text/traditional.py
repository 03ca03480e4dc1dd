"""Read traditional Chinese as simplified, for rules whose lists are simplified."""

from __future__ import annotations

import re

from ta_pipeline.text.normalise import simplify_chinese

#: Frequent characters that simplified texts do not have, family names among them.
_TRADITIONAL = re.compile(
    "[們這個來時說對會學為國與過還開關點問題現實應該當種經發號電話請謝師級課數據線邊間長門車東見頁風飛龍"
    "從將讓給無業際產習聽講讀寫認識論證顯麼樣後裡處體機動態變義觀視聯絡組織結構總統計劃導電腦網頁圖書館樓層"
    "陳張劉黃楊趙吳鄭許蕭葉鄧馮呂蘇盧蔣賈閻鐘鍾羅賴龔龐聶顧韓譚鄒陸嚴萬錢孫衛寧歐陽單莊溫湯紀駱齊賀簡魯"
    "傑偉強軍華麗嬌蘭鳳鶴瓊瑩寶貞榮銘鈴錦驊縈緯綺維純紅紹勝勳慶憲懷戀曉曄樺權澤濤瀅燁瑋璽畢]"
)


def simplified(text: str) -> str:
    """Return a text in simplified characters at its length, or the text itself where it is so already."""
    if text.isascii() or _TRADITIONAL.search(text) is None:
        return text
    converted = simplify_chinese(text)
    return converted if len(converted) == len(text) else text
