"""What is cut from a conversation that is too long, and what must survive."""

from ta_pipeline.chat.truncation import Fitted, fit


def words(messages):
    """Count words, a stand-in for tokens that a reader can count too."""
    return sum(len(m["content"].split()) for m in messages)


CHAT = [
    {"role": "system", "content": "be kind"},
    {"role": "user", "content": "first question here"},
    {"role": "assistant", "content": "first answer here"},
    {"role": "user", "content": "a long passage " + "word " * 50 + "\nand now the question?"},
    {"role": "assistant", "content": "the answer"},
]


def test_a_short_conversation_stays_whole():
    fitted = fit(CHAT[:3], 100, words)
    assert (fitted.messages, fitted.action) == (CHAT[:3], "whole")


def test_truncation_keeps_the_system_turn_and_the_latest_turns():
    kept, action, *_ = fit(CHAT, 61, words)
    assert action == "turns_dropped"
    assert kept == [CHAT[0], *CHAT[3:]]


def test_the_end_of_the_question_and_the_whole_answer_survive():
    kept, action, *_ = fit(CHAT, 20, words)
    assert action == "context_cut"
    assert words(kept) <= 20
    assert kept[0] == CHAT[0]
    assert kept[-2]["content"].endswith("and now the question?")
    assert kept[-1] == CHAT[-1]


def test_as_much_of_the_context_is_kept_as_fits():
    kept, *_ = fit(CHAT, 30, words)
    assert words(kept) == 30


def test_an_answer_that_does_not_fit_drops_the_row():
    assert fit(
        [CHAT[0], {"role": "user", "content": "q"}, {"role": "assistant", "content": "x " * 40}], 20, words
    ) == Fitted(None, "dropped", reason="answer_too_long")


def test_the_input_is_not_changed():
    before = [dict(m) for m in CHAT]
    fit(CHAT, 20, words)
    assert before == CHAT


def test_the_question_in_the_last_line_is_never_cut():
    question = "which of these many words is the one that we are looking for?"
    talk = [
        {"role": "user", "content": "passage " * 50 + "\n" + question},
        {"role": "assistant", "content": "x"},
    ]
    kept, action, *_ = fit(talk, 15, words)
    assert action == "context_cut" and kept[0]["content"].endswith(question)
    assert fit(talk, 10, words).reason == "answer_too_long"


def test_what_went_is_counted_and_shown():
    fitted = fit(CHAT, 61, words)
    assert fitted.cut_characters == len("first question here" + "first answer here")
    assert fitted.excerpt == "user: first question here assistant: first answer here"


def test_a_cut_context_shows_its_own_beginning_and_end():
    fitted = fit(CHAT, 30, words)
    last = CHAT[3]["content"]
    assert fitted.cut_characters == len("first question herefirst answer here") + len(last) - len(
        fitted.messages[1]["content"]
    )
    assert fitted.excerpt.startswith("user: first question here") and " … " in fitted.excerpt


def test_a_long_talk_is_counted_a_few_times_only():
    counted = []

    def counting(messages):
        counted.append(len(messages))
        return words(messages)

    turns = [
        {"role": role, "content": f"{role} says {n}"} for n in range(1000) for role in ("user", "assistant")
    ]
    kept, action, *_ = fit(turns, 60, counting)
    assert (len(kept), action) == (20, "turns_dropped")
    assert len(counted) <= 13
    counted.clear()
    fit([{"role": "user", "content": "word " * 100_000 + "\nwhat?"}, turns[1]], 200, counting)
    assert len(counted) <= 15


def test_a_tools_result_does_not_stay_without_its_question():
    talk = [
        {"role": "user", "content": "one two three"},
        {"role": "assistant", "content": "call"},
        {"role": "tool", "content": "result"},
        {"role": "assistant", "content": "so it is"},
        {"role": "user", "content": "next?"},
        {"role": "assistant", "content": "yes"},
    ]
    assert fit(talk, 6, words).messages == talk[4:]
