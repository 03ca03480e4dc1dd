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
