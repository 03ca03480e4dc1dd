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
