"""Find texts by the words and character pairs they share with a question: BM25, with nothing to build."""

from __future__ import annotations

import math
import re
import unicodedata
from collections import Counter
from collections.abc import Sequence

_RUN = re.compile(r"[\u3400-\u9fff\uf900-\ufaff]+|[^\W_\u3400-\u9fff\uf900-\ufaff]+")
_CJK = re.compile(r"[\u3400-\u9fff\uf900-\ufaff]")
#: Saturation and length weight, as Robertson and Zaragoza (2009) recommend them.
_K1, _B = 1.2, 0.75


def terms(text: str) -> list[str]:
    """Cut text into lower-case words and, where it is Chinese, pairs of neighbouring characters."""
    found: list[str] = []
    for run in _RUN.findall(unicodedata.normalize("NFKC", text).lower()):
        if len(run) > 1 and _CJK.match(run):
            found += [run[i : i + 2] for i in range(len(run) - 1)]
        else:
            found.append(run)
    return found


def search(question: str, texts: Sequence[str], count: int) -> list[int]:
    """Return the places of the `count` texts nearest to the question, best first.

    Equals stay in their order, so texts that share nothing with the question come last and in order.
    """
    held = [Counter(terms(text)) for text in texts]
    lengths = [counts.total() for counts in held]
    mean = max(1.0, sum(lengths) / max(1, len(held)))
    scores = [0.0] * len(held)
    for term in dict.fromkeys(terms(question)):
        having = sum(term in counts for counts in held)
        weight = math.log(1 + (len(held) - having + 0.5) / (having + 0.5))
        for place, counts in enumerate(held):
            times = counts[term]
            scores[place] += (
                weight * times * (_K1 + 1) / (times + _K1 * (1 - _B + _B * lengths[place] / mean))
            )
    return sorted(range(len(held)), key=lambda place: -scores[place])[:count]
