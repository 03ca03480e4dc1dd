"""Real files with some of their bytes changed: each gives documents or faults, never a crash or a hang."""

import io
import json
import random
import zipfile

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ta_pipeline.params import IngestParams, PublicSet
from ta_pipeline.sources.archives import with_members
from ta_pipeline.sources.drafts import Draft, Fault
from ta_pipeline.sources.folder import SourceFile
from ta_pipeline.sources.isolation import IsolatedReader
from ta_pipeline.sources.set_fields import SetReader

PARAMS = IngestParams(
    max_file_mb=1,
    max_quarantined_share=1,
    role_map={"user": "user", "assistant": "assistant"},
    max_ocr_pages=0,
)
SUFFIXES = [
    ".pdf", ".html", ".docx", ".pptx", ".xlsx", ".parquet", ".ass", ".ssa", ".srt", ".vtt", ".md", ".txt", ".csv",
    ".tsv", ".json", ".jsonl", ".zip", ".tar", ".tgz",
]  # fmt: skip
PACKAGES = (".docx", ".pptx", ".xlsx")


@pytest.fixture(scope="module")
def reader():
    with IsolatedReader(PARAMS) as reader:
        yield reader


def mutated(data: bytes, chance: random.Random) -> bytes:
    """Change a few bytes, cut, double or move a piece."""
    raw = bytearray(data)
    for _ in range(chance.randint(1, 6)):
        place = chance.randrange(len(raw)) if raw else 0
        end = min(len(raw), place + chance.choice([1, 4, 60, len(raw)]))
        match chance.randrange(6):
            case 0 | 1 if raw:
                raw[place] = chance.choice([0, 0xFF, raw[place] ^ (1 << chance.randrange(8)), 0x39])
            case 2:
                del raw[place:end]
            case 3:
                raw[place:place] = raw[place:end]
            case 4:
                raw[place:end] = bytes(
                    chance.choices(b"<>/()[]{}0129&;-\xff", k=end - place if end - place < 99 else 9)
                )
            case _:
                raw[place:place] = bytes(raw[: chance.choice([0, 3, 200])])
    return bytes(raw)


def mutated_package(data: bytes, chance: random.Random) -> bytes:
    """Change one part of an Office file, so that its parser gets to see it."""
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as new:
        names = old.namelist()
        chosen = chance.choice([name for name in names if name.endswith((".xml", ".rels"))])
        for name in names:
            part = old.read(name)
            new.writestr(name, mutated(part, chance) if name == chosen else part)
    return stream.getvalue()


def account(reader: IsolatedReader, path, data: bytes) -> None:
    path.write_bytes(data)
    files = list_members(reader, path)
    assert files
    for _, found in files:
        assert found
        for item in found:
            assert isinstance(item, Fault) or (isinstance(item, Draft) and item.segments)
            if isinstance(item, Fault):
                assert item.reason not in ("timed_out", "reader_crashed"), item
                assert item.detail and "\n" not in item.detail


def list_members(reader: IsolatedReader, path) -> list[tuple[str, list[Draft | Fault]]]:
    members = with_members(SourceFile(path, path.name), reader, PARAMS)
    return [(m.name, [m.fault] if m.fault else reader.read(m.path)) for m in members]


def mutate(suffix: str, data: bytes, seed: int) -> bytes:
    chance = random.Random(seed)
    inside = suffix in PACKAGES and chance.random() < 0.8
    return mutated_package(data, chance) if inside else mutated(data, chance)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_sound_file_has_no_fault(tmp_path, reader, real_files, suffix):
    path = tmp_path / f"a{suffix}"
    path.write_bytes(real_files[suffix])
    faults = [item for _, found in list_members(reader, path) for item in found if isinstance(item, Fault)]
    assert [fault.reason for fault in faults] == (["no_answer"] if suffix == ".json" else [])


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_mutated_files_are_accounted_for(tmp_path_factory, reader, real_files, suffix):
    path = tmp_path_factory.mktemp("fuzz") / f"a{suffix}"

    @settings(max_examples=25, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
    @given(seed=st.integers(0, 2**32))
    def check(seed: int) -> None:
        account(reader, path, mutate(suffix, real_files[suffix], seed))

    check()


@pytest.mark.prove
@pytest.mark.parametrize("suffix", SUFFIXES)
def test_many_mutated_files_are_accounted_for(tmp_path_factory, reader, real_files, suffix):
    path = tmp_path_factory.mktemp("fuzz") / f"a{suffix}"

    @settings(max_examples=1500, deadline=None, suppress_health_check=list(HealthCheck))
    @given(seed=st.integers(0, 2**64))
    def check(seed: int) -> None:
        account(reader, path, mutate(suffix, real_files[suffix], seed))

    check()


#: Rows of a reading set, as a hub gives them.
PASSAGES = [
    {"id": str(n), "context": "Iron melts at 1538 °C.", "question": f"When, {n}?", "answers": {"text": ["1538 °C"]}}
    for n in range(3)
]  # fmt: skip
SET_FILES = {
    ".json": lambda builders: json.dumps(PASSAGES, ensure_ascii=False, indent=1).encode(),
    ".jsonl": lambda builders: "\n".join(json.dumps(row, ensure_ascii=False) for row in PASSAGES).encode(),
    ".csv": lambda builders: b"context,question,answers\n" + b'c,"why, you?",so\n' * 3,
    ".parquet": lambda builders: builders["parquet"](PASSAGES),
}


@pytest.fixture(scope="module")
def set_reader(tmp_path_factory):
    declared = PublicSet(
        pattern="*", format="reading", keep=["id"], card="c", licence="MIT", non_commercial=False, languages=["en"],
        fields={"passage": "context", "question": "question", "answers": "answers"}, capability="reading",
    )  # fmt: skip
    return SetReader(declared, {}, {}, tmp_path_factory.mktemp("images"))


@pytest.mark.parametrize(
    "examples", [pytest.param(25, id="few"), pytest.param(1500, marks=pytest.mark.prove, id="many")]
)
@pytest.mark.parametrize("suffix", SET_FILES)
def test_mutated_files_of_public_sets_are_accounted_for(
    tmp_path_factory, reader, set_reader, builders, suffix, examples
):
    path = tmp_path_factory.mktemp("fuzz") / f"a{suffix}"
    data = SET_FILES[suffix](builders)
    path.write_bytes(data)
    assert [type(item) for item in reader.read_set(path, set_reader, 9)] == [Draft] * 3

    @settings(
        max_examples=examples,
        deadline=None,
        derandomize=examples < 100,
        suppress_health_check=list(HealthCheck),
    )
    @given(seed=st.integers(0, 2**32))
    def check(seed: int) -> None:
        path.write_bytes(mutated(data, random.Random(seed)))
        found = reader.read_set(path, set_reader, 9)
        assert found
        for item in found:
            assert isinstance(item, Fault) or (isinstance(item, Draft) and item.segments)
            if isinstance(item, Fault):
                assert item.reason not in ("timed_out", "reader_crashed"), item
                assert item.detail and "\n" not in item.detail

    check()
