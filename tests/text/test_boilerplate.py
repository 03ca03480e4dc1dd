import pytest

from ta_pipeline.records import InputError
from ta_pipeline.text.boilerplate import remove_boilerplate, repeated_lines


def texts(document):
    return [segment["text"] for segment in document["segments"]]


@pytest.mark.parametrize(
    "line",
    [
        "版权所有 © 2024 示范大学，未经许可不得转载。",
        "【广告】冲刺班限时立减 300 元，报名热线 400-000-1234！",
        "扫码关注公众号“物理充电站”",
        "Copyright © 2024 Example University. All rights reserved.",
        "Limited-time offer: subscribe now to BrightNotes Premium!",
        "Use code MOMENTUM10 at the checkout",
    ],
)
def test_an_advert_or_copyright_line_goes_as_a_whole_with_its_reason(make_document, clean_params, line):
    teaching = "A force is a push or a pull; a body at rest stays at rest, as Newton's first law says. " * 3
    document = make_document(f"{teaching}\n{line}", line)
    [kept], [first, second] = remove_boilerplate([document], clean_params.adverts, 4)
    assert texts(kept) == [teaching.rstrip()]
    assert first[1] == second[1] == "advert"
    assert first[3] == line


@pytest.mark.parametrize(
    "line",
    [
        "限时训练：30 分钟内完成下面三道题。",
        "The sponsor of this law was Newton; copyright of physics belongs to nature.",
        "Subscribe to the idea that energy is conserved.",
        "$\\text{扫码关注公众号}$",
    ],
)
def test_teaching_that_only_sounds_like_an_advert_stays(make_document, clean_params, line):
    [kept], removed = remove_boilerplate([make_document(line)], clean_params.adverts, 4)
    assert texts(kept) == [line]
    assert removed == []


def test_a_long_paragraph_that_mentions_an_offer_stays(make_document):
    paragraph = "Demand and price. " * 15 + "A limited-time offer shifts demand."
    [kept], removed = remove_boilerplate([make_document(paragraph)], ["limited-time"], 4)
    assert texts(kept) == [paragraph]
    assert removed == []


def test_a_page_that_is_mostly_advert_goes_whole(make_document, clean_params):
    page = make_document(
        "限时优惠！报名立减 300 元，再享九折优惠券。", "名师小班授课。", "扫码关注公众号，免费领取真题。"
    )
    [kept], removed = remove_boilerplate([page], clean_params.adverts, 4)
    assert texts(kept) == []
    assert [line for *_, line in removed] == texts(page)
    assert {reason for _, reason, _, _ in removed} == {"advert"}


def test_code_is_never_an_advert(make_document):
    code = "```python\n# Copyright 2024, all rights reserved\n```"
    [kept], _ = remove_boilerplate([make_document(code)], ["(?i)all rights reserved"], 4)
    assert texts(kept) == [code]


def test_a_whole_cue_goes(make_document):
    talk = make_document("So F is m a.", "And now our sponsor: sponsored by X.", kind="transcript")
    [kept], [removed] = remove_boilerplate([talk], ["sponsored by"], 4)
    assert texts(kept) == ["So F is m a."]
    assert removed[3] == "And now our sponsor: sponsored by X."


def test_the_answer_of_a_public_set_may_be_an_advert(make_document):
    asked = make_document("Write an advert", "Subscribe now!", kind="dialogue", origin="public:alpaca")
    spam = make_document("Subscribe now!", "No.", kind="dialogue", source="log.jsonl")
    kept, removed = remove_boilerplate([asked, spam], ["Subscribe now"], 4)
    assert texts(kept[0]) == ["Write an advert", "Subscribe now!"]
    assert texts(kept[1]) == ["No."]
    assert len(removed) == 1


def body(n):
    return f"Lecture {n} says {n * 7} things about motion, which is more than any footer says on its line."


def test_a_footer_in_four_files_goes_and_in_three_stays(make_document):
    footer = "Physics 101, Example University"
    pages = [make_document(body(n), footer, source=f"{n}.md") for n in range(1, 5)]
    kept, removed = remove_boilerplate(pages, [], 4)
    assert [texts(d) for d in kept] == [[body(n)] for n in range(1, 5)]
    assert {(reason, detail) for _, reason, detail, _ in removed} == {("repeated_line", "in 4 files")}
    assert remove_boilerplate(pages[:3], [], 4)[1] == []


@pytest.mark.parametrize(
    "line",
    [
        "# Summary of it",
        "| quantity | unit |",
        "|---|---|",
        "For example,",
        "Solution:",
        "解答过程：",
        "$F = ma$ here",
        "3.14159265",
    ],
)
def test_structure_formulas_and_half_sentences_never_count_as_footers(make_document, line):
    pages = [make_document(f"{line}\n{body(n)}", source=f"{n}.md") for n in range(1, 7)]
    assert remove_boilerplate(pages, [], 4)[1] == []


def test_short_cues_may_repeat(make_document):
    talks = [make_document("对不对呀？", "好", source=f"{n}.srt", kind="transcript") for n in range(1, 7)]
    assert remove_boilerplate(talks, [], 4)[1] == []


def test_copies_of_one_file_do_not_erase_each_other(make_document):
    lines = ["Force is a push or a pull.", "Mass is the measure of inertia.", "Weight is a force."]
    copies = [make_document("\n".join(lines), source=f"copy-{n}.md") for n in range(6)]
    assert repeated_lines(copies, 4) == {}


def test_the_line_number_moves_with_the_first_line_that_stays(make_document):
    text = "All rights reserved\n\nForce is a push or a pull that one body exerts on another.\nMass is not."
    [kept], _ = remove_boilerplate([make_document(text)], ["rights reserved"], 4)
    assert kept["segments"][0]["line"] == 3
    assert kept["segments"][0]["text"].startswith("Force")


def test_a_pattern_that_is_no_expression_is_named(make_document):
    with pytest.raises(InputError, match=r"clean\.adverts.*'\(half'.*mend or remove"):
        remove_boilerplate([make_document("x")], ["(half"], 4)
