"""Compare an answer with its reference: exact match, token F1, ROUGE-L and BLEU, in Chinese and English.

Word-based tools give 0 for identical Chinese strings (FACTS §3), so every metric here says what its
unit is: exact match and F1 use words for Latin script and single characters for CJK; ROUGE-L uses
characters; BLEU uses sacrebleu's tokenizers `zh` and `13a`. Citations are judged in `citations.py` and
stripped here from both sides.
"""

from __future__ import annotations

import re
from collections import Counter
from functools import lru_cache
from typing import TYPE_CHECKING

from ta_pipeline.evaluation.citations import strip_citations

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from sacrebleu.metrics.bleu import BLEU

# Full-width ASCII and the ideographic space; NFKC would also turn x² into x2.
_FULL_WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {0x3000: 0x20}
_CJK = r"\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_TOKEN = re.compile(rf"[{_CJK}]|\d+(?:\.\d+)?|[^\W\d_{_CJK}][^\W_{_CJK}]*|[^\W_]")
# SQuAD's normalisation of English.
_ARTICLES = frozenset({"a", "an", "the"})
#: Orders of BLEU's n-grams; a row of its statistics is matches, totals, and the two lengths.
_ORDERS = 4

SIGNATURES = {
    "exact_match": "same tokens: Latin words, CJK characters; no punctuation, articles, citations",
    "f1": "bag of tokens as in exact_match",
    "rouge_l": "LCS F1 over characters without whitespace; width, case, citations folded",
}


def fold(text: str) -> str:
    """Strip citations and fold width and case."""
    return strip_citations(text).translate(_FULL_WIDTH).casefold().strip()


def tokens(text: str) -> list[str]:
    """Split a folded text into words and numbers (Latin) and characters (CJK), without punctuation."""
    return [token for token in _TOKEN.findall(fold(text)) if token not in _ARTICLES]


def exact_match(answer: str, reference: str) -> float:
    """Return 1.0 if both have the same tokens, else 0.0."""
    return float(tokens(answer) == tokens(reference))


def f1(answer: str, reference: str) -> float:
    """Return the harmonic mean of token precision and recall, counted as bags."""
    ours, theirs = Counter(tokens(answer)), Counter(tokens(reference))
    shared = (ours & theirs).total()
    return 2 * shared / (ours.total() + theirs.total()) if shared else 0.0


def rouge_l(answer: str, reference: str) -> float:
    """Return ROUGE-L's F1 over characters without whitespace."""
    from rapidfuzz.distance import LCSseq

    ours, theirs = "".join(fold(answer).split()), "".join(fold(reference).split())
    if not ours or not theirs:
        return 0.0
    return 2 * LCSseq.similarity(ours, theirs) / (len(ours) + len(theirs))


@lru_cache(maxsize=4)
def _bleu(tokenizer: str, sentences: bool) -> BLEU:
    from sacrebleu.metrics.bleu import BLEU

    return BLEU(tokenize=tokenizer, effective_order=sentences)


def bleu_tokenizer(language: str) -> str:
    """Name sacrebleu's tokenizer for a language."""
    return "zh" if language == "zh" else "13a"


def bleu_signature(language: str) -> str:
    """Return sacrebleu's signature of corpus scores in one language."""
    metric = _bleu(bleu_tokenizer(language), sentences=False)
    metric.corpus_score(["a"], [["a"]])  # the signature wants the number of references
    return str(metric.get_signature())


def sentence_bleu(answer: str, reference: str, language: str) -> tuple[float, list[int]]:
    """Return sentence BLEU in 0–100 (effective order) and its ten additive statistics.

    The statistics are matches and totals of 1- to 4-grams, then the lengths of answer and reference:
    summed over questions they give corpus BLEU, whatever the languages.
    """
    score = _bleu(bleu_tokenizer(language), sentences=True).sentence_score(
        strip_citations(answer).strip(), [strip_citations(reference).strip()]
    )
    return float(score.score), [*score.counts, *score.totals, score.sys_len, score.ref_len]


def corpus_bleu(statistics: NDArray[np.float64]) -> NDArray[np.float64]:
    """Compute corpus BLEU in 0–100 from summed statistics, one row a corpus: shape (m, 10) to (m,).

    sacrebleu's `exp` smoothing: the k-th order without a match counts 1 / 2^k matches.
    """
    import numpy as np

    matches, totals = statistics[:, :_ORDERS], statistics[:, _ORDERS : 2 * _ORDERS]
    ours, theirs = statistics[:, -2], statistics[:, -1]
    smoothed = np.where(matches > 0, matches, 0.5 ** np.cumsum(matches == 0, axis=1))
    with np.errstate(divide="ignore", invalid="ignore"):
        precision = np.log(smoothed / totals).mean(axis=1)
        brevity = np.where(ours < theirs, 1 - theirs / ours, 0.0)
        scores = 100 * np.exp(precision + brevity)
    whole = (totals > 0).all(axis=1) & (matches > 0).any(axis=1)
    return np.where(whole, scores, 0.0)
