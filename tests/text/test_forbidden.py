import logging

import pytest

from ta_pipeline.params import ForbiddenParams
from ta_pipeline.records import InputError
from ta_pipeline.text.forbidden import find_forbidden, load_lexicon, remove_forbidden_lines


@pytest.fixture
def lexicon_of(tmp_path):
    def make(text):
        path = tmp_path / "terms.txt"
        path.write_text(text, "utf-8")
        return load_lexicon(ForbiddenParams(lexicon=str(path), action="document"))

    return make


TERMS = """# what must go
[weapons]
Grenade Kit
出售枪支

[numbers]
re:lucky\\s?\\d{3}
"""


def test_a_term_is_named_by_its_category_and_place_and_never_repeated(make_document, lexicon_of, caplog):
    caplog.set_level(logging.DEBUG)
    document = make_document("All fine.", "Get a grenade  kit here.")
    found = find_forbidden(document, lexicon_of(TERMS))
    assert found == "weapons: segment 2, line 2"
    assert "grenade" not in caplog.text.lower()


@pytest.mark.parametrize(
    ("text", "category"),
    [
        ("GRENADE KIT!", "weapons"),
        ("这里出售枪支吗", "weapons"),
        ("LUCKY 777", "numbers"),
        ("a grenade kitten", None),
        ("xgrenade kit", None),
        ("lucky 77", None),
        ("出售 枪支", None),
        ("grenade", None),
    ],
)
def test_words_count_as_a_whole_and_in_any_case(lexicon_of, text, category):
    assert lexicon_of(TERMS).category_in(text) == category


def test_title_heading_and_meta_are_read_too(make_document, lexicon_of):
    lexicon = lexicon_of(TERMS)
    place = "weapons: title, heading or meta"
    assert find_forbidden(make_document("x", title="Grenade kit"), lexicon) == place
    assert (
        find_forbidden(make_document("x", meta='{"rejected": "\\u51fa\\u552e\\u67aa\\u652f"}'), lexicon)
        == place
    )
    assert find_forbidden(make_document("x"), lexicon) is None


def test_only_the_lines_with_a_term_go_and_they_are_not_shown(make_document, lexicon_of):
    document = make_document("one\ngrenade kit\ntwo", "lucky 123", kind="dialogue")
    [kept], removed = remove_forbidden_lines([document], lexicon_of(TERMS))
    assert [segment["text"] for segment in kept["segments"]] == ["one\ntwo"]
    assert [(reason, detail, line) for _, reason, detail, line in removed] == [
        ("forbidden", "weapons", ""),
        ("forbidden", "numbers", ""),
    ]


def test_no_lexicon_is_no_rule():
    assert load_lexicon(ForbiddenParams(lexicon=None, action="document")) is None


def test_the_bundled_lexicon_loads_and_has_categories(clean_params):
    lexicon = load_lexicon(clean_params.forbidden)
    assert {category for category, _ in lexicon.entries} == {
        "illegal goods",
        "forged documents",
        "gambling",
        "cheating",
    }


def test_a_changed_file_is_read_again(lexicon_of):
    assert lexicon_of("[a]\nfirst\n").category_in("second") is None
    assert lexicon_of("[a]\nsecond\n").category_in("second") == "a"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("term\n", r"terms.txt:1: a term before any category; write a \[category\] line above it"),
        ("[a]\n\nre:(half\n", r"terms.txt:3: no regular expression .*; mend it, or write the term without"),
    ],
)
def test_a_bad_line_is_named_with_its_cure_and_without_the_term(lexicon_of, text, message):
    with pytest.raises(InputError, match=message):
        lexicon_of(text)


def test_a_missing_file_is_named_with_its_cure(tmp_path):
    params = ForbiddenParams(lexicon=str(tmp_path / "none.txt"), action="line")
    with pytest.raises(InputError, match=r"none\.txt: there is no such lexicon.*clean\.forbidden\.lexicon"):
        load_lexicon(params)
