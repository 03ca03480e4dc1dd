"""Sentences and chunks: nothing is cut inside, nothing is lost, sizes and provenance hold."""

import pytest

from ta_pipeline.params import ChunkParams
from ta_pipeline.text.chunk import chunk_documents, join_units, split_sentences, units_of


def count_words(texts):
    return [len(text.split()) for text in texts]


def segment(text, heading="", start=None, end=None, page=None):
    return {
        "text": text, "heading": heading, "page": page, "line": 1, "start": start, "end": end,
        "speaker": None,
    }  # fmt: skip


def document(*segments, kind="text"):
    return {
        "id": "d1", "course": "c", "origin": "course", "source": "01.md", "kind": kind, "lecture": "01",
        "title": "Lecture 1: Motion", "language": "en", "segments": list(segments), "meta": "{}",
    }  # fmt: skip


def chunks_of(*segments, kind="text", least=5, most=32, overlap=0):
    params = ChunkParams(min_tokens=least, max_tokens=most, overlap_tokens=overlap)
    return chunk_documents([document(*segments, kind=kind)], count_words, params)


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("It is 9.8 m/s. Not 10.", ["It is 9.8 m/s. ", "Not 10."]),
        ("See Fig. 3 and Dr. Who. Then go.", ["See Fig. 3 and Dr. Who. ", "Then go."]),
        ("他问：“为什么？”我说不知道。好！", ["他问：“为什么？”", "我说不知道。", "好！"]),
        ("由 $a. B$ 得 $$x = 1. Y$$ 成立。再看。", ["由 $a. B$ 得 $$x = 1. Y$$ 成立。", "再看。"]),
        ("Lines are\nwrapped here. Next.", ["Lines are\nwrapped here. ", "Next."]),
        ("Three:\n- one\n- two", ["Three:\n", "- one\n", "- two"]),
        ("| a | b |\n| 1 | 2 |", ["| a | b |\n", "| 1 | 2 |"]),
        ("```python\nx = 1. \n\nY = 2\n```", ["```python\nx = 1. \n\nY = 2\n```"]),
    ],
)
def test_sentences_end_at_marks_and_rows_but_never_in_formulas_or_code(text, sentences):
    assert split_sentences(text) == sentences


def test_the_pieces_of_a_text_are_the_text():
    text = "One. Two!  三。 $x. Y$ Four\n\nFive; six."
    assert "".join(split_sentences(text)) == text


def test_a_code_block_that_a_reader_cut_at_its_blank_lines_is_one_unit():
    units = units_of(document(segment("```python\nx = 1"), segment("y = 2\n```"), segment("Done.")))
    assert [unit.text.strip() for unit in units] == ["```python\nx = 1\n\ny = 2\n```", "Done."]


def test_a_fence_that_is_never_closed_swallows_nothing():
    units = units_of(document(segment("```python\nx = 1"), segment("Text. More.")))
    assert [unit.text.strip() for unit in units][-2:] == ["Text.", "More."]


def test_cues_run_on_and_students_get_a_line():
    cues = [
        segment("one two,", start=1.0, end=2.0),
        segment("three.", start=2.0, end=3.0),
        segment("Student: why?", start=3.0, end=4.0),
        segment("because", start=4.0, end=5.0),
    ]
    text = join_units(units_of(document(*cues, kind="transcript")))
    assert text == "one two, three.\nStudent: why?\nbecause"


def test_a_chunk_ends_at_a_heading_once_it_is_long_enough():
    chunks = chunks_of(
        segment("a b c. D e f.", heading="H > one"),
        segment("g h i j k l.", heading="H > two"),
        segment("m n o p q r.", heading="H > three"),
    )
    assert [(chunk["heading"], chunk["text"], chunk["tokens"]) for chunk in chunks] == [
        ("H > one", "a b c. D e f.", 6),
        ("H > two", "g h i j k l.", 6),
        ("H > three", "m n o p q r.", 6),
    ]


def test_short_neighbours_are_joined_and_keep_the_heading_they_share():
    chunks = chunks_of(segment("a b c.", heading="H > one"), segment("d e f.", heading="H > two"), least=6)
    assert [(chunk["heading"], chunk["text"]) for chunk in chunks] == [("H", "a b c.\nd e f.")]


def test_all_but_the_last_chunk_lie_between_the_limits_and_no_word_is_lost():
    words = " ".join(f"W{number}{'.' if number % 7 == 6 else ''}" for number in range(400))
    chunks = chunks_of(segment(words), least=20, most=40)
    assert " ".join(chunk["text"] for chunk in chunks) == words
    assert all(20 <= chunk["tokens"] <= 40 for chunk in chunks[:-1])
    assert all(chunk["text"].endswith(".") for chunk in chunks[:-1])


def test_whole_sentences_are_repeated_across_a_cut_of_one_section():
    text = " ".join(f"{letter} b c d." for letter in "ABCDEFGHIJKLMNOPQRST")
    first, second, *_ = chunks_of(segment(text), least=20, most=32, overlap=6)
    assert first["text"].endswith("H b c d.")
    assert second["text"].startswith("G b c d. H b c d. I b c d.")


def test_nothing_is_repeated_where_a_new_section_begins():
    chunks = chunks_of(
        segment("a b c. D e f.", heading="one"), segment("g h i. J k l.", heading="two"), overlap=3
    )
    assert chunks[1]["text"] == "g h i. J k l."


def test_a_chunk_spans_the_times_of_its_cues():
    cues = [segment(f"w{n} x y z.", start=float(n), end=n + 0.5) for n in range(20)]
    chunks = chunks_of(*cues, kind="transcript", least=20, most=32)
    assert [(chunk["start"], chunk["end"]) for chunk in chunks] == [(0.0, 7.5), (8.0, 14.5), (15.0, 19.5)]


def test_speech_without_any_mark_is_cut_at_spaces():
    chunks = chunks_of(segment(" ".join(f"w{n}" for n in range(100))), least=10, most=32)
    assert all(chunk["tokens"] <= 32 for chunk in chunks)
    assert " ".join(chunk["text"] for chunk in chunks).split() == [f"w{n}" for n in range(100)]


def test_a_program_longer_than_a_chunk_stays_whole():
    code = "```\n" + "\n".join(f"x{n} = {n}" for n in range(40)) + "\n```"
    chunks = chunks_of(segment("Some words before it."), segment(code), segment("And after."), least=2)
    assert code in [chunk["text"] for chunk in chunks]


def test_the_first_page_is_kept_and_ids_differ():
    chunks = chunks_of(segment("a b c d e f.", page=3), segment("a b c d e f.", page=4), least=5, most=32)
    assert [chunk["page"] for chunk in chunks] == [3]
    twice = chunks_of(segment("a b c d e f.", heading="x"), segment("a b c d e f.", heading="y"))
    assert len({chunk["id"] for chunk in twice}) == 2
