"""Word lists that the rules of this room rest on."""

from __future__ import annotations


def word_set(words: str) -> frozenset[str]:
    """Return the words of a string."""
    return frozenset(words.split())


#: Words of four letters and more that say nothing of a topic.
ENGLISH_STOP_WORDS = word_set(
    "about above after again against also although always among another anything around because been "
    "before being below between both cannot could does doing done down during each either else enough "
    "even ever every everyone everything first from gets give given goes going good have having here "
    "hers herself himself however into itself just keep know last later least less like little look made "
    "make many maybe might more most much must need never next nothing often once only other others ours "
    "over people perhaps please rather really said same says shall should since some something soon "
    "still such take than thank thanks that their theirs them themselves then there these they thing "
    "things think this those though through today together under until upon used using very want wants "
    "week well were what whatever when where whether which while whom whose will with within without "
    "would year your yours yourself"
)
CHINESE_STOP_WORDS = word_set(
    "一个 一些 一定 一样 一直 一般 一起 一次 一种 不是 不能 不要 不过 不同 也是 什么 今天 他们 以及 以后 "
    "以前 以上 以下 任何 但是 你们 使用 例如 依据 其他 其中 其它 具有 再见 决定 几个 出来 分别 别人 到了 "
    "前面 包括 即使 另外 只有 只是 只能 可以 可是 可能 各种 各个 同学 同时 后面 否则 哪个 哪里 因为 因此 "
    "回来 国家 地方 大家 如下 如何 如果 它们 完成 完全 对于 就是 就会 已经 并且 应该 开始 怎么 怎样 情况 "
    "我们 所以 所有 才能 按照 提供 方法 方面 无法 时候 时间 明天 星期 是否 更加 最后 有些 有关 有时 来说 "
    "根据 正在 此外 每个 每天 没有 注意 然后 然而 现在 由于 甚至 的话 目前 看到 知道 确定 示例 第一 第二 "
    "等等 经过 结果 给出 老师 自己 虽然 要求 觉得 认为 许多 请问 谢谢 起来 超过 过程 还有 还是 这个 这些 "
    "这样 这里 这种 进行 通过 那个 那么 那些 那样 部分 都是 需要 非常 首先"
)
#: Capitalised words that stand where a name may stand without being one.
NOT_ENGLISH_NAMES = word_set(
    "monday tuesday wednesday thursday friday saturday sunday january february march april may june july "
    "august september october november december english chinese german french spanish italian russian "
    "american british canadian japanese korean indian european sir madam all everyone everybody students "
    "student class colleagues friends friend team teacher professor doctor parents editor customer "
    "manager hiring committee reader diary god santa department office school university college "
    "institute faculty library laboratory lab centre center physics mechanics mathematics science "
    "engineering course lecture lesson chapter section part unit week problem problems example exercise "
    "question answer solution homework law laws motion force forces energy momentum free fall simple "
    "harmonic circular uniform angular linear kinetic potential static acceleration velocity work power "
    "friction gravity gravitation pressure contact write ask email mail call phone hi hello hey dear "
    "thanks thank please the this that these those my your our his her their it we you they he she and "
    "or but so if in on at for from with not just still very really also sorry sure stuck new here there "
    "when what why how who now today tomorrow yesterday ok okay good great happy going working trying "
    "studying learning python java room building street best kind regards yours sincerely cheers help "
    "support service desk group hotline information head"
)
#: Words that begin with a family name, and that the dictionary takes for names.
NOT_CHINESE_NAMES = word_set(
    "高一 高二 高三 高中生 安静 温州人 高中 金属 石头 金刚 金刚石 胡同 胡同里 杨梅 谢谢 成正比 高校 文科 "
    "金融 国语 武术 方言 高数 毛概 马原 马哲 古文 时政 商科 常规 本科 易班 明星 和平 江南 江北 毕业班 "
    "夏威夷 卢旺达 谷歌 安卓 欧冠 梅西 祝好 沃尔玛 胡萝卜 罗马 柏林 柯达 高铁 高考 高校 何时 何处 何况 "
    "余数 余弦 张开 向心力 师生 方向 关键 经济 成都 东方 全班 全校 全体 车间 单元 平行 水平"
)
