"""Blocks, headings and lines of Markdown."""

import pytest

from ta_pipeline.sources.drafts import Draft, Fault
from ta_pipeline.sources.markdown import read_markdown


def draft_of(text: str) -> Draft:
    (draft,) = read_markdown(text)
    assert isinstance(draft, Draft)
    return draft


def blocks(text: str) -> list[tuple[int, str, str]]:
    return [(s.line, s.heading, s.text) for s in draft_of(text).segments]


def test_each_kind_of_block_keeps_its_heading_path_and_first_line():
    text = """\
# 第1讲 运动学

开场白。

## 速度

- 快
- 慢

  续行

| 量 | 单位 |
|---|---|
| v | m/s |

```python
# not a heading

v = 1
```

$$
v = \\frac{dx}{dt}
$$

# 第二部分

完。
"""
    assert blocks(text) == [
        (3, "第1讲 运动学", "开场白。"),
        (7, "第1讲 运动学 > 速度", "- 快\n- 慢\n\n  续行"),
        (12, "第1讲 运动学 > 速度", "| 量 | 单位 |\n|---|---|\n| v | m/s |"),
        (16, "第1讲 运动学 > 速度", "```python\n# not a heading\n\nv = 1\n```"),
        (22, "第1讲 运动学 > 速度", "$$\nv = \\frac{dx}{dt}\n$$"),
        (28, "第二部分", "完。"),
    ]
    assert (draft_of(text).kind, draft_of(text).title) == ("text", "第1讲 运动学")


def test_a_formula_may_hold_blank_lines_and_equals_signs():
    text = "Then\n$$\na\n\n= b\n===\n- c\n$$\nso.\n\n\\[ x = 1 \\]\n"
    assert [t for _, _, t in blocks(text)] == ["Then", "$$\na\n\n= b\n===\n- c\n$$", "so.", "\\[ x = 1 \\]"]


def test_a_formula_that_is_never_closed_does_not_swallow_the_next_section():
    assert blocks("$$ x\n\n# Next\n\ntext $$\n") == [(1, "", "$$ x"), (5, "Next", "text $$")]


def test_a_formula_in_a_sentence_is_part_of_its_paragraph():
    assert blocks("$$v$$ is velocity\nand $$a$$\n") == [(1, "", "$$v$$ is velocity\nand $$a$$")]


def test_front_matter_is_no_text_and_its_title_serves_where_no_h1_does():
    text = '---\ntitle: "Lists: a start"\nteaching: 30\n---\n\nHello.\n'
    draft = draft_of(text)
    assert (draft.title, draft.meta) == ("Lists: a start", {"teaching": "30"})
    assert [(s.line, s.text) for s in draft.segments] == [(6, "Hello.")]
    assert draft_of(text.replace("Hello.", "# Own\n\nHello.")).title == "Own"


def test_a_rule_at_the_top_is_not_taken_for_front_matter():
    assert [t for _, _, t in blocks("---\nplain words\n\n---\nmore\n")] == ["plain words", "more"]


def test_colon_fences_go_and_their_contents_stay():
    text = "Before\n::::: challenge\n\n## Exercise\n\nDo it.\n\n:::::\n\nAfter.\n\n- item\n:::::\n"
    assert blocks(text) == [
        (1, "", "Before"),
        (6, "Exercise", "Do it."),
        (10, "", "After."),
        (12, "", "- item"),
    ]


@pytest.mark.parametrize(
    ("marker", "heading"),
    [
        ("::: callout", "Callout"),
        (":::::::: challenge ::::::::", "Exercise"),
        ("::: {.solution #s1}", "Solution"),
        ("::: {#s1 .solution .big}", "Solution"),
        ("::: {.callout-tip collapse='true'}", "Tip"),
        (":::{note}", "Note"),
        (":::warning Mind this", "Warning"),
        ("::: keypoints", "Key points"),
        ("::: {.tip title='for an instructor'}", "Tip"),
        ("::: group-tab", ""),
        (":::: {.columns}", ""),
    ],
)
def test_a_div_without_a_heading_is_headed_by_its_class_in_words(marker, heading):
    assert blocks(f"Before\n\n{marker}\n\nInside.\n\n:::\n\nAfter.\n") == [
        (1, "", "Before"),
        (5, heading, "Inside."),
        (9, "", "After."),
    ]


def test_what_a_whole_lesson_is_asked_and_told_stands_under_no_section_of_it():
    text = """\
::: objectives
- Do it.
:::
::: questions
- How?
:::
## Last section
Text.
::: callout
By the way.
:::
More.
:::::::: keypoints
- That is how.
::::::::
"""
    assert blocks(text) == [
        (2, "Objectives", "- Do it."),
        (5, "Questions", "- How?"),
        (8, "Last section", "Text."),
        (10, "Last section > Callout", "By the way."),
        (12, "Last section", "More."),
        (14, "Key points", "- That is how."),
    ]
    below = "# Title\n\n## A\n\na\n\n::: keypoints\nk\n:::\n"
    assert blocks(below) == [(5, "Title > A", "a"), (8, "Title > Key points", "k")]


def test_divs_may_nest_and_a_solution_stands_under_its_exercise():
    text = """\
## Section
::::: challenge
## Slices
What is it?
::: solution
It is 3.
:::
And this?
::: solution
## Solution
It is 4.
:::
:::::
Text.
::: challenge
What now?
::: hint
Think.
:::
:::
"""
    assert blocks(text) == [
        (4, "Slices", "What is it?"),
        (6, "Slices > Solution", "It is 3."),
        (8, "Slices", "And this?"),
        (11, "Slices > Solution", "It is 4."),
        (14, "Section", "Text."),
        (16, "Section > Exercise", "What now?"),
        (18, "Section > Exercise > Hint", "Think."),
    ]


@pytest.mark.parametrize(
    "marker", ["::: instructor", "::: {.callout .instructor}", ":::::::: instructors ::::"]
)
def test_a_note_to_instructors_is_left_out_with_all_in_it(marker):
    text = f"Before\n\n{marker}\n\n## How to teach\n\nSlowly.\n\n::: callout\n- one\n:::\n:::\n\nAfter.\n"
    assert blocks(text) == [(1, "", "Before"), (14, "", "After.")]


def test_a_note_to_instructors_that_never_ends_hides_nothing():
    assert [t for _, _, t in blocks("::: instructor\n\nSlowly.\n\n## Next\n\nText.\n")] == [
        "Slowly.",
        "Text.",
    ]


def test_colons_inside_a_code_block_are_code():
    assert blocks("```\n::: x\n```\n") == [(1, "", "```\n::: x\n```")]


def test_comments_are_left_out_but_not_inside_code():
    text = "One <!-- hidden --> two.\n\n<!-- a\n\nb -->\n\n```html\n<!-- shown -->\n```\n"
    assert [t for _, _, t in blocks(text)] == ["One  two.", "```html\n<!-- shown -->\n```"]


def test_a_comment_that_is_never_closed_is_reported():
    draft, fault = sorted(read_markdown("Kept.\n\n<!-- oops\n\n# Lost\n"), key=lambda f: isinstance(f, Fault))
    assert isinstance(draft, Draft) and draft.segments[0].text == "Kept."
    assert isinstance(fault, Fault) and (fault.line, fault.reason) == (3, "unclosed_comment")


def test_images_become_their_alt_text():
    text = (
        "See ![the ramp](fig/ramp_(1).png \"t\").\n\n![](a.svg){alt='two forces'}\n\n"
        "![ref][r]\n\n<img src='x.png' alt='a lever'>\n\n![](nothing.png)\n"
    )
    assert [t for _, _, t in blocks(text)] == ["See the ramp.", "two forces", "ref", "a lever"]


def test_html_tags_go_and_the_words_between_them_stay():
    assert [t for _, _, t in blocks("<details>\n<summary>Hint</summary>\n</details>\n\na < b\n")] == [
        "Hint",
        "a < b",
    ]


def test_a_quotation_loses_its_signs():
    assert blocks("> first\n> second\n") == [(1, "", "first\nsecond")]


def test_headings_alone_are_no_document():
    assert list(read_markdown("# Title\n\n## Empty\n")) == []
