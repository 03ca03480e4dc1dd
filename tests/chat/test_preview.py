"""Rows as people read them: whole characters, what is learned, nothing of a row that commands a terminal."""

import pytest

from ta_pipeline.chat.labels import Conversation, label_rows
from ta_pipeline.chat.preview import (
    Piece,
    RowView,
    as_html,
    in_terminal,
    pieces_of,
    spread_by_task,
    visible,
)

TALK = [
    {"role": "system", "content": "Be short."},
    {"role": "user", "content": "什么是力？😀"},
    {"role": "assistant", "content": "力是推或拉。\n单位是牛顿。"},
]


@pytest.fixture
def row(tokenizer):
    return label_rows(tokenizer, [Conversation(TALK)])[0]


def test_pieces_of_chinese_and_emoji_are_whole_characters(tokenizer, row):
    ids, labels = row
    pieces = pieces_of(tokenizer, ids, labels)
    assert not [piece for piece in pieces if "\ufffd" in piece.text]
    assert "".join(piece.text for piece in pieces) == tokenizer.decode(ids)
    assert [i for piece in pieces for i in piece.ids] == list(ids)
    assert max(len(piece.ids) for piece in pieces) > 1


def test_what_is_learned_is_the_answer_and_its_end(tokenizer, row):
    pieces = pieces_of(tokenizer, *row)
    assert "".join(piece.text for piece in pieces if piece.learned) == "力是推或拉。\n单位是牛顿。<|im_end|>"
    assert {piece.text for piece in pieces if piece.special} == {"<|im_start|>", "<|im_end|>"}
    assert all(len(piece.ids) == 1 for piece in pieces if piece.special)


def test_a_replacement_character_in_the_data_swallows_no_more_than_what_follows(tokenizer):
    ids = tokenizer("a\ufffdb c d e f", add_special_tokens=False)["input_ids"]
    pieces = pieces_of(tokenizer, ids, ids)
    assert "".join(piece.text for piece in pieces) == "a\ufffdb c d e f"
    assert pieces[-1].text == " f"


def test_bytes_that_never_become_text_do_not_hide_the_rest(tokenizer):
    broken = tokenizer("力", add_special_tokens=False)["input_ids"][:1] * 9
    assert len(broken) == 9
    pieces = pieces_of(tokenizer, broken, broken)
    assert [len(piece.ids) for piece in pieces] == [4, 4, 1]


class SpacedTokenizer:
    """A tokenizer of whole words whose decoder drops the first space, as SentencePiece's does."""

    all_special_ids = (0,)

    @property
    def added_tokens_decoder(self):
        return {}

    words = ("<s>", "▁The", "▁force", "s")

    def decode(self, ids, **options):
        return "".join(self.words[i] for i in ids).replace("▁", " ").removeprefix(" ")


def test_spaces_between_words_stay_where_a_decoder_drops_the_first():
    pieces = pieces_of(SpacedTokenizer(), [1, 2, 3, 1], [-100] * 4)
    assert "".join(piece.text for piece in pieces) == "The forces The"


VIEW = RowView(
    "r1",
    "train · qa · en",
    (
        Piece("<|u|>", (1,), False, True),
        Piece("Why?\n", (7, 8), False, False),
        Piece("So.", (9,), True, False),
    ),
)


def test_colours_show_what_is_learned_and_close_before_a_line_ends():
    assert in_terminal([VIEW], colour=True).split("\n")[2:] == [
        "── r1 · train · qa · en · 1 of 4 tokens learned (25 %)",
        "\x1b[7m\x1b[2m<|u|>\x1b[0m\x1b[2mWhy?↵\x1b[0m",
        "\x1b[32mSo.\x1b[0m",
    ]


def test_without_colours_brackets_show_it():
    shown = in_terminal([VIEW], colour=False)
    assert "\x1b" not in shown
    assert shown.endswith("<|u|>Why?↵\n⟦So.⟧")
    assert shown.startswith("⟦learned⟧ read, not learned")


def test_ids_stand_behind_their_tokens_on_demand():
    assert in_terminal([VIEW], colour=False, ids=True).endswith("<|u|>⟨1⟩Why?↵⟨7 8⟩\n⟦So.⟨9⟩⟧")
    assert "⟨1⟩" not in in_terminal([VIEW], colour=False)


def test_a_row_cannot_command_the_terminal_or_turn_its_text_around():
    assert visible("a\x1b[2J\r\tb\u202ec\x9bd\n") == "a␛[2J␍␉b\\u202ec\\u009bd↵\n"


def test_a_row_cannot_command_the_browser():
    evil = Piece("<script>alert(1)</script>&", (5,), True, False)
    page = as_html([RowView("<b>id</b>", '"x"', (evil,), "cut: <img src=x>")], "T<i>")
    assert "<script>" not in page
    assert "<b>id" not in page
    assert "<img" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;&amp;" in page


def test_the_page_has_legend_ids_shares_and_notes():
    page = as_html([VIEW, RowView("r2", "no token row", (), "dropped (answer_too_long)")], "Training rows")
    assert page.count("<article>") == 2
    assert 'class="t learned odd" title="9">So.</span>' in page
    assert 'title="7 8">Why?↵</span><span class="id">7 8</span>\n' in page
    assert "1 of 4 tokens learned (25 %)" in page
    assert "dropped (answer_too_long)" in page
    assert "special token</span>" in page


def test_every_task_is_seen_before_any_is_seen_twice():
    rows = [{"task": task, "n": n} for n, task in enumerate(["a", "a", "b", "a", "c", "b"])]
    assert [row["n"] for row in spread_by_task(rows)] == [0, 2, 4, 1, 5, 3]
