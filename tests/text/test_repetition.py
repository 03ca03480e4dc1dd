import pytest

from ta_pipeline.text.repetition import TokenBatch, duplicate_lines, repeated_share


def words(*texts):
    return TokenBatch(texts, by_character=False)


def characters(*texts):
    return TokenBatch(texts, by_character=True)


def test_words_and_characters_are_counted_for_each_text():
    assert words("a bb ccc", "", "dd").counts.tolist() == [3, 0, 1]
    assert characters("速度 v_1。", "", " 力 ").counts.tolist() == [4, 0, 1]
    assert words("a bb ccc", "").mean_lengths().tolist() == [2, 1]


def test_the_most_frequent_n_gram_is_measured_in_characters():
    # "go on" at three places: 3 x 4 of 17 characters
    assert words("go on up go on now go on").top_shares(2).tolist() == [pytest.approx(12 / 17)]
    assert words("all of these words differ").top_shares(2).tolist() == [0]


def test_characters_in_n_grams_seen_before_are_counted_once():
    # the second "a b c" and, overlapping it, the second "b c a"
    assert words("a b c a b c a").duplicate_shares(3).tolist() == [pytest.approx(4 / 7)]
    assert characters("力学好力学好").duplicate_shares(3).tolist() == [0.5]


def test_what_two_texts_share_is_no_repetition():
    assert words("one two three", "one two three").duplicate_shares(2).tolist() == [0, 0]
    assert characters("运动学运动学", "运动学").duplicate_shares(3).tolist() == [0.5, 0]


def test_a_word_of_latin_letters_is_one_token_among_characters():
    batch = characters("由 formula_1 与 formula_2 得 formula_3")
    assert batch.counts.tolist() == [6]
    assert batch.duplicate_shares(1).tolist() == [0]


def test_letters_and_stop_words_are_counted():
    assert words("the cat = 3 the").letter_shares().tolist() == [pytest.approx(3 / 4)]
    assert words("the cat and the dog", "cat").count_of(["the", "and"]).tolist() == [3, 0]
    assert characters("他的和你的").count_of(["的", "和"]).tolist() == [3]


@pytest.mark.parametrize("texts", [[], [""], ["a"], ["", "力"]])
@pytest.mark.parametrize("by_character", [False, True])
def test_too_little_text_repeats_nothing(texts, by_character):
    batch = TokenBatch(texts, by_character)
    assert batch.top_shares(3).tolist() == batch.duplicate_shares(3).tolist() == [0] * len(texts)


def test_duplicate_lines_are_counted_by_lines_and_by_characters():
    assert duplicate_lines("aaaa\nbb\n\n aaaa\nbb\nc") == (2 / 5, 6 / 13)
    assert duplicate_lines("a\nb") == (0, 0)
    assert duplicate_lines("") == (0, 0)


def test_a_word_of_any_alphabet_is_one_token_among_characters():
    assert characters("скорость élan 速度 はやさ").counts.tolist() == [1 + 1 + 2 + 3]


def test_an_answer_that_goes_round_in_circles_repeats_nearly_all_of_itself():
    assert repeated_share("and so it goes on " * 20) == pytest.approx(18 / 20, abs=0.06)
    assert repeated_share("惯性是物体的性质。" * 20) == pytest.approx(18 / 20, abs=0.06)


def test_a_short_answer_is_not_asked():
    assert repeated_share("and so it goes on " * 8) == 0


def test_tables_code_and_lists_are_no_repetition():
    table = "| a | one two three | 1 |\n" * 40
    code = "```python\n" + "print(one, two, three)\n" * 40 + "```"
    steps = "\n".join(f"{n}. Take the mass {n * 7} kg and multiply it by {n} m/s." for n in range(1, 9))
    assert max(map(repeated_share, (table, code, steps))) < 0.5


def test_a_sign_that_repeats_is_one_token_among_characters():
    assert characters("力 ------- 力 …… 哈哈").counts.tolist() == [6]


def test_an_n_gram_that_overlaps_itself_is_at_most_the_whole_text():
    assert characters("哈" * 40).top_shares(4).tolist() == [1]


def test_punctuation_is_no_word_without_a_letter():
    assert words("- the mask - 3").letter_shares().tolist() == [pytest.approx(2 / 3)]
    assert characters("氢（H），1").letter_shares().tolist() == [pytest.approx(2 / 3)]
