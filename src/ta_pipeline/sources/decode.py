"""Turn the bytes of a file into text, or say where that fails.

UTF-8 is tried first; what is no UTF-8 may be UTF-16 or UTF-32, GB18030 or Big5, which charset_normalizer
tells apart. Nothing else is guessed: a Western one-byte encoding fits any bytes and would hide damage.
"""

from __future__ import annotations

import codecs

from charset_normalizer import from_bytes

from ta_pipeline.sources.drafts import Fault

_CURE = "save the file as UTF-8"
#: The mark of UTF-32 begins with that of UTF-16.
_MARKED = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def decode(raw: bytes) -> str | Fault:
    """Return the text with `\\n` line ends and no byte order mark, or the fault that prevents it."""
    text = _decode(raw)
    return text if isinstance(text, Fault) else text.replace("\r\n", "\n").replace("\r", "\n")


def _decode(raw: bytes) -> str | Fault:
    for mark, encoding in _MARKED:
        if raw.startswith(mark):
            return _strictly(raw, encoding)
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        return _broken_utf8(raw, error) or _guess(raw, error)


def _strictly(raw: bytes, encoding: str) -> str | Fault:
    try:
        return raw.decode(encoding)
    except UnicodeDecodeError as error:
        return Fault(0, "encoding", f"broken {encoding} at byte {error.start}; {_CURE}")


def _broken_utf8(raw: bytes, error: UnicodeDecodeError) -> Fault | None:
    """Name the bad byte of a file that is UTF-8 elsewhere.

    Without this a Chinese UTF-8 file with one bad byte would be read as GB18030 nonsense.
    """
    text = raw.decode("utf-8", errors="replace")
    broken = text.count("\ufffd")
    sound = sum(character > "\x7f" for character in text) - broken
    if sound <= broken:
        return None
    line = raw.count(b"\n", 0, error.start) + 1
    byte = raw[error.start]
    return Fault(line, "encoding", f"byte 0x{byte:02x} at offset {error.start} is no UTF-8; {_CURE}")


def _guess(raw: bytes, error: UnicodeDecodeError) -> str | Fault:
    # UTF-16 without a mark reads many two-byte files as rare ideographs, so it must show a zero byte.
    candidates = ["utf_16_le", "utf_16_be"] if b"\0" in raw else ["gb18030", "big5"]
    best = from_bytes(raw, cp_isolation=candidates).best()
    if best is not None:
        return str(best).removeprefix("\ufeff")
    line = raw.count(b"\n", 0, error.start) + 1
    return Fault(line, "encoding", f"neither UTF-8, UTF-16, GB18030 nor Big5; {_CURE}")
