"""Normalise text without changing what it says.

Full-width letters, digits and the ideographic space are folded, line ends unified, control and
zero-width characters removed, double-decoded UTF-8 repaired. Nothing else: NFKC and ftfy's defaults
turn x² into x2, ½ into 1/2 and ， into a comma. Code and formulas keep every byte but their line ends.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from ta_pipeline.text.fields import rewrite_document
from ta_pipeline.text.markup import shield, unshield

_FOLD = {0x3000: " "} | {
    code: chr(code - 0xFEE0)
    for first, last in ((0xFF10, 0xFF19), (0xFF21, 0xFF3A), (0xFF41, 0xFF5A))
    for code in range(first, last + 1)
}
#: Control characters but newline and tab; zero-width and direction marks; soft hyphens. The joiner
#: U+200D stays behind an emoji, where it makes one picture of two.
_INVISIBLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u200b\u200c\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff]"
    "|(?<![\u2600-\u27bf\ufe0f\U0001f000-\U0001faff])\u200d"
)
#: Pieces that mojibake cannot span; split here by hand, because `splitlines` also cuts at U+0085,
#: which is a byte of many Chinese characters read as Latin-1.
_LINES = re.compile("([\n\U000f0000-\U000ffffd])")


def normalise_text(text: str) -> str:
    """Return the text with its faults of encoding mended and its wording untouched."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if text.isascii() and not _INVISIBLE.search(text):
        return text
    shielded, pieces = shield(text)
    shielded = repair_mojibake(shielded)
    shielded = _INVISIBLE.sub("", shielded).translate(_FOLD)
    return unshield(shielded, pieces)


def normalise_document(document: dict[str, Any]) -> dict[str, Any]:
    """Return a document with all its texts normalised; segments without text disappear."""
    document = rewrite_document(document, normalise_text, normalise_text)
    return {**document, "segments": [s for s in document["segments"] if s["text"].strip()]}


def repair_mojibake(text: str) -> str:
    """Undo UTF-8 that was decoded as Latin-1 or Windows-1252, line by line.

    ftfy decides what is broken; every other repair of its own is switched off.
    """
    from ftfy.badness import is_bad

    if not is_bad(text):
        return text
    return "".join(_repair_line(piece) for piece in _LINES.split(text))


def _repair_line(line: str) -> str:
    from ftfy import fix_encoding
    from ftfy.badness import is_bad

    return fix_encoding(line, _repair_only()) if is_bad(line) else line


@lru_cache(maxsize=1)
def _repair_only() -> Any:
    from ftfy import TextFixerConfig

    return TextFixerConfig(
        unescape_html=False,
        remove_terminal_escapes=False,
        replace_lossy_sequences=False,
        fix_c1_controls=False,
        fix_latin_ligatures=False,
        fix_character_width=False,
        uncurl_quotes=False,
        fix_line_breaks=False,
        fix_surrogates=False,
        remove_control_chars=False,
        normalization=None,
    )
