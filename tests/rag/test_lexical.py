"""The search by shared words and character pairs."""

from ta_pipeline.rag.lexical import search, terms


def test_text_becomes_words_and_pairs_of_chinese_characters():
    assert terms("Newton's 2nd law：加速度 a=F/m，力") == [
        "newton", "s", "2nd", "law", "加速", "速度", "a", "f", "m", "力",
    ]  # fmt: skip


def test_full_width_letters_and_capitals_are_the_same_words():
    assert terms("ＬＡＷ ２") == terms("law 2")


def test_the_text_with_the_rare_words_of_the_question_comes_first():
    texts = ["What is a force and what is mass?", "A pendulum swings.", "What is it?"]
    assert search("What is a pendulum?", texts, 3)[0] == 1


def test_a_chinese_question_finds_the_passage_that_shares_its_pairs():
    texts = ["静摩擦力的方向与相对运动趋势相反。", "单摆的周期只和摆长有关。", "动量守恒的条件是外力为零。"]
    assert search("单摆周期由什么决定？", texts, 1) == [1]


def test_a_long_text_does_not_win_by_its_length():
    texts = ["inertia " + "filler " * 200, "inertia keeps a body moving"]
    assert search("inertia", texts, 2) == [1, 0]


def test_texts_that_share_nothing_come_last_in_their_order():
    assert search("mass", ["x", "y", "mass", "z"], 3) == [2, 0, 1]
    assert search("?", ["x", "y"], 1) == [0]
    assert search("mass", [], 3) == []
