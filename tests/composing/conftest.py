"""A course of four short lectures in the shape of `clean_documents`."""

import pytest

from ta_pipeline.params import ComposeParams


def segment(text, heading="", start=None, end=None, speaker=None):
    return {
        "text": text, "heading": heading, "page": None, "line": 1, "start": start, "end": end,
        "speaker": speaker,
    }  # fmt: skip


def make_document(
    name, segments, *, kind="text", lecture="", title="", language="en", origin="course", meta="{}"
):
    return {
        "id": f"id-{name}", "course": "demo", "origin": origin, "source": name, "kind": kind,
        "lecture": lecture, "title": title, "language": language, "segments": segments, "meta": meta,
    }  # fmt: skip


def notes(lecture, title, sections, language="en"):
    segments = [segment(text, f"{title} > {heading}") for heading, text in sections]
    return make_document(f"{lecture}.md", segments, lecture=lecture, title=title, language=language)


def speech(lecture, title, cues, language="en"):
    segments = [segment(text, start=10.0 * n, end=10.0 * n + 8) for n, text in enumerate(cues)]
    return make_document(
        f"{lecture}.srt", segments, kind="transcript", lecture=lecture, title=title, language=language
    )


def dialogue(name, *turns, meta="{}", origin="course", lecture="", language="en"):
    speakers = ["user", "assistant"] * len(turns)
    segments = [segment(text, speaker=speaker) for text, speaker in zip(turns, speakers, strict=False)]
    return make_document(
        name, segments, kind="dialogue", meta=meta, origin=origin, lecture=lecture, language=language
    )


@pytest.fixture
def build():
    """The makers of documents, for tests that need their own."""
    return {
        "notes": notes,
        "speech": speech,
        "dialogue": dialogue,
        "document": make_document,
        "segment": segment,
    }


@pytest.fixture
def course():
    """Three English lectures to learn from and one (04) to hold out, a FAQ, a log, a public row."""
    return [
        notes(
            "01-motion",
            "Lecture 1: Motion",
            [
                ("1. Words", "**Displacement** is the straight arrow from the first position to the last. "
                 "A **path** is the line along which a body moves from place to place."),
                ("2. Speed", "**Speed** is the length of the path divided by the time that it took. "
                 "The speedometer of a car shows the speed at this very moment."),
            ],
        ),
        speech(
            "01-motion",
            "Lecture 1: Motion",
            [f"Opening remark number {n} about the timetable of the term." for n in range(9)]
            + ["A cheetah reaches twenty-seven metres per second in only three seconds.",
               "That makes nine metres per second squared, more than any sports car.",
               "The taxi meter only ever counts upwards, just like the length of a path."]
            + [f"Closing remark number {n}, with best wishes for the weekend." for n in range(4)],
        ),
        notes(
            "02-forces",
            "Lecture 2: Forces",
            [
                ("1. Pushes", "A **force** is a push or a pull that one body exerts on another body. "
                 "The newton is the unit in which engineers everywhere measure a force."),
                ("2. Friction", "**Friction** is the force between two surfaces that opposes their sliding. "
                 "Ice has little of it, and that is why skates glide so far without effort."),
            ],
        ),
        notes(
            "03-energy",
            "Lecture 3: Energy",
            [
                ("1. Work", "**Work** is force times displacement along the direction of the force. "
                 "Holding a heavy bag at rest does no work on the bag at all, however tired you get."),
                ("2. Power", "**Power** is the rate at which work is done, measured in watts. "
                 "A kilowatt-hour is an amount of energy and not of power."),
            ],
        ),
        notes(
            "04-fluids",
            "Lecture 4: Fluids",
            [
                ("1. Pressure", "**Pressure** is the force on a surface divided by the area of the surface. "
                 "Snowshoes lower the pressure because they spread the weight of the walker."),
                ("2. Buoyancy", "**Buoyancy** is the upward force of a fluid on a body immersed in it. "
                 "A steel ship floats because its hull pushes aside enough water."),
            ],
        ),
        dialogue("faq.csv#1", "What is displacement?",
                 "Displacement is the straight arrow from the first position to the last.",
                 meta='{"lecture": "01-motion"}', lecture="01-motion"),
        dialogue("faq.csv#2", "How fast does a cheetah speed up?",
                 "A cheetah reaches twenty-seven metres per second in three seconds.",
                 meta='{"lecture": "01-motion", "timestamp": "00:01:30"}', lecture="01-motion"),
        dialogue("faq.csv#3", "Why do skates glide far?",
                 "Ice has little friction, and that is why skates glide so far.",
                 meta='{"lecture": "02-forces"}', lecture="02-forces"),
        dialogue("faq.csv#4", "What is pressure in a fluid?",
                 "Pressure is the force on a surface divided by the area of the surface.",
                 meta='{"lecture": "04-fluids"}', lecture="04-fluids"),
        dialogue("log.jsonl#1", "what is power", "Power is the rate at which work is done.", "and its unit?",
                 "It is measured in watts, the rate at which work is done.",
                 meta='{"source": "03-energy.md"}', lecture="03-energy"),
        dialogue("log.jsonl#2", "do I need a calculator", "Yes, please bring your own one.", lecture=""),
        dialogue("alpaca.jsonl#1", "Name a fruit.", "An apple.", origin="public:alpaca"),
    ]  # fmt: skip


@pytest.fixture
def compose():
    """Parameters for that course."""
    return ComposeParams(
        held_out=["04-*"],
        chunk={"min_tokens": 10, "max_tokens": 60, "overlap_tokens": 0},
        passages={"chars": 160, "distractors": 2},
        templates=["answer", "extract", "summarise", "make_questions", "locate", "format"],
        rows_per_chunk=2,
        refusal_share=0.5,
        replay_share=0.1,
        max_question_similarity=0.6,
        max_reference_similarity=0.8,
        split={"validation_share": 0.1, "test_share": 0.1},
        preferences=12,
        questions_per_lecture=5,
    )


@pytest.fixture
def chunks(course, compose):
    """The course's chunks, counted in words."""
    from ta_pipeline.text.chunk import chunk_documents

    texts = [document for document in course if document["kind"] in ("text", "transcript")]
    return chunk_documents(texts, lambda rows: [len(row.split()) for row in rows], compose.chunk)
