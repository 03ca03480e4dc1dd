import pytest

from ta_pipeline.text.person_names import NameFinder
from ta_pipeline.text.pii import mask_documents, mask_line


@pytest.fixture(scope="module")
def names(clean_params):
    return NameFinder(clean_params.person_name_allow_list)


def one_masked(document, names):
    return next(mask_documents([document], names))


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("学号2023104512", "学号<STUDENT_ID_1>"),
        ("my student number is 2023104512.", "my student number is <STUDENT_ID_1>."),
        ("Student no. B20231045", "Student no. <STUDENT_ID_1>"),
        ("ID 2023104718, email a@b.org", "ID <STUDENT_ID_1>, email <EMAIL_1>"),
        ("身份证号 11010519491231002X", "身份证号 <ID_NUMBER_1>"),
        ("110105 19491231 002X", "<ID_NUMBER_1>"),
        ("身份证：110105194912310021", "身份证：<ID_NUMBER_1>"),
        ("手机13800138000，微信同号", "手机<PHONE_1>，微信同号"),
        ("+86 138-0013-8000 or 0086 13900139000", "<PHONE_1> or <PHONE_2>"),
        ("办公室电话，010-6275-0017，白天", "办公室电话，<PHONE_1>，白天"),
        ("(010) 6275-0001 转 123", "<PHONE_1>"),
        ("联系电话：62750001", "联系电话：<PHONE_1>"),
        ("报名热线 400-000-1234", "报名热线 <PHONE_1>"),
        ("ring my office on 555-0142, please", "ring my office on <PHONE_1>, please"),
        ("+44 20 7946 0958, +1 (555) 123-4567", "<PHONE_1>, <PHONE_2>"),
        ("call me at 555 0142", "call me at <PHONE_1>"),
        ("写邮件，shenyq@example.edu.cn", "写邮件，<EMAIL_1>"),
        ("harriet dot lindqvist at example dot edu", "<EMAIL_1>"),
        ("微信号：lily_wang88，QQ：123456789", "微信号：<WECHAT_1>，QQ：<QQ_1>"),
        ("my WeChat is lilywang", "my WeChat is <WECHAT_1>"),
        ("office at 27 Harbour Street, Room 314.", "office at <ADDRESS_1>."),
        ("742 Evergreen Terrace, Springfield, IL 62704", "<ADDRESS_1>"),
        ("家庭住址：北京市海淀区中关村大街27号3号楼502室。", "家庭住址：<ADDRESS_1>。"),
        ("我住在上海市徐汇区漕溪北路88号", "我住在<ADDRESS_1>"),
        ("我是周慧敏老师，", "我是<NAME_1>老师，"),
        ("我叫罗嘉豪，电话13800138026", "我叫<NAME_1>，电话<PHONE_1>"),
        ("我叫李明想问一下", "我叫<NAME_1>想问一下"),
        ("我是方子昂，学号2023104517，想问", "我是<NAME_1>，学号<STUDENT_ID_1>，想问"),
        ("许知远同学说得对", "<NAME_1>同学说得对"),
        ("谢谢李想同学", "谢谢<NAME_1>同学"),
        ("班主任王芳老师", "班主任<NAME_1>老师"),
        ("王老师说过", "<NAME_1>老师说过"),
        ("老师李明，请问", "老师<NAME_1>，请问"),
        ("赵一帆，你来说说", "<NAME_1>，你来说说"),
        ("姓名：欧阳娜娜", "姓名：<NAME_1>"),
        ("我的名字是约翰·多伊，", "我的名字是<NAME_1>，"),
        ("I'm Doctor Emily Carter, hello", "I'm Doctor <NAME_1>, hello"),
        ("Hi I'm Priya Raman, student number 2023104571", "Hi I'm <NAME_1>, student number <STUDENT_ID_1>"),
        ("My name is O'Neil Grace", "My name is <NAME_1>"),
        ("Prof. Wang will help", "Prof. <NAME_1> will help"),
        ("Dear Emily,", "Dear <NAME_1>,"),
        ("Best regards,\nJohn Smith", "Best regards,\n<NAME_1>"),
        ("this is Owen Castellanos, my mobile is 13800138057", "this is <NAME_1>, my mobile is <PHONE_1>"),
        ("Miriam Okafor here - is it?", "<NAME_1> here - is it?"),
        ("write to Rebecca Thornbury, r.t@example.edu", "write to <NAME_1>, <EMAIL_1>"),
        ("Thank you, Desmond Okafor, come on down", "Thank you, <NAME_1>, come on down"),
    ],
)
def test_personal_data_is_masked_in_both_languages(names, text, masked):
    assert mask_line(text, names) == masked


@pytest.mark.parametrize(
    "text",
    [
        "牛顿第二定律和高斯定理",
        "我是牛顿，这是高斯",
        "牛顿同学",
        "Newton's second law, Young's modulus, Hooke's Law",
        "Isaac Newton, could you explain?",
        "Dear students, Professor Newton says",
        "This is Simple Harmonic Motion, which repeats. This is Newton's Second Law.",
        "我是高中生，任何同学、很多同学、女同学、各位老师同学",
        "方向，你来说说；高度，你来算；老师高兴地说；谢谢老师；向老师请教；数学老师",
        "我们叫它高斯面，我叫它阻力",
        "I'm Chinese, and I'm Going",
        "3.14159265, 6.67430e-11, 6.67×10⁻¹¹ N·m²/kg², 299792458 m/s, 1.380649e-23",
        "m = 13800138000, 质量为13800138000 kg, 15912345678米",
        "$v = 13800138000$ and $$x = 010-6275-0017$$",
        "第3讲 08:30-10:00, 2023-09-01, 2019-2023",
        "办公室在理科楼305室, Room 314",
        "123456789012345678, 0110 1010 1100",
        "手机从 19.6 m 高处自由下落，WeChat is popular in China",
        "472547338\n+960397912423",
    ],
)
def test_course_matter_is_not_touched(names, text):
    assert mask_line(text, names) == text


def test_an_identity_number_needs_its_checksum(names):
    assert mask_line("110105194912310021", names) == "110105194912310021"


def test_only_mail_is_masked_in_code(names):
    code = "```python\nphone = 13800138000\nmail = 'a@example.edu'\n```"
    assert mask_line(code, names) == code.replace("a@example.edu", "<EMAIL_1>")


def test_one_value_has_one_number_in_a_document_and_another_has_the_next(names, make_document):
    document = make_document(
        "我是周慧敏老师，电话13800138000", "请李想同学回答", "周慧敏老师的手机是 +86 138 0013 8000"
    )
    masked, counts = one_masked(document, names)
    assert [s["text"] for s in masked["segments"]] == [
        "我是<NAME_1>老师，电话<PHONE_1>",
        "请<NAME_2>同学回答",
        "<NAME_1>老师的手机是 <PHONE_1>",
    ]
    assert counts == {
        ("segment 1", "NAME"): 1,
        ("segment 1", "PHONE"): 1,
        ("segment 2", "NAME"): 1,
        ("segment 3", "NAME"): 1,
        ("segment 3", "PHONE"): 1,
    }


def test_a_bare_mention_of_a_masked_name_is_masked_wherever_it_stands(names, make_document):
    document = make_document(
        "Oliver Tamsin asked first.", "I'm Oliver Tamsin, hi", "周慧敏说", "我叫周慧敏。"
    )
    masked, _ = one_masked(document, names)
    assert [s["text"] for s in masked["segments"]] == [
        "<NAME_1> asked first.",
        "I'm <NAME_1>, hi",
        "<NAME_2>说",
        "我叫<NAME_2>。",
    ]


def test_a_family_name_with_a_title_is_the_person_met_before_and_no_law(names, make_document):
    document = make_document("I'm Doctor Emma Young.", "Doctor Young explains Young's modulus.")
    masked, _ = one_masked(document, names)
    assert masked["segments"][1]["text"] == "Doctor <NAME_1> explains Young's modulus."


def test_title_speaker_and_the_rejected_answer_are_masked_too(names, make_document):
    meta = '{"author": "Emily Carter", "rejected": "mail a@example.edu", "source": "13800138000.md"}'
    document = make_document("Hello", title="力学（周慧敏老师）", meta=meta, speakers=["Harriet Lindqvist"])
    masked, counts = one_masked(document, names)
    assert masked["title"] == "力学（<NAME_1>老师）"
    assert masked["segments"][0]["speaker"] == "<NAME_2>"
    assert (
        masked["meta"] == '{"author": "<NAME_3>", "rejected": "mail <EMAIL_1>", "source": "13800138000.md"}'
    )
    assert counts == {
        ("title", "NAME"): 1,
        ("segment 1", "NAME"): 1,
        ("meta", "NAME"): 1,
        ("meta", "EMAIL"): 1,
    }


def test_roles_and_student_labels_are_no_names(names, make_document):
    document = make_document("学生：为什么？", kind="transcript", speakers=["学生"])
    masked, counts = one_masked(document, names)
    assert masked == document
    assert not counts


def test_a_name_on_the_allow_list_is_never_masked():
    assert mask_line("我是沈砚秋老师", NameFinder(["沈砚秋"])) == "我是沈砚秋老师"
    assert mask_line("I'm Doctor Emily Carter.", NameFinder(["Carter"])) == "I'm Doctor Emily Carter."


def test_a_heading_over_two_segments_is_counted_at_the_first(names, make_document):
    document = make_document("First.", "Second.")
    for segment in document["segments"]:
        segment["heading"] = "答疑：周慧敏老师"
    masked, counts = one_masked(document, names)
    assert [s["heading"] for s in masked["segments"]] == ["答疑：<NAME_1>老师"] * 2
    assert counts == {("segment 1", "NAME"): 1}


def test_a_name_in_traditional_characters_is_the_same_person_in_simplified_ones(names, make_document):
    document = make_document("我是陳怡君，學號B10902033。", "陈怡君同学，電話０９３２-417-805。")
    masked, _ = one_masked(document, names)
    assert [s["text"] for s in masked["segments"]] == [
        "我是<NAME_1>，學號<STUDENT_ID_1>。",
        "<NAME_1>同学，電話<PHONE_1>。",
    ]


def test_public_people_stay_in_traditional_characters(names):
    text = "愛因斯坦與楊振寧，錢學森說過：牛頓運動定律。"
    assert mask_line(text, names) == text
    assert mask_line("助教陳怡君", NameFinder(["陳怡君"])) == "助教陳怡君"
    assert mask_line("助教陈怡君", NameFinder(["陳怡君"])) == "助教陈怡君"


def test_a_full_width_number_met_once_is_masked_wherever_it_stands(names, make_document):
    document = make_document("电话１３８００１３８０００。", "代码 13800138000 的结果")
    masked, _ = one_masked(document, names)
    assert [s["text"] for s in masked["segments"]] == ["电话<PHONE_1>。", "代码 <PHONE_1> 的结果"]
