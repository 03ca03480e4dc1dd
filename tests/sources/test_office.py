"""Word and PowerPoint: headings, tables, equations, slides and notes."""

from pathlib import Path

import docx
import pptx
from docx.oxml import parse_xml
from pptx.util import Inches

from ta_pipeline.sources.drafts import Draft
from ta_pipeline.sources.office import read_slides, read_word

MATH = 'xmlns:m="http://schemas.openxmlformats.org/officeDocument/2006/math"'
WORD = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'


def word(path: Path, document) -> Draft:
    document.save(path / "a.docx")
    (draft,) = read_word(path / "a.docx")
    assert isinstance(draft, Draft)
    return draft


def slides(path: Path, deck) -> list[tuple[int | None, int, str, str]]:
    deck.save(path / "a.pptx")
    (draft,) = read_slides(path / "a.pptx")
    assert isinstance(draft, Draft)
    return [(s.page, s.line, s.heading, s.text) for s in draft.segments]


def test_headings_lists_and_tables_come_in_the_order_of_the_file(tmp_path):
    document = docx.Document()
    document.add_heading("力学讲义", 0)
    document.add_heading("第一章", 1)
    document.add_paragraph("开始。")
    document.add_heading("1.1 速度", 2)
    document.add_paragraph("第一点", style="List Bullet")
    table = document.add_table(2, 2)
    for cell, text in zip(table._cells, ["量", "单位", "力|F", "N"]):
        cell.text = text
    document.add_paragraph("结束。")
    draft = word(tmp_path, document)
    assert draft.title == "力学讲义"
    assert [(s.line, s.heading, s.text) for s in draft.segments] == [
        (3, "第一章", "开始。"),
        (5, "第一章 > 1.1 速度", "- 第一点"),
        (6, "第一章 > 1.1 速度", "| 量 | 单位 |\n|---|---|\n| 力\\|F | N |"),
        (7, "第一章 > 1.1 速度", "结束。"),
    ]


def test_a_style_that_rests_on_a_heading_is_a_heading(tmp_path):
    document = docx.Document()
    style = document.styles.add_style("Chapter of ours", 1)
    style.base_style = document.styles["Heading 1"]
    document.add_paragraph("Motion", style=style)
    document.add_paragraph("Bodies move.")
    assert word(tmp_path, document).segments[0].heading == "Motion"


def test_raised_text_equations_and_links_are_no_less_than_words(tmp_path):
    document = docx.Document()
    paragraph = document.add_paragraph("x")
    paragraph.add_run("2").font.superscript = True
    paragraph.add_run(" with ")
    paragraph._p.append(
        parse_xml(
            f"<m:oMath {MATH}><m:r><m:t>v=</m:t></m:r><m:f><m:num><m:r><m:t>s</m:t></m:r></m:num>"
            "<m:den><m:r><m:t>t</m:t></m:r></m:den></m:f></m:oMath>"
        )
    )
    paragraph._p.append(parse_xml(f"<w:hyperlink {WORD}><w:r><w:t> and a link</w:t></w:r></w:hyperlink>"))
    paragraph._p.append(parse_xml(f"<w:del {WORD}><w:r><w:delText>gone</w:delText></w:r></w:del>"))
    assert [s.text for s in word(tmp_path, document).segments] == [r"x² with $v=\frac{s}{t}$ and a link"]


def test_pages_are_those_that_word_has_noted(tmp_path):
    document = docx.Document()
    document.add_paragraph("one")
    for text in ("two", "three"):
        run = document.add_paragraph().add_run()
        run._r.append(parse_xml(f"<w:lastRenderedPageBreak {WORD}/>"))
        run.add_text(text)
    document.add_paragraph("also three")
    assert [s.page for s in word(tmp_path, document).segments] == [1, 2, 3, 3]
    plain = docx.Document()
    plain.add_paragraph("one")
    assert [s.page for s in word(tmp_path, plain).segments] == [None]


def test_a_slide_gives_its_number_its_title_and_its_notes(tmp_path):
    deck = pptx.Presentation()
    slide = deck.slides.add_slide(deck.slide_layouts[1])
    slide.shapes.title.text = "Motion"
    frame = slide.placeholders[1].text_frame
    frame.text = "Bodies move"
    deeper = frame.add_paragraph()
    deeper.text, deeper.level = "in lines", 1
    slide.notes_slide.notes_text_frame.text = "Say it twice."
    empty = deck.slides.add_slide(deck.slide_layouts[5])
    empty.shapes.title.text = "Questions?"
    last = deck.slides.add_slide(deck.slide_layouts[6])
    run = last.shapes.add_textbox(0, 0, Inches(1), Inches(1)).text_frame.paragraphs[0].add_run()
    run.text = "x"
    raised = last.shapes[0].text_frame.paragraphs[0].add_run()
    raised.text = "2"
    raised._r.get_or_add_rPr().set("baseline", "30000")
    table = last.shapes.add_table(1, 2, 0, 0, Inches(2), Inches(1)).table
    table.cell(0, 0).text, table.cell(0, 1).text = "force", "N"
    assert slides(tmp_path, deck) == [
        (1, 1, "Motion", "Bodies move\n  - in lines"),
        (1, 2, "Motion > Notes", "Say it twice."),
        (2, 1, "Questions?", "Questions?"),
        (3, 1, "", "x²"),
        (3, 2, "", "| force | N |"),
    ]


def test_shapes_of_a_group_are_read(tmp_path):
    deck = pptx.Presentation()
    group = deck.slides.add_slide(deck.slide_layouts[6]).shapes.add_group_shape()
    group.shapes.add_textbox(0, 0, Inches(1), Inches(1)).text_frame.text = "inside"
    assert slides(tmp_path, deck) == [(1, 1, "", "inside")]
