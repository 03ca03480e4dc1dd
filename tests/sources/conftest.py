"""Small real files of every kind, made by the libraries of their formats."""

import gzip
import io
import tarfile
import zipfile

import pytest

CHINESE_FONT = (
    b"<</Type/Font/Subtype/Type0/BaseFont/STSong-Light/Encoding/UniGB-UCS2-H/DescendantFonts[<</Type/Font"
    b"/Subtype/CIDFontType0/BaseFont/STSong-Light/CIDSystemInfo<</Registry(Adobe)/Ordering(GB1)/Supplement 2>>"
    b"/DW 1000>>]>>"
)


def build_pdf(pages, extra_trailer=b""):
    """Build a PDF; a page is a list of (size, x, y, text) or of raw content in bytes, bold where size < 0."""
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"",
        b"<</Type/Font/Subtype/Type1/BaseFont/Times-Roman>>",
        b"<</Type/Font/Subtype/Type1/BaseFont/Times-Bold>>",
        CHINESE_FONT,
    ]
    kids = []
    for page in pages:
        content = b""
        for piece in page:
            if isinstance(piece, bytes):
                content += piece
                continue
            size, x, y, text = piece
            if text.isascii():
                shown, font = b"(" + text.replace("(", "\\(").replace(")", "\\)").encode() + b")", b"/F1"
            else:
                shown, font = b"<" + text.encode("utf-16-be").hex().encode() + b">", b"/F3"
            font = b"/F2" if size < 0 else font
            content += b"BT %s %g Tf %g %g Td %s Tj ET\n" % (font, abs(size), x, y, shown)
        objects.append(b"<</Length %d>>stream\n%s\nendstream" % (len(content), content))
        objects.append(
            b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 800]/Contents %d 0 R"
            b"/Resources<</Font<</F1 3 0 R/F2 4 0 R/F3 5 0 R>>>>>>" % len(objects)
        )
        kids.append(b"%d 0 R" % len(objects))
    objects[1] = b"<</Type/Pages/Count %d/Kids[%s]>>" % (len(kids), b" ".join(kids))
    out, places = b"%PDF-1.7\n", []
    for number, body in enumerate(objects, start=1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    return out + (
        b"xref\n0 %d\n0000000000 65535 f \n%strailer\n<</Size %d/Root 1 0 R%s>>\nstartxref\n%d\n%%%%EOF\n"
        % (len(objects) + 1, table, len(objects) + 1, extra_trailer, len(out))
    )


@pytest.fixture(scope="session")
def make_pdf():
    return build_pdf


def _saved(thing):
    stream = io.BytesIO()
    thing.save(stream)
    return stream.getvalue()


def build_word():
    import docx

    document = docx.Document()
    document.add_heading("Mechanics", 1)
    document.add_paragraph("速度是位移的变化率。")
    table = document.add_table(2, 2)
    table.cell(0, 0).text, table.cell(1, 1).text = "force", "N"
    return _saved(document)


def build_slides():
    import pptx

    deck = pptx.Presentation()
    slide = deck.slides.add_slide(deck.slide_layouts[1])
    slide.shapes.title.text = "Motion"
    slide.placeholders[1].text_frame.text = "Bodies move."
    slide.notes_slide.notes_text_frame.text = "Say it twice."
    return _saved(deck)


def build_workbook(rows=(("question", "answer"), ("why?", "so"))):
    import openpyxl

    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    return _saved(book)


def build_parquet(rows):
    import pyarrow as pa
    from pyarrow import parquet

    stream = io.BytesIO()
    parquet.write_table(pa.Table.from_pylist(rows), stream)
    return stream.getvalue()


def build_zip(members):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return stream.getvalue()


def build_tar(members):
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return stream.getvalue()


HTML = """<html><head><title>Lecture 1 - Physics</title></head><body>
<nav><a href="/">Home</a> <a href="/all">All lectures</a></nav>
<article><h1>Motion</h1><p>Bodies move along straight lines unless a force acts, says Newton's first law.</p>
<h2>Speed</h2><p>v<sup>2</sup> of H<sub>2</sub>O, 速度。</p>
<ul><li>one</li><li>two</li></ul></article><footer>Copyright Some School</footer></body></html>
"""
ASS = """[Script Info]
[Events]
Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text
Dialogue: 0,0:00:05.00,0:00:07.50,Default,,0,0,0,,{\\i1}second\\Nline{\\i0}
Dialogue: 0,0:00:01.00,0:00:02.00,Default,Ada,0,0,0,,first, with a comma
"""
SSA = """[Script Info]
[Events]
Format: Marked, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text
Dialogue: Marked=0,0:00:01.00,0:00:02.00,Default,Ada,0000,0000,0000,,first, with a comma
"""
SRT = "1\n00:00:01,000 --> 00:00:04,250\n今天讲速度。\n\n2\n00:00:05,000 --> 00:00:06,500\n<i>why</i>\n"
ROWS = '[{"instruction": "q", "output": "a"},\n{"messages": [{"role": "user", "content": "q"}]}]\n'
LINES = (
    '{"conversations": [{"from": "user", "value": "why?"}, {"from": "assistant", "value": "so"}]}\n'
    '{"prompt": "q", "chosen": "a", "rejected": "b", "meta": {"source": "01.srt"}}\n'
)


@pytest.fixture(scope="session")
def real_files():
    """Map a suffix to the bytes of a small sound file of that kind."""
    lines = [(20, 72, 720, "Motion"), (11, 72, 690, "Bodies move along"), (11, 72, 677, "straight lines.")]
    pdf = build_pdf([lines, [(11, 72, 700, "速度是位移的变化率。")]])
    text = b"# Motion\n\nBodies move.\n\n$$\nv = x / t\n$$\n"
    return {
        ".pdf": pdf,
        ".html": HTML.encode(),
        ".docx": build_word(),
        ".pptx": build_slides(),
        ".xlsx": build_workbook(),
        ".parquet": build_parquet([{"question": "why?", "answer": "so"}] * 3),
        ".ass": ASS.encode(),
        ".ssa": SSA.encode(),
        ".srt": SRT.encode(),
        ".vtt": b"WEBVTT\n\n00:01.000 --> 00:02.000\n<v Ada>Hello &lt;b</v>\n",
        ".md": text,
        ".txt": "Bodies move.\n\n速度是位移的变化率。\n".encode(),
        ".csv": '问题,答案\n什么是速度？,"位移除以时间"\n'.encode(),
        ".tsv": "问题\t答案\n什么是速度？\t位移除以时间\n".encode(),
        ".json": ROWS.encode(),
        ".jsonl": LINES.encode(),
        ".zip": build_zip({"a/01.md": text, "b.pdf": pdf}),
        ".tar": build_tar({"a/01.md": text, "b.pdf": pdf}),
        ".tgz": gzip.compress(build_tar({"a/01.md": text})),
    }


@pytest.fixture(scope="session")
def builders():
    """Give tests the builders of files whose content they choose."""
    return {"zip": build_zip, "tar": build_tar, "xlsx": build_workbook, "parquet": build_parquet}
