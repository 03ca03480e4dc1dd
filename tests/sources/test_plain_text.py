"""Paragraphs of plain text."""

from ta_pipeline.sources.drafts import Draft, Segment
from ta_pipeline.sources.plain_text import read_plain_text


def test_paragraphs_are_parted_by_blank_lines_and_know_their_first_line():
    assert list(read_plain_text("\n一\n二 \n\n \n  three\n")) == [
        Draft("text", [Segment("一\n二", 2), Segment("three", 6)])
    ]


def test_white_space_is_no_document():
    assert list(read_plain_text(" \n\t\n")) == []
