"""Sentences and chunks: nothing is cut inside, nothing is lost, sizes and provenance hold."""

import re
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ta_pipeline.params import ChunkParams
from ta_pipeline.text.chunk import chunk_documents, join_units, split_sentences, units_of


def count_words(texts):
    return [len(text.split()) for text in texts]


def segment(text, heading="", start=None, end=None, page=None, speaker=None):
    return {
        "text": text, "heading": heading, "page": page, "line": 1, "start": start, "end": end,
        "speaker": speaker,
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
        (
            "Run it.\n\n    a = 1. \n\n    B = 2\n\nDone.",
            ["Run it.\n\n", "    a = 1. \n\n    B = 2\n\n", "Done."],
        ),
        (
            "| 力。重力 | N. Kept |\n| a. B | c！ |\n后文。",
            ["| 力。重力 | N. Kept |\n", "| a. B | c！ |\n后文。"],
        ),
        ("k | v\n--|--\na. B | 一。二", ["k | v\n--|--\na. B | 一。二"]),
        ("It costs $5. You pay $10. Fine.", ["It costs $5. ", "You pay $10. ", "Fine."]),
        ("Then $a.\nB = c. D$ holds. Next.", ["Then $a.\nB = c. D$ holds. ", "Next."]),
        (
            r"So \begin{align*} a. B \\[2pt] c! D \end{align*} ends. Next.",
            [r"So \begin{align*} a. B \\[2pt] c! D \end{align*} ends. ", "Next."],
        ),
        (r"由 \[ x。y \] 与 \( a! b \) 得。完。", [r"由 \[ x。y \] 与 \( a! b \) 得。", "完。"]),
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


def test_a_tilde_inside_backticks_and_a_longer_fence_close_nothing():
    parts = ["````md\n```", "~~~", "x. Y\n```\n````", "Done."]
    units = units_of(document(*[segment(part) for part in parts]))
    assert [unit.text.strip() for unit in units] == ["````md\n```\n\n~~~\n\nx. Y\n```\n````", "Done."]


@pytest.mark.parametrize(
    ("first", "last"), [("$$\na.", "b$$"), (r"\[ a.", r"b \]"), (r"\begin{cases} a.", r"b \end{cases}")]
)
def test_a_formula_that_a_reader_cut_at_its_blank_lines_is_one_unit(first, last):
    units = units_of(document(segment(first), segment("C. D"), segment(last), segment("Done.")))
    assert [unit.text.strip() for unit in units] == [f"{first}\n\nC. D\n\n{last}", "Done."]


def test_a_sign_of_a_formula_in_inline_code_or_another_section_joins_nothing():
    units = units_of(document(segment("`$$` is the process. It runs."), segment("`$$` again.")))
    assert [unit.text.strip() for unit in units] == ["`$$` is the process.", "It runs.", "`$$` again."]
    apart = units_of(document(segment("It costs $$.", heading="a"), segment("And $$ too.", heading="b")))
    assert [unit.heading for unit in apart] == ["a", "b"]


def test_cues_with_an_open_formula_keep_their_own_times():
    cues = [segment("so $$ is open", start=1.0, end=2.0), segment("and $$ closed", start=2.0, end=3.0)]
    assert [(u.start, u.end) for u in units_of(document(*cues, kind="transcript"))] == [
        (1.0, 2.0),
        (2.0, 3.0),
    ]


def test_code_by_indentation_keeps_the_indentation_of_its_first_line():
    units = units_of(document(segment("Run this:"), segment("    if x:\n        y. Z()"), segment("  Done.")))
    assert [unit.text for unit in units] == ["Run this:\n", "    if x:\n        y. Z()\n", "Done.\n"]


def test_a_fence_that_is_never_closed_swallows_nothing():
    units = units_of(document(segment("```python\nx = 1"), segment("Text. More.")))
    assert [unit.text.strip() for unit in units][-2:] == ["Text.", "More."]


def test_cues_run_on_and_students_get_a_line():
    cues = [
        segment("one two,", start=1.0, end=2.0),
        segment("three.", start=2.0, end=3.0),
        segment("Student: why?", start=3.0, end=4.0, speaker="Student"),
        segment("because", start=4.0, end=5.0),
    ]
    text = join_units(units_of(document(*cues, kind="transcript")))
    assert text == "one two, three.\nStudent: why?\nTeacher: because"


def test_a_student_is_never_quoted_as_the_teacher():
    cues = [
        segment("Now double the height.", start=0.0, end=1.0),
        segment("I suppose it just doubles as well,", start=1.0, end=2.0, speaker="Student"),
        segment("doesn't it?", start=2.0, end=3.0, speaker="Student"),
        segment("No, it does not.", start=3.0, end=4.0),
        segment("Look again.", start=4.0, end=5.0),
    ]
    units = units_of(document(*cues, kind="transcript"))
    assert [unit.text.strip() for unit in units] == [cue["text"] for cue in cues]
    assert [unit.voice.teaches for unit in units] == [True, False, False, True, True]
    assert join_units(units) == (
        "Now double the height.\n"
        "Student: I suppose it just doubles as well, doesn't it?\n"
        "Teacher: No, it does not. Look again."
    )
    assert join_units(units[2:4]) == "Student: doesn't it?\nTeacher: No, it does not."
    (chunk,) = chunks_of(*cues, kind="transcript")
    assert (chunk["text"], chunk["tokens"]) == (join_units(units), 21)


def test_marks_of_speakers_count_towards_the_limit():
    cues = [
        segment("a b c d e f g.", start=float(n), end=n + 0.5, speaker="Student" if n % 2 else None)
        for n in range(40)
    ]
    chunks = chunks_of(*cues, kind="transcript", least=20, most=32)
    assert {chunk["tokens"] for chunk in chunks[:-1]} == {31}
    assert chunks[0]["text"].count("Student: ") == 2 and chunks[0]["text"].count("Teacher: ") == 1


def test_speech_is_cut_at_its_longest_pause_and_nothing_is_repeated_across_it():
    starts = [10.0 * n + (60.0 if n > 3 else 0.0) + (20.0 if n > 5 else 0.0) for n in range(12)]
    cues = [segment(f"W{n} a b c d.", start=at, end=at + 9.5) for n, at in enumerate(starts)]
    chunks = chunks_of(*cues, kind="transcript", least=15, most=40, overlap=5)
    assert [chunk["text"].split()[0] for chunk in chunks][:2] == ["W0", "W4"]
    assert chunks[0]["text"] == "W0 a b c d. W1 a b c d. W2 a b c d. W3 a b c d."


def test_captions_in_lower_case_are_cut_at_pauses_and_repeated_all_the_same():
    starts = [10.0 * n + (60.0 if n > 3 else 0.0) for n in range(15)]
    cues = [segment(f"w{n} a b c d", start=at, end=at + 9.5) for n, at in enumerate(starts)]
    chunks = chunks_of(*cues, kind="transcript", least=15, most=40, overlap=5)
    assert [chunk["text"].split()[0] for chunk in chunks] == ["w0", "w4", "w11"]
    assert chunks[1]["text"].split()[-5:] == ["w11", "a", "b", "c", "d"]


def test_a_pause_after_a_question_is_no_place_to_cut():
    starts = [10.0 * n + (60.0 if n > 3 else 0.0) + (20.0 if n > 4 else 0.0) for n in range(12)]
    cues = [
        segment(f"W{n} a b c {'d?' if n == 3 else 'd.'}", start=at, end=at + 9.5)
        for n, at in enumerate(starts)
    ]
    chunks = chunks_of(*cues, kind="transcript", least=15, most=40)
    assert chunks[1]["text"].startswith("W5 ")


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


def test_short_neighbours_are_joined_under_the_heading_they_share_with_their_own_above_each():
    chunks = chunks_of(segment("a b c.", heading="H > one"), segment("d e f.", heading="H > two"), least=6)
    assert [(chunk["heading"], chunk["text"]) for chunk in chunks] == [
        ("H", "## one\na b c.\n## two\nd e f.")
    ]


def test_a_chunk_of_one_section_does_not_repeat_its_heading_and_a_rest_of_another_has_its_own():
    chunks = chunks_of(
        segment("a b c d e f. G h i j k l.", heading="H > one"),
        segment("m n.", heading="H > two > deep"),
        segment("o p.", heading="H"),
        least=6,
        most=32,
    )
    assert [(chunk["heading"], chunk["text"]) for chunk in chunks] == [
        ("H", "## one\na b c d e f. G h i j k l.\n## two > deep\nm n.\n## H\no p.")
    ]


def test_what_follows_a_callout_stands_under_the_title_where_no_heading_does():
    chunks = chunks_of(
        segment("a b c."), segment("d e f.", heading="Callout"), segment("g h i."), least=9, most=32
    )
    text = "a b c.\n## Callout\nd e f.\n## Lecture 1: Motion\ng h i."
    assert [(chunk["heading"], chunk["text"], chunk["tokens"]) for chunk in chunks] == [("", text, 15)]


def test_headings_in_the_text_count_towards_its_limit():
    chunks = chunks_of(
        *[segment("a b c.", heading=f"a heading of many words {n}") for n in range(12)], least=9, most=32
    )
    assert len(chunks) > 2 and all(chunk["tokens"] <= 32 for chunk in chunks)


def test_all_but_the_last_chunk_lie_between_the_limits_and_no_word_is_lost():
    words = " ".join(f"W{number}{'.' if number % 7 == 6 else ''}" for number in range(400))
    chunks = chunks_of(segment(words), least=20, most=40)
    assert " ".join(chunk["text"] for chunk in chunks) == words
    assert all(20 <= chunk["tokens"] <= 40 for chunk in chunks[:-1])
    assert all(chunk["text"].endswith(".") for chunk in chunks[:-1])


@pytest.mark.parametrize("answer", ["Problem 2 > Solution", "Solution", "题目 2 > 解答", "Answers"])
def test_a_problem_keeps_its_solution_where_both_fit(answer):
    words = "a b c d e f g h."
    chunks = chunks_of(
        segment(words, heading="Problem 1"),
        segment(words, heading="Problem 2"),
        segment(words, heading=answer),
        segment(f"{words} {words}", heading="Problem 3"),
        least=12,
        most=60,
    )
    assert [chunk["text"].count(words) for chunk in chunks] == [3, 2]
    assert chunks[1]["heading"] == "Problem 3"


def test_a_solution_stays_with_its_problem_though_the_rest_is_short():
    sizes = {"1": 30, "2": 4, "2 > Solution": 14, "3": 6, "3 > Solution": 14, "4": 5, "4 > Solution": 14}
    parts = [segment("Word " * (size - 1) + "end.", heading=name) for name, size in sizes.items()]
    chunks = chunks_of(*parts, least=24, most=64)
    assert [re.findall(r"^## (.*)$", chunk["text"], re.MULTILINE) for chunk in chunks] == [
        [],
        ["2", "2 > Solution", "3", "3 > Solution"],
        ["Solution"],
    ]


def test_a_solution_is_not_cut_where_its_problem_can_begin_the_next_chunk():
    words = "A b c d e f g h i j."
    chunks = chunks_of(
        segment(f"{words} {words} {words}", heading="1"),
        segment("K l m n.", heading="2"),
        segment(words, heading="2 > Solution"),
        segment(words, heading="2 > Solution"),
        least=25,
        most=52,
    )
    assert [(chunk["heading"], chunk["text"].count("j.")) for chunk in chunks] == [("1", 3), ("2", 2)]


def test_a_problem_is_not_cut_where_it_fits_with_its_solution():
    words = "A b c d e f g h i j."
    parts = [
        segment(f"{words} {words}", heading="1"),
        segment(words, heading="2"),
        segment(words, heading="2"),
        segment(words, heading="2 > Solution"),
        segment(f"{words} {words}", heading="3"),
        segment(words, heading="3 > Solution"),
    ]
    chunks = chunks_of(*parts, least=25, most=60)
    assert [(chunk["heading"], chunk["text"].count("j.")) for chunk in chunks] == [("", 5), ("3", 3)]
    chunks = chunks_of(*parts, least=15, most=45)
    assert [(chunk["heading"], chunk["text"].count("j.")) for chunk in chunks] == [
        ("1", 2),
        ("2", 3),
        ("3", 3),
    ]


def test_what_explains_a_program_is_not_parted_from_it_where_a_paragraph_ends_later():
    words = "A b c d e f g h i j k l."
    code = "```\nx = 1\n```"
    parts = [words, words, words, code, words, words]
    chunks = chunks_of(*[segment(part) for part in parts], least=24, most=45)
    assert chunks[0]["text"] == f"{words}\n{words}"


@pytest.mark.parametrize(
    "going_on",
    [
        "where m is mass.",
        "This is why.",
        "These are two.",
        "Inside the loop it is.",
        "它 落 下。",
        "这 是 力。",
    ],
)
def test_a_sentence_that_goes_on_is_not_parted_from_the_one_before(going_on):
    words = "A b c d e f g h i j k l."
    chunks = chunks_of(
        *[segment(part) for part in (words, words, words, going_on, words, words)], least=24, most=36
    )
    assert chunks[0]["text"] == f"{words}\n{words}"


@pytest.mark.parametrize("shown", ["```\nx = 1\n```", "$$F = ma$$", "| a | b |\n|---|---|", "\\[ x \\]"])
def test_what_a_sentence_leads_to_is_not_parted_from_it(shown):
    words = "a b c d e f g h i j k l."
    lead = f"{words} Look:"
    chunks = chunks_of(segment(words), segment(lead), segment(shown), segment(f"{words} {words}"), least=9)
    assert len(chunks) > 1 and any(f"Look:\n{shown}" in chunk["text"] for chunk in chunks)


@pytest.mark.parametrize(
    "asked", ["Is it at rest?", "质点：", "谁的速度大？", "求 加速度。", "Find the speed."]
)
def test_a_question_or_task_is_not_parted_from_what_answers_it(asked):
    words = "a b c d e f g h i j k l."
    answer = "m n o p q r s t u v w x."
    chunks = chunks_of(
        segment(f"{words} {words}"), segment(asked), segment(answer), segment(words), least=24, most=40
    )
    assert [chunk["text"].count(words) for chunk in chunks] == [2, 1]
    assert chunks[1]["text"].startswith(asked)


def test_whole_sentences_are_repeated_across_a_cut_of_one_section():
    text = " ".join(f"{letter} b c d." for letter in "ABCDEFGHIJKLMNOPQRST")
    first, second, *_ = chunks_of(segment(text), least=20, most=32, overlap=6)
    assert first["text"].endswith("H b c d.")
    assert second["text"].startswith("G b c d. H b c d. I b c d.")


def test_what_is_repeated_does_not_begin_with_code_whose_sentence_is_left_behind():
    code = "```\n" + "x y z " * 3 + "\n```"
    text = " ".join(f"{letter} b c d e f." for letter in "ABCD")
    parts = [segment(f"{text} Look:"), segment(code), segment(text)]
    first, second = chunks_of(*parts, least=30, most=40, overlap=5)
    assert first["text"].endswith(code) and second["text"] == text
    _, second = chunks_of(*parts, least=30, most=40, overlap=8)
    assert second["text"] == f"Look:\n{code}\n{text}"


@pytest.mark.parametrize("hanging", ["2. a b c.", "- a b c.", "This b c d.", "so b c d."])
def test_what_is_repeated_does_not_begin_with_what_hangs_on_a_sentence_left_behind(hanging):
    words = "".join(f"Word{n} goes on, and on. " for n in range(12))
    chunks = chunks_of(segment(words), segment(hanging), segment(words), least=64, most=70, overlap=3)
    assert chunks[0]["text"].endswith(hanging) and chunks[1]["text"] == words.strip()
    chunks = chunks_of(segment(words), segment(hanging), segment(words), least=64, most=70, overlap=6)
    assert chunks[1]["text"] == f"Word11 goes on, and on.\n{hanging}\n{words.strip()}"


def test_nothing_is_repeated_where_a_new_section_begins():
    chunks = chunks_of(
        segment("a b c. D e f.", heading="one"), segment("g h i. J k l.", heading="two"), overlap=3
    )
    assert chunks[1]["text"] == "g h i. J k l."


def test_what_is_repeated_does_not_reach_back_into_another_section():
    def words(first, last):
        return "".join(f"Word{n} goes on, and on. " for n in range(first, last))

    chunks = chunks_of(
        segment(f"{words(0, 6)}A last sentence of the first section. ", heading="H > 1"),
        segment(f"```\nx = 1\n```\n\n{words(6, 13)}", heading="H > 0"),
        least=20,
        most=60,
        overlap=12,
    )
    assert ["A last sentence" in chunk["text"] for chunk in chunks] == [True, False]
    assert chunks[1]["heading"] == "H > 0"


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


def test_a_sentence_longer_than_a_chunk_is_cut_between_its_formulas_and_words():
    formula = "$" + " + ".join("abcdefgh") + "$"
    text = ("one two three, " * 20) + formula + " , four five" * 20
    chunks = chunks_of(segment(text), least=2)
    assert all(chunk["tokens"] <= 32 for chunk in chunks)
    assert sum(formula in chunk["text"] for chunk in chunks) == 1
    assert "".join("".join(chunk["text"].split()) for chunk in chunks) == "".join(text.split())


def test_the_rest_of_a_document_is_as_long_as_a_chunk_must_be_where_a_new_section_begins():
    first = " ".join(f"A{n} b c d." for n in range(7))
    second = " ".join(f"B{n} c d e." for n in range(4))
    chunks = chunks_of(segment(first, heading="x"), segment(second, heading="y"), least=18, overlap=6)
    assert [chunk["tokens"] >= 18 for chunk in chunks] == [True, True]


#: Sentences, formulas, code, rows and cues; each piece holds its own number, so that a place is known by it.
_PIECES = (
    "Word{n} goes on, and on. ",
    "第{n}句说的是这个，也说那个。",
    "Then $a_{n} = b. C$ holds. ",
    "因此 $$F_{n} = m。a$$ 成立！",
    r"So \[ x_{n}. Y \] ends? ",
    "\n\n```python\nx{n} = 1. \n\nY = 2\n```\n\n",
    "\n\n    code{n} = 1. \n    B = 2\n\n",
    "\n| cell{n}. A | b。c |\n| d | e! F |\n",
    "\n- item {n} of a list",
)


@st.composite
def _documents(draw):
    kinds = draw(
        st.lists(st.lists(st.integers(0, len(_PIECES) - 1), min_size=1, max_size=12), min_size=1, max_size=8)
    )
    segments, whole, n = [], [], 0
    spoken = draw(st.booleans())
    for place, row in enumerate(kinds):
        text = ""
        for kind in row:
            n += 1
            piece = _PIECES[kind].replace("{n}", str(n))
            text += piece
            whole += [
                part
                for part in (
                    [piece.strip("\n")]
                    if kind in (5, 6)
                    else piece.strip("\n").split("\n")
                    if kind == 7
                    else []
                )
            ]
            whole += [piece[piece.index("$") : piece.rindex("$") + 1]] if kind in (2, 3) else []
            whole += [piece[piece.index(r"\[") : piece.index(r"\]") + 2]] if kind == 4 else []
        heading = f"H > {draw(st.integers(0, 2))}"
        times = {"start": float(place), "end": place + 0.5} if spoken else {}
        segments.append(segment(text, heading=heading, **times))
    return document(*segments, kind="transcript" if spoken else "text"), whole


def _bare(text):
    return "".join(re.sub(r"^## (?:H > )?[012]$", "", text, flags=re.MULTILINE).split())


@settings(deadline=None, max_examples=150)
@given(_documents(), st.sampled_from([(5, 32, 0), (10, 40, 6), (20, 60, 12)]))
def test_nothing_is_lost_or_cut_and_the_order_is_kept(made, sizes):
    made_of, whole = made
    least, most, overlap = sizes
    params = ChunkParams(min_tokens=least, max_tokens=most, overlap_tokens=overlap)
    chunks = chunk_documents([made_of], count_words, params)
    told, text = "", _bare("".join(part["text"] for part in made_of["segments"]))
    for chunk in chunks:
        bare = _bare(chunk["text"])
        shared = next(
            k
            for k in range(len(bare), -1, -1)
            if told.endswith(bare[:k]) and text.startswith(told + bare[k:])
        )
        assert shared == 0 or overlap > 0
        told += bare[shared:]
        assert chunk["tokens"] <= most
    assert told == text
    joined = [chunk["text"] for chunk in chunks]
    for piece in whole:
        assert any(piece in chunk for chunk in joined), piece


@settings(deadline=None, max_examples=100)
@given(_documents(), st.sampled_from([(10, 40, 6), (20, 60, 12)]))
def test_what_is_repeated_is_whole_sentences_of_the_same_section_of_at_most_twice_the_overlap(made, sizes):
    least, most, overlap = sizes
    units = units_of(made[0])
    params = ChunkParams(min_tokens=least, max_tokens=most, overlap_tokens=overlap)
    chunks = chunk_documents([made[0]], count_words, params)
    pieces = [_bare(unit.text) for unit in units]
    for before, chunk in pairwise(chunks):
        shared = next(
            (n for n in range(len(pieces), 0, -1) for at in range(len(pieces) - n + 1)
             if _bare(before["text"]).endswith(run := "".join(pieces[at : at + n])) and _bare(chunk["text"]).startswith(run)),
            0,
        )  # fmt: skip
        repeated = next(
            (
                at
                for at in range(len(pieces))
                if shared and _bare(chunk["text"]).startswith("".join(pieces[at : at + shared]))
            ),
            0,
        )
        run = units[repeated : repeated + shared]
        assert sum(count_words([unit.text])[0] for unit in run) <= 2 * overlap
        assert len({unit.heading for unit in run}) <= 1


def test_the_first_page_is_kept_and_ids_differ():
    chunks = chunks_of(segment("a b c d e f.", page=3), segment("a b c d e f.", page=4), least=5, most=32)
    assert [chunk["page"] for chunk in chunks] == [3]
    twice = chunks_of(segment("a b c d e f.", heading="x"), segment("a b c d e f.", heading="y"))
    assert len({chunk["id"] for chunk in twice}) == 2
