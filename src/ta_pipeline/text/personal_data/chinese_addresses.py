"""Find Chinese addresses: a door on a street, a post box, or a room where somebody lives.

What is found is a door, a number with what it counts; from there the address is followed to both sides.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from ta_pipeline.text.personal_data.span import Found

_HAN = r"\u4e00-\u9fff"
_NUMERAL = r"(?:\d{1,5}|[一二三四五六七八九十百零〇]{1,4}|[甲乙丙丁])"
_WAY = (
    "大街|大道|胡同|路|街|道|巷|弄|里|村|屯|寨|社区|新村|小区|花园|公寓|家园|苑|园|大院|宿舍|宿舍楼|"
    "学生楼|寝室|校区|坊|府|庭|湾|城|广场|大厦|东路|西路"
)
_DOOR = "号楼|号院|号|弄|栋|幢|座|单元|楼|层|室|房间|房|舍|门|组|队|信箱|床"
#: A door: a number with what it counts. Whether it is on a street is looked up to the left. More numbers
#: joined by dashes are no door, and to go along thousands of them from each would take hours.
_DOOR_NUMBER = re.compile(
    rf"[\d一二三四五六七八九十百零〇甲乙丙丁]{{1,5}}+(?:[-－—#]\d+){{0,6}}\s?(?=[号弄栋幢座单楼层室房舍门组队信床])(?:{_DOOR})"
)
_WAY_BEFORE = re.compile(rf"(?:{_WAY})(?:[东南西北中]?[一二三四五六七八九十]?(?:段|区|期))?\s?[（(]?\s?$")
_MORE = re.compile(
    rf"(?:[，,\s]?[{_HAN}A-Za-z·]{{0,10}}?[A-Za-z]?\s?{_NUMERAL}(?:[-－—#]\d+)*[A-Za-z]?\s?(?:{_DOOR})"
    rf"|[{_HAN}]{{2,8}}(?:大厦|小区|花园|公寓|家园|苑|广场|大楼|中心|宿舍|写字楼)(?!\d)"
    rf"|[-－—#]?\d{{2,4}}(?![\d.年月日点元]))"
)
_BOX = re.compile(
    rf"[{_HAN}\d\s]{{0,20}}?(?:邮政)?信箱\s?\d+\s?(?:号|分箱)?"
    rf"|[{_HAN}]{{0,16}}\d+\s?(?:号)?(?:邮政)?信箱(?:\s?\d+\s?(?:号|分箱))?"
)
_DORM_WORDS = ("公寓", "宿舍", "寝室", "学生楼", "舍", "斋", "苑", "园")
_HAN_OR_LETTER = re.compile(rf"[{_HAN}A-Za-z]")
_DORM = re.compile(
    rf"(?:{'|'.join(_DORM_WORDS)})区?[A-Za-z]?\s?{_NUMERAL}?\s?(?:号楼|栋|幢|舍|座"
    rf"|楼)?\s?(?:[A-Za-z]座)?\s?(?:[一二三四五六七八九十\d]+单元)?\s?[-－—]?\d{{3,4}}\s?(?:室|房间|房|寝室"
    rf"|宿舍)?(?!\d)"
)
_LIVES = re.compile(
    rf"(?:住在?|宿舍(?:在|是|号|：|:)+|寝室(?:在|是|号|：|:)+|寄到|寄至|寄往|送到|送至|住址(?:是|：|:)?"
    rf"|地址(?:是|：|:)?)\s?(?P<value>[{_HAN}A-Za-z]{{0,8}}?\d{{1,3}}\s?(?:号楼|栋|幢|楼|舍"
    rf"|号院)\s?(?:[A-Za-z]座|[东西南北][侧区]?)?\s?(?:\d+\s?单元|\d+\s?(?:层"
    rf"|门))?\s?[-－]?\d{{2,4}}\s?(?:室|房间|房|号|寝室)?)"
)
_NOT_HOMES = re.compile(
    "教学楼|实验楼|行政楼|办公楼|图书馆|理科楼|文科楼|主楼|逸夫楼|教室|机房|体育馆|报告厅|会议室|食堂"
    "|综合楼|科技楼|信息楼|工程楼|阶梯"
)
_PROVINCES = (
    "北京|上海|天津|重庆|河北|山西|辽宁|吉林|黑龙江|江苏|浙江|安徽|福建|江西|山东|河南|湖北|湖南|广东|海南"
    "|四川|贵州|云南|陕西|甘肃|青海|台湾"
    "|内蒙古|广西|西藏|宁夏|新疆|香港|澳门|台北|新北|桃园|台中|台南|高雄|新竹"
)
_CITIES = (
    "广州|深圳|杭州|南京|苏州|成都|武汉|西安|长沙|郑州|青岛|济南|大连|沈阳|哈尔滨|长春|石家庄|太原|合肥"
    "|福州|厦门|南昌|昆明|贵阳|南宁|海口|兰州|西宁|银川"
    "|乌鲁木齐|呼和浩特|拉萨|宁波|无锡|常州|南通|扬州|徐州|镇江|温州|绍兴|嘉兴|金华|台州|湖州|东莞|佛山"
    "|珠海|中山|惠州|汕头|烟台|潍坊|淄博|泉州|漳州|洛阳|开封"
    "|宜昌|襄阳|荆州|株洲|湘潭|衡阳|岳阳|桂林|柳州|三亚|绵阳|遵义|大理|丽江|咸阳|宝鸡|保定|唐山|秦皇岛|邯郸"
    "|大同|包头|鞍山|吉林|大庆|芜湖|蚌埠|赣州|九江"
)
_ADMIN = re.compile(
    rf"(?:中国|中华人民共和国)?(?:{_PROVINCES})(?:省|市|自治区|壮族自治区|回族自治区|维吾尔自治区"
    rf"|特别行政区)?|(?:{_CITIES})市?"
)
_UNIT = re.compile(rf"[{_HAN}]{{2,7}}?(?:省|自治区|自治州|地区|市|盟|区|县|旗|镇|乡|街道|开发区)(?=[{_HAN}])")
_CUT = re.compile(
    r"(?:户籍所在地|户籍地址|户籍|户口所在地|收货地址|家庭住址|家庭地址|通讯地址|通信地址|联系地址|办公地址"
    r"|收件地址|邮寄地址|学校地址|单位地址|注册地址|现住址|现居|住址|地址|租住在|居住在|搬到了?|搬去了?"
    r"|搬进了?|住到了?|家住|我住|住在|住"
    r"|寄到了?|寄至|寄往|寄去|寄给|寄|送到|送至|送|位于|坐落于|坐落在|老家在|老家|家在|设在|租了|租在|回到"
    r"|回|来自|来到|发往|发到|发货到|邮寄到|邮寄至|填的?是|写的?是|改成|改为|就在|是在|前往|去|来|到|在|是"
    r"|为|从|于|的|和|或|请|：|:|“|\")"
)
_SURE_CUT = re.compile(
    r"位于|坐落[于在]?|座落[于在]?|地址[是为]?|住址[是为]?|住在|寄到|寄往|寄至|送到|[有着]"
)
#: Roads between towns, underground lines and running tracks have numbers without doors.
_NO_STREET = re.compile(r"(?:[国省县跑轨航车管赛弯隧]道|公路|铁路|高速路|线路|电路|通道|频道)\s?$")
_ADDRESS_CHARACTERS = re.compile(rf"[{_HAN}0-9A-Za-z·\s]+$")
_WIDEST = 48


def find_chinese_addresses(text: str) -> Iterator[Found]:
    """Yield addresses, possibly overlapping: from the widest unit given to the narrowest."""
    lives = False
    ends: dict[int, int] = {}
    homes = _Homes(text)
    for match in _DOOR_NUMBER.finditer(text):
        lives = True
        if before := _before_door(text[max(0, match.start() - _WIDEST - 12) : match.start()]):
            start, end = match.start() - before, _narrowest(text, match.end(), ends)
            if homes.may_be(start, end):
                yield Found(start, end, "ADDRESS")
    if "信箱" in text:
        for match in _BOX.finditer(text):
            yield Found(_widest(text, match.end() - 1), match.end(), "ADDRESS")
    if any(word in text for word in _DORM_WORDS):
        yield from _dormitories(text)
    for match in _LIVES.finditer(text) if lives else ():
        if not _NOT_HOMES.search(match[0]):
            yield Found(*match.span("value"), "ADDRESS")


@lru_cache(maxsize=1 << 10)
def _before_door(text: str) -> int:
    """Return how much of what stands before a door is its address, 0 where that is on no street."""
    street = _WAY_BEFORE.search(text[-12:])
    if street is None or _NO_STREET.search(text, max(0, len(text) - 6)):
        return 0
    anchor = len(text) - len(street[0])
    start = _widest(text, anchor)
    return len(text) - start if start < anchor else 0


def _dormitories(text: str) -> Iterator[Found]:
    for match in _DORM.finditer(text):
        left = match.start()
        while left > max(0, match.start() - 8) and _HAN_OR_LETTER.match(text[left - 1]):
            left -= 1
        start = _after_cut(text, left, match.end())
        if not _NOT_HOMES.search(text[start : match.end()]) and start < match.end() - 2:
            yield Found(start, match.end(), "ADDRESS")


def _widest(text: str, anchor: int) -> int:
    """Return where the address that leads up to `anchor` begins."""
    head = text[max(0, anchor - _WIDEST) : anchor]
    run = _ADDRESS_CHARACTERS.search(head)
    if run is None:
        return anchor
    begin = max(0, anchor - _WIDEST) + run.start()
    for cut in _SURE_CUT.finditer(text, begin, anchor):
        begin = cut.end()
    piece = text[begin:anchor]
    if admin := _ADMIN.search(piece):
        return begin + admin.start()
    return _after_cut(text, begin, anchor)


def _after_cut(text: str, begin: int, end: int) -> int:
    """Return where the words that lead to an address end."""
    last = begin
    for cut in _CUT.finditer(text, begin, end):
        last = cut.end()
    while last < end and text[last].isspace():
        last += 1
    return last


def _narrowest(text: str, end: int, ends: dict[int, int]) -> int:
    """Return where the address that leads on from `end` ends; `ends` keeps that of each place passed."""
    passed = []
    while end not in ends and (more := _MORE.match(text, end)) and more[0].strip():
        passed.append(end)
        end = more.end()
    end = ends.get(end, end)
    ends.update(dict.fromkeys(passed, end))
    return end


class _Homes:
    """Tells where no public building stands; keeps the last answer, for doors in a list share their end."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._clear = 0, 0
        self._asked, self._building = 0, (-1, 0)

    def may_be(self, start: int, end: int) -> bool:
        """Tell whether no place of a text from `start` to `end` says that nobody lives there."""
        if self._clear[0] <= start and end <= self._clear[1]:
            return True
        if self._asked <= start <= self._building[0] and self._building[1] <= end:
            return False
        building = _NOT_HOMES.search(self._text, start, end)
        if building is None:
            self._clear = start, end
        else:
            self._asked, self._building = start, building.span()
        return building is None
