"""What masking keeps true whatever the text is."""

import logging
import re

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ta_pipeline.text.person_names import NameFinder, chinese
from ta_pipeline.text.pii import find_personal_data, mask_documents, mask_line

NAMES = NameFinder()
#: Pieces that texts are made of here: personal data, what announces it, and what looks like it.
PIECES = [
    "王浩宇",
    "李想",
    "同学",
    "老师",
    "我叫",
    "收件人：",
    "学号",
    "2023104512",
    "电话",
    "13800138000",
    "010-62750017",
    "微信",
    "lily_wang88",
    "QQ群",
    "123456789",
    "a.b@example.edu.cn",
    "110105194912310021",
    "11010519491231002X",
    "6217 8520 0001 2376 490",
    "192.168.3.17",
    "2001:db8::8a2e:370:7334",
    "北京市海淀区槐荫路298号5层",
    "Priya Raman",
    "Dear Emily,",
    "Dr. Hartmann",
    "Best regards,\nJohn Smith",
    "student ID",
    "12 Elm Street, Springfield, IL 62704",
    "牛顿",
    "Newton's law",
    "<NAME_3>",
    "<PHONE_1>",
    "$v = 13800138000$",
    "`x`",
    "```\na@example.edu\n```",
    "１３８００１３８０００",
    "，",
    "、",
    "。",
    "\n",
    " ",
    ": ",
    ", ",
    "asked",
    "1",
    "@",
    "张",
]
PHONES = ("13800138000", "13911112222")
#: Joined by nothing for what must hold of any text, and by a pause where values must not run into each other.
pieces = st.lists(st.sampled_from(PIECES) | st.text(max_size=4), max_size=14)
texts = pieces.map("".join)
sentences = pieces.map("。".join)


@given(sentences)
@settings(max_examples=150, deadline=None)
def test_masking_again_changes_nothing(text):
    masked = mask_line(text, NAMES)
    assert mask_line(masked, NAMES) == masked


@given(texts)
@settings(max_examples=150, deadline=None)
def test_what_stands_outside_the_places_is_kept_byte_by_byte(text):
    places = find_personal_data(text, NAMES)
    pieces, done = [], 0
    for start, end, kind in places:
        assert done <= start < end
        pieces += [re.escape(text[done:start]), rf"<{kind}_\d+>"]
        done = end
    assert re.fullmatch("".join(pieces) + re.escape(text[done:]), mask_line(text, NAMES))


@given(st.lists(sentences, max_size=4))
@example([f"{name}。12 Elm Street, Springfield, IL 62704" for name in ("王浩宇", "李想")])
@settings(max_examples=100, deadline=None)
def test_numbers_have_one_placeholder_in_all_fields_of_a_document(parts):
    parts = [part.replace("$", " ").replace("`", " ") for part in parts]  # formulas and code stay as they are
    (masked, _), *_ = mask_documents([make_document([*parts, *(f"电话{phone}" for phone in PHONES)])], NAMES)
    *_, first, second = (segment["text"] for segment in masked["segments"])
    assert first.startswith("电话<PHONE_") and second.startswith("电话<PHONE_") and first != second
    alone = re.compile(rf"(?<![\dA-Za-z])(?:{'|'.join(PHONES)})(?![\dA-Za-z])")
    assert not any(alone.search(segment["text"]) for segment in masked["segments"])
    (again, _), *_ = mask_documents([masked], NAMES)
    assert again == masked


def test_no_value_reaches_the_log_or_the_counts(caplog):
    text = "我叫王浩宇，电话13800138000，邮箱 wanghaoyu@example.edu.cn，身份证 11010519491231002X"
    with caplog.at_level(logging.DEBUG):
        (masked, counts), *_ = mask_documents([make_document([text])], NAMES)
    kept = caplog.text + repr(counts) + repr(masked)
    for value in ("王浩宇", "13800138000", "wanghaoyu", "11010519491231002X"):
        assert value not in kept


@pytest.mark.timeout(60)
@pytest.mark.parametrize(
    "text",
    [
        character * 1_000_000
        for character in ("1", "@", "张", "a", "A", " ", "\n", ".", "-", "号", "#", "$", "`", "<", ":", "王")
    ]
    + [
        piece * (1_000_000 // len(piece))
        for piece in (
            "1 ",
            "a.",
            "A. ",
            "Ab ",
            "a@",
            "1-",
            "张三、",
            "12:",
            "::",
            "张1",
            "路1号",
            "微信",
            "wx",
            "李李",
            "1.1.1.1 ",
            "Mr. A",
            "·张",
        )
    ]
    + ["张" + "1-" * 500_000],
    ids=lambda text: repr(text[:4]),
)
def test_no_text_of_a_megabyte_takes_the_rules_long(text):
    """The limit of the test is generous; what it excludes is backtracking, which would take hours."""
    assert len(mask_line(text, NAMES)) > 0


@given(texts)
@settings(max_examples=150, deadline=None)
def test_expressions_are_found_by_the_words_they_begin_with(text):
    words = chinese._Words(text)
    for name, (pattern, begins) in chinese._begins_with().items():
        assert begins
        found = [match.span() for match in words.matches(name)]
        assert found == [match.span() for match in pattern.finditer(text)]


def make_document(parts):
    segments = [{"text": part, "heading": "", "speaker": None} for part in parts]
    return {"id": "x", "source": "x.md", "origin": "course", "title": "", "meta": "{}", "segments": segments}
