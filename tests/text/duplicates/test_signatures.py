"""Signatures agree as often as the texts are alike, and are the same on every machine."""

import random

import numpy as np
import pytest

from ta_pipeline.params import DedupParams
from ta_pipeline.text.duplicates.shingles import gram_hashes, jaccard
from ta_pipeline.text.duplicates.signatures import (
    SIMHASH_DISTANCE,
    band_keys,
    digests_of,
    minhash,
    sign,
    simhash,
    simhash_values,
)

DEDUP = DedupParams(threshold=0.9, ngram=5, bands=16, rows=8)
SIMHASH = DEDUP.model_copy(update={"method": "simhash"})


def words(seed, count):
    rng = random.Random(seed)
    return [rng.choice("abcdefghij") + rng.choice("klmnopqrst") + rng.choice("uvwxyz") for _ in range(count)]


def signatures(*texts):
    return minhash(gram_hashes(list(texts), 5), 128)


@pytest.mark.parametrize("count", [8, 40, 400])
def test_minhashes_agree_with_the_probability_of_the_jaccard_similarity(count):
    differences = []
    for seed in range(60):
        first = words(seed, count)
        second = ["".join(first), "".join(first[: count * 4 // 5] + words(seed + 1000, count // 5))]
        agree = (signatures(second[0]) == signatures(second[1])).mean()
        differences.append(agree - jaccard(*second, 5))
    assert abs(np.mean(differences)) < 0.03


def test_no_bin_of_a_text_stays_empty_and_an_empty_text_fills_none():
    found = signatures("abc", "", "".join(words(1, 200)))
    assert len(set(found[0].tolist())) == 1
    assert (found[1] == 0xFFFFFFFF).all()
    assert not (found[2] == 0xFFFFFFFF).any()


def test_signatures_do_not_change_between_versions():
    """Stored signatures of an earlier run are compared with new ones: raise VERSION when this must change."""
    signed = sign(["牛顿第二定律 F = ma"], DEDUP)
    assert signed.signatures[0, :4].tolist() == [2592430760, 381984464, 381984464, 2592430760]
    assert signed.keys[0, :2].tolist() == [1065197679069389337, 17387274228939238745]
    assert simhash_values(sign(["牛顿第二定律 F = ma"], SIMHASH).signatures).tolist() == [348538057164897944]


def test_a_text_signed_alone_or_among_others_has_one_signature():
    texts = ["", "short", *("".join(words(seed, 50)) for seed in range(20))]
    for dedup in (DEDUP, SIMHASH):
        together = sign(texts, dedup)
        for place, text in enumerate(texts):
            alone = sign([text], dedup)
            assert all((a[0] == b[place]).all() for a, b in zip(alone, together))


def test_stored_signatures_give_the_keys_again():
    for dedup in (DEDUP, SIMHASH):
        signed = sign(["".join(words(1, 50)), "short", ""], dedup)
        assert (band_keys(signed.signatures, dedup) == signed.keys).all()


def test_digests_heed_case_but_not_white_space():
    digests = digests_of(["Force is", " Force\nis ", "force is", ""]).tolist()
    assert digests[0] == digests[1] != digests[2]
    assert digests[3] == [0, 0]


def test_simhashes_of_like_texts_differ_in_few_bits():
    first = words(5, 300)
    texts = ["".join(first), "".join([*first[:-2], "uvw", "xyz"]), "".join(words(6, 300))]
    values = simhash_values(simhash(gram_hashes(texts, 5)))
    assert np.bitwise_count(values[0] ^ values[1]) <= SIMHASH_DISTANCE
    assert np.bitwise_count(values[0] ^ values[2]) > 16


def test_simhashes_within_the_distance_share_a_block():
    rng = random.Random(1)
    for _ in range(200):
        value = rng.getrandbits(64)
        other = value
        for bit in rng.sample(range(64), SIMHASH_DISTANCE):
            other ^= 1 << bit
        halves = np.array([[v >> 32, v & 0xFFFFFFFF] for v in (value, other)], np.uint32)
        keys = band_keys(halves, SIMHASH)
        assert (keys[0] == keys[1]).any()
