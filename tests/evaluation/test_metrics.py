import numpy as np
import pytest
from sacrebleu.metrics.bleu import BLEU

from ta_pipeline.evaluation import metrics


def test_tokens_are_words_numbers_and_single_chinese_characters():
    assert metrics.tokens("The ＳＰＥＥＤ, is 9.8 m/s²：加速度! [第2讲 03:10]") == [
        "speed", "is", "9.8", "m", "s²", "加", "速", "度",
    ]  # fmt: skip


def test_exact_match_ignores_punctuation_width_case_and_citation():
    assert metrics.exact_match("９.８ m/s²。", "9.8 m/s² [Lecture 2 03:10]") == 1.0
    assert metrics.exact_match("9.7 m/s²", "9.8 m/s²") == 0.0


def test_f1_counts_shared_tokens_as_bags():
    assert metrics.f1("速度是矢量", "速度矢量") == pytest.approx(8 / 9)
    assert metrics.f1("the the ball", "a ball falls") == pytest.approx(2 / 3)
    assert metrics.f1("", "ball") == 0.0


def test_rouge_l_sees_identical_chinese_as_identical():
    assert metrics.rouge_l("速度是矢量。", "速度是矢量。 [第1讲]") == 1.0


def test_rouge_l_is_the_f1_of_the_longest_common_subsequence_of_characters():
    assert metrics.rouge_l("ab cd", "axbyd") == pytest.approx(2 * 3 / (4 + 5))
    assert metrics.rouge_l("", "abc") == 0.0


def test_sentence_bleu_uses_the_tokenizer_of_the_language():
    assert metrics.sentence_bleu("速度是矢量", "速度是矢量", "zh")[0] == pytest.approx(100)
    _, chinese = metrics.sentence_bleu("速度是矢量", "速度不是矢量", "zh")
    assert chinese == [5, 3, 1, 0, 5, 4, 3, 2, 5, 6]
    _, english = metrics.sentence_bleu("速度是矢量", "速度不是矢量", "en")
    assert english[0] == 0


@pytest.mark.parametrize(
    ("answers", "references"),
    [
        (["the ball falls down fast", "a ball"], ["the ball falls very fast", "the ball rolls"]),
        (["speed is a vector", "no"], ["speed is not a vector at all", "yes"]),
        (["x"], ["y"]),
        (["", "ball"], ["a b c d", "ball"]),
    ],
)
def test_corpus_bleu_from_summed_statistics_is_sacrebleus_own(answers, references):
    rows = [metrics.sentence_bleu(a, r, "en")[1] for a, r in zip(answers, references, strict=True)]
    theirs = BLEU(tokenize="13a").corpus_score(answers, [references]).score
    assert metrics.corpus_bleu(np.asarray([np.sum(rows, axis=0)], dtype=float))[0] == pytest.approx(theirs)


def test_the_signature_names_tokenizer_and_version():
    assert "tok:zh" in metrics.bleu_signature("zh")
    assert "tok:13a" in metrics.bleu_signature("en")
    assert "eff:no" in metrics.bleu_signature("en")
