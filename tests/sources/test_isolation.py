"""A file that hangs or crashes its reader costs itself and not the run."""

import os
import signal
from pathlib import Path

import pytest

from ta_pipeline.params import IngestParams, PublicSet
from ta_pipeline.sources import isolation
from ta_pipeline.sources.archives import Allowance, Member
from ta_pipeline.sources.drafts import Draft, Fault
from ta_pipeline.sources.isolation import IsolatedReader
from ta_pipeline.sources.set_fields import SetReader

PARAMS = IngestParams(
    max_file_mb=1, max_quarantined_share=1, role_map={}, seconds_per_mb=0.5, max_reader_memory_mb=300
)
#: The real worker with a reader that some file names drive mad.
HOSTILE = """
import os, signal, time
from ta_pipeline.sources import read, worker

real, real_set = worker.read_file, worker.read_set

def read_file(path, ingest, lengthen):
    if path.name == "hang.md":
        signal.pause()
    if path.name == "crash.md":
        os.kill(os.getpid(), signal.SIGSEGV)
    if path.name == "slow.md":
        lengthen(100.0)
        time.sleep(1.0)
    return real(path, ingest, lengthen)

def read_set(path, limit, reader):
    if path.name == "crash.jsonl":
        os.kill(os.getpid(), signal.SIGSEGV)
    return real_set(path, limit, reader)

hoard = []

def read_markdown(text):
    if text == "greedy":
        bytearray(2**30)
    if text == "hoard":
        hoard.append(bytes(1) * (120 * 2**20))  # with what the libraries reserve, 130 MB, within the limit
    return read_markdown_well(text)

read_markdown_well = read._TEXT_READERS[".md"]
read._TEXT_READERS[".md"] = read_markdown
worker.read_file, worker.read_set = read_file, read_set
worker.main()
"""


@pytest.fixture
def hostile(tmp_path, monkeypatch):
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "hostile_worker.py").write_text(HOSTILE)
    monkeypatch.syspath_prepend(tmp_path / "lib")
    monkeypatch.setattr(isolation, "_WORKER", "hostile_worker")
    with IsolatedReader(PARAMS) as reader:
        yield reader


def write(folder: Path, name: str, text: str = "words") -> Path:
    (folder / name).write_text(text)
    return folder / name


def reasons(found) -> list[str]:
    return [item.reason if isinstance(item, Fault) else item.segments[0].text for item in found]


def test_a_file_that_hangs_or_crashes_is_quarantined_and_the_next_one_is_read(tmp_path, hostile):
    assert reasons(hostile.read(write(tmp_path, "a.md"))) == ["words"]
    assert reasons(hostile.read(write(tmp_path, "hang.md"))) == ["timed_out"]
    assert reasons(hostile.read(write(tmp_path, "a.md"))) == ["words"]
    (fault,) = hostile.read(write(tmp_path, "crash.md"))
    assert fault.reason == "reader_crashed" and "SIGSEGV" in fault.detail
    assert reasons(hostile.read(write(tmp_path, "a.md"))) == ["words"]


def test_the_time_limit_is_named_and_a_reader_may_ask_for_more(tmp_path, hostile):
    (fault,) = hostile.read(write(tmp_path, "hang.md"))
    assert "0.5 s" in fault.detail and "ingest.seconds_per_mb" in fault.detail
    assert reasons(hostile.read(write(tmp_path, "slow.md"))) == ["words"]


def test_a_process_that_ended_between_two_files_is_no_fault_of_the_next(tmp_path):
    with IsolatedReader(PARAMS) as reader:
        reader.read(write(tmp_path, "a.md"))
        process = reader._process
        assert process is not None
        process.send_signal(signal.SIGKILL)
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        assert reasons(reader.read(write(tmp_path, "a.md"))) == ["words"]


def test_one_process_reads_all_files_and_ends_with_the_reader(tmp_path):
    with IsolatedReader(PARAMS) as reader:
        found = [reader.read(write(tmp_path, f"{n}.md", f"words {n}")) for n in range(3)]
        process = reader._process
        assert process is not None and process.poll() is None
        reader.read(write(tmp_path, "a.txt"))
        assert reader._process is process
    assert process.poll() is not None
    assert [reasons(items) for items in found] == [["words 0"], ["words 1"], ["words 2"]]


def test_a_file_of_many_rows_comes_whole(tmp_path):
    rows = "".join(f'{{"question": "q{n}", "answer": "a"}}\n' for n in range(1000))
    with IsolatedReader(PARAMS.model_copy(update={"seconds_per_mb": 60})) as reader:
        found = reader.read(write(tmp_path, "a.jsonl", rows))
    assert [draft.row for draft in found if isinstance(draft, Draft)] == list(range(1, 1001))


def test_a_file_that_takes_too_much_memory_is_quarantined(tmp_path, hostile):
    (fault,) = hostile.read(write(tmp_path, "a.md", "greedy"))
    assert fault.reason == "too_large" and "ingest.max_reader_memory_mb" in fault.detail
    assert reasons(hostile.read(write(tmp_path, "a.md"))) == ["words"]


def test_a_process_that_has_grown_fat_is_replaced(tmp_path, hostile):
    hostile.read(write(tmp_path, "a.md"))
    before = hostile._process
    hostile.read(write(tmp_path, "a.md", "hoard"))
    hostile.read(write(tmp_path, "a.md"))
    assert before is not None and before.poll() is not None


def test_an_archive_is_unpacked_in_the_other_process(tmp_path, builders):
    (tmp_path / "a.zip").write_bytes(builders["zip"]({"b.md": b"words"}))
    (tmp_path / "out").mkdir()
    with IsolatedReader(PARAMS) as reader:
        (member,) = reader.unpack(tmp_path / "a.zip", tmp_path / "out", Allowance(1000, 10))
        assert isinstance(member, Member) and member.path and member.path.read_text() == "words"
        (fault,) = reader.unpack(tmp_path / "a.zip", tmp_path / "out", Allowance(1, 10))
    assert isinstance(fault, Fault) and fault.reason == "archive_bomb"


def test_a_public_file_that_crashes_its_reader_is_quarantined_and_the_next_one_is_read(tmp_path, hostile):
    declared = PublicSet(
        pattern="*", format="pair", fields={"question": "q", "answer": "a"}, card="c", licence="MIT",
        non_commercial=False, languages=["en"], capability="general",
    )  # fmt: skip
    reader = SetReader(declared, {}, {}, tmp_path)
    rows = '{"q": "why?", "a": "so"}\n' * 5
    (fault,) = hostile.read_set(write(tmp_path, "crash.jsonl", rows), reader, 9)
    assert fault.reason == "reader_crashed"
    assert reasons(hostile.read_set(write(tmp_path, "a.jsonl", rows), reader, 3)) == ["why?"] * 3
