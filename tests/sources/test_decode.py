"""Encodings: what is read, and what is refused."""

import pytest

from ta_pipeline.sources.decode import decode
from ta_pipeline.sources.drafts import Fault

SIMPLE = "第一讲 运动学基础\n\n位移是矢量，速度是位移对时间的变化率。\n"
TRADITIONAL = "第一講 運動學基礎\n\n位移是向量，速度是位移對時間的變化率。\n"


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16", "utf-16-le", "utf-16-be", "utf-32"]
)
def test_chinese_is_read_in_every_usual_encoding(encoding):
    assert decode(SIMPLE.encode(encoding)) == SIMPLE


def test_big5_is_told_from_gb18030():
    assert decode(TRADITIONAL.encode("big5")) == TRADITIONAL


def test_line_ends_are_made_equal():
    assert decode(b"a\r\nb\rc\n") == "a\nb\nc\n"


def test_broken_utf8_is_refused_with_its_line_and_not_read_as_gb18030():
    raw = SIMPLE.encode()
    fault = decode(raw[: raw.index("位".encode()) + 2] + raw[raw.index("移".encode()) :])
    assert isinstance(fault, Fault)
    assert (fault.line, fault.reason) == (3, "encoding")
    assert "UTF-8" in fault.detail


@pytest.mark.parametrize(
    "raw",
    [b"plain\n\xff\xfe words\n", "It\u2019s caf\u00e9".encode("cp1252"), b"\xff\xfe\x00", bytes(range(256))],
)
def test_other_bytes_are_refused(raw):
    fault = decode(raw)
    assert isinstance(fault, Fault) and fault.reason == "encoding"
