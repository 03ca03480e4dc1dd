"""Tell Chinese names in Latin letters: "Wang Xiaoming", "Xiaoming Wang", "Li Na"."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from ta_pipeline.text.wordlists import word_set

_INITIALS = word_set("b p m f d t n l g k h j q x r z c s y w zh ch sh")
_FINALS = word_set(
    "a o e i u v ai ei ao ou an en in un ia ie iu ua uo ui ue ve ang eng ing ong iao ian uai uan van iang "
    "iong uang ueng"
)
#: Every initial with every final: a few hundred of these do not occur, which does no harm.
_ONSET_SYLLABLES = frozenset(initial + final for initial in _INITIALS for final in _FINALS)
_ALL_SYLLABLES = _ONSET_SYLLABLES | _FINALS | {"er"}
_SURNAMES = word_set(
    "wang li zhang liu chen yang zhao huang zhou wu xu sun hu zhu gao lin he guo ma luo liang song zheng "
    "xie han tang "
    "feng yu dong xiao cheng cao yuan deng fu shen zeng peng lv lyu su lu jiang cai jia ding wei xue ye "
    "yan pan du dai "
    "xia zhong tian ren fan fang shi yao tan liao zou xiong jin hao kong bai cui kang mao qiu qin gu hou "
    "shao meng long "
    "wan duan lei qian tao yin qiao lai pang shang zhuang geng mou qi zhan ling fei ouyang sima zhuge mu "
    "ni mei rong "
    "chai qu tong yue nie bao hong kuang miao guan che lan pu ruan ji ai bi bian bu chang chu cong di dou "
    "gan gong hua "
    "huo jian jing ju kuai lang lian lou mi min ning niu nong ou pei pi ping quan rao sang sha shan sheng "
    "shu shui si "
    "sui ta teng wen weng wo xi xian xiang xin xing xuan yi ying you zang zha zhai zhen zhi zhuo zong zuo"
)
#: Syllables of names in the spelling of Hong Kong and Taiwan.
_SOUTHERN = word_set(
    "ka yan tai man wai kwok chi ho yiu kin fai lok wing yee sze hei tsz kit yuen siu mei lai kwan hoi yin "
    "chun shu hsin "
    "ching hui ting chieh yu wen hsuan jen chia ying hua hsien tzu kuo ming lung shan pei ju ting hsiao "
    "yun tung wah keung "
    "lun sum nga oi shuk pui hing chak chor heung lap lik long nam on pak po sau shing shun tat tin tim "
    "tsun tung wan "
    "yat yau yik ying yip yuk"
)
_SOUTHERN_SURNAMES = word_set(
    "wong chan cheung lee leung lau ho cheng ng chow tang kwok tsang lam tse yip chiu fung chung mak kwan "
    "poon hui siu so "
    "tam yuen yeung au yeung choi chui tsui kwong luk tong pang to hsu huang lin tsai chiang hsieh yeh "
    "tseng kuo hsiao chou "
    "chiu chang liao lai tsao chien teo tan goh koh ong lim chua toh seah sim quek"
)
_ENGLISH = word_set(
    "he she me you long song ran can man men sang hang sun fan pan tan fang bin ban den gun run lie die "
    "pin ping tie wan "
    "pang rang gang bang dang tang fen hen ken pen ten sui tong shed hung lung ding dong so to ho on an a "
    "o so no do go "
    "be we bi hi pi mu nu ma pa la ha da yo bone tone nine mine line pine fine dine dune tune june lane "
    "mane cane case "
    "name same fame game male pale sale tale bale mule rule sole hole pole mole cope hope rope mope use "
    "fuse muse made "
    "fade wade bide hide ride side tide code mode node rode bite kite site mute cute note vote made sure "
    "pure cure lure "
    "gene scene china name tape shape cape here mere there where were core sore more pore fore wore bore "
    "age page cage "
    "wage rage sage ice nice rice dice mice race pace face lace mace tai china tuning hanging panic nine "
    "tina dana mina "
    "lena nina rena gina lina mona mama papa lima lie pie tie die hue due sue cue rue lulu"
)
_PLACES = word_set(
    "beijing shanghai nanjing wuhan hangzhou guangzhou shenzhen chengdu tianjin chongqing xi'an xian "
    "suzhou dalian qingdao "
    "xiamen jinan harbin shenyang changsha zhengzhou kunming nanning guiyang lanzhou hefei fuzhou nanchang "
    "taiyuan hong "
    "kong macau taipei tsinghua peking fudan zhejiang jiangsu hunan hubei henan hebei sichuan yunnan "
    "guangdong guangxi "
    "fujian anhui jiangxi shanxi shaanxi shandong liaoning hainan gansu qinghai pinyin putonghua wushu "
    "kungfu taichi yuan"
)


def is_pinyin_surname(word: str) -> bool:
    """Tell whether a lower-case word is a frequent family name."""
    return word in _SURNAMES or word in _SOUTHERN_SURNAMES


@lru_cache(maxsize=1 << 14)
def is_pinyin_given(word: str) -> bool:
    """Tell whether a lower-case word is a given name of two syllables and no English word."""
    return word not in _ENGLISH and word not in _PLACES and _splits(word, _ONSET_SYLLABLES)


def is_pinyin_name(words: Sequence[str]) -> bool:
    """Tell whether lower-case words are a family name and a given name, in either order."""
    if (
        not 2 <= len(words) <= 3
        or any(word in _PLACES for word in words)
        or all(w in _ENGLISH for w in words)
    ):
        return False
    return _is_name(words[0], words[1:]) or _is_name(words[-1], words[:-1])


def _is_name(surname: str, given: Sequence[str]) -> bool:
    if surname in _SURNAMES and all(w in _ALL_SYLLABLES or _splits(w, _ALL_SYLLABLES) for w in given):
        return True
    return surname in _SOUTHERN_SURNAMES and all(
        part in _SOUTHERN for word in given for part in re.split("[-'’]", word)
    )


def _splits(word: str, syllables: frozenset[str]) -> bool:
    """Tell whether a word is two syllables, perhaps with a hyphen or an apostrophe between them."""
    return len(word) <= 13 and any(
        word[:cut] in syllables and word[cut:].lstrip("-'’") in syllables for cut in range(1, len(word))
    )
