import pytest

from ta_pipeline.records import InputError
from ta_pipeline.text.boilerplate import Lexicon, remove_boilerplate, repeated_lines, short_lines


@pytest.fixture(scope="module")
def lexicon(clean_params):
    groups = {"advert": clean_params.adverts, "copyright": clean_params.copyright_lines}
    return Lexicon(groups | {"navigation": clean_params.navigation_lines})


def adverts(*patterns):
    return Lexicon({"advert": patterns})


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
def test_an_advert_or_copyright_line_goes_as_a_whole_with_its_reason(make_document, lexicon, line):
    teaching = "A force is a push or a pull; a body at rest stays at rest, as Newton's first law says. " * 3
    document = make_document(f"{teaching}\n{line}", line)
    [kept], [first, second] = remove_boilerplate([document], lexicon, 4)
    assert texts(kept) == [teaching.rstrip()]
    assert first[1] == second[1] in ("advert", "copyright")
    assert first[3] == line


@pytest.mark.parametrize(
    "line",
    [
        "限时训练：30 分钟内完成下面三道题。",
        "The sponsor of this law was Newton; copyright of physics belongs to nature.",
        "Subscribe to the idea that energy is conserved.",
        "There is no channel to which a client could subscribe nowadays.",
        "$\\text{扫码关注公众号}$",
    ],
)
def test_teaching_that_only_sounds_like_an_advert_stays(make_document, lexicon, line):
    [kept], removed = remove_boilerplate([make_document(line)], lexicon, 4)
    assert texts(kept) == [line]
    assert removed == []


def test_a_long_paragraph_that_mentions_an_offer_stays(make_document):
    paragraph = "Demand and price. " * 15 + "A limited-time offer shifts demand."
    [kept], removed = remove_boilerplate([make_document(paragraph)], adverts("limited-time"), 4)
    assert texts(kept) == [paragraph]
    assert removed == []


def test_a_page_that_is_mostly_advert_goes_whole(make_document, lexicon):
    page = make_document(
        "限时优惠！报名立减 300 元，再享九折优惠券。", "名师小班授课。", "扫码关注公众号，免费领取真题。"
    )
    [kept], removed = remove_boilerplate([page], lexicon, 4)
    assert texts(kept) == []
    assert [line for *_, line in removed] == texts(page)
    assert {reason for _, reason, _, _ in removed} == {"advert"}


def test_code_is_never_an_advert(make_document):
    code = "```python\n# Copyright 2024, all rights reserved\n```"
    [kept], _ = remove_boilerplate([make_document(code)], adverts("(?i)all rights reserved"), 4)
    assert texts(kept) == [code]


def test_a_whole_cue_goes(make_document):
    talk = make_document("So F is m a.", "And now our sponsor: sponsored by X.", kind="transcript")
    [kept], [removed] = remove_boilerplate([talk], adverts("sponsored by"), 4)
    assert texts(kept) == ["So F is m a."]
    assert removed[3] == "And now our sponsor: sponsored by X."


def test_the_answer_of_a_public_set_may_be_an_advert(make_document):
    asked = make_document("Write an advert", "Subscribe now!", kind="dialogue", origin="public:alpaca")
    spam = make_document("Subscribe now!", "No.", kind="dialogue", source="log.jsonl")
    kept, removed = remove_boilerplate([asked, spam], adverts("Subscribe now"), 4)
    assert texts(kept[0]) == ["Write an advert", "Subscribe now!"]
    assert texts(kept[1]) == ["No."]
    assert len(removed) == 1


def body(n):
    return f"Lecture {n} says {n * 7} things about motion, which is more than any footer says on its line."


def test_a_footer_in_four_files_goes_and_in_three_stays(make_document):
    footer = "Physics 101, Example University"
    pages = [make_document(body(n), footer, source=f"{n}.md") for n in range(1, 5)]
    kept, removed = remove_boilerplate(pages, adverts(), 4)
    assert [texts(d) for d in kept] == [[body(n)] for n in range(1, 5)]
    assert {(reason, detail) for _, reason, detail, _ in removed} == {("repeated_line", "in 4 files")}
    assert remove_boilerplate(pages[:3], adverts(), 4)[1] == []


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
    assert remove_boilerplate(pages, adverts(), 4)[1] == []


def test_short_cues_may_repeat(make_document):
    talks = [make_document("对不对呀？", "好", source=f"{n}.srt", kind="transcript") for n in range(1, 7)]
    assert remove_boilerplate(talks, adverts(), 4)[1] == []


def test_copies_of_one_file_do_not_erase_each_other(make_document):
    lines = ["Force is a push or a pull.", "Mass is the measure of inertia.", "Weight is a force."]
    copies = [make_document("\n".join(lines), source=f"copy-{n}.md") for n in range(6)]
    assert repeated_lines(copies, [short_lines(copy) for copy in copies], 4) == {}


def test_the_line_number_moves_with_the_first_line_that_stays(make_document):
    text = "All rights reserved\n\nForce is a push or a pull that one body exerts on another.\nMass is not."
    [kept], _ = remove_boilerplate([make_document(text)], adverts("rights reserved"), 4)
    assert kept["segments"][0]["line"] == 3
    assert kept["segments"][0]["text"].startswith("Force")


def test_a_pattern_that_is_no_expression_is_named(make_document):
    with pytest.raises(InputError, match=r"`clean`.*'\(half'.*mend or remove"):
        remove_boilerplate([make_document("x")], adverts("(half"), 4)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("长按识别二维码，加入学习群", "advert"),
        ("限时优惠，仅需 99 元", "advert"),
        ("限时特价：每节课 9 元", "advert"),
        ("★ 限时优惠 ★", "advert"),
        ("会员独家优惠，今晚截止！", "advert"),
        ("Limited-time offer! Half the price until Friday.", "advert"),
        ("A limited-time offer for all our listeners, only this week!", "advert"),
        ("添加老师微信，领取本节课资料", "advert"),
        ("立即报名，名额有限", "advert"),
        ("记得点赞、收藏，关注我的频道，我们下期见", "advert"),
        ("Don't forget to like and subscribe!", "advert"),
        ("Enroll now and get a discount: www.example.org", "advert"),
        ("This video is brought to you by Example Ltd.", "advert"),
        ("转载请注明出处", "copyright"),
        ("本资料仅供学习交流，请勿用于商业用途", "copyright"),
        ("未经作者授权，禁止转载本文任何内容", "copyright"),
        ("© Example University", "copyright"),
        ("(c) 2023 A. School", "copyright"),
        ("上一页 | 下一页 | 返回目录", "navigation"),
        ("上一篇：牛顿第一定律", "navigation"),
        ("登录 | 注册 | 帮助中心", "navigation"),
        ("第 3 页 共 12 页", "navigation"),
        ("首页 > 课程 > 力学", "navigation"),
        ("Skip to main content", "navigation"),
        ("« Previous | Contents | Next »", "navigation"),
        ("Home > Courses > Mechanics", "navigation"),
        ("Page 3 of 12", "navigation"),
        ("This website uses cookies to improve your experience.", "navigation"),
        ("分享到：微信 微博 QQ空间", "navigation"),
    ],
)
def test_promotion_ownership_and_menus_go_each_with_its_own_reason(make_document, lexicon, line, reason):
    teaching = "A body at rest stays at rest unless a net force acts on it, says the first law of motion."
    [kept], [removed] = remove_boilerplate([make_document(f"{teaching}\n{line}")], lexicon, 4)
    assert texts(kept) == [teaching]
    assert (removed[1], removed[3]) == (reason, line)


@pytest.mark.parametrize(
    "line",
    [
        "优惠券是三级价格歧视的一个例子。",
        "限时折扣是企业吸引价格敏感消费者的一种手段。",
        "使用倒计时功能，营造限时优惠或促销活动的紧迫感。",
        "A limited-time offer shifts the demand curve to the right.",
        "关注微信支付所用的加密协议。",
        "未经许可使用他人作品构成侵权，这是著作权法的规定。",
        "版权所有者享有复制权和发行权。",
        "What does “all rights reserved” mean in a licence?",
        "The © symbol marks a work whose copyright is claimed.",
        "下一页我们来推导动量守恒定律。",
        "下一讲：圆周运动",
        "# 目录",
        "Next, consider the previous example again.",
        "Home position and index notation: search the menu of operators.",
        "If you buy now and pay later, what is the present value of the debt?",
        "Users subscribe to a topic; the broker then sends them each message.",
        "点赞和收藏各用一张表，设计它们的索引。",
        "广告弹性衡量广告支出对需求的影响。",
        "注册一个账号，然后登录实验平台。",
        "The photon hit the detector; the detector registers it now.",
        "这三页共 12 道题，第 3 页有两道选做。",
    ],
)
def test_what_a_lesson_says_of_trade_law_and_web_pages_stays(make_document, lexicon, line):
    [kept], removed = remove_boilerplate([make_document(line)], lexicon, 4)
    assert texts(kept) == [line]
    assert removed == []


def test_a_mark_of_secrecy_stays_however_often_it_repeats(make_document, lexicon):
    marks = ["内部资料，请勿外传", "CONFIDENTIAL - All rights reserved"]
    pages = [make_document("\n".join([*marks, body(n)]), source=f"{n}.md") for n in range(1, 7)]
    kept, removed = remove_boilerplate(pages, lexicon, 4)
    assert removed == []
    assert kept == pages


def test_a_law_that_several_lectures_state_is_no_footer_but_a_slogan_is(make_document):
    law = "Momentum is conserved where no outer force acts on the system."
    slogan = "Physics with the Example School, every Friday at nine."

    def page(n):
        filler = "\n".join(f"{body(10 * n + k)}" for k in range(4))
        return make_document(f"{filler}\n{law}\n{filler.upper()}\n{slogan}", source=f"{n}.md")

    _, removed = remove_boilerplate([page(n) for n in range(1, 7)], adverts(), 4)
    assert {line for *_, line in removed} == {slogan}


def test_a_line_that_repeats_on_every_page_of_a_file_counts_that_file_once(make_document):
    book = make_document(*[f"Chapter on motion\n{body(n)}" for n in range(9)], source="book.md")
    assert remove_boilerplate([book, make_document(body(10), source="b.md")], adverts(), 2)[1] == []


def test_a_mark_of_secrecy_stays_even_on_a_page_that_is_mostly_advert(make_document, lexicon):
    page = make_document(
        "内部资料，请勿外传",
        "限时优惠！报名立减 300 元，再享九折优惠券。",
        "名师小班授课。",
        "扫码关注公众号，免费领取真题。",
    )
    [kept], removed = remove_boilerplate([page], lexicon, 4)
    assert texts(kept) == ["内部资料，请勿外传"]
    assert len(removed) == 3


def test_a_line_that_the_caller_wants_left_stays_whatever_it_matches(make_document):
    page = make_document(body(1), "Subscribe now to the forbidden thing!", "Subscribe now to another!")
    [kept], [removed] = remove_boilerplate([page], adverts("Subscribe now"), 4, lambda line: "forbid" in line)
    assert texts(kept) == texts(page)[:2]
    assert removed[3] == "Subscribe now to another!"
