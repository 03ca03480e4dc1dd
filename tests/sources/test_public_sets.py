"""Which files belong to a set, what its licence allows, how many rows are read and counted."""

import json
import logging
from pathlib import Path

import pytest
from pydantic import ValidationError

from ta_pipeline.params import IngestParams, PublicSet, SourcesParams
from ta_pipeline.records import InputError
from ta_pipeline.sources.drafts import Draft
from ta_pipeline.sources.public_sets import PublicSets

INGEST = IngestParams(max_file_mb=1, max_quarantined_share=1, role_map={"human": "user", "gpt": "assistant"})
PAIR = {
    "pattern": "**/pair*",
    "format": "pair",
    "fields": {"question": "q", "answer": "a"},
    "card": "https://hub/pair",
    "licence": "MIT",
    "non_commercial": False,
    "languages": ["en"],
    "capability": "general",
}
LOOSE = {**PAIR, "pattern": "**/*.jsonl", "format": "dialogue", "fields": {}}
ROW = '{"q": "Why?", "a": "So."}\n'


def sources(sets=None, **more) -> SourcesParams:
    settings = {"allow_non_commercial": False, "rows_per_set": 9, "fill": {}, **more}
    return SourcesParams(**settings, sets=sets or {"pair": PAIR, "loose": LOOSE})


def write(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, "utf-8")


def read(folder: Path, declared: SourcesParams) -> dict[str, tuple[str, list[str]]]:
    sets = PublicSets(folder, declared, INGEST)
    return {
        file.name: (origin, ["draft" if isinstance(f, Draft) else f.reason for f in found])
        for file in sets.wanted()
        for origin, found in [sets.read(file)]
    }


def test_a_file_belongs_to_the_folder_it_lies_in_before_any_pattern(tmp_path):
    files = {**PAIR, "files": ["data/{split}-*.jsonl"], "pattern": "**/pair_{split}.jsonl", "split": "test"}
    write(tmp_path, {"pair/data/test-0.jsonl": ROW, "x/pair_test.jsonl": ROW, "x/pair_train.jsonl": ROW})
    found = read(tmp_path, sources({"loose": LOOSE, "pair": files}))
    assert {name: origin for name, (origin, _) in found.items()} == {
        "pair/data/test-0.jsonl": "public:pair",
        "x/pair_test.jsonl": "public:loose",  # the first pattern that finds it
        "x/pair_train.jsonl": "public:loose",
    }


def test_several_patterns_may_find_a_set(tmp_path):
    write(tmp_path, {"one.jsonl": ROW, "two.jsonl": ROW})
    several = {**PAIR, "pattern": ["one*", "two*"]}
    assert {origin for origin, _ in read(tmp_path, sources({"pair": several})).values()} == {"public:pair"}


def test_what_lies_beside_the_rows_in_a_sets_folder_is_left_out_and_counted(tmp_path, caplog):
    files = {**PAIR, "files": ["train.jsonl"], "pattern": "pair*"}
    write(
        tmp_path,
        {"pair/train.jsonl": ROW, "pair/test.jsonl": ROW, "pair/README.md": "card", "pair/images/1.jpg": "x"},
    )
    with caplog.at_level(logging.INFO):
        assert list(read(tmp_path, sources({"pair": files}))) == ["pair/train.jsonl"]
    assert "pair: 3 files beside the rows of the set are left out" in caplog.text


def test_a_file_of_no_set_and_a_link_out_of_the_folder_are_told(tmp_path):
    folder = tmp_path / "public"
    write(folder, {"stray.json": "[]"})
    write(tmp_path, {"secret.jsonl": ROW})
    (folder / "pair.jsonl").symlink_to(tmp_path / "secret.jsonl")
    assert read(folder, sources()) == {
        "pair.jsonl": ("", ["outside_folder"]),
        "stray.json": ("", ["undeclared_public_set"]),
    }


def test_the_limit_is_shared_by_the_files_of_a_set(tmp_path):
    write(tmp_path, {"pair1.jsonl": ROW * 3, "pair2.jsonl": "{\n" + ROW * 3, "pair3.jsonl": ROW})
    found = read(tmp_path, sources(rows_per_set=5))
    assert [items for _, items in found.values()] == [["draft"] * 3, ["bad_json", "draft"], []]


def test_rows_are_counted_beyond_the_limit_and_without_the_broken_end(tmp_path):
    write(
        tmp_path,
        {
            "pair1.jsonl": ROW * 30,
            "pair2.json": json.dumps([json.loads(ROW)] * 4)[:-9],
            "pair3.csv": "q,a\n1,2\n",
        },
    )
    sets = PublicSets(tmp_path, sources(rows_per_set=5), INGEST)
    assert sets.count("pair") == 30 + 4 + 1  # the row that breaks off is one that cannot be read
    assert sets.count("loose") == 0 and sets.files("loose") == []


@pytest.mark.parametrize("kind", ["pair", "reading"])
def test_a_file_that_cannot_be_counted_is_told_and_counts_as_none(tmp_path, caplog, kind):
    write(tmp_path, {"pair1.parquet": "no table", "pair2.jsonl": ROW * 2})
    parts = {"passage": "p", "question": "q", "answers": "a"}
    declared = {**PAIR, "format": kind, "fields": parts if kind == "reading" else PAIR["fields"]}
    assert PublicSets(tmp_path, sources({"pair": declared}), INGEST).count("pair") == 2
    assert "pair1.parquet: its rows cannot be counted" in caplog.text


def test_a_forbidden_licence_stops_with_the_names_of_the_sets_and_the_cure(tmp_path):
    forbidden = {**PAIR, "licence": "CC BY-NC 4.0", "non_commercial": True}
    other = {**forbidden, "pattern": "**/other*"}
    absent = {**forbidden, "pattern": "**/absent*"}
    write(tmp_path, {"pair.jsonl": ROW, "other.jsonl": ROW})
    declared = {"pair": forbidden, "other": other, "absent": absent}
    with pytest.raises(InputError) as error:
        PublicSets(tmp_path, sources(declared), INGEST).check_licences()
    message = str(error.value)
    assert f"pair (CC BY-NC 4.0: {tmp_path / 'pair.jsonl'}); other (CC BY-NC 4.0: " in message
    assert "absent" not in message and "sources.allow_non_commercial" in message and "\n" not in message
    PublicSets(tmp_path, sources(declared, allow_non_commercial=True), INGEST).check_licences()
    (tmp_path / "pair.jsonl").unlink()
    (tmp_path / "other.jsonl").unlink()
    PublicSets(tmp_path, sources(declared), INGEST).check_licences()


def test_a_missing_folder_has_no_files(tmp_path):
    assert PublicSets(tmp_path / "none", sources(), INGEST).wanted() == []


def test_an_unexpected_error_in_a_file_is_a_fault(tmp_path, monkeypatch):
    write(tmp_path, {"pair.jsonl": ROW})

    def broken(*arguments):
        yield from ()
        raise RuntimeError("out of\norder")

    monkeypatch.setattr("ta_pipeline.sources.public_sets.rows_of", broken)
    assert read(tmp_path, sources()) == {"pair.jsonl": ("public:pair", ["unreadable"])}


def test_a_file_without_rows_says_so(tmp_path):
    write(tmp_path, {"pair.json": "[ ]", "pair2.csv": "q,a\n"})
    assert [items for _, items in read(tmp_path, sources()).values()] == [["no_content"], ["no_content"]]


@pytest.mark.parametrize("pattern", ["**x/*.json", "/etc/*.json", ""])
def test_a_pattern_that_is_no_glob_names_its_set(tmp_path, pattern):
    with pytest.raises(InputError, match=r"sources\.sets\.pair") as error:
        PublicSets(tmp_path, sources({"pair": {**PAIR, "pattern": pattern}}), INGEST)
    assert "parameters_sources.yml" in str(error.value) and "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"fields": {"question": "q"}}, "look at answer"),
        ({"fields": {"question": "q", "answer": "a", "anwser": "b"}}, "look at anwser"),
        ({"format": "reading", "fields": {}}, "answers, passage, question and perhaps title"),
        ({"remove": ["("]}, "no regular expression"),
        ({"capability": "cooking"}, "capability"),
        ({"languages": []}, "languages"),
    ],
)
def test_a_declaration_that_cannot_be_is_refused(wrong, words):
    with pytest.raises(ValidationError, match=words):
        PublicSet(**{**PAIR, **wrong})


def test_a_set_is_named_as_a_folder_can_be():
    with pytest.raises(ValidationError):
        sources({"../pair": PAIR})
