"""Normalise text without changing what it says.

Full-width letters, digits and the ideographic space are folded, line ends unified, control and
zero-width characters removed, wrongly decoded text repaired (`mojibake.py`), traditional Chinese
simplified where a parameter asks for it, Wikipedia's choices of words by region made. Nothing else: NFKC
and ftfy's defaults turn x² into x2, ½ into 1/2 and ， into a comma. Code and formulas keep every byte but
their line ends.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from ta_pipeline.text.fields import rewrite_document
from ta_pipeline.text.markup import shield, unshield
from ta_pipeline.text.mojibake import SIGNS, repair_mojibake

Row = dict[str, Any]

_FOLD = {0x3000: " "} | {
    code: chr(code - 0xFEE0)
    for first, last in ((0xFF10, 0xFF19), (0xFF21, 0xFF3A), (0xFF41, 0xFF5A))
    for code in range(first, last + 1)
}
_FULL_WIDTH = re.compile("[\u3000\uff10-\uff19\uff21-\uff3a\uff41-\uff5a]")
#: Control characters but newline and tab; zero-width and direction marks; soft hyphens.
_HIDDEN = (
    "\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u200b\u200c\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff"
)
#: The joiner U+200D stays behind an emoji, where it makes one picture of two.
_INVISIBLE = re.compile(f"[{_HIDDEN}]|(?<![\u2600-\u27bf\ufe0f\U0001f000-\U0001faff])\u200d")
_MAY_BE_INVISIBLE = re.compile(f"[{_HIDDEN}\u200d]")
#: A text without any of these is as it should be: one search for a set of characters says so.
_SUSPECT = re.compile(f"[\r{_HIDDEN}\u200d{_FULL_WIDTH.pattern[1:-1]}{SIGNS}]")
#: MediaWiki's choice of words by region, as dumps of the Chinese Wikipedia have it:
#: -{zh-hans:猢狲树;zh-tw:猴面包树}-, -{后}- where nothing may be converted, -{T|…}- for the title alone.
_VARIANTS = re.compile(r"-\{\s*(?P<told>zh[a-z-]*\s*:[^{}\n]*|[\u4e00-\u9fff]{1,20}|[A-Z]\|[^{}\n]*)\}-")
_VARIANT = re.compile(r"zh(?P<region>[a-z-]*)\s*:\s*(?P<words>[^;]*)")
_HAN = re.compile("[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]")


def normalise_text(text: str, simplify: bool = False) -> str:
    """Return the text with its faults of encoding mended and its wording untouched.

    The result is stable: taking out a zero-width character may make a formula of what was none, so it is
    gone over until nothing changes.
    """
    while _SUSPECT.search(text) or ("-{" in text and _VARIANTS.search(text)):
        mended = _mend(text)
        if mended == text:
            break
        text = mended
    return simplify_chinese(text) if simplify and _HAN.search(text) else text


def simplify_chinese(text: str) -> str:
    """Turn traditional characters into simplified ones, but not in code and formulas."""
    shielded, pieces = shield(text)
    return unshield(_converter().convert(shielded), pieces)


def normalise_document(document: Row, simplify: bool = False) -> Row:
    """Return a document with all its texts normalised; segments without text disappear."""
    whole = _all_text(document)
    if simplify or "-{" in whole or _SUSPECT.search(whole):

        def rewrite(text: str) -> str:
            return normalise_text(text, simplify)

        document = rewrite_document(document, rewrite, rewrite)
    return {**document, "segments": [s for s in document["segments"] if s["text"].strip()]}


def _all_text(document: Row) -> str:
    """Join everything of a document that is rewritten; JSON hides other alphabets behind `\\u`."""
    meta = document["meta"]
    texts = [document["title"], "\r" if "\\" in meta else meta]
    for segment in document["segments"]:
        texts += (segment["text"], segment["heading"], segment["speaker"] or "")
    return "\n".join(texts)


def _mend(text: str) -> str:
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    shielded, pieces = shield(text)
    shielded = repair_mojibake(shielded)
    if _MAY_BE_INVISIBLE.search(shielded):
        shielded = _INVISIBLE.sub("", shielded)
    if _FULL_WIDTH.search(shielded):
        shielded = shielded.translate(_FOLD)
    if "-{" in shielded:
        shielded = _VARIANTS.sub(_mainland, shielded)
    return unshield(shielded, pieces)


def _mainland(match: re.Match[str]) -> str:
    """Choose among the words for different regions those for simplified Chinese, or else the first."""
    told = match["told"]
    if not told.startswith("zh"):
        return "" if "|" in told else told
    words = {found["region"]: found["words"].strip() for found in _VARIANT.finditer(told)}
    return next((words[region] for region in ("-hans", "-cn") if region in words), next(iter(words.values())))


@lru_cache(maxsize=1)
def _converter() -> Any:
    from opencc import OpenCC

    return OpenCC("t2s")
