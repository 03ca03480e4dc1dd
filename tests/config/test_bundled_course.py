"""Hold the bundled course and its benchmark to what the README of `data/01_raw` says of them.

The files are parsed here by a few lines of their own, so that a fault of our readers cannot hide one of
the course.
"""

from __future__ import annotations

import csv
import json
import re
from collections import Counter
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from ta_pipeline.rag.prompt import citation

RAW = Path(__file__).resolve().parents[2] / "data" / "01_raw"
COURSE = RAW / "courses" / "mechanics"
LECTURES = COURSE / "lectures"
HANDOUTS = COURSE / "handouts"
KINDS = {"fact", "explain", "refusal", "format", "citation"}
TIMES = re.compile(r"(?:(\d+):)?(\d\d):(\d\d)[.,](\d{3}) --> (?:(\d+):)?(\d\d):(\d\d)[.,](\d{3})")

Cue = tuple[float, float, str]


def read(path: Path) -> str:
    return path.read_text(encoding="utf-8-sig")


def read_rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in read(path).splitlines()]


def seconds(hours: str | None, minutes: str, whole: str, milliseconds: str) -> float:
    return (int(hours or 0) * 3600 + int(minutes) * 60 + int(whole)) + int(milliseconds) / 1000


def read_cues(path: Path) -> list[Cue]:
    cues = []
    for block in re.split(r"\n{2,}", read(path).strip()):
        lines = block.split("\n")
        for number, line in enumerate(lines):
            if match := TIMES.match(line):
                parts = match.groups()
                text = re.sub(r"</?v[^>]*>", "", "\n".join(lines[number + 1 :]))
                cues.append((seconds(*parts[:4]), seconds(*parts[4:]), text))
    return cues


def shingles(text: str, size: int) -> set[str]:
    return {text[i : i + size] for i in range(len(text) - size + 1)}


def similarity(left: str, right: str, size: int) -> float:
    a, b = shingles(left, size), shingles(right, size)
    return len(a & b) / len(a | b)


def homework_of(name: str) -> Path:
    return LECTURES / f"{name}.homework.md"


def notes_of(name: str) -> Path:
    return LECTURES / f"{name}.md"


def transcript_of(name: str) -> Path:
    return next(path for path in (LECTURES / f"{name}.srt", LECTURES / f"{name}.vtt") if path.exists())


NAMES = sorted(path.name.removesuffix(".homework.md") for path in LECTURES.glob("*.homework.md"))
QUESTIONS = read_rows(RAW / "benchmark" / "benchmark.jsonl")
ANSWERED = [row for row in QUESTIONS if row["kind"] != "refusal"]


def test_at_least_twelve_lectures_have_notes_a_transcript_and_homework():
    assert len(NAMES) >= 12
    for name in NAMES:
        assert notes_of(name).exists() and homework_of(name).exists() and transcript_of(name).exists()
        solutions = re.findall(r"^### (?:解答|Solution)", read(homework_of(name)), re.MULTILINE)
        assert len(solutions) == 4, name


def test_the_lectures_hold_at_least_60_000_characters_in_both_languages():
    text = {name: read(notes_of(name)) + read(homework_of(name)) for name in NAMES}
    spoken = {name: "".join(cue[2] for cue in read_cues(transcript_of(name))) for name in NAMES}
    assert sum(len(text[name]) + len(spoken[name]) for name in NAMES) >= 60_000
    chinese = [name for name in NAMES if len(re.findall(r"[\u4e00-\u9fff]", text[name])) > 500]
    assert len(chinese) >= 6 and len(NAMES) - len(chinese) >= 6


@pytest.mark.parametrize("name", NAMES)
def test_cue_times_increase_at_the_pace_of_speech(name):
    cues = read_cues(transcript_of(name))
    assert len(cues) >= 95
    assert all(start < end for start, end, _ in cues)
    assert all(one[1] <= next_one[0] for one, next_one in pairwise(cues))
    assert all(end - start >= 1.19 for start, end, _ in cues)
    assert 20 * 60 <= cues[-1][1] <= 30 * 60


@pytest.mark.parametrize("row", ANSWERED, ids=[row["id"] for row in ANSWERED])
def test_a_benchmark_quote_stands_in_its_source_at_the_stated_time(row):
    source = row["source"]
    assert source["path"].startswith(f"lectures/{row['lecture']}.")
    if source["start"] is None:
        assert source["quote"] in read(COURSE / source["path"])
        return
    cues = read_cues(COURSE / source["path"])
    first = [cue[0] for cue in cues].index(source["start"])
    last = [cue[1] for cue in cues].index(source["end"])
    assert "\n".join(cue[2] for cue in cues[first : last + 1]) == source["quote"]


def test_the_benchmark_has_240_questions_of_all_kinds_in_both_languages():
    assert len(QUESTIONS) >= 240
    assert len({row["id"] for row in QUESTIONS}) == len(QUESTIONS)
    assert len({row["question"] for row in QUESTIONS}) == len(QUESTIONS)
    counts = Counter((row["language"], row["kind"]) for row in QUESTIONS)
    assert {language for language, _ in counts} == {"zh", "en"}
    assert {kind for _, kind in counts} == KINDS
    assert len(counts) == 2 * len(KINDS) and min(counts.values()) >= 10


def test_a_quarter_of_the_benchmark_rests_on_the_two_lectures_held_out():
    held_out = [row for row in QUESTIONS if row["held_out"]]
    assert {row["lecture"] for row in held_out} == {"13-oscillation", "14-fluids"}
    assert all(row["held_out"] == row["lecture"].startswith(("13-", "14-")) for row in QUESTIONS)
    assert len(held_out) * 4 >= len(QUESTIONS)


@pytest.mark.parametrize("row", ANSWERED, ids=[row["id"] for row in ANSWERED])
def test_a_reference_has_the_form_its_kind_asks_for(row):
    reference, wanted = row["reference"], row["format"]
    if row["kind"] != "format":
        title = read(notes_of(row["lecture"])).splitlines()[0].removeprefix("# ")
        ending = " " + citation(title, row["source"]["start"])
        assert wanted is None and reference.endswith(ending) and len(reference) > len(ending)
        assert row["kind"] != "citation" or row["source"]["start"] is not None
    elif wanted["type"] == "json":
        assert sorted(json.loads(reference)) == sorted(wanted["keys"])
        assert all(key in row["question"] for key in wanted["keys"])
    elif wanted["type"] == "bullets":
        assert [line[:2] for line in reference.split("\n")] == ["- "] * wanted["count"]
    else:
        assert wanted["type"] == "max_chars" and len(reference) <= wanted["max"]
        assert str(wanted["max"]) in row["question"]


def test_refusals_rest_on_no_source_and_vary_in_wording():
    refusals = [row for row in QUESTIONS if row["kind"] == "refusal"]
    assert all(row["source"] is None and row["format"] is None for row in refusals)
    for language in ("zh", "en"):
        wordings = {row["reference"] for row in refusals if row["language"] == language}
        assert len(wordings) == 10


def test_no_course_question_is_a_near_copy_of_a_benchmark_question():
    with (COURSE / "faq.csv").open(encoding="utf-8", newline="") as file:
        asked = [row["question"] for row in csv.DictReader(file)]
    for row in read_rows(COURSE / "question_log.jsonl"):
        asked += [turn["value"] for turn in row["conversations"] if turn["from"] == "human"]
    taught = [shingles(re.sub(r"\s+", "", text.lower()), 3) for text in asked]
    for row in QUESTIONS:
        question = shingles(re.sub(r"\s+", "", row["question"].lower()), 3)
        assert all(len(question & other) < 0.6 * len(question | other) for other in taught), row["id"]


def test_faq_and_question_log_name_lectures_and_minutes_that_exist():
    with (COURSE / "faq.csv").open(encoding="utf-8", newline="") as file:
        faq = list(csv.DictReader(file))
    assert len(faq) >= 150 and all(row["question"] and row["answer"] for row in faq)
    assert {row["lecture"] for row in faq} == set(NAMES)
    log = read_rows(COURSE / "question_log.jsonl")
    assert len(log) >= 100 and len({row["id"] for row in log}) == len(log)
    for name in NAMES:
        starts = {int(cue[0]) for cue in read_cues(transcript_of(name))}
        clocks = {f"{start // 60:02d}:{start % 60:02d}" for start in starts}
        assert {row["time"] for row in faq if row["lecture"] == name} <= clocks | {""}
        source = f"lectures/{transcript_of(name).name}"
        spoken = [row["meta"] for row in log if row["meta"]["source"] == source]
        assert spoken and {meta["timestamp"] for meta in spoken} <= {f"00:{clock}" for clock in clocks}


def test_every_transcript_begins_with_a_teacher_who_gives_an_address():
    for name in NAMES:
        opening = " ".join(cue[2] for cue in read_cues(transcript_of(name))[:6])
        assert re.search(r"@example\.edu", opening), name


def test_personal_data_stand_in_the_question_log_and_a_handout():
    log = read(COURSE / "question_log.jsonl")
    assert len(re.findall(r"(?<!\d)20231\d{5}(?!\d)", log)) >= 10
    assert len(re.findall(r"(?<!\d)1[3-9]\d{9}(?!\d)", log)) >= 5
    assert re.search(r"student number 2023\d{6}", read(HANDOUTS / "study-skills.md"))


def test_notes_end_with_a_copyright_line_in_two_wordings():
    footers = Counter(read(notes_of(name)).rstrip().splitlines()[-1] for name in NAMES)
    assert len(footers) == 2 and min(footers.values()) >= 4
    assert all("©" in footer for footer in footers)


def test_adverts_interrupt_six_transcripts_and_three_notes():
    advert = re.compile(r"扫码|扫一扫|点击链接|(?i:sponsored by|use code|subscribe now)")
    cues = [name for name in NAMES if any(advert.search(cue[2]) for cue in read_cues(transcript_of(name)))]
    assert len(cues) == 6
    assert sum(bool(advert.search(read(notes_of(name)))) for name in NAMES) == 3


def test_odd_characters_and_line_ends_are_planted():
    wide = [name for name in NAMES if re.search(r"[０-９ａ-ｚＡ-Ｚ]{2}", read(notes_of(name)))]
    assert wide == ["05-third-law", "09-energy-conservation"]
    assert sum("\u200b" in read(path) for path in LECTURES.iterdir()) >= 4
    assert sum("\u3000" in read(path) for path in LECTURES.iterdir()) >= 4
    contents = [path.read_bytes() for path in LECTURES.iterdir()]
    assert sum(b"\r\n" in content for content in contents) == 2
    assert sum(content.startswith(b"\xef\xbb\xbf") for content in contents) == 1


def test_handouts_hold_copies_an_empty_file_and_an_off_topic_page():
    copy = (HANDOUTS / "copy-of-03-projectile-motion.md").read_bytes()
    assert copy == notes_of("03-projectile-motion").read_bytes()
    revised, homework = read(HANDOUTS / "homework-06-revised.md"), read(homework_of("06-friction"))
    assert revised != homework and similarity(revised, homework, 5) >= 0.9
    assert (HANDOUTS / "empty.md").stat().st_size == 0
    off_topic = read(HANDOUTS / "canteen-and-parking.md")
    assert len(off_topic) >= 600 and "食堂" in off_topic


def test_handouts_hold_files_that_cannot_be_read_whole():
    assert read(HANDOUTS / "lab-introduction.srt").splitlines()[-2:] == ["6", "00:00:23,5"]
    broken = read(HANDOUTS / "spring-balance-manual.txt")
    assert broken.count("\ufffd") >= 20 and not re.search(r"[\u4e00-\u9fff]", broken)
    assert good_rows((HANDOUTS / "alpaca_extra.jsonl").read_text(encoding="utf-8")) == (10, 2)
    with (HANDOUTS / "faq_extra.csv").open(encoding="utf-8", newline="") as file:
        assert [bool(row["answer"]) for row in csv.DictReader(file)] == [True, True, False, True]


def good_rows(text: str) -> tuple[int, int]:
    good = bad = 0
    for line in text.splitlines():
        try:
            row = json.loads(line)
        except json.JSONDecodeError:
            bad += 1
            continue
        assert row["instruction"] and row["output"]
        assert re.fullmatch(r"00:\d\d:\d\d", row["meta"]["timestamp"])
        assert (COURSE / row["meta"]["source"]).exists()
        good += 1
    return good, bad


def test_the_public_set_has_eighty_short_rows_in_both_languages():
    rows = read_rows(RAW / "public" / "alpaca_general.jsonl")
    assert len(rows) == 80 and all(list(row) == ["instruction", "input", "output"] for row in rows)
    assert len({row["instruction"] + row["input"] for row in rows}) == 80
    assert sum(bool(re.search(r"[\u4e00-\u9fff]", row["instruction"])) for row in rows) == 40
