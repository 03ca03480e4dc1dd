import pytest

from ta_pipeline.text.markup import formulas, prose, shield, unshield


def test_shielding_and_back_changes_nothing():
    text = "a $x$ b\n```\ncode $y$\n```\n$$z$$ `q` \U000f0001 \\(w\\) $5 and $6"
    shielded, pieces = shield(text)
    assert pieces == ["$x$", "```\ncode $y$\n```", "$$z$$", "`q`", "\U000f0001", "\\(w\\)"]
    assert unshield(shielded, pieces) == text


def test_formulas_are_listed_without_code():
    assert formulas("`a` $x$ b $$y$$\n```\n$z$\n```") == ["$x$", "$$y$$"]


def test_prose_has_neither_code_nor_formulas():
    assert prose("speed $v$ is `v`") == "speed   is  "


def test_more_formulas_than_there_are_shields_do_no_harm():
    text = "$$x$$ " * 140_000
    shielded, pieces = shield(text)
    assert len(pieces) == 0x1FFFE and unshield(shielded, pieces) == text


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("````\na\n```\nb\n````\nc", ["````\na\n```\nb\n````"]),
        ("````\na\n```\nb", ["````\na\n```"]),
        ("a\n~~~ x\nnever closed\nb", ["~~~ x\nnever closed\nb"]),
        ("a ```x`` b", ["``x``"]),
        ("a ~~~\nb\n~~~", []),
        (r"\begin{a} x \begin{a} y \end{b} \[ z \]", [r"\[ z \]"]),
        (r"\[ never closed \( w \)", [r"\( w \)"]),
        (r"\begin{a*} x \end{a*} \end{a}", [r"\begin{a*} x \end{a*}"]),
    ],
)
def test_pieces_end_where_they_are_closed(text, pieces):
    assert shield(text)[1] == pieces


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    "piece",
    [
        "`",
        "~",
        "` ",
        "~ ",
        "`a",
        "``a`",
        "a~",
        "$",
        "$a ",
        "$$a ",
        "\\[",
        "\\(a",
        "\\begin{a}",
        "```\n",
        "\\$",
        " ~\n`",
    ],
)
def test_a_megabyte_of_openers_is_read_in_seconds(piece):
    text = piece * (1_000_000 // len(piece))
    shielded, pieces = shield(text)
    assert unshield(shielded, pieces) == text
