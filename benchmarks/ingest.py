"""How fast a folder of mixed files becomes documents, and how much memory that takes.

The files are made here by the libraries of their formats: notes, pages, slides, sheets, subtitles, logs and
archives. A quarter of them is read in a run of its own, so that memory which grows with the number of files
shows. There is no peer: nothing else reads all of these into one form.
"""

import io
import json
import multiprocessing
import tempfile
import threading
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks._rows import figure

FILES = 2000
PARAGRAPHS = 12


def measure() -> Iterator[dict[str, Any]]:
    """Yield files a second, and the peak memory of a whole run and of one of a quarter of the files."""
    with tempfile.TemporaryDirectory() as folder:
        peaks = {}
        for files in (FILES // 4, FILES):
            course = Path(folder) / str(files)
            size = _make_course(course, files)
            seconds, documents, peaks[files] = _in_fresh_process(course)
        work = f"{FILES} files of {len(_MAKERS)} kinds, {size / 2**20:.1f} MiB, {documents} documents"
        yield figure("ingest.files_per_s", FILES / seconds, "files/s", work)
        yield figure("ingest.peak_memory_mb", peaks[FILES], "MiB", f"{work}; reader and its process")
        few = f"{FILES // 4} files"
        yield figure(
            "ingest.peak_memory_mb_of_a_quarter", peaks[FILES // 4], "MiB", f"{few}; reader and its process"
        )


def _in_fresh_process(course: Path) -> tuple[float, int, float]:
    """Read a folder in a process that holds nothing else; return seconds, documents, peak MiB."""
    context = multiprocessing.get_context("spawn")
    with context.Pool(1) as pool:
        return pool.apply(_read, (course,))


def _read(course: Path) -> tuple[float, int, float]:
    import yaml

    from ta_pipeline.params import IngestParams, SourcesParams
    from ta_pipeline.sources.collect import collect

    conf = Path(__file__).parents[1] / "conf" / "base"
    ingest = IngestParams(**yaml.safe_load((conf / "parameters_ingest.yml").read_text("utf-8"))["ingest"])
    sources = SourcesParams(allow_non_commercial=False, rows_per_set=0, fill={}, sets={})
    peak = _Peak()
    with peak:
        start = time.perf_counter()
        documents, quarantined = collect(course, course / "none", "bench", ingest, sources)
        seconds = time.perf_counter() - start
    if quarantined.num_rows:
        raise RuntimeError(f"sound files were quarantined: {quarantined.slice(0, 3).to_pylist()}")
    return seconds, documents.num_rows, peak.mebibytes


class _Peak:
    """Sample the memory of this process and its children every tenth of a second."""

    def __init__(self) -> None:
        self.mebibytes = 0.0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._sample, daemon=True)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *error: object) -> None:
        self._over.set()
        self._thread.join()

    def _sample(self) -> None:
        import psutil

        own = psutil.Process()
        while not self._over.wait(0.1):
            sizes = []
            for process in (own, *own.children(recursive=True)):
                try:
                    sizes.append(process.memory_info().rss)
                except psutil.Error:
                    continue
            self.mebibytes = max(self.mebibytes, sum(sizes) / 2**20)


def _make_course(folder: Path, files: int) -> int:
    """Write the files, all kinds in turn, twenty to a folder; return their bytes."""
    size = 0
    for number in range(files):
        suffix, maker = _MAKERS[number % len(_MAKERS)]
        path = folder / f"unit{number // 20:03d}" / f"{number:04d}{suffix}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(maker(number))
        size += path.stat().st_size
    return size


def _paragraphs(number: int) -> list[str]:
    """Return paragraphs in both languages that differ from file to file."""
    english = (
        "In lecture {} the body {} moves along a straight line at a steady speed unless a force acts on it."
    )
    chinese = "第{}讲第{}段：物体在不受外力作用时总保持静止状态或者匀速直线运动状态，这就是惯性定律。"
    return [(chinese if n % 2 else english).format(number, n) * 3 for n in range(PARAGRAPHS)]


def _markdown(number: int) -> bytes:
    return f"# Lecture {number}\n\n## Motion\n\n{chr(10) * 2}".join(["", *_paragraphs(number)]).encode()


def _html(number: int) -> bytes:
    body = "".join(f"<h2>{n}</h2><p>{words}</p>" for n, words in enumerate(_paragraphs(number)))
    head = f"<head><title>{number}</title></head>"
    return (
        f"<html>{head}<body><nav><a href='/'>Home</a></nav><article>{body}</article></body></html>".encode()
    )


def _srt(number: int) -> bytes:
    cues = (
        f"{n}\n00:{n // 60:02d}:{n % 60:02d},000 --> 00:{n // 60:02d}:{n % 60:02d},900\ncue {n} of {number}\n"
        for n in range(200)
    )
    return "\n".join(cues).encode()


def _csv(number: int) -> bytes:
    rows = [f'question {number}.{n},"answer, {words}"' for n, words in enumerate(_paragraphs(number))]
    return "\n".join(["question,answer", *rows]).encode()


def _jsonl(number: int) -> bytes:
    rows = [
        {"instruction": f"q {number} {n}", "output": words} for n, words in enumerate(_paragraphs(number))
    ]
    return "\n".join(json.dumps(row, ensure_ascii=False) for row in rows).encode()


def _saved(document: Any) -> bytes:
    stream = io.BytesIO()
    document.save(stream)
    return stream.getvalue()


def _docx(number: int) -> bytes:
    import docx

    document = docx.Document()
    document.add_heading(f"Lecture {number}", 1)
    for words in _paragraphs(number):
        document.add_paragraph(words)
    return _saved(document)


def _pptx(number: int) -> bytes:
    import pptx

    deck = pptx.Presentation()
    for n, words in enumerate(_paragraphs(number)):
        slide = deck.slides.add_slide(deck.slide_layouts[1])
        slide.shapes.title.text = f"Slide {n} of {number}"
        slide.placeholders[1].text_frame.text = words
    return _saved(deck)


def _xlsx(number: int) -> bytes:
    import openpyxl

    book = openpyxl.Workbook()
    book.active.append(["question", "answer"])
    for n, words in enumerate(_paragraphs(number)):
        book.active.append([f"question {number}.{n}", words])
    return _saved(book)


def _pdf(number: int) -> bytes:
    """Write text to a PDF of four pages, forty lines a page, as no library does here without a font."""
    line = f"In lecture {number} the body moves along a straight line at a steady speed, says line"
    objects = [b"<</Type/Catalog/Pages 2 0 R>>", b"", b"<</Type/Font/Subtype/Type1/BaseFont/Times-Roman>>"]
    kids = []
    for page in range(4):
        shown = "".join(
            f"BT /F1 11 Tf 60 {740 - 14 * n} Td ({line} {page * 40 + n}.) Tj ET\n" for n in range(40)
        ).encode()
        objects.append(b"<</Length %d>>stream\n%s\nendstream" % (len(shown), shown))
        objects.append(
            b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 800]/Resources<</Font<</F1 3 0 R>>>>"
            b"/Contents %d 0 R>>" % len(objects)
        )
        kids.append(b"%d 0 R" % len(objects))
    objects[1] = b"<</Type/Pages/Count %d/Kids[%s]>>" % (len(kids), b" ".join(kids))
    out, places = b"%PDF-1.7\n", []
    for count, body in enumerate(objects, start=1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (count, body)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    head = b"xref\n0 %d\n0000000000 65535 f \n%s" % (len(objects) + 1, table)
    return (
        out
        + head
        + b"trailer\n<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, len(out))
    )


def _zip(number: int) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("notes/01.md", _markdown(number))
        archive.writestr("notes/01.srt", _srt(number))
    return stream.getvalue()


_MAKERS = [
    (".md", _markdown),
    (".html", _html),
    (".pdf", _pdf),
    (".docx", _docx),
    (".pptx", _pptx),
    (".xlsx", _xlsx),
    (".srt", _srt),
    (".csv", _csv),
    (".jsonl", _jsonl),
    (".zip", _zip),
]
