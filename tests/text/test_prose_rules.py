import pytest

from ta_pipeline.text.prose_rules import find_prose_faults

#: Fifty words and more of ordinary prose, no two sentences alike.
ENGLISH = """A force is a push or a pull that one body exerts on another. It is measured in newtons and has a direction.
When the forces on a body balance, its velocity stays as it is; that is the first law of motion.
The second law says that the net force equals the mass times the acceleration.
Forces come in pairs, says the third: the table carries the book and the book presses on the table.
Friction acts along the surface and against the motion, and it grows with the normal force."""
CHINESE = """力是物体对物体的作用，它的单位是牛顿，既有大小又有方向。物体受到的力如果互相平衡，速度就保持不变，这是第一定律的内容。
第二定律说明，合力等于质量和加速度的乘积，加速度的方向与合力的方向相同。力总是成对出现的，书压着桌面，桌面也托着书，这就是第三定律。
摩擦力沿着接触面，阻碍物体之间的相对运动，并且随着正压力的增大而增大。"""
LINES = [
    f"Line number {word} says something of its own about the motion of bodies." for word in "abcdefghijkl"
]


def fault(text, clean_params, language="en", kind="text"):
    found = find_prose_faults({7: text}, {7: kind}, {7: language}, clean_params.prose)
    return found.get(7)


@pytest.mark.parametrize(("text", "language"), [(ENGLISH, "en"), (CHINESE, "zh")])
def test_prose_has_no_fault(clean_params, text, language):
    assert fault(text, clean_params, language) is None
    assert fault(text * 1 + "\n| a | b |\n" * 30, clean_params, "fr") is None


def test_one_phrase_over_and_over_is_repetition(clean_params):
    reason, detail = fault("read the law of motion " * 120, clean_params)
    assert reason == "repetition"
    assert detail == "one 2-gram is 0.55 of the text, 0.2 allowed"


def test_a_page_that_says_everything_twice_is_repetition(clean_params):
    text = " ".join(f"{ENGLISH} In lecture {n} this is shown by trial {n * n}." for n in range(1, 7))
    reason, detail = fault(text, clean_params)
    assert reason == "repetition"
    assert "in repeated 5-grams, 0.15 allowed" in detail


def test_chinese_repetition_is_counted_in_characters(clean_params):
    reason, detail = fault(CHINESE * 6, clean_params, "zh")
    assert reason == "repetition"
    assert "in repeated 9-grams, 0.198 allowed" in detail


def test_a_sentence_said_twice_in_a_short_note_is_no_fault(clean_params):
    sentence = "The area under the graph of velocity against time is the displacement of the body."
    assert fault(f"{sentence} {ENGLISH} {sentence}", clean_params) is None


def test_lines_that_repeat_are_repetition_on_a_page_but_not_in_speech(clean_params):
    text = "\n".join([*LINES, *["Any questions so far, please?"] * 8])
    assert fault(text, clean_params) == ("repetition", "0.35 of the lines repeat, 0.3 allowed")
    assert fault(text, clean_params, kind="transcript") is None


def test_numbers_and_codes_are_no_words(clean_params):
    reason, detail = fault(
        "the value and that of " + "17.5 22 " * 5 + " ".join(map(str, range(1000, 1090))), clean_params
    )
    assert reason == "odd_words"
    assert detail.endswith("of the words have a letter, 0.7 needed")


def test_words_without_any_common_one_are_no_prose(clean_params):
    text = " ".join(f"keyword{chr(97 + n % 26)}{chr(97 + n // 26)}" for n in range(60))
    assert fault(text, clean_params) == ("odd_words", "0 of the commonest words, 2 needed")


def test_letters_set_apart_are_no_words(clean_params):
    reason, detail = fault("the to " + " ".join("motionofbodies" * 6), clean_params)
    assert (reason, detail.split(" characters")[0]) == ("odd_words", "1.0")


def test_lines_that_end_nowhere_are_no_sentences(clean_params):
    text = "\n".join(f"the dish number{chr(97 + n)} and that of day {chr(109 + n)}" for n in range(12))
    assert fault(text, clean_params) == ("no_sentences", "0.00 of the lines end a sentence, 0.12 needed")
    assert fault(text, clean_params, kind="transcript") is None


def test_lists_tables_equations_and_headings_are_not_asked_for_sentences(clean_params):
    text = "\n".join(LINES).replace(".", "")
    assert fault(text, clean_params)[0] == "no_sentences"
    for mark in ("- ", "# ", "1. ", "v = ", "| "):
        assert fault("\n".join(mark + line for line in text.split("\n")), clean_params) is None


def test_a_page_of_worked_equations_is_not_asked_for_words(clean_params):
    steps = "\n".join(f"v = {n} + {n + 1} * t = {2 * n} m / s" for n in range(40))
    assert fault(f"{ENGLISH}\n{steps}", clean_params) is None


def test_a_short_page_is_not_asked(clean_params):
    assert fault("again and again " * 10, clean_params) is None


@pytest.mark.parametrize(
    "loosened",
    [
        {
            "top_ngrams": {2: 1.0},
            "duplicate_ngrams": {5: 1.0},
            "duplicate_lines": 1.0,
            "duplicate_line_characters": 1.0,
        }
    ],
)
def test_the_limits_are_parameters(clean_params, loosened):
    text = "read the law of motion and that of rest " * 60
    limits = clean_params.prose["en"]
    assert find_prose_faults({0: text}, {0: "text"}, {0: "en"}, {"en": limits})
    loose = limits.model_copy(update=loosened)
    assert find_prose_faults({0: text}, {0: "text"}, {0: "en"}, {"en": loose}) == {}


@pytest.mark.parametrize("marker", ["- ", "1. ", "a. ", "B) ", "IV. ", "（三）", "* "])
def test_the_numbers_and_bullets_of_a_list_are_no_words(clean_params, marker):
    items = "\n".join(f"{marker}the mask and that" for _ in range(20))
    assert fault(items, clean_params, kind="transcript") is None


def test_rules_of_a_page_are_neither_words_nor_repetition(clean_params):
    rule = "-" * 80
    text = f"\n{rule}\n".join([*LINES, *ENGLISH.split("\n")])
    assert fault(text, clean_params) is None
    chinese = f"\n{rule}\n{rule}\n".join(CHINESE.replace("。", "。\n").split("\n"))
    assert fault(chinese, clean_params, "zh") is None


def test_a_poem_has_short_lines_and_is_no_menu(clean_params):
    words = "春夏秋冬天地山水风云花鸟日月星河东西南北"
    verses = [f"{words[n]}的{words[n + 1 : n + 5]}{'，' if n % 2 else '。'}" for n in range(15)]
    assert fault("\n".join(verses), clean_params, "zh") is None
    assert fault("\n".join(verse[:-1] for verse in verses), clean_params, "zh")[0] == "no_sentences"


def test_the_choices_of_a_quiz_are_not_asked_for_sentences(clean_params):
    quiz = "\n".join(
        f"{n}. Which is the unit of the quantity?\n  a. {n} newton and\n  b. {n} joule and\n  c. {n} watt and that"
        for n in range(1, 6)
    )
    assert fault(quiz, clean_params) is None


def test_a_sentence_may_end_in_an_emoji(clean_params):
    text = "\n".join(line.replace(".", "! 🤔") for line in LINES)
    assert fault(text, clean_params) is None
