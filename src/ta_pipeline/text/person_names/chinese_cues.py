"""What stands around a name in Chinese: the words that announce it, and those that speak against it."""

from __future__ import annotations

import re

_HAN = "\u3400-\u4dbf\u4e00-\u9fff"

TITLES = (
    "老师|同学|教授|博士|导师|助教|学长|学姐|学弟|学妹|师兄|师姐|师弟|师妹|班长|主任|院长|校长|所长|处长"
    "|科长|系主任|书记"
    "|部长|会长|队长|组长|总监|经理|工程师|先生|女士|小姐|师傅|医生|大夫|律师|辅导员|讲师|研究员|校友|爸爸"
    "|妈妈|家长|阿姨|叔叔"
)
_LONE_TITLES = (
    "大爷|大妈|大叔|大婶|大伯|大姐|大哥|爷爷|奶奶|伯伯|老板|警官|记者|主编|同志|"
    r"收(?=[，,。；;)）\s]|$)|亲启|敬上|总(?=[，,。：:！、说的好您])|工(?=[，,。：:！、])"
    r"|哥(?=[，,。：:！、说])|姐(?=[，,。：:！、说])"
)
TITLE = re.compile(rf"(?:{TITLES}|{_LONE_TITLES})(?!们|会|群|费|节|证|号)")
#: Contact data, already masked, stands right behind the person it belongs to.
OWN_DATA = re.compile(
    r"\s*[，,、（(：:|_/／]?\s*(?:的\s*)?"
    r"(?:\ue000|\d{8}|WeChat|QQ|[Ee]-?mail|学号|学籍号|电话|手机|邮箱|微信|身份证|联系方式|卡号)"
)
#: What only a person does, so that even a word before it is a name: "桑榆说".
PERSONAL_ACT = re.compile(
    "说(?!明|法|服)|问(?!题|答|卷)|答(?!案|题)|不在|没来|没到|缺[席勤考]|请假|迟到|提交|交了|发言|汇报|替|反映|反馈|咨询|投诉|报修|申请了"
)
#: What people of a course do, and sometimes offices and things.
COURSE_ACT = re.compile(
    "负责|主持|执笔|主讲|旁听|报名|休学|退学|退课|转来|转学|打碎|感冒|发烧|生病|值班|考了|拿了|得了|住在?|捐赠|证实"
    "|作证|辩称|陈述|上台|整理|批改|讲解|代课|算[得的出]|测[得的出]|推荐|建议|提醒|提到|补充|分享|转发|上传|回复|留言"
)
STOP = re.compile(r"[^\w]|[\ue000A-Za-z0-9_]|$")
#: Who a person is to a course, on a form or in a letter.
_ROLES = (
    "收件人|签字|签收|签名人|室长|舍长|寝室长|未交名单|名单|寄件人|发件人|联系人|负责人|主讲人|讲师|教师"
    "|老师|助教|导师|教授|博士|同学|学生|学员|学长|学姐"
    "|师兄|师姐|班长|组长"
    "|队长|组员|成员|队员|委员|课代表|作者|署名|签名|落款|本人|室友|舍友|同桌|朋友|闺蜜|女儿|儿子|孩子|家长"
    "|父亲|母亲|监护人"
    "|申请人|经办人|填表人|填报人|提问人|报告人|记录人|主持人|审核人|批改人|嘉宾|考生|被试|患者|病人|候选人"
    "|获奖者|获奖人|投稿人"
    "|户名|开户名|持卡人|汇款人|收款人|付款人|乙方|甲方|院长|主任|辅导员|班主任|书记|校长|先生|女士|小姐"
    "|师傅|医生|法人|出题人"
    "|命题人|答辩人|学生代表|代表|发起人|管理员|系统管理员|群主|店主|房东|学委|团支书|干事|社长|交换生"
    "|留学生|旁听生|联络人|对接人"
    "|答疑人|讲者|报告者|译者|编者|申报人|推荐人|证明人|出借人|借阅人|领取人|收货人|取件人|新生|老乡|邻居"
    "|员工|秘书|工程师|经理"
    "|研究员|博士生|硕士生|研究生|本科生|实习生|志愿者|出席|缺席|到场|参会|列席|缺勤|请假|迟到|旷课|抄送"
    "|亲爱的|尊敬的|敬爱的|外教|访问学者|校友|课代表|实验员|领用人|访谈人|受访者|访谈对象|采访人|馆员"
    "|审判员|审判长|陪审员|书记员|原告方?|被告[人方]?|证人|代理人|代表人|上诉人|辩护人|公诉人|检察官|法官"
    "|被害人|受害人|当事人|嫌疑人"
    "|爷爷|奶奶|外公|外婆|姥姥|姥爷|叔叔|舅舅|姑姑|姐姐|哥哥|弟弟|妹妹|表[哥姐弟妹]|丈夫|妻子|爱人|老公|老婆"
)
#: What is done by somebody, and to what: "批改 王芳", "批改方法".
_DUTIES = "主讲|授课|记录|主持|审核|批改|监考|值班|值日|出题|感谢|谢谢|祝贺|恭喜|表扬|欢迎|致"
#: Who says so gives a name, of whoever it may be.
_NAMING = (
    "妈叫|爸叫|姐叫|哥叫|弟叫|妹叫|友叫|同学叫|孩子叫|女儿叫|儿子叫|有个叫|有位叫|一个叫|一位叫"
    "|我叫|名叫|叫做|他叫|她叫|我的名字[是叫]|名字是|姓名[是为]?"
)
#: In a transcript these stand before what is said.
_SPEAKERS = "学生|老师|教师|同学|助教|主持人|问|答"
_LINK = r"(?:[是为叫有]|一栏)?[\s（(“\"\-—·|]{0,3}"
_COLON = r"\s?[:：]\s{0,2}"
#: How much it says; the first that fits counts. From 1.5 on a name is meant, even if it is a word too.
BEFORE = tuple(
    (re.compile(rf"(?:{pattern})$"), weight)
    for pattern, weight in (
        (rf"(?:^|\n)\s*(?:{_SPEAKERS}){_COLON}", 1.25),
        (r"\ue000[，,、；;\s|/／)）]{1,3}", 1.5),
        (rf"(?:{_NAMING}){_LINK}|(?:{_NAMING}|{_ROLES}|{_DUTIES}){_COLON}", 3.0),
        (rf"(?:{_ROLES}){_LINK}|我是|叫", 2.0),
        (rf"(?:{_DUTIES}){_LINK}", 1.25),
        ("@", 2.0),
        ("[由请让给跟和与问找被把对向替帮为及、加从比谢是听据归员师长者工]", 0.75),
        (rf"[^{_HAN}]", 0.5),
    )
)
#: A context of this weight says by itself that a person is meant.
TOLD = 1.5
#: Each branch begins with a plain character, which lets the search skip to the next of them.
TRIGGER = re.compile(rf"(?:{_NAMING}|{_ROLES}|{_DUTIES}|我是)(?:{_COLON}|{_LINK})(?=[{_HAN}])")
MENTION = re.compile(f"@(?=[{_HAN}])")
#: Who goes by a name that is no family name: "我叫阿杰", "楼主小鹿".
NICKNAMED = re.compile(
    r"(?:我叫|大家叫我|叫我|名叫|昵称[是为：:]?|网名[是为：:]?|楼主|层主|群友|网友)\s?(?=[小阿老大])"
)
#: Behind a role a foreign name in Chinese letters needs no dot.
FOREIGNERS = re.compile("(?:外教|交换生|留学生|旁听生|访问学者)$")
FOREIGNER_OR_TITLE = re.compile("外教|交换生|留学生|旁听生|访问学者|同学")
#: Where a text is public already, only what somebody says of himself counts.
SELF = re.compile(rf"(?:我叫|我的名字[是叫]|姓名[是为]?\s?[:：]|姓名是)\s?(?=[{_HAN}])")
#: Before a given name or a family name alone, so that it begins there: "请雨桐同学".
#: Behind contact data its owner may follow.
BEHIND_DATA = re.compile(rf"\ue000[，,、；;\s|/／)）]{{1,3}}(?=[{_HAN}])")
ENTRY_END = re.compile(r"[，,。；;、)）]|\s*(?:$|\n)")
#: Contact data, and what labels it and parts it from its owner.
DATA = re.compile(r"[\ue000\d]{6,}+")
OWNER_ENDS = re.compile(
    rf"(?<=[{_HAN}])\s?[，,、（(：:|_/／]?\s?(?:的\s?)?"
    r"(?:(?:WeChat|QQ|[Ee]-?mail|学号|学籍号|电话|手机|邮箱|微信|身份证|联系方式|银行卡|卡号|[一-龥]{1,3}[银分支]?行)"
    r"[^，,、；;。\n]{0,6})?$"
)
ASKS_OR_GIVES = frozenset("由请让给跟和与问找叫被把对向替帮为及、加从比谢@是听据归")
#: Parts of speech that follow a subject: verb, preposition, conjunction, adverb, particle, pronoun, time.
BEHIND_NAMES = frozenset("vpcdurt")
TOGETHER = ("一起", "一同", "一组", "同组")
SPEAKS = frozenset("说问讲答想在来去也都就把被和会")
COUNTS = re.compile(r"[0-9一二两三四五六七八九十几每这那半整]\s*$")
#: Words of history and science: who stands there is known for something.
FAME = re.compile(
    r"1\d{3}\s?年|公元|世纪|[唐宋元明清汉晋秦隋]代|[唐宋元明清汉晋秦隋]朝|古代|近代|发现了|发明|创立|著作"
    r"|著《|诗人|词人|物理学|数学家|化学家|思想家|科学家|文学家"
    r"|哲学家|院士|理论|定理|定律|定则|猜想|方程|效应|常数|主义|学派|史上|名言|笔下|的《|，《|编著|主编"
    r"|出版社|译本|译著"
)
#: Exercises have figures who buy apples and ride bicycles; they are nobody.
#: Said to somebody whose name has just been called; no exercise does that.
CALLED = re.compile(
    r"[，,、]\s*(?:你来|你说|你讲|你答|你回答|你上来|你先|你试|你觉得|你认为|请你|请回答|请坐)"
)
EXERCISE = re.compile(
    r"多少|几[个元本只支张块天米]|每小时|每分钟|同时出发|相向|相距|速度|单价|\d\s*(?:元|千米|公里|米|岁|个"
    r"|本|只|支|千克|块|颗|步)"
)
